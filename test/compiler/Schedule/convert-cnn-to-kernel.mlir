// Convolutions and what they take into their epilogues. The other operations have tests of their own, and so have the packed
// filters and transposed convolutions.
// DEFINE: %{convert} = --convert-cnn-to-kernel --mlir-elide-resource-strings-if-larger=16
// RUN: split-file %s %t
// RUN: toeplitz-opt %t/epilogues.mlir %{convert} | FileCheck %t/epilogues.mlir
// RUN: toeplitz-opt %t/windows.mlir %{convert} | FileCheck %t/windows.mlir
// RUN: toeplitz-opt %t/layouts.mlir --set-target="lanes=4 registers=32" %{convert} | FileCheck %t/layouts.mlir
// RUN: toeplitz-opt %t/interface.mlir %{convert} | FileCheck %t/interface.mlir
// RUN: toeplitz-opt %t/no-names.mlir %{convert} | FileCheck %t/no-names.mlir

//--- epilogues.mlir
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<1x16x8x8xf32>, %[[R:.*]]: tensor<1x16x8x8xf32>)
func.func @main(%x: tensor<1x16x8x8xf32>, %r: tensor<1x16x8x8xf32>) -> (
    tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>,
    tensor<1x16x8x8xf32>) {
  %w = arith.constant dense<0.5> : tensor<16x16x3x3xf32>
  %b = arith.constant dense<0.25> : tensor<16xf32>
  // Bias and activation. The loops know no other memory than the two blocks of 8 channels.
  // CHECK: %[[BLOCKED:.*]] = kernel.reorder ins(%[[X]])
  // CHECK: %[[E0:.*]] = tensor.empty() : tensor<1x2x8x8x8xf32>
  // CHECK: %[[K0:.*]] = kernel.conv "direct" ins(%[[BLOCKED]], %{{.*}} bias %{{.*}}) outs(%[[E0]]) activation <relu>
  // CHECK-SAME: groups = 1 : i64, in_channels = 16 : i64, kernel = array<i64: 3, 3>, out_channels = 16 : i64
  // CHECK-SAME: : (tensor<1x2x8x8x8xf32>, tensor<2304xf32>, tensor<2x8xf32>, tensor<1x2x8x8x8xf32>) -> tensor<1x2x8x8x8xf32>
  // CHECK: %[[Y0:.*]] = kernel.reorder ins(%[[K0]])
  %0 = cnn.conv %x, %w bias %b strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros {toeplitz.algorithm = "direct"}
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>, tensor<16xf32>) -> tensor<1x16x8x8xf32>
  %y0 = cnn.activation relu %0 : tensor<1x16x8x8xf32>

  // Residual, with the convolution on the right side of the sum, then an activation with parameters. No bias.
  // CHECK: %[[RESIDUAL:.*]] = kernel.reorder ins(%[[R]])
  // CHECK: %[[K1:.*]] = kernel.conv "im2col" ins(%{{.*}}, %{{.*}} residual %[[RESIDUAL]]) outs(%{{.*}}) activation <clip alpha = -1.000000e+00 : f32 beta = 6.000000e+00 : f32>
  // CHECK: %[[Y1:.*]] = kernel.reorder ins(%[[K1]])
  %1 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros {toeplitz.algorithm = "im2col"}
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32>
  %s1 = arith.addf %r, %1 : tensor<1x16x8x8xf32>
  %y1 = cnn.activation clip %s1 {alpha = -1.0 : f32, beta = 6.0 : f32} : tensor<1x16x8x8xf32>

  // Activation first, sum after it: the sum isn't in the epilogue.
  // CHECK: %[[K2:.*]] = kernel.conv "direct" ins(%{{[a-z0-9_]*}}, %{{[a-z0-9_]*}}) outs(%{{.*}}) activation <tanh> {
  // CHECK: linalg.generic {{.*}} ins(%[[K2]], %{{.*}} : tensor<1x2x8x8x8xf32>, tensor<1x2x8x8x8xf32>)
  // CHECK: arith.addf
  // CHECK: %[[Y2:.*]] = kernel.reorder
  %2 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32>
  %a2 = cnn.activation tanh %2 : tensor<1x16x8x8xf32>
  %y2 = arith.addf %a2, %r : tensor<1x16x8x8xf32>

  // Two readers: each needs the convolution itself.
  // CHECK: %[[K3:.*]] = kernel.conv "direct" ins(%{{[a-z0-9_]*}}, %{{[a-z0-9_]*}}) outs(%{{[a-z0-9_]*}}) {
  // CHECK: %[[Y4:.*]] = kernel.reorder ins(%[[K3]])
  // CHECK: linalg.generic {{.*}} ins(%[[K3]] :
  // CHECK: %[[Y3:.*]] = kernel.reorder
  %3 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32>
  %y3 = cnn.activation relu %3 : tensor<1x16x8x8xf32>

  // The sum of a convolution with itself reads it twice.
  // CHECK: %[[K5:.*]] = kernel.conv "direct" ins(%{{[a-z0-9_]*}}, %{{[a-z0-9_]*}}) outs(%{{[a-z0-9_]*}}) {
  // CHECK: linalg.generic {{.*}} ins(%[[K5]], %[[K5]] :
  // CHECK: %[[Y5:.*]] = kernel.reorder
  %5 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32>
  %y5 = arith.addf %5, %5 : tensor<1x16x8x8xf32>

  // Of two convolutions that are added, the first one takes the sum, and comes after the other.
  // CHECK: %[[K7:.*]] = kernel.conv "direct" ins(%{{[a-z0-9_]*}}, %{{[a-z0-9_]*}}) outs(%{{[a-z0-9_]*}}) {
  // CHECK: %[[K6:.*]] = kernel.conv "im2col" ins(%{{[a-z0-9_]*}}, %{{[a-z0-9_]*}} residual %[[K7]]) outs(%{{[a-z0-9_]*}}) {
  // CHECK: %[[Y6:.*]] = kernel.reorder ins(%[[K6]])
  %6 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros {toeplitz.algorithm = "im2col"}
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32>
  %7 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros {toeplitz.algorithm = "direct"}
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32>
  %y6 = arith.addf %6, %7 : tensor<1x16x8x8xf32>
  // CHECK-NOT: cnn.
  // CHECK: return %[[Y0]], %[[Y1]], %[[Y2]], %[[Y3]], %[[Y4]], %[[Y5]], %[[Y6]] :
  return %y0, %y1, %y2, %y3, %3, %y5, %y6 : tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>,
    tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>
}

//--- windows.mlir
// CHECK-LABEL: func.func @main
func.func @main(%vector: tensor<3x20xf32>, %line: tensor<2x16x10xf32>, %volume: tensor<1x8x4x5x6xf32>)
    -> (tensor<3x10xf32>, tensor<2x48x5xf32>, tensor<1x8x2x5x6xf32>) {
  %w0 = arith.constant dense<0.5> : tensor<10x20xf32>
  %b0 = arith.constant dense<0.25> : tensor<10xf32>
  %w2 = arith.constant dense<0.5> : tensor<48x8x3xf32>
  %w3 = arith.constant dense<0.5> : tensor<8x8x1x3x1xf32>
  // A dense layer: 20 of 3 * 8 input channels, 10 of 2 * 8 output channels.
  // CHECK: kernel.conv "pointwise" ins(%{{.*}}, %{{.*}} bias %{{.*}}) outs(%{{.*}}) {dilations = array<i64>, groups = 1 : i64, in_channels = 20 : i64
  // CHECK-SAME: kernel = array<i64>, out_channels = 10 : i64, output_offsets = array<i64>, output_sizes = array<i64>, output_strides = array<i64>
  // CHECK-SAME: padding_low = array<i64>, strides = array<i64>
  // CHECK-SAME: : (tensor<3x3x8xf32>, tensor<320xf32>, tensor<2x8xf32>, tensor<3x2x8xf32>) -> tensor<3x2x8xf32>
  %0 = cnn.conv %vector, %w0 bias %b0 strides [] dilations [] padding [] to [] groups 1 zeros {toeplitz.algorithm = "pointwise"}
    : (tensor<3x20xf32>, tensor<10x20xf32>, tensor<10xf32>) -> tensor<3x10xf32>
  // Stride, dilation, padding on one side, two groups of whole vectors.
  // CHECK: kernel.conv "direct" {{.*}} {dilations = array<i64: 2>, groups = 2 : i64, in_channels = 16 : i64
  // CHECK-SAME: kernel = array<i64: 3>, out_channels = 48 : i64, output_offsets = array<i64: 0>, output_sizes = array<i64: 5>
  // CHECK-SAME: output_strides = array<i64: 1>, padding_low = array<i64: 4>, strides = array<i64: 2>
  // CHECK-SAME: : (tensor<2x2x10x8xf32>, tensor<1152xf32>, tensor<2x6x5x8xf32>) -> tensor<2x6x5x8xf32>
  %1 = cnn.conv %line, %w2 strides [2] dilations [2] padding [4] to [0] groups 2 zeros {toeplitz.algorithm = "direct"}
    : (tensor<2x16x10xf32>, tensor<48x8x3xf32>) -> tensor<2x48x5xf32>
  // CHECK: kernel.conv "direct" {{.*}} {dilations = array<i64: 1, 1, 1>, groups = 1 : i64, in_channels = 8 : i64
  // CHECK-SAME: kernel = array<i64: 1, 3, 1>, out_channels = 8 : i64, output_offsets = array<i64: 0, 0, 0>, output_sizes = array<i64: 2, 5, 6>
  // CHECK-SAME: output_strides = array<i64: 1, 1, 1>, padding_low = array<i64: 0, 1, 0>, strides = array<i64: 2, 1, 1>
  %2 = cnn.conv %volume, %w3 strides [2, 1, 1] dilations [1, 1, 1] padding [0, 1, 0] to [0, 1, 0] groups 1 zeros {toeplitz.algorithm = "direct"}
    : (tensor<1x8x4x5x6xf32>, tensor<8x8x1x3x1xf32>) -> tensor<1x8x2x5x6xf32>
  return %0, %1, %2 : tensor<3x10xf32>, tensor<2x48x5xf32>, tensor<1x8x2x5x6xf32>
}

//--- layouts.mlir
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[RGB:.*]]: tensor<1x3x8x8xf32>)
func.func @main(%rgb: tensor<1x3x8x8xf32>) -> tensor<1x3x6x6xf32> {
  %w0 = arith.constant dense<0.5> : tensor<3x3x3x3xf32>
  %w2 = arith.constant dense<0.5> : tensor<3x3x1x1xf32>
  // The network's input has fewer channels than a vector: it is read as it lies.
  // CHECK: %[[PLAIN:.*]] = tensor.expand_shape %[[RGB]] {{\[\[}}0], [1], [2], [3, 4]] output_shape [1, 3, 8, 8, 1]
  // CHECK: %[[Y0:.*]] = kernel.conv "direct" ins(%[[PLAIN]], %{{.*}}) outs
  // CHECK-SAME: : (tensor<1x3x8x8x1xf32>, tensor<108xf32>, tensor<1x1x6x6x4xf32>) -> tensor<1x1x6x6x4xf32>
  %0 = cnn.conv %rgb, %w0 strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros {toeplitz.algorithm = "direct"}
    : (tensor<1x3x8x8xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x6x6xf32>
  // A layer behind another one finds blocks, however few channels it has; the reorders between the two are gone.
  // CHECK-NOT: ins(%[[Y0]])
  // CHECK: %[[Y1:.*]] = kernel.conv "pointwise" ins(%[[Y0]], %{{.*}}) outs
  // CHECK-SAME: in_channels = 3 : i64
  // CHECK-SAME: : (tensor<1x1x6x6x4xf32>, tensor<12xf32>, tensor<1x1x6x6x4xf32>) -> tensor<1x1x6x6x4xf32>
  %1 = cnn.conv %0, %w2 strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros {toeplitz.algorithm = "pointwise"}
    : (tensor<1x3x6x6xf32>, tensor<3x3x1x1xf32>) -> tensor<1x3x6x6xf32>
  // CHECK: %[[RESULT:.*]] = kernel.reorder ins(%[[Y1]]) outs(%{{.*}}) {channels = 3 : i64}
  // CHECK: return %[[RESULT]]
  return %1 : tensor<1x3x6x6xf32>
}

//--- interface.mlir
// Names and shapes of inputs and outputs are kept where bufferization can't lose them.
// CHECK: module @digits attributes {
// CHECK-SAME: toeplitz.inputs = [{name = "image", shape = array<i64: 1, 3>}, {name = "input1", shape = array<i64: 2, 2>}]
// CHECK-SAME: toeplitz.name = "digits"
// CHECK-SAME: toeplitz.outputs = [{name = "y", shape = array<i64: 1, 3>}, {name = "output1", shape = array<i64: 2, 2>}]
module @digits {
  func.func @main(%x: tensor<1x3xf32> {toeplitz.name = "image"}, %z: tensor<2x2xf32>) -> (tensor<1x3xf32> {toeplitz.name = "y"}, tensor<2x2xf32>) {
    return %x, %z : tensor<1x3xf32>, tensor<2x2xf32>
  }
}

//--- no-names.mlir
// CHECK: module attributes {
// CHECK-SAME: toeplitz.name = "network"
func.func @main(%x: tensor<1x3xf32>) -> tensor<1x3xf32> {
  return %x : tensor<1x3xf32>
}
