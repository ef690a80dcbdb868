// How filters are packed, number by number. A filter counts from 1 in the order in which the network has it: outputs x inputs x taps.
// A blob is written as its alignment and then its values, in hexadecimal: 1.0 is 0000803F.
// RUN: split-file %s %t
// RUN: toeplitz-opt %t/channels.mlir --set-target="lanes=2 registers=16" --convert-cnn-to-kernel | FileCheck %t/channels.mlir
// RUN: toeplitz-opt %t/plain-input.mlir --set-target="lanes=4 registers=16" --convert-cnn-to-kernel | FileCheck %t/plain-input.mlir
// RUN: toeplitz-opt %t/output-blocks.mlir --set-target="lanes=2 registers=4" --convert-cnn-to-kernel | FileCheck %t/output-blocks.mlir
// RUN: toeplitz-opt %t/merged-groups.mlir --set-target="lanes=2 registers=16" --convert-cnn-to-kernel | FileCheck %t/merged-groups.mlir
// RUN: toeplitz-opt %t/all-groups-merged.mlir --set-target="lanes=2 registers=16" --convert-cnn-to-kernel | FileCheck %t/all-groups-merged.mlir
// RUN: toeplitz-opt %t/depthwise.mlir --set-target="lanes=2 registers=16" --convert-cnn-to-kernel | FileCheck %t/depthwise.mlir
// RUN: toeplitz-opt %t/whole-groups.mlir --set-target="lanes=2 registers=16" --convert-cnn-to-kernel | FileCheck %t/whole-groups.mlir
// Weights are named after the blob that they come from.
// RUN: toeplitz-opt %t/names.mlir --set-target=lanes=2 --convert-cnn-to-kernel | FileCheck %t/names.mlir

//--- channels.mlir
// 3 channels to 3 in vectors of 2, 2 taps. Block by block of input channels (0 and 1; 2 alone), tap by tap, channel by channel: the row of
// outputs 0, 1, 2 and a zero. The bias 0.5, 1.0, 1.5 is filled up with a zero too.
// CHECK: tile = array<i64: 1, 2>} : (tensor<1x2x2x2xf32>, tensor<24xf32>, tensor<2x2xf32>, tensor<1x2x1x2xf32>)
// CHECK-DAG: filter.packed: "0x400000000000803F0000E04000005041000000000000404000001041000070410000000000000040000000410000604100000000000080400000204100008041000000000000A0400000304100008841000000000000C040000040410000904100000000"
// CHECK-DAG: channels.blocked: "0x400000000000003F0000803F0000C03F00000000"
func.func @main(%arg: tensor<1x3x2xf32>) -> tensor<1x3x1xf32> {
  %w = arith.constant dense<[[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[7.0, 8.0], [9.0, 10.0], [11.0, 12.0]], [[13.0, 14.0], [15.0, 16.0], [17.0, 18.0]]]> : tensor<3x3x2xf32>
  %b = arith.constant dense<[0.5, 1.0, 1.5]> : tensor<3xf32>
  %x = cnn.activation relu %arg : tensor<1x3x2xf32>
  %0 = cnn.conv %x, %w bias %b strides [1] dilations [1] padding [0] to [0] groups 1 zeros {toeplitz.algorithm = "direct"}
    : (tensor<1x3x2xf32>, tensor<3x3x2xf32>, tensor<3xf32>) -> tensor<1x3x1xf32>
  return %0 : tensor<1x3x1xf32>
}

//--- plain-input.mlir
// The network's input has 3 channels, less than a vector of 4, and is read in the plain layout: blocks of one channel.
// CHECK: (tensor<1x3x8x1xf32>, tensor<24xf32>, tensor<1x1x7x4xf32>)
// CHECK: filter.packed: "0x400000000000803F0000E04000000000000000000000004000000041000000000000000000004040000010410000000000000000000080400000204100000000000000000000A0400000304100000000000000000000C040000040410000000000000000"
func.func @main(%arg: tensor<1x3x8xf32>) -> tensor<1x2x7xf32> {
  %w = arith.constant dense<[[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[7.0, 8.0], [9.0, 10.0], [11.0, 12.0]]]> : tensor<2x3x2xf32>
  %0 = cnn.conv %arg, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros {toeplitz.algorithm = "direct"}
    : (tensor<1x3x8xf32>, tensor<2x3x2xf32>) -> tensor<1x2x7xf32>
  return %0 : tensor<1x2x7xf32>
}

//--- output-blocks.mlir
// 5 outputs in vectors of 2 with registers for two of them at a time: first the vectors 0 and 1, then vector 2 alone.
// CHECK: tile = array<i64: 1, 2>
// CHECK: filter.packed: "0x400000000000803F000040400000A0400000E04000000040000080400000C0400000004100001041000000000000204100000000"
func.func @main(%arg: tensor<1x2x1xf32>) -> tensor<1x5x1xf32> {
  %w = arith.constant dense<[[[1.0], [2.0]], [[3.0], [4.0]], [[5.0], [6.0]], [[7.0], [8.0]], [[9.0], [10.0]]]> : tensor<5x2x1xf32>
  %x = cnn.activation relu %arg : tensor<1x2x1xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros {toeplitz.algorithm = "direct"}
    : (tensor<1x2x1xf32>, tensor<5x2x1xf32>) -> tensor<1x5x1xf32>
  return %0 : tensor<1x5x1xf32>
}

//--- merged-groups.mlir
// 4 groups of one channel each, in vectors of 2: pairs become one group, whose filter has zeros beside its diagonal. The kernel remembers the 4.
// CHECK: groups = 2 : i64, in_channels = 4 : i64, kernel = array<i64: 2>, out_channels = 4 : i64
// CHECK-SAME: toeplitz.groups = 4 : i64
// CHECK: filter.packed: "0x400000000000803F000000000000000000004040000000400000000000000000000080400000A04000000000000000000000E0400000C040000000000000000000000041"
func.func @main(%arg: tensor<1x4x8xf32>) -> tensor<1x4x7xf32> {
  %w = arith.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 6.0]], [[7.0, 8.0]]]> : tensor<4x1x2xf32>
  %x = cnn.activation relu %arg : tensor<1x4x8xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 4 zeros {toeplitz.algorithm = "direct"}
    : (tensor<1x4x8xf32>, tensor<4x1x2xf32>) -> tensor<1x4x7xf32>
  return %0 : tensor<1x4x7xf32>
}

//--- all-groups-merged.mlir
// 3 groups of one channel: no number of them makes whole vectors of 2, so all become one.
// CHECK: groups = 1 : i64, in_channels = 3 : i64
// CHECK: filter.packed: "0x400000000000803F0000000000000000000000000000000000000040000000000000000000000000000000000000404000000000"
func.func @main(%arg: tensor<1x3x1xf32>) -> tensor<1x3x1xf32> {
  %w = arith.constant dense<[[[1.0]], [[2.0]], [[3.0]]]> : tensor<3x1x1xf32>
  %x = cnn.activation relu %arg : tensor<1x3x1xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 3 zeros {toeplitz.algorithm = "pointwise"}
    : (tensor<1x3x1xf32>, tensor<3x1x1xf32>) -> tensor<1x3x1xf32>
  return %0 : tensor<1x3x1xf32>
}

//--- depthwise.mlir
// Block by block, tap by tap (2 x 2 in row-major order): a vector of channels.
// CHECK: kernel.conv "depthwise" {{.*}} groups = 3 : i64, in_channels = 3 : i64
// CHECK: filter.packed: "0x400000000000803F0000A040000000400000C040000040400000E04000008040000000410000104100000000000020410000000000003041000000000000404100000000"
func.func @main(%arg: tensor<1x3x4x4xf32>) -> tensor<1x3x3x3xf32> {
  %w = arith.constant dense<[[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]], [[[9.0, 10.0], [11.0, 12.0]]]]> : tensor<3x1x2x2xf32>
  %x = cnn.activation relu %arg : tensor<1x3x4x4xf32>
  %0 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 3 zeros {toeplitz.algorithm = "depthwise"}
    : (tensor<1x3x4x4xf32>, tensor<3x1x2x2xf32>) -> tensor<1x3x3x3xf32>
  return %0 : tensor<1x3x3x3xf32>
}

//--- whole-groups.mlir
// 2 groups of 2 channels fill vectors of 2: group by group, and nothing is merged.
// CHECK: kernel.conv "im2col" {{.*}} groups = 2 : i64, in_channels = 4 : i64
// CHECK: filter.packed: "0x400000000000803F0000404000000040000080400000A0400000E0400000C04000000041"
func.func @main(%arg: tensor<1x4x8xf32>) -> tensor<1x4x8xf32> {
  %w = arith.constant dense<[[[1.0], [2.0]], [[3.0], [4.0]], [[5.0], [6.0]], [[7.0], [8.0]]]> : tensor<4x2x1xf32>
  %x = cnn.activation relu %arg : tensor<1x4x8xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 2 zeros {toeplitz.algorithm = "im2col"}
    : (tensor<1x4x8xf32>, tensor<4x2x1xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}

//--- names.mlir
// CHECK-DAG: arith.constant dense_resource<conv1.weight.packed> : tensor<4xf32>
// CHECK-DAG: arith.constant dense_resource<conv1.bias.blocked> : tensor<1x2xf32>
// CHECK-DAG: conv1.weight.packed: "0x400000000000803F000000400000404000008040"
// CHECK-DAG: conv1.bias.blocked: "0x400000000000803F00000040"
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense_resource<conv1.weight> : tensor<2x2xf32>
  %b = arith.constant dense_resource<conv1.bias> : tensor<2xf32>
  %0 = cnn.conv %x, %w bias %b strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}
{-#
  dialect_resources: {
    builtin: {
      conv1.weight: "0x040000000000803F000040400000004000008040",
      conv1.bias: "0x040000000000803F00000040"
    }
  }
#-}
