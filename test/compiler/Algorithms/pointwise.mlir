// A convolution of one position is a matrix multiplication: the positions of the image are folded into rows that suit the register tile.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// 7 x 7 positions in tiles of 6: 8 tiles and a rest of 1, where rows of the image would need 7 times 6 + 1.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: (%{{.*}}: index, %[[X:.*]]: memref<1x1x7x7x1xf32>, %[[W:.*]]: memref<8xf32>, %[[Y:.*]]: memref<1x2x7x7x4xf32>)
// CHECK: %[[POSITIONS:.*]] = memref.collapse_shape %[[X]] {{\[\[}}0], [1], [2, 3], [4]] : memref<1x1x7x7x1xf32> into memref<1x1x49x1xf32>
// CHECK: %[[ROWS:.*]] = memref.expand_shape %[[POSITIONS]] {{.*}} into memref<1x1x1x49x1xf32>
// CHECK: scf.for %[[COLUMN:.*]] = %c0 to %c48 step %c6 {
// One channel: 6 positions by 2 vectors.
// CHECK: memref.load %[[ROWS]][%c0, %c0, %c0, %[[COLUMN]], %c0]
// CHECK-COUNT-12: vector.fma
// CHECK-NOT: vector.fma
// CHECK-COUNT-12: vector.store
// CHECK: memref.load %[[ROWS]][%c0, %c0, %c0, %c48, %c0]
// CHECK-COUNT-2: vector.fma
// CHECK-NOT: vector.fma
// CHECK-COUNT-2: vector.store
// CHECK-NOT: vector.store
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x7x7x1xf32>, %w: memref<8xf32>, %y: memref<1x2x7x7x4xf32>) {
  kernel.conv "pointwise" ins(%x, %w) outs(%y) {in_channels = 1 : i64, out_channels = 8 : i64, groups = 1 : i64, kernel = array<i64: 1, 1>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, output_sizes = array<i64: 7, 7>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x1x7x7x1xf32>, memref<8xf32>, memref<1x2x7x7x4xf32>) -> () loc("conv1")
  return
}
}

// -----

// A dense layer: the images of the batch are the positions, so that 5 of them share a row of the filter.
// CHECK-LABEL: func.func private @kernel_fc
// CHECK: memref.transpose
// CHECK-COUNT-1: vector.load %{{.*}} : memref<4xf32>, vector<4xf32>
// CHECK-COUNT-5: vector.fma
// CHECK-NOT: vector.load
// CHECK-NOT: vector.fma
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<5x1x1xf32>, %w: memref<4xf32>, %y: memref<5x1x4xf32>) {
  kernel.conv "pointwise" ins(%x, %w) outs(%y) {in_channels = 1 : i64, out_channels = 4 : i64, groups = 1 : i64, kernel = array<i64>,
      strides = array<i64>, dilations = array<i64>, padding_low = array<i64>, output_sizes = array<i64>, output_strides = array<i64>,
      output_offsets = array<i64>, tile = array<i64: 5, 1>}
    : (memref<5x1x1xf32>, memref<4xf32>, memref<5x1x4xf32>) -> () loc("fc")
  return
}
}

// -----

// The result may be a part of a concatenation: channel blocks 1 and 2 of 4, the positions side by side all the same.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<1x2x8x8x4xf32, strided<[1024, 256, 32, 4, 1], offset: 256>>)
// CHECK: memref.collapse_shape %[[Y]] {{.*}} into memref<1x2x64x4xf32, strided<[1024, 256, 4, 1], offset: 256>>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x8x8x4xf32>, %w: memref<32xf32>, %y: memref<1x4x8x8x4xf32>) {
  %part = memref.subview %y[0, 1, 0, 0, 0] [1, 2, 8, 8, 4] [1, 1, 1, 1, 1] : memref<1x4x8x8x4xf32> to memref<1x2x8x8x4xf32, strided<[1024, 256, 32, 4, 1], offset: 256>>
  kernel.conv "pointwise" ins(%x, %w) outs(%part) {in_channels = 4 : i64, out_channels = 8 : i64, groups = 1 : i64, kernel = array<i64: 1, 1>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, output_sizes = array<i64: 8, 8>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 4, 2>}
    : (memref<1x1x8x8x4xf32>, memref<32xf32>, memref<1x2x8x8x4xf32, strided<[1024, 256, 32, 4, 1], offset: 256>>) -> () loc("conv1")
  return
}
}

// -----

// 1024 channels in two rounds of 512, which add to sums in the output; the first adds the residual, the second the activation. The filter,
// of 4 MiB, is asked for a block of output channels ahead: of twelve tiles four ask for a quarter each, in order, a cache line in two steps.
// CHECK-LABEL: func.func private @kernel_rounds
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<1x64x12x12x16xf32>, %[[W:[a-z0-9]+]]: memref<1048576xf32>, %[[R:[a-z0-9]+]]: memref<1x64x12x12x16xf32>, %[[Y:[a-z0-9]+]]: memref<1x64x12x12x16xf32>
// CHECK: %[[QUARTER:.*]] = arith.muli %[[TILE:.*]], %c4096 overflow<nsw>
// CHECK-NEXT: %[[PIECE:.*]] = arith.minsi %[[QUARTER]], %c12288
// CHECK-NEXT: %[[NEXT:.*]] = arith.addi %[[VECTOR:.*]], %c2 overflow<nsw>
// CHECK-NEXT: %[[BLOCK:.*]] = arith.muli %[[NEXT]], %c16384 overflow<nsw>
// CHECK-NEXT: %[[START:.*]] = arith.addi %[[BLOCK]], %[[PIECE]] overflow<nsw>
// CHECK: vector.load
// CHECK: arith.addf
// CHECK: scf.for %[[FIRST:.*]] = %c0 to %c512 step %c16
// CHECK: scf.for %[[CHANNEL:.*]] = %c0 to %c16 step %c2
// CHECK: %[[STEP:.*]] = arith.addi %[[FIRST]], %[[CHANNEL]] overflow<nsw>
// CHECK-NEXT: %[[LINE:.*]] = arith.muli %[[STEP]], %c8 overflow<nsw>
// CHECK-NEXT: %[[PLACE:.*]] = arith.addi %[[START]], %[[LINE]] overflow<nsw>
// CHECK-NEXT: memref.prefetch %[[W]][%[[PLACE]]], read, locality<2>, data
// CHECK-NOT: memref.prefetch
// CHECK: scf.yield
// CHECK-NOT: arith.cmpf
// CHECK: scf.for %{{.*}} = %c512 to %c1024 step %c16
// CHECK: vector.fma
// CHECK-NOT: arith.addf
// CHECK: arith.cmpf
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 1048576>} {
func.func @main(%x: memref<1x64x12x12x16xf32>, %w: memref<1048576xf32>, %r: memref<1x64x12x12x16xf32>, %y: memref<1x64x12x12x16xf32>) {
  kernel.conv "pointwise" ins(%x, %w residual %r) outs(%y) {in_channels = 1024 : i64, out_channels = 1024 : i64, groups = 1 : i64,
      kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 12, 12>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 12, 2>,
      activation = #kernel.activation<relu>}
    : (memref<1x64x12x12x16xf32>, memref<1048576xf32>, memref<1x64x12x12x16xf32>, memref<1x64x12x12x16xf32>) -> () loc("rounds")
  return
}
}

// -----

// An image that comes from memory, whose lines one tile reads: each block of channels of the next tile is asked for.
// CHECK-LABEL: func.func private @kernel_far
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<1x2x96x96x16xf32>
// CHECK: %[[ROWS:.*]] = memref.collapse_shape %[[X]]
// CHECK: scf.for %{{.*}} iter_args
// CHECK-COUNT-4: memref.prefetch %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}], read, locality<2>, data
// CHECK-NOT: memref.prefetch
// CHECK: vector.fma
// Not where several blocks of output channels read it.
// CHECK-LABEL: func.func private @kernel_shared
// CHECK-NOT: memref.prefetch
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 65536>} {
func.func @main(%x: memref<1x2x96x96x16xf32>, %w: memref<512xf32>, %y: memref<1x1x96x96x16xf32>, %w2: memref<1024xf32>, %y2: memref<1x2x96x96x16xf32>) {
  kernel.conv "pointwise" ins(%x, %w) outs(%y) {in_channels = 32 : i64, out_channels = 16 : i64, groups = 1 : i64, kernel = array<i64: 1, 1>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, output_sizes = array<i64: 96, 96>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 4, 1>}
    : (memref<1x2x96x96x16xf32>, memref<512xf32>, memref<1x1x96x96x16xf32>) -> () loc("far")
  kernel.conv "pointwise" ins(%x, %w2) outs(%y2) {in_channels = 32 : i64, out_channels = 32 : i64, groups = 1 : i64, kernel = array<i64: 1, 1>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, output_sizes = array<i64: 96, 96>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 4, 1>}
    : (memref<1x2x96x96x16xf32>, memref<1024xf32>, memref<1x2x96x96x16xf32>) -> () loc("shared")
  return
}
}

// -----

// Where a line has several vectors, also if they do: four positions of four channels are one line.
// CHECK-LABEL: func.func private @kernel_narrow
// CHECK: scf.for %{{.*}} iter_args
// CHECK: memref.prefetch %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %c0], read, locality<2>, data
// CHECK-NOT: memref.prefetch
// CHECK: vector.fma
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 65536>} {
func.func @main(%x: memref<1x2x96x96x4xf32>, %w: memref<64xf32>, %y: memref<1x2x96x96x4xf32>) {
  kernel.conv "pointwise" ins(%x, %w) outs(%y) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 1 : i64, kernel = array<i64: 1, 1>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, output_sizes = array<i64: 96, 96>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 4, 1>}
    : (memref<1x2x96x96x4xf32>, memref<64xf32>, memref<1x2x96x96x4xf32>) -> () loc("narrow")
  return
}
}

// -----

// Cores that multiply by element start few instructions a cycle.
// CHECK-LABEL: func.func private @kernel_narrow
// CHECK-NOT: memref.prefetch
// CHECK: vector.fma
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 65536, by_element = 1>} {
func.func @main(%x: memref<1x2x96x96x4xf32>, %w: memref<64xf32>, %y: memref<1x2x96x96x4xf32>) {
  kernel.conv "pointwise" ins(%x, %w) outs(%y) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 1 : i64, kernel = array<i64: 1, 1>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, output_sizes = array<i64: 96, 96>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 4, 1>}
    : (memref<1x2x96x96x4xf32>, memref<64xf32>, memref<1x2x96x96x4xf32>) -> () loc("narrow")
  return
}
}

// -----

// A dense layer of 100 images: one row, which is cut into pieces of whole tiles that threads share. 17 tiles make 4 pieces, of 5 tiles each
// but the last, and a task has one piece and the only block.
// CHECK-LABEL: func.func @main
// CHECK: scf.forall (%{{.*}}) in (4)
// CHECK-LABEL: func.func private @kernel_fc
// CHECK-SAME: (%[[TASK:[a-z0-9]+]]: index
// CHECK: %[[FIRST:.*]] = arith.muli %{{.*}}, %c30
// CHECK: scf.for %[[COLUMN:.*]] = %{{.*}} to %{{.*}} step %c6 {
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<100x512x4xf32>, %w: memref<16384xf32>, %y: memref<100x2x4xf32>) {
  kernel.conv "pointwise" ins(%x, %w) outs(%y) {in_channels = 2048 : i64, out_channels = 8 : i64, groups = 1 : i64, kernel = array<i64>,
      strides = array<i64>, dilations = array<i64>, padding_low = array<i64>, output_sizes = array<i64>, output_strides = array<i64>,
      output_offsets = array<i64>, tile = array<i64: 6, 2>}
    : (memref<100x512x4xf32>, memref<16384xf32>, memref<100x2x4xf32>) -> () loc("fc")
  return
}
}
