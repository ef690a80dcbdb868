// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -canonicalize -cse | FileCheck %s

// Five rows of six columns: a tile of two vectors, of which the second begins in the first. The matrix of `right` is the same for both of
// `left`'s.

// CHECK-LABEL: func.func private @kernel_matmul
// CHECK-SAME: %{{.*}}: index, %[[A:.*]]: memref<2x5x3xf32>, %[[B:.*]]: memref<1x3x6xf32>, %[[C:.*]]: memref<2x5x6xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<4xf32>
// CHECK: scf.for %[[MATRIX:.*]] = %[[C0]] to %[[C2]] step %[[C1]] {
// CHECK:   %[[SUMS:.*]]:10 = scf.for %[[K:.*]] = %[[C0]] to %[[C3]] step %[[C1]] iter_args(%{{.*}} = %[[ZERO]],
// CHECK-DAG: memref.load %[[A]][%[[MATRIX]], %[[C0]], %[[K]]]
// CHECK-DAG: memref.load %[[A]][%[[MATRIX]], %[[C4]], %[[K]]]
// CHECK-DAG: %[[B0:.*]] = vector.load %[[B]][%[[C0]], %[[K]], %[[C0]]] : memref<1x3x6xf32>, vector<4xf32>
// CHECK-DAG: %[[B1:.*]] = vector.load %[[B]][%[[C0]], %[[K]], %[[C2]]] : memref<1x3x6xf32>, vector<4xf32>
// CHECK-COUNT-10: vector.fma
// CHECK-NOT: vector.fma
// CHECK:     scf.yield
// CHECK:   vector.store %[[SUMS]]#0, %[[C]][%[[MATRIX]], %[[C0]], %[[C0]]]
// CHECK:   vector.store %[[SUMS]]#1, %[[C]][%[[MATRIX]], %[[C0]], %[[C2]]]
// CHECK:   vector.store %[[SUMS]]#9, %[[C]][%[[MATRIX]], %[[C4]], %[[C2]]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%a: memref<2x5x3xf32>, %b: memref<1x3x6xf32>, %c: memref<2x5x6xf32>) {
  kernel.matmul ins(%a, %b) outs(%c) : (memref<2x5x3xf32>, memref<1x3x6xf32>, memref<2x5x6xf32>) -> ()
  return
}
}

// -----

// Columns that don't lie together are single elements.

// CHECK-LABEL: func.func private @kernel_matmul
// CHECK-NOT: vector
// CHECK: math.fma {{.*}} : f32
// CHECK-NOT: vector
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%a: memref<5x3xf32>, %b: memref<3x6xf32, strided<[12, 2]>>, %c: memref<5x6xf32>) {
  kernel.matmul ins(%a, %b) outs(%c) : (memref<5x3xf32>, memref<3x6xf32, strided<[12, 2]>>, memref<5x6xf32>) -> ()
  return
}
}

// -----

// Where multiply-adds take factors by their number in a vector, those of four steps are loaded together; two steps are left.

// CHECK-LABEL: func.func private @kernel_matmul
// CHECK-SAME: %{{.*}}: index, %[[A:.*]]: memref<2x10xf32>, %[[B:.*]]: memref<10x4xf32>
// CHECK: scf.for
// CHECK:   %[[FACTORS:.*]] = vector.load %[[A]][%{{.*}}, %{{.*}}] : memref<2x10xf32>, vector<4xf32>
// CHECK:   vector.extract %[[FACTORS]][3] : f32 from vector<4xf32>
// CHECK: scf.for
// CHECK:   memref.load %[[A]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 32, fma = 1, l1 = 32768, l2 = 524288, by_element = 1>} {
func.func @main(%a: memref<2x10xf32>, %b: memref<10x4xf32>, %c: memref<2x4xf32>) {
  kernel.matmul ins(%a, %b) outs(%c) : (memref<2x10xf32>, memref<10x4xf32>, memref<2x4xf32>) -> ()
  return
}
}

// -----

// Rows of `right` that span more than the second-level cache: tasks have a tile of columns each, of which eight products at a time are copied
// by the first tile of rows. Each tile of rows asks for a vector of each row of the next eight, or of the next tile of columns.

// CHECK-LABEL: func.func private @kernel_matmul
// CHECK-SAME: %[[TASK:.*]]: index, %[[A:.*]]: memref<24x20xf32>, %[[B:.*]]: memref<20x64xf32>, %[[C:.*]]: memref<24x64xf32>
// CHECK: %[[COPY:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8x2x4xf32>
// CHECK: scf.for {{.*}} iter_args
// CHECK:   memref.prefetch %[[B]]
// CHECK:   %[[B0:.*]] = vector.load %[[B]]
// CHECK:   vector.store %[[B0]], %[[COPY]]
// CHECK:   %[[B1:.*]] = vector.load %[[B]]
// CHECK:   vector.store %[[B1]], %[[COPY]]
// CHECK:   scf.yield
// CHECK: scf.for
// CHECK:   scf.for {{.*}} iter_args
// CHECK:     memref.prefetch %[[B]]
// CHECK-NOT: vector.load %[[B]]
// CHECK:     vector.load %[[COPY]]
// CHECK:     scf.yield
// CHECK: vector.load %[[C]]
// CHECK: scf.for {{.*}} iter_args
// CHECK:   vector.load %[[B]]
// CHECK:   vector.store {{.*}}, %[[COPY]]
// CHECK: func.func @main
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 400, l2 = 4096>} {
func.func @main(%a: memref<24x20xf32>, %b: memref<20x64xf32>, %c: memref<24x64xf32>) {
  kernel.matmul ins(%a, %b) outs(%c) : (memref<24x20xf32>, memref<20x64xf32>, memref<24x64xf32>) -> ()
  return
}
}

// -----

// Eight tiles of columns and five of rows: tasks are ranges of columns, with all rows.

// CHECK: scf.forall (%[[NUMBER:.*]]) in (8)
// CHECK-NEXT: func.call @kernel_matmul(%[[NUMBER]],
// CHECK: func.func private @kernel_matmul(%[[TASK:.*]]: index, %{{.*}}: memref<64x64xf32>, %[[B:[a-z0-9]+]]: memref<64x256xf32>
// CHECK: scf.for %[[COLUMNS:.*]] = %[[TASK]] to
// CHECK:   %[[COLUMN:.*]] = arith.muli %[[COLUMNS]], %c32
// CHECK:   scf.for %{{.*}} = %c0 to %c4
// CHECK:     vector.load %[[B]][%{{.*}}, %[[COLUMN]]]
// CHECK:   vector.load %[[B]][%{{.*}}, %[[COLUMN]]]
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%a: memref<64x64xf32>, %b: memref<64x256xf32>, %c: memref<64x256xf32>) {
  kernel.matmul ins(%a, %b) outs(%c) : (memref<64x64xf32>, memref<64x256xf32>, memref<64x256xf32>) -> ()
  return
}
}

// -----

// A first-level cache that holds no vector of products: the smallest rounds all the same.

// CHECK: func.func private @kernel_matmul
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<4x2x4xf32>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 16, l2 = 4096>} {
func.func @main(%a: memref<24x20xf32>, %b: memref<20x64xf32>, %c: memref<24x64xf32>) {
  kernel.matmul ins(%a, %b) outs(%c) : (memref<24x20xf32>, memref<20x64xf32>, memref<24x64xf32>) -> ()
  return
}
}
