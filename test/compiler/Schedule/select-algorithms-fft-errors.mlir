// Each reason for which fft declines a layer.
// DEFINE: %{layer} =
// DEFINE: %{force} = not toeplitz-opt %s --select-algorithms=layers=%{layer} 2>&1 | FileCheck %s --check-prefix

// REDEFINE: %{layer} = strided=fft
// RUN: %{force}=STRIDE
// STRIDE: error: loc("strided"): algorithm 'fft' declines this layer: the stride is 2 in spatial dimension 1, expected 1
// REDEFINE: %{layer} = dilated=fft
// RUN: %{force}=DILATION
// DILATION: error: loc("dilated"): algorithm 'fft' declines this layer: the dilation is 3 in spatial dimension 0, expected 1
// REDEFINE: %{layer} = dense=fft
// RUN: %{force}=DENSE
// DENSE: error: loc("dense"): algorithm 'fft' declines this layer: there is no spatial dimension
// REDEFINE: %{layer} = volume=fft
// RUN: %{force}=VOLUME
// VOLUME: error: loc("volume"): algorithm 'fft' declines this layer: the stride is 2 in spatial dimension 0, expected 1
// REDEFINE: %{layer} = sparse=fft
// RUN: %{force}=SPARSE
// SPARSE: error: loc("sparse"): algorithm 'fft' declines this layer: no tap of the filter takes part in spatial dimension 1
// A size that isn't offered: the others are named, the cheapest first.
// REDEFINE: %{layer} = plain=fft:7
// RUN: %{force}=VARIANT
// VARIANT: error: loc("plain"): algorithm 'fft:7' declines this layer: it has no variant '7' for this layer, expected '{{[0-9]+(x[0-9]+)?}}'

func.func @main(%x: tensor<1x16x9x9xf32>, %v: tensor<1x16xf32>, %volume: tensor<1x16x4x4x4xf32>, %w: tensor<16x16x3x3xf32>,
    %w_dense: tensor<16x16xf32>, %w_volume: tensor<16x16x3x3x3xf32>, %w_sparse: tensor<16x16x1x1xf32>) {
  %0 = cnn.conv %x, %w strides [1, 2] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x9x9xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x9x5xf32> loc("strided")
  %1 = cnn.conv %x, %w strides [1, 1] dilations [3, 1] padding [3, 1] to [3, 1] groups 1 zeros
    : (tensor<1x16x9x9xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x9x9xf32> loc("dilated")
  %2 = cnn.conv %v, %w_dense strides [] dilations [] padding [] to [] groups 1 zeros
    : (tensor<1x16xf32>, tensor<16x16xf32>) -> tensor<1x16xf32> loc("dense")
  %3 = cnn.conv %volume, %w_volume strides [2, 1, 1] dilations [1, 1, 1] padding [1, 1, 1] to [1, 1, 1] groups 1 zeros
    : (tensor<1x16x4x4x4xf32>, tensor<16x16x3x3x3xf32>) -> tensor<1x16x2x4x4xf32> loc("volume")
  // A stride beyond the kernel: half of the output positions see no tap.
  %4 = cnn.conv_transpose %x, %w_sparse strides [2, 2] dilations [1, 1] padding [0, 0] to [0, 0] output_padding [0, 0] groups 1
    : (tensor<1x16x9x9xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x17x17xf32> loc("sparse")
  %5 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x9x9xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x9x9xf32> loc("plain")
  return
}
