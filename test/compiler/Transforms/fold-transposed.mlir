// The outputs of one remainder modulo the stride are a dense convolution with the taps that reach them, in reverse order.
// RUN: toeplitz-opt %s --fold-transposed --canonicalize --split-input-file | FileCheck %s
// RUN: toeplitz-opt %s --fold-transposed=marked-only --canonicalize --split-input-file | FileCheck %s --check-prefix=UNMARKED
// UNMARKED-LABEL: @conv(
// UNMARKED-NOT: insert_slice
// UNMARKED-LABEL: @groups(

// Taps 1 2 3 4, stride 2, padding 1: even outputs have taps 3 and 1 reversed (4, 2), odd ones taps 2 and 0 (3, 1).
// CHECK-LABEL: @conv
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @conv(%x: tensor<1x1x8xf32>) -> tensor<1x1x16xf32> {
  // CHECK-DAG: %[[W0:[a-z0-9_]+]] = arith.constant dense_resource<up.weight.phase> : tensor<1x1x2xf32>
  // CHECK-DAG: %[[W1:[a-z0-9_]+]] = arith.constant dense_resource<up.weight.phase_1> : tensor<1x1x2xf32>
  // CHECK: %[[Y0:.*]] = cnn.conv %[[X]], %[[W0]] strides [1] dilations [1] padding [1] to [0] groups 1 zeros
  // CHECK-NEXT: %[[E:.*]] = tensor.empty() : tensor<1x1x16xf32>
  // CHECK-NEXT: %[[Z0:.*]] = tensor.insert_slice %[[Y0]] into %[[E]][0, 0, 0] [1, 1, 8] [1, 1, 2]
  // CHECK-NEXT: %[[Y1:.*]] = cnn.conv %[[X]], %[[W1]] strides [1] dilations [1] padding [0] to [1] groups 1 zeros
  // CHECK-NEXT: %[[Z1:.*]] = tensor.insert_slice %[[Y1]] into %[[Z0]][0, 0, 1] [1, 1, 8] [1, 1, 2]
  // CHECK-NEXT: return %[[Z1]]
  %w = arith.constant dense<[[[1.0, 2.0, 3.0, 4.0]]]> : tensor<1x1x4xf32>
  %y = cnn.conv_transpose %x, %w strides [2] dilations [1] padding [1] to [1] output_padding [0] groups 1
    : (tensor<1x1x8xf32>, tensor<1x1x4xf32>) -> tensor<1x1x16xf32> loc("up")
  return %y : tensor<1x1x16xf32>
}
// CHECK-DAG: up.weight.phase: "0x400000000000804000000040"
// CHECK-DAG: up.weight.phase_1: "0x40000000000040400000803F"

// -----

// Two groups of two input channels and one output channel: the filter of a convolution is 2 x 2, of outputs 0 and 1. A 4x4 kernel with stride
// 2 is four 2x2 ones, each with the activation behind the layer.
// CHECK-LABEL: @groups
func.func @groups(%x: tensor<2x4x3xf32>, %i: tensor<1x4x8x8xf32>) -> (tensor<2x2x3xf32>, tensor<1x4x16x16xf32>) {
  // CHECK: cnn.conv %{{.*}}, %{{.*}} strides [1] dilations [1] padding [0] to [0] groups 2 zeros : (tensor<2x4x3xf32>, tensor<2x2x1xf32>) -> tensor<2x2x3xf32>
  %w = arith.constant dense<[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]> : tensor<4x1x1xf32>
  %0 = cnn.conv_transpose %x, %w strides [1] dilations [1] padding [0] to [0] output_padding [0] groups 2
    : (tensor<2x4x3xf32>, tensor<4x1x1xf32>) -> tensor<2x2x3xf32> loc("grouped")
  // CHECK-COUNT-4: cnn.activation relu {{.*}} tensor<1x4x8x8xf32>
  %v = arith.constant dense<1.0> : tensor<4x4x4x4xf32>
  %1 = cnn.conv_transpose %i, %v strides [2, 2] dilations [1, 1] padding [1, 1] to [1, 1] output_padding [0, 0] groups 1
    : (tensor<1x4x8x8xf32>, tensor<4x4x4x4xf32>) -> tensor<1x4x16x16xf32>
  %2 = cnn.activation relu %1 : tensor<1x4x16x16xf32>
  return %0, %2 : tensor<2x2x3xf32>, tensor<1x4x16x16xf32>
}
// CHECK-DAG: grouped.weight.phase: "0x400000000000803F000000400000404000008040"

// -----

// Stride 3 beyond the kernel of 2: the outputs of the third phase have no tap. Without bias they are zeros.
// CHECK-LABEL: @no_tap
func.func @no_tap(%x: tensor<1x1x4xf32>, %b: tensor<1xf32>) -> (tensor<1x1x12xf32>, tensor<1x1x12xf32>) {
  %w = arith.constant dense<1.0> : tensor<1x1x2xf32>
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.0{{.*}}> : tensor<1x1x4xf32>
  // CHECK-COUNT-2: cnn.conv
  // CHECK: %[[BIAS:.*]] = cnn.broadcast %{{.*}} to [1, 1, 4]
  // CHECK: tensor.insert_slice %[[BIAS]] into %{{.*}}[0, 0, 2] [1, 1, 4] [1, 1, 3]
  // CHECK-COUNT-2: cnn.conv
  // CHECK: tensor.insert_slice %[[ZERO]] into %{{.*}}[0, 0, 2] [1, 1, 4] [1, 1, 3]
  %0 = cnn.conv_transpose %x, %w bias %b strides [3] dilations [1] padding [0] to [0] output_padding [1] groups 1
    : (tensor<1x1x4xf32>, tensor<1x1x2xf32>, tensor<1xf32>) -> tensor<1x1x12xf32>
  %1 = cnn.conv_transpose %x, %w strides [3] dilations [1] padding [0] to [0] output_padding [1] groups 1
    : (tensor<1x1x4xf32>, tensor<1x1x2xf32>) -> tensor<1x1x12xf32>
  return %0, %1 : tensor<1x1x12xf32>, tensor<1x1x12xf32>
}

// -----

// Padding beyond the kernel's reach cuts the input: outputs begin inside of it.
// CHECK-LABEL: @negative_padding
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @negative_padding(%x: tensor<1x1x8xf32>) -> tensor<1x1x4xf32> {
  // CHECK: %[[CUT:.*]] = tensor.extract_slice %[[X]][0, 0, 2] [1, 1, 4] [1, 1, 1]
  // CHECK: cnn.conv %[[CUT]], %{{.*}} padding [0] to [0]
  %w = arith.constant dense<1.0> : tensor<1x1x1xf32>
  %y = cnn.conv_transpose %x, %w strides [1] dilations [1] padding [2] to [2] output_padding [0] groups 1
    : (tensor<1x1x8xf32>, tensor<1x1x1xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// -----

// The dilation that is left, and its mark.
// CHECK-LABEL: @marked
func.func @marked(%x: tensor<1x1x8xf32>) -> tensor<1x1x18xf32> {
  // CHECK: cnn.conv {{.*}} dilations [3] {{.*}} {toeplitz.fold = "dilation"}
  // CHECK: cnn.conv {{.*}} dilations [1] {{.*}} {toeplitz.fold = "dilation"}
  %w = arith.constant dense<1.0> : tensor<1x1x3xf32>
  %y = cnn.conv_transpose %x, %w strides [2] dilations [3] padding [2] to [1] output_padding [0] groups 1 {toeplitz.fold = "transposed+dilation"}
    : (tensor<1x1x8xf32>, tensor<1x1x3xf32>) -> tensor<1x1x18xf32>
  return %y : tensor<1x1x18xf32>
}

// -----

// No transposed convolution, and a filter that the network computes.
// CHECK-LABEL: @left_alone
func.func @left_alone(%x: tensor<1x1x8xf32>, %f: tensor<1x1x2xf32>) -> (tensor<1x1x7xf32>, tensor<1x1x16xf32>) {
  // CHECK-NOT: insert_slice
  // CHECK: cnn.conv_transpose
  %w = arith.constant dense<1.0> : tensor<1x1x2xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x8xf32>, tensor<1x1x2xf32>) -> tensor<1x1x7xf32>
  %1 = cnn.conv_transpose %x, %f strides [2] dilations [1] padding [0] to [0] output_padding [0] groups 1
    : (tensor<1x1x8xf32>, tensor<1x1x2xf32>) -> tensor<1x1x16xf32>
  return %0, %1 : tensor<1x1x7xf32>, tensor<1x1x16xf32>
}
