// RUN: toeplitz-opt %s -split-input-file -convert-cnn-to-kernel | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<2x6x7x9xf32>
// CHECK: %[[BLOCKED:.*]] = kernel.reorder ins(%[[X]]) {{.*}} {channels = 6 : i64} {{.*}} -> tensor<2x2x7x9x4xf32>
// CHECK: %[[POOLED:.*]] = kernel.pool average ins(%[[BLOCKED]])
// CHECK-SAME: count_include_pad = true, dilations = array<i64: 1, 2>, kernel = array<i64: 3, 2>, p = 2 : i64
// CHECK-SAME: padding_high = array<i64: 1, 0>, padding_low = array<i64: 0, 1>, strides = array<i64: 2, 1>
// CHECK-SAME: -> tensor<2x2x4x8x4xf32>
// CHECK: %[[RESULT:.*]] = kernel.reorder ins(%[[POOLED]]) {{.*}} -> tensor<2x6x4x8xf32>
// CHECK: return %[[RESULT]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<2x6x7x9xf32>) -> tensor<2x6x4x8xf32> {
  %0 = cnn.pool average %x kernel [3, 2] strides [2, 1] dilations [1, 2] padding [0, 1] to [1, 0]
    {ceil_mode = true, count_include_pad = true} : (tensor<2x6x7x9xf32>) -> tensor<2x6x4x8xf32>
  return %0 : tensor<2x6x4x8xf32>
}
}

// -----

// A global one has the input as its window; between two poolings nothing is reordered.

// CHECK-LABEL: func.func @main
// CHECK: %[[FIRST:.*]] = kernel.pool max
// CHECK-NOT: kernel.reorder
// CHECK: kernel.pool lp ins(%[[FIRST]]) {{.*}} kernel = array<i64: 2, 3>, p = 3 : i64, {{.*}} -> tensor<1x2x1x1x4xf32>
// CHECK: kernel.reorder
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x8x4x6xf32>) -> tensor<1x8x1x1xf32> {
  %0 = cnn.pool max %x kernel [2, 2] strides [2, 2] dilations [1, 1] padding [0, 0] to [0, 0]
    : (tensor<1x8x4x6xf32>) -> tensor<1x8x2x3xf32>
  %1 = cnn.global_pool lp %0 {p = 3 : i64} : (tensor<1x8x2x3xf32>) -> tensor<1x8x1x1xf32>
  return %1 : tensor<1x8x1x1xf32>
}
}

// -----

// On a GPU no tensor is blocked: a global mean is a kernel as it is.
// CHECK-LABEL: func.func @main
// CHECK: kernel.pool average ins(%{{.*}}) {{.*}} kernel = array<i64: 5, 7>
// CHECK-NOT: linalg.generic
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80>} {
func.func @main(%x: tensor<2x6x5x7xf32>) -> tensor<2x6x1x1xf32> {
  %0 = cnn.global_pool average %x : (tensor<2x6x5x7xf32>) -> tensor<2x6x1x1xf32>
  return %0 : tensor<2x6x1x1xf32>
}
}

// -----

// The mean of a tensor that isn't blocked: rows of it are summed, no blocks are made.
// CHECK-LABEL: func.func @main
// CHECK-NOT: kernel.
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%arg0 : tensor<2x6x5x7xf32>)
// CHECK: arith.addf
// CHECK: %[[MEAN:.*]] = linalg.generic {{.*}} ins(%[[SUM]] : tensor<2x6xf32>)
// CHECK: arith.divf %{{.*}}, %{{.*}} : f32
// CHECK: tensor.expand_shape %[[MEAN]] {{\[\[}}0], [1, 2, 3]] output_shape [2, 6, 1, 1]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<2x6x5x7xf32>) -> tensor<2x6x1x1xf32> {
  %0 = cnn.global_pool average %x : (tensor<2x6x5x7xf32>) -> tensor<2x6x1x1xf32>
  return %0 : tensor<2x6x1x1xf32>
}
}
