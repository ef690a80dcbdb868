// What the naive evaluator doesn't know is an error at the operation's own place.
// RUN: toeplitz-opt %s --split-input-file --evaluate-reference --verify-diagnostics

func.func @main() -> tensor<2xi32> {
  %x = arith.constant dense<1.0> : tensor<2xf32>
  // expected-error @below {{the reference evaluator doesn't know 'arith.fptosi'}}
  %y = arith.fptosi %x : tensor<2xf32> to tensor<2xi32>
  return %y : tensor<2xi32>
}

// -----

func.func @main() -> tensor<2xi32> {
  // expected-error @below {{can't read this constant: it takes f32 and f64 tensors}}
  %x = arith.constant dense<1> : tensor<2xi32>
  return %x : tensor<2xi32>
}

// -----

// expected-error @below {{0 inputs given, but the network has 1}}
func.func @main(%x: tensor<1x1x2xf32>) -> tensor<1x1x2xf32> {
  return %x : tensor<1x1x2xf32>
}

// -----

// expected-error @below {{has no function 'main' to evaluate}}
module {
}

// -----

func.func @main() -> tensor<1x3xf32> {
  // expected-error @below {{can't read this constant}}
  %x = arith.constant dense_resource<not_there> : tensor<1x3xf32>
  return %x : tensor<1x3xf32>
}
