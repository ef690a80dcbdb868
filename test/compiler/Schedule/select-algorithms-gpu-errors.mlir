// Each reason for which an algorithm of a GPU declines a layer.
// DEFINE: %{layers} =
// DEFINE: %{force} = not toeplitz-opt %s --select-algorithms=%{layers} 2>&1 | FileCheck %s --check-prefix

// REDEFINE: %{layers} = layers=three=winograd
// RUN: %{force}=CPU
// CPU: error: loc("three"): algorithm 'winograd' declines this layer: it has no code for a GPU
// REDEFINE: %{layers} = layers=sparse=implicit-gemm
// RUN: %{force}=NO-TAPS
// NO-TAPS: error: loc("sparse"): algorithm 'implicit-gemm' declines this layer: the kernel has no position

// REDEFINE: %{layers} = layers=three=matrix-vector
// RUN: %{force}=PADDED
// PADDED: error: loc("three"): algorithm 'matrix-vector' declines this layer: an output isn't a sum over the whole input in spatial dimension 0
// REDEFINE: %{layers} = layers=wide=matrix-vector
// RUN: %{force}=WIDE
// WIDE: error: loc("wide"): algorithm 'matrix-vector' declines this layer: an output isn't a sum over the whole input in spatial dimension 1
// REDEFINE: %{layers} = layers=sparse=matrix-vector
// RUN: %{force}=SPARSE
// SPARSE: error: loc("sparse"): algorithm 'matrix-vector' declines this layer: an output isn't a sum over the whole input in spatial dimension 0
// REDEFINE: %{layers} = layers=images=matrix-vector
// RUN: %{force}=IMAGES
// IMAGES: error: loc("images"): algorithm 'matrix-vector' declines this layer: there are 9 images, expected at most 8
// REDEFINE: %{layers} = layers=short=matrix-vector
// RUN: %{force}=SHORT
// SHORT: error: loc("short"): algorithm 'matrix-vector' declines this layer: a sum has 31 products, expected at least 32

module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 80>} {
func.func @main(%x: tensor<1x16x8x8xf32>, %row: tensor<1x16x8x9xf32>, %vectors: tensor<9x64xf32>, %few: tensor<1x31xf32>,
    %w3: tensor<16x16x3x3xf32>, %w8: tensor<16x16x8x8xf32>, %ws: tensor<16x16x1x1xf32>, %wi: tensor<16x64xf32>, %wf: tensor<16x31xf32>) {
  %0 = cnn.conv %x, %w3 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32> loc("three")
  %1 = cnn.conv %row, %w8 strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x16x8x9xf32>, tensor<16x16x8x8xf32>) -> tensor<1x16x1x2xf32> loc("wide")
  %2 = cnn.conv_transpose %x, %ws strides [1, 2] dilations [1, 1] padding [0, 1] to [0, 0] output_padding [0, 1] groups 1
    : (tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x8x15xf32> loc("sparse")
  %3 = cnn.conv %vectors, %wi strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<9x64xf32>, tensor<16x64xf32>) -> tensor<9x16xf32> loc("images")
  %4 = cnn.conv %few, %wf strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<1x31xf32>, tensor<16x31xf32>) -> tensor<1x16xf32> loc("short")
  return
}
}
