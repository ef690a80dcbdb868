// Depthwise convolutions: a vector of channels at a time, no reduction over channels.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// 3 x 3 taps, padded by 1, rows of 7 in tiles of 3: 8, 9 and 2 multiply-adds for each row of taps, each of two vectors. An input vector is
// loaded once for all the taps that read it: 4, 5 and 2 loads.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: (%{{.*}}: index, %[[X:.*]]: memref<1x1x3x7x4xf32>, %[[W:.*]]: memref<36xf32>, %[[Y:.*]]: memref<1x1x3x7x4xf32>)
// CHECK-NOT: vector.broadcast
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c3 step %c1 {
// CHECK: scf.for %{{.*}} iter_args(%{{.*}} = %cst, %{{.*}} = %cst, %{{.*}} = %cst)
// CHECK-COUNT-3: vector.load %[[W]]
// CHECK: %[[COLUMNS:.*]] = memref.subview %[[X]][0, 0, %{{.*}}, 0, 0] [1, 1, 1, 4, 4]
// CHECK-COUNT-4: vector.load %[[COLUMNS]]
// CHECK-NOT: vector.load
// CHECK: scf.yield
// CHECK-COUNT-3: vector.store %{{.*}}, %[[Y]][%c0, %c0, %[[ROW]]
// CHECK: scf.for
// CHECK-COUNT-9: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK: scf.for %{{.*}} iter_args(%{{.*}} = %cst) -> (vector<4xf32>)
// CHECK-COUNT-2: vector.fma
// CHECK-NOT: vector.fma
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %[[ROW]], %c6, %c0]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x3x7x4xf32>, %w: memref<36xf32>, %y: memref<1x1x3x7x4xf32>) {
  kernel.conv "depthwise" ins(%x, %w) outs(%y) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 4 : i64, kernel = array<i64: 3, 3>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 3, 7>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 3, 1>}
    : (memref<1x1x3x7x4xf32>, memref<36xf32>, memref<1x1x3x7x4xf32>) -> () loc("conv1")
  return
}
}

// -----

// Stride 2: no two taps of different positions but one read the same vector. Blocks of channels are the outer loop.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK: scf.for %[[BLOCK:.*]] = %c0 to %c2 step %c1 {
// CHECK: %[[BIAS:.*]] = vector.load %{{.*}}[%[[BLOCK]], %c0] : memref<2x4xf32>
// CHECK: %[[COLUMNS:.*]] = memref.subview %{{.*}}[0, %[[BLOCK]], 0, 0] [1, 1, 5, 4] [1, 1, 1, 1] : memref<1x2x5x4xf32>
// CHECK-COUNT-5: vector.load %[[COLUMNS]]
// CHECK-NOT: vector.load
// CHECK: math.tanh
// CHECK: vector.store
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x5x4xf32>, %w: memref<24xf32>, %b: memref<2x4xf32>, %y: memref<1x2x2x4xf32>) {
  kernel.conv "depthwise" ins(%x, %w bias %b) outs(%y) activation <tanh> {in_channels = 7 : i64, out_channels = 7 : i64, groups = 7 : i64,
      kernel = array<i64: 3>, strides = array<i64: 2>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 2>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>}
    : (memref<1x2x5x4xf32>, memref<24xf32>, memref<2x4xf32>, memref<1x2x2x4xf32>) -> () loc("conv1")
  return
}
}

// -----

// A large image is divided by rows before it's divided by blocks, as pointwise convolutions divide it: 2 halves x 4 pairs of blocks.
// CHECK-LABEL: func.func @main
// CHECK: scf.forall (%{{.*}}) in (8)
// CHECK-LABEL: func.func private @kernel_large(
// CHECK-DAG: %[[HALF:.*]] = arith.constant 14 : index
// CHECK-DAG: %[[PAIRS:.*]] = arith.constant 4 : index
// CHECK: %[[ROWS:.*]] = arith.divui %{{.*}}, %[[PAIRS]] : index
// CHECK: arith.muli %[[ROWS]], %[[HALF]]
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152>} {
func.func @main(%x: memref<1x8x28x28x16xf32>, %w: memref<1152xf32>, %y: memref<1x8x28x28x16xf32>) {
  kernel.conv "depthwise" ins(%x, %w) outs(%y) {in_channels = 128 : i64, out_channels = 128 : i64, groups = 128 : i64, kernel = array<i64: 3, 3>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 28, 28>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 7, 1>}
    : (memref<1x8x28x28x16xf32>, memref<1152xf32>, memref<1x8x28x28x16xf32>) -> () loc("large")
  return
}
}

// -----

// A small one with many channels by blocks alone, of which a task has 11.
// CHECK-LABEL: func.func @main
// CHECK: scf.forall (%{{.*}}) in (6)
// CHECK-LABEL: func.func private @kernel_small(
// CHECK-SAME: %[[TASK:[a-z0-9]*]]: index
// CHECK-DAG: %[[BLOCKS:.*]] = arith.constant 11 : index
// CHECK: arith.muli %[[TASK]], %[[BLOCKS]]
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152>} {
func.func @main(%x: memref<1x64x7x7x16xf32>, %w: memref<9216xf32>, %y: memref<1x64x7x7x16xf32>) {
  kernel.conv "depthwise" ins(%x, %w) outs(%y) {in_channels = 1024 : i64, out_channels = 1024 : i64, groups = 1024 : i64, kernel = array<i64: 3, 3>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 7, 7>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 7, 1>}
    : (memref<1x64x7x7x16xf32>, memref<9216xf32>, memref<1x64x7x7x16xf32>) -> () loc("small")
  return
}
}
