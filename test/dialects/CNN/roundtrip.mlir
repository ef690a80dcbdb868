// Every operation is read, written and read again, in its own form and in the generic one.
// RUN: toeplitz-opt %s | toeplitz-opt | FileCheck %s
// RUN: toeplitz-opt %s --mlir-print-op-generic | toeplitz-opt | FileCheck %s
// RUN: toeplitz-opt %s --emit-bytecode | toeplitz-opt | FileCheck %s

// The enums print after a single space.
// RUN: toeplitz-opt %s | FileCheck %s --check-prefix=SPACE --strict-whitespace
// SPACE-NOT: {{[a-z0-9.]  [a-z]}}

// CHECK-LABEL: @dense
func.func @dense(%x: tensor<2x8xf32>, %w: tensor<4x8xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  // CHECK: cnn.conv %{{.*}}, %{{.*}} bias %{{.*}} strides [] dilations [] padding [] to [] groups 1 zeros
  // CHECK-SAME: : (tensor<2x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %y = cnn.conv %x, %w bias %b strides [] dilations [] padding [] to [] groups 1 zeros
    : (tensor<2x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// CHECK-LABEL: @conv_1d
func.func @conv_1d(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3xf32>) -> tensor<1x6x8xf32> {
  // CHECK: cnn.conv %{{.*}}, %{{.*}} strides [1] dilations [2] padding [4] to [0] groups 1 circular
  // CHECK-SAME: : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x8xf32>
  %y = cnn.conv %x, %w strides [1] dilations [2] padding [4] to [0] groups 1 circular
    : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x8xf32>
  return %y : tensor<1x6x8xf32>
}

// CHECK-LABEL: @conv_2d
func.func @conv_2d(%x: tensor<2x4x9x7xf32>, %w: tensor<6x2x3x1xf32>, %b: tensor<6xf32>) -> tensor<2x6x5x7xf32> {
  // CHECK: cnn.conv %{{.*}}, %{{.*}} bias %{{.*}} strides [2, 1] dilations [1, 1] padding [1, 0] to [1, 0] groups 2 reflect
  %y = cnn.conv %x, %w bias %b strides [2, 1] dilations [1, 1] padding [1, 0] to [1, 0] groups 2 reflect
    : (tensor<2x4x9x7xf32>, tensor<6x2x3x1xf32>, tensor<6xf32>) -> tensor<2x6x5x7xf32>
  return %y : tensor<2x6x5x7xf32>
}

// CHECK-LABEL: @conv_3d
func.func @conv_3d(%x: tensor<1x4x5x5x5xf32>, %w: tensor<4x1x3x3x3xf32>) -> tensor<1x4x5x5x5xf32> {
  // CHECK: cnn.conv %{{.*}}, %{{.*}} strides [1, 1, 1] dilations [1, 1, 1] padding [1, 1, 1] to [1, 1, 1] groups 4 replicate
  %y = cnn.conv %x, %w strides [1, 1, 1] dilations [1, 1, 1] padding [1, 1, 1] to [1, 1, 1] groups 4 replicate
    : (tensor<1x4x5x5x5xf32>, tensor<4x1x3x3x3xf32>) -> tensor<1x4x5x5x5xf32>
  return %y : tensor<1x4x5x5x5xf32>
}

// CHECK-LABEL: @conv_transpose
func.func @conv_transpose(%x: tensor<1x4x5x5xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<6xf32>) -> tensor<1x6x10x9xf32> {
  // CHECK: cnn.conv_transpose %{{.*}}, %{{.*}} bias %{{.*}} strides [2, 2] dilations [1, 1] padding [1, 1] to [1, 1]
  // CHECK-SAME: output_padding [1, 0] groups 2 : (tensor<1x4x5x5xf32>, tensor<4x3x3x3xf32>, tensor<6xf32>) -> tensor<1x6x10x9xf32>
  %y = cnn.conv_transpose %x, %w bias %b strides [2, 2] dilations [1, 1] padding [1, 1] to [1, 1] output_padding [1, 0] groups 2
    : (tensor<1x4x5x5xf32>, tensor<4x3x3x3xf32>, tensor<6xf32>) -> tensor<1x6x10x9xf32>
  return %y : tensor<1x6x10x9xf32>
}

// A window of 3 every 2 over 6 positions: 2 fit, and rounding up gives the third.
// CHECK-LABEL: @pool
func.func @pool(%x: tensor<1x4x6xf32>) -> (tensor<1x4x2xf32>, tensor<1x4x3xf32>, tensor<1x4x4xf32>) {
  // CHECK: cnn.pool max %{{.*}} kernel [3] strides [2] dilations [1] padding [0] to [0] : (tensor<1x4x6xf32>) -> tensor<1x4x2xf32>
  %0 = cnn.pool max %x kernel [3] strides [2] dilations [1] padding [0] to [0] : (tensor<1x4x6xf32>) -> tensor<1x4x2xf32>
  // CHECK: cnn.pool average %{{.*}} kernel [3] {{.*}} {ceil_mode = true, count_include_pad = true}
  %1 = cnn.pool average %x kernel [3] strides [2] dilations [1] padding [0] to [0] {ceil_mode = true, count_include_pad = true}
    : (tensor<1x4x6xf32>) -> tensor<1x4x3xf32>
  // CHECK: cnn.pool lp %{{.*}} kernel [2] strides [2] dilations [1] padding [1] to [1] {p = 3 : i64}
  %2 = cnn.pool lp %x kernel [2] strides [2] dilations [1] padding [1] to [1] {p = 3 : i64} : (tensor<1x4x6xf32>) -> tensor<1x4x4xf32>
  return %0, %1, %2 : tensor<1x4x2xf32>, tensor<1x4x3xf32>, tensor<1x4x4xf32>
}

// A window of 3 every 3 over 4 positions and 2 of padding: rounding up would add a window that starts in the high padding.
// CHECK-LABEL: @pool_without_window_in_high_padding
func.func @pool_without_window_in_high_padding(%x: tensor<1x1x4xf32>) -> tensor<1x1x2xf32> {
  // CHECK: cnn.pool max {{.*}} -> tensor<1x1x2xf32>
  %y = cnn.pool max %x kernel [3] strides [3] dilations [1] padding [1] to [2] {ceil_mode = true} : (tensor<1x1x4xf32>) -> tensor<1x1x2xf32>
  return %y : tensor<1x1x2xf32>
}

// A dilation beyond the input is fine as long as every window has a tap inside.
// CHECK-LABEL: @pool_with_far_taps
func.func @pool_with_far_taps(%x: tensor<1x1x1xf32>) -> tensor<1x1x1xf32> {
  // CHECK: cnn.pool max {{.*}} -> tensor<1x1x1xf32>
  %y = cnn.pool max %x kernel [3] strides [1] dilations [2] padding [2] to [2] : (tensor<1x1x1xf32>) -> tensor<1x1x1xf32>
  return %y : tensor<1x1x1xf32>
}

// CHECK-LABEL: @global_pool
func.func @global_pool(%x: tensor<1x4x5x7xf32>) -> (tensor<1x4x1x1xf32>, tensor<1x4x1x1xf32>) {
  // CHECK: cnn.global_pool average %{{.*}} : (tensor<1x4x5x7xf32>) -> tensor<1x4x1x1xf32>
  %0 = cnn.global_pool average %x : (tensor<1x4x5x7xf32>) -> tensor<1x4x1x1xf32>
  // CHECK: cnn.global_pool lp %{{.*}} {p = 1 : i64}
  %1 = cnn.global_pool lp %x {p = 1 : i64} : (tensor<1x4x5x7xf32>) -> tensor<1x4x1x1xf32>
  return %0, %1 : tensor<1x4x1x1xf32>, tensor<1x4x1x1xf32>
}

// CHECK-LABEL: @pad
func.func @pad(%x: tensor<1x4x5x7xf32>) -> (tensor<1x5x6x9xf32>, tensor<1x4x10x7xf32>) {
  // CHECK: cnn.pad %{{.*}} low [0, 0, 0, 1] high [0, 1, 1, 1] zeros {value = -1.000000e+00 : f32}
  %0 = cnn.pad %x low [0, 0, 0, 1] high [0, 1, 1, 1] zeros {value = -1.0 : f32} : (tensor<1x4x5x7xf32>) -> tensor<1x5x6x9xf32>
  // CHECK: cnn.pad %{{.*}} low [0, 0, 0, 0] high [0, 0, 5, 0] circular : (tensor<1x4x5x7xf32>) -> tensor<1x4x10x7xf32>
  %1 = cnn.pad %x low [0, 0, 0, 0] high [0, 0, 5, 0] circular : (tensor<1x4x5x7xf32>) -> tensor<1x4x10x7xf32>
  return %0, %1 : tensor<1x5x6x9xf32>, tensor<1x4x10x7xf32>
}

// CHECK-LABEL: @normalisations
func.func @normalisations(%x: tensor<1x4x3xf32>, %c: tensor<4xf32>, %l: tensor<4x3xf32>) -> tensor<1x4x3xf32> {
  // CHECK: cnn.batch_norm %{{.*}} scale %{{.*}} bias %{{.*}} mean %{{.*}} variance %{{.*}} epsilon 9.99999974E-6
  %0 = cnn.batch_norm %x scale %c bias %c mean %c variance %c epsilon 1.0e-05
    : (tensor<1x4x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  // CHECK: cnn.group_norm %{{.*}} scale %{{.*}} bias %{{.*}} groups 2 epsilon
  %1 = cnn.group_norm %0 scale %c bias %c groups 2 epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  // CHECK: cnn.layer_norm %{{.*}} scale %{{.*}} bias %{{.*}} axis 1 to 2 epsilon
  %channels = cnn.layer_norm %1 scale %c bias %c axis 1 to 2 epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  // CHECK: cnn.layer_norm %{{.*}} scale %{{.*}} bias %{{.*}} axis 1 epsilon
  %2 = cnn.layer_norm %1 scale %l bias %l axis 1 epsilon 1.0e-05 : (tensor<1x4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<1x4x3xf32>
  // CHECK: cnn.lrn %{{.*}} size 5 alpha 9.99999974E-5 beta 7.500000e-01 k 1.000000e+00 : (tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
  %3 = cnn.lrn %2 size 5 alpha 1.0e-04 beta 0.75 k 1.0 : (tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
  return %3 : tensor<1x4x3xf32>
}

// CHECK-LABEL: @activations
func.func @activations(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // CHECK: cnn.activation relu %{{.*}} : tensor<1x4xf32>
  %0 = cnn.activation relu %x : tensor<1x4xf32>
  // CHECK: cnn.activation leaky_relu %{{.*}} {alpha = 0.00999999977 : f32} : tensor<1x4xf32>
  %1 = cnn.activation leaky_relu %0 {alpha = 0.01 : f32} : tensor<1x4xf32>
  // CHECK: cnn.activation clip %{{.*}} {beta = 6.000000e+00 : f32}
  %2 = cnn.activation clip %1 {beta = 6.0 : f32} : tensor<1x4xf32>
  // CHECK: cnn.activation sigmoid
  %3 = cnn.activation sigmoid %2 : tensor<1x4xf32>
  // CHECK: cnn.activation tanh
  %4 = cnn.activation tanh %3 : tensor<1x4xf32>
  // CHECK: cnn.activation elu %{{.*}} {alpha = 1.000000e+00 : f32}
  %5 = cnn.activation elu %4 {alpha = 1.0 : f32} : tensor<1x4xf32>
  // CHECK: cnn.activation selu %{{.*}} {alpha = 1.67326319 : f32, beta = 1.05070102 : f32}
  %6 = cnn.activation selu %5 {alpha = 1.67326324 : f32, beta = 1.05070098 : f32} : tensor<1x4xf32>
  // CHECK: cnn.activation celu %{{.*}} {alpha = 1.000000e+00 : f32}
  %7 = cnn.activation celu %6 {alpha = 1.0 : f32} : tensor<1x4xf32>
  // CHECK: cnn.activation gelu %
  %8 = cnn.activation gelu %7 : tensor<1x4xf32>
  // CHECK: cnn.activation gelu_tanh
  %9 = cnn.activation gelu_tanh %8 : tensor<1x4xf32>
  // CHECK: cnn.activation silu
  %10 = cnn.activation silu %9 : tensor<1x4xf32>
  // CHECK: cnn.activation mish
  %11 = cnn.activation mish %10 : tensor<1x4xf32>
  // CHECK: cnn.activation softplus
  %12 = cnn.activation softplus %11 : tensor<1x4xf32>
  // CHECK: cnn.activation softsign
  %13 = cnn.activation softsign %12 : tensor<1x4xf32>
  // CHECK: cnn.activation hard_sigmoid %{{.*}} {alpha = 2.000000e-01 : f32, beta = 5.000000e-01 : f32}
  %14 = cnn.activation hard_sigmoid %13 {alpha = 0.2 : f32, beta = 0.5 : f32} : tensor<1x4xf32>
  // CHECK: cnn.activation hard_swish
  %15 = cnn.activation hard_swish %14 : tensor<1x4xf32>
  return %15 : tensor<1x4xf32>
}

// CHECK-LABEL: @prelu
func.func @prelu(%x: tensor<1x4x3xf32>, %s: tensor<4xf32>) -> tensor<1x4x3xf32> {
  // CHECK: cnn.prelu %{{.*}} slope %{{.*}} : (tensor<1x4x3xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  %y = cnn.prelu %x slope %s : (tensor<1x4x3xf32>, tensor<4xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// CHECK-LABEL: @softmax
func.func @softmax(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // CHECK: cnn.softmax %{{.*}} axis 1 : tensor<1x4xf32>
  %0 = cnn.softmax %x axis 1 : tensor<1x4xf32>
  // CHECK: cnn.softmax %{{.*}} axis 0 {log} : tensor<1x4xf32>
  %1 = cnn.softmax %0 axis 0 {log} : tensor<1x4xf32>
  return %1 : tensor<1x4xf32>
}

// CHECK-LABEL: @resize
func.func @resize(%x: tensor<1x4x3x3xf32>) -> (tensor<1x4x6x6xf32>, tensor<1x4x5x2xf32>) {
  // CHECK: cnn.resize %{{.*}} to [6, 6] nearest : (tensor<1x4x3x3xf32>) -> tensor<1x4x6x6xf32>
  %0 = cnn.resize %x to [6, 6] nearest : (tensor<1x4x3x3xf32>) -> tensor<1x4x6x6xf32>
  // CHECK: cnn.resize %{{.*}} to [5, 2] linear {align_corners}
  %1 = cnn.resize %x to [5, 2] linear {align_corners} : (tensor<1x4x3x3xf32>) -> tensor<1x4x5x2xf32>
  return %0, %1 : tensor<1x4x6x6xf32>, tensor<1x4x5x2xf32>
}

// CHECK-LABEL: @broadcast
func.func @broadcast(%x: tensor<1x4x1x1xf32>) -> tensor<2x4x3x5xf32> {
  // CHECK: cnn.broadcast %{{.*}} to [2, 4, 3, 5] : (tensor<1x4x1x1xf32>) -> tensor<2x4x3x5xf32>
  %y = cnn.broadcast %x to [2, 4, 3, 5] : (tensor<1x4x1x1xf32>) -> tensor<2x4x3x5xf32>
  return %y : tensor<2x4x3x5xf32>
}
