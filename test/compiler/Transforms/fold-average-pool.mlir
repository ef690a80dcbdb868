// A convolution and the average pooling behind it are one convolution; one of a single position changes places with the pooling.
// RUN: toeplitz-opt %s --fold-average-pool --split-input-file | FileCheck %s

// Taps 1 2 4 and their shift by the stride of 1, halved: 1/2, 3/2, 3, 2.
// CHECK-LABEL: @inside
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @inside(%x: tensor<1x1x64xf32>) -> tensor<1x1x32xf32> {
  // CHECK-NEXT: %[[B:.*]] = arith.constant dense<3.0
  // CHECK-NEXT: %[[W:.*]] = arith.constant dense_resource<conv1.weight.pooled> : tensor<1x1x4xf32>
  // CHECK-NEXT: %[[Y:.*]] = cnn.conv %[[X]], %[[W]] bias %[[B]] strides [2] dilations [1] padding [1] to [1] groups 1 circular {toeplitz.fold = "stride"}
  // CHECK-NEXT: return %[[Y]]
  %w = arith.constant dense<[[[1.0, 2.0, 4.0]]]> : tensor<1x1x3xf32>
  %b = arith.constant dense<3.0> : tensor<1xf32>
  %0 = cnn.conv %x, %w bias %b strides [1] dilations [1] padding [1] to [1] groups 1 circular {toeplitz.fold = "stride"}
    : (tensor<1x1x64xf32>, tensor<1x1x3xf32>, tensor<1xf32>) -> tensor<1x1x64xf32> loc("conv1")
  %y = cnn.pool average %0 kernel [2] strides [2] dilations [1] padding [0] to [0] {ceil_mode = true} : (tensor<1x1x64xf32>) -> tensor<1x1x32xf32>
  return %y : tensor<1x1x32xf32>
}
// CHECK: conv1.weight.pooled: "0x400000000000003F0000C03F0000404000000040"

// -----

// Stride 2 and dilation 2 with a pool of 2: steps of 2, kernel (3 - 1) + (2 - 1) + 1 = 4, stride 4. In two dimensions, depthwise.
// CHECK-LABEL: @strides
func.func @strides(%x: tensor<2x4x129x64xf32>) -> tensor<2x4x31x32xf32> {
  // CHECK: cnn.conv {{.*}} strides [4, 2] dilations [2, 1] padding [0, 1] to [0, 1] groups 4 zeros : (tensor<2x4x129x64xf32>, tensor<4x1x4x4xf32>) -> tensor<2x4x31x32xf32>
  %w = arith.constant dense<1.0> : tensor<4x1x3x3xf32>
  %0 = cnn.conv %x, %w strides [2, 1] dilations [2, 1] padding [0, 1] to [0, 1] groups 4 zeros
    : (tensor<2x4x129x64xf32>, tensor<4x1x3x3xf32>) -> tensor<2x4x63x64xf32>
  %y = cnn.pool average %0 kernel [2, 2] strides [2, 2] dilations [1, 1] padding [0, 0] to [0, 0] : (tensor<2x4x63x64xf32>) -> tensor<2x4x31x32xf32>
  return %y : tensor<2x4x31x32xf32>
}

// -----

// Only channels are mixed, whatever the filter is: the pool comes first. Its padding doesn't count; strides multiply.
// CHECK-LABEL: @before
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<1x4x64xf32>, %[[W:[a-z0-9]+]]: tensor<4x4x1xf32>, %[[B:[a-z0-9]+]]: tensor
func.func @before(%x: tensor<1x4x64xf32>, %w: tensor<4x4x1xf32>, %b: tensor<4xf32>) -> (tensor<1x4x22xf32>, tensor<1x4x15xf32>) {
  // CHECK-NEXT: %[[P:.*]] = cnn.pool average %[[X]] kernel [3] strides [3] dilations [1] padding [1] to [1] {ceil_mode = true} : (tensor<1x4x64xf32>) -> tensor<1x4x22xf32>
  // CHECK-NEXT: cnn.conv %[[P]], %[[W]] bias %[[B]] strides [1] dilations [1] padding [0] to [0] groups 1 zeros
  %0 = cnn.conv %x, %w bias %b strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x64xf32>, tensor<4x4x1xf32>, tensor<4xf32>) -> tensor<1x4x64xf32>
  %1 = cnn.pool average %0 kernel [3] strides [3] dilations [1] padding [1] to [1] {ceil_mode = true} : (tensor<1x4x64xf32>) -> tensor<1x4x22xf32>
  // CHECK-NEXT: %[[Q:.*]] = cnn.pool average %[[X]] kernel [3] strides [4] dilations [2] padding [0] to [0] : (tensor<1x4x64xf32>) -> tensor<1x4x15xf32>
  // CHECK-NEXT: cnn.conv %[[Q]], %[[W]] strides [1]
  %2 = cnn.conv %x, %w strides [2] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x64xf32>, tensor<4x4x1xf32>) -> tensor<1x4x32xf32>
  %3 = cnn.pool average %2 kernel [3] strides [2] dilations [1] padding [0] to [0] : (tensor<1x4x32xf32>) -> tensor<1x4x15xf32>
  return %1, %3 : tensor<1x4x22xf32>, tensor<1x4x15xf32>
}

// -----

// Zeros that count, with a bias; the largest value; a pool with padding behind a larger kernel; a window that ceil_mode cuts short.
// CHECK-LABEL: @left_alone
func.func @left_alone(%x: tensor<1x4x64xf32>, %b: tensor<4xf32>)
    -> (tensor<1x4x33xf32>, tensor<1x4x32xf32>, tensor<1x4x33xf32>, tensor<1x4x22xf32>) {
  %w = arith.constant dense<1.0> : tensor<4x4x1xf32>
  %v = arith.constant dense<1.0> : tensor<4x4x3xf32>
  // CHECK: cnn.conv {{.*}} -> tensor<1x4x64xf32>
  // CHECK-NEXT: cnn.pool average
  %0 = cnn.conv %x, %w bias %b strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x64xf32>, tensor<4x4x1xf32>, tensor<4xf32>) -> tensor<1x4x64xf32>
  %1 = cnn.pool average %0 kernel [2] strides [2] dilations [1] padding [1] to [1] {count_include_pad = true} : (tensor<1x4x64xf32>) -> tensor<1x4x33xf32>
  // CHECK: cnn.conv {{.*}} -> tensor<1x4x64xf32>
  // CHECK-NEXT: cnn.pool max
  %2 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x64xf32>, tensor<4x4x1xf32>) -> tensor<1x4x64xf32>
  %3 = cnn.pool max %2 kernel [2] strides [2] dilations [1] padding [0] to [0] : (tensor<1x4x64xf32>) -> tensor<1x4x32xf32>
  // CHECK: cnn.conv {{.*}} -> tensor<1x4x64xf32>
  // CHECK-NEXT: cnn.pool average
  %4 = cnn.conv %x, %v strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x4x64xf32>, tensor<4x4x3xf32>) -> tensor<1x4x64xf32>
  %5 = cnn.pool average %4 kernel [2] strides [2] dilations [1] padding [1] to [1] : (tensor<1x4x64xf32>) -> tensor<1x4x33xf32>
  // CHECK: cnn.conv {{.*}} -> tensor<1x4x64xf32>
  // CHECK-NEXT: cnn.pool average
  %6 = cnn.conv %x, %v strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x4x64xf32>, tensor<4x4x3xf32>) -> tensor<1x4x64xf32>
  %7 = cnn.pool average %6 kernel [3] strides [3] dilations [1] padding [0] to [0] {ceil_mode = true} : (tensor<1x4x64xf32>) -> tensor<1x4x22xf32>
  return %1, %3, %5, %7 : tensor<1x4x33xf32>, tensor<1x4x32xf32>, tensor<1x4x33xf32>, tensor<1x4x22xf32>
}

// -----

// As much work or more: a window as large as the image, whose filter would be read for a single output; a pool that keeps the positions. A
// filter that the network computes, a result that others read.
// CHECK-LABEL: @not_less_work
func.func @not_less_work(%x: tensor<1x64x8xf32>, %f: tensor<64x64x3xf32>)
    -> (tensor<1x64x1xf32>, tensor<1x64x6xf32>, tensor<1x64x4xf32>, tensor<1x64x8xf32>, tensor<1x64x4xf32>) {
  // CHECK-NOT: pooled
  %w = arith.constant dense<1.0> : tensor<64x64x1xf32>
  %v = arith.constant dense<1.0> : tensor<64x64x3xf32>
  %0 = cnn.conv %x, %v strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x64x8xf32>, tensor<64x64x3xf32>) -> tensor<1x64x8xf32>
  %1 = cnn.pool average %0 kernel [8] strides [1] dilations [1] padding [0] to [0] : (tensor<1x64x8xf32>) -> tensor<1x64x1xf32>
  %2 = cnn.conv %x, %v strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x64x8xf32>, tensor<64x64x3xf32>) -> tensor<1x64x6xf32>
  %3 = cnn.pool average %2 kernel [3] strides [1] dilations [1] padding [1] to [1] : (tensor<1x64x6xf32>) -> tensor<1x64x6xf32>
  %4 = cnn.conv %x, %f strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x64x8xf32>, tensor<64x64x3xf32>) -> tensor<1x64x8xf32>
  %5 = cnn.pool average %4 kernel [2] strides [2] dilations [1] padding [0] to [0] : (tensor<1x64x8xf32>) -> tensor<1x64x4xf32>
  %6 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x64x8xf32>, tensor<64x64x1xf32>) -> tensor<1x64x8xf32>
  %7 = cnn.pool average %6 kernel [2] strides [2] dilations [1] padding [0] to [0] : (tensor<1x64x8xf32>) -> tensor<1x64x4xf32>
  return %1, %3, %5, %6, %7 : tensor<1x64x1xf32>, tensor<1x64x6xf32>, tensor<1x64x4xf32>, tensor<1x64x8xf32>, tensor<1x64x4xf32>
}
