// RUN: toeplitz-opt %s -split-input-file -convert-cnn-to-kernel | FileCheck %s

// What a pool has left in blocks is summed there; the numbers beyond the last channel aren't taken out.
// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
// CHECK-DAG: #[[KEPT:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4)>
// CHECK-LABEL: func.func @main
// CHECK: %[[POOL:.*]] = kernel.pool {{.*}} -> tensor<2x2x8x8x4xf32>
// CHECK: %[[ZEROS:.*]] = linalg.fill ins(%{{.*}} : f32) outs(%{{.*}} : tensor<2x2x4xf32>)
// CHECK: %[[SUMS:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[KEPT]]], iterator_types = ["parallel", "parallel", "reduction", "reduction", "parallel"]} ins(%[[POOL]] : tensor<2x2x8x8x4xf32>) outs(%[[ZEROS]] : tensor<2x2x4xf32>)
// CHECK:   arith.mulf
// CHECK:   arith.addf
// CHECK: %[[PLAIN:.*]] = kernel.reorder ins(%[[SUMS]]) {{.*}} -> tensor<2x6xf32>
// CHECK: return %[[PLAIN]]
#all = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#kept = affine_map<(d0, d1, d2, d3) -> (d0, d1)>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<2x6x8x8xf32>) -> tensor<2x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x6xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%e : tensor<2x6xf32>) -> tensor<2x6xf32>
  %0 = cnn.pool max %x kernel [1, 3] strides [1, 1] dilations [1, 1] padding [0, 1] to [0, 1] : (tensor<2x6x8x8xf32>) -> tensor<2x6x8x8xf32>
  %1 = linalg.generic {indexing_maps = [#all, #kept], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%0 : tensor<2x6x8x8xf32>) outs(%zeros : tensor<2x6xf32>) {
  ^bb0(%a: f32, %b: f32):
    %2 = arith.mulf %a, %a : f32
    %3 = arith.addf %2, %b : f32
    linalg.yield %3 : f32
  } -> tensor<2x6xf32>
  return %1 : tensor<2x6xf32>
}
}

// -----

// Rows that lie together already are read as they are, and so is a start that differs from channel to channel.
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic {{.*}} ins(%arg0 : tensor<2x6x8xf32>) outs(%{{.*}} : tensor<2x6xf32>)
// CHECK: linalg.generic {{.*}} outs(%arg1 : tensor<2x6xf32>)
#all = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#kept = affine_map<(d0, d1, d2) -> (d0, d1)>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<2x6x8xf32>, %start: tensor<2x6xf32>) -> (tensor<2x6xf32>, tensor<2x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x6xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%e : tensor<2x6xf32>) -> tensor<2x6xf32>
  %0 = linalg.generic {indexing_maps = [#all, #kept], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : tensor<2x6x8xf32>) outs(%zeros : tensor<2x6xf32>) {
  ^bb0(%a: f32, %b: f32):
    %3 = arith.addf %a, %b : f32
    linalg.yield %3 : f32
  } -> tensor<2x6xf32>
  %1 = cnn.pool max %x kernel [3] strides [1] dilations [1] padding [1] to [1] : (tensor<2x6x8xf32>) -> tensor<2x6x8xf32>
  %2 = linalg.generic {indexing_maps = [#all, #kept], iterator_types = ["parallel", "parallel", "reduction"]} ins(%1 : tensor<2x6x8xf32>) outs(%start : tensor<2x6xf32>) {
  ^bb0(%a: f32, %b: f32):
    %3 = arith.addf %a, %b : f32
    linalg.yield %3 : f32
  } -> tensor<2x6xf32>
  return %0, %2 : tensor<2x6xf32>, tensor<2x6xf32>
}
}
