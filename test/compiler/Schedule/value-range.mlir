// How large the values are that a convolution reads, from the range [-3, 3] of the network's input: shown by what is said when no
// algorithm is exact enough for `max-error`.
// RUN: split-file %s %t
// RUN: not toeplitz-opt %t/relu.mlir --select-algorithms="max-error=1e-30 input-range=3" 2>&1 | FileCheck %t/relu.mlir
// RUN: not toeplitz-opt %t/sigmoid.mlir --select-algorithms="max-error=1e-30 input-range=3" 2>&1 | FileCheck %t/sigmoid.mlir
// RUN: not toeplitz-opt %t/clip.mlir --select-algorithms="max-error=1e-30 input-range=3" 2>&1 | FileCheck %t/clip.mlir
// RUN: not toeplitz-opt %t/softplus.mlir --select-algorithms="max-error=1e-30 input-range=3" 2>&1 | FileCheck %t/softplus.mlir
// RUN: not toeplitz-opt %t/leaky_relu.mlir --select-algorithms="max-error=1e-30 input-range=3" 2>&1 | FileCheck %t/leaky_relu.mlir
// RUN: not toeplitz-opt %t/sum.mlir --select-algorithms="max-error=1e-30 input-range=3" 2>&1 | FileCheck %t/sum.mlir
// RUN: not toeplitz-opt %t/product.mlir --select-algorithms="max-error=1e-30 input-range=3" 2>&1 | FileCheck %t/product.mlir
// RUN: not toeplitz-opt %t/average.mlir --select-algorithms="max-error=1e-30 input-range=3" 2>&1 | FileCheck %t/average.mlir
// RUN: not toeplitz-opt %t/pad.mlir --select-algorithms="max-error=1e-30 input-range=3" 2>&1 | FileCheck %t/pad.mlir
// RUN: not toeplitz-opt %t/softmax.mlir --select-algorithms="max-error=1e-30 input-range=3" 2>&1 | FileCheck %t/softmax.mlir
// RUN: not toeplitz-opt %t/exponential.mlir --select-algorithms="max-error=1e-30 input-range=3" 2>&1 | FileCheck %t/exponential.mlir

//--- relu.mlir
// CHECK: error: loc("layer"): {{.*}}for inputs up to 3;
func.func @main(%x: tensor<1x2x4xf32>) -> tensor<1x1x4xf32> {
  %w = arith.constant dense<1.0> : tensor<1x2x1xf32>
  %v = cnn.activation relu %x : tensor<1x2x4xf32>
  %y = cnn.conv %v, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x1x4xf32> loc("layer")
  return %y : tensor<1x1x4xf32>
}

//--- sigmoid.mlir
// CHECK: error: loc("layer"): {{.*}}for inputs up to 1;
func.func @main(%x: tensor<1x2x4xf32>) -> tensor<1x1x4xf32> {
  %w = arith.constant dense<1.0> : tensor<1x2x1xf32>
  %v = cnn.activation sigmoid %x : tensor<1x2x4xf32>
  %y = cnn.conv %v, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x1x4xf32> loc("layer")
  return %y : tensor<1x1x4xf32>
}

//--- clip.mlir
// CHECK: error: loc("layer"): {{.*}}for inputs up to 2;
func.func @main(%x: tensor<1x2x4xf32>) -> tensor<1x1x4xf32> {
  %w = arith.constant dense<1.0> : tensor<1x2x1xf32>
  %v = cnn.activation clip %x {alpha = -2.0 : f32, beta = 0.5 : f32} : tensor<1x2x4xf32>
  %y = cnn.conv %v, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x1x4xf32> loc("layer")
  return %y : tensor<1x1x4xf32>
}

//--- softplus.mlir
// CHECK: error: loc("layer"): {{.*}}for inputs up to 3.69;
func.func @main(%x: tensor<1x2x4xf32>) -> tensor<1x1x4xf32> {
  %w = arith.constant dense<1.0> : tensor<1x2x1xf32>
  %v = cnn.activation softplus %x : tensor<1x2x4xf32>
  %y = cnn.conv %v, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x1x4xf32> loc("layer")
  return %y : tensor<1x1x4xf32>
}

//--- leaky_relu.mlir
// CHECK: error: loc("layer"): {{.*}}for inputs up to 6;
func.func @main(%x: tensor<1x2x4xf32>) -> tensor<1x1x4xf32> {
  %w = arith.constant dense<1.0> : tensor<1x2x1xf32>
  %v = cnn.activation leaky_relu %x {alpha = 2.0 : f32} : tensor<1x2x4xf32>
  %y = cnn.conv %v, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x1x4xf32> loc("layer")
  return %y : tensor<1x1x4xf32>
}

//--- sum.mlir
// CHECK: error: loc("layer"): {{.*}}for inputs up to 6;
func.func @main(%x: tensor<1x2x4xf32>) -> tensor<1x1x4xf32> {
  %w = arith.constant dense<1.0> : tensor<1x2x1xf32>
  %v = arith.addf %x, %x : tensor<1x2x4xf32>
  %y = cnn.conv %v, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x1x4xf32> loc("layer")
  return %y : tensor<1x1x4xf32>
}

//--- product.mlir
// CHECK: error: loc("layer"): {{.*}}for inputs up to 9;
func.func @main(%x: tensor<1x2x4xf32>) -> tensor<1x1x4xf32> {
  %w = arith.constant dense<1.0> : tensor<1x2x1xf32>
  %v = arith.mulf %x, %x : tensor<1x2x4xf32>
  %y = cnn.conv %v, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x1x4xf32> loc("layer")
  return %y : tensor<1x1x4xf32>
}

//--- average.mlir
// CHECK: error: loc("layer"): {{.*}}for inputs up to 3;
func.func @main(%x: tensor<1x2x4xf32>) -> tensor<1x1x4xf32> {
  %w = arith.constant dense<1.0> : tensor<1x2x1xf32>
  %v = cnn.pool average %x kernel [3] strides [1] dilations [1] padding [1] to [1] : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %y = cnn.conv %v, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x1x4xf32> loc("layer")
  return %y : tensor<1x1x4xf32>
}

//--- pad.mlir
// CHECK: error: loc("layer"): {{.*}}for inputs up to 7;
func.func @main(%x: tensor<1x2x4xf32>) -> tensor<1x1x4xf32> {
  %w = arith.constant dense<1.0> : tensor<1x2x1xf32>
  %p = cnn.pad %x low [0, 0, 1] high [0, 0, 0] zeros {value = 7.0 : f32} : (tensor<1x2x4xf32>) -> tensor<1x2x5xf32>
  %v = tensor.extract_slice %p[0, 0, 0] [1, 2, 4] [1, 1, 1] : tensor<1x2x5xf32> to tensor<1x2x4xf32>
  %y = cnn.conv %v, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x1x4xf32> loc("layer")
  return %y : tensor<1x1x4xf32>
}

//--- softmax.mlir
// CHECK: error: loc("layer"): {{.*}}for inputs up to 1;
func.func @main(%x: tensor<1x2x4xf32>) -> tensor<1x1x4xf32> {
  %w = arith.constant dense<1.0> : tensor<1x2x1xf32>
  %v = cnn.softmax %x axis 1 : tensor<1x2x4xf32>
  %y = cnn.conv %v, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x1x4xf32> loc("layer")
  return %y : tensor<1x1x4xf32>
}

//--- exponential.mlir
// CHECK: error: loc("layer"): {{.*}}the range of its input is unknown
func.func @main(%x: tensor<1x2x4xf32>) -> tensor<1x1x4xf32> {
  %w = arith.constant dense<1.0> : tensor<1x2x1xf32>
  %v = math.exp %x : tensor<1x2x4xf32>
  %y = cnn.conv %v, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x1x4xf32> loc("layer")
  return %y : tensor<1x1x4xf32>
}
