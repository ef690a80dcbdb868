// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -canonicalize -cse | FileCheck %s

// 20 columns of the input in blocks of 16: squares of 4 x 4, all rows of a block for four columns of the result before the next
// four. The rest is copied one by one: the 18th and 17th column of the result, and the last four rows.

// CHECK-LABEL: func.func private @kernel_transpose
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<18x20xf32>, %[[Y:.*]]: memref<20x18xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
// CHECK-DAG: %[[C18:.*]] = arith.constant 18 : index
// CHECK-DAG: %[[C20:.*]] = arith.constant 20 : index
// CHECK: scf.for %[[BLOCK:.*]] = %[[C0]] to %[[C2]]
// CHECK:   %[[FROM:.*]] = arith.muli %[[BLOCK]], %[[C16]]
// CHECK:   %[[TO:.*]] = arith.addi %[[FROM]], %[[C16]]
// CHECK:   %[[FULL:.*]] = arith.cmpi slt, %[[BLOCK]], %[[C1]]
// CHECK:   scf.if %[[FULL]] {
// CHECK:     scf.for %[[COLUMN:.*]] = %[[C0]] to %[[C16]] step %[[C4]]
// CHECK:       scf.for %[[ROW:.*]] = %[[FROM]] to %[[TO]] step %[[C4]]
// CHECK:         vector.load %[[X]][%[[COLUMN]], %[[ROW]]]
// CHECK-COUNT-3: vector.load %[[X]][%{{.*}}, %[[ROW]]]
// The lines that the square after the next one will be written to.
// CHECK:         %[[AHEAD:.*]] = arith.addi %[[COLUMN]], %[[C8]]
// CHECK-COUNT-4: memref.prefetch %[[Y]][%{{.*}}, %[[AHEAD]]], write, locality<3>, data
// CHECK-COUNT-8: vector.shuffle
// CHECK:         vector.store %{{.*}}, %[[Y]][%[[ROW]], %[[COLUMN]]]
// CHECK-COUNT-3: vector.store %{{.*}}, %[[Y]][%{{.*}}, %[[COLUMN]]]
// CHECK:     scf.for %[[ROW:.*]] = %[[FROM]] to %[[TO]] step %[[C1]]
// CHECK:       scf.for %[[COLUMN:.*]] = %[[C16]] to %[[C18]] step %[[C1]]
// CHECK:         %[[VALUE:.*]] = memref.load %[[X]][%[[COLUMN]], %[[ROW]]]
// CHECK:         memref.store %[[VALUE]], %[[Y]][%[[ROW]], %[[COLUMN]]]
// CHECK:   scf.if
// CHECK:     scf.for %{{.*}} = %[[C16]] to %[[C20]] step %[[C1]]
// CHECK:       scf.for %{{.*}} = %[[C0]] to %[[C18]] step %[[C1]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<18x20xf32>, %y: memref<20x18xf32>) {
  linalg.transpose ins(%x : memref<18x20xf32>) outs(%y : memref<20x18xf32>) permutation = [1, 0]
  return
}
}

// -----

// Dimensions that stay together are one; where nothing but the order of larger pieces changes, rows are copied.

// CHECK-LABEL: func.func private @kernel_transpose
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<2x3x4x8xf32>, %[[Y:.*]]: memref<3x2x4x8xf32>
// CHECK-DAG: memref.reinterpret_cast %[[X]] to offset: [0], sizes: [3, 2, 32], strides: [32, 96, 1]
// CHECK-DAG: memref.reinterpret_cast %[[Y]] to offset: [0], sizes: [3, 2, 32], strides: [64, 32, 1]
// CHECK-NOT: vector.shuffle
// CHECK: %[[V:.*]] = vector.load
// CHECK: vector.store %[[V]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<2x3x4x8xf32>, %y: memref<3x2x4x8xf32>) {
  linalg.transpose ins(%x : memref<2x3x4x8xf32>) outs(%y : memref<3x2x4x8xf32>) permutation = [1, 0, 2, 3]
  return
}
}
