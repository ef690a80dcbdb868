// filter-toeplitz: vectors of positions that lie far apart, a multiply-add for each vector of a tile and each nonzero weight.
// RUN: toeplitz-opt %s --allocate-scratch --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// 9 positions in 4 lanes make 3 vectors; with the halo, 5 of each of the 2 channels: 40 floats, and 4 rows of 3 vectors for the sums.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: (%{{.*}}: index, %[[SLOT:.*]]: index, %[[X:.*]]: memref<1x1x9x4xf32>, %[[W:.*]]: memref<6xf32>, %[[B:.*]]: memref<1x4xf32>,
// CHECK-SAME: %[[S:.*]]: memref<11xi32>, %[[Y:.*]]: memref<1x1x9x4xf32>, %[[SCRATCH:.*]]: memref<1x96xf32>)
// The input is transposed: vectors of channels at positions 3 apart, of which the first may lie before the input and the last two beyond
// it, become vectors of positions. Channels 2 and 3 are none.
// CHECK: scf.for %[[VECTOR:.*]] = %c0 to %c5 step %c1 {
// CHECK: %[[FIRST:.*]] = arith.addi %[[VECTOR]], %c-1
// CHECK-NEXT: %[[INSIDE:.*]] = arith.cmpi ult, %[[FIRST]], %c9
// CHECK: scf.if %[[INSIDE]] -> (vector<4xf32>) {
// CHECK-COUNT-2: scf.if {{.*}} -> (vector<4xf32>) {
// CHECK-NOT: scf.if
// CHECK: vector.shuffle {{.*}} [0, 1, 4, 5]
// CHECK-NEXT: vector.shuffle {{.*}} [0, 1, 4, 5]
// CHECK-NEXT: vector.shuffle {{.*}} [0, 4, 2, 6]
// CHECK-NEXT: vector.shuffle {{.*}} [1, 5, 3, 7]
// CHECK-COUNT-2: vector.store %{{.*}}, %[[SCRATCH]][%[[SLOT]]
// CHECK-NOT: vector.store
// The sparse product, row by row: each nonzero has one weight and one offset. Two nonzeros at a time, whose sums are added at the end,
// because three vectors alone would wait for each other; then the last one of an odd number.
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c4 step %c1 {
// CHECK: %[[BEGIN:.*]] = arith.index_castui
// CHECK: %[[END:.*]] = arith.index_castui
// CHECK: %[[COUNT:.*]] = arith.subi %[[END]], %[[BEGIN]]
// CHECK-NEXT: %[[SINGLE:.*]] = arith.remui %[[COUNT]], %c2
// CHECK-NEXT: %[[PAIRS:.*]] = arith.subi %[[END]], %[[SINGLE]]
// CHECK-NEXT: scf.for %{{.*}} = %[[BEGIN]] to %[[PAIRS]] step %c2 iter_args(
// CHECK-COUNT-6: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-3: arith.addf
// CHECK: scf.for %[[NONZERO:.*]] = %[[PAIRS]] to %[[END]] step %c1 iter_args(
// CHECK-NEXT: %[[SCALAR:.*]] = memref.load %[[W]][%[[NONZERO]]]
// CHECK-NEXT: %[[WEIGHT:.*]] = vector.broadcast %[[SCALAR]] : f32 to vector<4xf32>
// CHECK: memref.load %[[S]]
// CHECK: %[[OFFSET:.*]] = arith.index_castui
// CHECK-NEXT: vector.load %[[SCRATCH]][%[[SLOT]], %[[OFFSET]]]
// CHECK-COUNT-3: vector.fma %{{.*}}, %[[WEIGHT]], %{{.*}}
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-3: vector.store %{{.*}}, %[[SCRATCH]][%[[SLOT]]
// CHECK-NOT: vector.store
// The sums are transposed back: 4 output channels of a position, stored unless it is 9, 10 or 11.
// CHECK: %[[BIAS:.*]] = vector.load %[[B]]
// CHECK: scf.for %{{.*}} = %c0 to %c3 step %c1 {
// CHECK: %[[WITHIN:.*]] = arith.cmpi ult, %{{.*}}, %c9
// CHECK-COUNT-8: vector.shuffle
// CHECK-NOT: vector.shuffle
// CHECK-COUNT-3: vector.store %{{.*}}, %[[Y]]
// CHECK: scf.if %[[WITHIN]] {
// CHECK-NEXT: arith.addf %{{.*}}, %[[BIAS]]
// CHECK-NEXT: vector.store %{{.*}}, %[[Y]]
// CHECK-NOT: vector.store
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x9x4xf32>, %w: memref<6xf32>, %b: memref<1x4xf32>, %s: memref<11xi32>, %y: memref<1x1x9x4xf32>) {
  kernel.conv "filter-toeplitz" ins(%x, %w bias %b structure %s) outs(%y) {in_channels = 2 : i64, out_channels = 3 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>, output_sizes = array<i64: 9>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 12, 1>}
    : (memref<1x1x9x4xf32>, memref<6xf32>, memref<1x4xf32>, memref<11xi32>, memref<1x1x9x4xf32>) -> () loc("conv1")
  return
}
}

// -----

// A first-level cache of 512 bytes: the weights lie by blocks of input channels, and between blocks the sums of all output channels wait.
// Zeros to start with, then two loads for the two vectors of every row in the blocks that follow; no bias, no bounds.
// CHECK-LABEL: func.func private @kernel_blocks
// CHECK: scf.for %{{.*}} = %c0 to %c2 step %c1 {
// CHECK: vector.shuffle
// CHECK: scf.for
// CHECK: iter_args(%{{.*}} = %cst, %{{.*}} = %cst, %{{.*}} = %cst, %{{.*}} = %cst)
// CHECK-COUNT-6: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.for %[[BLOCK:.*]] = %c1 to %c4 step %c1 {
// CHECK: %[[ROWS:.*]] = arith.muli %[[BLOCK]], %c4
// CHECK: arith.addi %[[ROWS]]
// CHECK: %[[SUM0:.*]] = vector.load
// CHECK: %[[SUM1:.*]] = vector.load
// CHECK: iter_args(%{{.*}} = %[[SUM0]], %{{.*}} = %[[SUM1]], %{{.*}} = %cst, %{{.*}} = %cst)
// CHECK-COUNT-6: vector.fma
// CHECK-NOT: vector.fma
// CHECK: vector.shuffle
// CHECK-NOT: scf.if
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 512, l2 = 524288>} {
func.func @main(%x: memref<1x8x8x4xf32>, %w: memref<20xf32>, %s: memref<37xi32>, %y: memref<1x1x8x4xf32>) {
  kernel.conv "filter-toeplitz" ins(%x, %w structure %s) outs(%y) {in_channels = 32 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 8>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 8, 1>}
    : (memref<1x8x8x4xf32>, memref<20xf32>, memref<37xi32>, memref<1x1x8x4xf32>) -> () loc("blocks")
  return
}
}
