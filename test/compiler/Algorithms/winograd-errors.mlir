// What an IR may ask of `winograd` that it can't compute.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --split-input-file --verify-diagnostics

module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x14x4xf32>, %w: memref<96xf32>, %y: memref<1x1x12x4xf32>) {
  // expected-error @+1 {{'kernel.conv' op by 'winograd' has no transform or no scratch memory}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 12>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>, transform = array<i64: 6>}
    : (memref<1x1x14x4xf32>, memref<96xf32>, memref<1x1x12x4xf32>) -> ()
  return
}
}

// -----

// The kernel transforms whole vectors of channels.
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x14x4xf32>, %w: memref<96xf32>, %y: memref<1x1x12x4xf32>, %s: memref<1x512xf32>) {
  // expected-error @+1 {{'kernel.conv' op by 'winograd' transforms the filter of 6 input channels, expected a multiple of the vector length 4}}
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 6 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 12>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>, transform = array<i64: 6>, transforms_filter}
    : (memref<1x2x14x4xf32>, memref<96xf32>, memref<1x1x12x4xf32>, memref<1x512xf32>) -> ()
  return
}
}
