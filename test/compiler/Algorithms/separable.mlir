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

// -----

// The pointwise convolution before the depthwise one: windows of 3 rows, two rows apart, of which chunks of 3 read 7. They lie in a ring of 7
// rows in front of what the depthwise convolution computes.
// CHECK-LABEL: func.func private @kernel_inverted
// CHECK-SAME: (%[[TASK:.*]]: index, %[[SLOT:.*]]: index, %[[X:.*]]: memref<1x1x17x12x4xf32>, %[[U:.*]]: memref<32xf32>, %[[C:.*]]: memref<2x4xf32>, %[[V:.*]]: memref<72xf32>, %[[W:.*]]: memref<32xf32>, %[[Y:.*]]: memref<1x1x9x6x4xf32>, %[[SCRATCH:.*]]: memref<{{[0-9]+}}x816xf32>)
// CHECK: %[[SEVEN:.*]] = arith.constant 7 : index
// CHECK: %[[RING:.*]] = memref.reinterpret_cast %[[SCRATCH]] to offset: [{{.*}}], sizes: [1, 2, 7, 12, 4], strides: [672, 336, 48, 4, 1]
// CHECK: scf.for %[[CHUNK:.*]] =
// The rows of the chunk from its first one on, or, behind the task's first chunk, from the end of the one before on.
// CHECK: %[[BEGIN:.*]] = arith.select
// CHECK: scf.for %[[ROW:[a-z0-9]+]] =
// CHECK: %[[INPUT:.*]] = memref.subview %[[X]][{{.*}}, 0, %[[ROW]], 0, 0] [1, 1, 1, 12, 4]
// CHECK: %[[PLACE:.*]] = arith.remui %[[ROW]], %[[SEVEN]]
// CHECK: %[[EXPANDED:.*]] = memref.subview %[[RING]][0, 0, %[[PLACE]], 0, 0] [1, 2, 1, 12, 4]
// CHECK: vector.load %[[C]]
// CHECK: vector.load %[[U]]
// CHECK: memref.load %[[INPUT]]
// CHECK: arith.{{cmpf|max.*}}
// CHECK: vector.store %{{.*}}, %[[EXPANDED]]
// The depthwise convolution reads the ring.
// CHECK: %[[ROWS:.*]] = memref.reinterpret_cast %[[SCRATCH]] to offset: [{{.*}}], sizes: [1, 2, 1, 18, 4], strides: [144, 72, 72, 4, 1]
// CHECK: %[[AT:.*]] = arith.remui %{{.*}}, %[[SEVEN]]
// CHECK: %[[COLUMNS:.*]] = memref.subview %[[RING]][0, %{{.*}}, %[[AT]], {{.*}}, 0]
// CHECK: vector.load %[[COLUMNS]]
// CHECK: vector.store %{{.*}}, %[[ROWS]]
// CHECK: memref.load %[[ROWS]]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 8192>} {
func.func @main(%x: memref<1x1x17x12x4xf32>, %u: memref<32xf32>, %c: memref<2x4xf32>, %v: memref<72xf32>, %w: memref<32xf32>, %y: memref<1x1x9x6x4xf32>,
                %s: memref<1x816xf32>) {
  kernel.separable_conv ins(%x expansion %u expansion_bias %c depthwise %v pointwise %w) outs(%y scratch %s) expansion_activation <relu>
      {in_channels = 4 : i64, channels = 8 : i64, out_channels = 4 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 6>, expansion_tile = array<i64: 6, 2>, depthwise_tile = 6 : i64, tile = array<i64: 6, 1>, rows = 3 : i64}
    : (memref<1x1x17x12x4xf32>, memref<32xf32>, memref<2x4xf32>, memref<72xf32>, memref<32xf32>, memref<1x1x9x6x4xf32>, memref<1x816xf32>) -> ()
    loc("inverted")
  return
}
}

// -----

// Nothing behind it: the depthwise convolution writes the result.
// CHECK-LABEL: func.func private @kernel_expanded
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<1x2x9x6x4xf32>, %[[SCRATCH:[a-z0-9]+]]: memref<{{[0-9]+}}x672xf32>)
// CHECK: %[[RING:.*]] = memref.reinterpret_cast %[[SCRATCH]]
// CHECK: memref.subview %[[RING]][0, %{{[^,]*}}, %{{[^,]*}}, {{[^,]*}}, 0] [1, 1, 1, 12, 4]
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK-NOT: memref.reinterpret_cast %[[SCRATCH]]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 8192>} {
func.func @main(%x: memref<1x1x17x12x4xf32>, %u: memref<32xf32>, %v: memref<72xf32>, %y: memref<1x2x9x6x4xf32>, %s: memref<1x672xf32>) {
  kernel.separable_conv ins(%x expansion %u depthwise %v) outs(%y scratch %s) {in_channels = 4 : i64, channels = 8 : i64, out_channels = 8 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 6>, expansion_tile = array<i64: 6, 2>, depthwise_tile = 6 : i64, rows = 3 : i64}
    : (memref<1x1x17x12x4xf32>, memref<32xf32>, memref<72xf32>, memref<1x2x9x6x4xf32>, memref<1x672xf32>) -> () loc("expanded")
  return
}
}

// -----

// By bf16x3: what the depthwise convolution computes is split, 16 channels of a step's 32; the other half is zeros. Chunks of four rows
// are 28 positions, two tiles, and the last one of two rows 14, less than a tile.
// CHECK-LABEL: func.func private @kernel_split
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<2048xbf16>, %[[Y:[a-z0-9]+]]: memref<1x2x6x7x16xf32>, %[[SCRATCH:[a-z0-9]+]]: memref<1x960xf32>)
// CHECK-SAME: passthrough = ["noinline"]
// CHECK: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<4x15x16xf32>
// CHECK: scf.for
// CHECK-COUNT-2: vector.store %{{.*}}, %[[SCRATCH]]{{.*}} vector<8xf32>
// CHECK: %[[HIGH:.*]] = x86vector.avx512.cvt.packed.f32_to_bf16
// CHECK: %[[LOW:.*]] = x86vector.avx512.cvt.packed.f32_to_bf16
// CHECK-COUNT-2: vector.store %{{.*}}, %[[SCRATCH]]{{.*}} vector<8xf32>
// One tile of 15 positions by both vectors of the result, low x high, high x high, high x low, and one of the 13 that are left.
// CHECK: %[[PART:[a-z0-9_]+]] = memref.subview %{{.*}} [1, 2, 1, 28, 16]
// CHECK-COUNT-2: amx.tile_zero : !amx.tile<15x16xf32>
// CHECK: amx.tile_load %[[SCRATCH]]
// CHECK-COUNT-2: amx.tile_load %[[W]]
// CHECK-COUNT-2: amx.tile_mulf
// CHECK: amx.tile_load %[[SCRATCH]]
// CHECK-COUNT-2: amx.tile_mulf
// CHECK-COUNT-2: amx.tile_load %[[W]]
// CHECK-COUNT-2: amx.tile_mulf
// CHECK-COUNT-2: amx.tile_store %[[SUMS]]
// CHECK: vector.store %{{.*}}, %[[PART]]
// CHECK-COUNT-6: amx.tile_mulf
// CHECK: vector.store %{{.*}}, %[[PART]]
// The last chunk.
// CHECK: memref.subview %{{.*}} [1, 2, 1, 14, 16]
// CHECK-COUNT-6: amx.tile_mulf
// CHECK-NOT: amx.tile_mulf
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 8192, amx = 1>} {
func.func @main(%x: memref<1x1x6x7x16xf32>, %v: memref<144xf32>, %w: memref<2048xbf16>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x960xf32>) {
  kernel.separable_conv ins(%x depthwise %v pointwise %w) outs(%y scratch %s) depthwise_activation <relu> {channels = 16 : i64, out_channels = 32 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 6, 7>, depthwise_tile = 7 : i64, tile = array<i64: 15, 2>, rows = 4 : i64}
    : (memref<1x1x6x7x16xf32>, memref<144xf32>, memref<2048xbf16>, memref<1x2x6x7x16xf32>, memref<1x960xf32>) -> () loc("split")
  return
}
}

// -----

module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 8192>} {
func.func @main(%x: memref<1x1x6x7x16xf32>, %v: memref<144xf32>, %w: memref<2048xbf16>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x960xf32>) {
  // expected-error @below {{'kernel.separable_conv' op with a filter of bfloat16 numbers needs a target with tile registers}}
  kernel.separable_conv ins(%x depthwise %v pointwise %w) outs(%y scratch %s) depthwise_activation <relu> {channels = 16 : i64, out_channels = 32 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 6, 7>, depthwise_tile = 7 : i64, tile = array<i64: 15, 2>, rows = 4 : i64}
    : (memref<1x1x6x7x16xf32>, memref<144xf32>, memref<2048xbf16>, memref<1x2x6x7x16xf32>, memref<1x960xf32>) -> ()
  return
}
}
