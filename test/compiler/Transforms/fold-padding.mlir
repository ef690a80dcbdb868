// Zeros around the input of a convolution become its padding.
// RUN: toeplitz-opt %s --fold-padding | FileCheck %s

// CHECK-LABEL: @pads
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @pads(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>) -> (tensor<1x4x9x10xf32>, tensor<1x4x7x8xf32>) {
  // CHECK-NOT: pad
  // CHECK: cnn.conv %[[X]], %{{.*}} padding [1, 2] to [2, 2]
  %0 = cnn.pad %x low [0, 0, 0, 1] high [0, 0, 1, 1] zeros : (tensor<1x4x8x8xf32>) -> tensor<1x4x9x10xf32>
  %1 = cnn.conv %0, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x4x9x10xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x9x10xf32>
  // CHECK: cnn.conv %[[X]], %{{.*}} padding [0, 2] to [1, 0]
  // CHECK-NOT: pad
  %zero = arith.constant 0.0 : f32
  %2 = tensor.pad %x low[0, 0, 0, 2] high[0, 0, 1, 0] {
  ^bb0(%n: index, %c: index, %h: index, %v: index):
    tensor.yield %zero : f32
  } : tensor<1x4x8x8xf32> to tensor<1x4x9x10xf32>
  %3 = cnn.conv %2, %w strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x4x9x10xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x7x8xf32>
  // CHECK: return
  return %1, %3 : tensor<1x4x9x10xf32>, tensor<1x4x7x8xf32>
}

// Kernel 2 with dilation 2 reaches 3: of padding 5 and stride 2, the outputs 0 and 1 read positions -5, -3 and -3, -1. With padding 2, output
// 0 reads position 0. At the end, outputs from position 8 on.
// CHECK-LABEL: @zero_outputs
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @zero_outputs(%x: tensor<1x4x8xf32>, %a: tensor<4x4x2xf32>, %b: tensor<4x4x3xf32>, %c: tensor<4x4x1xf32>)
    -> (tensor<1x4x7xf32>, tensor<1x4x8xf32>, tensor<1x4x9xf32>) {
  // CHECK: %[[Y:.*]] = cnn.conv %[[X]], %{{.*}} strides [2] dilations [2] padding [1] to [2] groups 1 zeros : {{.*}} -> tensor<1x4x5xf32>
  // CHECK: cnn.conv %[[Y]], %{{.*}} padding [2] to [2] {{.*}} -> tensor<1x4x7xf32>
  // CHECK: cnn.conv %[[Y]], %{{.*}} padding [3] to [2] {{.*}} -> tensor<1x4x8xf32>
  %0 = cnn.conv %x, %a strides [2] dilations [2] padding [5] to [4] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x2xf32>) -> tensor<1x4x8xf32>
  %1 = cnn.conv %0, %b strides [1] dilations [1] padding [0] to [1] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x7xf32>
  %2 = cnn.conv %0, %b strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x8xf32>
  // Of padding 1, stride 2 keeps a part: output 0 stays, though it is zero.
  // CHECK: cnn.conv %[[X]], %{{.*}} strides [2] dilations [1] padding [1] to [0]
  // CHECK: cnn.conv %{{.*}} padding [2] to [4]
  %3 = cnn.conv %x, %c strides [2] dilations [1] padding [1] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x1xf32>) -> tensor<1x4x5xf32>
  %4 = cnn.conv %3, %b strides [1] dilations [1] padding [2] to [4] groups 1 zeros : (tensor<1x4x5xf32>, tensor<4x4x3xf32>) -> tensor<1x4x9xf32>
  return %1, %2, %4 : tensor<1x4x7xf32>, tensor<1x4x8xf32>, tensor<1x4x9xf32>
}

// Other values, a batch or channels that are padded; a bias, another mode, a reader that is no convolution, nothing but zeros.
// CHECK-LABEL: @left_alone
func.func @left_alone(%x: tensor<1x4x8xf32>, %w: tensor<4x4x1xf32>, %five: tensor<4x5x1xf32>, %b: tensor<4xf32>)
    -> (tensor<1x4x10xf32>, tensor<1x4x8xf32>, tensor<1x4x10xf32>, tensor<1x4x12xf32>, tensor<1x4x10xf32>) {
  // CHECK: tensor.pad
  %one = arith.constant 1.0 : f32
  %0 = tensor.pad %x low[0, 0, 1] high[0, 0, 1] {
  ^bb0(%n: index, %c: index, %h: index):
    tensor.yield %one : f32
  } : tensor<1x4x8xf32> to tensor<1x4x10xf32>
  %1 = cnn.conv %0, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x10xf32>, tensor<4x4x1xf32>) -> tensor<1x4x10xf32>
  // CHECK: cnn.pad
  %2 = cnn.pad %x low [0, 1, 0] high [0, 0, 0] zeros : (tensor<1x4x8xf32>) -> tensor<1x5x8xf32>
  %3 = cnn.conv %2, %five strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x5x8xf32>, tensor<4x5x1xf32>) -> tensor<1x4x8xf32>
  // CHECK: cnn.conv {{.*}} padding [1] to [1]
  // CHECK: cnn.conv {{.*}} padding [0] to [0]
  %4 = cnn.conv %x, %w bias %b strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x1xf32>, tensor<4xf32>) -> tensor<1x4x10xf32>
  %5 = cnn.conv %4, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x10xf32>, tensor<4x4x1xf32>) -> tensor<1x4x10xf32>
  // CHECK: cnn.conv {{.*}} padding [1] to [1] groups 1 zeros
  // CHECK: cnn.conv {{.*}} padding [1] to [1] groups 1 circular
  %6 = cnn.conv %x, %w strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x1xf32>) -> tensor<1x4x10xf32>
  %7 = cnn.conv %6, %w strides [1] dilations [1] padding [1] to [1] groups 1 circular : (tensor<1x4x10xf32>, tensor<4x4x1xf32>) -> tensor<1x4x12xf32>
  // CHECK: cnn.conv {{.*}} padding [1] to [1] groups 1 zeros
  %8 = cnn.conv %x, %w strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x1xf32>) -> tensor<1x4x10xf32>
  %9 = cnn.activation relu %8 : tensor<1x4x10xf32>
  return %1, %3, %5, %7, %9 : tensor<1x4x10xf32>, tensor<1x4x8xf32>, tensor<1x4x10xf32>, tensor<1x4x12xf32>, tensor<1x4x10xf32>
}
