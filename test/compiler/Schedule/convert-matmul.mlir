// RUN: toeplitz-opt %s -split-input-file -convert-cnn-to-kernel | FileCheck %s

// The dimensions are in order.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[A:.*]]: tensor<2x5x3xf32>, %[[B:.*]]: tensor<2x3x6xf32>
// CHECK-NOT: linalg
// CHECK: kernel.matmul ins(%[[A]], %[[B]]) outs(%{{.*}}) : (tensor<2x5x3xf32>, tensor<2x3x6xf32>, tensor<2x5x6xf32>) -> tensor<2x5x6xf32>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%a: tensor<2x5x3xf32>, %b: tensor<2x3x6xf32>) -> tensor<2x5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %init = tensor.splat %zero : tensor<2x5x6xf32>
  %y = linalg.batch_matmul ins(%a, %b : tensor<2x5x3xf32>, tensor<2x3x6xf32>) outs(%init : tensor<2x5x6xf32>) -> tensor<2x5x6xf32>
  return %y : tensor<2x5x6xf32>
}
}

// -----

// An input whose rows the products go along is transposed, a result with heads before its columns as well; a matrix without a batch repeats.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[A:.*]]: tensor<2x5x4x3xf32>, %[[B:.*]]: tensor<4x6x3xf32>
// CHECK-DAG: %[[LEFT:.*]] = linalg.transpose ins(%[[A]] : {{.*}}) outs(%{{.*}} : tensor<2x4x5x3xf32>) permutation = [0, 2, 1, 3]
// CHECK-DAG: %[[MOVED:.*]] = linalg.transpose ins(%[[B]] : {{.*}}) outs(%{{.*}} : tensor<4x3x6xf32>) permutation = [0, 2, 1]
// CHECK-DAG: %[[RIGHT:.*]] = tensor.expand_shape %[[MOVED]] {{\[\[}}0, 1], [2], [3]] output_shape [1, 4, 3, 6]
// CHECK: %[[Y:.*]] = kernel.matmul ins(%[[LEFT]], %[[RIGHT]])
// CHECK: linalg.transpose ins(%[[Y]] : tensor<2x4x5x6xf32>) outs(%{{.*}} : tensor<2x5x4x6xf32>) permutation = [0, 2, 1, 3]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%a: tensor<2x5x4x3xf32>, %b: tensor<4x6x3xf32>) -> tensor<2x5x4x6xf32> {
  %zero = arith.constant 0.0 : f32
  %init = tensor.splat %zero : tensor<2x5x4x6xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(b, i, h, j, k) -> (b, i, h, k)>, affine_map<(b, i, h, j, k) -> (h, j, k)>,
                                        affine_map<(b, i, h, j, k) -> (b, i, h, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<2x5x4x3xf32>, tensor<4x6x3xf32>) outs(%init : tensor<2x5x4x6xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %0 = arith.mulf %q, %p : f32
    %1 = arith.addf %0, %sum : f32
    linalg.yield %1 : f32
  } -> tensor<2x5x4x6xf32>
  return %y : tensor<2x5x4x6xf32>
}
}

// -----

// The input with the result's columns is `right`, whichever comes first; a dimension of one element that all read is left out.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[A:.*]]: tensor<1x3x6xf32>, %[[B:.*]]: tensor<5x3xf32>
// CHECK: %[[RIGHT:.*]] = tensor.collapse_shape %[[A]] {{\[\[}}0, 1], [2]]
// CHECK: kernel.matmul ins(%[[B]], %[[RIGHT]])
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%a: tensor<1x3x6xf32>, %b: tensor<5x3xf32>) -> tensor<5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %init = tensor.splat %zero : tensor<5x6xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (0, k, j)>, affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (i, j)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<1x3x6xf32>, tensor<5x3xf32>) outs(%init : tensor<5x6xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %0 = arith.mulf %p, %q : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<5x6xf32>
  return %y : tensor<5x6xf32>
}
}

// -----

// These stay: sums that don't begin with zero, one row, sums of nothing, other numbers, another function of two, and what a GPU computes.
// CHECK-LABEL: func.func @main
// CHECK-NOT: kernel.matmul
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%a: tensor<5x3xf32>, %row: tensor<1x3xf32>, %b: tensor<3x6xf32>, %c: tensor<5x6xf32>, %e: tensor<5x3xf64>, %f: tensor<3x6xf64>,
    %g: tensor<5x0xf32>, %h: tensor<0x6xf32>) -> (tensor<5x6xf32>, tensor<1x6xf32>, tensor<5x6xf64>, tensor<5x6xf32>, tensor<5x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %double = arith.constant 0.0 : f64
  %0 = linalg.matmul ins(%a, %b : tensor<5x3xf32>, tensor<3x6xf32>) outs(%c : tensor<5x6xf32>) -> tensor<5x6xf32>
  %one = tensor.splat %zero : tensor<1x6xf32>
  %1 = linalg.matmul ins(%row, %b : tensor<1x3xf32>, tensor<3x6xf32>) outs(%one : tensor<1x6xf32>) -> tensor<1x6xf32>
  %wide = tensor.splat %double : tensor<5x6xf64>
  %2 = linalg.matmul ins(%e, %f : tensor<5x3xf64>, tensor<3x6xf64>) outs(%wide : tensor<5x6xf64>) -> tensor<5x6xf64>
  %init = tensor.splat %zero : tensor<5x6xf32>
  %3 = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<5x3xf32>, tensor<3x6xf32>) outs(%init : tensor<5x6xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %difference = arith.subf %p, %q : f32
    %next = arith.addf %sum, %difference : f32
    linalg.yield %next : f32
  } -> tensor<5x6xf32>
  %4 = linalg.matmul ins(%g, %h : tensor<5x0xf32>, tensor<0x6xf32>) outs(%init : tensor<5x6xf32>) -> tensor<5x6xf32>
  return %0, %1, %2, %3, %4 : tensor<5x6xf32>, tensor<1x6xf32>, tensor<5x6xf64>, tensor<5x6xf32>, tensor<5x6xf32>
}
}

// -----

// CHECK-LABEL: func.func @main
// CHECK-NOT: kernel.matmul
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 64, fma = 1, l1 = 131072, l2 = 41943040, gpu = 80>} {
func.func @main(%a: tensor<5x3xf32>, %b: tensor<3x6xf32>) -> tensor<5x6xf32> {
  %zero = arith.constant 0.0 : f32
  %init = tensor.splat %zero : tensor<5x6xf32>
  %y = linalg.matmul ins(%a, %b : tensor<5x3xf32>, tensor<3x6xf32>) outs(%init : tensor<5x6xf32>) -> tensor<5x6xf32>
  return %y : tensor<5x6xf32>
}
}
