// A depthwise convolution and the pointwise ones around it become one operation, where what lies between them is large.
// RUN: toeplitz-opt %s --fuse-separable --split-input-file | FileCheck %s

// 2 blocks x 4 channels x 16 x 16 positions are 8 KiB, the second-level cache has 8: a quarter holds 4 rows.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x16x16x4xf32>, %[[V:.*]]: tensor<72xf32>, %[[A:.*]]: tensor<2x4xf32>, %[[W:.*]]: tensor<32xf32>, %[[R:.*]]: tensor<1x1x16x16x4xf32>)
// CHECK-NOT: kernel.conv
// CHECK: kernel.separable_conv ins(%[[X]] depthwise %[[V]] bias %[[A]] pointwise %[[W]] residual %[[R]]) outs(%{{.*}}) depthwise_activation <relu>
// CHECK-SAME: activation <sigmoid> {channels = 8 : i64, depthwise_tile = 8 : i64
// CHECK-SAME: out_channels = 4 : i64
// CHECK-SAME: rows = 4 : i64
// CHECK-NOT: kernel.conv
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 8192>} {
func.func @main(%x: tensor<1x2x16x16x4xf32>, %v: tensor<72xf32>, %a: tensor<2x4xf32>, %w: tensor<32xf32>, %r: tensor<1x1x16x16x4xf32>)
    -> tensor<1x1x16x16x4xf32> {
  %e0 = tensor.empty() : tensor<1x2x16x16x4xf32>
  %0 = kernel.conv "depthwise" ins(%x, %v bias %a) outs(%e0) activation <relu> {in_channels = 8 : i64, out_channels = 8 : i64, groups = 8 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 16, 16>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 8, 1>}
    : (tensor<1x2x16x16x4xf32>, tensor<72xf32>, tensor<2x4xf32>, tensor<1x2x16x16x4xf32>) -> tensor<1x2x16x16x4xf32>
  %e1 = tensor.empty() : tensor<1x1x16x16x4xf32>
  %1 = kernel.conv "pointwise" ins(%0, %w residual %r) outs(%e1) activation <sigmoid> {in_channels = 8 : i64, out_channels = 4 : i64,
      groups = 1 : i64, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 16, 16>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 8, 1>}
    : (tensor<1x2x16x16x4xf32>, tensor<32xf32>, tensor<1x1x16x16x4xf32>, tensor<1x1x16x16x4xf32>) -> tensor<1x1x16x16x4xf32>
  return %1 : tensor<1x1x16x16x4xf32>
}
}

// -----

// The depthwise result has another reader.
// CHECK-LABEL: func.func @main
// CHECK: kernel.conv "depthwise"
// CHECK: kernel.conv "pointwise"
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 8192>} {
func.func @main(%x: tensor<1x2x16x16x4xf32>, %v: tensor<72xf32>, %w: tensor<32xf32>) -> (tensor<1x2x16x16x4xf32>, tensor<1x1x16x16x4xf32>) {
  %e0 = tensor.empty() : tensor<1x2x16x16x4xf32>
  %0 = kernel.conv "depthwise" ins(%x, %v) outs(%e0) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 8 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 16, 16>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 8, 1>}
    : (tensor<1x2x16x16x4xf32>, tensor<72xf32>, tensor<1x2x16x16x4xf32>) -> tensor<1x2x16x16x4xf32>
  %e1 = tensor.empty() : tensor<1x1x16x16x4xf32>
  %1 = kernel.conv "pointwise" ins(%0, %w) outs(%e1) {in_channels = 8 : i64, out_channels = 4 : i64,
      groups = 1 : i64, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 16, 16>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 8, 1>}
    : (tensor<1x2x16x16x4xf32>, tensor<32xf32>, tensor<1x1x16x16x4xf32>) -> tensor<1x1x16x16x4xf32>
  return %0, %1 : tensor<1x2x16x16x4xf32>, tensor<1x1x16x16x4xf32>
}
}

// -----

// What lies between stays in a cache of 32 KiB.
// CHECK-LABEL: func.func @main
// CHECK: kernel.conv "depthwise"
// CHECK: kernel.conv "pointwise"
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 32768>} {
func.func @main(%x: tensor<1x2x16x16x4xf32>, %v: tensor<72xf32>, %w: tensor<32xf32>) -> tensor<1x1x16x16x4xf32> {
  %e0 = tensor.empty() : tensor<1x2x16x16x4xf32>
  %0 = kernel.conv "depthwise" ins(%x, %v) outs(%e0) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 8 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 16, 16>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 8, 1>}
    : (tensor<1x2x16x16x4xf32>, tensor<72xf32>, tensor<1x2x16x16x4xf32>) -> tensor<1x2x16x16x4xf32>
  %e1 = tensor.empty() : tensor<1x1x16x16x4xf32>
  %1 = kernel.conv "pointwise" ins(%0, %w) outs(%e1) {in_channels = 8 : i64, out_channels = 4 : i64,
      groups = 1 : i64, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 16, 16>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 8, 1>}
    : (tensor<1x2x16x16x4xf32>, tensor<32xf32>, tensor<1x1x16x16x4xf32>) -> tensor<1x1x16x16x4xf32>
  return %1 : tensor<1x1x16x16x4xf32>
}
}

// -----

// The pointwise convolution behind is by bf16x3: two rows are 48 positions, four tiles of 12.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<1x1x24x24x16xf32>, %[[V:.*]]: tensor<144xf32>, %[[W:.*]]: tensor<2048xbf16>
// CHECK-NOT: kernel.conv
// CHECK: kernel.separable_conv ins(%[[X]] depthwise %[[V]] pointwise %[[W]]) outs(%{{.*}}) depthwise_activation <relu> {channels = 16 : i64
// CHECK-SAME: rows = 2 : i64
// CHECK-SAME: tile = array<i64: 12, 2>
// CHECK-NOT: kernel.conv
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 32768, amx = 1>} {
func.func @main(%x: tensor<1x1x24x24x16xf32>, %v: tensor<144xf32>, %w: tensor<2048xbf16>) -> tensor<1x2x24x24x16xf32> {
  %e0 = tensor.empty() : tensor<1x1x24x24x16xf32>
  %0 = kernel.conv "depthwise" ins(%x, %v) outs(%e0) activation <relu> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 16 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 24, 24>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 12, 1>}
    : (tensor<1x1x24x24x16xf32>, tensor<144xf32>, tensor<1x1x24x24x16xf32>) -> tensor<1x1x24x24x16xf32>
  %e1 = tensor.empty() : tensor<1x2x24x24x16xf32>
  %1 = kernel.conv "bf16x3" ins(%0, %w) outs(%e1) {in_channels = 16 : i64, out_channels = 32 : i64,
      groups = 1 : i64, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 24, 24>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 16, 2>}
    : (tensor<1x1x24x24x16xf32>, tensor<2048xbf16>, tensor<1x2x24x24x16xf32>) -> tensor<1x2x24x24x16xf32>
  return %1 : tensor<1x2x24x24x16xf32>
}
}

// -----

// The last vector has lanes that may hold anything: bf16x3 would multiply them.
// CHECK-LABEL: func.func @main
// CHECK: kernel.conv "depthwise"
// CHECK: kernel.conv "bf16x3"
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 32768, amx = 1>} {
func.func @main(%x: tensor<1x1x24x24x16xf32>, %v: tensor<144xf32>, %w: tensor<2048xbf16>) -> tensor<1x2x24x24x16xf32> {
  %e0 = tensor.empty() : tensor<1x1x24x24x16xf32>
  %0 = kernel.conv "depthwise" ins(%x, %v) outs(%e0) {in_channels = 15 : i64, out_channels = 15 : i64, groups = 15 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 24, 24>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 12, 1>}
    : (tensor<1x1x24x24x16xf32>, tensor<144xf32>, tensor<1x1x24x24x16xf32>) -> tensor<1x1x24x24x16xf32>
  %e1 = tensor.empty() : tensor<1x2x24x24x16xf32>
  %1 = kernel.conv "bf16x3" ins(%0, %w) outs(%e1) {in_channels = 15 : i64, out_channels = 32 : i64,
      groups = 1 : i64, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 24, 24>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 16, 2>}
    : (tensor<1x1x24x24x16xf32>, tensor<2048xbf16>, tensor<1x2x24x24x16xf32>) -> tensor<1x2x24x24x16xf32>
  return %1 : tensor<1x2x24x24x16xf32>
}
}

// -----

// An inverted residual block. What is expanded has 48 x 24 positions of 8 channels, 36 KiB; a ring of 8 rows and 6 behind it are 10.5 KiB,
// half of the cache holds 4 and 2.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<1x1x48x24x4xf32>, %[[U:.*]]: tensor<32xf32>, %[[C:.*]]: tensor<2x4xf32>, %[[V:.*]]: tensor<72xf32>, %[[W:.*]]: tensor<32xf32>)
// CHECK-NOT: kernel.conv
// CHECK: kernel.separable_conv ins(%[[X]] expansion %[[U]] expansion_bias %[[C]] depthwise %[[V]] pointwise %[[W]] residual %[[X]]) outs(%{{.*}}) expansion_activation <relu> depthwise_activation <sigmoid>
// CHECK-SAME: channels = 8 : i64
// CHECK-SAME: expansion_tile = array<i64: 6, 2>, in_channels = 4 : i64
// CHECK-SAME: out_channels = 4 : i64
// CHECK-SAME: rows = 4 : i64
// CHECK-NOT: kernel.conv
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 16384>} {
func.func @main(%x: tensor<1x1x48x24x4xf32>, %u: tensor<32xf32>, %c: tensor<2x4xf32>, %v: tensor<72xf32>, %w: tensor<32xf32>) -> tensor<1x1x48x24x4xf32> {
  %e0 = tensor.empty() : tensor<1x2x48x24x4xf32>
  %e2 = tensor.empty() : tensor<1x1x48x24x4xf32>
  %0 = kernel.conv "pointwise" ins(%x, %u bias %c) outs(%e0) activation <relu> {in_channels = 4 : i64, out_channels = 8 : i64,
      groups = 1 : i64, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 48, 24>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (tensor<1x1x48x24x4xf32>, tensor<32xf32>, tensor<2x4xf32>, tensor<1x2x48x24x4xf32>) -> tensor<1x2x48x24x4xf32>
  %1 = kernel.conv "depthwise" ins(%0, %v) outs(%e0) activation <sigmoid> {in_channels = 8 : i64, out_channels = 8 : i64, groups = 8 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 48, 24>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 8, 1>}
    : (tensor<1x2x48x24x4xf32>, tensor<72xf32>, tensor<1x2x48x24x4xf32>) -> tensor<1x2x48x24x4xf32>
  %2 = kernel.conv "pointwise" ins(%1, %w residual %x) outs(%e2) {in_channels = 8 : i64, out_channels = 4 : i64,
      groups = 1 : i64, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 48, 24>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 12, 1>}
    : (tensor<1x2x48x24x4xf32>, tensor<32xf32>, tensor<1x1x48x24x4xf32>, tensor<1x1x48x24x4xf32>) -> tensor<1x1x48x24x4xf32>
  return %2 : tensor<1x1x48x24x4xf32>
}
}

// -----

// Behind the depthwise convolution is something else: it writes the result.
// CHECK-LABEL: func.func @main
// CHECK-NOT: kernel.conv
// CHECK: kernel.separable_conv ins(%{{.*}} expansion %{{.*}} depthwise %{{.*}}) outs(%{{.*}}) depthwise_activation <sigmoid>
// CHECK-SAME: out_channels = 8 : i64
// CHECK-NOT: kernel.conv
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 16384>} {
func.func @main(%x: tensor<1x1x48x24x4xf32>, %u: tensor<32xf32>, %v: tensor<72xf32>) -> tensor<1x2x24x12x4xf32> {
  %e0 = tensor.empty() : tensor<1x2x48x24x4xf32>
  %e1 = tensor.empty() : tensor<1x2x24x12x4xf32>
  %0 = kernel.conv "pointwise" ins(%x, %u) outs(%e0) {in_channels = 4 : i64, out_channels = 8 : i64,
      groups = 1 : i64, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 48, 24>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (tensor<1x1x48x24x4xf32>, tensor<32xf32>, tensor<1x2x48x24x4xf32>) -> tensor<1x2x48x24x4xf32>
  %1 = kernel.conv "depthwise" ins(%0, %v) outs(%e1) activation <sigmoid> {in_channels = 8 : i64, out_channels = 8 : i64, groups = 8 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 24, 12>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 8, 1>}
    : (tensor<1x2x48x24x4xf32>, tensor<72xf32>, tensor<1x2x24x12x4xf32>) -> tensor<1x2x24x12x4xf32>
  return %1 : tensor<1x2x24x12x4xf32>
}
}

// -----

// What is expanded has another reader.
// CHECK-LABEL: func.func @main
// CHECK: kernel.conv "pointwise"
// CHECK: kernel.conv "depthwise"
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 16384>} {
func.func @main(%x: tensor<1x1x48x24x4xf32>, %u: tensor<32xf32>, %v: tensor<72xf32>) -> (tensor<1x2x48x24x4xf32>, tensor<1x2x24x12x4xf32>) {
  %e0 = tensor.empty() : tensor<1x2x48x24x4xf32>
  %e1 = tensor.empty() : tensor<1x2x24x12x4xf32>
  %0 = kernel.conv "pointwise" ins(%x, %u) outs(%e0) {in_channels = 4 : i64, out_channels = 8 : i64,
      groups = 1 : i64, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 48, 24>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (tensor<1x1x48x24x4xf32>, tensor<32xf32>, tensor<1x2x48x24x4xf32>) -> tensor<1x2x48x24x4xf32>
  %1 = kernel.conv "depthwise" ins(%0, %v) outs(%e1) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 8 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 24, 12>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 8, 1>}
    : (tensor<1x2x48x24x4xf32>, tensor<72xf32>, tensor<1x2x24x12x4xf32>) -> tensor<1x2x24x12x4xf32>
  return %0, %1 : tensor<1x2x48x24x4xf32>, tensor<1x2x24x12x4xf32>
}
}

// -----

// Of 47 rows four tasks would compute 6 twice, more than an eighth.
// CHECK-LABEL: func.func @main
// CHECK: kernel.conv "pointwise"
// CHECK: kernel.conv "depthwise"
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 16384>} {
func.func @main(%x: tensor<1x1x47x24x4xf32>, %u: tensor<32xf32>, %v: tensor<72xf32>) -> tensor<1x2x47x24x4xf32> {
  %e0 = tensor.empty() : tensor<1x2x47x24x4xf32>
  %0 = kernel.conv "pointwise" ins(%x, %u) outs(%e0) {in_channels = 4 : i64, out_channels = 8 : i64,
      groups = 1 : i64, kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 47, 24>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (tensor<1x1x47x24x4xf32>, tensor<32xf32>, tensor<1x2x47x24x4xf32>) -> tensor<1x2x47x24x4xf32>
  %1 = kernel.conv "depthwise" ins(%0, %v) outs(%e0) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 8 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 47, 24>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 8, 1>}
    : (tensor<1x2x47x24x4xf32>, tensor<72xf32>, tensor<1x2x47x24x4xf32>) -> tensor<1x2x47x24x4xf32>
  return %1 : tensor<1x2x47x24x4xf32>
}
}
