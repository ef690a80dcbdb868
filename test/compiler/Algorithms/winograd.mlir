// Winograd's algorithm: input tiles are transformed into the task's memory, multiplied value by value, and transformed back.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// F(4, 3) in one dimension without padding: 3 tiles of 4 outputs, one register tile of 3 positions by a vector. 12 multiplications for an
// input channel and a vector of output channels become 6: the one multiply-add of a channel and a position runs for each of the 6 values.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: (%{{.*}}: index, %[[SLOT:.*]]: index, %[[X:.*]]: memref<1x1x14x4xf32>, %[[W:.*]]: memref<96xf32>, %[[Y:.*]]: memref<1x1x12x4xf32>, %[[SCRATCH:.*]]: memref<1x192xf32>)
// The transform of a tile's 6 vectors: 12 operations, 10 of them fused.
// CHECK: scf.for %[[TILE:.*]] = %c0 to %c3 step %c1 {
// CHECK-NOT: scf.if
// CHECK-COUNT-6: vector.load %[[X]]
// CHECK-NOT: vector.load
// CHECK-COUNT-6: vector.store %{{.*}}, %[[SCRATCH]]
// CHECK-NOT: vector.store
// CHECK: }
// The products: 6 values, 4 channels, two of them an iteration.
// CHECK: scf.for %{{.*}} = %c0 to %c6 step %c1 {
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c2 iter_args(%{{[a-z0-9]+}} = %cst{{[_0-9]*}}, %{{[a-z0-9]+}} = %cst{{[_0-9]*}}, %{{[a-z0-9]+}} = %cst{{[_0-9]*}}) -> (vector<4xf32>, vector<4xf32>, vector<4xf32>)
// CHECK-COUNT-6: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-3: vector.store %{{.*}}, %[[SCRATCH]]
// CHECK-NOT: vector.store
// Back: 6 values to 4 outputs.
// CHECK: scf.for %{{.*}} = %c0 to %c3 step %c1 {
// CHECK-COUNT-6: vector.load %[[SCRATCH]]
// CHECK-NOT: vector.load
// CHECK-COUNT-4: vector.store %{{.*}}, %[[Y]]
// CHECK-NOT: vector.store
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x14x4xf32>, %w: memref<96xf32>, %y: memref<1x1x12x4xf32>, %s: memref<1x192xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 12>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>, transform = array<i64: 6>}
    : (memref<1x1x14x4xf32>, memref<96xf32>, memref<1x1x12x4xf32>, memref<1x192xf32>) -> () loc("conv1")
  return
}
}

// -----

// F(4, 3) x F(4, 3): 144 multiplications become 36. One tile, one input channel, one vector of output channels, one position: the only
// loops are those over the values and over the rows and columns of the transforms.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK: %[[HALF:.*]] = memref.alloca() {alignment = 64 : i64} : memref<6x6x4xf32>
// The columns' rows, then the rows' columns.
// CHECK: scf.for %{{.*}} = %c0 to %c6 step %c1 {
// CHECK-COUNT-6: vector.load %[[X:.*]][
// CHECK-COUNT-6: vector.store %{{.*}}, %[[HALF]]
// CHECK: scf.for %{{.*}} = %c0 to %c6 step %c1 {
// CHECK-COUNT-6: vector.load %[[HALF]]
// CHECK-COUNT-6: vector.store %{{.*}}, %[[SCRATCH:.*]][
// CHECK: scf.for %{{.*}} = %c0 to %c36 step %c1 {
// CHECK-NOT: scf.for
// CHECK: vector.fma
// CHECK-NOT: vector.fma
// CHECK: vector.store
// CHECK: scf.for %{{.*}} = %c0 to %c6 step %c1 {
// CHECK-COUNT-6: vector.load %[[SCRATCH]]
// CHECK-COUNT-4: vector.store %{{.*}}, %[[HALF]]
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1 {
// CHECK-COUNT-6: vector.load %[[HALF]]
// CHECK-COUNT-4: vector.store %{{.*}}, %[[Y:.*]][
// CHECK-NOT: vector.store
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x6x6x4xf32>, %w: memref<144xf32>, %y: memref<1x1x4x4x4xf32>, %s: memref<1x576xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 1 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 4, 4>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 1, 1>,
      transform = array<i64: 6, 6>}
    : (memref<1x1x6x6x4xf32>, memref<144xf32>, memref<1x1x4x4x4xf32>, memref<1x576xf32>) -> () loc("conv1")
  return
}
}

// -----

// Padding, and an output whose size is no multiple of the tile: 5 outputs in 2 tiles of F(4, 3). A tile that reaches into the padding is
// copied between zeros; of the last tile one output is stored, the others aren't.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK: %[[PATCH:.*]] = memref.alloca() {alignment = 64 : i64} : memref<1x6x4xf32>
// CHECK: scf.for %[[TILE:.*]] = %c0 to %c2 step %c1 {
// CHECK: scf.if
// CHECK-COUNT-6: vector.load %[[X:.*]][%c0, %c0, %
// CHECK: } else {
// CHECK: vector.store %cst{{.*}}, %[[PATCH]]
// CHECK: vector.load %[[X]]
// CHECK: vector.store %{{.*}}, %[[PATCH]]
// CHECK-COUNT-6: vector.load %[[PATCH]]
// CHECK: scf.for %[[TILE:.*]] = %c0 to %c2 step %c1 {
// CHECK: %[[FIRST:.*]] = arith.muli %[[TILE]], %c4
// CHECK: %[[WHOLE:.*]] = arith.cmpi sle, %[[FIRST]], %c1
// CHECK: scf.if %[[WHOLE]] {
// CHECK-COUNT-4: vector.store %{{.*}}, %[[Y:.*]][%c0, %c0, %
// CHECK: } else {
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK-COUNT-3: scf.if
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x5x4xf32>, %w: memref<96xf32>, %y: memref<1x1x5x4xf32>, %s: memref<1x192xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>, output_sizes = array<i64: 5>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>, transform = array<i64: 6>}
    : (memref<1x1x5x4xf32>, memref<96xf32>, memref<1x1x5x4xf32>, memref<1x192xf32>) -> () loc("conv1")
  return
}
}

// -----

// Every third position: 7 outputs in a tile for each of 3 phases, of which the first has 3 outputs and the others 2. A tile begins at the
// number of its phase, and its values lie 3 apart.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK: scf.for %[[PHASE:.*]] = %c0 to %c3 step %c1 {
// CHECK: %[[START:.*]] = arith.addi %[[PHASE]], %c-3
// CHECK: scf.if
// CHECK: vector.load %[[X:.*]][%c0, %c0, %[[START]], %c0]
// CHECK: vector.load %[[X]][%c0, %c0, %[[PHASE]], %c0]
// CHECK: %[[THIRD:.*]] = arith.addi %[[PHASE]], %c3
// CHECK: vector.load %[[X]][%c0, %c0, %[[THIRD]], %c0]
// CHECK: scf.for %[[PHASE:.*]] = %c0 to %c3 step %c1 {
// CHECK: %[[WHOLE:.*]] = arith.cmpi sle, %[[PHASE]], %c0
// CHECK: scf.if %[[WHOLE]] {
// CHECK: vector.store %{{.*}}, %[[Y:.*]][%c0, %c0, %[[PHASE]], %c0]
// CHECK: %[[NEXT:.*]] = arith.addi %[[PHASE]], %c3
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %[[NEXT]], %c0]
// CHECK: } else {
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %[[PHASE]], %c0]
// CHECK-COUNT-2: scf.if
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x7x4xf32>, %w: memref<80xf32>, %y: memref<1x1x7x4xf32>, %s: memref<1x192xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 3>, padding_low = array<i64: 3>, output_sizes = array<i64: 7>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>, transform = array<i64: 5>}
    : (memref<1x1x7x4xf32>, memref<80xf32>, memref<1x1x7x4xf32>, memref<1x192xf32>) -> () loc("conv1")
  return
}
}

// -----

// 14 positions: two tiles in each of the 3 phases. Tiles of different phases follow each other, the second ones begin 9 positions later.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK: scf.for %[[OF_BLOCK:.*]] = %c0 to %c3 step %c1 {
// CHECK: %[[TILE:.*]] = arith.addi %{{.*}}, %[[OF_BLOCK]]
// CHECK: %[[OF_PHASE:.*]] = arith.divui %[[TILE]], %c3
// CHECK: %[[PHASE:.*]] = arith.remui %[[TILE]], %c3
// CHECK: %[[FIRST:.*]] = arith.muli %[[OF_PHASE]], %c9
// CHECK: arith.addi %[[FIRST]], %[[PHASE]]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x14x4xf32>, %w: memref<80xf32>, %y: memref<1x1x14x4xf32>, %s: memref<1x192xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 3>, padding_low = array<i64: 3>, output_sizes = array<i64: 14>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>, transform = array<i64: 5>}
    : (memref<1x1x14x4xf32>, memref<80xf32>, memref<1x1x14x4xf32>, memref<1x192xf32>) -> () loc("conv1")
  return
}
}

// -----

// The first of three dimensions is transformed, 4 values of it for 2 outputs: it changes places with the second one, which isn't.
// CHECK-LABEL: func.func private @kernel_frames
// CHECK: %[[X:.*]] = memref.transpose %{{.*}} (d0, d1, d2, d3, d4, d5) -> (d0, d1, d3, d2, d4, d5)
// CHECK: %[[Y:.*]] = memref.transpose %{{.*}} (d0, d1, d2, d3, d4, d5) -> (d0, d1, d3, d2, d4, d5)
// CHECK: vector.load %[[X]][%c0, %c0, %[[ROW:.*]], %[[FRAME:.*]], %[[COLUMN:.*]], %c0]
// CHECK: %[[LAST:.*]] = arith.addi %[[SECOND:.*]], %c2
// CHECK: vector.load %[[X]][%c0, %c0, %[[ROW]], %[[LAST]], %[[COLUMN]], %c0]
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %[[ROW:.*]], %[[FRAME:.*]], %[[COLUMN:.*]], %c0]
// CHECK: %[[NEXT:.*]] = arith.addi %[[FRAME]], %c1
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %[[ROW]], %[[NEXT]], %[[COLUMN]], %c0]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x4x3x5x4xf32>, %w: memref<64xf32>, %y: memref<1x1x4x3x5x4xf32>, %s: memref<1x1024xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 1, 1>, strides = array<i64: 1, 1, 1>, dilations = array<i64: 1, 1, 1>, padding_low = array<i64: 1, 0, 0>,
      output_sizes = array<i64: 4, 3, 5>, output_strides = array<i64: 1, 1, 1>, output_offsets = array<i64: 0, 0, 0>, tile = array<i64: 5, 1>,
      transform = array<i64: 4, 1, 1>}
    : (memref<1x1x4x3x5x4xf32>, memref<64xf32>, memref<1x1x4x3x5x4xf32>, memref<1x1024xf32>) -> () loc("frames")
  return
}
}

// -----

// A filter that is larger than half of the second-level cache is asked for before it is needed: a cache line in two steps.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK: scf.for {{.*}} iter_args
// CHECK: scf.for {{.*}} iter_args
// CHECK: memref.prefetch %{{.*}}, read, locality<2>, data : memref<131072xf32>
// CHECK-NOT: memref.prefetch
// CHECK: scf.yield
module attributes {kernel.target = #kernel.target<lanes = 8, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x16x6x6x8xf32>, %w: memref<131072xf32>, %y: memref<1x8x4x4x8xf32>, %s: memref<2x8192xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 128 : i64, out_channels = 64 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 4, 4>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 4, 1>,
      transform = array<i64: 4, 4>}
    : (memref<1x16x6x6x8xf32>, memref<131072xf32>, memref<1x8x4x4x8xf32>, memref<2x8192xf32>) -> () loc("conv1")
  return
}
}

// -----

// Of two register tiles each asks for its half of the next matrix, of 128 x 16 floats: 8 of them while it multiplies a channel.
// CHECK-LABEL: func.func private @kernel_shares
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<131072xf32>
// CHECK: %[[MATRIX:.*]] = arith.muli %{{.*}}, %c2048 overflow<nsw>
// CHECK-NEXT: %[[NEXT:.*]] = arith.addi %[[MATRIX]], %c2048 overflow<nsw>
// CHECK-NEXT: %[[PART:.*]] = arith.muli %[[TILE:.*]], %c1024 overflow<nsw>
// CHECK-NEXT: %[[START:.*]] = arith.addi %[[PART]], %[[NEXT]] overflow<nsw>
// CHECK: scf.for %[[BLOCK:.*]] = %c0 to %c16 step %c1 iter_args
// CHECK: %[[FIRST:.*]] = arith.muli %[[BLOCK]], %c8 overflow<nsw>
// CHECK: scf.for %[[CHANNEL:.*]] = %c0 to %c8 step %c2 iter_args
// CHECK: %[[STEP:.*]] = arith.addi %[[FIRST]], %[[CHANNEL]] overflow<nsw>
// CHECK: %[[OFFSET:.*]] = arith.muli %[[STEP]], %c8 overflow<nsw>
// CHECK: %[[PLACE:.*]] = arith.addi %[[OFFSET]], %[[START]] overflow<nsw>
// CHECK-NEXT: memref.prefetch %[[W]][%[[PLACE]]], read, locality<2>, data
// CHECK-NEXT: arith.addi
module attributes {kernel.target = #kernel.target<lanes = 8, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x16x6x6x8xf32>, %w: memref<131072xf32>, %y: memref<1x8x4x4x8xf32>, %s: memref<2x16384xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 128 : i64, out_channels = 64 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 4, 4>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 2, 2>,
      transform = array<i64: 4, 4>}
    : (memref<1x16x6x6x8xf32>, memref<131072xf32>, memref<1x8x4x4x8xf32>, memref<2x16384xf32>) -> () loc("shares")
  return
}
}

// -----

// Four groups of 16 channels, whose filters only together are larger than half of the second-level cache. A matrix is multiplied in 77
// cycles, so it is asked for 14 matrices ahead.
// CHECK-LABEL: func.func private @kernel_ahead
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<16384xf32>
// CHECK: %[[MATRIX:.*]] = arith.muli %{{.*}}, %c256 overflow<nsw>
// CHECK-NEXT: %[[AHEAD:.*]] = arith.addi %[[MATRIX]], %c3584 overflow<nsw>
// CHECK: %[[PLACE:.*]] = arith.addi %{{.*}}, %[[AHEAD]] overflow<nsw>
// CHECK: memref.prefetch %[[W]][%[[PLACE]]], read, locality<2>, data
module attributes {kernel.target = #kernel.target<lanes = 8, registers = 16, fma = 1, l1 = 32768, l2 = 65536>} {
func.func @main(%x: memref<1x8x6x6x8xf32>, %w: memref<16384xf32>, %y: memref<1x8x4x4x8xf32>, %s: memref<4x16384xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 64 : i64, out_channels = 64 : i64, groups = 4 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 4, 4>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 4, 2>,
      transform = array<i64: 4, 4>}
    : (memref<1x8x6x6x8xf32>, memref<16384xf32>, memref<1x8x4x4x8xf32>, memref<4x16384xf32>) -> () loc("ahead")
  return
}
}

// -----

// One block of tiles and filters that several tasks share: its input is transformed by tasks of their own, which write to memory that the
// others read; the memory of a task holds products alone.
// CHECK-LABEL: func.func @main
// CHECK: scf.forall (%[[TASK:.*]]) in (16) {
// CHECK-NEXT: %[[SLOT:.*]] = kernel.slot 8
// CHECK-NEXT: func.call @kernel_conv1_prepare(%[[TASK]], %[[SLOT]],
// CHECK: scf.forall (%[[TASK:.*]]) in (16) {
// CHECK-NEXT: %[[SLOT:.*]] = kernel.slot 8
// CHECK-NEXT: func.call @kernel_conv1(%[[TASK]], %[[SLOT]],
// CHECK-LABEL: func.func private @kernel_conv1_prepare
// CHECK-SAME: %[[SCRATCH:[a-z0-9]*]]: memref<8x4736xf32>, %[[INPUT:[a-z0-9]*]]: memref<73872xf32>)
// CHECK-NOT: vector.fma {{.*}} iter_args
// CHECK: vector.store %{{.*}}, %[[INPUT]]
// CHECK-NOT: %[[SCRATCH]]
// CHECK-LABEL: func.func private @kernel_conv1(
// CHECK-SAME: %[[SCRATCH:[a-z0-9]*]]: memref<8x4736xf32>, %[[INPUT:[a-z0-9]*]]: memref<73872xf32>)
// CHECK: memref.load %[[INPUT]]
// CHECK: vector.store %{{.*}}, %[[SCRATCH]]
// CHECK-NOT: vector.store %{{.*}}, %[[INPUT]]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 1048576>} {
func.func @main(%x: memref<1x32x14x14x4xf32>, %w: memref<589824xf32>, %y: memref<1x32x14x14x4xf32>, %s: memref<8x4736xf32>, %p: memref<73872xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s prepared %p) {in_channels = 128 : i64, out_channels = 128 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 4, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x32x14x14x4xf32>, memref<589824xf32>, memref<1x32x14x14x4xf32>, memref<8x4736xf32>, memref<73872xf32>) -> () loc("conv1")
  return
}
}

// -----

// A register tile of three positions for two tiles: the third one's 6 values are zeros, so that no product of it is denormal.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: %[[SCRATCH:[a-z0-9]*]]: memref<1x192xf32>)
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<4xf32>
// CHECK: scf.for %[[TILE:.*]] = %c0 to %c2 step %c1 {
// CHECK: %[[PLACE:.*]] = arith.addi %{{.*}}, %c8 overflow<nsw> : index
// CHECK-NEXT: vector.store %[[ZERO]], %[[SCRATCH]][%{{.*}}, %[[PLACE]]]
// CHECK-NEXT: }
// CHECK: vector.fma
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x5x4xf32>, %w: memref<96xf32>, %y: memref<1x1x5x4xf32>, %s: memref<1x192xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>, output_sizes = array<i64: 5>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>, transform = array<i64: 6>}
    : (memref<1x1x5x4xf32>, memref<96xf32>, memref<1x1x5x4xf32>, memref<1x192xf32>) -> () loc("conv1")
  return
}
}

// -----

// An image, and a block of transformed tiles, that are larger than half of the second-level cache: blocks of channels are the outer loop, four
// tiles ahead are asked for, and the next register tile while one is multiplied: eight floats, a cache line at most, in
// the second of two steps.
// CHECK-LABEL: func.func private @kernel_large
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<1x2x34x34x4xf32>
// CHECK: scf.for %{{.*}} = %c0 to %c2 step %c1
// CHECK: memref.prefetch %[[X]][%{{.*}}], read, locality<2>, data
// CHECK: vector.load %[[X]]
// CHECK: scf.for {{.*}} step %c2 iter_args
// CHECK-NOT: memref.prefetch {{.*}} : memref<16x16384xf32>
// CHECK-COUNT-4: vector.fma
// CHECK: memref.prefetch %[[SCRATCH:[a-z0-9]+]][%{{.*}} : memref<16x16384xf32>
// CHECK-NOT: memref.prefetch %[[SCRATCH]][
// CHECK-COUNT-4: vector.fma
// CHECK-NEXT: scf.yield
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 3000>} {
func.func @main(%x: memref<1x2x34x34x4xf32>, %w: memref<1024xf32>, %y: memref<1x2x32x32x4xf32>, %s: memref<16x16384xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 32, 32>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 4, 1>,
      transform = array<i64: 4, 4>}
    : (memref<1x2x34x34x4xf32>, memref<1024xf32>, memref<1x2x32x32x4xf32>, memref<16x16384xf32>) -> () loc("large")
  return
}
}

// -----

// A filter that is packed as it is, 2 vectors of outputs x 16 channels x 3 taps: two rounds of two blocks of channels. Products begin with
// zeros. Then each round transforms its 8 channels' 3 taps into 6 values, and adds to the products of 3 positions.
// CHECK-LABEL: func.func private @kernel_raw
// CHECK-SAME: (%{{.*}}: index, %[[SLOT:.*]]: index, %[[X:.*]]: memref<1x4x14x4xf32>, %[[W:.*]]: memref<384xf32>, %[[Y:.*]]: memref<1x2x12x4xf32>, %[[SCRATCH:.*]]: memref<2x648xf32>)
// CHECK: %[[U:.*]] = memref.subview %[[SCRATCH]][%[[SLOT]], 432] [1, 216] [1, 1]
// The transformed input lies round by round: 6 values x (6 x 4 + 4) floats.
// CHECK: %[[OFROUND:.*]] = arith.divui %{{.*}}, %c2
// CHECK: arith.muli %[[OFROUND]], %c168
// CHECK-COUNT-6: vector.load %[[X]]
// CHECK-COUNT-6: vector.store %{{.*}}, %[[SCRATCH]]
// CHECK: scf.for %[[VECTOR:.*]] = %c0 to %c2 step %c1 {
// CHECK: scf.for %{{.*}} = %c0 to %c6 step %c1 {
// CHECK-COUNT-3: vector.store %cst{{[_0-9]*}}, %[[SCRATCH]]
// CHECK-NOT: vector.store
// CHECK: scf.for %[[ROUND:.*]] = %c0 to %c2 step %c1 {
// CHECK: %[[TWICE:.*]] = arith.muli %[[VECTOR]], %c2
// CHECK: %[[PART:.*]] = arith.addi %[[TWICE]], %[[ROUND]]
// CHECK: %[[START:.*]] = arith.muli %[[PART]], %c96
// CHECK: scf.for %[[CHANNEL:.*]] = %c0 to %c8 step %c1 {
// CHECK: %[[TAPS:.*]] = arith.muli %[[CHANNEL]], %c12
// CHECK: %[[PLACE:.*]] = arith.addi %[[TAPS]], %[[START]]
// CHECK: vector.load %[[W]][%[[PLACE]]]
// CHECK-COUNT-2: vector.load %[[W]]
// CHECK-NOT: vector.load
// CHECK-COUNT-6: vector.store %{{.*}}, %[[U]]
// CHECK-NOT: vector.store
// CHECK: scf.for %{{.*}} = %c0 to %c6 step %c1 {
// CHECK-COUNT-3: vector.load %[[SCRATCH]]
// CHECK-NOT: vector.load
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c2 iter_args
// CHECK: vector.load %[[U]]
// CHECK: memref.load %[[SCRATCH]]
// CHECK: vector.fma
// CHECK-COUNT-3: vector.store %{{.*}}, %[[SCRATCH]]
// CHECK-NOT: vector.store
// CHECK-COUNT-6: vector.load %[[SCRATCH]]
// CHECK-COUNT-4: vector.store %{{.*}}, %[[Y]]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 8192, l2 = 3072>} {
func.func @main(%x: memref<1x4x14x4xf32>, %w: memref<384xf32>, %y: memref<1x2x12x4xf32>, %s: memref<2x648xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 16 : i64, out_channels = 8 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 12>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>, transform = array<i64: 6>, transforms_filter}
    : (memref<1x4x14x4xf32>, memref<384xf32>, memref<1x2x12x4xf32>, memref<2x648xf32>) -> () loc("raw")
  return
}
}
