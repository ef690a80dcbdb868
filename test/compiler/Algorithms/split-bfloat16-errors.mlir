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

// -----

// Of a dense layer the images are columns.
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: memref<4x2x16xf32>, %w: memref<2048xbf16>, %scale: memref<2x16xf32>, %y: memref<4x2x16xf32>, %panel: memref<1x1792xbf16>) {
  // expected-error @below {{by 'bf16x3' has a scale, a shift or an activation of its input, expected an input with positions and blocks of channels}}
  kernel.conv "bf16x3" ins(%x, %w input_scale %scale) outs(%y scratch %panel) {in_channels = 32 : i64, out_channels = 32 : i64,
      groups = 1 : i64, kernel = array<i64>, strides = array<i64>, dilations = array<i64>, padding_low = array<i64>,
      output_sizes = array<i64>, output_strides = array<i64>, output_offsets = array<i64>, tile = array<i64: 4, 2>}
    : (memref<4x2x16xf32>, memref<2048xbf16>, memref<2x16xf32>, memref<4x2x16xf32>, memref<1x1792xbf16>) -> ()
  return
}
}

// -----

// The other algorithms read their input as it is.
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x6x4xf32>, %w: memref<36xf32>, %y: memref<1x1x6x4xf32>) {
  // expected-error @below {{has a scale, a shift or an activation of its input, but 'direct' reads its input as it is}}
  kernel.conv "direct" ins(%x, %w) outs(%y) input_activation <relu> {in_channels = 3 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>,
      output_sizes = array<i64: 6>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>}
    : (memref<1x1x6x4xf32>, memref<36xf32>, memref<1x1x6x4xf32>) -> ()
  return
}
}
