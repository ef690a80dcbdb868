// A pool whose windows lie in the tiles of a convolution is computed with it.
// RUN: toeplitz-opt %s --fuse-pools --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x9x9x8xf32>, %[[W:.*]]: tensor<9216xf32>)
// CHECK-NOT: kernel.pool
// CHECK: %[[Y:.*]] = kernel.conv "winograd" ins(%[[X]], %[[W]]) outs(%{{.*}}) activation <relu> pool <max, kernel = [2, 2], strides = [2, 2]
// CHECK-SAME: -> tensor<1x2x4x4x8xf32>
// CHECK-NOT: kernel.pool
// CHECK: return %[[Y]]
func.func @main(%x: tensor<1x2x9x9x8xf32>, %w: tensor<9216xf32>) -> tensor<1x2x4x4x8xf32> {
  %e0 = tensor.empty() : tensor<1x2x9x9x8xf32>
  %0 = kernel.conv "winograd" ins(%x, %w) outs(%e0) activation <relu> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (tensor<1x2x9x9x8xf32>, tensor<9216xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
  %e1 = tensor.empty() : tensor<1x2x4x4x8xf32>
  %1 = kernel.pool max ins(%0) outs(%e1) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, count_include_pad = true, p = 2 : i64}
    : (tensor<1x2x9x9x8xf32>, tensor<1x2x4x4x8xf32>) -> tensor<1x2x4x4x8xf32>
  return %1 : tensor<1x2x4x4x8xf32>
}

// -----

// What is pooled has another reader, and a second pool, which finds the convolution taken.
// CHECK-LABEL: func.func @main
// CHECK: %[[Y:.*]]:2 = kernel.conv "winograd" ins(%{{.*}}, %{{.*}}) outs(%{{.*}} unpooled %{{.*}}) activation <relu> pool <max
// CHECK-SAME: -> (tensor<1x2x4x4x8xf32>, tensor<1x2x9x9x8xf32>)
// CHECK: %[[Z:.*]] = kernel.pool max ins(%[[Y]]#1)
// CHECK: return %[[Y]]#0, %[[Y]]#1, %[[Z]]
func.func @main(%x: tensor<1x2x9x9x8xf32>, %w: tensor<9216xf32>) -> (tensor<1x2x4x4x8xf32>, tensor<1x2x9x9x8xf32>, tensor<1x2x4x4x8xf32>) {
  %e0 = tensor.empty() : tensor<1x2x9x9x8xf32>
  %0 = kernel.conv "winograd" ins(%x, %w) outs(%e0) activation <relu> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (tensor<1x2x9x9x8xf32>, tensor<9216xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
  %e1 = tensor.empty() : tensor<1x2x4x4x8xf32>
  %1 = kernel.pool max ins(%0) outs(%e1) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, count_include_pad = true, p = 2 : i64}
    : (tensor<1x2x9x9x8xf32>, tensor<1x2x4x4x8xf32>) -> tensor<1x2x4x4x8xf32>
  %e2 = tensor.empty() : tensor<1x2x4x4x8xf32>
  %2 = kernel.pool max ins(%0) outs(%e2) {kernel = array<i64: 1, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, count_include_pad = true, p = 2 : i64}
    : (tensor<1x2x9x9x8xf32>, tensor<1x2x4x4x8xf32>) -> tensor<1x2x4x4x8xf32>
  return %1, %0, %2 : tensor<1x2x4x4x8xf32>, tensor<1x2x9x9x8xf32>, tensor<1x2x4x4x8xf32>
}

// -----

// Windows that overlap.
// CHECK-LABEL: func.func @main
// CHECK: kernel.conv "winograd"
// CHECK: kernel.pool max
func.func @main(%x: tensor<1x2x9x9x8xf32>, %w: tensor<9216xf32>) -> tensor<1x2x4x4x8xf32> {
  %e0 = tensor.empty() : tensor<1x2x9x9x8xf32>
  %0 = kernel.conv "winograd" ins(%x, %w) outs(%e0) activation <relu> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (tensor<1x2x9x9x8xf32>, tensor<9216xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
  %e1 = tensor.empty() : tensor<1x2x4x4x8xf32>
  %1 = kernel.pool max ins(%0) outs(%e1) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, count_include_pad = true, p = 2 : i64}
    : (tensor<1x2x9x9x8xf32>, tensor<1x2x4x4x8xf32>) -> tensor<1x2x4x4x8xf32>
  return %1 : tensor<1x2x4x4x8xf32>
}

// -----

// An algorithm without tiles.
// CHECK-LABEL: func.func @main
// CHECK: kernel.conv "direct"
// CHECK: kernel.pool max
func.func @main(%x: tensor<1x2x9x9x8xf32>, %w: tensor<9216xf32>) -> tensor<1x2x4x4x8xf32> {
  %e0 = tensor.empty() : tensor<1x2x9x9x8xf32>
  %0 = kernel.conv "direct" ins(%x, %w) outs(%e0) activation <relu> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (tensor<1x2x9x9x8xf32>, tensor<9216xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
  %e1 = tensor.empty() : tensor<1x2x4x4x8xf32>
  %1 = kernel.pool max ins(%0) outs(%e1) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, count_include_pad = true, p = 2 : i64}
    : (tensor<1x2x9x9x8xf32>, tensor<1x2x4x4x8xf32>) -> tensor<1x2x4x4x8xf32>
  return %1 : tensor<1x2x4x4x8xf32>
}
