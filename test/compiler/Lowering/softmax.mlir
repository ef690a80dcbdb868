// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -canonicalize -cse | FileCheck %s

// Along the last dimension: the maximum and the sum of a row of ten, two vectors and one of two elements; the exponentials wait in
// the result for their factor.

// CHECK-LABEL: func.func private @kernel_softmax
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<2x10xf32>, %[[Y:.*]]: memref<2x10xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK: scf.for %[[ROW:.*]] =
// CHECK:   %[[LANES:.*]] = vector.extract %{{.*}}[0] : f32 from vector<1xf32>
// CHECK:   vector.load %[[X]][%[[ROW]], %[[C8]]] : memref<2x10xf32>, vector<2xf32>
// CHECK:   arith.cmpf ogt, %[[LANES]], %{{.*}} : f32
// CHECK:   %[[LARGEST:.*]] = arith.select {{.*}} : f32
// CHECK:   vector.broadcast %[[LARGEST]] : f32 to vector<4xf32>
// The exponential: a rounding to a whole number, a polynomial, a power of two.
// CHECK:   math.fma {{.*}} : vector<4xf32>
// CHECK:   arith.shli {{.*}} : vector<4xi32>
// CHECK:   %[[POWER:.*]] = arith.mulf {{.*}} : vector<4xf32>
// CHECK:   vector.store %[[POWER]], %[[Y]][%[[ROW]], %[[C0]]]
// CHECK:   arith.addf %[[POWER]], %{{.*}} : vector<4xf32>
// CHECK:   %[[REST:.*]] = arith.mulf {{.*}} : vector<2xf32>
// CHECK:   vector.store %[[REST]], %[[Y]][%[[ROW]], %[[C8]]]
// CHECK:   %[[SUM:.*]] = arith.addf {{.*}} : f32
// CHECK:   %[[INVERSE:.*]] = arith.divf %[[ONE]], %[[SUM]]
// CHECK:   scf.for %[[I:.*]] = %[[C0]] to %[[C8]] step %[[C4]]
// CHECK:     %[[E:.*]] = vector.load %[[Y]][%[[ROW]], %[[I]]]
// CHECK:     %[[FACTOR:.*]] = vector.broadcast %[[INVERSE]]
// CHECK:     arith.mulf %[[E]], %[[FACTOR]]
// CHECK:   vector.load %[[Y]][%[[ROW]], %[[C8]]] : memref<2x10xf32>, vector<2xf32>
// CHECK:   vector.store %{{.*}}, %[[Y]][%[[ROW]], %[[C8]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<2x10xf32>, %y: memref<2x10xf32>) {
  kernel.softmax ins(%x) outs(%y) {axis = 1 : i64, log = false} : (memref<2x10xf32>, memref<2x10xf32>) -> ()
  return
}
}

// -----

// Along another dimension vectors of neighbours are reduced side by side; the logarithm needs no exponentials in the result.

// CHECK-LABEL: func.func private @kernel_softmax
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<2x10x6xf32>, %[[Y:.*]]: memref<2x10x6xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C10:.*]] = arith.constant 10 : index
// CHECK: %[[LARGEST:.*]] = scf.for %[[I:.*]] = %[[C0]] to %[[C10]] {{.*}} -> (vector<4xf32>)
// CHECK:   vector.load %[[X]][%{{.*}}, %[[I]], %[[C0]]]
// CHECK:   arith.cmpf ogt
// CHECK: %[[SUM:.*]] = scf.for %{{.*}} = %[[C0]] to %[[C10]] {{.*}} -> (vector<4xf32>)
// CHECK-NOT: vector.store
// CHECK:   scf.yield
// CHECK: %[[LOGARITHM:.*]] = math.log %[[SUM]]
// CHECK: scf.for %[[J:.*]] = %[[C0]] to %[[C10]]
// CHECK:   %[[V:.*]] = vector.load %[[X]][%{{.*}}, %[[J]], %[[C0]]]
// CHECK:   %[[SHIFTED:.*]] = arith.subf %[[V]], %[[LARGEST]]
// CHECK:   %[[RESULT:.*]] = arith.subf %[[SHIFTED]], %[[LOGARITHM]]
// CHECK:   vector.store %[[RESULT]], %[[Y]][%{{.*}}, %[[J]], %[[C0]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<2x10x6xf32>, %y: memref<2x10x6xf32>) {
  kernel.softmax ins(%x) outs(%y) {axis = 1 : i64, log = true} : (memref<2x10x6xf32>, memref<2x10x6xf32>) -> ()
  return
}
}

// -----

// Long rows are summed in double precision.

// CHECK-LABEL: func.func private @kernel_softmax
// CHECK: arith.extf {{.*}} : vector<4xf32> to vector<4xf64>
// CHECK: %[[SINGLE:.*]] = arith.truncf %{{.*}} : f64 to f32
// CHECK: arith.divf %{{.*}}, %[[SINGLE]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x5000xf32>, %y: memref<1x5000xf32>) {
  kernel.softmax ins(%x) outs(%y) {axis = 1 : i64, log = false} : (memref<1x5000xf32>, memref<1x5000xf32>) -> ()
  return
}
}

// -----

// Half of what is read, and a mask of each of three rows that both images have.

// CHECK-LABEL: func.func private @kernel_softmax
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<2x3x8xf32>, %[[MASK:.*]]: memref<1x3x8xf32>, %[[Y:.*]]: memref<2x3x8xf32>
// CHECK-DAG: %[[HALF:.*]] = arith.constant dense<5.000000e-01> : vector<4xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK: scf.for %[[ROW:.*]] =
// CHECK:   %[[OFMASK:.*]] = arith.remui %[[ROW]], %[[C3]]
// CHECK:   %[[V:.*]] = vector.load %{{.*}}[%[[ROW]], %[[C0]]]
// CHECK:   %[[M:.*]] = vector.load %[[MASK]][%[[C0]], %[[OFMASK]], %[[C0]]]
// CHECK:   %[[SCORE:.*]] = vector.fma %[[V]], %[[HALF]], %[[M]]
// CHECK:   arith.cmpf ogt, %[[SCORE]]
// CHECK:   arith.subf
// CHECK:   vector.store %{{.*}}, %{{.*}}[%[[ROW]], %[[C0]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<2x3x8xf32>, %mask: memref<1x3x8xf32>, %y: memref<2x3x8xf32>) {
  kernel.softmax ins(%x add %mask) outs(%y) {axis = 2 : i64, log = false, scale = 0.5 : f32} : (memref<2x3x8xf32>, memref<1x3x8xf32>, memref<2x3x8xf32>) -> ()
  return
}
}
