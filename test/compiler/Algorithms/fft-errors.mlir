// What fft asks of an operation beside what every convolution must have.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --split-input-file --verify-diagnostics

module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x6x4xf32>, %w: memref<72xf32>, %y: memref<1x1x5x4xf32>, %scratch: memref<1x224xf32>) {
  // expected-error@+1 {{has no transform of 2^a 3^b 5^c points in the last one or two dimensions (circular ones: as many as the input), which 'fft' needs}}
  kernel.conv "fft" ins(%x, %w) outs(%y scratch %scratch) {in_channels = 3 : i64, out_channels = 2 : i64, groups = 1 : i64,
      kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>,
      output_sizes = array<i64: 5>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>,
      transform = array<i64: 7>}
    : (memref<1x1x6x4xf32>, memref<72xf32>, memref<1x1x5x4xf32>, memref<1x224xf32>) -> ()
  return
}
}

// -----

module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x6x4xf32>, %w: memref<72xf32>, %y: memref<1x1x5x4xf32>) {
  // expected-error@+1 {{has no scratch memory of 224 floats, which 'fft' needs}}
  kernel.conv "fft" ins(%x, %w) outs(%y) {in_channels = 3 : i64, out_channels = 2 : i64, groups = 1 : i64,
      kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>,
      output_sizes = array<i64: 5>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>,
      transform = array<i64: 4>}
    : (memref<1x1x6x4xf32>, memref<72xf32>, memref<1x1x5x4xf32>) -> ()
  return
}
}

// -----

module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x6x4xf32>, %w: memref<71xf32>, %y: memref<1x1x5x4xf32>, %scratch: memref<1x224xf32>) {
  // expected-error@+1 {{has a packed filter of 71 floats, 'fft' expects 72}}
  kernel.conv "fft" ins(%x, %w) outs(%y scratch %scratch) {in_channels = 3 : i64, out_channels = 2 : i64, groups = 1 : i64,
      kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>,
      output_sizes = array<i64: 5>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>,
      transform = array<i64: 4>}
    : (memref<1x1x6x4xf32>, memref<71xf32>, memref<1x1x5x4xf32>, memref<1x224xf32>) -> ()
  return
}
}

// -----

// A period of 6 positions isn't one of 8 points.
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x6x4xf32>, %w: memref<120xf32>, %y: memref<1x1x6x4xf32>, %scratch: memref<1x320xf32>) {
  // expected-error@+1 {{has no transform of 2^a 3^b 5^c points in the last one or two dimensions (circular ones: as many as the input), which 'fft' needs}}
  kernel.conv "fft" ins(%x, %w) outs(%y scratch %scratch) {in_channels = 3 : i64, out_channels = 2 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>,
      output_sizes = array<i64: 6>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>,
      transform = array<i64: 8>, circular = array<i1: true>}
    : (memref<1x1x6x4xf32>, memref<120xf32>, memref<1x1x6x4xf32>, memref<1x320xf32>) -> ()
  return
}
}

// -----

// The other algorithms read a halo.
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x6x4xf32>, %w: memref<36xf32>, %y: memref<1x1x6x4xf32>) {
  // expected-error@+1 {{has circular dimensions, but 'direct' takes no circular padding}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 3 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>,
      output_sizes = array<i64: 6>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>,
      circular = array<i1: true>}
    : (memref<1x1x6x4xf32>, memref<36xf32>, memref<1x1x6x4xf32>) -> ()
  return
}
}

// -----

// Three taps of the depth read three slices at least.
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x5x4x4x4xf32>, %w: memref<1xf32>, %y: memref<1x1x1x4x4x4xf32>) {
  // expected-error@+1 {{has no transform of 2^a 3^b 5^c points in the last one or two dimensions (circular ones: as many as the input), which 'fft' needs}}
  kernel.conv "fft" ins(%x, %w) outs(%y) {in_channels = 3 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3, 3>, strides = array<i64: 1, 1, 1>, dilations = array<i64: 2, 1, 1>, padding_low = array<i64: 0, 1, 1>,
      output_sizes = array<i64: 1, 4, 4>, output_strides = array<i64: 1, 1, 1>, output_offsets = array<i64: 0, 0, 0>,
      tile = array<i64: 1, 1>, transform = array<i64: 4, 6, 6>}
    : (memref<1x1x5x4x4x4xf32>, memref<1xf32>, memref<1x1x1x4x4x4xf32>) -> ()
  return
}
}
