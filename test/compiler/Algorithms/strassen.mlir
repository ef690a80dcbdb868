// Strassen's algorithm: four sums of the input, then seven products of half the channels for two blocks of output channels and both halves
// of the positions.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// 8 channels and 4 positions in halves, two output vectors: a register tile of 2 x 1. Seven products of four steps, where the sum has four
// tiles of eight.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: %[[X:.*]]: memref<1x2x4x4xf32>, %[[W:.*]]: memref<112xf32>, %[[Y:.*]]: memref<1x2x4x4xf32>, %[[SCRATCH:.*]]: memref<1x88xf32>)
// The sums of a position of either half.
// CHECK: scf.for %{{.*}} = %c0 to %c2 step %c1 {
// CHECK: %[[P5:.*]] = arith.subf %[[X12:.*]], %[[X11:.*]] :
// CHECK: %[[P6:.*]] = arith.subf %[[X22:.*]], %[[P5]]
// CHECK: arith.subf %[[P6]], %[[X21:.*]] :
// CHECK: arith.subf %[[X22]], %[[X12]]
// CHECK-COUNT-4: vector.store %{{.*}}, %[[SCRATCH]]
// Three products of the input's blocks, four of its sums.
// CHECK: scf.for %{{.*}} = %c0 to %c3 step %c1 {
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c2 iter_args
// CHECK-COUNT-4: vector.fma
// CHECK-NOT: vector.fma
// CHECK-COUNT-2: vector.store %{{.*}}, %[[SCRATCH]]
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1 {
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c2 iter_args
// CHECK-COUNT-4: vector.fma
// CHECK-NOT: vector.fma
// CHECK-COUNT-2: vector.store %{{.*}}, %[[SCRATCH]]
// The four results of a position.
// CHECK: scf.for %[[T:.*]] = %c0 to %c2 step %c1 {
// CHECK-COUNT-7: arith.addf
// CHECK-NOT: arith.addf
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c0, %c0, %[[T]], %c0]
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c0, %c0, %[[SECOND:.*]], %c0]
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c1, %c0, %[[T]], %c0]
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c1, %c0, %[[SECOND]], %c0]
// CHECK-NOT: vector.store
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x4x4xf32>, %w: memref<112xf32>, %y: memref<1x2x4x4xf32>, %s: memref<1x88xf32>) {
  kernel.conv "strassen" ins(%x, %w) outs(%y scratch %s) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 1 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 4>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>}
    : (memref<1x2x4x4xf32>, memref<112xf32>, memref<1x2x4x4xf32>, memref<1x88xf32>) -> () loc("conv1")
  return
}
}

// -----

// Three positions: halves of two that share the middle one, which the first half computes and doesn't store. Nine channels, one of which is
// multiplied as it is, and three output vectors, one of which has no partner.
// CHECK-LABEL: func.func private @kernel_conv2
// CHECK-SAME: %[[X:.*]]: memref<1x3x3x4xf32>, %[[W:.*]]: memref<156xf32>, %[[Y:.*]]: memref<1x3x3x4xf32>, %[[SCRATCH:.*]]: memref<1x120xf32>)
// The sums, seven products, and the last channel for each of the four results.
// CHECK: scf.for %{{.*}} = %c0 to %c2 step %c1 {
// CHECK: scf.for %{{.*}} = %c0 to %c3 step %c1 {
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1 {
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1 {
// CHECK-NOT: scf.for
// CHECK-COUNT-2: vector.fma
// Positions 0 and 1 of the first position, 2 alone of the second one.
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c0, %c0, %c0, %c0]
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c0, %c0, %c1, %c0]
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c1, %c0, %c0, %c0]
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c1, %c0, %c1, %c0]
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c0, %c0, %c2, %c0]
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c1, %c0, %c2, %c0]
// CHECK-NOT: vector.store
// The vector without a partner, by all channels.
// CHECK: scf.for
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c2, %c0, %c0, %c0]
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c2, %c0, %c1, %c0]
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c2, %c0, %c2, %c0]
// CHECK-NOT: vector.store
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x3x3x4xf32>, %w: memref<156xf32>, %y: memref<1x3x3x4xf32>, %s: memref<1x120xf32>) {
  kernel.conv "strassen" ins(%x, %w) outs(%y scratch %s) {in_channels = 9 : i64, out_channels = 12 : i64, groups = 1 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 3>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>}
    : (memref<1x3x3x4xf32>, memref<156xf32>, memref<1x3x3x4xf32>, memref<1x120xf32>) -> () loc("conv2")
  return
}
}

// -----

// A filter that is larger than half of the second-level cache: of two tiles each asks for its half of the next matrix, of 64 x 16 floats, 8 of
// them while it multiplies a channel.
// CHECK-LABEL: func.func private @kernel_shares
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<28672xf32>
// CHECK: scf.for %[[PRODUCT:.*]] = %c0 to %c3 step %c1 {
// CHECK-NEXT: scf.for %[[TILE:.*]] = %c0 to %c8 step %c4 {
// CHECK: %[[NUMBER:.*]] = arith.divui %[[TILE]], %c4
// CHECK: %[[FIRST:.*]] = arith.muli %[[NUMBER]], %c64 overflow<nsw>
// CHECK: %[[STEP:.*]] = arith.addi %[[FIRST]],
// CHECK: %[[NEXT:.*]] = arith.addi %{{.*}}, %c1024 overflow<nsw>
// CHECK: %[[OFFSET:.*]] = arith.muli %[[STEP]], %c8 overflow<nsw>
// CHECK: %[[PLACE:.*]] = arith.addi %[[OFFSET]], %[[NEXT]] overflow<nsw>
// CHECK-NEXT: memref.prefetch %[[W]][%[[PLACE]]], read, locality<2>, data
module attributes {kernel.target = #kernel.target<lanes = 8, registers = 16, fma = 1, l1 = 32768, l2 = 32768>} {
func.func @main(%x: memref<1x16x16x8xf32>, %w: memref<28672xf32>, %y: memref<1x16x16x8xf32>, %s: memref<2x16384xf32>) {
  kernel.conv "strassen" ins(%x, %w) outs(%y scratch %s) {in_channels = 128 : i64, out_channels = 128 : i64, groups = 1 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 16>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 4, 2>}
    : (memref<1x16x16x8xf32>, memref<28672xf32>, memref<1x16x16x8xf32>, memref<2x16384xf32>) -> () loc("shares")
  return
}
}

// -----

// An input that is larger than half of the second-level cache, in rows of 24 positions: the last four products of the last pair of blocks ask
// for the next row, each for the positions of one half and the channels of one half.
// CHECK-LABEL: func.func private @kernel_input
// CHECK-SAME: (%[[ROW:.*]]: index, %{{.*}}: index, %[[X:.*]]: memref<1x4x48x4xf32>
// CHECK: %[[ROWS:.*]] = memref.expand_shape %[[X]] {{.*}} into memref<1x4x2x24x4xf32>
// CHECK-COUNT-4: vector.store
// CHECK: }
// CHECK: }
// CHECK: }
// CHECK: scf.for %[[PAIR:.*]] = %c0 to %c4 step %c1 {
// CHECK-NEXT: %[[BEHIND:.*]] = arith.addi %[[PAIR]], %c2
// CHECK-NEXT: %[[LAST:.*]] = arith.cmpi sgt, %[[BEHIND]], %c4
// CHECK: scf.for %{{.*}} = %c0 to %c3 step %c1 {
// CHECK-NOT: scf.if
// CHECK: scf.for %[[SUM:.*]] = %c0 to %c4 step %c1 {
// CHECK: scf.for %[[TILE:.*]] = %c0 to %c12 step %c4 {
// CHECK: scf.if %[[LAST]] {
// CHECK-DAG: %[[NEXT:.*]] = arith.addi %[[ROW]], %c1
// CHECK-DAG: %[[RIGHT:.*]] = arith.remui %[[SUM]], %c2
// CHECK-DAG: %[[START:.*]] = arith.muli %[[RIGHT]], %c12
// CHECK-DAG: %[[SECOND:.*]] = arith.divui %[[SUM]], %c2
// CHECK-DAG: %[[CHANNELS:.*]] = arith.muli %[[SECOND]], %c2
// CHECK-DAG: %[[BLOCK:.*]] = arith.addi %[[CHANNELS]], %{{.*}}
// CHECK-DAG: %[[PLACE:.*]] = arith.addi %[[TILE]], %[[START]]
// CHECK: memref.prefetch %[[ROWS]][%c0, %[[BLOCK]], %[[NEXT]], %[[PLACE]], %c0], read, locality<2>, data
// CHECK-COUNT-3: memref.prefetch %[[ROWS]]
// CHECK-NOT: memref.prefetch %[[ROWS]]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 1024, l2 = 4096>} {
func.func @main(%x: memref<1x4x48x4xf32>, %w: memref<448xf32>, %y: memref<1x8x48x4xf32>, %s: memref<2x4096xf32>) {
  kernel.conv "strassen" ins(%x, %w) outs(%y scratch %s) {in_channels = 16 : i64, out_channels = 32 : i64, groups = 1 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 48>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 4, 1>}
    : (memref<1x4x48x4xf32>, memref<448xf32>, memref<1x8x48x4xf32>, memref<2x4096xf32>) -> () loc("input")
  return
}
}
