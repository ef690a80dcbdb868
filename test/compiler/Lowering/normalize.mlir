// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -canonicalize -cse | FileCheck %s

// Two groups of three channels of nine positions: sums of 27 elements in double precision, six vectors, one of two elements and one element; the
// mean as a sum of two single-precision numbers; scale and bias of each channel.

// CHECK-LABEL: func.func private @kernel_normalize
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<2x6x3x3xf32>, %[[SCALE:.*]]: memref<6xf32>, %[[BIAS:.*]]: memref<6xf32>, %[[Y:.*]]: memref<2x6x3x3xf32>
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C9:.*]] = arith.constant 9 : index
// CHECK-DAG: %[[LENGTH:.*]] = arith.constant 2.700000e+01 : f64
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f64
// CHECK-DAG: %[[INPUT:.*]] = memref.reinterpret_cast %[[X]] to offset: [0], sizes: [4, 27], strides: [27, 1]
// CHECK-DAG: %[[OUTPUT:.*]] = memref.reinterpret_cast %[[Y]] to offset: [0], sizes: [4, 27], strides: [27, 1]
// CHECK: scf.for %[[ROW:.*]] = %[[C0]] to %[[C4]]
// CHECK:   arith.extf %{{.*}} : vector<4xf32> to vector<4xf64>
// CHECK:   arith.extf %{{.*}} : vector<2xf32> to vector<2xf64>
// CHECK:   arith.extf %{{.*}} : f32 to f64
// CHECK:   %[[SUM:.*]] = arith.addf {{.*}} : f64
// CHECK:   %[[MEAN:.*]] = arith.divf %[[SUM]], %[[LENGTH]] : f64
// CHECK:   %[[HIGH:.*]] = arith.truncf %[[MEAN]]
// CHECK:   %[[HIGHDOUBLE:.*]] = arith.extf %[[HIGH]]
// CHECK:   %[[REST:.*]] = arith.subf %[[MEAN]], %[[HIGHDOUBLE]] : f64
// CHECK:   %[[LOW:.*]] = arith.truncf %[[REST]]
// CHECK:   arith.mulf %{{.*}} : vector<2xf32>
// CHECK:   arith.mulf %{{.*}} : f32
// CHECK-NEXT: arith.extf
// CHECK-NEXT: %[[SQUARES:.*]] = arith.addf {{.*}} : f64
// CHECK:   %[[VARIANCE:.*]] = arith.divf %[[SQUARES]], %[[LENGTH]] : f64
// CHECK:   %[[SHIFTED:.*]] = arith.addf %[[VARIANCE]], %{{.*}} : f64
// CHECK:   %[[DEVIATION:.*]] = math.sqrt %[[SHIFTED]] : f64
// CHECK:   %[[INVERSE:.*]] = arith.divf %[[ONE]], %[[DEVIATION]] : f64
// CHECK:   %[[FACTOR:.*]] = arith.truncf %[[INVERSE]]
// CHECK:   %[[GROUP:.*]] = arith.remui %[[ROW]], %[[C2]]
// CHECK:   %[[FIRST:.*]] = arith.muli %[[GROUP]], %[[C3]]
// CHECK:   scf.for %[[CHANNEL:.*]] = %[[C0]] to %[[C3]]
// CHECK:     %[[AT:.*]] = arith.addi %[[FIRST]], %[[CHANNEL]]
// CHECK:     %[[S:.*]] = memref.load %[[SCALE]][%[[AT]]]
// CHECK:     arith.mulf %[[FACTOR]], %[[S]]
// CHECK:     memref.load %[[BIAS]][%[[AT]]]
// CHECK:     arith.muli %[[CHANNEL]], %[[C9]]
// CHECK:     vector.load %[[INPUT]][%[[ROW]]
// CHECK-COUNT-2: arith.subf %{{.*}} : vector<4xf32>
// CHECK:     vector.fma
// CHECK:     vector.store %{{.*}}, %[[OUTPUT]][%[[ROW]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<2x6x3x3xf32>, %s: memref<6xf32>, %b: memref<6xf32>, %y: memref<2x6x3x3xf32>) {
  kernel.normalize ins(%x, %s, %b) outs(%y) {rows = 4, row_period = 2, positions = 9, epsilon = 1.0e-5 : f32}
    : (memref<2x6x3x3xf32>, memref<6xf32>, memref<6xf32>, memref<2x6x3x3xf32>) -> ()
  return
}
}

// -----

// A layer: vectors of scales and biases.

// CHECK-LABEL: func.func private @kernel_normalize
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<2x8xf32>, %[[SCALE:.*]]: memref<8xf32>, %[[BIAS:.*]]: memref<8xf32>, %[[Y:.*]]: memref<2x8xf32>
// CHECK: scf.for %[[ROW:.*]] =
// CHECK:   math.sqrt
// CHECK:   scf.for %[[I:.*]] =
// CHECK:     vector.load %[[X]][%[[ROW]], %[[I]]]
// CHECK:     %[[NORMAL:.*]] = arith.mulf
// CHECK:     %[[S:.*]] = vector.load %[[SCALE]][%[[I]]]
// CHECK:     %[[B:.*]] = vector.load %[[BIAS]][%[[I]]]
// CHECK:     %[[RESULT:.*]] = vector.fma %[[NORMAL]], %[[S]], %[[B]]
// CHECK:     vector.store %[[RESULT]], %[[Y]][%[[ROW]], %[[I]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<2x8xf32>, %s: memref<8xf32>, %b: memref<8xf32>, %y: memref<2x8xf32>) {
  kernel.normalize ins(%x, %s, %b) outs(%y) {rows = 2, row_period = 1, positions = 1, epsilon = 1.0e-5 : f32}
    : (memref<2x8xf32>, memref<8xf32>, memref<8xf32>, memref<2x8xf32>) -> ()
  return
}
}
