// Upstream operations of every element type in the naive evaluator, with numbers worked by hand.
// RUN: toeplitz-opt %s --split-input-file --evaluate-reference | FileCheck %s

// One step of f16 around 2048 is 2, and halves go to the even neighbour; above 65504 there is infinity. bf16 has 8 bits.
// CHECK-LABEL: @short_floats
// CHECK: dense<[2.048000e+03, 2.052000e+03, 0x7C00]> : tensor<3xf16>
// CHECK: dense<[2.560000e+02, 2.600000e+02, 6.553600e+04]> : tensor<3xbf16>
module @short_floats {
  func.func @main() -> (tensor<3xf16>, tensor<3xbf16>) {
    %x = arith.constant dense<[2049.0, 2051.0, 65520.0]> : tensor<3xf32>
    %a = arith.truncf %x : tensor<3xf32> to tensor<3xf16>
    %y = arith.constant dense<[256.0, 258.0, 65535.0]> : tensor<3xbf16>
    %z = arith.constant dense<[1.0, 1.0, 1.0]> : tensor<3xbf16>
    %b = arith.addf %y, %z : tensor<3xbf16>
    return %a, %b : tensor<3xf16>, tensor<3xbf16>
  }
}

// -----

// Casts to integers saturate, and NaN becomes 0.
// CHECK-LABEL: @saturation
// CHECK: dense<[127, -128, 0, -1]> : tensor<4xi8>
// 255 and 0 as unsigned.
// CHECK: dense<[-1, 0, 0, 0]> : tensor<4xi8>
module @saturation {
  func.func @main() -> (tensor<4xi8>, tensor<4xi8>) {
    %x = arith.constant dense<[1000.0, -1000.0, 0x7FC00000, -1.9]> : tensor<4xf32>
    %a = arith.fptosi %x : tensor<4xf32> to tensor<4xi8>
    %b = arith.fptoui %x : tensor<4xf32> to tensor<4xi8>
    return %a, %b : tensor<4xi8>, tensor<4xi8>
  }
}

// -----

// Overflow wraps around; division by zero gives 0; a shift by the width leaves nothing.
// CHECK-LABEL: @integers
// CHECK: dense<[-128, -1]> : tensor<2xi8>
// CHECK: dense<[0, -4]> : tensor<2xi32>
// CHECK: dense<[0, 2147483644]> : tensor<2xi32>
// CHECK: dense<0> : tensor<2xi16>
module @integers {
  func.func @main() -> (tensor<2xi8>, tensor<2xi32>, tensor<2xi32>, tensor<2xi16>) {
    %x = arith.constant dense<[127, -2]> : tensor<2xi8>
    %one = arith.constant dense<1> : tensor<2xi8>
    %a = arith.addi %x, %one : tensor<2xi8>
    %y = arith.constant dense<[7, -7]> : tensor<2xi32>
    %z = arith.constant dense<[0, 2]> : tensor<2xi32>
    %b = arith.floordivsi %y, %z : tensor<2xi32>
    %c = arith.divui %y, %z : tensor<2xi32>
    %w = arith.constant dense<1> : tensor<2xi16>
    %width = arith.constant dense<16> : tensor<2xi16>
    %d = arith.shli %w, %width : tensor<2xi16>
    return %a, %b, %c, %d : tensor<2xi8>, tensor<2xi32>, tensor<2xi32>, tensor<2xi16>
  }
}

// -----

// All of 64 bits: a double has 53.
// CHECK-LABEL: @large_integers
// CHECK: dense<[9007199254740993, -9223372036854775808]> : tensor<2xi64>
module @large_integers {
  func.func @main() -> tensor<2xi64> {
    %x = arith.constant dense<[9007199254740992, 9223372036854775807]> : tensor<2xi64>
    %one = arith.constant dense<1> : tensor<2xi64>
    %a = arith.addi %x, %one : tensor<2xi64>
    return %a : tensor<2xi64>
  }
}

// -----

// NaN is not equal to itself; unordered comparisons hold for it. A boolean is one bit.
// CHECK-LABEL: @comparisons
// CHECK: dense<[true, false]> : tensor<2xi1>
// CHECK: dense<[0, 1]> : tensor<2xi8>
module @comparisons {
  func.func @main() -> (tensor<2xi1>, tensor<2xi8>) {
    %x = arith.constant dense<[1.0, 0x7FF8000000000000]> : tensor<2xf64>
    %a = arith.cmpf oeq, %x, %x : tensor<2xf64>
    %b = arith.cmpf une, %x, %x : tensor<2xf64>
    %c = arith.extui %b : tensor<2xi1> to tensor<2xi8>
    return %a, %c : tensor<2xi1>, tensor<2xi8>
  }
}

// -----

// Two results, one of them reduced: the running place of the largest value.
// CHECK-LABEL: @arg_max
// CHECK: dense<[3, 5]> : tensor<2xi32>
// CHECK: dense<[1, 0]> : tensor<2xi64>
module @arg_max {
  func.func @main() -> (tensor<2xi32>, tensor<2xi64>) {
    %x = arith.constant dense<[[1, 3, 2], [5, 4, 5]]> : tensor<2x3xi32>
    %lowest = arith.constant dense<-2147483648> : tensor<2xi32>
    %zeros = arith.constant dense<0> : tensor<2xi64>
    %r:2 = linalg.generic {
        indexing_maps = [affine_map<(n, i) -> (n, i)>, affine_map<(n, i) -> (n)>, affine_map<(n, i) -> (n)>],
        iterator_types = ["parallel", "reduction"]}
        ins(%x : tensor<2x3xi32>) outs(%lowest, %zeros : tensor<2xi32>, tensor<2xi64>) {
    ^bb0(%a: i32, %largest: i32, %place: i64):
      %more = arith.cmpi sgt, %a, %largest : i32
      %i = linalg.index 1 : index
      %j = arith.index_cast %i : index to i64
      %b = arith.select %more, %a, %largest : i32
      %c = arith.select %more, %j, %place : i64
      linalg.yield %b, %c : i32, i64
    } -> (tensor<2xi32>, tensor<2xi64>)
    return %r#0, %r#1 : tensor<2xi32>, tensor<2xi64>
  }
}

// -----

// A scatter: two updates of one element, in their order; and an operation of cnn inside of a loop.
// CHECK-LABEL: @loops
// CHECK: dense<[0, 30, 0, 20]> : tensor<4xi64>
// CHECK: dense<{{\[\[}}-8.000000e+00, 8.000000e+00]]> : tensor<1x2xf32>
module @loops {
  func.func @main() -> (tensor<4xi64>, tensor<1x2xf32>) {
    %zeros = arith.constant dense<0> : tensor<4xi64>
    %indices = arith.constant dense<[1, -1, 1]> : tensor<3xi64>
    %updates = arith.constant dense<[10, 20, 30]> : tensor<3xi64>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %zero = arith.constant 0 : i64
    %four = arith.constant 4 : i64
    %scattered = scf.for %k = %c0 to %c3 step %c1 iter_args(%t = %zeros) -> (tensor<4xi64>) {
      %i = tensor.extract %indices[%k] : tensor<3xi64>
      %negative = arith.cmpi slt, %i, %zero : i64
      %wrapped = arith.addi %i, %four : i64
      %j = arith.select %negative, %wrapped, %i : i64
      %at = arith.index_cast %j : i64 to index
      %u = tensor.extract %updates[%k] : tensor<3xi64>
      %s = tensor.insert %u into %t[%at] : tensor<4xi64>
      scf.yield %s : tensor<4xi64>
    }
    %x = arith.constant dense<[[-1.0, 1.0]]> : tensor<1x2xf32>
    %doubled = scf.for %k = %c0 to %c3 step %c1 iter_args(%t = %x) -> (tensor<1x2xf32>) {
      %a = cnn.activation leaky_relu %t {alpha = 1.0 : f32} : tensor<1x2xf32>
      %b = arith.addf %t, %a : tensor<1x2xf32>
      scf.yield %b : tensor<1x2xf32>
    }
    return %scattered, %doubled : tensor<4xi64>, tensor<1x2xf32>
  }
}

// -----

// A loop that ends by a condition, which is asked once more than the body is walked: 3 steps of doubling until 20 or more; the body gets
// its values in another order. And one that isn't walked at all.
// CHECK-LABEL: @conditional_loops
// CHECK: dense<[24, 3]> : tensor<2xi64>
// CHECK: dense<[12, 9]> : tensor<2xi64>
// CHECK: dense<5> : tensor<2xi64>
module @conditional_loops {
  func.func @main() -> (tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) {
    %x = arith.constant dense<[3, 0]> : tensor<2xi64>
    %y = arith.constant dense<9> : tensor<2xi64>
    %z = arith.constant dense<5> : tensor<2xi64>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1 : i64
    %limit = arith.constant 20 : i64
    %false = arith.constant false
    %0:2 = scf.while (%t = %x, %u = %y) : (tensor<2xi64>, tensor<2xi64>) -> (tensor<2xi64>, tensor<2xi64>) {
      %a = tensor.extract %t[%c0] : tensor<2xi64>
      %c = arith.cmpi slt, %a, %limit : i64
      scf.condition(%c) %u, %t : tensor<2xi64>, tensor<2xi64>
    } do {
    ^bb0(%u: tensor<2xi64>, %t: tensor<2xi64>):
      %a = tensor.extract %t[%c0] : tensor<2xi64>
      %n = tensor.extract %t[%c1] : tensor<2xi64>
      %double = arith.addi %a, %a : i64
      %more = arith.addi %n, %one : i64
      %b = tensor.insert %double into %t[%c0] : tensor<2xi64>
      %d = tensor.insert %more into %b[%c1] : tensor<2xi64>
      %last = tensor.insert %a into %u[%c0] : tensor<2xi64>
      scf.yield %d, %last : tensor<2xi64>, tensor<2xi64>
    }
    %1 = scf.while (%t = %z) : (tensor<2xi64>) -> tensor<2xi64> {
      scf.condition(%false) %t : tensor<2xi64>
    } do {
    ^bb0(%t: tensor<2xi64>):
      scf.yield %t : tensor<2xi64>
    }
    return %0#1, %0#0, %1 : tensor<2xi64>, tensor<2xi64>, tensor<2xi64>
  }
}

// -----

// Tensors of rank 0 and of no elements.
// CHECK-LABEL: @degenerate
// CHECK: dense<42> : tensor<i16>
// CHECK: dense<> : tensor<2x0x3xf16>
// CHECK: dense<42> : tensor<1x1xi16>
// CHECK: dense<7> : tensor<3xi8>
module @degenerate {
  func.func @main() -> (tensor<i16>, tensor<2x0x3xf16>, tensor<1x1xi16>, tensor<3xi8>) {
    %x = arith.constant dense<21> : tensor<i16>
    %a = arith.addi %x, %x : tensor<i16>
    %y = arith.constant dense<1.0> : tensor<2x0x3xf16>
    %b = arith.addf %y, %y : tensor<2x0x3xf16>
    %c = tensor.expand_shape %a [] output_shape [1, 1] : tensor<i16> into tensor<1x1xi16>
    %seven = arith.constant 7 : i8
    %d = tensor.splat %seven : tensor<3xi8>
    return %a, %b, %c, %d : tensor<i16>, tensor<2x0x3xf16>, tensor<1x1xi16>, tensor<3xi8>
  }
}
