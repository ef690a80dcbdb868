// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -canonicalize -cse | FileCheck %s

// Dimensions of one piece in all operands are joined; the result lies in a larger tensor, one offset into it. The number in the body
// becomes a vector.

// CHECK-LABEL: func.func private @kernel_generic
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<1x2x3x5x4xf32>, %[[B:.*]]: memref<2x4xf32>, %[[Y:.*]]: memref
// CHECK-DAG: %[[TWO:.*]] = arith.constant dense<2.000000e+00> : vector<4xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C15:.*]] = arith.constant 15 : index
// CHECK-DAG: %[[INPUT:.*]] = memref.reinterpret_cast %[[X]] to offset: [0], sizes: [2, 15, 4], strides: [60, 4, 1]
// CHECK-DAG: %[[OUTPUT:.*]] = memref.reinterpret_cast %[[Y]] to offset: [60], sizes: [2, 15, 4], strides: [120, 4, 1]
// CHECK: scf.for %[[BLOCK:.*]] = %[[C0]] to %[[C2]]
// CHECK:   scf.for %[[I:.*]] = %[[C0]] to %[[C15]]
// CHECK:     %[[V:.*]] = vector.load %[[INPUT]][%[[BLOCK]], %[[I]], %[[C0]]]
// CHECK:     %[[BIAS:.*]] = vector.load %[[B]][%[[BLOCK]], %[[C0]]]
// CHECK:     %[[PRODUCT:.*]] = arith.mulf %[[V]], %[[TWO]] : vector<4xf32>
// CHECK:     %[[SUM:.*]] = arith.addf %[[PRODUCT]], %[[BIAS]]
// CHECK:     vector.store %[[SUM]], %[[OUTPUT]][%[[BLOCK]], %[[I]], %[[C0]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x3x5x4xf32>, %b: memref<2x4xf32>,
                %y: memref<1x2x3x5x4xf32, strided<[300, 120, 20, 4, 1], offset: 60>>) {
  linalg.generic {
    indexing_maps = [affine_map<(n, c, i, j, v) -> (n, c, i, j, v)>, affine_map<(n, c, i, j, v) -> (c, v)>,
                     affine_map<(n, c, i, j, v) -> (n, c, i, j, v)>],
    iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]}
    ins(%x, %b : memref<1x2x3x5x4xf32>, memref<2x4xf32>)
    outs(%y : memref<1x2x3x5x4xf32, strided<[300, 120, 20, 4, 1], offset: 60>>) {
  ^bb0(%in: f32, %bias: f32, %out: f32):
    %two = arith.constant 2.0 : f32
    %0 = arith.mulf %in, %two : f32
    %1 = arith.addf %0, %bias : f32
    linalg.yield %1 : f32
  }
  return
}
}

// -----

// One element for all lanes, and one that is the same everywhere; a number from outside of the body; a comparison of vectors.

// CHECK-LABEL: func.func private @kernel_generic
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<6x1xf32>, %[[Y:.*]]: memref<6x4xf32>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<4xf32>
// CHECK-DAG: %[[INPUT:.*]] = memref.reinterpret_cast %[[X]] to offset: [0], sizes: [6], strides: [1]
// CHECK: scf.for %[[I:.*]] =
// CHECK:   %[[ELEMENT:.*]] = memref.load %[[INPUT]][%[[I]]]
// CHECK:   %[[V:.*]] = vector.broadcast %[[ELEMENT]] : f32 to vector<4xf32>
// CHECK:   %[[GREATER:.*]] = arith.cmpf ogt, %[[ZERO]], %[[V]] : vector<4xf32>
// CHECK:   %[[RESULT:.*]] = arith.select %[[GREATER]], %[[ZERO]], %[[V]]
// CHECK:   vector.store %[[RESULT]], %[[Y]][%[[I]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<6x1xf32>, %y: memref<6x4xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, 0)>, affine_map<(i, j) -> (i, j)>],
    iterator_types = ["parallel", "parallel"]} ins(%x : memref<6x1xf32>) outs(%y : memref<6x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.cmpf ogt, %zero, %in : f32
    %1 = arith.select %0, %zero, %in : f32
    linalg.yield %1 : f32
  }
  return
}
}

// -----

// A small transposition writes vectors of elements that lie apart; three are a vector of two and one. A copy is one long row.

// CHECK-LABEL: func.func private @kernel_transpose
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<3x10xf32>, %[[Y:.*]]: memref<10x3xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[INPUT:.*]] = memref.reinterpret_cast %[[X]] to offset: [0], sizes: [10, 3], strides: [1, 10]
// CHECK: scf.for %[[I:.*]] =
// CHECK:   %[[A:.*]] = memref.load %[[INPUT]][%[[I]], %[[C0]]]
// CHECK:   %[[B:.*]] = memref.load %[[INPUT]][%[[I]], %[[C1]]]
// CHECK:   %[[PAIR:.*]] = vector.from_elements %[[A]], %[[B]]
// CHECK:   vector.store %[[PAIR]], %[[Y]][%[[I]], %[[C0]]]
// CHECK:   %[[LAST:.*]] = memref.load %[[INPUT]][%[[I]], %[[C2]]]
// CHECK:   memref.store %[[LAST]], %[[Y]][%[[I]], %[[C2]]]

// CHECK-LABEL: func.func private @kernel_copy
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[C28:.*]] = arith.constant 28 : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[C28]] step %[[C4]]
// CHECK: vector.load %{{.*}}[%[[C28]]] : {{.*}}, vector<2xf32>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<3x10xf32>, %y: memref<10x3xf32>, %z: memref<10x3xf32>) {
  linalg.transpose ins(%x : memref<3x10xf32>) outs(%y : memref<10x3xf32>) permutation = [1, 0]
  memref.copy %y, %z : memref<10x3xf32> to memref<10x3xf32>
  return
}
}

// -----

// 40000 elements are three tasks of about the same size, each but the last a multiple of 64.

// CHECK-LABEL: func.func @main
// CHECK: scf.forall (%{{.*}}) in (3)
// CHECK-LABEL: func.func private @kernel_generic
// CHECK-SAME: %[[TASK:[a-z0-9]*]]: index
// CHECK-DAG: %[[LENGTH:.*]] = arith.constant 13376 : index
// CHECK-DAG: %[[ALL:.*]] = arith.constant 40000 : index
// CHECK: %[[FROM:.*]] = arith.muli %[[TASK]], %[[LENGTH]]
// CHECK: %[[END:.*]] = arith.addi %[[FROM]], %[[LENGTH]]
// CHECK: %[[TO:.*]] = arith.minsi %[[END]], %[[ALL]]
// CHECK: scf.for %{{.*}} = %[[FROM]] to %[[TO]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<200x200xf32>, %y: memref<200x200xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
    iterator_types = ["parallel", "parallel"]} ins(%x : memref<200x200xf32>) outs(%y : memref<200x200xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.absf %in : f32
    linalg.yield %0 : f32
  }
  return
}
}
