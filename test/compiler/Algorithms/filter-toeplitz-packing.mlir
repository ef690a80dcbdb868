// filter-toeplitz: the nonzero weights of the filter, each a diagonal of its Toeplitz matrix, stored once.
// RUN: toeplitz-opt %s --convert-cnn-to-kernel | FileCheck %s

// 9 positions in 4 lanes: stretches of 3 (the last lane's positions 9, 10 and 11 are nobody's), that read 5 vectors of each channel. Channels
// 0 and 2 have weights; -0.0 is a zero too.
// CHECK-LABEL: func.func @main
// CHECK: %[[STRUCTURE:.*]] = arith.constant dense_resource<filter.structure> : tensor<11xi32>
// CHECK: %[[WEIGHTS:.*]] = arith.constant dense_resource<filter.packed> : tensor<6xf32>
// CHECK: kernel.conv "filter-toeplitz" ins(%{{.*}}, %[[WEIGHTS]] structure %[[STRUCTURE]]) {{.*}} tile = array<i64: 12, 1>
// The rows of the 3 output channels, and of one that fills up the vector, begin at 0, 2, 2 and 6; the last one ends at 6. Then the offsets
// 0, 8 | 4, 20, 24, 28 in floats: 4 for each tap, 20 for each channel.
// CHECK: filter.structure: "0x40000000000000000200000002000000060000000600000000000000080000000400000014000000180000001C000000"
// The weights 1, 2 | 3, 4, 5, 6.
// CHECK: filter.packed: "0x400000000000803F0000004000004040000080400000A0400000C040"
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x2x9xf32>) -> tensor<1x3x9xf32> {
  %w = arith.constant dense<[[[1.0, 0.0, 2.0], [0.0, -0.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 3.0, 0.0], [4.0, 5.0, 6.0]]]> : tensor<3x2x3xf32>
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [1] to [1] groups 1 zeros {toeplitz.algorithm = "filter-toeplitz"}
    : (tensor<1x2x9xf32>, tensor<3x2x3xf32>) -> tensor<1x3x9xf32> loc("conv1")
  return %y : tensor<1x3x9xf32>
}
}
