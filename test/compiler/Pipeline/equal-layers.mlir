// Equal layers share one copy of code, whatever their weights are: three blocks of a network, one function.
// RUN: toeplitz compile %s --emit=loops --brief --mtriple=x86_64-linux-gnu --mcpu=x86-64-v3 | FileCheck %s

// (@kernel_block1 is what brings block1's input into its layout.)
// CHECK-COUNT-3: call @kernel_block1_0(
// CHECK-NOT: call @kernel_block1_0(
// CHECK: func.func private @kernel_block1_0(
// CHECK-NOT: func.func private @kernel_block2
func.func @main(%x: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %w1 = arith.constant dense<0.25> : tensor<8x8x3x3xf32>
  %w2 = arith.constant dense<0.5> : tensor<8x8x3x3xf32>
  %w3 = arith.constant dense<0.75> : tensor<8x8x3x3xf32>
  %0 = cnn.conv %x, %w1 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x8x8x8xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x8x8xf32> loc("block1")
  %1 = cnn.conv %0, %w2 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x8x8x8xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x8x8xf32> loc("block2")
  %2 = cnn.conv %1, %w3 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x8x8x8xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x8x8xf32> loc("block3")
  return %2 : tensor<1x8x8x8xf32>
}
