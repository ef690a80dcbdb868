// RUN: toeplitz-opt %s --convert-cnn-to-kernel --split-input-file --verify-diagnostics

// expected-error @+1 {{expected a function @main, the network}}
module {
  func.func @net(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
    return %x : tensor<1x4xf32>
  }
}

// -----

func.func @main(%x: tensor<1x2x8xf32>, %w: tensor<2x2x3xf32>) -> tensor<1x2x6xf32> {
  // expected-error @+1 {{the filter is computed by the network, expected a constant}}
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x2x8xf32>, tensor<2x2x3xf32>) -> tensor<1x2x6xf32>
  return %0 : tensor<1x2x6xf32>
}

// -----

func.func @main(%x: tensor<1x2x8xf32>) -> tensor<1x2x17xf32> {
  %w = arith.constant dense<1.0> : tensor<2x2x3xf32>
  %v = math.exp %w : tensor<2x2x3xf32>
  // expected-error @+1 {{the filter is computed by the network, expected a constant}}
  %0 = cnn.conv_transpose %x, %v strides [2] dilations [1] padding [0] to [0] output_padding [0] groups 1 : (tensor<1x2x8xf32>, tensor<2x2x3xf32>) -> tensor<1x2x17xf32>
  return %0 : tensor<1x2x17xf32>
}

// -----

// A resource without a value is no constant that anybody could pack.
func.func @main(%x: tensor<1x2x8xf32>) -> tensor<1x2x6xf32> {
  %w = arith.constant dense_resource<missing> : tensor<2x2x3xf32>
  // expected-error @+1 {{the filter is computed by the network, expected a constant}}
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x2x8xf32>, tensor<2x2x3xf32>) -> tensor<1x2x6xf32>
  return %0 : tensor<1x2x6xf32>
}

// -----

func.func @main(%x: tensor<1x2x8xf32>) -> tensor<1x2x8xf32> {
  %w = arith.constant dense<1.0> : tensor<2x2x3xf32>
  // expected-error @+1 {{padding mode is not zeros; expand-padding must run before this pass}}
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [1] to [1] groups 1 circular : (tensor<1x2x8xf32>, tensor<2x2x3xf32>) -> tensor<1x2x8xf32>
  return %0 : tensor<1x2x8xf32>
}

// -----

func.func @main(%x: tensor<1x2x8xf32>) -> tensor<1x2x6xf32> {
  %w = arith.constant dense<1.0> : tensor<2x2x3xf32>
  // expected-error @+1 {{unknown algorithm "coppersmith"}}
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros {toeplitz.algorithm = "coppersmith"} : (tensor<1x2x8xf32>, tensor<2x2x3xf32>) -> tensor<1x2x6xf32>
  return %0 : tensor<1x2x6xf32>
}

// -----

// The choice may stand in the file that is read: it is checked here too.
func.func @main(%x: tensor<1x2x8xf32>) -> tensor<1x2x6xf32> {
  %w = arith.constant dense<1.0> : tensor<2x2x3xf32>
  // expected-error @+1 {{algorithm 'pointwise' declines this layer: the kernel has 3 positions, expected 1}}
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros {toeplitz.algorithm = "pointwise"} : (tensor<1x2x8xf32>, tensor<2x2x3xf32>) -> tensor<1x2x6xf32>
  return %0 : tensor<1x2x6xf32>
}
