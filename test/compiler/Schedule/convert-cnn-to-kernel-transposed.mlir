// A transposed convolution becomes one convolution for each phase of its output, all into one destination. Blobs are written as
// their alignment and then their values, in hexadecimal: 1.0 is 0000803F, 2.0 00000040, 3.0 00004040, 4.0 00008040.
// RUN: split-file %s %t
// DEFINE: %{convert} = --set-target=lanes=2 --convert-cnn-to-kernel
// RUN: toeplitz-opt %t/stride2-kernel4.mlir %{convert} | FileCheck %t/stride2-kernel4.mlir
// RUN: toeplitz-opt %t/stride3-kernel2.mlir %{convert} | FileCheck %t/stride3-kernel2.mlir
// RUN: toeplitz-opt %t/stride4-dilation2.mlir %{convert} | FileCheck %t/stride4-dilation2.mlir
// RUN: toeplitz-opt %t/crop.mlir %{convert} | FileCheck %t/crop.mlir
// RUN: toeplitz-opt %t/two-dimensions.mlir %{convert} | FileCheck %t/two-dimensions.mlir
// RUN: toeplitz-opt %t/channels.mlir %{convert} | FileCheck %t/channels.mlir
// RUN: toeplitz-opt %t/stride1.mlir %{convert} | FileCheck %t/stride1.mlir
// RUN: toeplitz-opt %t/epilogue.mlir %{convert} | FileCheck %t/epilogue.mlir

//--- stride2-kernel4.mlir
// y[o] = sum of w[k] x[i] with o = 2 i + k - 1. Even o = 2 q: w[3] x[q - 1] + w[1] x[q]. Odd o = 2 q + 1: w[2] x[q] + w[0] x[q + 1].
// CHECK: %[[ODD:.*]] = arith.constant dense_resource<filter.packed_1> : tensor<4xf32>
// CHECK: %[[EVEN:.*]] = arith.constant dense_resource<filter.packed> : tensor<4xf32>
// CHECK: %[[X:.*]] = tensor.expand_shape
// CHECK: %[[EMPTY:.*]] = tensor.empty() : tensor<1x1x16x2xf32>
// CHECK: %[[FIRST:.*]] = kernel.conv "direct" ins(%[[X]], %[[EVEN]]) outs(%[[EMPTY]])
// CHECK-SAME: dilations = array<i64: 1>, {{.*}} kernel = array<i64: 2>
// CHECK-SAME: output_offsets = array<i64: 0>, output_sizes = array<i64: 8>, output_strides = array<i64: 2>, padding_low = array<i64: 1>, strides = array<i64: 1>
// CHECK: %[[SECOND:.*]] = kernel.conv "direct" ins(%[[X]], %[[ODD]]) outs(%[[FIRST]])
// CHECK-SAME: dilations = array<i64: 1>, {{.*}} kernel = array<i64: 2>
// CHECK-SAME: output_offsets = array<i64: 1>, output_sizes = array<i64: 8>, output_strides = array<i64: 2>, padding_low = array<i64: 0>, strides = array<i64: 1>
// CHECK: kernel.reorder ins(%[[SECOND]])
// CHECK: filter.packed_1: "0x4000000000004040000000000000803F00000000"
// CHECK: filter.packed: "0x4000000000008040000000000000004000000000"
func.func @main(%x: tensor<1x1x8xf32>) -> tensor<1x1x16xf32> {
  %w = arith.constant dense<[[[1.0, 2.0, 3.0, 4.0]]]> : tensor<1x1x4xf32>
  %0 = cnn.conv_transpose %x, %w strides [2] dilations [1] padding [1] to [1] output_padding [0] groups 1
    : (tensor<1x1x8xf32>, tensor<1x1x4xf32>) -> tensor<1x1x16xf32>
  return %0 : tensor<1x1x16xf32>
}

//--- stride3-kernel2.mlir
// The third phase has no tap: its outputs are the bias (0.5 is 0000003F), with a filter of one unused element.
// CHECK: kernel.conv {{.*}} kernel = array<i64: 1>, {{.*}} output_offsets = array<i64: 0>, output_sizes = array<i64: 8>, output_strides = array<i64: 3>, padding_low = array<i64: 0>
// CHECK: kernel.conv {{.*}} kernel = array<i64: 1>, {{.*}} output_offsets = array<i64: 1>, output_sizes = array<i64: 8>, output_strides = array<i64: 3>, padding_low = array<i64: 0>
// CHECK: kernel.conv "direct" ins(%{{.*}}, %{{.*}} bias %{{.*}}) {{.*}} kernel = array<i64: 0>, {{.*}} output_offsets = array<i64: 2>, output_sizes = array<i64: 7>, output_strides = array<i64: 3>, padding_low = array<i64: 0>
// CHECK-SAME: : (tensor<1x1x8x1xf32>, tensor<1xf32>, tensor<1x2xf32>, tensor<1x1x23x2xf32>)
// CHECK-DAG: channels.blocked: "0x400000000000003F00000000"
// CHECK-DAG: filter.packed: "0x400000000000803F00000000"
// CHECK-DAG: filter.packed_1: "0x400000000000004000000000"
// CHECK-DAG: filter.packed_2: "0x4000000000000000"
func.func @main(%x: tensor<1x1x8xf32>) -> tensor<1x1x23xf32> {
  %w = arith.constant dense<[[[1.0, 2.0]]]> : tensor<1x1x2xf32>
  %b = arith.constant dense<0.5> : tensor<1xf32>
  %0 = cnn.conv_transpose %x, %w bias %b strides [3] dilations [1] padding [0] to [0] output_padding [0] groups 1
    : (tensor<1x1x8xf32>, tensor<1x1x2xf32>, tensor<1xf32>) -> tensor<1x1x23xf32>
  return %0 : tensor<1x1x23xf32>
}

//--- stride4-dilation2.mlir
// o = 4 i + 2 k: even outputs only. o = 4 q: taps 2 and 0, x[q - 1] and x[q]. o = 4 q + 2: tap 1, x[q].
// Taps of one phase lie dilation / gcd(stride, dilation) = 1 apart.
// CHECK: kernel.conv {{.*}}dilations = array<i64: 1>, {{.*}} kernel = array<i64: 2>, {{.*}} output_offsets = array<i64: 0>, output_sizes = array<i64: 9>, output_strides = array<i64: 4>, padding_low = array<i64: 1>
// CHECK: kernel.conv {{.*}} kernel = array<i64: 0>, {{.*}} output_offsets = array<i64: 1>, output_sizes = array<i64: 8>
// CHECK: kernel.conv {{.*}}dilations = array<i64: 1>, {{.*}} kernel = array<i64: 1>, {{.*}} output_offsets = array<i64: 2>, output_sizes = array<i64: 8>, output_strides = array<i64: 4>, padding_low = array<i64: 0>
// CHECK: kernel.conv {{.*}} kernel = array<i64: 0>, {{.*}} output_offsets = array<i64: 3>, output_sizes = array<i64: 8>
// CHECK-DAG: filter.packed: "0x4000000000004040000000000000803F00000000"
// CHECK-DAG: filter.packed_2: "0x400000000000004000000000"
func.func @main(%x: tensor<1x1x8xf32>) -> tensor<1x1x33xf32> {
  %w = arith.constant dense<[[[1.0, 2.0, 3.0]]]> : tensor<1x1x3xf32>
  %0 = cnn.conv_transpose %x, %w strides [4] dilations [2] padding [0] to [0] output_padding [0] groups 1
    : (tensor<1x1x8xf32>, tensor<1x1x3xf32>) -> tensor<1x1x33xf32>
  return %0 : tensor<1x1x33xf32>
}

//--- crop.mlir
// Padding of a transposed convolution crops: o = 2 i + k - 3. Even o = 2 q reads x[q + 1] through tap 1, odd o = 2 q + 1 reads x[q + 2] through
// tap 0 and x[q + 1] through tap 2: inside of the input, a negative padding.
// CHECK: kernel.conv {{.*}} kernel = array<i64: 1>, {{.*}} output_offsets = array<i64: 0>, output_sizes = array<i64: 6>, output_strides = array<i64: 2>, padding_low = array<i64: -1>
// CHECK: kernel.conv {{.*}} kernel = array<i64: 2>, {{.*}} output_offsets = array<i64: 1>, output_sizes = array<i64: 5>, output_strides = array<i64: 2>, padding_low = array<i64: -1>
// CHECK-DAG: filter.packed: "0x400000000000004000000000"
// CHECK-DAG: filter.packed_1: "0x4000000000004040000000000000803F00000000"
func.func @main(%x: tensor<1x1x8xf32>) -> tensor<1x1x11xf32> {
  %w = arith.constant dense<[[[1.0, 2.0, 3.0]]]> : tensor<1x1x3xf32>
  %0 = cnn.conv_transpose %x, %w strides [2] dilations [1] padding [3] to [3] output_padding [0] groups 1
    : (tensor<1x1x8xf32>, tensor<1x1x3xf32>) -> tensor<1x1x11xf32>
  return %0 : tensor<1x1x11xf32>
}

//--- two-dimensions.mlir
// 2 x 2 taps at stride 2: each output has one tap. Phases in row-major order, the filter's taps 1, 2, 3, 4 as well.
// CHECK: kernel.conv {{.*}} kernel = array<i64: 1, 1>, {{.*}} output_offsets = array<i64: 0, 0>, output_sizes = array<i64: 4, 4>, output_strides = array<i64: 2, 2>
// CHECK: kernel.conv {{.*}} output_offsets = array<i64: 0, 1>
// CHECK: kernel.conv {{.*}} output_offsets = array<i64: 1, 0>
// CHECK: kernel.conv {{.*}} output_offsets = array<i64: 1, 1>
// CHECK-DAG: filter.packed: "0x400000000000803F00000000"
// CHECK-DAG: filter.packed_1: "0x400000000000004000000000"
// CHECK-DAG: filter.packed_2: "0x400000000000404000000000"
// CHECK-DAG: filter.packed_3: "0x400000000000804000000000"
func.func @main(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x8x8xf32> {
  %w = arith.constant dense<[[[[1.0, 2.0], [3.0, 4.0]]]]> : tensor<1x1x2x2xf32>
  %0 = cnn.conv_transpose %x, %w strides [2, 2] dilations [1, 1] padding [0, 0] to [0, 0] output_padding [0, 0] groups 1
    : (tensor<1x1x4x4xf32>, tensor<1x1x2x2xf32>) -> tensor<1x1x8x8xf32>
  return %0 : tensor<1x1x8x8xf32>
}

//--- channels.mlir
// The filter is inputs x outputs / groups x taps. Two groups of 2 inputs and 1 output: w[c] = 1, 2 for output 0, and 3, 4 for output 1.
// Merged into one group of 4 inputs and 2 outputs, block-diagonal, input by input: [1 0] [2 0] [0 3] [0 4].
// CHECK: kernel.conv {{.*}} groups = 1 : i64, in_channels = 4 : i64, {{.*}} out_channels = 2 : i64
// CHECK: filter.packed: "0x400000000000803F00000000000000400000000000000000000040400000000000008040"
// CHECK-NOT: filter.packed_1
func.func @main(%x: tensor<1x4x4xf32>) -> tensor<1x2x4xf32> {
  %w = arith.constant dense<[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]> : tensor<4x1x1xf32>
  %0 = cnn.conv_transpose %x, %w strides [1] dilations [1] padding [0] to [0] output_padding [0] groups 2
    : (tensor<1x4x4xf32>, tensor<4x1x1xf32>) -> tensor<1x2x4xf32>
  return %0 : tensor<1x2x4xf32>
}

//--- stride1.mlir
// One phase: the convolution with the filter in reverse and the rest of the padding, (3 - 1) - 1 = 1.
// CHECK: kernel.conv {{.*}} kernel = array<i64: 3>, {{.*}} output_offsets = array<i64: 0>, output_sizes = array<i64: 8>, output_strides = array<i64: 1>, padding_low = array<i64: 1>
// CHECK-NOT: kernel.conv
// CHECK: filter.packed: "0x40000000000040400000000000000040000000000000803F00000000"
func.func @main(%x: tensor<1x1x8xf32>) -> tensor<1x1x8xf32> {
  %w = arith.constant dense<[[[1.0, 2.0, 3.0]]]> : tensor<1x1x3xf32>
  %0 = cnn.conv_transpose %x, %w strides [1] dilations [1] padding [1] to [1] output_padding [0] groups 1
    : (tensor<1x1x8xf32>, tensor<1x1x3xf32>) -> tensor<1x1x8xf32>
  return %0 : tensor<1x1x8xf32>
}

//--- epilogue.mlir
// Each phase does the epilogue for its own positions.
// CHECK: %[[FIRST:.*]] = kernel.conv "im2col" ins(%[[X:.*]], %{{.*}} bias %[[B:.*]] residual %[[R:.*]]) outs(%{{.*}}) activation <relu>
// CHECK: kernel.conv "im2col" ins(%[[X]], %{{.*}} bias %[[B]] residual %[[R]]) outs(%[[FIRST]]) activation <relu>
func.func @main(%x: tensor<1x2x8xf32>, %r: tensor<1x2x16xf32>) -> tensor<1x2x16xf32> {
  %w = arith.constant dense<1.0> : tensor<2x2x2xf32>
  %b = arith.constant dense<1.0> : tensor<2xf32>
  %0 = cnn.conv_transpose %x, %w bias %b strides [2] dilations [1] padding [0] to [0] output_padding [0] groups 1 {toeplitz.algorithm = "im2col"}
    : (tensor<1x2x8xf32>, tensor<2x2x2xf32>, tensor<2xf32>) -> tensor<1x2x16xf32>
  %1 = arith.addf %0, %r : tensor<1x2x16xf32>
  %2 = cnn.activation relu %1 : tensor<1x2x16xf32>
  return %2 : tensor<1x2x16xf32>
}
