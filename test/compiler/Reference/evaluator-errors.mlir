// What the naive evaluator doesn't know is an error at the operation's own place.
// RUN: toeplitz-opt %s --split-input-file --evaluate-reference --verify-diagnostics

func.func @main() -> tensor<2xf32> {
  %x = arith.constant dense<1.0> : tensor<2xf32>
  %i = arith.constant dense<0> : tensor<2x1xi64>
  // expected-error @below {{the reference evaluator doesn't know 'tensor.gather'}}
  %y = tensor.gather %x[%i] gather_dims([0]) : (tensor<2xf32>, tensor<2x1xi64>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// Inside of a body too.
func.func @main() -> tensor<2xf32> {
  %x = arith.constant dense<1.0> : tensor<2xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%x : tensor<2xf32>) {
  ^bb0(%a: f32):
    // expected-error @below {{the reference evaluator doesn't know 'builtin.unrealized_conversion_cast'}}
    %b = builtin.unrealized_conversion_cast %a : f32 to f32
    linalg.yield %b : f32
  } -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @main() -> tensor<2xi4> {
  // expected-error @below {{the reference evaluator has no values of type 'tensor<2xi4>'}}
  %x = arith.constant dense<1> : tensor<2xi4>
  return %x : tensor<2xi4>
}

// -----

// expected-error @below {{returns 'i32', not a tensor}}
func.func @main() -> i32 {
  %x = arith.constant 1 : i32
  return %x : i32
}

// -----

// An index that leaves its tensor, in the second of two lanes.
func.func @main() -> tensor<2xi8> {
  %x = arith.constant dense<[1, 2, 3]> : tensor<3xi8>
  %i = arith.constant dense<[2, 3]> : tensor<2xi64>
  %e = tensor.empty() : tensor<2xi8>
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%i : tensor<2xi64>) outs(%e : tensor<2xi8>) {
  ^bb0(%a: i64, %b: i8):
    %c = arith.index_cast %a : i64 to index
    // expected-error @below {{index 3 of dimension 0 is not in [0, 3)}}
    %d = tensor.extract %x[%c] : tensor<3xi8>
    linalg.yield %d : i8
  } -> tensor<2xi8>
  return %y : tensor<2xi8>
}

// -----

func.func @main() -> tensor<3xi8> {
  %x = arith.constant dense<[1, 2, 3]> : tensor<3xi8>
  %one = arith.constant 1 : i8
  %i = arith.constant -1 : index
  // expected-error @below {{index -1 of dimension 0 is not in [0, 3)}}
  %y = tensor.insert %one into %x[%i] : tensor<3xi8>
  return %y : tensor<3xi8>
}

// -----

func.func @main() -> tensor<2xi8> {
  %x = arith.constant dense<[1, 2, 3]> : tensor<3xi8>
  %i = arith.constant 2 : index
  // expected-error @below {{positions 2 to 3 of dimension 0 are not in [0, 3)}}
  %y = tensor.extract_slice %x[%i] [2] [1] : tensor<3xi8> to tensor<2xi8>
  return %y : tensor<2xi8>
}

// -----

func.func @main() -> tensor<2xi8> {
  %x = arith.constant dense<[1, 2, 3]> : tensor<3xi8>
  %n = arith.constant 3 : index
  %y = tensor.extract_slice %x[0] [%n] [1] : tensor<3xi8> to tensor<?xi8>
  // expected-error @below {{a tensor of shape [3] is cast to 'tensor<2xi8>'}}
  %z = tensor.cast %y : tensor<?xi8> to tensor<2xi8>
  return %z : tensor<2xi8>
}

// -----

func.func @main() -> tensor<1xi64> {
  %x = arith.constant dense<0> : tensor<1xi64>
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  // expected-error @below {{a loop with step 0}}
  %y = scf.for %i = %c0 to %c4 step %c0 iter_args(%t = %x) -> (tensor<1xi64>) {
    scf.yield %t : tensor<1xi64>
  }
  return %y : tensor<1xi64>
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
