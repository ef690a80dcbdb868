// The other operators of cnn, and the upstream ones that a network is made of, in the naive evaluator.
// RUN: toeplitz-opt %s --split-input-file --evaluate-reference | FileCheck %s

// (5 - 1) / sqrt(3 + 1) * 10 + 0.5.
// CHECK-LABEL: @batch_norm
// CHECK: dense<2.050000e+01>
module @batch_norm {
  func.func @main() -> tensor<1x1xf32> {
    %x = arith.constant dense<5.0> : tensor<1x1xf32>
    %scale = arith.constant dense<10.0> : tensor<1xf32>
    %bias = arith.constant dense<0.5> : tensor<1xf32>
    %mean = arith.constant dense<1.0> : tensor<1xf32>
    %variance = arith.constant dense<3.0> : tensor<1xf32>
    %y = cnn.batch_norm %x scale %scale bias %bias mean %mean variance %variance epsilon 1.0 : (tensor<1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
    return %y : tensor<1x1xf32>
  }
}

// -----

// Means 2 and 20, variances 1 and 100.
// CHECK-LABEL: @group_norm
// CHECK: dense<{{\[\[\[}}-1.000000e+00], [2.000000e+00], [-3.000000e+00], [4.000000e+00]]]>
module @group_norm {
  func.func @main() -> tensor<1x4x1xf32> {
    %x = arith.constant dense<[[[1.0], [3.0], [10.0], [30.0]]]> : tensor<1x4x1xf32>
    %scale = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    %bias = arith.constant dense<0.0> : tensor<4xf32>
    %y = cnn.group_norm %x scale %scale bias %bias groups 2 epsilon 0.0 : (tensor<1x4x1xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x1xf32>
    return %y : tensor<1x4x1xf32>
  }
}

// -----

// CHECK-LABEL: @layer_norm
// CHECK: dense<{{\[\[}}-1.000000e+00, 3.000000e+00], [-1.000000e+00, 3.000000e+00]]>
module @layer_norm {
  func.func @main() -> tensor<2x2xf32> {
    %x = arith.constant dense<[[1.0, 3.0], [10.0, 30.0]]> : tensor<2x2xf32>
    %scale = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
    %bias = arith.constant dense<[0.0, 1.0]> : tensor<2xf32>
    %y = cnn.layer_norm %x scale %scale bias %bias axis 1 epsilon 0.0 : (tensor<2x2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
    return %y : tensor<2x2xf32>
  }
}

// -----

// The channels at each of two positions.
// CHECK-LABEL: @layer_norm_of_channels
// CHECK: dense<{{\[\[\[}}-1.000000e+00, -1.000000e+00], [3.000000e+00, 3.000000e+00]]]>
module @layer_norm_of_channels {
  func.func @main() -> tensor<1x2x2xf32> {
    %x = arith.constant dense<[[[1.0, 10.0], [3.0, 30.0]]]> : tensor<1x2x2xf32>
    %scale = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
    %bias = arith.constant dense<[0.0, 1.0]> : tensor<2xf32>
    %y = cnn.layer_norm %x scale %scale bias %bias axis 1 to 2 epsilon 0.0 : (tensor<1x2x2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2xf32>
    return %y : tensor<1x2x2xf32>
  }
}

// -----

// Size 2: each channel and the one after it. 1 / (1 + (1 + 4)), 2 / (1 + (4 + 9)), 3 / (1 + 9), with alpha / size = 1.
// CHECK-LABEL: @lrn
// CHECK: dense<{{\[\[}}0.166666672, 0.142857149, 3.000000e-01]]>
module @lrn {
  func.func @main() -> tensor<1x3xf32> {
    %x = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
    %y = cnn.lrn %x size 2 alpha 2.0 beta 1.0 k 1.0 : (tensor<1x3xf32>) -> tensor<1x3xf32>
    return %y : tensor<1x3xf32>
  }
}

// -----

// Along the channels; the large values would overflow without the maximum being taken away.
// CHECK-LABEL: @softmax
// CHECK: dense<{{\[\[\[}}5.000000e-01, 0.000000e+00], [5.000000e-01, 1.000000e+00]]]>
module @softmax {
  func.func @main() -> tensor<1x2x2xf32> {
    %x = arith.constant dense<[[[1000.0, 0.0], [1000.0, 2000.0]]]> : tensor<1x2x2xf32>
    %y = cnn.softmax %x axis 1 : tensor<1x2x2xf32>
    return %y : tensor<1x2x2xf32>
  }
}

// -----

// CHECK-LABEL: @resize
// CHECK-DAG: dense<{{\[\[\[}}1.000000e+00, 1.000000e+00, 2.000000e+00, 2.000000e+00]]]>
// CHECK-DAG: dense<{{\[\[\[}}1.000000e+00, 1.250000e+00, 1.750000e+00, 2.000000e+00]]]>
// CHECK-DAG: dense<{{\[\[\[}}1.000000e+00, 1.500000e+00, 2.000000e+00]]]>
module @resize {
  func.func @main() -> (tensor<1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x1x3xf32>) {
    %x = arith.constant dense<[[[1.0, 2.0]]]> : tensor<1x1x2xf32>
    %0 = cnn.resize %x to [4] nearest : (tensor<1x1x2xf32>) -> tensor<1x1x4xf32>
    %1 = cnn.resize %x to [4] linear : (tensor<1x1x2xf32>) -> tensor<1x1x4xf32>
    %2 = cnn.resize %x to [3] linear {align_corners} : (tensor<1x1x2xf32>) -> tensor<1x1x3xf32>
    return %0, %1, %2 : tensor<1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x1x3xf32>
  }
}

// -----

// (1 + 10, 2 + 10), then its concatenation with 3, transposed, sliced and reshaped.
// CHECK-LABEL: @upstream
// CHECK-DAG: dense<{{\[\[}}1.100000e+01], [1.200000e+01], [3.000000e+00]]>
// CHECK-DAG: dense<[1.100000e+01, 3.000000e+00]>
module @upstream {
  func.func @main() -> (tensor<3x1xf32>, tensor<2xf32>) {
    %x = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
    %ten = arith.constant dense<10.0> : tensor<1x1xf32>
    %three = arith.constant dense<3.0> : tensor<1x1xf32>
    %0 = cnn.broadcast %ten to [1, 2] : (tensor<1x1xf32>) -> tensor<1x2xf32>
    %1 = arith.addf %x, %0 : tensor<1x2xf32>
    %2 = tensor.concat dim(1) %1, %three : (tensor<1x2xf32>, tensor<1x1xf32>) -> tensor<1x3xf32>
    %3 = tensor.empty() : tensor<3x1xf32>
    %4 = linalg.transpose ins(%2 : tensor<1x3xf32>) outs(%3 : tensor<3x1xf32>) permutation = [1, 0]
    %5 = tensor.extract_slice %2[0, 0] [1, 2] [1, 2] : tensor<1x3xf32> to tensor<1x2xf32>
    %6 = tensor.collapse_shape %5 [[0, 1]] : tensor<1x2xf32> into tensor<2xf32>
    return %4, %6 : tensor<3x1xf32>, tensor<2xf32>
  }
}

// -----

// CHECK-LABEL: @elementwise
// CHECK-DAG: dense<4.000000e+00>
// CHECK-DAG: dense<-2.500000e-01>
// CHECK-DAG: dense<[0x7FC00000, 2.000000e+00]>
module @elementwise {
  func.func @main() -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
    %x = arith.constant dense<16.0> : tensor<2xf32>
    %y = arith.constant dense<[0x7FC00000, 2.0]> : tensor<2xf32>
    %z = arith.constant dense<1.0> : tensor<2xf32>
    %0 = math.sqrt %x : tensor<2xf32>
    %1 = math.rsqrt %x : tensor<2xf32>
    %2 = arith.negf %1 : tensor<2xf32>
    %3 = arith.maximumf %y, %z : tensor<2xf32>
    return %0, %2, %3 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  }
}

// -----

// CHECK-LABEL: @pad
// CHECK-DAG: dense<{{\[\[}}7.000000e+00, 1.000000e+00, 2.000000e+00]]>
// CHECK-DAG: dense<{{\[\[}}2.000000e+00, 1.000000e+00, 2.000000e+00, 1.000000e+00]]>
module @pad {
  func.func @main() -> (tensor<1x3xf32>, tensor<1x4xf32>) {
    %x = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
    %0 = cnn.pad %x low [0, 1] high [0, 0] zeros {value = 7.0 : f32} : (tensor<1x2xf32>) -> tensor<1x3xf32>
    %1 = cnn.pad %x low [0, 1] high [0, 1] circular : (tensor<1x2xf32>) -> tensor<1x4xf32>
    return %0, %1 : tensor<1x3xf32>, tensor<1x4xf32>
  }
}
