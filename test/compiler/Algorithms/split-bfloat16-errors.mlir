// What the lowering of bf16x3 refuses.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --split-input-file --verify-diagnostics

module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 1048576>} {
func.func @main(%x: memref<1x2x28x16xf32>, %w: memref<2048xbf16>, %y: memref<1x2x28x16xf32>, %panel: memref<1x1792xbf16>) {
  // expected-error @below {{by 'bf16x3' needs a target with tile registers}}
  kernel.conv "bf16x3" ins(%x, %w) outs(%y scratch %panel) {in_channels = 32 : i64, out_channels = 32 : i64, groups = 1 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 28>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 14, 2>}
    : (memref<1x2x28x16xf32>, memref<2048xbf16>, memref<1x2x28x16xf32>, memref<1x1792xbf16>) -> ()
  return
}
}

// -----

module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: memref<1x2x28x16xf32>, %w: memref<2048xbf16>, %y: memref<1x2x28x16xf32>) {
  // expected-error @below {{by 'bf16x3' has no memory for its split input}}
  kernel.conv "bf16x3" ins(%x, %w) outs(%y) {in_channels = 32 : i64, out_channels = 32 : i64, groups = 1 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 28>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 14, 2>}
    : (memref<1x2x28x16xf32>, memref<2048xbf16>, memref<1x2x28x16xf32>) -> ()
  return
}
}

// -----

// expected-error @below {{amx must be 0 or 1, found 2}}
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 2>} {}
