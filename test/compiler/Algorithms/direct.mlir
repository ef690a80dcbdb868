// The loops of direct convolutions: register tiles, and rows that are cut where taps fall into the padding.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// A row of 7 positions in tiles of 3, 3 taps, padded by 1. No multiplication with padding: the first tile misses the first tap of
// its first position, 3 * 3 - 1; the second one misses nothing, and its taps are a loop; the last position misses its last tap. The input
// is plain, so one step of the channel loop is one channel.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: (%{{.*}}: index, %[[X:.*]]: memref<1x2x7x1xf32>, %[[W:.*]]: memref<24xf32>, %[[Y:.*]]: memref<1x1x7x4xf32>)
// CHECK: scf.for %{{.*}} = %c0 to %c2 step %c1 iter_args(%{{.*}} = %cst, %{{.*}} = %cst, %{{.*}} = %cst) -> (vector<4xf32>, vector<4xf32>, vector<4xf32>)
// CHECK-COUNT-8: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %c0, %c0]
// CHECK-NEXT: vector.store %{{.*}}, %[[Y]][%c0, %c0, %c1, %c0]
// CHECK-NEXT: vector.store %{{.*}}, %[[Y]][%c0, %c0, %c2, %c0]
// CHECK: scf.for %{{.*}} = %c0 to %c2
// CHECK: scf.for %{{.*}} = %c0 to %c3
// CHECK-COUNT-3: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-3: vector.store
// CHECK: scf.for %{{.*}} = %c0 to %c2 step %c1 iter_args(%{{.*}} = %cst) -> (vector<4xf32>)
// CHECK: memref.load %[[X]][%c0, %{{.*}}, %c5, %c0]
// CHECK: vector.fma
// CHECK: memref.load %[[X]][%c0, %{{.*}}, %c6, %c0]
// CHECK: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %c6, %c0]
// CHECK-NEXT: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x7x1xf32>, %w: memref<24xf32>, %y: memref<1x1x7x4xf32>) {
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 2 : i64, out_channels = 4 : i64, groups = 1 : i64, kernel = array<i64: 3>,
      strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>, output_sizes = array<i64: 7>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>}
    : (memref<1x2x7x1xf32>, memref<24xf32>, memref<1x1x7x4xf32>) -> () loc("conv1")
  return
}
}

// -----

// Equal tiles share one loop: 12 positions without padding are one loop of 4 tiles.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK: scf.for %[[COLUMN:.*]] = %c0 to %c12 step %c3 {
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-3: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK: vector.store %{{.*}}, %{{.*}}[%c0, %c0, %[[COLUMN]], %c0]
// CHECK-NOT: scf.for
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x12x1xf32>, %w: memref<8xf32>, %y: memref<1x1x12x4xf32>) {
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 2 : i64, out_channels = 4 : i64, groups = 1 : i64, kernel = array<i64: 1>,
      strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 12>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>}
    : (memref<1x2x12x1xf32>, memref<8xf32>, memref<1x1x12x4xf32>) -> () loc("conv1")
  return
}
}

// -----

// Two dimensions. The rows' taps are a loop whose bounds leave out those in the padding, max(0, 1 - row) to min(3, 6 - row) of 5 rows. 2 positions
// by 2 vectors.
// The accumulators start from the bias; residual and activation come before the store.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: (%{{.*}}: index, %[[X:.*]]: memref<1x8x5x4x1xf32>, %[[W:.*]]: memref<576xf32>, %[[B:.*]]: memref<2x4xf32>, %[[R:.*]]: memref<1x2x5x2x4xf32>, %[[Y:.*]]: memref<1x2x5x2x4xf32>)
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c5 step %c1 {
// CHECK-DAG: %[[ABOVE:.*]] = arith.subi %c1, %[[ROW]]
// CHECK-DAG: %[[FIRST:.*]] = arith.maxsi %[[ABOVE]], %c0
// CHECK-DAG: %[[BELOW:.*]] = arith.subi %c6, %[[ROW]]
// CHECK-DAG: %[[END:.*]] = arith.minsi %[[BELOW]], %c3
// CHECK: %[[B0:.*]] = vector.load %[[B]][%c0, %c0]
// CHECK: %[[B1:.*]] = vector.load %[[B]][%c1, %c0]
// CHECK: scf.for %{{.*}} = %c0 to %c8 step %c1 iter_args(%{{.*}} = %[[B0]], %{{.*}} = %[[B1]], %{{.*}} = %[[B0]], %{{.*}} = %[[B1]])
// CHECK: scf.for %{{.*}} = %[[FIRST]] to %[[END]] step %c1 iter_args
// CHECK: scf.for %{{.*}} = %c0 to %c3 step %c1 iter_args
// CHECK-COUNT-4: vector.fma
// CHECK-NOT: vector.fma
// CHECK: %[[ADDEND:.*]] = vector.load %[[R]][%c0, %c0, %[[ROW]], %c0, %c0]
// CHECK: %[[SUM:.*]] = arith.addf %{{.*}}, %[[ADDEND]]
// CHECK: %[[POSITIVE:.*]] = arith.cmpf
// CHECK: %[[RELU:.*]] = arith.select %[[POSITIVE]]
// CHECK: vector.store %[[RELU]], %[[Y]][%c0, %c0, %[[ROW]], %c0, %c0]
// CHECK-COUNT-3: vector.store
// CHECK-NOT: vector.store
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x8x5x4x1xf32>, %w: memref<576xf32>, %b: memref<2x4xf32>, %r: memref<1x2x5x2x4xf32>, %y: memref<1x2x5x2x4xf32>) {
  kernel.conv "direct" ins(%x, %w bias %b residual %r) outs(%y) activation <relu> {in_channels = 8 : i64, out_channels = 8 : i64,
      groups = 1 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 0>, output_sizes = array<i64: 5, 2>, output_strides = array<i64: 1, 1>,
      output_offsets = array<i64: 0, 0>, tile = array<i64: 2, 2>}
    : (memref<1x8x5x4x1xf32>, memref<576xf32>, memref<2x4xf32>, memref<1x2x5x2x4xf32>, memref<1x2x5x2x4xf32>) -> () loc("conv1")
  return
}
}

// -----

// 5 channels in blocks of 4: the last block is one channel, and what fills it up is never read. The multiplication of a target without
// fused multiply-add is two instructions.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-NOT: vector.fma
// CHECK: scf.for %{{.*}} = %c0 to %c4 step
// CHECK: arith.mulf
// CHECK: scf.yield
// CHECK-NOT: memref.load
// CHECK: memref.load %{{.*}}[%c0, %c1, %c0, %c0]
// CHECK: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK-NOT: arith.mulf
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 0, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x1x4xf32>, %w: memref<20xf32>, %y: memref<1x1x1x4xf32>) {
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 5 : i64, out_channels = 3 : i64, groups = 1 : i64, kernel = array<i64: 1>,
      strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 1>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 1, 1>}
    : (memref<1x2x1x4xf32>, memref<20xf32>, memref<1x1x1x4xf32>) -> () loc("conv1")
  return
}
}

// -----

// 3 vectors of output channels, 2 at a time: the last block of a group has code of its own.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK: scf.for %[[BLOCK:.*]] = %c0 to %c2 step %c1 {
// CHECK: %[[IN_GROUP:.*]] = arith.remui %[[BLOCK]], %c2
// CHECK: arith.cmpi ne, %[[IN_GROUP]], %c1
// CHECK: scf.if
// CHECK-COUNT-2: vector.fma
// CHECK-NOT: vector.fma
// CHECK: arith.cmpi eq, %[[IN_GROUP]], %c1
// CHECK: scf.if
// CHECK: vector.fma
// CHECK-NOT: vector.fma
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x1x1xf32>, %w: memref<12xf32>, %y: memref<1x3x1x4xf32>) {
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 1 : i64, out_channels = 12 : i64, groups = 1 : i64, kernel = array<i64: 1>,
      strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 1>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 1, 2>}
    : (memref<1x1x1x1xf32>, memref<12xf32>, memref<1x3x1x4xf32>) -> () loc("conv1")
  return
}
}

// -----

// A phase of a transposed convolution that has no tap writes the bias where its outputs lie: positions 1, 3 and 5.
// CHECK-LABEL: func.func private @kernel_up
// CHECK-NOT: vector.fma
// CHECK: %[[BIAS:.*]] = vector.load %{{.*}}[%c0, %c0] : memref<1x4xf32>
// CHECK: vector.store %[[BIAS]], %{{.*}}[%c0, %c0, %c1, %c0]
// CHECK-NEXT: vector.store %[[BIAS]], %{{.*}}[%c0, %c0, %c3, %c0]
// CHECK-NEXT: vector.store %[[BIAS]], %{{.*}}[%c0, %c0, %c5, %c0]
// CHECK-NEXT: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x3x4xf32>, %w: memref<1xf32>, %b: memref<1x4xf32>, %y: memref<1x1x6x4xf32>) {
  kernel.conv "direct" ins(%x, %w bias %b) outs(%y) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64, kernel = array<i64: 0>,
      strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 3>,
      output_strides = array<i64: 2>, output_offsets = array<i64: 1>, tile = array<i64: 3, 1>}
    : (memref<1x1x3x4xf32>, memref<1xf32>, memref<1x4xf32>, memref<1x1x6x4xf32>) -> () loc("up")
  return
}
}

// -----

// 64 channels, 56 x 56, 3 x 3: large enough for several threads. The number of tasks depends on the layer and the target alone: 2 blocks
// of output channels x 8 ranges of 7 rows, which are as many for each of two, four and eight threads.
// CHECK-LABEL: func.func @main
// CHECK: scf.forall (%[[TASK:.*]]) in (16) {
// CHECK-NEXT: func.call @kernel_conv1(%[[TASK]], %{{.*}}) :
// CHECK-NEXT: }
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x4x56x56x16xf32>, %w: memref<36864xf32>, %y: memref<1x4x56x56x16xf32>) {
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 64 : i64, out_channels = 64 : i64, groups = 1 : i64, kernel = array<i64: 3, 3>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 56, 56>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 14, 2>}
    : (memref<1x4x56x56x16xf32>, memref<36864xf32>, memref<1x4x56x56x16xf32>) -> () loc("conv1")
  return
}
}

// -----

// The only row of a convolution is cut into pieces of 4 tiles, of which each task has 4: a tile belongs to the piece in which it begins, and each run of
// tiles (the left border, the interior, the right border) goes from the first of its tiles in the task's piece to the piece's end.
// CHECK-LABEL: func.func @main
// CHECK: scf.forall (%{{.*}}) in (8)
// CHECK-LABEL: func.func private @kernel_row(
// CHECK-SAME: %[[TASK:[a-z0-9]*]]: index
// CHECK-DAG: %[[PIECE:.*]] = arith.constant 64 : index
// CHECK: scf.for %[[ROW:.*]] =
// CHECK: %[[FIRST:.*]] = arith.muli %[[ROW]], %[[PIECE]]
// CHECK: %[[END:.*]] = arith.addi %[[FIRST]], %[[PIECE]]
// CHECK: %[[BORDER:.*]] = arith.minsi %[[END]], %c16
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[BORDER]] step %c16
// CHECK: %[[INTERIOR:.*]] = arith.minsi %[[END]], %c1904
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[INTERIOR]] step %c16
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152>} {
func.func @main(%x: memref<1x1x1920x16xf32>, %w: memref<768xf32>, %y: memref<1x1x1920x16xf32>) {
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64, kernel = array<i64: 3>,
      strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>, output_sizes = array<i64: 1920>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 16, 1>}
    : (memref<1x1x1920x16xf32>, memref<768xf32>, memref<1x1x1920x16xf32>) -> () loc("row")
  return
}
}

// -----

// A block of 64 channels x 9 taps x 2 vectors of the filter, of 18 KiB, is larger than the second-level cache: 16 channels in a round. The
// first begins with zeros, the others with the sums in the output, and the last one applies the activation.
// CHECK-LABEL: func.func private @kernel_rounds
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<1x16x8x8x4xf32>, %[[W:[a-z0-9]+]]: memref<4608xf32>, %[[Y:[a-z0-9]+]]: memref<1x2x6x6x4xf32>
// CHECK-NOT: vector.load %[[Y]]
// CHECK: scf.for %{{.*}} = %c0 to %c16 step %c4 iter_args
// CHECK: vector.fma
// CHECK-NOT: arith.cmpf
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK: scf.for %[[ROUND:.*]] = %c1 to %c3 step %c1
// CHECK: %[[FIRST:.*]] = arith.muli %[[ROUND]], %c16 overflow<nsw>
// CHECK: vector.load %[[Y]]
// CHECK: scf.for %{{.*}} = %[[FIRST]] to %{{.*}} step %c4 iter_args
// CHECK-NOT: arith.cmpf
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK: vector.load %[[Y]]
// CHECK: scf.for %{{.*}} = %c48 to %c64 step %c4 iter_args
// CHECK: arith.cmpf
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 8192, l2 = 16384>} {
func.func @main(%x: memref<1x16x8x8x4xf32>, %w: memref<4608xf32>, %y: memref<1x2x6x6x4xf32>) {
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 64 : i64, out_channels = 8 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 6, 6>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      activation = #kernel.activation<relu>}
    : (memref<1x16x8x8x4xf32>, memref<4608xf32>, memref<1x2x6x6x4xf32>) -> () loc("rounds")
  return
}
}

// -----

// 6 x 6 positions and a filter of 72 KiB, while the second level has 16: each of 4 blocks of output channels (64 x 18 x 16 floats) goes through
// its four rounds of 8 channels before the next one. Two parts of the rows have each of them one after the other. Tiles ask for the next
// round of the block, 8 x 9 x 16 floats further on: two tiles for all of it, a line in an iteration.
// CHECK-LABEL: func.func @main
// CHECK: scf.forall (%{{.*}}) in (8)
// CHECK-LABEL: func.func private @kernel_few_positions
// CHECK-SAME: %[[TASK:[a-z0-9]+]]: index, %{{.*}}: memref<1x8x8x8x4xf32>, %[[W:[a-z0-9]+]]: memref<18432xf32>, %[[Y:[a-z0-9]+]]: memref<1x16x6x6x4xf32>
// CHECK: arith.remui %[[TASK]], %c2
// CHECK: %[[FIRST:.*]] = arith.muli %{{.*}}, %c3
// CHECK: %[[END:.*]] = arith.addi %[[FIRST]], %c3
// CHECK-NOT: scf.for
// CHECK: scf.for %{{.*}} = %[[FIRST]] to %[[END]] step %c1
// CHECK: %[[NUMBER:.*]] = arith.muli %{{.*}}, %c576
// CHECK: %[[PIECE:.*]] = arith.minsi %[[NUMBER]], %c576
// CHECK: %[[NEXT:.*]] = arith.addi %{{.*}}, %c1152
// CHECK: %[[ASKED:.*]] = arith.addi %[[NEXT]], %[[PIECE]]
// CHECK: vector.load %[[W]]
// CHECK: %[[LINE:.*]] = arith.addi %[[ASKED]], %{{.*}}
// CHECK-NEXT: memref.prefetch %[[W]][%[[LINE]]]
// CHECK-NOT: memref.prefetch
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK: scf.for %[[ROUND:.*]] = %c1 to %c3 step %c1
// CHECK: scf.for %{{.*}} = %[[FIRST]] to %[[END]] step %c1
// CHECK: vector.load %[[Y]]
// CHECK: memref.prefetch %[[W]]
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK: scf.for %{{.*}} = %[[FIRST]] to %[[END]] step %c1
// CHECK: vector.load %[[Y]]
// CHECK: scf.for %{{.*}} = %c24 to %c32 step %c4
// CHECK: arith.cmpf
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 8192, l2 = 16384>} {
func.func @main(%x: memref<1x8x8x8x4xf32>, %w: memref<18432xf32>, %y: memref<1x16x6x6x4xf32>) {
  kernel.conv "direct" ins(%x, %w) outs(%y) activation <relu> {in_channels = 32 : i64, out_channels = 64 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 6, 6>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 2, 4>}
    : (memref<1x8x8x8x4xf32>, memref<18432xf32>, memref<1x16x6x6x4xf32>) -> () loc("few_positions")
  return
}
}
