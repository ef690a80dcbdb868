// RUN: toeplitz-opt %s -convert-kernel-to-loops -canonicalize -cse | FileCheck %s

// Six channels in two blocks of four lanes, seven positions: four at a time and then three single ones. Of the last block, two lanes count.

// CHECK-LABEL: func.func private @kernel_normalize_channels
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<1x2x7x4xf32>, %[[SCALE:.*]]: memref<2x4xf32>, %[[BIAS:.*]]: memref<2x4xf32>, %[[Y:.*]]: memref<1x2x7x4xf32>
// CHECK-DAG: %[[SHARE:.*]] = arith.constant 0.166666672 : f32
// CHECK-DAG: %[[MASK:.*]] = arith.constant dense<[true, true, false, false]> : vector<4xi1>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<4xf32>
// CHECK-DAG: %[[NOTHING:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[EPSILON:.*]] = arith.constant 9.99999997E-7 : f32
// The sum of both blocks, and of its lanes.
// CHECK:   %[[LAST:.*]] = vector.load %[[X]]
// CHECK:   arith.select %[[MASK]], %{{.*}}, %[[ZERO]] : vector<4xi1>, vector<4xf32>
// CHECK:   vector.shuffle %{{.*}}, %{{.*}} [0, 1] : vector<4xf32>, vector<4xf32>
// CHECK:   vector.shuffle %{{.*}}, %{{.*}} [2, 3]
// CHECK:   %[[TOTAL:.*]] = vector.extract %{{.*}}[0] : f32 from vector<1xf32>
// CHECK:   arith.mulf %[[TOTAL]], %[[SHARE]] : f32
// The rest of the mean, and the variance.
// CHECK:   %[[DIFFERENCE:.*]] = arith.subf %{{.*}}, %{{.*}} : vector<4xf32>
// CHECK:   vector.fma
// CHECK:   %[[SQUARE:.*]] = arith.mulf %[[REST:.*]], %[[REST]] : f32
// CHECK:   %[[ROUNDED:.*]] = arith.subf %{{.*}}, %[[SQUARE]] : f32
// CHECK:   %[[NEGATIVE:.*]] = arith.cmpf ogt, %[[NOTHING]], %[[ROUNDED]] : f32
// CHECK:   %[[VARIANCE:.*]] = arith.select %[[NEGATIVE]], %[[NOTHING]], %[[ROUNDED]] : f32
// CHECK:   %[[SHIFTED:.*]] = arith.addf %[[VARIANCE]], %[[EPSILON]] : f32
// CHECK:   %[[DEVIATION:.*]] = math.sqrt %[[SHIFTED]] : f32
// CHECK:   arith.divf %{{.*}}, %[[DEVIATION]] : f32
// CHECK:   scf.for
// CHECK:     %[[FACTOR:.*]] = vector.load %[[SCALE]]
// CHECK:     %[[SHIFT:.*]] = vector.load %[[BIAS]]
// CHECK-COUNT-4: vector.store %{{.*}}, %[[Y]]
// CHECK: scf.for %{{.*}} = %c4 to %c7
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x7x4xf32>, %s: memref<2x4xf32>, %b: memref<2x4xf32>, %y: memref<1x2x7x4xf32>) {
  kernel.normalize_channels ins(%x, %s, %b) outs(%y) {channels = 6 : i64, epsilon = 1.0e-06 : f32}
    : (memref<1x2x7x4xf32>, memref<2x4xf32>, memref<2x4xf32>, memref<1x2x7x4xf32>) -> ()
  return
}
}
