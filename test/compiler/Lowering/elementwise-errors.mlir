// RUN: not toeplitz-opt %s -split-input-file -convert-kernel-to-loops 2>&1 | FileCheck %s

// CHECK: error: 'linalg.generic' op is not elementwise over buffers with known strides
func.func @main(%x: memref<4x8xf32>, %y: memref<4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
    iterator_types = ["parallel", "reduction"]} ins(%x : memref<4x8xf32>) outs(%y : memref<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// CHECK: error: 'linalg.generic' op is not elementwise over buffers with known strides
func.func @main(%x: memref<4xf32, strided<[?]>>, %y: memref<4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
    iterator_types = ["parallel"]} ins(%x : memref<4xf32, strided<[?]>>) outs(%y : memref<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}
