// RUN: toeplitz-opt %s -split-input-file -convert-cnn-to-kernel | FileCheck %s

// The elements that each position needs of the input, then a product with the filters of each group.
// CHECK-DAG: #[[COLUMNS:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4 * 2 + d3 * 3)>
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<2x2x3x17xf32>, %[[W:.*]]: tensor<2x4x3x3xf32>
// CHECK: %[[FILTERS:.*]] = tensor.collapse_shape %[[W]] {{\[\[}}0], [1], [2, 3]] : tensor<2x4x3x3xf32> into tensor<2x4x9xf32>
// CHECK: %[[ELEMENTS:.*]] = linalg.generic {indexing_maps = [#[[COLUMNS]], {{.*}} ins(%[[X]] : tensor<2x2x3x17xf32>) outs(%{{.*}} : tensor<2x2x3x3x6xf32>)
// CHECK: %[[MATRIX:.*]] = tensor.collapse_shape %[[ELEMENTS]] {{\[\[}}0], [1], [2, 3], [4]] : tensor<2x2x3x3x6xf32> into tensor<2x2x9x6xf32>
// CHECK: kernel.matmul ins(%{{.*}}, %[[MATRIX]]{{.*}} -> tensor<2x2x4x6xf32>
#input = affine_map<(n, g, f, o, c, k) -> (n, g, c, o * 2 + k * 3)>
#filter = affine_map<(n, g, f, o, c, k) -> (g, f, c, k)>
#result = affine_map<(n, g, f, o, c, k) -> (n, g, f, o)>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<2x2x3x17xf32>, %w: tensor<2x4x3x3xf32>) -> tensor<2x2x4x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x2x4x6xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%e : tensor<2x2x4x6xf32>) -> tensor<2x2x4x6xf32>
  %y = linalg.generic {indexing_maps = [#input, #filter, #result], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %w : tensor<2x2x3x17xf32>, tensor<2x4x3x3xf32>) outs(%zeros : tensor<2x2x4x6xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x2x4x6xf32>
  return %y : tensor<2x2x4x6xf32>
}
}

// -----

// The elements of all positions are more than stay in the second-level cache: first those of the upper two rows, then those of the lower one.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<1x1x3x5x10xf32>
// CHECK: %[[UPPER:.*]] = tensor.extract_slice %[[X]][0, 0, 0, 0, 0] [1, 1, 3, 4, 10] [1, 1, 1, 1, 1]
// CHECK: linalg.generic {{.*}} ins(%[[UPPER]] : tensor<1x1x3x4x10xf32>) outs(%{{.*}} : tensor<1x1x3x3x3x2x8xf32>)
// CHECK: kernel.matmul {{.*}} -> tensor<1x1x4x16xf32>
// CHECK: %[[LOWER:.*]] = tensor.extract_slice %[[X]][0, 0, 0, 2, 0] [1, 1, 3, 3, 10] [1, 1, 1, 1, 1]
// CHECK: linalg.generic {{.*}} ins(%[[LOWER]] : tensor<1x1x3x3x10xf32>) outs(%{{.*}} : tensor<1x1x3x3x3x1x8xf32>)
// CHECK: kernel.matmul {{.*}} -> tensor<1x1x4x8xf32>
#input = affine_map<(n, g, f, o, p, c, k, l) -> (n, g, c, o + k, p + l)>
#filter = affine_map<(n, g, f, o, p, c, k, l) -> (g, f, c, k, l)>
#result = affine_map<(n, g, f, o, p, c, k, l) -> (n, g, f, o, p)>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 1024, l2 = 2048>} {
func.func @main(%x: tensor<1x1x3x5x10xf32>, %w: tensor<1x4x3x3x3xf32>) -> tensor<1x1x4x3x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x1x4x3x8xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%e : tensor<1x1x4x3x8xf32>) -> tensor<1x1x4x3x8xf32>
  %y = linalg.generic {indexing_maps = [#input, #filter, #result], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x1x3x5x10xf32>, tensor<1x4x3x3x3xf32>) outs(%zeros : tensor<1x1x4x3x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<1x1x4x3x8xf32>
  return %y : tensor<1x1x4x3x8xf32>
}
}

// -----

// On a GPU each thread has a sum.
// CHECK-LABEL: func.func @main
// CHECK-NOT: kernel.matmul
// CHECK: linalg.generic {{.*}} ins(%arg0, %arg1
#input = affine_map<(n, g, f, o, c, k) -> (n, g, c, o + k)>
#filter = affine_map<(n, g, f, o, c, k) -> (g, f, c, k)>
#result = affine_map<(n, g, f, o, c, k) -> (n, g, f, o)>
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80>} {
func.func @main(%x: tensor<1x1x3x8xf32>, %w: tensor<1x4x3x3xf32>) -> tensor<1x1x4x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x1x4x6xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%e : tensor<1x1x4x6xf32>) -> tensor<1x1x4x6xf32>
  %y = linalg.generic {indexing_maps = [#input, #filter, #result], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %w : tensor<1x1x3x8xf32>, tensor<1x4x3x3xf32>) outs(%zeros : tensor<1x1x4x6xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<1x1x4x6xf32>
  return %y : tensor<1x1x4x6xf32>
}
}
