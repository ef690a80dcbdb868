// Taps that read nothing but padding are left out of the kernel.
// RUN: toeplitz-opt %s --crop-kernels | FileCheck %s
// RUN: toeplitz-opt %s --crop-kernels=keep=stays | FileCheck %s --check-prefix=KEEP

// Kernel 3 with a dilation of 8: only the centre reaches a map of 8, of both the taps at its sides are cut. With a dilation of 7 all do.
// CHECK-LABEL: @centre
// CHECK-DAG: %[[CENTRE:.*]] = arith.constant dense_resource<{{.*}}cropped{{.*}}> : tensor<1x2x1xf32>
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{\[}}{{\[}}[1.000000e+00, 2.000000e+00, 3.000000e+00]
// CHECK: cnn.conv %{{.*}}, %[[CENTRE]] strides [1] dilations [1] padding [0] to [0]
// CHECK: cnn.conv %{{.*}}, %[[W]] strides [1] dilations [7] padding [7] to [7]
func.func @centre(%x: tensor<1x2x8xf32>) -> (tensor<1x1x8xf32>, tensor<1x1x8xf32>) {
  %w = arith.constant dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]> : tensor<1x2x3xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [8] padding [8] to [8] groups 1 zeros : (tensor<1x2x8xf32>, tensor<1x2x3xf32>) -> tensor<1x1x8xf32>
  %1 = cnn.conv %x, %w strides [1] dilations [7] padding [7] to [7] groups 1 zeros : (tensor<1x2x8xf32>, tensor<1x2x3xf32>) -> tensor<1x1x8xf32>
  return %0, %1 : tensor<1x1x8xf32>, tensor<1x1x8xf32>
}

// 5 rows in a map of 2 with padding 2: the first one reads -2 and -1. With stride 2 there is only output 0: the first two and the last one
// go. 4 columns with dilation 2 and padding 1 read -1 1 3 5 and 0 2 4 6: the first two stay.
// CHECK-LABEL: @both_dimensions
// CHECK: cnn.conv {{.*}} strides [1, 1] dilations [1, 2] padding [1, 1] to [1, 1] {{.*}}tensor<1x1x3x2xf32>) -> tensor<1x1x2x2xf32>
// CHECK: cnn.conv {{.*}} strides [2, 1] dilations [1, 2] padding [0, 1] to [0, 1] {{.*}}tensor<1x1x2x2xf32>) -> tensor<1x1x1x2xf32>
func.func @both_dimensions(%x: tensor<1x1x2x2xf32>) -> (tensor<1x1x2x2xf32>, tensor<1x1x1x2xf32>) {
  %w = arith.constant dense<1.0> : tensor<1x1x5x4xf32>
  %0 = cnn.conv %x, %w strides [1, 1] dilations [1, 2] padding [2, 1] to [2, 5] groups 1 zeros
    : (tensor<1x1x2x2xf32>, tensor<1x1x5x4xf32>) -> tensor<1x1x2x2xf32>
  %1 = cnn.conv %x, %w strides [2, 1] dilations [1, 2] padding [2, 1] to [2, 5] groups 1 zeros
    : (tensor<1x1x2x2xf32>, tensor<1x1x5x4xf32>) -> tensor<1x1x1x2xf32>
  return %0, %1 : tensor<1x1x2x2xf32>, tensor<1x1x1x2xf32>
}

// The padding would have to be -1: tap 0 reads -1, tap 1 position 1. Then a layer that reads nothing but padding, and a computed filter.
// CHECK-LABEL: @left_alone
// CHECK: cnn.conv {{.*}} dilations [2] padding [1] to [0]
// CHECK: cnn.conv {{.*}} dilations [1] padding [3] to [0]
// CHECK: cnn.conv %{{.*}}, %arg1 {{.*}} padding [8] to [8]
func.func @left_alone(%x: tensor<1x2x2xf32>, %computed: tensor<1x2x3xf32>) -> (tensor<1x1x1xf32>, tensor<1x1x1xf32>, tensor<1x1x2xf32>) {
  %two = arith.constant dense<[[[1.0, 2.0], [3.0, 4.0]]]> : tensor<1x2x2xf32>
  %0 = cnn.conv %x, %two strides [1] dilations [2] padding [1] to [0] groups 1 zeros : (tensor<1x2x2xf32>, tensor<1x2x2xf32>) -> tensor<1x1x1xf32>
  %1 = cnn.conv %x, %two strides [8] dilations [1] padding [3] to [0] groups 1 zeros : (tensor<1x2x2xf32>, tensor<1x2x2xf32>) -> tensor<1x1x1xf32>
  %2 = cnn.conv %x, %computed strides [1] dilations [8] padding [8] to [8] groups 1 zeros : (tensor<1x2x2xf32>, tensor<1x2x3xf32>) -> tensor<1x1x2xf32>
  return %0, %1, %2 : tensor<1x1x1xf32>, tensor<1x1x1xf32>, tensor<1x1x2xf32>
}

// KEEP-LABEL: @named
// KEEP: cnn.conv {{.*}} dilations [8] padding [8] to [8]
// KEEP: cnn.conv {{.*}} dilations [1] padding [0] to [0]
func.func @named(%x: tensor<1x2x8xf32>) -> (tensor<1x1x8xf32>, tensor<1x1x8xf32>) {
  %w = arith.constant dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]> : tensor<1x2x3xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [8] padding [8] to [8] groups 1 zeros : (tensor<1x2x8xf32>, tensor<1x2x3xf32>) -> tensor<1x1x8xf32> loc("stays")
  %1 = cnn.conv %x, %w strides [1] dilations [8] padding [8] to [8] groups 1 zeros : (tensor<1x2x8xf32>, tensor<1x2x3xf32>) -> tensor<1x1x8xf32> loc("goes")
  return %0, %1 : tensor<1x1x8xf32>, tensor<1x1x8xf32>
}
