// What filter-toeplitz can't address: vectors whose positions no shift counts, and offsets beyond 32 bits.
// DEFINE: %{layers} =
// DEFINE: %{force} = not toeplitz-opt %s --split-input-file --select-algorithms=%{layers} 2>&1 | FileCheck %s --check-prefix

// REDEFINE: %{layers} = layers=odd=filter-toeplitz
// RUN: %{force}=LANES
// LANES: error: loc("odd"): algorithm 'filter-toeplitz' declines this layer: the vector length 12 is no power of two
module attributes {kernel.target = #kernel.target<lanes = 12, registers = 32, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32> {
  %w = arith.constant dense<1.0> : tensor<16x16x3x3xf32>
  %0 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32> loc("odd")
  return %0 : tensor<1x16x8x8xf32>
}
}

// -----

// REDEFINE: %{layers} = layers=vast=filter-toeplitz
// RUN: %{force}=OFFSETS
// OFFSETS: error: loc("vast"): algorithm 'filter-toeplitz' declines this layer: offsets into its input or its filter don't fit 32 bits
module attributes {kernel.target = #kernel.target<lanes = 8, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x64x80000x80000xf32>) -> tensor<1x16x80000x80000xf32> {
  %w = arith.constant dense<1.0> : tensor<16x64x3x3xf32>
  %0 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros : (tensor<1x64x80000x80000xf32>, tensor<16x64x3x3xf32>) -> tensor<1x16x80000x80000xf32> loc("vast")
  return %0 : tensor<1x16x80000x80000xf32>
}
}
