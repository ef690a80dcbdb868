// Each numbered constraint of kernel.conv (dialects/Kernel/KernelOps.td) has a case that violates it alone.
// RUN: toeplitz-opt %s --split-input-file --verify-diagnostics

func.func @f(%x: memref<1x2x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 1: input, result and residual must have rank D + 3 = 5}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 1: input, result and residual must have rank D + 3 = 5}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %r: memref<1x2x9x8xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 1: input, result and residual must have rank D + 3 = 5}}
  kernel.conv "direct" ins(%x, %w residual %r) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x8xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

// Four dimensions are too many.
func.func @f(%x: memref<1x2x1x1x1x1x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x1x1x1x1x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 1: input, result and residual must have rank D + 3 = 7}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1, 1, 1>, padding_low = array<i64: 0, 0, 0, 0>,
      output_sizes = array<i64: 1, 1, 1, 1>, output_strides = array<i64: 1, 1, 1, 1>, output_offsets = array<i64: 0, 0, 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x1x1x1x1x8xf32>, memref<1728xf32>, memref<1x2x1x1x1x1x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 1: every array must have 2 elements, found 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 1: every array must have 2 elements, found 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 1: every array must have 2 elements, found 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 1: every array must have 2 elements, found 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 1>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 1: every array must have 2 elements, found 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 1: every array must have 2 elements, found 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 1>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 2: the input holds 16 of 17 channels}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 17 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 2: the result holds 16 of 24 channels}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 24 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %r: memref<1x2x9x10x8xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 3: the residual must have the result's shape}}
  kernel.conv "direct" ins(%x, %w residual %r) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x10x8xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 4: tile must be two numbers, at least 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 4: tile must be two numbers, at least 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 0, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 4: tile must be two numbers, at least 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 0>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 5: position 9 of dimension 0 lies outside of 9}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 10, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 5: position 9 of dimension 1 lies outside of 9}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 1>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 5: position 10 of dimension 1 lies outside of 9}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 5, 6>, output_strides = array<i64: 2, 2>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 6: kernel sizes and output offsets must not be negative, and strides, dilations, output sizes and output strides be at least 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, -1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 6: kernel sizes and output offsets must not be negative, and strides, dilations, output sizes and output strides be at least 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 0, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 6: kernel sizes and output offsets must not be negative, and strides, dilations, output sizes and output strides be at least 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 0>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 6: kernel sizes and output offsets must not be negative, and strides, dilations, output sizes and output strides be at least 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 0, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 6: kernel sizes and output offsets must not be negative, and strides, dilations, output sizes and output strides be at least 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 0, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 6: kernel sizes and output offsets must not be negative, and strides, dilations, output sizes and output strides be at least 1}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, -1>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 7: 0 groups don't divide 12 and 16 channels}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 0 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 7: 3 groups don't divide 12 and 16 channels}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 3 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 7: 8 groups don't divide 12 and 16 channels}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 8 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %b: memref<16xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 8: the bias must have shape 2x8}}
  kernel.conv "direct" ins(%x, %w bias %b) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<16xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<1728xf32>, %b: memref<1x8xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 8: the bias must have shape 2x8}}
  kernel.conv "direct" ins(%x, %w bias %b) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x9x9x8xf32>, memref<1728xf32>, memref<1x8xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

// Sizes are known.
func.func @f(%x: memref<1x2x?x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op operand #0 must be statically shaped tensor of 32-bit float values or statically shaped memref of 32-bit float or bfloat16 type or 16-bit float values, but got 'memref<1x2x?x9x8xf32>'}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64, kernel = array<i64: 3, 3>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (memref<1x2x?x9x8xf32>, memref<1728xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @main(%x: memref<1x1x4x4xf32>, %w: memref<48xf32>, %y: memref<1x1x2x4xf32>) {
  // expected-error @below {{constraint 9: transforms_filter needs transform}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>,
      output_sizes = array<i64: 2>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>, transforms_filter}
    : (memref<1x1x4x4xf32>, memref<48xf32>, memref<1x1x2x4xf32>) -> ()
  return
}

// -----

func.func @main(%x: memref<1x1x4x4xf32>, %w: memref<48xf32>, %s: memref<2x2xi32>, %t: memref<64xf32>, %y: memref<1x1x2x4xf32>) {
  // expected-error @below {{constraint 9: transform must be 1 numbers, at least the kernel's sizes}}
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>,
      output_sizes = array<i64: 2>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>, transform = array<i64: 2>}
    : (memref<1x1x4x4xf32>, memref<48xf32>, memref<1x1x2x4xf32>) -> ()
  return
}

// -----

func.func @long_circular(%x: memref<1x1x4x4xf32>, %w: memref<48xf32>, %y: memref<1x1x2x4xf32>) {
  // expected-error @below {{constraint 11: circular must have 1 elements, found 2}}
  kernel.conv "fft" ins(%x, %w) outs(%y) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>,
      output_sizes = array<i64: 2>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>,
      transform = array<i64: 4>, circular = array<i1: true, false>}
    : (memref<1x1x4x4xf32>, memref<48xf32>, memref<1x1x2x4xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<2x2x9x8xf32>, %w: memref<1728xf32>, %s: memref<12xf32>, %y: memref<2x2x9x8xf32>) {
  // expected-error @below {{constraint 12: the input's scale and shift must have shape 2x8 or 2x2x8, found 'memref<12xf32>'}}
  kernel.conv "bf16x3" ins(%x, %w input_scale %s) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>,
      output_sizes = array<i64: 9>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 6, 2>}
    : (memref<2x2x9x8xf32>, memref<1728xf32>, memref<12xf32>, memref<2x2x9x8xf32>) -> ()
  return
}

// -----

// One image of two.
func.func @f(%x: memref<2x2x9x8xf32>, %w: memref<1728xf32>, %s: memref<1x2x8xf32>, %y: memref<2x2x9x8xf32>) {
  // expected-error @below {{constraint 12: the input's scale and shift must have shape 2x8 or 2x2x8, found 'memref<1x2x8xf32>'}}
  kernel.conv "bf16x3" ins(%x, %w input_shift %s) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>,
      output_sizes = array<i64: 9>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 6, 2>}
    : (memref<2x2x9x8xf32>, memref<1728xf32>, memref<1x2x8xf32>, memref<2x2x9x8xf32>) -> ()
  return
}

// -----

// A kernel may be longer than the period, but a transform has a point at least.
func.func @circular_without_transform(%x: memref<1x1x4x4xf32>, %w: memref<48xf32>, %y: memref<1x1x2x4xf32>) {
  // expected-error @below {{constraint 9: transform must be 1 numbers, at least the kernel's sizes}}
  kernel.conv "fft" ins(%x, %w) outs(%y) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>,
      output_sizes = array<i64: 2>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>,
      transform = array<i64: 0>, circular = array<i1: true>}
    : (memref<1x1x4x4xf32>, memref<48xf32>, memref<1x1x2x4xf32>) -> ()
  return
}

// -----

func.func @main(%x: memref<1x1x4x4xf32>, %w: memref<48xf32>, %s: memref<2x2xi32>, %t: memref<64xf32>, %y: memref<1x1x2x4xf32>) {
  // expected-error @below {{constraint 10: the structure must have one dimension}}
  kernel.conv "direct" ins(%x, %w structure %s) outs(%y) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>,
      output_sizes = array<i64: 2>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>}
    : (memref<1x1x4x4xf32>, memref<48xf32>, memref<2x2xi32>, memref<1x1x2x4xf32>) -> ()
  return
}

// -----

func.func @main(%x: memref<1x1x4x4xf32>, %w: memref<48xf32>, %p: memref<2x32xf32>, %y: memref<1x1x2x4xf32>) {
  // expected-error @below {{constraint 10: the prepared memory must have one dimension}}
  kernel.conv "direct" ins(%x, %w) outs(%y prepared %p) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>,
      output_sizes = array<i64: 2>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>}
    : (memref<1x1x4x4xf32>, memref<48xf32>, memref<1x1x2x4xf32>, memref<2x32xf32>) -> ()
  return
}

// -----

func.func @main(%x: memref<1x1x4x4xf32>, %w: memref<48xf32>, %s: memref<2x2xi32>, %t: memref<64xf32>, %y: memref<1x1x2x4xf32>) {
  // expected-error @below {{constraint 10: the scratch memory must have two dimensions, rows and floats}}
  kernel.conv "direct" ins(%x, %w) outs(%y scratch %t) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>,
      output_sizes = array<i64: 2>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>}
    : (memref<1x1x4x4xf32>, memref<48xf32>, memref<1x1x2x4xf32>, memref<64xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %v: memref<144xf32>, %a: memref<2x8xf32>, %w: memref<192xf32>, %r: memref<1x2x9x9x8xf32>, %y: memref<1x2x9x9x8xf32>,
             %s: memref<3x432xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 1: input and result must have rank D + 3 and every array D elements, 1 <= D <= 3}}
  kernel.separable_conv ins(%x depthwise %v bias %a pointwise %w residual %r) outs(%y scratch %s) {channels = 12 : i64,
      out_channels = 16 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, tile = array<i64: 6, 2>,
      rows = 3 : i64}
    : (memref<1x2x9x9x8xf32>, memref<144xf32>, memref<2x8xf32>, memref<192xf32>, memref<1x2x9x9x8xf32>, memref<1x2x9x9x8xf32>, memref<3x432xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %v: memref<144xf32>, %a: memref<2x8xf32>, %w: memref<192xf32>, %r: memref<1x2x9x9x8xf32>, %y: memref<1x2x9x9x8xf32>,
             %s: memref<3x432xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 2: input and result must hold 12 and 16 channels in blocks of 8, the same images, and the output positions}}
  kernel.separable_conv ins(%x depthwise %v bias %a pointwise %w residual %r) outs(%y scratch %s) {channels = 12 : i64,
      out_channels = 16 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 8>, depthwise_tile = 9 : i64, tile = array<i64: 6, 2>,
      rows = 3 : i64}
    : (memref<1x2x9x9x8xf32>, memref<144xf32>, memref<2x8xf32>, memref<192xf32>, memref<1x2x9x9x8xf32>, memref<1x2x9x9x8xf32>, memref<3x432xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %v: memref<144xf32>, %a: memref<2x8xf32>, %w: memref<192xf32>, %r: memref<1x2x9x8x8xf32>, %y: memref<1x2x9x9x8xf32>,
             %s: memref<3x432xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 3: the residual must have the result's shape}}
  kernel.separable_conv ins(%x depthwise %v bias %a pointwise %w residual %r) outs(%y scratch %s) {channels = 12 : i64,
      out_channels = 16 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, tile = array<i64: 6, 2>,
      rows = 3 : i64}
    : (memref<1x2x9x9x8xf32>, memref<144xf32>, memref<2x8xf32>, memref<192xf32>, memref<1x2x9x8x8xf32>, memref<1x2x9x9x8xf32>, memref<3x432xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %v: memref<144xf32>, %a: memref<2x8xf32>, %w: memref<192xf32>, %r: memref<1x2x9x9x8xf32>, %y: memref<1x2x9x9x8xf32>,
             %s: memref<3x432xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 4: tiles must be two numbers, and depthwise_tile and rows one, at least 1}}
  kernel.separable_conv ins(%x depthwise %v bias %a pointwise %w residual %r) outs(%y scratch %s) {channels = 12 : i64,
      out_channels = 16 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, tile = array<i64: 6, 2>,
      rows = 0 : i64}
    : (memref<1x2x9x9x8xf32>, memref<144xf32>, memref<2x8xf32>, memref<192xf32>, memref<1x2x9x9x8xf32>, memref<1x2x9x9x8xf32>, memref<3x432xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x1x6x7x16xf32>, %v: memref<144xf32>, %w: memref<2048xbf16>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x960xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 4: a tile for a filter of bfloat16 numbers is at most 16 positions and 2 vectors, found 17 and 2}}
  kernel.separable_conv ins(%x depthwise %v pointwise %w) outs(%y scratch %s) depthwise_activation <relu> {channels = 16 : i64, out_channels = 32 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 6, 7>, depthwise_tile = 7 : i64, tile = array<i64: 17, 2>, rows = 4 : i64}
    : (memref<1x1x6x7x16xf32>, memref<144xf32>, memref<2048xbf16>, memref<1x2x6x7x16xf32>, memref<1x960xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %v: memref<144xf32>, %a: memref<2x8xf32>, %w: memref<192xf32>, %r: memref<1x2x9x9x8xf32>, %y: memref<1x2x9x9x8xf32>,
             %s: memref<3x432xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 5: kernel sizes, strides and dilations must be at least 1}}
  kernel.separable_conv ins(%x depthwise %v bias %a pointwise %w residual %r) outs(%y scratch %s) {channels = 12 : i64,
      out_channels = 16 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 0, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, tile = array<i64: 6, 2>,
      rows = 3 : i64}
    : (memref<1x2x9x9x8xf32>, memref<144xf32>, memref<2x8xf32>, memref<192xf32>, memref<1x2x9x9x8xf32>, memref<1x2x9x9x8xf32>, memref<3x432xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %v: memref<144xf32>, %a: memref<1x8xf32>, %w: memref<192xf32>, %r: memref<1x2x9x9x8xf32>, %y: memref<1x2x9x9x8xf32>,
             %s: memref<3x432xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 6: the biases must have the blocks of their channels}}
  kernel.separable_conv ins(%x depthwise %v bias %a pointwise %w residual %r) outs(%y scratch %s) {channels = 12 : i64,
      out_channels = 16 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, tile = array<i64: 6, 2>,
      rows = 3 : i64}
    : (memref<1x2x9x9x8xf32>, memref<144xf32>, memref<1x8xf32>, memref<192xf32>, memref<1x2x9x9x8xf32>, memref<1x2x9x9x8xf32>, memref<3x432xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %v: memref<144xf32>, %a: memref<2x8xf32>, %w: memref<192xf32>, %r: memref<1x2x9x9x8xf32>, %y: memref<1x2x9x9x8xf32>,
             %s: memref<3xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 7: the scratch memory must have two dimensions, rows and floats}}
  kernel.separable_conv ins(%x depthwise %v bias %a pointwise %w residual %r) outs(%y scratch %s) {channels = 12 : i64,
      out_channels = 16 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, tile = array<i64: 6, 2>,
      rows = 3 : i64}
    : (memref<1x2x9x9x8xf32>, memref<144xf32>, memref<2x8xf32>, memref<192xf32>, memref<1x2x9x9x8xf32>, memref<1x2x9x9x8xf32>, memref<3xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %v: memref<144xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 8: there is no pointwise convolution before or behind it}}
  kernel.separable_conv ins(%x depthwise %v) outs(%y) {channels = 12 : i64, out_channels = 12 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, rows = 3 : i64}
    : (memref<1x2x9x9x8xf32>, memref<144xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %v: memref<144xf32>, %w: memref<192xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 8: the parts of the expansion must be there where its filter is, and only there}}
  kernel.separable_conv ins(%x depthwise %v pointwise %w) outs(%y) {in_channels = 12 : i64, channels = 12 : i64, out_channels = 16 : i64,
      tile = array<i64: 6, 2>, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, rows = 3 : i64}
    : (memref<1x2x9x9x8xf32>, memref<144xf32>, memref<192xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x1x9x9x8xf32>, %u: memref<96xf32>, %v: memref<144xf32>, %w: memref<192xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 8: the parts of the expansion must be there where its filter is, and only there}}
  kernel.separable_conv ins(%x expansion %u depthwise %v pointwise %w) outs(%y) {in_channels = 6 : i64, channels = 12 : i64,
      out_channels = 16 : i64, tile = array<i64: 6, 2>, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, rows = 3 : i64}
    : (memref<1x1x9x9x8xf32>, memref<96xf32>, memref<144xf32>, memref<192xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x1x9x9x8xf32>, %u: memref<96xf32>, %v: memref<144xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 8: the parts of the pointwise convolution behind must be there where its filter is, and only there}}
  kernel.separable_conv ins(%x expansion %u depthwise %v residual %y) outs(%y) {in_channels = 6 : i64, channels = 12 : i64,
      out_channels = 12 : i64, expansion_tile = array<i64: 6, 2>, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, rows = 3 : i64}
    : (memref<1x1x9x9x8xf32>, memref<96xf32>, memref<144xf32>, memref<1x2x9x9x8xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x1x9x9x8xf32>, %u: memref<96xf32>, %v: memref<144xf32>, %y: memref<1x2x9x9x8xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 8: the result of the depthwise convolution has 12 channels, found 16}}
  kernel.separable_conv ins(%x expansion %u depthwise %v) outs(%y) {in_channels = 6 : i64, channels = 12 : i64,
      out_channels = 16 : i64, expansion_tile = array<i64: 6, 2>, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, rows = 3 : i64}
    : (memref<1x1x9x9x8xf32>, memref<96xf32>, memref<144xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x1x9x8xf32>, %u: memref<96xf32>, %v: memref<48xf32>, %y: memref<1x2x9x8xf32>) {
  // expected-error @below {{'kernel.separable_conv' op constraint 9: an expansion has 2 spatial dimensions, found 1}}
  kernel.separable_conv ins(%x expansion %u depthwise %v) outs(%y) {in_channels = 6 : i64, channels = 12 : i64,
      out_channels = 12 : i64, kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>,
      output_sizes = array<i64: 9>, expansion_tile = array<i64: 6, 2>, depthwise_tile = 9 : i64, rows = 1 : i64}
    : (memref<1x1x9x8xf32>, memref<96xf32>, memref<48xf32>, memref<1x2x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 13: the pool's arrays must have 2 elements, at least 1}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) pool <max, kernel = [2], strides = [2, 2], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 13: the pool's kernel sizes, strides and dilations must be at least 1}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) pool <max, kernel = [2, 2], strides = [0, 2], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x6x4x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 13: a window of the pool lies outside of the 9 positions of dimension 0}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x6x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x4x5x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 13: a window of the pool lies outside of the 9 positions of dimension 1}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 1],
      padding_low = [0, 2], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x5x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x4x3x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 13: the pool has room for more windows in dimension 1}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x3x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 14: a convolution with a pool must have no residual, output strides of 1 and output offsets of 0}}
  kernel.conv "winograd" ins(%x, %w) outs(%y) pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 2>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x4x4x8xf32>, %r: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 14: a convolution with a pool must have no residual, output strides of 1 and output offsets of 0}}
  kernel.conv "winograd" ins(%x, %w residual %r) outs(%y) pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x4x8xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x4x4x8xf32>, %u: memref<1x2x8x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 15: 'unpooled' must have the positions of a result that is pooled}}
  kernel.conv "winograd" ins(%x, %w) outs(%y unpooled %u) pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x4x8xf32>, memref<1x2x8x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x9x9x8xf32>, %u: memref<1x2x9x9x8xf32>) {
  // expected-error @+1 {{'kernel.conv' op constraint 15: 'unpooled' must have the positions of a result that is pooled}}
  kernel.conv "winograd" ins(%x, %w) outs(%y unpooled %u)  {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x9x9x8xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<2x16xf32>, %r: memref<1x2x6x7x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<2688xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op constraint 1: input and result must have rank D + 3 and every array D elements, 1 <= D <= 3}}
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<2x16xf32>, %r: memref<1x2x6x7x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<2688xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op constraint 2: input and result must hold 40 and 24 channels in blocks of 16, the same images, and the output positions}}
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 40 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<2x16xf32>, %r: memref<1x2x6x8x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<2688xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op constraint 3: the residual must have the result's shape}}
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x8x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<2x16xf32>, %r: memref<1x2x6x7x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<2688xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op constraint 4: expansion_vectors and vectors must be 1 or 2, positions between 1 and 16, and depthwise_tile, parts and steps at least 1}}
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 3 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<2x16xf32>, %r: memref<1x2x6x7x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<2688xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op constraint 4: expansion_vectors and vectors must be 1 or 2, positions between 1 and 16, and depthwise_tile, parts and steps at least 1}}
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 0 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<2x16xf32>, %r: memref<1x2x6x7x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<2688xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op constraint 4: expansion_vectors and vectors must be 1 or 2, positions between 1 and 16, and depthwise_tile, parts and steps at least 1}}
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 17 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<2x16xf32>, %r: memref<1x2x6x7x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<2688xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op constraint 4: expansion_vectors and vectors must be 1 or 2, positions between 1 and 16, and depthwise_tile, parts and steps at least 1}}
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 0 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<2x16xf32>, %r: memref<1x2x6x7x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<2688xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op constraint 4: expansion_vectors and vectors must be 1 or 2, positions between 1 and 16, and depthwise_tile, parts and steps at least 1}}
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 0 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<2x16xf32>, %r: memref<1x2x6x7x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<2688xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op constraint 4: expansion_vectors and vectors must be 1 or 2, positions between 1 and 16, and depthwise_tile, parts and steps at least 1}}
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 0 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<2x16xf32>, %r: memref<1x2x6x7x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<2688xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op constraint 5: kernel sizes, strides and dilations must be at least 1}}
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 0, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<3x16xf32>, %r: memref<1x2x6x7x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<2688xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op constraint 6: the biases must have the blocks of their channels}}
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<3x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<2x16xf32>, %r: memref<1x2x6x7x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<5376xf32>, %p: memref<2688xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op constraint 7: the scratch memory must have two dimensions, rows and floats}}
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<5376xf32>, memref<2688xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<2x16xf32>, %r: memref<1x2x6x7x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<1x2688xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op constraint 7: the prepared memory must have one dimension}}
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<1x2688xf32>) -> ()
  return
}
