// The blocks of a block-diagonal matrix, each a convolution of its own channels.
// RUN: toeplitz-opt %s --fold-groups --split-input-file | FileCheck %s
// RUN: toeplitz-opt %s --fold-groups="lanes=2 marked-only" --split-input-file | FileCheck %s --check-prefix=MARKED
// RUN: not toeplitz-opt %s --fold-groups=lanes=0 --split-input-file 2>&1 | FileCheck %s --check-prefix=LANES
// LANES: error: lanes must be at least 1, found 0

// Two groups of 8 channels fill vectors of 8: a convolution each, with what follows.
// CHECK-LABEL: @concatenated
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<1x16x4xf32>, %[[R:[a-z0-9]+]]: tensor<1x16x4xf32>, %[[B:[a-z0-9]+]]: tensor
func.func @concatenated(%x: tensor<1x16x4xf32>, %r: tensor<1x16x4xf32>, %b: tensor<16xf32>) -> tensor<1x16x4xf32> {
  // CHECK: %[[X0:.*]] = tensor.extract_slice %[[X]][0, 0, 0] [1, 8, 4] [1, 1, 1]
  // CHECK: %[[B0:.*]] = tensor.extract_slice %[[B]][0] [8] [1]
  // CHECK: %[[Y0:.*]] = cnn.conv %[[X0]], %{{.*}} bias %[[B0]] strides [1] dilations [2] padding [2] to [2] groups 1 circular : (tensor<1x8x4xf32>, tensor<8x8x3xf32>
  // CHECK: %[[R0:.*]] = tensor.extract_slice %[[R]][0, 0, 0] [1, 8, 4] [1, 1, 1]
  // CHECK: %[[S0:.*]] = arith.addf %[[Y0]], %[[R0]]
  // CHECK: %[[A0:.*]] = cnn.activation relu %[[S0]]
  // CHECK: tensor.extract_slice %[[X]][0, 8, 0] [1, 8, 4] [1, 1, 1]
  // CHECK: %[[A1:.*]] = cnn.activation relu
  // CHECK: %[[Z:.*]] = tensor.concat dim(1) %[[A0]], %[[A1]]
  // CHECK: return %[[Z]]
  %w = arith.constant dense<1.0> : tensor<16x8x3xf32>
  %y = cnn.conv %x, %w bias %b strides [1] dilations [2] padding [2] to [2] groups 2 circular
    : (tensor<1x16x4xf32>, tensor<16x8x3xf32>, tensor<16xf32>) -> tensor<1x16x4xf32>
  %s = arith.addf %y, %r : tensor<1x16x4xf32>
  %z = cnn.activation relu %s : tensor<1x16x4xf32>
  return %z : tensor<1x16x4xf32>
}

// -----

// Too few for a vector of 8: merged into one filter with zeros outside of its blocks. For vectors of 2, two groups each.
// CHECK-LABEL: @merged
// MARKED-LABEL: @merged
func.func @merged(%x: tensor<1x2xf32>, %c: tensor<1x4x1xf32>) -> (tensor<1x4xf32>, tensor<1x4x1xf32>) {
  // CHECK: %[[W:.*]] = arith.constant dense_resource<fc.weight.group> : tensor<4x2xf32>
  // CHECK: cnn.conv %{{.*}}, %[[W]] bias %{{.*}} groups 1 zeros
  // MARKED: cnn.conv {{.*}} groups 2 zeros
  %w = arith.constant dense<[[1.0], [2.0], [3.0], [4.0]]> : tensor<4x1xf32>
  %b = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %y = cnn.conv %x, %w bias %b strides [] dilations [] padding [] to [] groups 2 zeros : (tensor<1x2xf32>, tensor<4x1xf32>, tensor<4xf32>) -> tensor<1x4xf32> loc("fc")
  // CHECK: cnn.conv {{.*}} groups 1 zeros {toeplitz.fold = "stride"} : (tensor<1x4x1xf32>, tensor<4x4x1xf32>
  // MARKED: arith.constant dense_resource<depthwise.weight.group> : tensor<2x2x1xf32>
  // MARKED: arith.constant dense_resource<depthwise.bias.group> : tensor<2xf32>
  // MARKED: cnn.conv {{.*}} groups 1 zeros {toeplitz.fold = "stride"} : (tensor<1x2x1xf32>, tensor<2x2x1xf32>
  // MARKED: cnn.conv {{.*}} groups 1 zeros {toeplitz.fold = "stride"} : (tensor<1x2x1xf32>, tensor<2x2x1xf32>
  %v = arith.constant dense<[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]> : tensor<4x1x1xf32>
  %d = arith.constant dense<[5.0, 6.0, 7.0, 8.0]> : tensor<4xf32>
  %z = cnn.conv %c, %v bias %d strides [2] dilations [1] padding [0] to [0] groups 4 zeros {toeplitz.fold = "groups+stride"}
    : (tensor<1x4x1xf32>, tensor<4x1x1xf32>, tensor<4xf32>) -> tensor<1x4x1xf32> loc("depthwise")
  return %y, %z : tensor<1x4xf32>, tensor<1x4x1xf32>
}
// CHECK-DAG: fc.weight.group: "0x400000000000803F00000000000000400000000000000000000040400000000000008040"
// MARKED-DAG: depthwise.weight.group: "0x400000000000803F000000000000000000000040"
// MARKED-DAG: depthwise.weight.group_1: "0x4000000000004040000000000000000000008040"
// MARKED-DAG: depthwise.bias.group_1: "0x400000000000E04000000041"

// -----

// No groups, a filter that the network computes, a transposed convolution.
// CHECK-LABEL: @left_alone
func.func @left_alone(%x: tensor<1x4x4xf32>, %f: tensor<4x1x1xf32>) -> (tensor<1x4x4xf32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>) {
  // CHECK-NOT: slice
  // CHECK-NOT: .group
  %w = arith.constant dense<1.0> : tensor<4x4x1xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x4xf32>, tensor<4x4x1xf32>) -> tensor<1x4x4xf32>
  %1 = cnn.conv %x, %f strides [1] dilations [1] padding [0] to [0] groups 4 zeros : (tensor<1x4x4xf32>, tensor<4x1x1xf32>) -> tensor<1x4x4xf32>
  %v = arith.constant dense<1.0> : tensor<4x1x1xf32>
  %2 = cnn.conv_transpose %x, %v strides [1] dilations [1] padding [0] to [0] output_padding [0] groups 4
    : (tensor<1x4x4xf32>, tensor<4x1x1xf32>) -> tensor<1x4x4xf32>
  return %0, %1, %2 : tensor<1x4x4xf32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>
}
