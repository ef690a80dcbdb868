// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -canonicalize -cse | FileCheck %s

// Rows of whole vectors: the three rows of padding are filled, the others copied as one piece.

// CHECK-LABEL: func.func private @kernel_pad
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<1x2x5x6x4xf32>, %[[Y:.*]]: memref<1x2x8x6x4xf32>
// CHECK-DAG: %[[FILL:.*]] = arith.constant dense<1.500000e+00> : vector<4xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[C24:.*]] = arith.constant 24 : index
// CHECK-DAG: %[[C120:.*]] = arith.constant 120 : index
// CHECK-DAG: %[[C144:.*]] = arith.constant 144 : index
// CHECK-DAG: %[[C192:.*]] = arith.constant 192 : index
// CHECK: scf.for %{{.*}} = %[[C0]] to %[[C24]] step %[[C4]]
// CHECK:   vector.store %[[FILL]]
// CHECK: scf.for %[[I:.*]] = %[[C0]] to %[[C120]] step %[[C4]]
// CHECK:   %[[TO:.*]] = arith.addi %[[I]], %[[C24]]
// CHECK:   %[[VALUES:.*]] = vector.load {{.*}}, %[[I]]]
// CHECK:   vector.store %[[VALUES]], {{.*}}, %[[TO]]]
// CHECK: scf.for %{{.*}} = %[[C144]] to %[[C192]] step %[[C4]]
// CHECK:   vector.store %[[FILL]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x5x6x4xf32>, %y: memref<1x2x8x6x4xf32>) {
  kernel.pad zeros ins(%x) outs(%y) {low = array<i64: 0, 0, 1, 0, 0>, high = array<i64: 0, 0, 2, 0, 0>, value = 1.5 : f32}
    : (memref<1x2x5x6x4xf32>, memref<1x2x8x6x4xf32>) -> ()
  return
}
}

// -----

// A row outside of the input has no values to copy: one comparison tells, negative positions are large unsigned ones.

// CHECK-LABEL: func.func private @kernel_pad
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK: %[[INSIDE:.*]] = arith.cmpi ult, %{{.*}}, %[[C3]]
// CHECK: scf.if %[[INSIDE]]
// CHECK:   memref.load
// CHECK: %[[OUTSIDE:.*]] = arith.cmpi uge, %{{.*}}, %[[C3]]
// CHECK: scf.if %[[OUTSIDE]]
// CHECK-NOT: load
// CHECK:   memref.store
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<3x3xf32>, %y: memref<5x5xf32>) {
  kernel.pad zeros ins(%x) outs(%y) {low = array<i64: 1, 1>, high = array<i64: 1, 1>, value = 0.0 : f32}
    : (memref<3x3xf32>, memref<5x5xf32>) -> ()
  return
}
}

// -----

// Position i of a reflected row of 6 with 2 before it takes 5 - |5 - |i - 2||.

// CHECK-LABEL: func.func private @kernel_pad
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[C5:.*]] = arith.constant 5 : index
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK: scf.for %[[I:.*]] = %[[C0]] to %[[C2]] step %[[C1]]
// CHECK:   %[[AT:.*]] = arith.addi %[[I]], %{{.*}}
// CHECK:   %[[MINUS:.*]] = arith.subi %[[C2]], %[[I]]
// CHECK:   %[[ABSOLUTE:.*]] = arith.maxsi %[[AT]], %[[MINUS]]
// CHECK:   %[[DISTANCE:.*]] = arith.subi %[[C5]], %[[ABSOLUTE]]
// CHECK:   %[[FURTHER:.*]] = arith.maxsi %[[DISTANCE]], %{{.*}}
// CHECK:   %[[SOURCE:.*]] = arith.subi %[[C5]], %[[FURTHER]]
// CHECK:   memref.load %{{.*}}[%[[SOURCE]]]
// CHECK:   memref.store %{{.*}}, %{{.*}}[%[[I]]]
// CHECK: memref.load %{{.*}}[%[[C4]]]
// CHECK: memref.store %{{.*}}, %{{.*}}[%[[C8]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<6xf32>, %y: memref<9xf32>) {
  kernel.pad reflect ins(%x) outs(%y) {low = array<i64: 2>, high = array<i64: 1>, value = 0.0 : f32}
    : (memref<6xf32>, memref<9xf32>) -> ()
  return
}
}

// -----

// The one position before a circular row is its last, the one after it its first; replicated, the first and the last.

// CHECK-LABEL: func.func private @kernel_pad
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<6xf32>, %[[Y:.*]]: memref<8xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C5:.*]] = arith.constant 5 : index
// CHECK-DAG: %[[C7:.*]] = arith.constant 7 : index
// CHECK: %[[LAST:.*]] = memref.load %[[X]][%[[C5]]]
// CHECK: memref.store %[[LAST]], %[[Y]][%[[C0]]]
// CHECK: %[[FIRST:.*]] = memref.load %[[X]][%[[C0]]]
// CHECK: memref.store %[[FIRST]], %[[Y]][%[[C7]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<6xf32>, %y: memref<8xf32>) {
  kernel.pad circular ins(%x) outs(%y) {low = array<i64: 1>, high = array<i64: 1>, value = 0.0 : f32}
    : (memref<6xf32>, memref<8xf32>) -> ()
  return
}
}

// -----

// CHECK-LABEL: func.func private @kernel_pad
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<6xf32>, %[[Y:.*]]: memref<8xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C5:.*]] = arith.constant 5 : index
// CHECK-DAG: %[[C7:.*]] = arith.constant 7 : index
// CHECK: %[[FIRST:.*]] = memref.load %[[X]][%[[C0]]]
// CHECK: memref.store %[[FIRST]], %[[Y]][%[[C0]]]
// CHECK: %[[LAST:.*]] = memref.load %[[X]][%[[C5]]]
// CHECK: memref.store %[[LAST]], %[[Y]][%[[C7]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<6xf32>, %y: memref<8xf32>) {
  kernel.pad replicate ins(%x) outs(%y) {low = array<i64: 1>, high = array<i64: 1>, value = 0.0 : f32}
    : (memref<6xf32>, memref<8xf32>) -> ()
  return
}
}
