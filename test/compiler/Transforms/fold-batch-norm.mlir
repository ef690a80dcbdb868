// The numbers: variance + epsilon = [4, 16], so that s = scale / sqrt = [2/2, 2/4] = [1, 0.5] and
// t = bias - mean s = [1 - 3, 1 - 2 * 0.5] = [-2, 0]. A blob's text is its alignment and then its values, in hexadecimal.
// RUN: toeplitz-opt %s --fold-batch-norm | FileCheck %s
// Twice changes nothing more.
// RUN: toeplitz-opt %s --fold-batch-norm --fold-batch-norm | FileCheck %s
// The same input gives the same names and bytes.
// RUN: toeplitz-opt %s --fold-batch-norm > %t.first && toeplitz-opt %s --fold-batch-norm > %t.second && cmp %t.first %t.second

// CHECK-LABEL: @conv
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @conv(%x: tensor<1x1x4xf32>) -> tensor<1x2x3xf32> {
  %w = arith.constant dense_resource<conv1.weight> : tensor<2x1x2xf32>
  %scale = arith.constant dense<2.0> : tensor<2xf32>
  %bias = arith.constant dense<1.0> : tensor<2xf32>
  %mean = arith.constant dense<[3.0, 2.0]> : tensor<2xf32>
  %variance = arith.constant dense<[3.0, 15.0]> : tensor<2xf32>
  // CHECK-NEXT: %[[W:[a-z0-9_]+]] = arith.constant dense_resource<conv1.weight.folded> : tensor<2x1x2xf32>
  // CHECK-NEXT: %[[B:[a-z0-9_]+]] = arith.constant dense_resource<conv1.bias.folded> : tensor<2xf32>
  // CHECK-NEXT: %[[Y:[a-z0-9]+]] = cnn.conv %[[X]], %[[W]] bias %[[B]] strides [1]
  // CHECK-NEXT: return %[[Y]]
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x4xf32>, tensor<2x1x2xf32>) -> tensor<1x2x3xf32> loc(#conv1)
  %y = cnn.batch_norm %0 scale %scale bias %bias mean %mean variance %variance epsilon 1.0
    : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32>
  return %y : tensor<1x2x3xf32>
}

// The bias 4, 6 becomes 4 * 1 - 2, 6 * 0.5 + 0. A filter that is written in place works as well.
// CHECK-LABEL: @conv_with_bias
func.func @conv_with_bias(%x: tensor<1x1xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<3.0> : tensor<2x1xf32>
  %b = arith.constant dense<[4.0, 6.0]> : tensor<2xf32>
  %scale = arith.constant dense<2.0> : tensor<2xf32>
  %bias = arith.constant dense<1.0> : tensor<2xf32>
  %mean = arith.constant dense<[3.0, 2.0]> : tensor<2xf32>
  %variance = arith.constant dense<[3.0, 15.0]> : tensor<2xf32>
  // CHECK-NEXT: arith.constant dense_resource<dense.weight.folded> : tensor<2x1xf32>
  // CHECK-NEXT: arith.constant dense_resource<dense.bias.folded> : tensor<2xf32>
  // CHECK-NEXT: cnn.conv
  // CHECK-NEXT: return
  %0 = cnn.conv %x, %w bias %b strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<1x1xf32>, tensor<2x1xf32>, tensor<2xf32>) -> tensor<1x2xf32> loc("dense")
  %y = cnn.batch_norm %0 scale %scale bias %bias mean %mean variance %variance epsilon 1.0
    : (tensor<1x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// Two groups, each with two input channels and one output channel: the filter's rows belong to the outputs 0, 0, 1, 1.
// CHECK-LABEL: @conv_transpose
func.func @conv_transpose(%x: tensor<1x4x3xf32>) -> tensor<1x2x3xf32> {
  %w = arith.constant dense_resource<up.weight> : tensor<4x1x1xf32>
  %scale = arith.constant dense<2.0> : tensor<2xf32>
  %bias = arith.constant dense<1.0> : tensor<2xf32>
  %mean = arith.constant dense<[3.0, 2.0]> : tensor<2xf32>
  %variance = arith.constant dense<[3.0, 15.0]> : tensor<2xf32>
  // CHECK-NEXT: arith.constant dense_resource<up.weight.folded> : tensor<4x1x1xf32>
  // CHECK-NEXT: arith.constant dense_resource<up.bias.folded> : tensor<2xf32>
  // CHECK-NEXT: cnn.conv_transpose
  // CHECK-NEXT: return
  %0 = cnn.conv_transpose %x, %w strides [1] dilations [1] padding [0] to [0] output_padding [0] groups 2
    : (tensor<1x4x3xf32>, tensor<4x1x1xf32>) -> tensor<1x2x3xf32> loc("up")
  %y = cnn.batch_norm %0 scale %scale bias %bias mean %mean variance %variance epsilon 1.0
    : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32>
  return %y : tensor<1x2x3xf32>
}

// The convolution's own result is read too: it has to stay, and the normalisation becomes a scale and a shift.
// CHECK-LABEL: @shared
func.func @shared(%x: tensor<1x1x4xf32>) -> (tensor<1x2x3xf32>, tensor<1x2x3xf32>) {
  %w = arith.constant dense_resource<conv1.weight> : tensor<2x1x2xf32>
  %scale = arith.constant dense<2.0> : tensor<2xf32>
  %bias = arith.constant dense<1.0> : tensor<2xf32>
  %mean = arith.constant dense<[3.0, 2.0]> : tensor<2xf32>
  %variance = arith.constant dense<[3.0, 15.0]> : tensor<2xf32>
  // CHECK: %[[CONV:[a-z0-9]+]] = cnn.conv %{{.*}}, %{{[a-z0-9_]+}} strides
  // CHECK-NEXT: %[[SCALE:[a-z0-9_]+]] = arith.constant dense_resource<norm.weight.folded> : tensor<2xf32>
  // CHECK-NEXT: %[[SHIFT:[a-z0-9_]+]] = arith.constant dense_resource<norm.bias.folded> : tensor<2xf32>
  // CHECK-NEXT: %[[ZERO:[a-z0-9_]+]] = arith.constant dense<0.000000e+00> : tensor<2xf32>
  // CHECK-NEXT: %[[ONE:[a-z0-9_]+]] = arith.constant dense<1.000000e+00> : tensor<2xf32>
  // CHECK-NEXT: %[[Y:[a-z0-9]+]] = cnn.batch_norm %[[CONV]] scale %[[SCALE]] bias %[[SHIFT]] mean %[[ZERO]] variance %[[ONE]] epsilon 0.000000e+00
  // CHECK-NEXT: return %[[CONV]], %[[Y]]
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x4xf32>, tensor<2x1x2xf32>) -> tensor<1x2x3xf32>
  %y = cnn.batch_norm %0 scale %scale bias %bias mean %mean variance %variance epsilon 1.0
    : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32> loc("norm")
  return %0, %y : tensor<1x2x3xf32>, tensor<1x2x3xf32>
}

// Two in a row fold one after the other: s = 1, 0.25 and t = -2 * 1 - 2, 0 * 0.5 + 0.
// CHECK-LABEL: @two_in_a_row
func.func @two_in_a_row(%x: tensor<1x1x4xf32>) -> tensor<1x2x3xf32> {
  %w = arith.constant dense_resource<twice.weight> : tensor<2x1x2xf32>
  %scale = arith.constant dense<2.0> : tensor<2xf32>
  %bias = arith.constant dense<1.0> : tensor<2xf32>
  %mean = arith.constant dense<[3.0, 2.0]> : tensor<2xf32>
  %variance = arith.constant dense<[3.0, 15.0]> : tensor<2xf32>
  // CHECK-NEXT: arith.constant dense_resource<twice.weight.folded.folded>
  // CHECK-NEXT: arith.constant dense_resource<twice.bias.folded.folded>
  // CHECK-NEXT: cnn.conv
  // CHECK-NEXT: return
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x4xf32>, tensor<2x1x2xf32>) -> tensor<1x2x3xf32> loc("twice")
  %1 = cnn.batch_norm %0 scale %scale bias %bias mean %mean variance %variance epsilon 1.0
    : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32>
  %2 = cnn.batch_norm %1 scale %scale bias %bias mean %mean variance %variance epsilon 1.0
    : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32>
  return %2 : tensor<1x2x3xf32>
}

// What isn't constant can't be folded: a normalisation's operand, or the filter.
// CHECK-LABEL: @not_constant
func.func @not_constant(%x: tensor<1x1x4xf32>, %w: tensor<2x1x2xf32>, %mean: tensor<2xf32>) -> (tensor<1x2x3xf32>, tensor<1x2x3xf32>) {
  %one = arith.constant dense<1.0> : tensor<2xf32>
  %c = arith.constant dense_resource<conv1.weight> : tensor<2x1x2xf32>
  // CHECK: cnn.batch_norm %{{.*}} mean %arg2 variance %{{.*}} epsilon 3.0
  %0 = cnn.conv %x, %c strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x4xf32>, tensor<2x1x2xf32>) -> tensor<1x2x3xf32>
  %1 = cnn.batch_norm %0 scale %one bias %one mean %mean variance %one epsilon 3.0
    : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32>
  // CHECK: cnn.conv %arg0, %arg1 strides
  // CHECK: cnn.batch_norm %{{.*}} epsilon 0.0
  %2 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x4xf32>, tensor<2x1x2xf32>) -> tensor<1x2x3xf32>
  %3 = cnn.batch_norm %2 scale %one bias %one mean %one variance %one epsilon 3.0
    : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32>
  return %1, %3 : tensor<1x2x3xf32>, tensor<1x2x3xf32>
}

// Blobs that are missing, or not as large as their type says, are not read.
// CHECK-LABEL: @unreadable
func.func @unreadable(%x: tensor<1x1x4xf32>) -> (tensor<1x2x3xf32>, tensor<1x2x3xf32>) {
  %c = arith.constant dense<1.0> : tensor<2xf32>
  %short = arith.constant dense_resource<short> : tensor<2x1x2xf32>
  // CHECK: cnn.conv
  // CHECK: cnn.batch_norm
  %0 = cnn.conv %x, %short strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x4xf32>, tensor<2x1x2xf32>) -> tensor<1x2x3xf32>
  %1 = cnn.batch_norm %0 scale %c bias %c mean %c variance %c epsilon 3.0
    : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32> loc("short.norm")
  %missing = arith.constant dense_resource<missing> : tensor<2x1x2xf32>
  // CHECK: cnn.conv
  // CHECK: cnn.batch_norm
  %2 = cnn.conv %x, %missing strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x4xf32>, tensor<2x1x2xf32>) -> tensor<1x2x3xf32>
  %3 = cnn.batch_norm %2 scale %c bias %c mean %c variance %c epsilon 3.0
    : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32> loc("missing.norm")
  return %1, %3 : tensor<1x2x3xf32>, tensor<1x2x3xf32>
}

// Numbers for the channels, written as arithmetic: w = 1 becomes 2 and then -2, no bias t = 1, 3, then 2, 6, then 1 - 2, 3 - 6.
// CHECK-LABEL: @arithmetic
// CHECK: %[[W:.*]] = arith.constant dense_resource<arithmetic.weight.folded.folded> : tensor<2x1x1xf32>
// CHECK-NEXT: %[[B:.*]] = arith.constant dense_resource<arithmetic.bias.folded.folded.folded> : tensor<2xf32>
// CHECK-NEXT: %[[Y:.*]] = cnn.conv %arg0, %[[W]] bias %[[B]]
// CHECK: return %[[Y]]
func.func @arithmetic(%x: tensor<1x1x3xf32>) -> tensor<1x2x3xf32> {
  %w = arith.constant dense<1.0> : tensor<2x1x1xf32>
  %t = arith.constant dense<[[[1.0], [3.0]]]> : tensor<1x2x1xf32>
  %two = arith.constant dense<2.0> : tensor<1x1x1xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x3xf32>, tensor<2x1x1xf32>) -> tensor<1x2x3xf32> loc("arithmetic")
  %1 = cnn.broadcast %t to [1, 2, 3] : (tensor<1x2x1xf32>) -> tensor<1x2x3xf32>
  %2 = arith.addf %1, %0 : tensor<1x2x3xf32>
  %3 = cnn.broadcast %two to [1, 2, 3] : (tensor<1x1x1xf32>) -> tensor<1x2x3xf32>
  %4 = arith.mulf %2, %3 : tensor<1x2x3xf32>
  %5 = arith.subf %1, %4 : tensor<1x2x3xf32>
  return %5 : tensor<1x2x3xf32>
}

// Numbers that differ along the positions, and a number over x, are none for the channels.
// CHECK-LABEL: @not_for_channels
// CHECK: cnn.conv
// CHECK: arith.mulf
// CHECK: arith.divf
func.func @not_for_channels(%x: tensor<1x1x3xf32>) -> (tensor<1x2x3xf32>, tensor<1x2x3xf32>) {
  %w = arith.constant dense<1.0> : tensor<2x1x1xf32>
  %t = arith.constant dense<[[[1.0, 2.0, 3.0]]]> : tensor<1x1x3xf32>
  %two = arith.constant dense<2.0> : tensor<1x2x3xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x3xf32>, tensor<2x1x1xf32>) -> tensor<1x2x3xf32>
  %1 = cnn.broadcast %t to [1, 2, 3] : (tensor<1x1x3xf32>) -> tensor<1x2x3xf32>
  %2 = arith.mulf %1, %0 : tensor<1x2x3xf32>
  %3 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x3xf32>, tensor<2x1x1xf32>) -> tensor<1x2x3xf32>
  %4 = arith.divf %two, %3 : tensor<1x2x3xf32>
  return %2, %4 : tensor<1x2x3xf32>, tensor<1x2x3xf32>
}

// What follows a group normalisation goes into its scale and bias: 1 and 2, times 2 and 3; 5 times 2, and times 3 plus 1. Where its result
// has another reader, it stays.
// CHECK-LABEL: @group_norm
// CHECK: %[[S:.*]] = arith.constant dense_resource<group.weight.folded.folded> : tensor<2xf32>
// CHECK: %[[B:.*]] = arith.constant dense_resource<group.bias.folded.folded> : tensor<2xf32>
// CHECK: %[[Y:.*]] = cnn.group_norm %arg0 scale %[[S]] bias %[[B]] groups 1
// CHECK: %[[Z:.*]] = cnn.group_norm
// CHECK: %[[W:.*]] = arith.mulf %[[Z]]
// CHECK: %[[V:.*]] = cnn.group_norm
// CHECK: %[[U:.*]] = arith.mulf %[[V]]
// CHECK: return %[[Y]], %[[Z]], %[[W]], %[[U]]
func.func @group_norm(%x: tensor<1x2x3xf32>, %p: tensor<2xf32>) -> (tensor<1x2x3xf32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>) {
  %s = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = arith.constant dense<5.0> : tensor<2xf32>
  %f = arith.constant dense<[[[2.0], [3.0]]]> : tensor<1x2x1xf32>
  %t = arith.constant dense<[[[0.0], [1.0]]]> : tensor<1x2x1xf32>
  %0 = cnn.group_norm %x scale %s bias %b groups 1 epsilon 1.0e-5 : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32> loc("group")
  %1 = cnn.broadcast %f to [1, 2, 3] : (tensor<1x2x1xf32>) -> tensor<1x2x3xf32>
  %2 = arith.mulf %0, %1 : tensor<1x2x3xf32>
  %3 = cnn.broadcast %t to [1, 2, 3] : (tensor<1x2x1xf32>) -> tensor<1x2x3xf32>
  %4 = arith.addf %3, %2 : tensor<1x2x3xf32>
  %5 = cnn.group_norm %x scale %s bias %b groups 2 epsilon 1.0e-5 : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32> loc("shared")
  %6 = arith.mulf %5, %1 : tensor<1x2x3xf32>
  %7 = cnn.group_norm %x scale %p bias %b groups 2 epsilon 1.0e-5 : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32> loc("computed")
  %8 = arith.mulf %7, %1 : tensor<1x2x3xf32>
  return %4, %5, %6, %8 : tensor<1x2x3xf32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>
}

#conv1 = loc("conv1"("network.json":7:5))

// CHECK: dialect_resources
// 1 * 1, 2 * 1, 3 * 0.5, 4 * 0.5
// CHECK-DAG: conv1.weight.folded: "0x400000000000803F000000400000C03F00000040"
// CHECK-DAG: conv1.bias.folded: "0x40000000000000C000000000"
// CHECK-DAG: dense.weight.folded: "0x40000000000040400000C03F"
// CHECK-DAG: dense.bias.folded: "0x400000000000004000004040"
// CHECK-DAG: up.weight.folded: "0x400000000000803F000000400000C03F00000040"
// CHECK-DAG: up.bias.folded: "0x40000000000000C000000000"
// CHECK-DAG: norm.weight.folded: "0x400000000000803F0000003F"
// CHECK-DAG: norm.bias.folded: "0x40000000000000C000000000"
// CHECK-DAG: arithmetic.weight.folded.folded: "0x40000000000000C0000000C0"
// CHECK-DAG: arithmetic.bias.folded.folded.folded: "0x40000000000080BF000040C0"
// CHECK-DAG: group.weight.folded.folded: "0x40000000000000400000C040"
// CHECK-DAG: group.bias.folded.folded: "0x400000000000204100008041"
// CHECK-DAG: twice.weight.folded.folded: "0x400000000000803F000000400000403F0000803F"
// CHECK-DAG: twice.bias.folded.folded: "0x40000000000080C000000000"
{-#
  dialect_resources: {
    builtin: {
      conv1.weight: "0x040000000000803F000000400000404000008040",
      short: "0x040000000000803F",
      up.weight: "0x040000000000803F000000400000404000008040",
      twice.weight: "0x040000000000803F000000400000404000008040"
    }
  }
#-}
