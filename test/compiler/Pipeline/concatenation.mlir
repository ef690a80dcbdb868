// A concatenation along whole blocks of channels costs nothing: the convolutions before it write into its parts, the one behind it reads the
// whole.
// RUN: toeplitz compile %s --emit=schedule --brief --algorithm=conv1=direct,conv2=direct --mtriple=x86_64-linux-gnu --mcpu=x86-64-v3 | FileCheck %s --implicit-check-not=memref.copy

// CHECK: func.func @main(%[[ARENA:.*]]: memref<12288xi8>, %[[X:.*]]: memref<1x16x8x8xf32> {{{.*}}}, %[[Y:.*]]: memref<1x16x8x8xf32> {{{.*}}})
// CHECK: %[[WHOLE:.*]] = memref.view %[[ARENA]]{{.*}} to memref<1x4x8x8x8xf32>
// CHECK: %[[FIRST:.*]] = memref.view %[[ARENA]]{{.*}} to memref<1x2x8x8x8xf32>
// Half of the whole further on: 2 x 8 x 8 x 8 floats.
// CHECK: %[[HALF:.*]] = arith.constant 4096 : index
// CHECK: %[[SECOND:.*]] = memref.view %[[ARENA]][%[[HALF]]][] : memref<12288xi8> to memref<1x2x8x8x8xf32>
// CHECK: kernel.reorder ins(%[[X]]) outs(%[[BLOCKED:.*]]) {
// CHECK: kernel.conv "direct" ins(%[[BLOCKED]], %{{.*}}) outs(%[[FIRST]])
// CHECK: kernel.conv "direct" ins(%[[BLOCKED]], %{{.*}}) outs(%[[SECOND]])
// CHECK: kernel.conv "pointwise" ins(%[[WHOLE]], %{{.*}}) outs(%[[RESULT:.*]]) {
// CHECK: kernel.reorder ins(%[[RESULT]]) outs(%[[Y]])
// CHECK-NEXT: return

module @concat {
func.func @main(%x: tensor<1x16x8x8xf32>) -> tensor<1x16x8x8xf32> {
  %w1 = arith.constant dense<0.5> : tensor<16x16x3x3xf32>
  %w3 = arith.constant dense<0.25> : tensor<16x16x3x3xf32>
  %w2 = arith.constant dense<0.5> : tensor<16x32x1x1xf32>
  %0 = cnn.conv %x, %w1 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32> loc("conv1")
  %1 = cnn.conv %x, %w3 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32> loc("conv2")
  %2 = tensor.concat dim(1) %0, %1 : (tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>) -> tensor<1x32x8x8xf32> loc("concat")
  %3 = cnn.conv %2, %w2 strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x32x8x8xf32>, tensor<16x32x1x1xf32>) -> tensor<1x16x8x8xf32> loc("conv3")
  return %3 : tensor<1x16x8x8xf32>
}
}
