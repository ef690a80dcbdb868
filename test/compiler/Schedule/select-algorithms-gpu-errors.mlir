// Each reason for which an algorithm of a GPU declines a layer.
// DEFINE: %{layers} =
// DEFINE: %{force} = not toeplitz-opt %s --select-algorithms=%{layers} 2>&1 | FileCheck %s --check-prefix

// REDEFINE: %{layers} = layers=three=fft
// RUN: %{force}=CPU
// CPU: error: loc("three"): algorithm 'fft' declines this layer: it has no code for a GPU
// REDEFINE: %{layers} = layers=sparse=implicit-gemm
// RUN: %{force}=NO-TAPS
// NO-TAPS: error: loc("sparse"): algorithm 'implicit-gemm' declines this layer: the kernel has no position

// REDEFINE: %{layers} = layers=row=winograd
// RUN: %{force}=RANK
// RANK: error: loc("row"): algorithm 'winograd' declines this layer: the number of spatial dimensions is 1, expected 2 on a GPU
// REDEFINE: %{layers} = layers=wide=winograd
// RUN: %{force}=EIGHT
// EIGHT: error: loc("wide"): algorithm 'winograd' declines this layer: the kernel size is 8 in spatial dimension 0, expected 3 on a GPU
// REDEFINE: %{layers} = layers=flat=winograd
// RUN: %{force}=FLAT
// FLAT: error: loc("flat"): algorithm 'winograd' declines this layer: the kernel size is 1 in spatial dimension 1, expected 3 on a GPU
// REDEFINE: %{layers} = layers=strided=winograd
// RUN: %{force}=STRIDED
// STRIDED: error: loc("strided"): algorithm 'winograd' declines this layer: the stride is 2 in spatial dimension 1, expected 1
// REDEFINE: %{layers} = layers=dilated=winograd
// RUN: %{force}=DILATED
// DILATED: error: loc("dilated"): algorithm 'winograd' declines this layer: the dilation is 2 in spatial dimension 0, expected 1
// REDEFINE: %{layers} = layers=three=winograd:f4
// RUN: %{force}=VARIANT
// VARIANT: error: loc("three"): algorithm 'winograd:f4' declines this layer: it has no variant 'f4' for this layer, expected 'f2'
// REDEFINE: %{layers} = "precise=true layers=three=winograd"
// RUN: %{force}=PRECISE
// PRECISE: error: loc("three"): algorithm 'winograd' declines this layer: it rounds more than a sum of products, and --precise allows no such algorithm

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
func.func @main(%x: tensor<1x16x8x8xf32>, %row: tensor<1x16x8x9xf32>, %vectors: tensor<9x64xf32>, %few: tensor<1x31xf32>, %line: tensor<1x16x8xf32>,
    %w1: tensor<16x16x3xf32>, %w31: tensor<16x16x3x1xf32>,
    %w3: tensor<16x16x3x3xf32>, %w8: tensor<16x16x8x8xf32>, %ws: tensor<16x16x1x1xf32>, %wi: tensor<16x64xf32>, %wf: tensor<16x31xf32>) {
  %0 = cnn.conv %x, %w3 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32> loc("three")
  %1 = cnn.conv %row, %w8 strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x16x8x9xf32>, tensor<16x16x8x8xf32>) -> tensor<1x16x1x2xf32> loc("wide")
  %2 = cnn.conv_transpose %x, %ws strides [1, 2] dilations [1, 1] padding [0, 1] to [0, 0] output_padding [0, 1] groups 1
    : (tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x8x15xf32> loc("sparse")
  %3 = cnn.conv %vectors, %wi strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<9x64xf32>, tensor<16x64xf32>) -> tensor<9x16xf32> loc("images")
  %4 = cnn.conv %few, %wf strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<1x31xf32>, tensor<16x31xf32>) -> tensor<1x16xf32> loc("short")
  %5 = cnn.conv %line, %w1 strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x16x8xf32>, tensor<16x16x3xf32>) -> tensor<1x16x8xf32> loc("row")
  %6 = cnn.conv %x, %w31 strides [1, 1] dilations [1, 1] padding [1, 0] to [1, 0] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x1xf32>) -> tensor<1x16x8x8xf32> loc("flat")
  %7 = cnn.conv %x, %w3 strides [1, 2] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x4xf32> loc("strided")
  %8 = cnn.conv %x, %w3 strides [1, 1] dilations [2, 1] padding [2, 1] to [2, 1] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32> loc("dilated")
  return
}
}
