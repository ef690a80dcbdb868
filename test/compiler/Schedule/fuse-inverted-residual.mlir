// A depthwise convolution between two pointwise ones by bf16x3 becomes one operation with them.
// RUN: toeplitz-opt %s --fuse-inverted-residual --split-input-file | FileCheck %s

// 12 steps of 32 channels in four parts, each in one chunk; 14 tiles of 14 positions.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x14x14x16xf32>, %[[U:.*]]: tensor<49152xbf16>, %[[B:.*]]: tensor<24x16xf32>, %[[V:.*]]: tensor<3456xf32>, %[[W:.*]]: tensor<49152xbf16>)
// CHECK-NOT: kernel.conv
// CHECK: kernel.inverted_residual ins(%[[X]] expansion %[[U]] expansion_bias %[[B]] depthwise %[[V]] pointwise %[[W]] residual %[[X]]) outs(%{{.*}}) expansion_activation <relu> depthwise_activation <relu>
// CHECK-SAME: channels = 384 : i64, depthwise_tile = 14 : i64, dilations = array<i64: 1, 1>, expansion_vectors = 2 : i64, in_channels = 64 : i64
// CHECK-SAME: parts = 4 : i64, positions = 14 : i64, steps = 3 : i64
// CHECK-NOT: kernel.conv
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: tensor<1x4x14x14x16xf32>, %u: tensor<49152xbf16>, %b: tensor<24x16xf32>, %v: tensor<3456xf32>, %w: tensor<49152xbf16>) -> tensor<1x4x14x14x16xf32> {
  %e0 = tensor.empty() : tensor<1x24x14x14x16xf32>
  %0 = kernel.conv "bf16x3" ins(%x, %u bias %b) outs(%e0) activation <relu> {in_channels = 64 : i64, out_channels = 384 : i64, groups = 1 : i64,
      kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 14, 2>}
    : (tensor<1x4x14x14x16xf32>, tensor<49152xbf16>, tensor<24x16xf32>, tensor<1x24x14x14x16xf32>) -> tensor<1x24x14x14x16xf32>
  %e1 = tensor.empty() : tensor<1x24x14x14x16xf32>
  %1 = kernel.conv "depthwise" ins(%0, %v) outs(%e1) activation <relu> {in_channels = 384 : i64, out_channels = 384 : i64, groups = 384 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 14, 1>}
    : (tensor<1x24x14x14x16xf32>, tensor<3456xf32>, tensor<1x24x14x14x16xf32>) -> tensor<1x24x14x14x16xf32>
  %e2 = tensor.empty() : tensor<1x4x14x14x16xf32>
  %2 = kernel.conv "bf16x3" ins(%1, %w residual %x) outs(%e2) {in_channels = 384 : i64, out_channels = 64 : i64, groups = 1 : i64,
      kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 14, 2>}
    : (tensor<1x24x14x14x16xf32>, tensor<49152xbf16>, tensor<1x4x14x14x16xf32>, tensor<1x4x14x14x16xf32>) -> tensor<1x4x14x14x16xf32>
  return %2 : tensor<1x4x14x14x16xf32>
}
}

// -----

// Something else reads what the first one makes.
// CHECK-LABEL: func.func @main
// CHECK-NOT: kernel.inverted_residual
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: tensor<1x4x14x14x16xf32>, %u: tensor<49152xbf16>, %b: tensor<24x16xf32>, %v: tensor<3456xf32>, %w: tensor<49152xbf16>) -> (tensor<1x4x14x14x16xf32>, tensor<1x24x14x14x16xf32>) {
  %e0 = tensor.empty() : tensor<1x24x14x14x16xf32>
  %0 = kernel.conv "bf16x3" ins(%x, %u bias %b) outs(%e0) activation <relu> {in_channels = 64 : i64, out_channels = 384 : i64, groups = 1 : i64,
      kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 14, 2>}
    : (tensor<1x4x14x14x16xf32>, tensor<49152xbf16>, tensor<24x16xf32>, tensor<1x24x14x14x16xf32>) -> tensor<1x24x14x14x16xf32>
  %e1 = tensor.empty() : tensor<1x24x14x14x16xf32>
  %1 = kernel.conv "depthwise" ins(%0, %v) outs(%e1) activation <relu> {in_channels = 384 : i64, out_channels = 384 : i64, groups = 384 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 14, 1>}
    : (tensor<1x24x14x14x16xf32>, tensor<3456xf32>, tensor<1x24x14x14x16xf32>) -> tensor<1x24x14x14x16xf32>
  %e2 = tensor.empty() : tensor<1x4x14x14x16xf32>
  %2 = kernel.conv "bf16x3" ins(%1, %w residual %x) outs(%e2) {in_channels = 384 : i64, out_channels = 64 : i64, groups = 1 : i64,
      kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 14, 2>}
    : (tensor<1x24x14x14x16xf32>, tensor<49152xbf16>, tensor<1x4x14x14x16xf32>, tensor<1x4x14x14x16xf32>) -> tensor<1x4x14x14x16xf32>
  return %2, %0 : tensor<1x4x14x14x16xf32>, tensor<1x24x14x14x16xf32>
}
}

// -----

// The last one by another algorithm.
// CHECK-LABEL: func.func @main
// CHECK-NOT: kernel.inverted_residual
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: tensor<1x4x14x14x16xf32>, %u: tensor<49152xbf16>, %b: tensor<24x16xf32>, %v: tensor<3456xf32>, %w: tensor<24576xf32>) -> tensor<1x4x14x14x16xf32> {
  %e0 = tensor.empty() : tensor<1x24x14x14x16xf32>
  %0 = kernel.conv "bf16x3" ins(%x, %u bias %b) outs(%e0) activation <relu> {in_channels = 64 : i64, out_channels = 384 : i64, groups = 1 : i64,
      kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 14, 2>}
    : (tensor<1x4x14x14x16xf32>, tensor<49152xbf16>, tensor<24x16xf32>, tensor<1x24x14x14x16xf32>) -> tensor<1x24x14x14x16xf32>
  %e1 = tensor.empty() : tensor<1x24x14x14x16xf32>
  %1 = kernel.conv "depthwise" ins(%0, %v) outs(%e1) activation <relu> {in_channels = 384 : i64, out_channels = 384 : i64, groups = 384 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 14, 1>}
    : (tensor<1x24x14x14x16xf32>, tensor<3456xf32>, tensor<1x24x14x14x16xf32>) -> tensor<1x24x14x14x16xf32>
  %e2 = tensor.empty() : tensor<1x4x14x14x16xf32>
  %2 = kernel.conv "pointwise" ins(%1, %w residual %x) outs(%e2) {in_channels = 384 : i64, out_channels = 64 : i64, groups = 1 : i64,
      kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 7, 4>}
    : (tensor<1x24x14x14x16xf32>, tensor<24576xf32>, tensor<1x4x14x14x16xf32>, tensor<1x4x14x14x16xf32>) -> tensor<1x4x14x14x16xf32>
  return %2 : tensor<1x4x14x14x16xf32>
}
}

// -----

// A small second-level cache.
// CHECK-LABEL: func.func @main
// CHECK-NOT: kernel.inverted_residual
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 262144, amx = 1>} {
func.func @main(%x: tensor<1x4x14x14x16xf32>, %u: tensor<49152xbf16>, %b: tensor<24x16xf32>, %v: tensor<3456xf32>, %w: tensor<49152xbf16>) -> tensor<1x4x14x14x16xf32> {
  %e0 = tensor.empty() : tensor<1x24x14x14x16xf32>
  %0 = kernel.conv "bf16x3" ins(%x, %u bias %b) outs(%e0) activation <relu> {in_channels = 64 : i64, out_channels = 384 : i64, groups = 1 : i64,
      kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 14, 2>}
    : (tensor<1x4x14x14x16xf32>, tensor<49152xbf16>, tensor<24x16xf32>, tensor<1x24x14x14x16xf32>) -> tensor<1x24x14x14x16xf32>
  %e1 = tensor.empty() : tensor<1x24x14x14x16xf32>
  %1 = kernel.conv "depthwise" ins(%0, %v) outs(%e1) activation <relu> {in_channels = 384 : i64, out_channels = 384 : i64, groups = 384 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 14, 1>}
    : (tensor<1x24x14x14x16xf32>, tensor<3456xf32>, tensor<1x24x14x14x16xf32>) -> tensor<1x24x14x14x16xf32>
  %e2 = tensor.empty() : tensor<1x4x14x14x16xf32>
  %2 = kernel.conv "bf16x3" ins(%1, %w residual %x) outs(%e2) {in_channels = 384 : i64, out_channels = 64 : i64, groups = 1 : i64,
      kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
      output_sizes = array<i64: 14, 14>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 14, 2>}
    : (tensor<1x24x14x14x16xf32>, tensor<49152xbf16>, tensor<1x4x14x14x16xf32>, tensor<1x4x14x14x16xf32>) -> tensor<1x4x14x14x16xf32>
  return %2 : tensor<1x4x14x14x16xf32>
}
}
