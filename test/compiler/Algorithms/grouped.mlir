// Groups that don't fill vectors: every lane of a vector of output channels multiplies inputs of its own group.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// Groups of 2 in vectors of 8: the same vector of inputs, shuffled for each of the two channels. Rows of 4 with 3 taps: for each channel
// 3 vectors of weights, 4 of inputs, 10 multiply-adds.
// CHECK-LABEL: func.func private @kernel_shuffled
// CHECK-SAME: (%{{.*}}: index, %[[X:.*]]: memref<1x1x3x4x8xf32>, %[[W:.*]]: memref<144xf32>, %[[Y:.*]]: memref<1x1x3x4x8xf32>)
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c3 step %c1 {
// CHECK: scf.for
// CHECK-COUNT-3: vector.load %[[W]]
// CHECK: %[[COLUMNS:.*]] = memref.subview %[[X]][0, 0, %{{.*}}, 0, 0] [1, 1, 1, 4, 8]
// CHECK: %[[INPUT:.*]] = vector.load %[[COLUMNS]][%c0, %c0]
// CHECK-NEXT: vector.shuffle %[[INPUT]], %[[INPUT]] [0, 0, 2, 2, 4, 4, 6, 6]
// CHECK-COUNT-3: vector.shuffle %{{.*}} [0, 0, 2, 2, 4, 4, 6, 6]
// CHECK-NOT: vector.shuffle
// CHECK-COUNT-3: vector.load %[[W]]
// CHECK-COUNT-4: vector.shuffle %{{.*}} [1, 1, 3, 3, 5, 5, 7, 7]
// CHECK-NOT: vector.shuffle
// CHECK-COUNT-4: vector.store %{{.*}}, %[[Y]][%c0, %c0, %[[ROW]]
// CHECK-NOT: scf.for
module attributes {kernel.target = #kernel.target<lanes = 8, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x3x4x8xf32>, %w: memref<144xf32>, %y: memref<1x1x3x4x8xf32>) {
  kernel.conv "grouped" ins(%x, %w) outs(%y) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 4 : i64, kernel = array<i64: 3, 3>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 3, 4>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 4, 1>}
    : (memref<1x1x3x4x8xf32>, memref<144xf32>, memref<1x1x3x4x8xf32>) -> () loc("shuffled")
  return
}
}

// -----

// 2 groups of 6 in vectors of 4: the first and the last block lie in one group, which is found out when the kernel runs, and multiply one
// channel at a time, a loop over the 6 of a group; the block between has lanes of both groups, which choose.
// CHECK-LABEL: func.func private @kernel_chosen
// CHECK-SAME: (%{{.*}}: index, %[[X:.*]]: memref<1x3x2x4xf32>, %[[W:.*]]: memref<72xf32>, %[[Y:.*]]: memref<1x3x2x4xf32>)
// CHECK-DAG: %[[OUTPUTS:.*]] = arith.constant 6 : index
// CHECK: scf.for %[[BLOCK:.*]] = %c0 to %c3 step %c1 {
// CHECK: %[[OUTPUT:.*]] = arith.muli %[[BLOCK]], %c4
// CHECK: %[[FIRST:.*]] = arith.remui %[[OUTPUT]], %[[OUTPUTS]]
// CHECK: %[[ONE:.*]] = arith.cmpi slt, %[[FIRST]], %c3
// CHECK: scf.if %[[ONE]] {
// CHECK: %[[GROUP:.*]] = arith.divui %[[OUTPUT]], %[[OUTPUTS]]
// CHECK: %[[CLAMPED:.*]] = arith.minsi %[[GROUP]], %c1
// CHECK: scf.for %{{.*}} = %c0 to %[[OUTPUTS]] step %c1 iter_args
// CHECK: vector.load %[[W]]
// CHECK: memref.subview %[[X]][0, %{{.*}}, 0, %{{.*}}] [1, 1, 2, 1]
// CHECK-NOT: arith.select
// CHECK-COUNT-2: vector.fma
// CHECK-COUNT-2: vector.store %{{.*}}, %[[Y]][%c0, %[[BLOCK]]
// CHECK: scf.if
// CHECK: %[[LANES:.*]] = arith.cmpi sge, %{{.*}}, %{{.*}} : vector<4xindex>
// CHECK: scf.for
// CHECK: %[[LOW:.*]] = memref.subview %[[X]]
// CHECK: %[[HIGH:.*]] = memref.subview %[[X]]
// CHECK: memref.load %[[LOW]][%c0
// CHECK: %[[BEFORE:.*]] = vector.broadcast
// CHECK: memref.load %[[HIGH]][%c0
// CHECK: %[[BEHIND:.*]] = vector.broadcast
// CHECK: %[[BOTH:.*]] = arith.select %[[LANES]], %[[BEHIND]], %[[BEFORE]]
// CHECK: vector.fma %[[BOTH]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x3x2x4xf32>, %w: memref<72xf32>, %y: memref<1x3x2x4xf32>) {
  kernel.conv "grouped" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 12 : i64, groups = 2 : i64, kernel = array<i64: 1>,
      strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 2>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>}
    : (memref<1x3x2x4xf32>, memref<72xf32>, memref<1x3x2x4xf32>) -> () loc("chosen")
  return
}
}
