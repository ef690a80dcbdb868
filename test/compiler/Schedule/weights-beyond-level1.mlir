// RUN: toeplitz-opt %s --set-target --convert-cnn-to-kernel | FileCheck %s

// Rows of 7 positions by tiles of 1 x 13 would load a vector of weights for each multiply-add: no more than the core's loads, but more
// than comes from the second-level cache, where the filter of 64 channels lies. That of 2 channels stays in the first one.

// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<1x64x7x7xf32>, %few: tensor<1x2x7x7xf32>) -> (tensor<1x104x7x7xf32>, tensor<1x104x7x7xf32>) {
  %w = arith.constant dense<0.5> : tensor<104x64x3x3xf32>
  %w_few = arith.constant dense<0.5> : tensor<104x2x3x3xf32>
  // CHECK: kernel.conv "direct" {{.*}} in_channels = 64 : i64, {{.*}} tile = array<i64: 7, 1>
  %0 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros {toeplitz.algorithm = "direct"}
    : (tensor<1x64x7x7xf32>, tensor<104x64x3x3xf32>) -> tensor<1x104x7x7xf32>
  // CHECK: kernel.conv "direct" {{.*}} in_channels = 2 : i64, {{.*}} tile = array<i64: 1, 13>
  %1 = cnn.conv %few, %w_few strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros {toeplitz.algorithm = "direct"}
    : (tensor<1x2x7x7xf32>, tensor<104x2x3x3xf32>) -> tensor<1x104x7x7xf32>
  return %0, %1 : tensor<1x104x7x7xf32>, tensor<1x104x7x7xf32>
}
