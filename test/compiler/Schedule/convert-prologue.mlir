// What stands before a convolution by bf16x3 and becomes its prologue.
// RUN: toeplitz-opt %s --convert-cnn-to-kernel --canonicalize --mlir-elide-resource-strings-if-larger=16 --split-input-file | FileCheck %s

// Batch normalisation of constants and an activation: factors and shifts for all images, as constants.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<2x20x5xf32>)
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense_resource<{{.*}}factor.blocked> : tensor<2x16xf32>
// CHECK-DAG: %[[SHIFT:.*]] = arith.constant dense_resource<{{.*}}shift.blocked> : tensor<2x16xf32>
// CHECK: %[[BLOCKED:.*]] = kernel.reorder ins(%[[X]])
// CHECK-NOT: linalg.generic
// CHECK: kernel.conv "bf16x3" ins(%[[BLOCKED]], %{{.*}} input_scale %[[SCALE]] input_shift %[[SHIFT]]) outs(%{{.*}}) input_activation <clip beta = 6.000000e+00 : f32> activation <relu> {
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: tensor<2x20x5xf32>) -> tensor<2x16x5xf32> {
  %w = arith.constant dense<0.5> : tensor<16x20x3xf32>
  %c = arith.constant dense<0.25> : tensor<20xf32>
  %0 = cnn.batch_norm %x scale %c bias %c mean %c variance %c epsilon 1.0e-05
    : (tensor<2x20x5xf32>, tensor<20xf32>, tensor<20xf32>, tensor<20xf32>, tensor<20xf32>) -> tensor<2x20x5xf32>
  %1 = cnn.activation clip %0 {alpha = 0.0 : f32, beta = 6.0 : f32} : tensor<2x20x5xf32>
  %2 = cnn.conv %1, %w strides [1] dilations [1] padding [1] to [1] groups 1 zeros {toeplitz.algorithm = "bf16x3"}
    : (tensor<2x20x5xf32>, tensor<16x20x3xf32>) -> tensor<2x16x5xf32>
  %3 = cnn.activation relu %2 : tensor<2x16x5xf32>
  return %3 : tensor<2x16x5xf32>
}
}

// -----

// Gates of each image on either side of the product, shifts for all images.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<2x20x5xf32>, %[[G:.*]]: tensor<2x20x1xf32>, %[[S:.*]]: tensor<1x20x1xf32>)
// CHECK: %[[BLOCKED:.*]] = kernel.reorder ins(%[[X]])
// CHECK: kernel.reorder ins(%[[G]])
// CHECK: %[[GATES:.*]] = tensor.collapse_shape %{{.*}} {{\[}}[0], [1], [2, 3]] : tensor<2x2x1x16xf32> into tensor<2x2x16xf32>
// CHECK: kernel.reorder ins(%[[S]])
// CHECK: %[[SHIFTS:.*]] = tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2, 3]] : tensor<1x2x1x16xf32> into tensor<2x16xf32>
// CHECK-NOT: linalg.generic
// CHECK: kernel.conv "bf16x3" ins(%[[BLOCKED]], %{{.*}} input_scale %[[GATES]] input_shift %[[SHIFTS]]) outs(%{{[a-z0-9]*}}) {
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: tensor<2x20x5xf32>, %g: tensor<2x20x1xf32>, %s: tensor<1x20x1xf32>) -> tensor<2x16x5xf32> {
  %w = arith.constant dense<0.5> : tensor<16x20x1xf32>
  %0 = cnn.broadcast %g to [2, 20, 5] : (tensor<2x20x1xf32>) -> tensor<2x20x5xf32>
  %1 = arith.mulf %0, %x : tensor<2x20x5xf32>
  %2 = cnn.broadcast %s to [2, 20, 5] : (tensor<1x20x1xf32>) -> tensor<2x20x5xf32>
  %3 = arith.addf %1, %2 : tensor<2x20x5xf32>
  %4 = cnn.conv %3, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros {toeplitz.algorithm = "bf16x3"}
    : (tensor<2x20x5xf32>, tensor<16x20x1xf32>) -> tensor<2x16x5xf32>
  return %4 : tensor<2x16x5xf32>
}
}

// -----

// Another algorithm; another reader; numbers that differ from position to position; another block than the convolution's.
// CHECK-LABEL: func.func @main
// CHECK-NOT: input_activation
// CHECK-NOT: input_scale
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: tensor<2x20x5xf32>, %p: tensor<2x1x5xf32>) -> (tensor<2x16x5xf32>, tensor<2x16x5xf32>, tensor<2x20x5xf32>, tensor<2x16x5xf32>,
    tensor<2x20x5xf32>) {
  %w = arith.constant dense<0.5> : tensor<16x20x1xf32>
  %square = arith.constant dense<0.5> : tensor<20x20x1xf32>
  %0 = cnn.activation relu %x : tensor<2x20x5xf32>
  %1 = cnn.conv %0, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros {toeplitz.algorithm = "direct"}
    : (tensor<2x20x5xf32>, tensor<16x20x1xf32>) -> tensor<2x16x5xf32>
  %2 = cnn.activation tanh %x : tensor<2x20x5xf32>
  %3 = cnn.conv %2, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros {toeplitz.algorithm = "bf16x3"}
    : (tensor<2x20x5xf32>, tensor<16x20x1xf32>) -> tensor<2x16x5xf32>
  %4 = cnn.broadcast %p to [2, 20, 5] : (tensor<2x1x5xf32>) -> tensor<2x20x5xf32>
  %5 = arith.mulf %x, %4 : tensor<2x20x5xf32>
  %6 = cnn.conv %5, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros {toeplitz.algorithm = "bf16x3"}
    : (tensor<2x20x5xf32>, tensor<16x20x1xf32>) -> tensor<2x16x5xf32>
  %7 = cnn.activation silu %x : tensor<2x20x5xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %8 = scf.for %i = %c0 to %c4 step %c1 iter_args(%carried = %x) -> tensor<2x20x5xf32> {
    %9 = cnn.conv %7, %square strides [1] dilations [1] padding [0] to [0] groups 1 zeros {toeplitz.algorithm = "bf16x3"}
      : (tensor<2x20x5xf32>, tensor<20x20x1xf32>) -> tensor<2x20x5xf32>
    scf.yield %9 : tensor<2x20x5xf32>
  }
  return %1, %3, %2, %6, %8 : tensor<2x16x5xf32>, tensor<2x16x5xf32>, tensor<2x20x5xf32>, tensor<2x16x5xf32>, tensor<2x20x5xf32>
}
}

// -----

// Of 9 x 9 x 9 positions and three depth taps nearly all are split three times: an addition is cheap enough for that, one with a
// comparison isn't.
// CHECK-LABEL: func.func @main
// CHECK: kernel.conv "bf16x3" ins(%{{.*}}, %{{.*}} input_shift %{{.*}}) outs(%{{[a-z0-9]*}}) {
// CHECK: kernel.conv "bf16x3" ins(%{{[a-z0-9]*}}, %{{[a-z0-9_]*}}) outs(%{{[a-z0-9]*}}) {
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: tensor<1x16x9x9x9xf32>, %s: tensor<1x16x1x1x1xf32>) -> (tensor<1x16x9x9x9xf32>, tensor<1x16x9x9x9xf32>) {
  %w = arith.constant dense<0.5> : tensor<16x16x3x3x3xf32>
  %0 = cnn.broadcast %s to [1, 16, 9, 9, 9] : (tensor<1x16x1x1x1xf32>) -> tensor<1x16x9x9x9xf32>
  %1 = arith.addf %x, %0 : tensor<1x16x9x9x9xf32>
  %2 = cnn.conv %1, %w strides [1, 1, 1] dilations [1, 1, 1] padding [1, 1, 1] to [1, 1, 1] groups 1 zeros {toeplitz.algorithm = "bf16x3"}
    : (tensor<1x16x9x9x9xf32>, tensor<16x16x3x3x3xf32>) -> tensor<1x16x9x9x9xf32>
  %3 = arith.addf %x, %0 : tensor<1x16x9x9x9xf32>
  %4 = cnn.activation relu %3 : tensor<1x16x9x9x9xf32>
  %5 = cnn.conv %4, %w strides [1, 1, 1] dilations [1, 1, 1] padding [1, 1, 1] to [1, 1, 1] groups 1 zeros {toeplitz.algorithm = "bf16x3"}
    : (tensor<1x16x9x9x9xf32>, tensor<16x16x3x3x3xf32>) -> tensor<1x16x9x9x9xf32>
  return %2, %5 : tensor<1x16x9x9x9xf32>, tensor<1x16x9x9x9xf32>
}
}
