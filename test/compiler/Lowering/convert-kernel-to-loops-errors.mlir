// RUN: toeplitz-opt %s --convert-kernel-to-loops --split-input-file --verify-diagnostics

// expected-error @+1 {{expected a function @main, the network}}
module {
  func.func @net(%x: memref<1x4xf32>) {
    return
  }
}

// -----

func.func @main(%x: memref<1x2x3x4xf32>, %w: memref<32xf32>, %y: memref<1x2x3x4xf32>) {
  // expected-error @+1 {{'kernel.conv' op names an unknown algorithm 'coppersmith'}}
  kernel.conv "coppersmith" ins(%x, %w) outs(%y) {in_channels = 8 : i64, out_channels = 4 : i64, groups = 1 : i64, kernel = array<i64: 1>,
      strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 3>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>}
    : (memref<1x2x3x4xf32>, memref<32xf32>, memref<1x2x3x4xf32>) -> ()
  return
}

// -----

#map = affine_map<(i) -> (i)>
func.func @main(%x: memref<?xf32>, %y: memref<16xf32>) {
  // expected-error @+1 {{'linalg.generic' op uses a buffer whose shape or strides aren't known: 'memref<?xf32>'}}
  linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%y : memref<16xf32>) {
  ^body(%out: f32):
    %i = linalg.index 0 : index
    %0 = memref.load %x[%i] : memref<?xf32>
    linalg.yield %0 : f32
  }
  return
}

// -----

module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x4x4xf32>, %w: memref<112xf32>, %y: memref<1x2x4x4xf32>) {
  // expected-error @+1 {{'kernel.conv' op by 'strassen' has no scratch memory}}
  kernel.conv "strassen" ins(%x, %w) outs(%y) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 1 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 4>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>}
    : (memref<1x2x4x4xf32>, memref<112xf32>, memref<1x2x4x4xf32>) -> ()
  return
}
}

// -----

func.func @main(%x: memref<1x2x8x8xbf16>, %y: memref<1x2x8x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op has a buffer of numbers of 16 bits, which the kernels of a CPU don't read or write}}
  kernel.pool max ins(%x) outs(%y) {count_include_pad = false, dilations = array<i64: 1>, kernel = array<i64: 3>, p = 2 : i64,
      padding_high = array<i64: 1>, padding_low = array<i64: 1>, strides = array<i64: 1>}
    : (memref<1x2x8x8xbf16>, memref<1x2x8x8xf32>) -> ()
  return
}
