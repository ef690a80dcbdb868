// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -verify-diagnostics

func.func @main(%x: memref<4xf32, strided<[?]>>, %y: memref<4xf32>) {
  // expected-error @+1 {{'linalg.generic' op uses a buffer whose shape or strides aren't known: 'memref<4xf32, strided<[?]>>'}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
    iterator_types = ["parallel"]} ins(%x : memref<4xf32, strided<[?]>>) outs(%y : memref<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// -----

// Several points would write one element.
func.func @main(%x: memref<4x8xf32>, %y: memref<11xf32>) {
  // expected-error @+1 {{'linalg.generic' op has a result whose elements are no dimensions of the loops: affine_map<(d0, d1) -> (d0 + d1)>}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i + j)>],
    iterator_types = ["parallel", "parallel"]} ins(%x : memref<4x8xf32>) outs(%y : memref<11xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}
