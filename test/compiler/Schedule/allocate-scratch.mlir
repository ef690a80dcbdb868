// Each task of a kernel that works in memory gets a row of one buffer; kernels that work in registers get none.
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
