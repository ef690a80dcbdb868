// A chunk of rows of the depthwise convolution goes into memory of the task's own, and is multiplied there.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file --verify-diagnostics | FileCheck %s

// 7 rows in chunks of 3: two whole chunks, and one of a single row that has code of its own.
// CHECK-LABEL: func.func private @kernel_pair
// CHECK-SAME: (%[[TASK:.*]]: index, %[[X:.*]]: memref<1x2x7x6x4xf32>, %[[V:.*]]: memref<72xf32>, %[[A:.*]]: memref<2x4xf32>, %[[W:.*]]: memref<32xf32>, %[[Y:.*]]: memref<1x1x7x6x4xf32>, %[[SCRATCH:.*]]: memref<{{[0-9]+}}x144xf32>)
// CHECK: scf.for
// The depthwise rows: bias, then 3 x 3 taps for 6 positions; ReLU; stored to the task's memory.
// CHECK: %[[ROWS:.*]] = memref.reinterpret_cast %[[SCRATCH]] to offset: [{{.*}}], sizes: [1, 2, 1, 18, 4], strides: [144, 72, 72, 4, 1]
// CHECK: scf.for
// CHECK: vector.load %[[A]]
// CHECK: %[[COLUMNS:.*]] = memref.subview %[[X]]
// CHECK: vector.load %[[COLUMNS]]
// CHECK: arith.{{cmpf|max.*}}
// CHECK: vector.store %{{.*}}, %[[ROWS]]
// The pointwise convolution reads the memory and writes the chunk's positions of the result.
// CHECK: %[[POSITIONS:.*]] = memref.subview %{{.*}}[0, 0, 0, %{{.*}}, 0] [1, 1, 1, 18, 4] [1, 1, 1, 1, 1]
// CHECK: vector.load %[[W]]
// CHECK: memref.load %[[ROWS]]
// CHECK: vector.store %{{.*}}, %[[POSITIONS]]
// The last chunk.
// CHECK: memref.reinterpret_cast %[[SCRATCH]] to offset: [{{.*}}], sizes: [1, 2, 1, 6, 4], strides: [48, 24, 24, 4, 1]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 8192>} {
func.func @main(%x: memref<1x2x7x6x4xf32>, %v: memref<72xf32>, %a: memref<2x4xf32>, %w: memref<32xf32>, %y: memref<1x1x7x6x4xf32>,
                %s: memref<1x144xf32>) {
  kernel.separable_conv ins(%x depthwise %v bias %a pointwise %w) outs(%y scratch %s) depthwise_activation <relu>
      {channels = 8 : i64, out_channels = 4 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 7, 6>, depthwise_tile = 6 : i64, tile = array<i64: 6, 1>, rows = 3 : i64}
    : (memref<1x2x7x6x4xf32>, memref<72xf32>, memref<2x4xf32>, memref<32xf32>, memref<1x1x7x6x4xf32>, memref<1x144xf32>) -> () loc("pair")
  return
}
}

// -----

func.func @main(%x: memref<1x2x7x6x4xf32>, %v: memref<72xf32>, %w: memref<32xf32>, %y: memref<1x1x7x6x4xf32>) {
  // expected-error @below {{'kernel.separable_conv' op has no scratch memory; allocate-scratch must run before this pass}}
  kernel.separable_conv ins(%x depthwise %v pointwise %w) outs(%y) {channels = 8 : i64, out_channels = 4 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 7, 6>, depthwise_tile = 6 : i64, tile = array<i64: 6, 1>, rows = 3 : i64}
    : (memref<1x2x7x6x4xf32>, memref<72xf32>, memref<32xf32>, memref<1x1x7x6x4xf32>) -> ()
  return
}
