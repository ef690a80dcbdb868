// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -canonicalize -cse | FileCheck %s

// Six channels by nine positions into blocks of four: squares of 4 x 4 through registers, the ninth position one by one; in the
// second block two channels exist, and the others are zeros.

// CHECK-LABEL: func.func private @kernel_reorder
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<1x6x3x3xf32>, %[[Y:.*]]: memref<1x2x3x3x4xf32>
// CHECK-DAG: %[[ZEROS:.*]] = arith.constant dense<0.000000e+00> : vector<4xf32>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK-DAG: %[[PLAIN:.*]] = memref.reinterpret_cast %[[X]] to offset: [0], sizes: [1, 6, 9], strides: [54, 9, 1]
// CHECK-DAG: %[[BLOCKED:.*]] = memref.reinterpret_cast %[[Y]] to offset: [0], sizes: [1, 2, 9, 4], strides: [72, 36, 4, 1]
// CHECK: scf.for %[[BLOCK:.*]] = %[[C0]] to %[[C2]]
// CHECK:   arith.cmpi slt, %[[BLOCK]], %[[C1]]
// CHECK:   scf.if
// CHECK:     scf.for %[[I:.*]] = %[[C0]] to %[[C8]] step %[[C4]] {
// CHECK-COUNT-4: vector.load %[[PLAIN]]
// CHECK-COUNT-8: vector.shuffle
// CHECK-COUNT-4: vector.store {{.*}}, %[[BLOCKED]]
// CHECK:     scf.for %[[LANE:.*]] = %[[C0]] to %[[C4]] step %[[C1]]
// CHECK:       memref.load %[[PLAIN]][%[[C0]], {{.*}}, %[[C8]]]
// CHECK:       memref.store {{.*}}, %[[BLOCKED]][%[[C0]], %[[BLOCK]], %[[C8]], %[[LANE]]]
// CHECK:   arith.cmpi eq, %[[BLOCK]], %[[C1]]
// CHECK:   scf.if
// CHECK-COUNT-2: vector.load %[[PLAIN]]
// CHECK:         vector.shuffle {{.*}}, %[[ZEROS]]
// CHECK-COUNT-4: vector.store {{.*}}, %[[BLOCKED]]
// CHECK:     scf.for {{.*}} = %[[C2]] to %[[C4]] step %[[C1]]
// CHECK:       memref.store %[[ZERO]], %[[BLOCKED]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x6x3x3xf32>, %y: memref<1x2x3x3x4xf32>) {
  kernel.reorder ins(%x) outs(%y) {channels = 6 : i64} : (memref<1x6x3x3xf32>, memref<1x2x3x3x4xf32>) -> ()
  return
}
}

// -----

// Back, of channels that don't exist nothing is read or written. The lines of a square two further on are asked for.

// CHECK-LABEL: func.func private @kernel_reorder
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<1x1x2x2x4xf32>, %[[Y:.*]]: memref<1x3x2x2xf32>
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK-COUNT-4: vector.load
// CHECK-COUNT-3: memref.prefetch %{{.*}}[{{.*}}, %[[C8]]], write, locality<3>, data
// CHECK-NOT: prefetch
// CHECK-COUNT-3: vector.store
// CHECK-NOT: store
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x2x2x4xf32>, %y: memref<1x3x2x2xf32>) {
  kernel.reorder ins(%x) outs(%y) {channels = 3 : i64} : (memref<1x1x2x2x4xf32>, memref<1x3x2x2xf32>) -> ()
  return
}
}

// -----

// Without positions both sides have the same order: a copy.

// CHECK-LABEL: func.func private @kernel_reorder
// CHECK-NOT: vector.shuffle
// CHECK: vector.load %[[BLOCKED:.*]][%[[N:.*]], %{{.*}}] : memref<2x8xf32, strided<[8, 1]>>, vector<4xf32>
// CHECK: vector.store
// CHECK: %[[REST:.*]] = vector.load %[[BLOCKED]][%[[N]], %{{.*}}] : memref<2x8xf32, strided<[8, 1]>>, vector<2xf32>
// CHECK: vector.store %[[REST]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<2x2x1x1x4xf32>, %y: memref<2x6x1x1xf32>) {
  kernel.reorder ins(%x) outs(%y) {channels = 6 : i64} : (memref<2x2x1x1x4xf32>, memref<2x6x1x1xf32>) -> ()
  return
}
}

// -----

// Every second column of a tensor: no vectors, but single elements at their strides.

// CHECK-LABEL: func.func private @kernel_reorder
// CHECK: memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [1, 4, 15], strides: [120, 30, 2]
// CHECK-NOT: vector
// CHECK: memref.load
// CHECK: memref.store
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x4x3x5xf32, strided<[120, 30, 10, 2]>>, %y: memref<1x1x3x5x4xf32>) {
  kernel.reorder ins(%x) outs(%y) {channels = 4 : i64}
    : (memref<1x4x3x5xf32, strided<[120, 30, 10, 2]>>, memref<1x1x3x5x4xf32>) -> ()
  return
}
}

// -----

// A window of a larger tensor, whose rows aren't one piece of memory: positions are found by division.

// CHECK-LABEL: func.func private @kernel_reorder
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<1x4x3x5xf32, strided<[1024, 256, 16, 1], offset: 17>>
// CHECK: scf.for %[[I:.*]] =
// CHECK: arith.remui
// CHECK: arith.divui
// CHECK: memref.load %[[X]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x4x3x5xf32, strided<[1024, 256, 16, 1], offset: 17>>, %y: memref<1x1x3x5x4xf32>) {
  kernel.reorder ins(%x) outs(%y) {channels = 4 : i64}
    : (memref<1x4x3x5xf32, strided<[1024, 256, 16, 1], offset: 17>>, memref<1x1x3x5x4xf32>) -> ()
  return
}
}
