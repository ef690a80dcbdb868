// Two convolutions with nothing between them, one of them pointwise, are one with the product of their filters.
// RUN: toeplitz-opt %s --compose-pointwise --split-input-file | FileCheck %s
// Twice changes nothing more.
// RUN: toeplitz-opt %s --compose-pointwise --compose-pointwise --split-input-file | FileCheck %s

// Behind: [1 2; 3 4] (taps), then [10 100] makes 310 420. Bias 5 + 10 * 1 + 100 * 2.
// CHECK-LABEL: @behind
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @behind(%x: tensor<1x1x64xf32>) -> tensor<1x1x32xf32> {
  // CHECK-NEXT: %[[W:.*]] = arith.constant dense_resource<two.weight.composed> : tensor<1x1x2xf32>
  // CHECK-NEXT: %[[B:.*]] = arith.constant dense_resource<two.bias.composed> : tensor<1xf32>
  // CHECK-NEXT: %[[Y:.*]] = cnn.conv %[[X]], %[[W]] bias %[[B]] strides [2] dilations [3] padding [2] to [0] groups 1 reflect {toeplitz.fold = "stride"}
  // CHECK-NEXT: return %[[Y]]
  %a = arith.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
  %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = arith.constant dense<[[[10.0], [100.0]]]> : tensor<1x2x1xf32>
  %d = arith.constant dense<5.0> : tensor<1xf32>
  %0 = cnn.conv %x, %a bias %c strides [2] dilations [3] padding [2] to [0] groups 1 reflect
    : (tensor<1x1x64xf32>, tensor<2x1x2xf32>, tensor<2xf32>) -> tensor<1x2x32xf32> loc("one")
  %y = cnn.conv %0, %b bias %d strides [1] dilations [1] padding [0] to [0] groups 1 zeros {toeplitz.fold = "stride"}
    : (tensor<1x2x32xf32>, tensor<1x2x1xf32>, tensor<1xf32>) -> tensor<1x1x32xf32> loc("two")
  return %y : tensor<1x1x32xf32>
}
// CHECK-DAG: two.weight.composed: "0x4000000000009B430000D243"
// CHECK-DAG: two.bias.composed: "0x4000000000005743"

// -----

// Before: a stride of the pointwise layer spreads what is behind. Three layers become one.
// CHECK-LABEL: @before
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @before(%x: tensor<1x1x65xf32>) -> tensor<1x1x17xf32> {
  // CHECK: cnn.conv %[[X]], %{{.*}} strides [4] dilations [6] padding [6] to [0] groups 1 zeros : (tensor<1x1x65xf32>, tensor<1x1x2xf32>) -> tensor<1x1x17xf32>
  // CHECK-NEXT: return
  %a = arith.constant dense<1.0> : tensor<4x1x1xf32>
  %m = arith.constant dense<1.0> : tensor<4x4x1xf32>
  %b = arith.constant dense<1.0> : tensor<1x4x2xf32>
  %0 = cnn.conv %x, %a strides [2] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x65xf32>, tensor<4x1x1xf32>) -> tensor<1x4x33xf32>
  %1 = cnn.conv %0, %m strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x33xf32>, tensor<4x4x1xf32>) -> tensor<1x4x33xf32>
  %y = cnn.conv %1, %b strides [2] dilations [3] padding [3] to [1] groups 1 zeros : (tensor<1x4x33xf32>, tensor<1x4x2xf32>) -> tensor<1x1x17xf32>
  return %y : tensor<1x1x17xf32>
}

// -----

// Groups 4 and 2 leave 2. Channel 0 reaches the outputs 0 and 1 by the middle channel 0 alone: 1 * 1, 1 * 3; channel 1 by the middle channel 1.
// CHECK-LABEL: @groups
func.func @groups(%x: tensor<1x4x64x1xf32>) -> tensor<1x4x64x1xf32> {
  // CHECK: cnn.conv {{.*}} groups 2 zeros : (tensor<1x4x64x1xf32>, tensor<4x2x1x1xf32>)
  %a = arith.constant dense<[[[[1.0]]], [[[2.0]]], [[[3.0]]], [[[4.0]]]]> : tensor<4x1x1x1xf32>
  %b = arith.constant dense<[[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]], [[[5.0]], [[6.0]]], [[[7.0]], [[8.0]]]]> : tensor<4x2x1x1xf32>
  %0 = cnn.conv %x, %a strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 4 zeros : (tensor<1x4x64x1xf32>, tensor<4x1x1x1xf32>) -> tensor<1x4x64x1xf32>
  %y = cnn.conv %0, %b strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 2 zeros : (tensor<1x4x64x1xf32>, tensor<4x2x1x1xf32>) -> tensor<1x4x64x1xf32> loc("mixed")
  return %y : tensor<1x4x64x1xf32>
}
// 1 4; 3 8; 15 24; 21 32.
// CHECK: mixed.weight.composed: "0x400000000000803F000080400000404000000041000070410000C0410000A84100000042"

// -----

// A bias before zeros; more work than both (a bottleneck of two channels); a result that others read; neither is pointwise; an activation.
// CHECK-LABEL: @left_alone
func.func @left_alone(%x: tensor<1x8x64xf32>) -> (tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>,
    tensor<1x8x64xf32>, tensor<1x8x64xf32>) {
  // CHECK-NOT: composed
  %one = arith.constant dense<1.0> : tensor<8x8x1xf32>
  %three = arith.constant dense<1.0> : tensor<8x8x3xf32>
  %b = arith.constant dense<1.0> : tensor<8xf32>
  %0 = cnn.conv %x, %one bias %b strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x8x64xf32>, tensor<8x8x1xf32>, tensor<8xf32>) -> tensor<1x8x64xf32>
  %1 = cnn.conv %0, %three strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x8x64xf32>, tensor<8x8x3xf32>) -> tensor<1x8x64xf32>

  %down = arith.constant dense<1.0> : tensor<2x8x1xf32>
  %up = arith.constant dense<1.0> : tensor<8x2x1xf32>
  %2 = cnn.conv %x, %down strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x8x64xf32>, tensor<2x8x1xf32>) -> tensor<1x2x64xf32>
  %3 = cnn.conv %2, %up strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x2x64xf32>, tensor<8x2x1xf32>) -> tensor<1x8x64xf32>

  %4 = cnn.conv %x, %one strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x8x64xf32>, tensor<8x8x1xf32>) -> tensor<1x8x64xf32>
  %5 = cnn.conv %4, %one strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x8x64xf32>, tensor<8x8x1xf32>) -> tensor<1x8x64xf32>

  %6 = cnn.conv %x, %three strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x8x64xf32>, tensor<8x8x3xf32>) -> tensor<1x8x64xf32>
  %7 = cnn.conv %6, %three strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x8x64xf32>, tensor<8x8x3xf32>) -> tensor<1x8x64xf32>

  %8 = cnn.conv %x, %one strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x8x64xf32>, tensor<8x8x1xf32>) -> tensor<1x8x64xf32>
  %9 = cnn.activation relu %8 : tensor<1x8x64xf32>
  %10 = cnn.conv %9, %one strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x8x64xf32>, tensor<8x8x1xf32>) -> tensor<1x8x64xf32>
  return %1, %3, %4, %5, %7, %10 : tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>
}

// -----

// Filters and biases that the network computes.
// CHECK-LABEL: @not_constant
func.func @not_constant(%x: tensor<1x8x64xf32>, %f: tensor<8x8x1xf32>, %b: tensor<8xf32>) -> (tensor<1x8x64xf32>, tensor<1x8x64xf32>) {
  // CHECK-COUNT-4: cnn.conv
  %one = arith.constant dense<1.0> : tensor<8x8x1xf32>
  %0 = cnn.conv %x, %f strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x8x64xf32>, tensor<8x8x1xf32>) -> tensor<1x8x64xf32>
  %1 = cnn.conv %0, %one strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x8x64xf32>, tensor<8x8x1xf32>) -> tensor<1x8x64xf32>
  %2 = cnn.conv %x, %one bias %b strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x8x64xf32>, tensor<8x8x1xf32>, tensor<8xf32>) -> tensor<1x8x64xf32>
  %3 = cnn.conv %2, %one strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x8x64xf32>, tensor<8x8x1xf32>) -> tensor<1x8x64xf32>
  return %1, %3 : tensor<1x8x64xf32>, tensor<1x8x64xf32>
}
