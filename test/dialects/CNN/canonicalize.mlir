// RUN: toeplitz-opt %s --canonicalize | FileCheck %s

// --- Convolutions take in the padding before them ---

// CHECK-LABEL: @pad_into_conv
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<1x4x8x8xf32>, %[[W:[a-z0-9]+]]: tensor
func.func @pad_into_conv(%x: tensor<1x4x8x8xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<1x4x12x9xf32> {
  // CHECK-NEXT: %[[Y:[a-z0-9]+]] = cnn.conv %[[X]], %[[W]] strides [1, 1] dilations [1, 1] padding [3, 0] to [3, 3] groups 1 zeros
  // CHECK-NEXT: return %[[Y]]
  %0 = cnn.pad %x low [0, 0, 2, 0] high [0, 0, 3, 1] zeros : (tensor<1x4x8x8xf32>) -> tensor<1x4x13x9xf32>
  %y = cnn.conv %0, %w strides [1, 1] dilations [1, 1] padding [1, 0] to [0, 2] groups 1 zeros
    : (tensor<1x4x13x9xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x12x9xf32>
  return %y : tensor<1x4x12x9xf32>
}

// CHECK-LABEL: @pads_that_are_not_the_convs
func.func @pads_that_are_not_the_convs(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>, %v: tensor<4x6x3xf32>)
    -> (tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x6xf32>, tensor<1x4x10xf32>) {
  // A value other than zero.
  // CHECK: cnn.pad {{.*}} {value = 1.000000e+00 : f32}
  // CHECK-NEXT: cnn.conv {{.*}} padding [0] to [0] groups 1 zeros
  %0 = cnn.pad %x low [0, 0, 1] high [0, 0, 1] zeros {value = 1.0 : f32} : (tensor<1x4x8xf32>) -> tensor<1x4x10xf32>
  %1 = cnn.conv %0, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x10xf32>, tensor<4x4x3xf32>) -> tensor<1x4x8xf32>
  // Another mode.
  // CHECK: cnn.pad {{.*}} reflect
  // CHECK-NEXT: cnn.conv {{.*}} padding [0] to [0] groups 1 zeros
  %2 = cnn.pad %x low [0, 0, 1] high [0, 0, 1] reflect : (tensor<1x4x8xf32>) -> tensor<1x4x10xf32>
  %3 = cnn.conv %2, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x10xf32>, tensor<4x4x3xf32>) -> tensor<1x4x8xf32>
  // Channels.
  // CHECK: cnn.pad {{.*}} low [0, 1, 0] high [0, 1, 0] zeros
  // CHECK-NEXT: cnn.conv {{.*}} padding [0] to [0] groups 1 zeros
  %4 = cnn.pad %x low [0, 1, 0] high [0, 1, 0] zeros : (tensor<1x4x8xf32>) -> tensor<1x6x8xf32>
  %5 = cnn.conv %4, %v strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x6x8xf32>, tensor<4x6x3xf32>) -> tensor<1x4x6xf32>
  // A convolution that pads with other values.
  // CHECK: cnn.pad {{.*}} low [0, 0, 1] high [0, 0, 1] zeros
  // CHECK-NEXT: cnn.conv {{.*}} padding [1] to [1] groups 1 replicate
  %6 = cnn.pad %x low [0, 0, 1] high [0, 0, 1] zeros : (tensor<1x4x8xf32>) -> tensor<1x4x10xf32>
  %7 = cnn.conv %6, %w strides [1] dilations [1] padding [1] to [1] groups 1 replicate : (tensor<1x4x10xf32>, tensor<4x4x3xf32>) -> tensor<1x4x10xf32>
  return %1, %3, %5, %7 : tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x6xf32>, tensor<1x4x10xf32>
}

// CHECK-LABEL: @padding_mode_without_padding
func.func @padding_mode_without_padding(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x8xf32> {
  // CHECK-NEXT: cnn.conv {{.*}} padding [1] to [1] groups 1 zeros
  // CHECK-NEXT: return
  %0 = cnn.pad %x low [0, 0, 1] high [0, 0, 1] zeros : (tensor<1x4x8xf32>) -> tensor<1x4x10xf32>
  %y = cnn.conv %0, %w strides [1] dilations [1] padding [0] to [0] groups 1 circular : (tensor<1x4x10xf32>, tensor<4x4x3xf32>) -> tensor<1x4x8xf32>
  return %y : tensor<1x4x8xf32>
}

// --- Padding ---

// CHECK-LABEL: @no_pad
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @no_pad(%x: tensor<1x4x8xf32>) -> tensor<1x4x8xf32> {
  // CHECK-NEXT: return %[[X]]
  %y = cnn.pad %x low [0, 0, 0] high [0, 0, 0] reflect : (tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %y : tensor<1x4x8xf32>
}

// CHECK-LABEL: @pad_of_pad
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @pad_of_pad(%x: tensor<1x4x8xf32>) -> (tensor<1x5x11xf32>, tensor<1x4x11xf32>) {
  // CHECK-NEXT: cnn.pad %[[X]] low [0, 1, 1] high [0, 0, 2] zeros {value = 2.000000e+00 : f32}
  %0 = cnn.pad %x low [0, 0, 1] high [0, 0, 1] zeros {value = 2.0 : f32} : (tensor<1x4x8xf32>) -> tensor<1x4x10xf32>
  %1 = cnn.pad %0 low [0, 1, 0] high [0, 0, 1] zeros {value = 2.0 : f32} : (tensor<1x4x10xf32>) -> tensor<1x5x11xf32>
  // CHECK-NEXT: cnn.pad %[[X]] low [0, 0, 1] high [0, 0, 2] replicate
  %2 = cnn.pad %x low [0, 0, 1] high [0, 0, 1] replicate : (tensor<1x4x8xf32>) -> tensor<1x4x10xf32>
  %3 = cnn.pad %2 low [0, 0, 0] high [0, 0, 1] replicate : (tensor<1x4x10xf32>) -> tensor<1x4x11xf32>
  return %1, %3 : tensor<1x5x11xf32>, tensor<1x4x11xf32>
}

// The mirror image of a mirror image, and borders of two values, don't merge.
// CHECK-LABEL: @pads_of_other_values
func.func @pads_of_other_values(%x: tensor<1x4x8xf32>) -> (tensor<1x4x11xf32>, tensor<1x4x11xf32>) {
  // CHECK-COUNT-4: cnn.pad
  %0 = cnn.pad %x low [0, 0, 1] high [0, 0, 1] zeros : (tensor<1x4x8xf32>) -> tensor<1x4x10xf32>
  %1 = cnn.pad %0 low [0, 0, 0] high [0, 0, 1] zeros {value = 2.0 : f32} : (tensor<1x4x10xf32>) -> tensor<1x4x11xf32>
  %2 = cnn.pad %x low [0, 0, 1] high [0, 0, 1] reflect : (tensor<1x4x8xf32>) -> tensor<1x4x10xf32>
  %3 = cnn.pad %2 low [0, 0, 0] high [0, 0, 1] reflect : (tensor<1x4x10xf32>) -> tensor<1x4x11xf32>
  return %1, %3 : tensor<1x4x11xf32>, tensor<1x4x11xf32>
}

// --- Pooling ---

// CHECK-LABEL: @global_pool
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @global_pool(%x: tensor<1x4x5x7xf32>) -> tensor<1x4x1x1xf32> {
  // CHECK-NEXT: cnn.pool lp %[[X]] kernel [5, 7] strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] {p = 3 : i64}
  // CHECK-SAME: : (tensor<1x4x5x7xf32>) -> tensor<1x4x1x1xf32>
  %y = cnn.global_pool lp %x {p = 3 : i64} : (tensor<1x4x5x7xf32>) -> tensor<1x4x1x1xf32>
  return %y : tensor<1x4x1x1xf32>
}

// CHECK-LABEL: @pool_of_one_position
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @pool_of_one_position(%x: tensor<1x4x8xf32>) -> (tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x4xf32>) {
  %0 = cnn.pool max %x kernel [1] strides [1] dilations [2] padding [0] to [0] : (tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  %1 = cnn.pool average %0 kernel [1] strides [1] dilations [1] padding [0] to [0] : (tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  // Lp pooling of one position is the absolute value; a stride leaves positions out.
  // CHECK-NEXT: %[[LP:[a-z0-9]+]] = cnn.pool lp %[[X]]
  %2 = cnn.pool lp %1 kernel [1] strides [1] dilations [1] padding [0] to [0] : (tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  // CHECK-NEXT: %[[STRIDED:[a-z0-9]+]] = cnn.pool max %[[X]]
  %3 = cnn.pool max %1 kernel [1] strides [2] dilations [1] padding [0] to [0] : (tensor<1x4x8xf32>) -> tensor<1x4x4xf32>
  // CHECK-NEXT: return %[[X]], %[[LP]], %[[STRIDED]]
  return %1, %2, %3 : tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x4xf32>
}

// --- Activations ---

// CHECK-LABEL: @idempotent
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @idempotent(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %[[RELU:[a-z0-9]+]] = cnn.activation relu %[[X]]
  %0 = cnn.activation relu %x : tensor<4xf32>
  %1 = cnn.activation relu %0 : tensor<4xf32>
  // CHECK-NEXT: %[[CLIP:[a-z0-9]+]] = cnn.activation clip %[[X]] {beta = 6.000000e+00 : f32}
  %2 = cnn.activation clip %x {beta = 6.0 : f32} : tensor<4xf32>
  %3 = cnn.activation relu %2 : tensor<4xf32>
  // CHECK-NEXT: %[[SIGMOID:[a-z0-9]+]] = cnn.activation sigmoid %[[X]]
  %4 = cnn.activation sigmoid %x : tensor<4xf32>
  %5 = cnn.activation relu %4 : tensor<4xf32>
  // CHECK-NEXT: return %[[RELU]], %[[CLIP]], %[[SIGMOID]]
  return %1, %3, %5 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @merged_clips
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @merged_clips(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %[[A:[a-z0-9]+]] = cnn.activation clip %[[X]] {alpha = 1.000000e+00 : f32, beta = 3.000000e+00 : f32}
  %0 = cnn.activation clip %x {alpha = -1.0 : f32, beta = 3.0 : f32} : tensor<4xf32>
  %1 = cnn.activation clip %0 {alpha = 1.0 : f32, beta = 5.0 : f32} : tensor<4xf32>
  // CHECK-NEXT: %[[B:[a-z0-9]+]] = cnn.activation clip %[[X]] {beta = 6.000000e+00 : f32}
  %2 = cnn.activation relu %x : tensor<4xf32>
  %3 = cnn.activation clip %2 {alpha = -6.0 : f32, beta = 6.0 : f32} : tensor<4xf32>
  // Intervals that don't meet leave one value.
  // CHECK-NEXT: %[[C:[a-z0-9]+]] = cnn.activation clip %[[X]] {alpha = 2.000000e+00 : f32, beta = 2.000000e+00 : f32}
  %4 = cnn.activation clip %x {alpha = 0.0 : f32, beta = 1.0 : f32} : tensor<4xf32>
  %5 = cnn.activation clip %4 {alpha = 2.0 : f32, beta = 3.0 : f32} : tensor<4xf32>
  // CHECK-NEXT: return %[[A]], %[[B]], %[[C]]
  return %1, %3, %5 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @endless_clips
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @endless_clips(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %[[RELU:[a-z0-9]+]] = cnn.activation relu %[[X]] : tensor<4xf32>
  %0 = cnn.activation clip %x {alpha = 0.0 : f32, beta = 0x7F800000 : f32} : tensor<4xf32>
  %1 = cnn.activation clip %x {alpha = 0xFF800000 : f32, beta = 0x7F800000 : f32} : tensor<4xf32>
  // CHECK-NEXT: return %[[RELU]], %[[X]]
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// Others are not idempotent.
// CHECK-LABEL: @kept_activations
func.func @kept_activations(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-COUNT-2: cnn.activation tanh
  // CHECK: cnn.activation relu
  %0 = cnn.activation tanh %x : tensor<4xf32>
  %1 = cnn.activation tanh %0 : tensor<4xf32>
  %2 = cnn.activation relu %1 : tensor<4xf32>
  return %2 : tensor<4xf32>
}

// --- Resizing and broadcasting ---

// CHECK-LABEL: @identities
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @identities(%x: tensor<1x4x8xf32>) -> (tensor<1x4x8xf32>, tensor<1x4x8xf32>) {
  // CHECK-NEXT: return %[[X]], %[[X]]
  %0 = cnn.resize %x to [8] linear {align_corners} : (tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  %1 = cnn.broadcast %x to [1, 4, 8] : (tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0, %1 : tensor<1x4x8xf32>, tensor<1x4x8xf32>
}

// CHECK-LABEL: @broadcast_of_broadcast
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @broadcast_of_broadcast(%x: tensor<1x4x1xf32>) -> tensor<2x4x8xf32> {
  // CHECK-NEXT: cnn.broadcast %[[X]] to [2, 4, 8] : (tensor<1x4x1xf32>) -> tensor<2x4x8xf32>
  // CHECK-NEXT: return
  %0 = cnn.broadcast %x to [1, 4, 8] : (tensor<1x4x1xf32>) -> tensor<1x4x8xf32>
  %1 = cnn.broadcast %0 to [2, 4, 8] : (tensor<1x4x8xf32>) -> tensor<2x4x8xf32>
  return %1 : tensor<2x4x8xf32>
}

// --- Layers that nobody reads ---

// CHECK-LABEL: @dead_layers
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @dead_layers(%x: tensor<1x4x8xf32>, %w: tensor<4x4x3xf32>) -> tensor<1x4x8xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x6xf32>
  %1 = cnn.activation relu %0 : tensor<1x4x6xf32>
  %2 = cnn.pool max %1 kernel [2] strides [2] dilations [1] padding [0] to [0] : (tensor<1x4x6xf32>) -> tensor<1x4x3xf32>
  return %x : tensor<1x4x8xf32>
}
