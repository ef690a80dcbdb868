// Pools that the algorithm of a convolution can't compute in its epilogue; an IR that asks for one is refused with the reason.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --split-input-file --verify-diagnostics

func.func @main(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op has a pool that 'direct' can't compute: it has no pool}}
  kernel.conv "direct" ins(%x, %w) outs(%y) pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @main(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op has a pool that 'winograd' can't compute: its windows overlap}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) pool <max, kernel = [3, 3], strides = [2, 2], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @main(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x5x4x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op has a pool that 'winograd' can't compute: its windows begin in the padding}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 1],
      padding_low = [1, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x5x4x8xf32>) -> ()
  return
}

// -----

func.func @main(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op has a pool that 'winograd' can't compute: its windows are dilated}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 2],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @main(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x4x3x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op has a pool that 'winograd' can't compute: its stride is 3, which doesn't divide tiles of 4}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) pool <max, kernel = [2, 3], strides = [2, 3], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x3x8xf32>) -> ()
  return
}

// -----

func.func @main(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x5x4x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op has a pool that 'winograd' can't compute: it averages windows that go beyond the end}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) pool <average, kernel = [2, 2], strides = [2, 2], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x5x4x8xf32>) -> ()
  return
}

// -----

func.func @main(%x: memref<1x2x8x6x6x8xf32>, %w: memref<1536xf32>, %y: memref<1x2x4x6x6x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op has a pool that 'winograd' can't compute: the convolution transforms the depth}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) pool <max, kernel = [2, 1, 1], strides = [2, 1, 1], dilations = [1, 1, 1],
      padding_low = [0, 0, 0], padding_high = [0, 0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64,
      groups = 1 : i64, kernel = array<i64: 3, 1, 1>, strides = array<i64: 1, 1, 1>, dilations = array<i64: 1, 1, 1>,
      padding_low = array<i64: 1, 0, 0>, output_sizes = array<i64: 8, 6, 6>, output_strides = array<i64: 1, 1, 1>,
      output_offsets = array<i64: 0, 0, 0>, tile = array<i64: 6, 2>, transform = array<i64: 6, 1, 1>}
    : (memref<1x2x8x6x6x8xf32>, memref<1536xf32>, memref<1x2x4x6x6x8xf32>) -> ()
  return
}
