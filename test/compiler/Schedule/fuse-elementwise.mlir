// RUN: toeplitz-opt %s --fuse-elementwise --split-input-file | FileCheck %s

#identity = affine_map<(i, j) -> (i, j)>

// Into its reader, though that reads other elements in its body as well.
// CHECK-LABEL: func.func @main
// CHECK-COUNT-1: linalg.generic
// CHECK:   math.exp
// CHECK:   tensor.extract
// CHECK:   arith.addf
// CHECK-NOT: linalg.generic
func.func @main(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#identity, #identity], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^body(%in: f32, %out: f32):
    %1 = math.exp %in : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %2 = linalg.generic {indexing_maps = [#identity, #identity], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^body(%in: f32, %out: f32):
    %zero = arith.constant 0 : index
    %j = linalg.index 1 : index
    %3 = tensor.extract %y[%zero, %j] : tensor<4x8xf32>
    %4 = arith.addf %in, %3 : f32
    linalg.yield %4 : f32
  } -> tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// -----

// Not into a product of matrices, which would compute each element again for every column; what is cheap is.
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic
// CHECK:   math.exp
// CHECK: linalg.generic {{.*}}"reduction"
// CHECK:   arith.extf
// CHECK-NOT: linalg.generic
func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x16xf16>, %start: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^body(%in: f32, %out: f32):
    %1 = math.exp %in : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %f = tensor.empty() : tensor<8x16xf32>
  %2 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<8x16xf16>) outs(%f : tensor<8x16xf32>) {
  ^body(%in: f16, %out: f32):
    %1 = arith.extf %in : f16 to f32
    linalg.yield %1 : f32
  } -> tensor<8x16xf32>
  %3 = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
      iterator_types = ["parallel", "parallel", "reduction"]} ins(%0, %2 : tensor<4x8xf32>, tensor<8x16xf32>) outs(%start : tensor<4x16xf32>) {
  ^body(%a: f32, %b: f32, %sum: f32):
    %4 = arith.mulf %a, %b : f32
    %5 = arith.addf %sum, %4 : f32
    linalg.yield %5 : f32
  } -> tensor<4x16xf32>
  return %3 : tensor<4x16xf32>
}

// -----

// Not into a loop, which would compute it again in every iteration; into a sum of all its elements.
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic
// CHECK:   math.exp
// CHECK: scf.for
// CHECK:   linalg.generic {{.*}}"reduction"
// CHECK:     math.log
// CHECK:     arith.addf
#row = affine_map<(i) -> (i)>
#none = affine_map<(i) -> ()>
func.func @main(%x: tensor<8xf32>, %n: index, %start: tensor<f32>) -> tensor<f32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty() : tensor<8xf32>
  %0 = linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^body(%in: f32, %out: f32):
    %1 = math.exp %in : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %2 = scf.for %i = %c0 to %n step %c1 iter_args(%t = %start) -> (tensor<f32>) {
    %3 = linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel"]} ins(%0 : tensor<8xf32>) outs(%e : tensor<8xf32>) {
    ^body(%in: f32, %out: f32):
      %4 = math.log %in : f32
      linalg.yield %4 : f32
    } -> tensor<8xf32>
    %5 = linalg.generic {indexing_maps = [#row, #none], iterator_types = ["reduction"]} ins(%3 : tensor<8xf32>) outs(%t : tensor<f32>) {
    ^body(%in: f32, %sum: f32):
      %4 = arith.addf %sum, %in : f32
      linalg.yield %4 : f32
    } -> tensor<f32>
    scf.yield %5 : tensor<f32>
  }
  return %2 : tensor<f32>
}

// -----

// A root and a quotient of each row, which all elements of the row read: computed once. Cheap arithmetic is repeated.
// CHECK-LABEL: func.func @main
// CHECK: %[[INVERSE:.*]] = linalg.generic
// CHECK: math.sqrt
// CHECK: arith.divf
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[INVERSE]], %{{.*}} : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
// CHECK: arith.negf
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK-NOT: linalg.generic
#id2 = affine_map<(d0, d1) -> (d0, d1)>
#rows = affine_map<(d0, d1) -> (d0)>
#id1 = affine_map<(d0) -> (d0)>
func.func @main(%x: tensor<4x8xf32>, %v: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4x8xf32> {
  %one = arith.constant 1.0 : f32
  %e1 = tensor.empty() : tensor<4xf32>
  %e2 = tensor.empty() : tensor<4x8xf32>
  %inverse = linalg.generic {indexing_maps = [#id1, #id1], iterator_types = ["parallel"]} ins(%v : tensor<4xf32>) outs(%e1 : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.sqrt %in : f32
    %1 = arith.divf %one, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %negated = linalg.generic {indexing_maps = [#id1, #id1], iterator_types = ["parallel"]} ins(%b : tensor<4xf32>) outs(%e1 : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.negf %in : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id2, #rows, #rows, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%x, %inverse, %negated : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>) outs(%e2 : tensor<4x8xf32>) {
  ^bb0(%a: f32, %f: f32, %t: f32, %out: f32):
    %0 = arith.mulf %a, %f : f32
    %1 = arith.addf %0, %t : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
