// The relations between sizes in Dumoulin and Visin, A guide to convolution arithmetic for deep learning
// (arXiv:1603.07285), each with the numbers of its figure. The verifier compares the types that stand here with the ones
// that Window.h computes, so that reading the file is the test.
// RUN: toeplitz-opt %s --verify-each | FileCheck %s

// CHECK-LABEL: @convolutions
func.func @convolutions(%i4: tensor<1x1x4xf32>, %i5: tensor<1x1x5xf32>, %i6: tensor<1x1x6xf32>, %i7: tensor<1x1x7xf32>,
                        %k3: tensor<1x1x3xf32>, %k4: tensor<1x1x4xf32>) {
  // CHECK-COUNT-8: cnn.conv
  // Relationship 1, figure 2.1: no padding, unit strides: i = 4, k = 3 gives 2.
  %0 = cnn.conv %i4, %k3 strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x2xf32>
  // Relationship 2, figure 2.2: i = 5, k = 4, p = 2 gives 6.
  %1 = cnn.conv %i5, %k4 strides [1] dilations [1] padding [2] to [2] groups 1 zeros : (tensor<1x1x5xf32>, tensor<1x1x4xf32>) -> tensor<1x1x6xf32>
  // Relationship 3, figure 2.3: half padding keeps the size: i = 5, k = 3, p = 1.
  %2 = cnn.conv %i5, %k3 strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x1x5xf32>, tensor<1x1x3xf32>) -> tensor<1x1x5xf32>
  // Relationship 4, figure 2.4: full padding: i = 5, k = 3, p = 2 gives i + k - 1 = 7.
  %3 = cnn.conv %i5, %k3 strides [1] dilations [1] padding [2] to [2] groups 1 zeros : (tensor<1x1x5xf32>, tensor<1x1x3xf32>) -> tensor<1x1x7xf32>
  // Relationship 5, figure 2.5: i = 5, k = 3, s = 2 gives 2.
  %4 = cnn.conv %i5, %k3 strides [2] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x5xf32>, tensor<1x1x3xf32>) -> tensor<1x1x2xf32>
  // Relationship 6, figure 2.6: i = 5, k = 3, s = 2, p = 1 gives 3.
  %5 = cnn.conv %i5, %k3 strides [2] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x1x5xf32>, tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
  // Relationship 6, figure 2.7: i = 6 gives 3 as well: the last position isn't seen.
  %6 = cnn.conv %i6, %k3 strides [2] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x1x6xf32>, tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
  // Relationship 15, figure 5.1: dilated: i = 7, k = 3, d = 2 gives 3.
  %7 = cnn.conv %i7, %k3 strides [1] dilations [2] padding [0] to [0] groups 1 zeros : (tensor<1x1x7xf32>, tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
  return
}

// CHECK-LABEL: @transposed_convolutions
func.func @transposed_convolutions(%i2: tensor<1x1x2xf32>, %i3: tensor<1x1x3xf32>, %i5: tensor<1x1x5xf32>, %i6: tensor<1x1x6xf32>,
                                   %i7: tensor<1x1x7xf32>, %k3: tensor<1x1x3xf32>, %k4: tensor<1x1x4xf32>) {
  // CHECK-COUNT-7: cnn.conv_transpose
  // Relationship 8, figure 4.1: i = 2, k = 3 gives 4.
  %0 = cnn.conv_transpose %i2, %k3 strides [1] dilations [1] padding [0] to [0] output_padding [0] groups 1 : (tensor<1x1x2xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  // Relationship 9, figure 4.2: i = 6, k = 4, p = 2 gives 5.
  %1 = cnn.conv_transpose %i6, %k4 strides [1] dilations [1] padding [2] to [2] output_padding [0] groups 1 : (tensor<1x1x6xf32>, tensor<1x1x4xf32>) -> tensor<1x1x5xf32>
  // Relationship 10, figure 4.3: half padding keeps the size.
  %2 = cnn.conv_transpose %i5, %k3 strides [1] dilations [1] padding [1] to [1] output_padding [0] groups 1 : (tensor<1x1x5xf32>, tensor<1x1x3xf32>) -> tensor<1x1x5xf32>
  // Relationship 11, figure 4.4: full padding: i = 7, k = 3, p = 2 gives 5.
  %3 = cnn.conv_transpose %i7, %k3 strides [1] dilations [1] padding [2] to [2] output_padding [0] groups 1 : (tensor<1x1x7xf32>, tensor<1x1x3xf32>) -> tensor<1x1x5xf32>
  // Relationship 12, figure 4.5: i = 2, k = 3, s = 2 gives 5.
  %4 = cnn.conv_transpose %i2, %k3 strides [2] dilations [1] padding [0] to [0] output_padding [0] groups 1 : (tensor<1x1x2xf32>, tensor<1x1x3xf32>) -> tensor<1x1x5xf32>
  // Relationship 13, figure 4.6: i = 3, k = 3, s = 2, p = 1 gives 5.
  %5 = cnn.conv_transpose %i3, %k3 strides [2] dilations [1] padding [1] to [1] output_padding [0] groups 1 : (tensor<1x1x3xf32>, tensor<1x1x3xf32>) -> tensor<1x1x5xf32>
  // Relationship 14, figure 4.7: the size that figure 2.7 started from, told by the output padding: 6.
  %6 = cnn.conv_transpose %i3, %k3 strides [2] dilations [1] padding [1] to [1] output_padding [1] groups 1 : (tensor<1x1x3xf32>, tensor<1x1x3xf32>) -> tensor<1x1x6xf32>
  return
}

// Rounding down and up, with the numbers of ceil_mode's rule worked by hand.
// CHECK-LABEL: @pools
func.func @pools(%i5: tensor<1x1x5xf32>, %i2: tensor<1x1x2xf32>) {
  // CHECK-COUNT-4: cnn.pool
  // (5 - 2) / 2 + 1 = 2.5
  %0 = cnn.pool max %i5 kernel [2] strides [2] dilations [1] padding [0] to [0] : (tensor<1x1x5xf32>) -> tensor<1x1x2xf32>
  %1 = cnn.pool max %i5 kernel [2] strides [2] dilations [1] padding [0] to [0] {ceil_mode = true} : (tensor<1x1x5xf32>) -> tensor<1x1x3xf32>
  // (5 + 2 - 2) / 2 + 1 = 3.5; the fourth window would start at 6 - 1 = 5, which is beyond the input.
  %2 = cnn.pool max %i5 kernel [2] strides [2] dilations [1] padding [1] to [1] {ceil_mode = true} : (tensor<1x1x5xf32>) -> tensor<1x1x3xf32>
  // (2 - 3) / 2 + 1 = 0.5: one window, that the input only fills in part.
  %3 = cnn.pool max %i2 kernel [3] strides [2] dilations [1] padding [0] to [0] {ceil_mode = true} : (tensor<1x1x2xf32>) -> tensor<1x1x1xf32>
  return
}
