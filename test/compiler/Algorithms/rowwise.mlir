// Lanes that are neighbouring positions of a row.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// 25 positions with 3 taps, in tiles of 2 vectors of 4 by 2 output channels. The first tile and the last position load under a mask, by the taps
// that any of their lanes reads; the tiles between load all, at any place. The position that is left over is one vector, of which one lane is
// stored.
// CHECK-LABEL: func.func private @kernel_row
// CHECK-SAME: (%{{.*}}: index, %[[X4:.*]]: memref<1x3x25x1xf32>, %[[W:.*]]: memref<18xf32>, %[[B:.*]]: memref<2x1xf32>, %[[R4:.*]]: memref<1x2x25x1xf32>, %[[Y4:.*]]: memref<1x2x25x1xf32>)
// CHECK-DAG: %[[LANES:.*]] = arith.constant dense<[0, 1, 2, 3]> : vector<4xi32>
// CHECK-DAG: %[[SIZE:.*]] = arith.constant dense<25> : vector<4xi32>
// CHECK-DAG: %[[X:.*]] = memref.collapse_shape %[[X4]] {{.*}} into memref<1x3x25xf32>
// CHECK-DAG: %[[Y:.*]] = memref.collapse_shape %[[Y4]] {{.*}} into memref<1x2x25xf32>
// CHECK-DAG: %[[R:.*]] = memref.collapse_shape %[[R4]] {{.*}} into memref<1x2x25xf32>
// The first tile:
// CHECK: scf.for %[[CHANNEL:.*]] = %c0 to %c3 step %c1 iter_args
// CHECK: scf.for %[[TAP:.*]] = %c0 to %c3 step %c1 iter_args
// CHECK: %[[FIRST:.*]] = arith.addi %[[TAP]], %c-1
// CHECK: %[[PLACE:.*]] = arith.index_cast %[[FIRST]] : index to i32
// CHECK: %[[PLACES:.*]] = vector.broadcast %[[PLACE]]
// CHECK: %[[POSITIONS:.*]] = arith.addi %[[PLACES]], %[[LANES]]
// CHECK: %[[MASK:.*]] = arith.cmpi ult, %[[POSITIONS]], %[[SIZE]]
// CHECK: vector.maskedload %[[X]][%c0, %[[CHANNEL]], %[[FIRST]]], %[[MASK]]
// CHECK: vector.maskedload
// CHECK-COUNT-4: vector.fma
// CHECK-NOT: vector.fma
// CHECK: memref.load %[[B]][%c0, %c0]
// CHECK: vector.load %[[R]][%c0, %c0, %c0] : memref<1x2x25xf32>, vector<4xf32>
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %c0] : memref<1x2x25xf32>, vector<4xf32>
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %c4]
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c1, %c0]
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c1, %c4]
// The interior:
// CHECK: scf.for %[[COLUMN:.*]] = %c8 to %c24 step %c8 {
// CHECK-NOT: vector.maskedload
// CHECK: scf.for %[[CHANNEL:.*]] = %c0 to %c3 step %c1 iter_args
// CHECK: scf.for %[[TAP:.*]] = %c0 to %c3 step %c1 iter_args
// CHECK: vector.load %[[X]][%c0, %[[CHANNEL]], %{{.*}}] : memref<1x3x25xf32>, vector<4xf32>
// CHECK: vector.load %[[X]]
// CHECK: memref.load %[[W]]
// CHECK-COUNT-2: vector.fma
// CHECK: memref.load %[[W]]
// CHECK-COUNT-2: vector.fma
// CHECK-NOT: vector.fma
// CHECK-COUNT-4: vector.store
// CHECK-NOT: vector.store
// The position that is left over:
// CHECK: vector.maskedload %[[X]]
// CHECK-NOT: vector.maskedload
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %c24] : memref<1x2x25xf32>, vector<1xf32>
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c1, %c24] : memref<1x2x25xf32>, vector<1xf32>
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x3x25x1xf32>, %w: memref<18xf32>, %b: memref<2x1xf32>, %r: memref<1x2x25x1xf32>, %y: memref<1x2x25x1xf32>) {
  kernel.conv "rowwise" ins(%x, %w bias %b residual %r) outs(%y) {in_channels = 3 : i64, out_channels = 2 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>, output_sizes = array<i64: 25>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 2>}
    : (memref<1x3x25x1xf32>, memref<18xf32>, memref<2x1xf32>, memref<1x2x25x1xf32>, memref<1x2x25x1xf32>) -> () loc("row")
  return
}
}

// -----

// Every second position: two loads, the second of which ends with what the last lane reads, and a shuffle.
// CHECK-LABEL: func.func private @kernel_strided
// CHECK-SAME: (%{{.*}}: index, %[[X4:.*]]: memref<1x1x7x1xf32>
// CHECK: %[[X:.*]] = memref.collapse_shape %[[X4]]
// CHECK: %[[LOW:.*]] = vector.load %[[X]][%c0, %c0, %c0]
// CHECK: %[[HIGH:.*]] = vector.load %[[X]][%c0, %c0, %c3]
// CHECK: vector.shuffle %[[LOW]], %[[HIGH]] [0, 2, 5, 7]
// CHECK-NOT: vector.load
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x7x1xf32>, %w: memref<1xf32>, %y: memref<1x1x4x1xf32>) {
  kernel.conv "rowwise" ins(%x, %w) outs(%y) {in_channels = 1 : i64, out_channels = 1 : i64, groups = 1 : i64,
      kernel = array<i64: 1>, strides = array<i64: 2>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 4>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 1, 1>}
    : (memref<1x1x7x1xf32>, memref<1xf32>, memref<1x1x4x1xf32>) -> () loc("strided")
  return
}
}

// -----

// A phase of a transposed convolution: positions that are read one by one, as they don't follow each other, and written apart.
// CHECK-LABEL: func.func private @kernel_apart
// CHECK-SAME: (%{{.*}}: index, %[[X:.*]]: memref<1x1x5x1xf32, strided<[10, 10, 2, 1]>>, %{{.*}}: memref<1xf32>, %[[Y:.*]]: memref<1x1x9x1xf32>)
// CHECK-COUNT-4: memref.load %[[X]]
// CHECK: vector.from_elements
// CHECK: memref.store %{{.*}}, %[[Y]][%c0, %c0, %c1, %c0]
// CHECK: memref.store %{{.*}}, %[[Y]][%c0, %c0, %c3, %c0]
// CHECK: memref.store %{{.*}}, %[[Y]][%c0, %c0, %c5, %c0]
// CHECK: memref.store %{{.*}}, %[[Y]][%c0, %c0, %c7, %c0]
// CHECK-NOT: store
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x5x1xf32, strided<[10, 10, 2, 1]>>, %w: memref<1xf32>, %y: memref<1x1x9x1xf32>) {
  kernel.conv "rowwise" ins(%x, %w) outs(%y) {in_channels = 1 : i64, out_channels = 1 : i64, groups = 1 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 4>,
      output_strides = array<i64: 2>, output_offsets = array<i64: 1>, tile = array<i64: 1, 1>}
    : (memref<1x1x5x1xf32, strided<[10, 10, 2, 1]>>, memref<1xf32>, memref<1x1x9x1xf32>) -> () loc("apart")
  return
}
}
