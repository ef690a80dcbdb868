// The window operators in the naive evaluator, with numbers worked by hand.
// RUN: toeplitz-opt %s --split-input-file --evaluate-reference | FileCheck %s

// 1-D, padding 1, stride 2: 0-2, 2-4, 4-0, plus the bias.
// CHECK-LABEL: @conv_1d
// CHECK: dense<{{\[\[\[}}-1.000000e+00, -1.000000e+00, 5.000000e+00]]]>
module @conv_1d {
  func.func @main() -> tensor<1x1x3xf32> {
    %x = arith.constant dense<[[[1.0, 2.0, 3.0, 4.0, 5.0]]]> : tensor<1x1x5xf32>
    %w = arith.constant dense<[[[1.0, 0.0, -1.0]]]> : tensor<1x1x3xf32>
    %b = arith.constant dense<1.0> : tensor<1xf32>
    %y = cnn.conv %x, %w bias %b strides [2] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x1x5xf32>, tensor<1x1x3xf32>, tensor<1xf32>) -> tensor<1x1x3xf32>
    return %y : tensor<1x1x3xf32>
  }
}

// -----

// The constants may be resources: 1, 2, 3 as little-endian f32.
// CHECK-LABEL: @conv_resource
// CHECK: dense<{{\[\[\[}}1.400000e+01, 2.000000e+01]]]>
module @conv_resource {
  func.func @main() -> tensor<1x1x2xf32> {
    %x = arith.constant dense<[[[1.0, 2.0, 3.0, 4.0]]]> : tensor<1x1x4xf32>
    %w = arith.constant dense_resource<w> : tensor<1x1x3xf32>
    %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x2xf32>
    return %y : tensor<1x1x2xf32>
  }
}
{-#
  dialect_resources: { builtin: { w: "0x040000000000803F0000004000004040" } }
#-}

// -----

// No spatial dimensions: a dense layer, [1 2] times [[1 10] [100 1000]] transposed.
// CHECK-LABEL: @conv_0d
// CHECK: dense<{{\[\[}}2.100000e+01, 2.100000e+03]]>
module @conv_0d {
  func.func @main() -> tensor<1x2xf32> {
    %x = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
    %w = arith.constant dense<[[1.0, 10.0], [100.0, 1000.0]]> : tensor<2x2xf32>
    %y = cnn.conv %x, %w strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
    return %y : tensor<1x2xf32>
  }
}

// -----

// Two groups: the second output channel sees the second input channel alone.
// CHECK-LABEL: @conv_groups
// CHECK: dense<{{\[\[\[}}2.000000e+00, 4.000000e+00], [9.000000e+00, 1.200000e+01]]]>
module @conv_groups {
  func.func @main() -> tensor<1x2x2xf32> {
    %x = arith.constant dense<[[[1.0, 2.0], [3.0, 4.0]]]> : tensor<1x2x2xf32>
    %w = arith.constant dense<[[[2.0]], [[3.0]]]> : tensor<2x1x1xf32>
    %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 2 zeros : (tensor<1x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2xf32>
    return %y : tensor<1x2x2xf32>
  }
}

// -----

// Reflection around 1 and around 4: 3 2 [1 2 3 4] 3, seen through a kernel of one 1.
// CHECK-LABEL: @conv_reflect
// CHECK: dense<{{\[\[\[}}3.000000e+00, 2.000000e+00, 1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 3.000000e+00]]]>
module @conv_reflect {
  func.func @main() -> tensor<1x1x7xf32> {
    %x = arith.constant dense<[[[1.0, 2.0, 3.0, 4.0]]]> : tensor<1x1x4xf32>
    %w = arith.constant dense<1.0> : tensor<1x1x1xf32>
    %y = cnn.conv %x, %w strides [1] dilations [1] padding [2] to [1] groups 1 reflect : (tensor<1x1x4xf32>, tensor<1x1x1xf32>) -> tensor<1x1x7xf32>
    return %y : tensor<1x1x7xf32>
  }
}

// -----

// 1*(1 2 3 _ _) + 2*(_ _ 1 2 3) without its first position and with one more, which the kernel doesn't reach: the bias.
// CHECK-LABEL: @conv_transpose
// CHECK: dense<{{\[\[\[}}2.500000e+00, 5.500000e+00, 4.500000e+00, 6.500000e+00, 5.000000e-01]]]>
module @conv_transpose {
  func.func @main() -> tensor<1x1x5xf32> {
    %x = arith.constant dense<[[[1.0, 2.0]]]> : tensor<1x1x2xf32>
    %w = arith.constant dense<[[[1.0, 2.0, 3.0]]]> : tensor<1x1x3xf32>
    %b = arith.constant dense<0.5> : tensor<1xf32>
    %y = cnn.conv_transpose %x, %w bias %b strides [2] dilations [1] padding [1] to [0] output_padding [1] groups 1 : (tensor<1x1x2xf32>, tensor<1x1x3xf32>, tensor<1xf32>) -> tensor<1x1x5xf32>
    return %y : tensor<1x1x5xf32>
  }
}

// -----

// Windows of three, one position of padding on each side. The largest never is the padding, the mean counts it or not.
// CHECK-LABEL: @pools
// CHECK-DAG: dense<{{\[\[\[}}-1.000000e+00, -1.000000e+00, -2.000000e+00]]]>
// CHECK-DAG: dense<{{\[\[\[}}-1.000000e+00, -2.000000e+00, -1.66666663]]]>
// CHECK-DAG: dense<{{\[\[\[}}-1.500000e+00, -2.000000e+00, -2.500000e+00]]]>
// CHECK-DAG: dense<{{\[\[\[}}3.000000e+00, 6.000000e+00, 5.000000e+00]]]>
module @pools {
  func.func @main() -> (tensor<1x1x3xf32>, tensor<1x1x3xf32>, tensor<1x1x3xf32>, tensor<1x1x3xf32>) {
    %x = arith.constant dense<[[[-1.0, -2.0, -3.0]]]> : tensor<1x1x3xf32>
    %0 = cnn.pool max %x kernel [3] strides [1] dilations [1] padding [1] to [1] : (tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
    %1 = cnn.pool average %x kernel [3] strides [1] dilations [1] padding [1] to [1] {count_include_pad = true} : (tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
    %2 = cnn.pool average %x kernel [3] strides [1] dilations [1] padding [1] to [1] : (tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
    %3 = cnn.pool lp %x kernel [3] strides [1] dilations [1] padding [1] to [1] {p = 1 : i64} : (tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
    return %0, %1, %2, %3 : tensor<1x1x3xf32>, tensor<1x1x3xf32>, tensor<1x1x3xf32>, tensor<1x1x3xf32>
  }
}

// -----

// The last window holds 3, one position of padding, and one that only ceil_mode adds: the divisor is 2.
// CHECK-LABEL: @pool_ceil
// CHECK: dense<{{\[\[\[}}1.000000e+00, 1.500000e+00]]]>
module @pool_ceil {
  func.func @main() -> tensor<1x1x2xf32> {
    %x = arith.constant dense<[[[1.0, 2.0, 3.0]]]> : tensor<1x1x3xf32>
    %y = cnn.pool average %x kernel [3] strides [3] dilations [1] padding [1] to [1] {ceil_mode = true, count_include_pad = true} : (tensor<1x1x3xf32>) -> tensor<1x1x2xf32>
    return %y : tensor<1x1x2xf32>
  }
}

// -----

// CHECK-LABEL: @global_pools
// CHECK-DAG: dense<4.000000e+00> : tensor<1x1x1xf32>
// CHECK-DAG: dense<3.500000e+00> : tensor<1x1x1xf32>
// CHECK-DAG: dense<5.000000e+00> : tensor<1x1x1xf32>
module @global_pools {
  func.func @main() -> (tensor<1x1x1xf32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>) {
    %x = arith.constant dense<[[[3.0, 4.0]]]> : tensor<1x1x2xf32>
    %0 = cnn.global_pool max %x : (tensor<1x1x2xf32>) -> tensor<1x1x1xf32>
    %1 = cnn.global_pool average %x : (tensor<1x1x2xf32>) -> tensor<1x1x1xf32>
    %2 = cnn.global_pool lp %x : (tensor<1x1x2xf32>) -> tensor<1x1x1xf32>
    return %0, %1, %2 : tensor<1x1x1xf32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>
  }
}
