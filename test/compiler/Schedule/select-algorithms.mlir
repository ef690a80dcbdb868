// DEFINE: %{target} = --set-target="lanes=16 registers=32"
// RUN: toeplitz-opt %s %{target} --select-algorithms | FileCheck %s --check-prefixes=CHECK,COST,GROUPED
// The choice depends on nothing but the layer and the target: made twice it is the same.
// RUN: toeplitz-opt %s %{target} --select-algorithms --select-algorithms | FileCheck %s --check-prefixes=CHECK,COST,GROUPED
// One algorithm for every layer that it can compute; the others are chosen by their cost.
// RUN: toeplitz-opt %s %{target} --select-algorithms=algorithm=im2col | FileCheck %s --check-prefixes=CHECK,IM2COL
// RUN: toeplitz-opt %s %{target} --select-algorithms=algorithm=direct | FileCheck %s --check-prefixes=CHECK,DIRECT
// RUN: toeplitz-opt %s %{target} --select-algorithms=algorithm=pointwise | FileCheck %s --check-prefixes=CHECK,COST,MERGED
// RUN: toeplitz-opt %s %{target} --select-algorithms=algorithm=depthwise | FileCheck %s --check-prefixes=CHECK,COST,GROUPED
// Single layers, which come before what is said of all. A layer's name may contain '='.
// RUN: toeplitz-opt %s %{target} --select-algorithms="algorithm=direct layers=three_by_three=im2col,up=2=im2col" | FileCheck %s --check-prefixes=CHECK,LAYERS
// A module that names no target has one all the same.
// RUN: toeplitz-opt %s --select-algorithms | FileCheck %s --check-prefix=ANY
// ANY-COUNT-8: toeplitz.algorithm =

// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<1x64x14x14xf32>, %vector: tensor<2x64xf32>, %narrow: tensor<1x128x64x1xf32>,
    %w1: tensor<64x64x1x1xf32>, %w3: tensor<64x64x3x3xf32>, %w_depthwise: tensor<64x1x3x3xf32>, %w_grouped: tensor<64x2x1x1xf32>,
    %w_dense: tensor<10x64xf32>, %w_up: tensor<64x64x2x2xf32>, %w_narrow: tensor<128x128x3x1xf32>) {
  // One position, no stride: the matrix multiplication.
  // CHECK: cnn.conv %{{.*}} strides [1, 1] {{.*}} groups 1
  // COST-SAME: {toeplitz.algorithm = "pointwise"}
  // IM2COL-SAME: {toeplitz.algorithm = "im2col"}
  // DIRECT-SAME: {toeplitz.algorithm = "direct"}
  // LAYERS-SAME: {toeplitz.algorithm = "direct"}
  %0 = cnn.conv %x, %w1 strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x64x14x14xf32>, tensor<64x64x1x1xf32>) -> tensor<1x64x14x14xf32> loc("one_by_one")
  // Three by three positions, no stride: fewest multiplications.
  // CHECK-NEXT: cnn.conv %{{.*}} groups 1
  // COST-SAME: {toeplitz.algorithm = "winograd:f3"}
  // IM2COL-SAME: {toeplitz.algorithm = "im2col"}
  // DIRECT-SAME: {toeplitz.algorithm = "direct"}
  // LAYERS-SAME: {toeplitz.algorithm = "im2col"}
  %1 = cnn.conv %x, %w3 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x64x14x14xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x14x14xf32> loc("three_by_three")
  // CHECK-NEXT: cnn.conv %{{.*}} groups 64
  // COST-SAME: {toeplitz.algorithm = "depthwise"}
  // IM2COL-SAME: {toeplitz.algorithm = "im2col"}
  // DIRECT-SAME: {toeplitz.algorithm = "direct"}
  // LAYERS-SAME: {toeplitz.algorithm = "direct"}
  %2 = cnn.conv %x, %w_depthwise strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 64 zeros
    : (tensor<1x64x14x14xf32>, tensor<64x1x3x3xf32>) -> tensor<1x64x14x14xf32> loc("depthwise")
  // With a stride the positions of input and output differ.
  // CHECK-NEXT: cnn.conv %{{.*}} strides [2, 2]
  // COST-SAME: {toeplitz.algorithm = "direct"}
  // IM2COL-SAME: {toeplitz.algorithm = "im2col"}
  // DIRECT-SAME: {toeplitz.algorithm = "direct"}
  %3 = cnn.conv %x, %w1 strides [2, 2] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x64x14x14xf32>, tensor<64x64x1x1xf32>) -> tensor<1x64x7x7xf32> loc("one_by_one_strided")
  // CHECK-NEXT: cnn.conv %{{.*}} groups 32
  // GROUPED-SAME: {toeplitz.algorithm = "grouped"}
  // MERGED-SAME: {toeplitz.algorithm = "pointwise"}
  // IM2COL-SAME: {toeplitz.algorithm = "im2col"}
  // DIRECT-SAME: {toeplitz.algorithm = "direct"}
  %4 = cnn.conv %x, %w_grouped strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 32 zeros
    : (tensor<1x64x14x14xf32>, tensor<64x2x1x1xf32>) -> tensor<1x64x14x14xf32> loc("grouped")
  // CHECK-NEXT: cnn.conv %{{.*}} strides []
  // COST-SAME: {toeplitz.algorithm = "pointwise"}
  // IM2COL-SAME: {toeplitz.algorithm = "im2col"}
  // DIRECT-SAME: {toeplitz.algorithm = "direct"}
  %5 = cnn.conv %vector, %w_dense strides [] dilations [] padding [] to [] groups 1 zeros
    : (tensor<2x64xf32>, tensor<10x64xf32>) -> tensor<2x10xf32> loc("dense")
  // The four phases have one tap each, but write apart.
  // CHECK-NEXT: cnn.conv_transpose
  // COST-SAME: {toeplitz.algorithm = "direct"}
  // IM2COL-SAME: {toeplitz.algorithm = "im2col"}
  // DIRECT-SAME: {toeplitz.algorithm = "direct"}
  // LAYERS-SAME: {toeplitz.algorithm = "im2col"}
  %6 = cnn.conv_transpose %x, %w_up strides [2, 2] dilations [1, 1] padding [0, 0] to [0, 0] output_padding [0, 0] groups 1
    : (tensor<1x64x14x14xf32>, tensor<64x64x2x2xf32>) -> tensor<1x64x28x28xf32> loc("up=2")
  // Rows of one position: only im2col puts several rows into a register tile.
  // CHECK-NEXT: cnn.conv
  // COST-SAME: {toeplitz.algorithm = "im2col"}
  // IM2COL-SAME: {toeplitz.algorithm = "im2col"}
  // DIRECT-SAME: {toeplitz.algorithm = "direct"}
  %7 = cnn.conv %narrow, %w_narrow strides [2, 1] dilations [1, 1] padding [1, 0] to [1, 0] groups 1 zeros
    : (tensor<1x128x64x1xf32>, tensor<128x128x3x1xf32>) -> tensor<1x128x32x1xf32> loc("narrow")
  // Only convolutions have algorithms.
  // CHECK-NEXT: cnn.activation relu %{{.*}} : tensor<2x10xf32>
  %8 = cnn.activation relu %5 : tensor<2x10xf32>
  return
}
