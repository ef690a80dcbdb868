// Transposed convolutions through the whole pipeline: the phases write into one buffer, without a copy between them.
// RUN: toeplitz compile %s --emit=schedule --brief --mtriple=x86_64-linux-gnu --mcpu=x86-64-v3 | FileCheck %s --implicit-check-not=memref.copy
// RUN: toeplitz compile %s --emit=asm --mtriple=x86_64-linux-gnu --mcpu=x86-64-v3 -o /dev/null

// CHECK: kernel.conv "{{direct|im2col}}" ins(%[[X:.*]], %{{.*}}) outs(%[[Y:[a-z0-9_]+]]) activation <tanh> {{.*}} output_offsets = array<i64: 0, 0>
// CHECK: kernel.conv "{{direct|im2col}}" ins(%[[X]], %{{.*}}) outs(%[[Y]]) activation <tanh> {{.*}} output_offsets = array<i64: 0, 1>
// CHECK: kernel.conv "{{direct|im2col}}" ins(%[[X]], %{{.*}}) outs(%[[Y]]) activation <tanh> {{.*}} output_offsets = array<i64: 1, 0>
// CHECK: kernel.conv "{{direct|im2col}}" ins(%[[X]], %{{.*}}) outs(%[[Y]]) activation <tanh> {{.*}} output_offsets = array<i64: 1, 1>
// CHECK: kernel.reorder ins(%[[Y]])
func.func @main(%x: tensor<1x16x4x4xf32>) -> tensor<1x8x8x8xf32> {
  %w = arith.constant dense<0.5> : tensor<16x8x4x4xf32>
  %0 = cnn.conv_transpose %x, %w strides [2, 2] dilations [1, 1] padding [1, 1] to [1, 1] output_padding [0, 0] groups 1
    : (tensor<1x16x4x4xf32>, tensor<16x8x4x4xf32>) -> tensor<1x8x8x8xf32> loc("up")
  %1 = cnn.activation tanh %0 : tensor<1x8x8x8xf32>
  return %1 : tensor<1x8x8x8xf32>
}
