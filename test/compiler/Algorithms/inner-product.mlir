// Lanes are input channels; the sums over them are taken of a tile's positions together, and stored as a row of the plain result.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// 10 channels in vectors of 4, of which the last has 2: what lies behind them is replaced by zeros. Tiles of 4 positions by 2 output
// channels: 6 loads for 8 multiply-adds. The second tile of channels has one: it is known when the kernel runs whether there is another.
// CHECK-LABEL: func.func private @kernel_plain
// CHECK-SAME: (%{{.*}}: index, %[[X:.*]]: memref<1x3x2x8x4xf32>, %[[W:.*]]: memref<72xf32>, %[[B:.*]]: memref<3x1xf32>, %[[Y:.*]]: memref<1x3x2x8x1xf32>)
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<4xf32>
// CHECK: %[[ROWS:.*]] = memref.collapse_shape %[[Y]] {{.*}} into memref<1x3x2x8xf32>
// CHECK: scf.for %[[TILE:.*]] = %c0 to %c2 step %c1 {
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c2 step %c1 {
// CHECK: scf.for %[[COLUMN:.*]] = %c0 to %c8 step %c4 {
// CHECK: scf.for %[[BLOCK:.*]] = %c0 to %c2 step %c1 iter_args
// CHECK-COUNT-2: vector.load %[[W]]
// CHECK: %[[INPUT:.*]] = vector.load %[[X]][%c0, %[[BLOCK]], %[[ROW]], %[[COLUMN]], %c0]
// CHECK-COUNT-2: vector.fma %[[INPUT]]
// CHECK-COUNT-6: vector.fma
// CHECK: scf.yield
// CHECK: %[[MASK:.*]] = vector.constant_mask [2] : vector<4xi1>
// CHECK: %[[LAST:.*]] = vector.load %[[X]][%c0, %c2, %[[ROW]], %[[COLUMN]], %c0]
// CHECK: %[[MASKED:.*]] = arith.select %[[MASK]], %[[LAST]], %[[ZERO]]
// CHECK-COUNT-2: vector.fma %[[MASKED]]
// CHECK: scf.if
// CHECK-COUNT-6: vector.shuffle
// CHECK: arith.addf
// CHECK: memref.load %[[B]]
// CHECK: vector.store %{{.*}}, %[[ROWS]][%c0, %{{.*}}, %[[ROW]], %[[COLUMN]]] : memref<1x3x2x8xf32>, vector<4xf32>
// CHECK: scf.if
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x3x2x8x4xf32>, %w: memref<72xf32>, %b: memref<3x1xf32>, %y: memref<1x3x2x8x1xf32>) {
  kernel.conv "inner-product" ins(%x, %w bias %b) outs(%y) {in_channels = 10 : i64, out_channels = 3 : i64, groups = 1 : i64,
      kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 2, 8>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 4, 2>}
    : (memref<1x3x2x8x4xf32>, memref<72xf32>, memref<3x1xf32>, memref<1x3x2x8x1xf32>) -> () loc("plain")
  return
}
}

// -----

// A phase of a transposed convolution writes every second position, one by one. The first position's first tap lies in the padding.
// CHECK-LABEL: func.func private @kernel_apart
// CHECK-SAME: (%{{.*}}: index, %[[X:.*]]: memref<1x1x3x4xf32>, %[[W:.*]]: memref<8xf32>, %[[Y:.*]]: memref<1x1x6x1xf32>)
// CHECK-COUNT-5: vector.fma
// CHECK-NOT: vector.fma
// CHECK: memref.store %{{.*}}, %[[Y]][%c0, %c0, %c1, %c0]
// CHECK: memref.store %{{.*}}, %[[Y]][%c0, %c0, %c3, %c0]
// CHECK: memref.store %{{.*}}, %[[Y]][%c0, %c0, %c5, %c0]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x3x4xf32>, %w: memref<8xf32>, %y: memref<1x1x6x1xf32>) {
  kernel.conv "inner-product" ins(%x, %w) outs(%y) {in_channels = 4 : i64, out_channels = 1 : i64, groups = 1 : i64,
      kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>,
      output_sizes = array<i64: 3>, output_strides = array<i64: 2>, output_offsets = array<i64: 1>, tile = array<i64: 3, 1>}
    : (memref<1x1x3x4xf32>, memref<8xf32>, memref<1x1x6x1xf32>) -> () loc("apart")
  return
}
}
