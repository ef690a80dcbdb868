// RUN: toeplitz-opt %s --set-target --convert-cnn-to-kernel | FileCheck %s

// A slice of every second position is copied for kernels that go through positions that lie together as one row, not for others, and
// not if the slice skips no position.

// CHECK-LABEL: func.func @main
// CHECK: %[[X:.*]] = kernel.conv
func.func @main(%x: tensor<1x16x14x14xf32>) -> (tensor<1x32x7x7xf32>, tensor<1x32x7x7xf32>, tensor<1x32x7x7xf32>) {
  %w0 = arith.constant dense<0.25> : tensor<16x16x1x1xf32>
  %w = arith.constant dense<0.5> : tensor<32x16x1x1xf32>
  %0 = cnn.conv %x, %w0 strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros {toeplitz.algorithm = "pointwise"}
    : (tensor<1x16x14x14xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x14x14xf32>
  %apart = tensor.extract_slice %0[0, 0, 0, 1] [1, 16, 7, 7] [1, 1, 2, 2] : tensor<1x16x14x14xf32> to tensor<1x16x7x7xf32>
  %corner = tensor.extract_slice %0[0, 0, 0, 1] [1, 16, 7, 7] [1, 1, 1, 1] : tensor<1x16x14x14xf32> to tensor<1x16x7x7xf32>
  // CHECK-DAG: %[[APART:.*]] = tensor.extract_slice %[[X]][0, 0, 0, 1, 0] [1, 2, 7, 7, 8] [1, 1, 2, 2, 1]
  // CHECK-DAG: %[[CORNER:.*]] = tensor.extract_slice %[[X]][0, 0, 0, 1, 0] [1, 2, 7, 7, 8] [1, 1, 1, 1, 1]
  // CHECK: %[[TOGETHER:.*]] = kernel.pool max ins(%[[APART]]) outs({{.*}}) {{.*}} kernel = array<i64: 1, 1>, {{.*}} strides = array<i64: 1, 1>
  // CHECK: kernel.conv "pointwise" ins(%[[TOGETHER]],
  %1 = cnn.conv %apart, %w strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros {toeplitz.algorithm = "pointwise"}
    : (tensor<1x16x7x7xf32>, tensor<32x16x1x1xf32>) -> tensor<1x32x7x7xf32>
  // CHECK: kernel.conv "direct" ins(%[[APART]],
  %2 = cnn.conv %apart, %w strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros {toeplitz.algorithm = "direct"}
    : (tensor<1x16x7x7xf32>, tensor<32x16x1x1xf32>) -> tensor<1x32x7x7xf32>
  // CHECK: kernel.conv "pointwise" ins(%[[CORNER]],
  %3 = cnn.conv %corner, %w strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros {toeplitz.algorithm = "pointwise"}
    : (tensor<1x16x7x7xf32>, tensor<32x16x1x1xf32>) -> tensor<1x32x7x7xf32>
  return %1, %2, %3 : tensor<1x32x7x7xf32>, tensor<1x32x7x7xf32>, tensor<1x32x7x7xf32>
}
