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

// A layer: four rows side by side and one alone, of six elements in two vectors, the second of which begins among those of the first. Of its
// elements, two are counted.

// CHECK-LABEL: func.func private @kernel_normalize
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<5x6xf32>, %[[SCALE:.*]]: memref<6xf32>, %[[BIAS:.*]]: memref<6xf32>, %[[Y:.*]]: memref<5x6xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[MASK:.*]] = arith.constant dense<[false, false, true, true]> : vector<4xi1>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<4xf32>
// CHECK-DAG: %[[NOTHING:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-DAG: %[[SHARE:.*]] = arith.constant 0.166666672 : f32
// CHECK-DAG: %[[EPSILON:.*]] = arith.constant 9.99999974E-6 : f32
// CHECK-NOT: f64
// CHECK: %[[FIRST:.*]] = vector.load %[[X]][%[[C0]], %[[C0]]]
// CHECK: %[[LAST:.*]] = vector.load %[[X]][%[[C0]], %[[C2]]]
// CHECK: arith.select %[[MASK]], %[[LAST]], %[[ZERO]]
// CHECK: vector.shuffle %[[SUM:.*]], %[[SUM]] [0, 1]
// CHECK: vector.shuffle %[[SUM]], %[[SUM]] [2, 3]
// CHECK: %[[TOTAL:.*]] = vector.extract
// CHECK: %[[MEAN:.*]] = arith.mulf %[[TOTAL]], %[[SHARE]]
// CHECK: vector.broadcast %[[MEAN]]
// The rest of the mean, and the variance.
// CHECK: vector.fma
// CHECK: %[[REST:.*]] = arith.mulf %{{.*}}, %[[SHARE]]
// CHECK: %[[MEANSQUARE:.*]] = arith.mulf %{{.*}}, %[[SHARE]]
// CHECK: %[[SQUARE:.*]] = arith.mulf %[[REST]], %[[REST]]
// CHECK: %[[DIFFERENCE:.*]] = arith.subf %[[MEANSQUARE]], %[[SQUARE]]
// CHECK: %[[NEGATIVE:.*]] = arith.cmpf ogt, %[[NOTHING]], %[[DIFFERENCE]]
// CHECK: %[[VARIANCE:.*]] = arith.select %[[NEGATIVE]], %[[NOTHING]], %[[DIFFERENCE]]
// CHECK: %[[SHIFTED:.*]] = arith.addf %[[VARIANCE]], %[[EPSILON]]
// CHECK: %[[DEVIATION:.*]] = math.sqrt %[[SHIFTED]]
// CHECK: %[[INVERSE:.*]] = arith.divf %[[ONE]], %[[DEVIATION]]
// CHECK: %[[OPPOSITE:.*]] = arith.negf %[[REST]]
// CHECK: arith.mulf %[[OPPOSITE]], %[[INVERSE]]
// The last vector of the fourth row was read before its first one is written.
// CHECK: %[[FACTOR:.*]] = vector.load %[[SCALE]][%[[C0]]]
// CHECK: %[[SHIFT:.*]] = vector.load %[[BIAS]][%[[C0]]]
// CHECK: %[[NORMAL:.*]] = vector.fma
// CHECK: %[[RESULT:.*]] = vector.fma %[[NORMAL]], %[[FACTOR]], %[[SHIFT]]
// CHECK: vector.store %[[RESULT]], %[[Y]][%[[C0]], %[[C0]]]
// CHECK-NOT: vector.load %[[X]]
// CHECK: vector.store %{{.*}}, %[[Y]][%[[C3]], %[[C0]]]
// CHECK-NOT: vector.load %[[X]]
// CHECK: vector.load %[[SCALE]][%[[C2]]]
// CHECK: vector.store %{{.*}}, %[[Y]][%[[C3]], %[[C2]]]
// CHECK: vector.load %[[X]][%[[C4]], %[[C0]]]
// CHECK: math.sqrt
// CHECK: vector.store %{{.*}}, %[[Y]][%[[C4]], %[[C2]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<5x6xf32>, %s: memref<6xf32>, %b: memref<6xf32>, %y: memref<5x6xf32>) {
  kernel.normalize ins(%x, %s, %b) outs(%y) {rows = 5, row_period = 1, positions = 1, epsilon = 1.0e-5 : f32}
    : (memref<5x6xf32>, memref<6xf32>, memref<6xf32>, memref<5x6xf32>) -> ()
  return
}
}

// -----

// 75 vectors and one more: two sums of 32 vectors each, which are added to others, and one of the rest.

// CHECK-LABEL: func.func private @kernel_normalize
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<4xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C32:.*]] = arith.constant 32 : index
// CHECK-DAG: %[[C64:.*]] = arith.constant 64 : index
// CHECK-DAG: %[[C75:.*]] = arith.constant 75 : index
// CHECK: %[[TOTALS:.*]]:4 = scf.for %[[BEGIN:[a-z0-9]+]] = %[[C0]] to %[[C64]] step %[[C32]] iter_args(%[[TOTAL:[a-z0-9]+]] = %[[ZERO]]
// CHECK:   %[[END:.*]] = arith.addi %[[BEGIN]], %[[C32]]
// CHECK:   %[[SUMS:.*]]:4 = scf.for %{{.*}} = %[[BEGIN]] to %[[END]] step %[[C1]] iter_args(%{{.*}} = %[[ZERO]]
// CHECK:   arith.addf %[[TOTAL]], %[[SUMS]]#0
// CHECK: %[[RESTS:.*]]:4 = scf.for %{{.*}} = %[[C64]] to %[[C75]] step %[[C1]] iter_args(%{{.*}} = %[[ZERO]]
// CHECK: %[[REST:.*]] = arith.addf %[[RESTS]]#0
// CHECK: arith.addf %[[TOTALS]]#0, %[[REST]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<4x304xf32>, %s: memref<304xf32>, %b: memref<304xf32>, %y: memref<4x304xf32>) {
  kernel.normalize ins(%x, %s, %b) outs(%y) {rows = 4, row_period = 1, positions = 1, epsilon = 1.0e-5 : f32}
    : (memref<4x304xf32>, memref<304xf32>, memref<304xf32>, memref<4x304xf32>) -> ()
  return
}
}

// -----

// A layer of long rows: each alone, in double precision; vectors of scales and biases.

// CHECK-LABEL: func.func private @kernel_normalize
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<2x4100xf32>, %[[SCALE:.*]]: memref<4100xf32>, %[[BIAS:.*]]: memref<4100xf32>, %[[Y:.*]]: memref<2x4100xf32>
// CHECK:   arith.extf %{{.*}} : vector<4xf32> to vector<4xf64>
// CHECK:   math.sqrt %{{.*}} : f64
// CHECK:   scf.for %[[I:.*]] =
// CHECK:     vector.load %[[X]][%[[ROW:.*]], %[[I]]]
// CHECK:     %[[NORMAL:.*]] = arith.mulf
// CHECK:     %[[S:.*]] = vector.load %[[SCALE]][%[[I]]]
// CHECK:     %[[B:.*]] = vector.load %[[BIAS]][%[[I]]]
// CHECK:     %[[RESULT:.*]] = vector.fma %[[NORMAL]], %[[S]], %[[B]]
// CHECK:     vector.store %[[RESULT]], %[[Y]][%[[ROW]], %[[I]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<2x4100xf32>, %s: memref<4100xf32>, %b: memref<4100xf32>, %y: memref<2x4100xf32>) {
  kernel.normalize ins(%x, %s, %b) outs(%y) {rows = 2, row_period = 1, positions = 1, epsilon = 1.0e-5 : f32}
    : (memref<2x4100xf32>, memref<4100xf32>, memref<4100xf32>, memref<2x4100xf32>) -> ()
  return
}
}
