// RUN: toeplitz-opt %s -convert-kernel-to-loops -canonicalize -cse | FileCheck %s

// Eleven positions in two sections of six and five: eight sums side by side, then four of two kinds, and single positions behind them.
// CHECK-LABEL: func.func private @kernel_moments
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<1x2x11x4xf32>, %[[M:.*]]: memref<1x2x2x3x4xf32>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<4xf64>
// CHECK-DAG: %[[ZEROS:.*]] = arith.constant dense<0.000000e+00> : vector<4xf32>
// CHECK: %[[MOMENTS:.*]]:2 = scf.for {{.*}} iter_args(%[[MEAN:.*]] = %[[ZERO]], %{{.*}} = %[[ZERO]]) -> (vector<4xf64>, vector<4xf64>)
// The mean of the run.
// CHECK:   scf.for {{.*}} iter_args({{.*}}) -> (vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>)
// CHECK-COUNT-8: vector.load %[[X]]
// CHECK:   %[[SUM:.*]] = scf.for
// CHECK:   %[[NEAR:.*]] = arith.mulf %[[SUM]]
// What it is off by, and the squares.
// CHECK:   scf.for
// CHECK:     arith.subf %{{.*}}, %[[NEAR]] : vector<4xf32>
// CHECK:     vector.fma
// CHECK:   %[[SUMS:.*]]:2 = scf.for
// CHECK:   arith.extf %[[SUMS]]#0 : vector<4xf32> to vector<4xf64>
// CHECK:   arith.subf %{{.*}}, %[[MEAN]] : vector<4xf64>
// CHECK: arith.truncf %[[MOMENTS]]#0 : vector<4xf64> to vector<4xf32>
// CHECK-COUNT-3: vector.store %{{.*}}, %[[M]]

// Six channels in three groups: two at a time lie in one block, in each of both sections.
// CHECK-LABEL: func.func private @kernel_normalization_factors
// CHECK-SAME: %{{.*}}: index, %[[M:.*]]: memref<1x2x2x3x4xf32>, %[[SCALE:.*]]: memref<6xf32>, %[[BIAS:.*]]: memref<6xf32>, %[[F:.*]]: memref<3x1x2x4xf32>
// CHECK-DAG: arith.constant dense<6.000000e+00> : vector<2xf64>
// CHECK-DAG: arith.constant dense<5.000000e+00> : vector<2xf64>
// CHECK-DAG: %[[COUNT:.*]] = arith.constant 2.200000e+01 : f64
// CHECK: vector.load %[[M]]{{.*}} vector<2xf32>
// CHECK: %[[SUM:.*]] = vector.reduction <add>
// CHECK: %[[MEAN:.*]] = arith.divf %[[SUM]], %[[COUNT]] : f64
// CHECK: vector.broadcast %[[MEAN]] : f64 to vector<2xf64>
// CHECK: vector.reduction <add>
// CHECK: arith.maximumf
// CHECK: math.sqrt
// CHECK-COUNT-3: memref.store %{{.*}}, %[[F]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x11x4xf32>, %s: memref<6xf32>, %b: memref<6xf32>, %m: memref<1x2x2x3x4xf32>, %f: memref<3x1x2x4xf32>) {
  kernel.moments ins(%x) outs(%m) : (memref<1x2x11x4xf32>, memref<1x2x2x3x4xf32>) -> ()
  kernel.normalization_factors ins(%m, %s, %b) outs(%f) {channels = 6 : i64, groups = 3 : i64, positions = 11 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x2x2x3x4xf32>, memref<6xf32>, memref<6xf32>, memref<3x1x2x4xf32>) -> ()
  return
}
}
