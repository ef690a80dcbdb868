// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -canonicalize -cse | FileCheck %s

// 5 x 6 to 10 x 9. The row's position is (10 r - 5) / 20, not below 0, the column's (12 c - 3) / 18: whole numbers and remainders.

// CHECK-LABEL: func.func private @kernel_resize
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<1x2x5x6x4xf32>, %[[Y:.*]]: memref<1x2x10x9x4xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C10:.*]] = arith.constant 10 : index
// CHECK-DAG: %[[C12:.*]] = arith.constant 12 : index
// CHECK-DAG: %[[C18:.*]] = arith.constant 18 : index
// CHECK-DAG: %[[C20:.*]] = arith.constant 20 : index
// CHECK-DAG: %[[F20:.*]] = arith.constant 2.000000e+01 : f32
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK: scf.for %[[ROW:.*]] = %[[C0]] to %[[C10]]
// CHECK:   arith.muli %[[ROW]], %[[C10]]
// CHECK:   %[[NUMERATOR:.*]] = arith.maxsi %{{.*}}, %[[C0]]
// CHECK:   %[[LOWER:.*]] = arith.divui %[[NUMERATOR]], %[[C20]]
// CHECK:   %[[UPPER:.*]] = arith.minsi
// CHECK:   arith.remui %[[NUMERATOR]], %[[C20]]
// CHECK:   %[[FRACTION:.*]] = arith.divf %{{.*}}, %[[F20]]
// CHECK:   %[[COMPLEMENT:.*]] = arith.subf %[[ONE]], %[[FRACTION]]
// CHECK-DAG: %[[LOWERWEIGHT:.*]] = vector.broadcast %[[COMPLEMENT]]
// CHECK-DAG: %[[UPPERWEIGHT:.*]] = vector.broadcast %[[FRACTION]]
// CHECK:   scf.for %[[COLUMN:.*]] = %[[C0]]
// CHECK:     arith.muli %[[COLUMN]], %[[C12]]
// CHECK:     arith.divui %{{.*}}, %[[C18]]
// CHECK-COUNT-2: vector.load %[[X]][%[[C0]], %{{.*}}, %[[LOWER]], %{{.*}}, %[[C0]]]
// CHECK:     arith.mulf
// CHECK:     %[[ABOVE:.*]] = vector.fma
// CHECK-COUNT-2: vector.load %[[X]][%[[C0]], %{{.*}}, %[[UPPER]], %{{.*}}, %[[C0]]]
// CHECK:     arith.mulf
// CHECK:     %[[BELOW:.*]] = vector.fma
// CHECK:     %[[SCALED:.*]] = arith.mulf %[[ABOVE]], %[[LOWERWEIGHT]]
// CHECK:     %[[RESULT:.*]] = vector.fma %[[BELOW]], %[[UPPERWEIGHT]], %[[SCALED]]
// CHECK:     vector.store %[[RESULT]], %[[Y]][%[[C0]], %{{.*}}, %[[ROW]], %[[COLUMN]], %[[C0]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x5x6x4xf32>, %y: memref<1x2x10x9x4xf32>) {
  kernel.resize linear ins(%x) outs(%y) {align_corners = false} : (memref<1x2x5x6x4xf32>, memref<1x2x10x9x4xf32>) -> ()
  return
}
}

// -----

// With aligned corners the position is 4 o / 9; without a fused multiply-add the target multiplies and adds.

// CHECK-LABEL: func.func private @kernel_resize
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[C9:.*]] = arith.constant 9 : index
// CHECK: %[[NUMERATOR:.*]] = arith.muli %{{.*}}, %[[C4]]
// CHECK: arith.divui %[[NUMERATOR]], %[[C9]]
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK-NOT: vector.fma
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 0, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x5x4xf32>, %y: memref<1x2x10x4xf32>) {
  kernel.resize linear ins(%x) outs(%y) {align_corners = true} : (memref<1x2x5x4xf32>, memref<1x2x10x4xf32>) -> ()
  return
}
}

// -----

// The nearest position below, 2 o / 5, and a dimension that keeps its size.

// CHECK-LABEL: func.func private @kernel_resize
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<1x1x3x2x4xf32>, %[[Y:.*]]: memref<1x1x3x5x4xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C5:.*]] = arith.constant 5 : index
// CHECK: %[[PRODUCT:.*]] = arith.muli %[[O:.*]], %[[C2]]
// CHECK: %[[AT:.*]] = arith.divui %[[PRODUCT]], %[[C5]]
// CHECK: %[[VALUE:.*]] = vector.load %[[X]][%[[C0]], %[[C0]], %[[ROW:.*]], %[[AT]], %[[C0]]]
// CHECK: vector.store %[[VALUE]], %[[Y]][%[[C0]], %[[C0]], %[[ROW]], %[[O]], %[[C0]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x3x2x4xf32>, %y: memref<1x1x3x5x4xf32>) {
  kernel.resize nearest ins(%x) outs(%y) {align_corners = false} : (memref<1x1x3x2x4xf32>, memref<1x1x3x5x4xf32>) -> ()
  return
}
}
