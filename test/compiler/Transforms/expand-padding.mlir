// RUN: toeplitz-opt %s --expand-padding | FileCheck %s
// What the pass makes explicit stays so.
// RUN: toeplitz-opt %s --expand-padding --canonicalize | FileCheck %s

// CHECK-LABEL: @circular
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<1x4x8xf32>, %[[W:[a-z0-9]+]]: tensor
func.func @circular(%x: tensor<1x4x8xf32>, %w: tensor<4x4x4xf32>) -> tensor<1x4x8xf32> {
  // CHECK-NEXT: %[[PADDED:[a-z0-9]+]] = cnn.pad %[[X]] low [0, 0, 1] high [0, 0, 2] circular : (tensor<1x4x8xf32>) -> tensor<1x4x11xf32>
  // CHECK-NEXT: %[[Y:[a-z0-9]+]] = cnn.conv %[[PADDED]], %[[W]] strides [1] dilations [1] padding [0] to [0] groups 1 zeros
  // CHECK-SAME: : (tensor<1x4x11xf32>, tensor<4x4x4xf32>) -> tensor<1x4x8xf32>
  // CHECK-NEXT: return %[[Y]]
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [1] to [2] groups 1 circular
    : (tensor<1x4x8xf32>, tensor<4x4x4xf32>) -> tensor<1x4x8xf32>
  return %y : tensor<1x4x8xf32>
}

// CHECK-LABEL: @reflect_and_replicate
func.func @reflect_and_replicate(%x: tensor<2x4x8x8xf32>, %w: tensor<4x1x3x3xf32>, %b: tensor<4xf32>)
    -> (tensor<2x4x4x4xf32>, tensor<2x4x6x8xf32>) {
  // CHECK: cnn.pad %{{.*}} low [0, 0, 1, 1] high [0, 0, 0, 0] reflect : (tensor<2x4x8x8xf32>) -> tensor<2x4x9x9xf32>
  // CHECK-NEXT: cnn.conv %{{.*}}, %{{.*}} bias %{{.*}} strides [2, 2] dilations [1, 1] padding [0, 0] to [0, 0] groups 4 zeros
  %0 = cnn.conv %x, %w bias %b strides [2, 2] dilations [1, 1] padding [1, 1] to [0, 0] groups 4 reflect
    : (tensor<2x4x8x8xf32>, tensor<4x1x3x3xf32>, tensor<4xf32>) -> tensor<2x4x4x4xf32>
  // CHECK: cnn.pad %{{.*}} low [0, 0, 0, 1] high [0, 0, 0, 1] replicate : (tensor<2x4x8x8xf32>) -> tensor<2x4x8x10xf32>
  // CHECK-NEXT: cnn.conv %{{.*}} padding [0, 0] to [0, 0] groups 4 zeros
  %1 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [0, 1] to [0, 1] groups 4 replicate
    : (tensor<2x4x8x8xf32>, tensor<4x1x3x3xf32>) -> tensor<2x4x6x8xf32>
  return %0, %1 : tensor<2x4x4x4xf32>, tensor<2x4x6x8xf32>
}

// CHECK-LABEL: @nothing_to_expand
func.func @nothing_to_expand(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> (tensor<1x4x8xf32>, tensor<1x4x6xf32>) {
  // CHECK-NOT: cnn.pad
  // CHECK: cnn.conv %{{.*}} padding [1] to [1] groups 1 zeros
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x8xf32>
  // A mode without padding has no values to choose.
  // CHECK-NEXT: cnn.conv %{{.*}} padding [0] to [0] groups 1 zeros
  %1 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 circular : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  return %0, %1 : tensor<1x4x8xf32>, tensor<1x4x6xf32>
}
