// What a schedule by hand may lack for implicit-gemm.

// RUN: split-file %s %t
// RUN: not toeplitz-opt %t/tile.mlir --convert-kernel-to-loops 2>&1 | FileCheck %s --check-prefix=TILE
// TILE: error: loc("conv"): 'kernel.conv' op by 'implicit-gemm' has no tile of 32 positions and 48 channels
// RUN: not toeplitz-opt %t/splits.mlir --convert-kernel-to-loops 2>&1 | FileCheck %s --check-prefix=SPLITS
// SPLITS: error: loc("conv"): 'kernel.conv' op by 'implicit-gemm' has no memory for its partial sums
// With a tile that there is, and no splits, nothing is lacking.
// RUN: sed -e 's/i64: 32, 48>/i64: 32, 32>/' %t/tile.mlir | toeplitz-opt --convert-kernel-to-loops | FileCheck %s
// CHECK-LABEL: func.func private @kernel_conv
// CHECK-SAME: toeplitz.block_threads

//--- tile.mlir
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 80>} {
  func.func @main(%x: memref<1x64x32x1xf32>, %w: memref<2048xf32>, %y: memref<1x32x32x1xf32>) {
    kernel.conv "implicit-gemm" ins(%x, %w) outs(%y) {dilations = array<i64: 1>, groups = 1 : i64, in_channels = 64 : i64,
      kernel = array<i64: 1>, out_channels = 32 : i64, output_offsets = array<i64: 0>, output_sizes = array<i64: 32>,
      output_strides = array<i64: 1>, padding_low = array<i64: 0>, strides = array<i64: 1>, tile = array<i64: 32, 48>}
      : (memref<1x64x32x1xf32>, memref<2048xf32>, memref<1x32x32x1xf32>) -> () loc("conv")
    return
  }
}

//--- splits.mlir
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 80>} {
  func.func @main(%x: memref<1x512x32x1xf32>, %w: memref<16384xf32>, %y: memref<1x32x32x1xf32>) {
    kernel.conv "implicit-gemm" ins(%x, %w) outs(%y) {dilations = array<i64: 1>, groups = 1 : i64, in_channels = 512 : i64,
      kernel = array<i64: 1>, out_channels = 32 : i64, output_offsets = array<i64: 0>, output_sizes = array<i64: 32>,
      output_strides = array<i64: 1>, padding_low = array<i64: 0>, strides = array<i64: 1>, tile = array<i64: 32, 32>}
      : (memref<1x512x32x1xf32>, memref<16384xf32>, memref<1x32x32x1xf32>) -> () loc("conv")
    return
  }
}
