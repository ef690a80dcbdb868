// Every operation, on tensors and on buffers, is read as it was printed, in the pretty and in the generic form.
// RUN: toeplitz-opt %s | FileCheck %s
// RUN: toeplitz-opt %s | toeplitz-opt | FileCheck %s
// RUN: toeplitz-opt %s --mlir-print-op-generic | toeplitz-opt | FileCheck %s

// CHECK: module attributes {kernel.target = #kernel.target<lanes = 8, registers = 16, fma = 1, l1 = 32768, l2 = 524288>}
module attributes {kernel.target = #kernel.target<lanes = 8, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {

// CHECK-LABEL: @conv
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x9x9x8xf32>, %[[W:.*]]: tensor<1728xf32>, %[[B:.*]]: tensor<2x8xf32>, %[[R:.*]]: tensor<1x2x9x9x8xf32>, %[[INIT:.*]]: tensor<1x2x9x9x8xf32>)
func.func @conv(%x: tensor<1x2x9x9x8xf32>, %w: tensor<1728xf32>, %b: tensor<2x8xf32>, %r: tensor<1x2x9x9x8xf32>, %init: tensor<1x2x9x9x8xf32>)
    -> (tensor<1x2x9x9x8xf32>, tensor<1x2x9x9x8xf32>) {
  // CHECK: kernel.conv "direct" ins(%[[X]], %[[W]] bias %[[B]] residual %[[R]]) outs(%[[INIT]]) activation <relu>
  // CHECK-SAME: dilations = array<i64: 1, 1>, groups = 1 : i64, in_channels = 12 : i64, kernel = array<i64: 3, 3>, out_channels = 16 : i64
  // CHECK-SAME: output_offsets = array<i64: 0, 0>, output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>
  // CHECK-SAME: padding_low = array<i64: 1, 1>, strides = array<i64: 1, 1>, tile = array<i64: 6, 2>
  // CHECK-SAME: -> tensor<1x2x9x9x8xf32>
  %0 = kernel.conv "direct" ins(%x, %w bias %b residual %r) outs(%init) activation <relu> {in_channels = 12 : i64, out_channels = 16 : i64,
      groups = 1 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>,
      output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>}
    : (tensor<1x2x9x9x8xf32>, tensor<1728xf32>, tensor<2x8xf32>, tensor<1x2x9x9x8xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
  // The residual without the bias; an activation with parameters; a phase of a transposed convolution.
  // CHECK: kernel.conv "im2col" ins(%[[X]], %[[W]] residual %[[R]]) outs(%{{.*}}) activation <clip alpha = -1.000000e+00 : f32 beta = 6.000000e+00 : f32>
  // CHECK-SAME: output_offsets = array<i64: 1, 0>, output_sizes = array<i64: 4, 5>, output_strides = array<i64: 2, 2>, padding_low = array<i64: -1, 0>
  %1 = kernel.conv "im2col" ins(%x, %w residual %r) outs(%0) activation <clip alpha = -1.0 : f32 beta = 6.0 : f32> {in_channels = 12 : i64,
      out_channels = 16 : i64, groups = 1 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: -1, 0>, output_sizes = array<i64: 4, 5>, output_strides = array<i64: 2, 2>,
      output_offsets = array<i64: 1, 0>, tile = array<i64: 6, 2>}
    : (tensor<1x2x9x9x8xf32>, tensor<1728xf32>, tensor<1x2x9x9x8xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
  return %0, %1 : tensor<1x2x9x9x8xf32>, tensor<1x2x9x9x8xf32>
}

// Scale, shift and activation of the input, for all images and for each; alone.
// CHECK-LABEL: @prologue
func.func @prologue(%x: tensor<2x2x9x8xf32>, %w: tensor<1728xf32>, %scale: tensor<2x2x8xf32>, %shift: tensor<2x8xf32>, %init: tensor<2x2x9x8xf32>)
    -> (tensor<2x2x9x8xf32>, tensor<2x2x9x8xf32>) {
  // CHECK: kernel.conv "bf16x3" ins(%{{.*}}, %{{.*}} input_scale %{{.*}} input_shift %{{.*}}) outs(%{{.*}}) input_activation <silu> activation <relu>
  %0 = kernel.conv "bf16x3" ins(%x, %w input_scale %scale input_shift %shift) outs(%init) input_activation <silu> activation <relu> {
      in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64, kernel = array<i64: 3>, strides = array<i64: 1>,
      dilations = array<i64: 1>, padding_low = array<i64: 1>, output_sizes = array<i64: 9>, output_strides = array<i64: 1>,
      output_offsets = array<i64: 0>, tile = array<i64: 6, 2>}
    : (tensor<2x2x9x8xf32>, tensor<1728xf32>, tensor<2x2x8xf32>, tensor<2x8xf32>, tensor<2x2x9x8xf32>) -> tensor<2x2x9x8xf32>
  // CHECK: kernel.conv "bf16x3" ins(%{{.*}}, %{{.*}} input_shift %{{.*}}) outs(%{{.*}}) {dilations
  %1 = kernel.conv "bf16x3" ins(%x, %w input_shift %shift) outs(%0) {
      in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64, kernel = array<i64: 3>, strides = array<i64: 1>,
      dilations = array<i64: 1>, padding_low = array<i64: 1>, output_sizes = array<i64: 9>, output_strides = array<i64: 1>,
      output_offsets = array<i64: 0>, tile = array<i64: 6, 2>}
    : (tensor<2x2x9x8xf32>, tensor<1728xf32>, tensor<2x8xf32>, tensor<2x2x9x8xf32>) -> tensor<2x2x9x8xf32>
  return %0, %1 : tensor<2x2x9x8xf32>, tensor<2x2x9x8xf32>
}

// Circular dimensions, with a kernel that is longer than the input.
// CHECK-LABEL: @circular
func.func @circular(%x: memref<1x2x4x9x8xf32>, %w: memref<1728xf32>, %y: memref<1x2x4x9x8xf32>) {
  // CHECK: kernel.conv "fft" ins(%{{.*}}, %{{.*}}) outs(%{{.*}}) {circular = array<i1: true, false>, dilations = array<i64: 1, 1>
  // CHECK-SAME: transform = array<i64: 4, 12>
  kernel.conv "fft" ins(%x, %w) outs(%y) {in_channels = 12 : i64, out_channels = 16 : i64, groups = 1 : i64, kernel = array<i64: 7, 3>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 3, 1>, output_sizes = array<i64: 4, 9>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 1, 1>, transform = array<i64: 4, 12>,
      circular = array<i1: true, false>}
    : (memref<1x2x4x9x8xf32>, memref<1728xf32>, memref<1x2x4x9x8xf32>) -> ()
  return
}

// A depthwise and a pointwise convolution in one, with all that may be there and with nothing that may be missing.
// CHECK-LABEL: @separable_conv
func.func @separable_conv(%x: memref<1x2x9x9x8xf32>, %v: memref<144xf32>, %a: memref<2x8xf32>, %w: memref<192xf32>, %b: memref<2x8xf32>,
    %r: memref<1x2x9x9x8xf32>, %y: memref<1x2x9x9x8xf32>, %s: memref<3x432xf32>) {
  // CHECK: kernel.separable_conv ins(%{{.*}} depthwise %{{.*}} bias %{{.*}} pointwise %{{.*}} bias %{{.*}} residual %{{.*}}) outs(%{{.*}} scratch %{{.*}}) depthwise_activation <clip beta = 6.000000e+00 : f32> activation <relu>
  // CHECK-SAME: channels = 12 : i64, depthwise_tile = 9 : i64
  // CHECK-SAME: rows = 3 : i64
  kernel.separable_conv ins(%x depthwise %v bias %a pointwise %w bias %b residual %r) outs(%y scratch %s)
      depthwise_activation <clip beta = 6.0 : f32> activation <relu> {channels = 12 : i64, out_channels = 16 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, tile = array<i64: 6, 2>, rows = 3 : i64}
    : (memref<1x2x9x9x8xf32>, memref<144xf32>, memref<2x8xf32>, memref<192xf32>, memref<2x8xf32>, memref<1x2x9x9x8xf32>,
       memref<1x2x9x9x8xf32>, memref<3x432xf32>) -> ()
  // CHECK: kernel.separable_conv ins(%{{.*}} depthwise %{{.*}} pointwise %{{.*}}) outs(%{{.*}}) {
  kernel.separable_conv ins(%x depthwise %v pointwise %w) outs(%y) {channels = 12 : i64, out_channels = 16 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, tile = array<i64: 6, 2>, rows = 3 : i64}
    : (memref<1x2x9x9x8xf32>, memref<144xf32>, memref<192xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// The pointwise convolution by bf16x3.
// CHECK-LABEL: @split_separable_conv
func.func @split_separable_conv(%x: memref<1x1x6x7x16xf32>, %v: memref<144xf32>, %w: memref<2048xbf16>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x960xf32>) {
  // CHECK: kernel.separable_conv ins(%{{.*}} depthwise %{{.*}} pointwise %{{.*}}) outs(%{{.*}} scratch %{{.*}}) depthwise_activation <relu> {
  // CHECK-SAME: memref<2048xbf16>
  kernel.separable_conv ins(%x depthwise %v pointwise %w) outs(%y scratch %s) depthwise_activation <relu> {channels = 16 : i64, out_channels = 32 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 6, 7>, depthwise_tile = 7 : i64, tile = array<i64: 15, 2>, rows = 4 : i64}
    : (memref<1x1x6x7x16xf32>, memref<144xf32>, memref<2048xbf16>, memref<1x2x6x7x16xf32>, memref<1x960xf32>) -> ()
  return
}

// CHECK-LABEL: @expanded_separable_conv
func.func @expanded_separable_conv(%x: memref<1x1x9x9x8xf32>, %u: memref<96xf32>, %c: memref<2x8xf32>, %v: memref<144xf32>, %a: memref<2x8xf32>,
    %w: memref<96xf32>, %b: memref<1x8xf32>, %y: memref<1x1x9x9x8xf32>, %z: memref<1x2x9x9x8xf32>, %s: memref<3x1152xf32>) {
  // CHECK: kernel.separable_conv ins(%{{.*}} expansion %{{.*}} expansion_bias %{{.*}} depthwise %{{.*}} bias %{{.*}} pointwise %{{.*}} bias %{{.*}} residual %{{.*}}) outs(%{{.*}} scratch %{{.*}}) expansion_activation <relu> depthwise_activation <relu>
  // CHECK-SAME: expansion_tile = array<i64: 5, 2>, in_channels = 6 : i64
  kernel.separable_conv ins(%x expansion %u expansion_bias %c depthwise %v bias %a pointwise %w bias %b residual %x) outs(%y scratch %s)
      expansion_activation <relu> depthwise_activation <relu> {in_channels = 6 : i64, channels = 12 : i64, out_channels = 6 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, expansion_tile = array<i64: 5, 2>, depthwise_tile = 9 : i64, tile = array<i64: 9, 1>, rows = 3 : i64}
    : (memref<1x1x9x9x8xf32>, memref<96xf32>, memref<2x8xf32>, memref<144xf32>, memref<2x8xf32>, memref<96xf32>, memref<1x8xf32>,
       memref<1x1x9x9x8xf32>, memref<1x1x9x9x8xf32>, memref<3x1152xf32>) -> ()
  // CHECK: kernel.separable_conv ins(%{{.*}} expansion %{{.*}} depthwise %{{.*}}) outs(%{{.*}}) {
  kernel.separable_conv ins(%x expansion %u depthwise %v) outs(%z) {in_channels = 6 : i64, channels = 12 : i64, out_channels = 12 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, expansion_tile = array<i64: 5, 2>, depthwise_tile = 9 : i64, rows = 3 : i64}
    : (memref<1x1x9x9x8xf32>, memref<96xf32>, memref<144xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// The same block some channels at a time, with all that may be there and with nothing that may be missing.
// CHECK-LABEL: @inverted_residual
func.func @inverted_residual(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %a: memref<5x16xf32>,
    %w: memref<6144xbf16>, %c: memref<2x16xf32>, %r: memref<1x2x6x7x16xf32>, %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<2688xf32>) {
  // CHECK: kernel.inverted_residual ins(%{{.*}} expansion %{{.*}} expansion_bias %{{.*}} depthwise %{{.*}} bias %{{.*}} pointwise %{{.*}} bias %{{.*}} residual %{{.*}}) outs(%{{.*}} scratch %{{.*}} prepared %{{.*}}) expansion_activation <relu> depthwise_activation <clip beta = 6.000000e+00 : f32> activation <sigmoid>
  // CHECK-SAME: parts = 1 : i64, positions = 14 : i64, steps = 2 : i64
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %r) outs(%y scratch %s prepared %p)
      expansion_activation <relu> depthwise_activation <clip beta = 6.0 : f32> activation <sigmoid> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<5x16xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> ()
  // CHECK: kernel.inverted_residual ins(%{{.*}} expansion %{{.*}} depthwise %{{.*}} pointwise %{{.*}}) outs(%{{.*}}) {
  kernel.inverted_residual ins(%x expansion %u depthwise %v pointwise %w) outs(%y) {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<720xf32>, memref<6144xbf16>, memref<1x2x6x7x16xf32>) -> ()
  return
}

// A filter that the kernel transforms.
// CHECK-LABEL: @conv_of_raw_filter
func.func @conv_of_raw_filter(%x: memref<1x2x9x9x8xf32>, %w: memref<2304xf32>, %y: memref<1x2x9x9x8xf32>) {
  // CHECK: kernel.conv "winograd"
  // CHECK-SAME: transform = array<i64: 6, 6>, transforms_filter}
  kernel.conv "winograd" ins(%x, %w) outs(%y) {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>, transforms_filter}
    : (memref<1x2x9x9x8xf32>, memref<2304xf32>, memref<1x2x9x9x8xf32>) -> ()
  return
}

// A pool in the epilogue, on buffers and, with what is pooled as a second result, on tensors.
// CHECK-LABEL: @conv_with_pool
func.func @conv_with_pool(%x: memref<1x2x9x9x8xf32>, %w: memref<9216xf32>, %y: memref<1x2x4x4x8xf32>, %u: memref<1x2x9x9x8xf32>,
    %s: memref<1x64xf32>) {
  // CHECK: kernel.conv "winograd" ins(%{{.*}}, %{{.*}}) outs(%{{.*}} unpooled %{{.*}} scratch %{{.*}}) activation <relu> pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 1], padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {
  kernel.conv "winograd" ins(%x, %w) outs(%y unpooled %u scratch %s) activation <relu> pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x4x8xf32>, memref<1x2x9x9x8xf32>, memref<1x64xf32>) -> ()
  // CHECK: kernel.conv "winograd" ins(%{{.*}}, %{{.*}}) outs(%{{.*}}) pool <average, kernel = [3, 2]
  kernel.conv "winograd" ins(%x, %w) outs(%y) pool <average, kernel = [3, 2], strides = [2, 2], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [1, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}
// CHECK-LABEL: @conv_with_pool_on_tensors
func.func @conv_with_pool_on_tensors(%x: tensor<1x2x9x9x8xf32>, %w: tensor<9216xf32>, %y: tensor<1x2x4x4x8xf32>, %u: tensor<1x2x9x9x8xf32>)
    -> (tensor<1x2x4x4x8xf32>, tensor<1x2x9x9x8xf32>) {
  // CHECK: %{{.*}}:2 = kernel.conv "winograd" ins(%{{.*}}, %{{.*}}) outs(%{{.*}} unpooled %{{.*}}) pool <max
  %0:2 = kernel.conv "winograd" ins(%x, %w) outs(%y unpooled %u) pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 1],
      padding_low = [0, 0], padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (tensor<1x2x9x9x8xf32>, tensor<9216xf32>, tensor<1x2x4x4x8xf32>, tensor<1x2x9x9x8xf32>) -> (tensor<1x2x4x4x8xf32>, tensor<1x2x9x9x8xf32>)
  return %0#0, %0#1 : tensor<1x2x4x4x8xf32>, tensor<1x2x9x9x8xf32>
}

// A dense layer has no dimension, and a plain input one channel in a block.
// CHECK-LABEL: @conv_without_positions
func.func @conv_without_positions(%x: tensor<4x10x1xf32>, %w: tensor<80xf32>, %init: tensor<4x1x8xf32>) -> tensor<4x1x8xf32> {
  // CHECK: kernel.conv "pointwise" ins(%{{.*}}, %{{.*}}) outs(%{{.*}}) {dilations = array<i64>,
  %0 = kernel.conv "pointwise" ins(%x, %w) outs(%init) {in_channels = 10 : i64, out_channels = 7 : i64, groups = 1 : i64,
      kernel = array<i64>, strides = array<i64>, dilations = array<i64>, padding_low = array<i64>, output_sizes = array<i64>,
      output_strides = array<i64>, output_offsets = array<i64>, tile = array<i64: 4, 1>}
    : (tensor<4x10x1xf32>, tensor<80xf32>, tensor<4x1x8xf32>) -> tensor<4x1x8xf32>
  return %0 : tensor<4x1x8xf32>
}

// CHECK-LABEL: @conv_on_buffers
func.func @conv_on_buffers(%x: memref<1x2x9x8xf32>, %w: memref<48xf32>, %b: memref<2x8xf32>, %y: memref<1x2x9x8xf32>) {
  // CHECK: kernel.conv "depthwise" ins(%{{.*}}, %{{.*}} bias %{{.*}}) outs(%{{.*}}) {
  // CHECK-SAME: : (memref<1x2x9x8xf32>, memref<48xf32>, memref<2x8xf32>, memref<1x2x9x8xf32>) -> ()
  kernel.conv "depthwise" ins(%x, %w bias %b) outs(%y) {in_channels = 12 : i64, out_channels = 12 : i64, groups = 12 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 1>,
      output_sizes = array<i64: 9>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 9, 1>}
    : (memref<1x2x9x8xf32>, memref<48xf32>, memref<2x8xf32>, memref<1x2x9x8xf32>) -> ()
  return
}

// CHECK-LABEL: @pool
func.func @pool(%x: tensor<1x2x8x8x8xf32>, %init: tensor<1x2x4x4x8xf32>, %a: memref<2x1x9x4xf32>, %b: memref<2x1x5x4xf32>) -> tensor<1x2x4x4x8xf32> {
  // CHECK: kernel.pool max ins(%{{.*}}) outs(%{{.*}}) {count_include_pad = true, dilations = array<i64: 1, 1>, kernel = array<i64: 3, 3>
  // CHECK-SAME: p = 2 : i64, padding_high = array<i64: 0, 1>, padding_low = array<i64: 1, 1>, strides = array<i64: 2, 2>}
  // CHECK-SAME: : (tensor<1x2x8x8x8xf32>, tensor<1x2x4x4x8xf32>) -> tensor<1x2x4x4x8xf32>
  %0 = kernel.pool max ins(%x) outs(%init) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 0, 1>, count_include_pad = true, p = 2 : i64}
    : (tensor<1x2x8x8x8xf32>, tensor<1x2x4x4x8xf32>) -> tensor<1x2x4x4x8xf32>
  // CHECK: kernel.pool average ins(%{{.*}}) outs(%{{.*}}) {count_include_pad = false
  // CHECK-SAME: (memref<2x1x9x4xf32>, memref<2x1x5x4xf32>) -> ()
  kernel.pool average ins(%a) outs(%b) {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>,
      padding_low = array<i64: 0>, padding_high = array<i64: 1>, count_include_pad = false, p = 2 : i64} : (memref<2x1x9x4xf32>, memref<2x1x5x4xf32>) -> ()
  // CHECK: kernel.pool lp {{.*}} p = 3 : i64
  kernel.pool lp ins(%a) outs(%b) {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>,
      padding_low = array<i64: 0>, padding_high = array<i64: 1>, count_include_pad = false, p = 3 : i64} : (memref<2x1x9x4xf32>, memref<2x1x5x4xf32>) -> ()
  return %0 : tensor<1x2x4x4x8xf32>
}

// CHECK-LABEL: @reorder
func.func @reorder(%plain: tensor<1x12x9x9xf32>, %blocked: tensor<1x2x9x9x8xf32>, %a: memref<2x5xf32>, %b: memref<2x2x4xf32>)
    -> (tensor<1x2x9x9x8xf32>, tensor<1x12x9x9xf32>) {
  // CHECK: kernel.reorder ins(%{{.*}}) outs(%{{.*}}) {channels = 12 : i64} : (tensor<1x12x9x9xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
  %0 = kernel.reorder ins(%plain) outs(%blocked) {channels = 12 : i64} : (tensor<1x12x9x9xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
  // CHECK: kernel.reorder ins(%{{.*}}) outs(%{{.*}}) {channels = 12 : i64} : (tensor<1x2x9x9x8xf32>, tensor<1x12x9x9xf32>) -> tensor<1x12x9x9xf32>
  %1 = kernel.reorder ins(%blocked) outs(%plain) {channels = 12 : i64} : (tensor<1x2x9x9x8xf32>, tensor<1x12x9x9xf32>) -> tensor<1x12x9x9xf32>
  // CHECK: kernel.reorder ins(%{{.*}}) outs(%{{.*}}) {channels = 5 : i64} : (memref<2x5xf32>, memref<2x2x4xf32>) -> ()
  kernel.reorder ins(%a) outs(%b) {channels = 5 : i64} : (memref<2x5xf32>, memref<2x2x4xf32>) -> ()
  return %0, %1 : tensor<1x2x9x9x8xf32>, tensor<1x12x9x9xf32>
}

// CHECK-LABEL: @pad
func.func @pad(%x: tensor<1x2x8x8x8xf32>, %init: tensor<1x2x8x12x8xf32>, %a: memref<3x4xf32>, %b: memref<4x4xf32>) -> tensor<1x2x8x12x8xf32> {
  // CHECK: kernel.pad reflect ins(%{{.*}}) outs(%{{.*}}) {high = array<i64: 0, 0, 0, 2, 0>, low = array<i64: 0, 0, 0, 2, 0>, value = 0.000000e+00 : f32}
  // CHECK-SAME: : (tensor<1x2x8x8x8xf32>, tensor<1x2x8x12x8xf32>) -> tensor<1x2x8x12x8xf32>
  %0 = kernel.pad reflect ins(%x) outs(%init) {low = array<i64: 0, 0, 0, 2, 0>, high = array<i64: 0, 0, 0, 2, 0>, value = 0.0 : f32}
    : (tensor<1x2x8x8x8xf32>, tensor<1x2x8x12x8xf32>) -> tensor<1x2x8x12x8xf32>
  // CHECK: kernel.pad zeros {{.*}} value = 1.500000e+00 : f32} : (memref<3x4xf32>, memref<4x4xf32>) -> ()
  kernel.pad zeros ins(%a) outs(%b) {low = array<i64: 1, 0>, high = array<i64: 0, 0>, value = 1.5 : f32} : (memref<3x4xf32>, memref<4x4xf32>) -> ()
  return %0 : tensor<1x2x8x12x8xf32>
}

// CHECK-LABEL: @resize
func.func @resize(%x: tensor<1x2x4x4x8xf32>, %init: tensor<1x2x8x8x8xf32>, %a: memref<1x1x4x8xf32>, %b: memref<1x1x7x8xf32>) -> tensor<1x2x8x8x8xf32> {
  // CHECK: kernel.resize nearest ins(%{{.*}}) outs(%{{.*}}) {align_corners = false} : (tensor<1x2x4x4x8xf32>, tensor<1x2x8x8x8xf32>) -> tensor<1x2x8x8x8xf32>
  %0 = kernel.resize nearest ins(%x) outs(%init) {align_corners = false} : (tensor<1x2x4x4x8xf32>, tensor<1x2x8x8x8xf32>) -> tensor<1x2x8x8x8xf32>
  // CHECK: kernel.resize linear ins(%{{.*}}) outs(%{{.*}}) {align_corners = true} : (memref<1x1x4x8xf32>, memref<1x1x7x8xf32>) -> ()
  kernel.resize linear ins(%a) outs(%b) {align_corners = true} : (memref<1x1x4x8xf32>, memref<1x1x7x8xf32>) -> ()
  return %0 : tensor<1x2x8x8x8xf32>
}

// CHECK-LABEL: @normalize
func.func @normalize(%x: tensor<1x6x8x8xf32>, %s: tensor<6xf32>, %b: tensor<6xf32>, %init: tensor<1x6x8x8xf32>,
    %a: memref<1x10x32xf32>, %p: memref<32xf32>, %c: memref<1x10x32xf32>) -> tensor<1x6x8x8xf32> {
  // CHECK: kernel.normalize ins(%{{.*}}, %{{.*}}, %{{.*}}) outs(%{{.*}}) {epsilon = 9.99999974E-6 : f32, positions = 64 : i64, row_period = 2 : i64, rows = 2 : i64}
  // CHECK-SAME: : (tensor<1x6x8x8xf32>, tensor<6xf32>, tensor<6xf32>, tensor<1x6x8x8xf32>) -> tensor<1x6x8x8xf32>
  %0 = kernel.normalize ins(%x, %s, %b) outs(%init) {rows = 2 : i64, row_period = 2 : i64, positions = 64 : i64, epsilon = 1.0e-05 : f32}
    : (tensor<1x6x8x8xf32>, tensor<6xf32>, tensor<6xf32>, tensor<1x6x8x8xf32>) -> tensor<1x6x8x8xf32>
  // CHECK: kernel.normalize {{.*}} positions = 1 : i64, row_period = 1 : i64, rows = 10 : i64} : (memref<1x10x32xf32>, memref<32xf32>, memref<32xf32>, memref<1x10x32xf32>) -> ()
  kernel.normalize ins(%a, %p, %p) outs(%c) {rows = 10 : i64, row_period = 1 : i64, positions = 1 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x10x32xf32>, memref<32xf32>, memref<32xf32>, memref<1x10x32xf32>) -> ()
  return %0 : tensor<1x6x8x8xf32>
}

// CHECK-LABEL: @moments
func.func @moments(%x: tensor<2x2x9x9x8xf32>, %m: tensor<2x2x4x3x8xf32>, %y: memref<1x1x5x8xf32>, %n: memref<1x1x1x3x8xf32>) -> tensor<2x2x4x3x8xf32> {
  // CHECK: kernel.moments ins(%{{.*}}) outs(%{{.*}}) : (tensor<2x2x9x9x8xf32>, tensor<2x2x4x3x8xf32>) -> tensor<2x2x4x3x8xf32>
  %0 = kernel.moments ins(%x) outs(%m) : (tensor<2x2x9x9x8xf32>, tensor<2x2x4x3x8xf32>) -> tensor<2x2x4x3x8xf32>
  // CHECK: kernel.moments ins(%{{.*}}) outs(%{{.*}}) : (memref<1x1x5x8xf32>, memref<1x1x1x3x8xf32>) -> ()
  kernel.moments ins(%y) outs(%n) : (memref<1x1x5x8xf32>, memref<1x1x1x3x8xf32>) -> ()
  return %0 : tensor<2x2x4x3x8xf32>
}

// CHECK-LABEL: @normalization_factors
func.func @normalization_factors(%m: tensor<2x2x4x3x8xf32>, %s: tensor<12xf32>, %f: tensor<3x2x2x8xf32>,
    %n: memref<1x1x1x3x8xf32>, %p: memref<8xf32>, %g: memref<3x1x1x8xf32>) -> tensor<3x2x2x8xf32> {
  // CHECK: kernel.normalization_factors ins(%{{.*}}, %{{.*}}, %{{.*}}) outs(%{{.*}}) {channels = 12 : i64, epsilon = 9.99999974E-6 : f32, groups = 3 : i64, positions = 81 : i64}
  // CHECK-SAME: : (tensor<2x2x4x3x8xf32>, tensor<12xf32>, tensor<12xf32>, tensor<3x2x2x8xf32>) -> tensor<3x2x2x8xf32>
  %0 = kernel.normalization_factors ins(%m, %s, %s) outs(%f) {channels = 12 : i64, groups = 3 : i64, positions = 81 : i64, epsilon = 1.0e-05 : f32}
    : (tensor<2x2x4x3x8xf32>, tensor<12xf32>, tensor<12xf32>, tensor<3x2x2x8xf32>) -> tensor<3x2x2x8xf32>
  // CHECK: kernel.normalization_factors {{.*}} -> ()
  kernel.normalization_factors ins(%n, %p, %p) outs(%g) {channels = 8 : i64, groups = 1 : i64, positions = 5 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x1x1x3x8xf32>, memref<8xf32>, memref<8xf32>, memref<3x1x1x8xf32>) -> ()
  return %0 : tensor<3x2x2x8xf32>
}

// CHECK-LABEL: @lrn
func.func @lrn(%x: tensor<1x96x8x8xf32>, %init: tensor<1x96x8x8xf32>, %a: memref<2x3xf32>, %b: memref<2x3xf32>) -> tensor<1x96x8x8xf32> {
  // CHECK: kernel.lrn ins(%{{.*}}) outs(%{{.*}}) {alpha = 9.99999974E-5 : f32, beta = 7.500000e-01 : f32, k = 1.000000e+00 : f32, size = 5 : i64}
  // CHECK-SAME: : (tensor<1x96x8x8xf32>, tensor<1x96x8x8xf32>) -> tensor<1x96x8x8xf32>
  %0 = kernel.lrn ins(%x) outs(%init) {size = 5 : i64, alpha = 1.0e-04 : f32, beta = 0.75 : f32, k = 1.0 : f32}
    : (tensor<1x96x8x8xf32>, tensor<1x96x8x8xf32>) -> tensor<1x96x8x8xf32>
  // CHECK: kernel.lrn {{.*}} : (memref<2x3xf32>, memref<2x3xf32>) -> ()
  kernel.lrn ins(%a) outs(%b) {size = 5 : i64, alpha = 1.0e-04 : f32, beta = 0.75 : f32, k = 1.0 : f32} : (memref<2x3xf32>, memref<2x3xf32>) -> ()
  return %0 : tensor<1x96x8x8xf32>
}

// CHECK-LABEL: @softmax
func.func @softmax(%x: tensor<1x10xf32>, %init: tensor<1x10xf32>, %a: memref<4x3xf32>, %b: memref<4x3xf32>, %c: memref<1x3xf32>) -> tensor<1x10xf32> {
  // CHECK: kernel.softmax ins(%{{.*}}) outs(%{{.*}}) {axis = 1 : i64, log = false} : (tensor<1x10xf32>, tensor<1x10xf32>) -> tensor<1x10xf32>
  %0 = kernel.softmax ins(%x) outs(%init) {axis = 1 : i64, log = false} : (tensor<1x10xf32>, tensor<1x10xf32>) -> tensor<1x10xf32>
  // CHECK: kernel.softmax ins(%{{.*}}) outs(%{{.*}}) {axis = 0 : i64, log = true} : (memref<4x3xf32>, memref<4x3xf32>) -> ()
  kernel.softmax ins(%a) outs(%b) {axis = 0 : i64, log = true} : (memref<4x3xf32>, memref<4x3xf32>) -> ()
  // CHECK: kernel.softmax ins(%{{.*}} add %{{.*}}) outs(%{{.*}}) {axis = 1 : i64, log = false, scale = 5.000000e-01 : f32}
  // CHECK-SAME: (memref<4x3xf32>, memref<1x3xf32>, memref<4x3xf32>) -> ()
  kernel.softmax ins(%a add %c) outs(%b) {axis = 1 : i64, log = false, scale = 0.5 : f32} : (memref<4x3xf32>, memref<1x3xf32>, memref<4x3xf32>) -> ()
  return %0 : tensor<1x10xf32>
}

// CHECK-LABEL: @matmul
func.func @matmul(%x: tensor<1x5x3xf32>, %y: tensor<2x3x6xf32>, %init: tensor<2x5x6xf32>, %a: memref<5x3xf32>, %b: memref<3x6xf32>, %c: memref<5x6xf32>) -> tensor<2x5x6xf32> {
  // CHECK: kernel.matmul ins(%{{.*}}, %{{.*}}) outs(%{{.*}}) : (tensor<1x5x3xf32>, tensor<2x3x6xf32>, tensor<2x5x6xf32>) -> tensor<2x5x6xf32>
  %0 = kernel.matmul ins(%x, %y) outs(%init) : (tensor<1x5x3xf32>, tensor<2x3x6xf32>, tensor<2x5x6xf32>) -> tensor<2x5x6xf32>
  // CHECK: kernel.matmul ins(%{{.*}}, %{{.*}}) outs(%{{.*}}) : (memref<5x3xf32>, memref<3x6xf32>, memref<5x6xf32>) -> ()
  kernel.matmul ins(%a, %b) outs(%c) : (memref<5x3xf32>, memref<3x6xf32>, memref<5x6xf32>) -> ()
  return %0 : tensor<2x5x6xf32>
}

}

// An activation's parameters are zero unless it says otherwise, each on its own.
// CHECK-LABEL: @activation_parameters
// CHECK-SAME: alpha = #kernel.activation<leaky_relu alpha = 1.000000e-01 : f32>
// CHECK-SAME: beta = #kernel.activation<clip beta = 6.000000e+00 : f32>
// CHECK-SAME: none = #kernel.activation<relu>
func.func private @activation_parameters() attributes {
  alpha = #kernel.activation<leaky_relu alpha = 0.1 : f32>,
  beta = #kernel.activation<clip beta = 6.0 : f32>,
  none = #kernel.activation<relu>}

// CHECK-LABEL: @slots
func.func @slots() {
  scf.forall (%task) in (14) {
    // CHECK: %{{.*}} = kernel.slot 8
    %slot = kernel.slot 8
  }
  return
}

// CHECK-LABEL: @normalize_channels
func.func @normalize_channels(%x: tensor<1x2x9x9x8xf32>, %s: tensor<2x8xf32>, %init: tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32> {
  // CHECK: kernel.normalize_channels ins(%{{.*}}, %{{.*}}, %{{.*}}) outs(%{{.*}}) {channels = 12 : i64, epsilon = 9.99999997E-7 : f32}
  %0 = kernel.normalize_channels ins(%x, %s, %s) outs(%init) {channels = 12 : i64, epsilon = 1.0e-06 : f32}
    : (tensor<1x2x9x9x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
  return %0 : tensor<1x2x9x9x8xf32>
}
