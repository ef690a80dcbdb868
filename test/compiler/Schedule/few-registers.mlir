// RUN: toeplitz-opt %s --set-target="registers=4" --select-algorithms --convert-cnn-to-kernel | FileCheck %s

// A row of weights alone fills the registers: one position is left, not none.
// CHECK: kernel.conv "depthwise" {{.*}} tile = array<i64: 1, 1>
func.func @main(%x: tensor<1x16x9x9xf32>) -> tensor<1x16x9x9xf32> {
  %w = arith.constant dense<0.5> : tensor<16x1x3x3xf32>
  %0 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 16 zeros
    : (tensor<1x16x9x9xf32>, tensor<16x1x3x3xf32>) -> tensor<1x16x9x9xf32>
  return %0 : tensor<1x16x9x9xf32>
}
