// Each reason for which an algorithm declines a layer, and what else can be wrong about a forced choice.
// DEFINE: %{layers} =
// DEFINE: %{force} = not toeplitz-opt %s --select-algorithms=%{layers} 2>&1 | FileCheck %s --check-prefix

// A variant for all layers that none of them has, although the algorithm computes some.
// REDEFINE: %{layers} = algorithm=winograd:f7
// RUN: %{force}=FOR-ALL
// FOR-ALL: error: no convolution has the variant 'winograd:f7', expected one of 'winograd:f2', 'winograd:f3', 'winograd:f4', 'winograd:f5', 'winograd:f6'
// REDEFINE: %{layers} = layers=three=pointwise
// RUN: %{force}=TAPS
// TAPS: error: loc("three"): algorithm 'pointwise' declines this layer: the kernel has 9 positions, expected 1
// REDEFINE: %{layers} = layers=strided=pointwise
// RUN: %{force}=STRIDE
// STRIDE: error: loc("strided"): algorithm 'pointwise' declines this layer: stride or padding makes the output positions differ from the input positions in spatial dimension 1
// REDEFINE: %{layers} = layers=padded=pointwise
// RUN: %{force}=PADDING
// PADDING: error: loc("padded"): algorithm 'pointwise' declines this layer: stride or padding makes the output positions differ from the input positions in spatial dimension 0
// REDEFINE: %{layers} = layers=padded_high=pointwise
// RUN: %{force}=HIGH
// HIGH: error: loc("padded_high"): algorithm 'pointwise' declines this layer: stride or padding makes the output positions differ from the input positions in spatial dimension 1
// REDEFINE: %{layers} = layers=up=pointwise
// RUN: %{force}=APART
// APART: error: loc("up"): algorithm 'pointwise' declines this layer: it would write its output positions apart
// REDEFINE: %{layers} = layers=sparse=pointwise
// RUN: %{force}=NO-TAPS
// NO-TAPS: error: loc("sparse"): algorithm 'pointwise' declines this layer: the kernel has 0 positions, expected 1

// REDEFINE: %{layers} = layers=strided=strassen
// RUN: %{force}=STRASSEN-STRIDE
// STRASSEN-STRIDE: error: loc("strided"): algorithm 'strassen' declines this layer: stride or padding makes the output positions differ from the input positions in spatial dimension 1
// REDEFINE: %{layers} = layers=dense=strassen
// RUN: %{force}=STRASSEN-GROUPS
// STRASSEN-GROUPS: error: loc("dense"): algorithm 'strassen' declines this layer: it has 16 groups, expected 1
// REDEFINE: %{layers} = layers=one=strassen
// RUN: %{force}=STRASSEN-INPUTS
// STRASSEN-INPUTS: error: loc("one"): algorithm 'strassen' declines this layer: it has 1 input channels, expected two vectors of 8 at least
// REDEFINE: %{layers} = layers=narrow=strassen
// RUN: %{force}=STRASSEN-OUTPUTS
// STRASSEN-OUTPUTS: error: loc("narrow"): algorithm 'strassen' declines this layer: it has 8 output channels, expected more than a vector of 8
// REDEFINE: %{layers} = layers=vector=strassen
// RUN: %{force}=STRASSEN-POSITIONS
// STRASSEN-POSITIONS: error: loc("vector"): algorithm 'strassen' declines this layer: it has one position, expected two halves of them
// REDEFINE: %{layers} = "precise=true layers=wide=strassen"
// RUN: %{force}=STRASSEN-PRECISE
// STRASSEN-PRECISE: error: loc("wide"): algorithm 'strassen' declines this layer: it rounds more than a sum of products, and --precise allows no such algorithm

// REDEFINE: %{layers} = layers=three=bf16x3
// RUN: %{force}=TILES
// TILES: error: loc("three"): algorithm 'bf16x3' declines this layer: the target has no tile registers (AMX)
// REDEFINE: %{layers} = layers=three=tensor-core-gemm
// RUN: %{force}=GPU
// GPU: error: loc("three"): algorithm 'tensor-core-gemm' declines this layer: the target isn't a GPU
// REDEFINE: %{layers} = "precise=true layers=three=winograd"
// RUN: %{force}=PRECISE
// PRECISE: error: loc("three"): algorithm 'winograd' declines this layer: it rounds more than a sum of products, and --precise allows no such algorithm

// REDEFINE: %{layers} = layers=three=depthwise
// RUN: %{force}=CHANNELS
// CHANNELS: error: loc("three"): algorithm 'depthwise' declines this layer: input channels, output channels and groups are 16, 16 and 1, expected one number
// REDEFINE: %{layers} = layers=multiplied=depthwise
// RUN: %{force}=MULTIPLIED
// MULTIPLIED: error: loc("multiplied"): algorithm 'depthwise' declines this layer: input channels, output channels and groups are 16, 32 and 16, expected one number
// REDEFINE: %{layers} = layers=dense=depthwise
// RUN: %{force}=DENSE
// DENSE: error: loc("dense"): algorithm 'depthwise' declines this layer: there is no spatial dimension
// REDEFINE: %{layers} = layers=single=depthwise
// RUN: %{force}=SINGLE
// SINGLE: error: loc("single"): algorithm 'depthwise' declines this layer: there is only one channel, less than a vector

// REDEFINE: %{layers} = layers=three=grouped
// RUN: %{force}=ONE-GROUP
// ONE-GROUP: error: loc("three"): algorithm 'grouped' declines this layer: there is one group
// REDEFINE: %{layers} = layers=dense=grouped
// RUN: %{force}=GROUPED-DENSE
// GROUPED-DENSE: error: loc("dense"): algorithm 'grouped' declines this layer: there is no spatial dimension
// REDEFINE: %{layers} = layers=halves=grouped
// RUN: %{force}=WHOLE
// WHOLE: error: loc("halves"): algorithm 'grouped' declines this layer: groups of 8 input and 8 output channels fill whole vectors

// REDEFINE: %{layers} = layers=halves=inner-product
// RUN: %{force}=INNER-GROUPS
// INNER-GROUPS: error: loc("halves"): algorithm 'inner-product' declines this layer: it has 2 groups, expected 1
// REDEFINE: %{layers} = layers=dense=inner-product
// RUN: %{force}=INNER-DENSE
// INNER-DENSE: error: loc("dense"): algorithm 'inner-product' declines this layer: there is no spatial dimension
// REDEFINE: %{layers} = layers=huge=inner-product
// RUN: %{force}=INNER-POSITION
// INNER-POSITION: error: loc("huge"): algorithm 'inner-product' declines this layer: it has one output position, expected several
// REDEFINE: %{layers} = layers=wide=inner-product
// RUN: %{force}=INNER-WIDE
// INNER-WIDE: error: loc("wide"): algorithm 'inner-product' declines this layer: it has 32 output channels, expected two vectors of 8 at most
// REDEFINE: %{layers} = layers=dense=rowwise
// RUN: %{force}=ROWWISE-DENSE
// ROWWISE-DENSE: error: loc("dense"): algorithm 'rowwise' declines this layer: there is no spatial dimension
// REDEFINE: %{layers} = layers=halves=rowwise
// RUN: %{force}=ROWWISE-GROUPS
// ROWWISE-GROUPS: error: loc("halves"): algorithm 'rowwise' declines this layer: it has 2 groups, expected 1

// REDEFINE: %{layers} = layers=huge=im2col
// RUN: %{force}=COLUMN
// COLUMN: error: loc("huge"): algorithm 'im2col' declines this layer: one column of the data matrix takes 524288 bytes, at most 262144 are packed at a time

// REDEFINE: %{layers} = layers=dense=filter-toeplitz
// RUN: %{force}=SPATIAL
// SPATIAL: error: loc("dense"): algorithm 'filter-toeplitz' declines this layer: there is no spatial dimension
// REDEFINE: %{layers} = layers=three=filter-toeplitz
// RUN: %{force}=UNKNOWN-ZEROS
// UNKNOWN-ZEROS: error: loc("three"): algorithm 'filter-toeplitz' declines this layer: it isn't known which weights are zero
// REDEFINE: %{layers} = layers=dense=winograd
// RUN: %{force}=NO-DIMENSION
// NO-DIMENSION: error: loc("dense"): algorithm 'winograd' declines this layer: there is no spatial dimension
// REDEFINE: %{layers} = layers=strided=winograd
// RUN: %{force}=WINOGRAD-STRIDE
// WINOGRAD-STRIDE: error: loc("strided"): algorithm 'winograd' declines this layer: the stride is 2 in spatial dimension 1, expected 1
// REDEFINE: %{layers} = layers=sparse=winograd
// RUN: %{force}=NO-POSITIONS
// NO-POSITIONS: error: loc("sparse"): algorithm 'winograd' declines this layer: the kernel has no positions in spatial dimension 1
// REDEFINE: %{layers} = layers=huge=winograd
// RUN: %{force}=LARGE
// LARGE: error: loc("huge"): algorithm 'winograd' declines this layer: the kernel has 8 positions in spatial dimension 0, at most 7 are transformed
// REDEFINE: %{layers} = layers=padded=winograd
// RUN: %{force}=ONES
// ONES: error: loc("padded"): algorithm 'winograd' declines this layer: the kernel has 1 position in each dimension
// REDEFINE: %{layers} = layers=multiplied=winograd
// RUN: %{force}=GROUPS
// GROUPS: error: loc("multiplied"): algorithm 'winograd' declines this layer: its groups have 1 input and 2 output channels, expected multiples of the vector length 8
// Variants are those of the layer's kernel: F(6, 5) would transform 10 values.
// REDEFINE: %{layers} = layers=five=winograd:f6
// RUN: %{force}=VARIANT
// VARIANT: error: loc("five"): algorithm 'winograd:f6' declines this layer: it has no variant 'f6' for this layer, expected 'f2', 'f3', 'f4'
// REDEFINE: %{layers} = layers=three=winograd:f7
// RUN: %{force}=NO-VARIANT
// NO-VARIANT: error: loc("three"): algorithm 'winograd:f7' declines this layer: it has no variant 'f7' for this layer, expected 'f2', 'f3', 'f4', 'f5', 'f6'

// A name that no algorithm has, for a layer and for all; a layer that isn't there or is no convolution.
// REDEFINE: %{layers} = layers=three=winnograd
// RUN: %{force}=UNKNOWN
// REDEFINE: %{layers} = algorithm=winnograd
// RUN: %{force}=UNKNOWN
// UNKNOWN: error: unknown algorithm 'winnograd', expected one of 'bf16x3', 'bf16x6', 'warpgroup-gemm', 'tensor-core-gemm', 'matrix-vector', 'implicit-gemm', 'winograd', 'fft', 'filter-toeplitz', 'strassen', 'pointwise', 'depthwise', 'grouped', 'inner-product', 'rowwise', 'direct', 'im2col'
// REDEFINE: %{layers} = layers=three
// RUN: %{force}=EMPTY
// EMPTY: error: unknown algorithm '', expected one of
// REDEFINE: %{layers} = layers=four=direct
// RUN: %{force}=LAYER
// LAYER: error: --algorithm names layer 'four', but the network has no convolution of that name
// REDEFINE: %{layers} = layers=relu=direct
// RUN: %{force}=RELU
// RELU: error: --algorithm names layer 'relu', but the network has no convolution of that name

// For the whole network an algorithm is a wish: nobody declines it with an error.
// RUN: toeplitz-opt %s --select-algorithms=algorithm=pointwise | FileCheck %s --check-prefix=WISH
// WISH-COUNT-16: toeplitz.algorithm =

func.func @main(%x: tensor<1x16x8x8xf32>, %one: tensor<1x1x8x8xf32>, %vector: tensor<1x16xf32>, %deep: tensor<1x2048x8x8xf32>, %w1: tensor<16x16x1x1xf32>,
    %w3: tensor<16x16x3x3xf32>, %w2: tensor<16x16x2x2xf32>, %ws: tensor<16x16x1x1xf32>, %wm: tensor<32x1x3x3xf32>, %wd: tensor<16x1xf32>,
    %w: tensor<1x1x3x3xf32>, %wh: tensor<8x2048x8x8xf32>, %w5: tensor<16x16x5x5xf32>,
    %wo: tensor<32x1x1x1xf32>, %wn: tensor<8x16x1x1xf32>, %wv: tensor<32x16xf32>, %ww: tensor<32x16x1x1xf32>,
    %wg: tensor<16x8x1x1xf32>) {
  %0 = cnn.conv %x, %w3 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32> loc("three")
  %1 = cnn.conv %x, %w1 strides [1, 2] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x8x4xf32> loc("strided")
  %2 = cnn.conv %x, %w1 strides [1, 1] dilations [1, 1] padding [1, 0] to [0, 0] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x9x8xf32> loc("padded")
  %3 = cnn.conv %x, %w1 strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 2] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x8x10xf32> loc("padded_high")
  %4 = cnn.conv_transpose %x, %w2 strides [2, 2] dilations [1, 1] padding [0, 0] to [0, 0] output_padding [0, 0] groups 1
    : (tensor<1x16x8x8xf32>, tensor<16x16x2x2xf32>) -> tensor<1x16x16x16xf32> loc("up")
  %5 = cnn.conv_transpose %x, %ws strides [1, 2] dilations [1, 1] padding [0, 1] to [0, 0] output_padding [0, 1] groups 1
    : (tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x8x15xf32> loc("sparse")
  %6 = cnn.conv %x, %wm strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 16 zeros
    : (tensor<1x16x8x8xf32>, tensor<32x1x3x3xf32>) -> tensor<1x32x8x8xf32> loc("multiplied")
  %7 = cnn.conv %vector, %wd strides [] dilations [] padding [] to [] groups 16 zeros : (tensor<1x16xf32>, tensor<16x1xf32>) -> tensor<1x16xf32> loc("dense")
  %8 = cnn.conv %one, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x1x8x8xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x8x8xf32> loc("single")
  %9 = cnn.conv %deep, %wh strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x2048x8x8xf32>, tensor<8x2048x8x8xf32>) -> tensor<1x8x1x1xf32> loc("huge")
  %10 = cnn.activation relu %0 : tensor<1x16x8x8xf32> loc("relu")
  %13 = cnn.conv %x, %w5 strides [1, 1] dilations [1, 1] padding [2, 2] to [2, 2] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x5x5xf32>) -> tensor<1x16x8x8xf32> loc("five")
  %14 = cnn.conv %one, %wo strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x1x8x8xf32>, tensor<32x1x1x1xf32>) -> tensor<1x32x8x8xf32> loc("one")
  %15 = cnn.conv %x, %wn strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<8x16x1x1xf32>) -> tensor<1x8x8x8xf32> loc("narrow")
  %16 = cnn.conv %vector, %wv strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<1x16xf32>, tensor<32x16xf32>) -> tensor<1x32xf32> loc("vector")
  %17 = cnn.conv %x, %ww strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<32x16x1x1xf32>) -> tensor<1x32x8x8xf32> loc("wide")
  %18 = cnn.conv %x, %wg strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 2 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x8x8xf32> loc("halves")
  return
}
