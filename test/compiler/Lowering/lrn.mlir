// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -canonicalize -cse | FileCheck %s

// Five channels around each, those that exist; x / base^0.75 by roots.

// CHECK-LABEL: func.func private @kernel_lrn
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG: %[[C6:.*]] = arith.constant 6 : index
// CHECK-DAG: %[[CM2:.*]] = arith.constant -2 : index
// CHECK-DAG: %[[ALPHA:.*]] = arith.constant dense<2.000000e-05> : vector<4xf32>
// CHECK-DAG: %[[K:.*]] = arith.constant dense<1.000000e+00> : vector<4xf32>
// CHECK: scf.for %[[CHANNEL:.*]] = %[[C0]] to %[[C6]]
// CHECK:   %[[BEFORE:.*]] = arith.addi %[[CHANNEL]], %[[CM2]]
// CHECK:   %[[FROM:.*]] = arith.maxsi %[[BEFORE]], %[[C0]]
// CHECK:   %[[BEHIND:.*]] = arith.addi %[[CHANNEL]], %[[C3]]
// CHECK:   %[[TO:.*]] = arith.minsi %[[BEHIND]], %[[C6]]
// CHECK:   %[[X:.*]] = vector.load
// CHECK:   %[[SUM:.*]] = scf.for %{{.*}} = %[[FROM]] to %[[TO]]
// CHECK:     %[[NEIGHBOUR:.*]] = vector.load
// CHECK:     vector.fma %[[NEIGHBOUR]], %[[NEIGHBOUR]]
// CHECK:   %[[BASE:.*]] = vector.fma %[[SUM]], %[[ALPHA]], %[[K]]
// CHECK:   %[[HALF:.*]] = math.sqrt %[[BASE]]
// CHECK:   %[[QUARTER:.*]] = math.sqrt %[[HALF]]
// CHECK:   %[[POWER:.*]] = arith.mulf %[[HALF]], %[[QUARTER]]
// CHECK:   arith.divf %[[X]], %[[POWER]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<2x6x3x3xf32>, %y: memref<2x6x3x3xf32>) {
  kernel.lrn ins(%x) outs(%y) {size = 5, alpha = 1.0e-4 : f32, beta = 0.75 : f32, k = 1.0 : f32}
    : (memref<2x6x3x3xf32>, memref<2x6x3x3xf32>) -> ()
  return
}
}

// -----

// An even size reaches one channel further up than down; another exponent takes a logarithm.

// CHECK-LABEL: func.func private @kernel_lrn
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG: %[[CM1:.*]] = arith.constant -1 : index
// CHECK-DAG: %[[BETA:.*]] = arith.constant dense<6.000000e-01> : vector<4xf32>
// CHECK: arith.addi %[[CHANNEL:.*]], %[[CM1]]
// CHECK: arith.addi %[[CHANNEL]], %[[C3]]
// CHECK: %[[LOGARITHM:.*]] = math.log
// CHECK: %[[SCALED:.*]] = arith.mulf %[[LOGARITHM]], %[[BETA]]
// CHECK: math.exp %[[SCALED]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<2x6x8xf32>, %y: memref<2x6x8xf32>) {
  kernel.lrn ins(%x) outs(%y) {size = 4, alpha = 1.0e-4 : f32, beta = 0.6 : f32, k = 2.0 : f32}
    : (memref<2x6x8xf32>, memref<2x6x8xf32>) -> ()
  return
}
}
