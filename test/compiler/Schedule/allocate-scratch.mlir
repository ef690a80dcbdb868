// Each task of a kernel that works in memory has a row of one buffer while it runs, and 64 run at once; kernels that work in registers get none.
// What a first step computes for all tasks of the second one has a buffer of its own.
// RUN: toeplitz-opt %s --allocate-scratch --split-input-file | FileCheck %s

// 4 rows of 16 positions of 8 channels, for each of the tasks.
// CHECK-LABEL: func.func @main
// CHECK: %[[SCRATCH:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1x512xf32>
// CHECK: kernel.separable_conv {{.*}} outs(%{{.*}} scratch %[[SCRATCH]])
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 8192>} {
func.func @main(%x: memref<1x2x16x16x4xf32>, %v: memref<72xf32>, %w: memref<32xf32>, %y: memref<1x1x16x16x4xf32>) {
  kernel.separable_conv ins(%x depthwise %v pointwise %w) outs(%y) {channels = 8 : i64, out_channels = 4 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 16, 16>, depthwise_tile = 8 : i64, tile = array<i64: 8, 1>, rows = 4 : i64}
    : (memref<1x2x16x16x4xf32>, memref<72xf32>, memref<32xf32>, memref<1x1x16x16x4xf32>) -> ()
  return
}
}

// -----

// A ring of 6 rows of 16 positions of 8 channels, and 4 rows behind the depthwise convolution, for two tasks: a third would compute more than an eighth
// of the rows twice.
// CHECK-LABEL: func.func @main
// CHECK: %[[SCRATCH:.*]] = memref.alloc() {alignment = 64 : i64} : memref<2x1280xf32>
// CHECK: kernel.separable_conv {{.*}} outs(%{{.*}} scratch %[[SCRATCH]])
// The ring alone: windows of 3 rows, two rows apart.
// CHECK: %[[RING:.*]] = memref.alloc() {alignment = 64 : i64} : memref<2x1152xf32>
// CHECK: kernel.separable_conv {{.*}} outs(%{{.*}} scratch %[[RING]])
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 8192>} {
func.func @main(%x: memref<1x1x16x16x4xf32>, %u: memref<32xf32>, %v: memref<72xf32>, %w: memref<32xf32>, %y: memref<1x1x16x16x4xf32>,
    %z: memref<1x2x8x8x4xf32>) {
  kernel.separable_conv ins(%x expansion %u depthwise %v pointwise %w) outs(%y) {in_channels = 4 : i64, channels = 8 : i64, out_channels = 4 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 16, 16>, expansion_tile = array<i64: 4, 2>, depthwise_tile = 8 : i64, tile = array<i64: 8, 1>, rows = 4 : i64}
    : (memref<1x1x16x16x4xf32>, memref<32xf32>, memref<72xf32>, memref<32xf32>, memref<1x1x16x16x4xf32>) -> ()
  kernel.separable_conv ins(%x expansion %u depthwise %v) outs(%z) {in_channels = 4 : i64, channels = 8 : i64, out_channels = 8 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 8, 8>, expansion_tile = array<i64: 4, 2>, depthwise_tile = 8 : i64, rows = 4 : i64}
    : (memref<1x1x16x16x4xf32>, memref<32xf32>, memref<72xf32>, memref<1x2x8x8x4xf32>) -> ()
  return
}
}

// -----

// CHECK-LABEL: func.func @main
// CHECK-NOT: memref.alloc
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 8192>} {
func.func @main(%x: memref<1x1x4x4xf32>, %w: memref<48xf32>, %y: memref<1x1x2x4xf32>) {
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>,
      output_sizes = array<i64: 2>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>}
    : (memref<1x1x4x4xf32>, memref<48xf32>, memref<1x1x2x4xf32>) -> ()
  return
}
}

// -----

// 256 rows of output in tasks of at least one: more than 64.
// CHECK-LABEL: func.func @main
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<64x{{[0-9]+}}xf32>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 65536>} {
func.func @main(%x: memref<512x1x6x4xf32>, %w: memref<96xf32>, %s: memref<24xi32>, %y: memref<512x1x6x4xf32>) {
  kernel.conv "filter-toeplitz" ins(%x, %w structure %s) outs(%y) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>,
      output_sizes = array<i64: 6>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>}
    : (memref<512x1x6x4xf32>, memref<96xf32>, memref<24xi32>, memref<512x1x6x4xf32>) -> ()
  return
}
}

// -----

// Winograd's algorithm with one block of tiles and several tasks of output channels: 36 values of 4
// register tiles x 128 channels x 4 tiles, and a vector more each.
// CHECK-LABEL: func.func @main
// CHECK: %[[SCRATCH:.*]] = memref.alloc() {alignment = 64 : i64} : memref<{{.*}}xf32>
// CHECK: %[[INPUT:.*]] = memref.alloc() {alignment = 64 : i64} : memref<73872xf32>
// CHECK: kernel.conv "winograd" {{.*}} outs(%{{.*}} scratch %[[SCRATCH]] prepared %[[INPUT]])
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 1048576>} {
func.func @main(%x: memref<1x32x14x14x4xf32>, %w: memref<589824xf32>, %y: memref<1x32x14x14x4xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y) {in_channels = 128 : i64, out_channels = 128 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 4, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x32x14x14x4xf32>, memref<589824xf32>, memref<1x32x14x14x4xf32>) -> ()
  return
}
}

// -----

// Of an inverted residual block: two steps of 32 channels, 3 tiles of 14 positions before and behind the depthwise convolution; the split input of
// one step and the sums of one part, of 2 vectors.
// CHECK-LABEL: func.func @main
// CHECK: %[[SCRATCH:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1x5376xf32>
// CHECK: %[[PREPARED:.*]] = memref.alloc() {alignment = 64 : i64} : memref<2688xf32>
// CHECK: kernel.inverted_residual {{.*}} outs(%{{.*}} scratch %[[SCRATCH]] prepared %[[PREPARED]])
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %v: memref<720xf32>, %w: memref<6144xbf16>, %y: memref<1x2x6x7x16xf32>) {
  kernel.inverted_residual ins(%x expansion %u depthwise %v pointwise %w) outs(%y) {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<720xf32>, memref<6144xbf16>, memref<1x2x6x7x16xf32>) -> ()
  return
}
}
