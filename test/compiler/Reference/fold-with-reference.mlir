// Constant folding by the evaluator, operation by operation, as frontends use it.
// RUN: toeplitz-opt %s --split-input-file --fold-with-reference | FileCheck %s

// Shape arithmetic, on tensors and on scalars.
// CHECK-LABEL: @shapes
// CHECK: dense<[8, 4]> : tensor<2xi64>
// CHECK-NEXT: return
module @shapes {
  func.func @main() -> tensor<2xi64> {
    %a = arith.constant dense<[2, 3]> : tensor<2xi64>
    %b = arith.addi %a, %a : tensor<2xi64>
    %c0 = arith.constant 0 : index
    %c = tensor.extract %b[%c0] : tensor<2xi64>
    %d = arith.addi %c, %c : i64
    %e = tensor.from_elements %d, %c : tensor<2xi64>
    return %e : tensor<2xi64>
  }
}

// -----

// f32 is rounded after every operation: 2^24 plus one is 2^24 again, however often. (In double precision, 16777219.)
// CHECK-LABEL: @rounding
// CHECK: dense<0x4B800000> : tensor<f32>
module @rounding {
  func.func @main() -> tensor<f32> {
    %ones = arith.constant dense<1.0> : tensor<3xf32>
    %large = arith.constant 16777216.0 : f32
    %e = tensor.empty() : tensor<f32>
    %f = linalg.fill ins(%large : f32) outs(%e : tensor<f32>) -> tensor<f32>
    %r = linalg.reduce ins(%ones : tensor<3xf32>) outs(%f : tensor<f32>) dimensions = [0] (%a: f32, %b: f32) {
      %c = arith.addf %a, %b : f32
      linalg.yield %c : f32
    }
    return %r : tensor<f32>
  }
}

// -----

// More than 64 elements are a resource, unless they are all the same.
// CHECK-LABEL: @resources
// CHECK-DAG: dense<6.000000e+00> : tensor<100xf32>
// CHECK-DAG: dense_resource<folded> : tensor<5x13xf32>
module @resources {
  func.func @main() -> (tensor<100xf32>, tensor<5x13xf32>) {
    %a = arith.constant dense<3.0> : tensor<100xf32>
    %b = arith.addf %a, %a : tensor<100xf32>
    %c = tensor.generate {
    ^bb0(%i: index, %j: index):
      %k = arith.addi %i, %j : index
      %l = arith.index_cast %k : index to i32
      %m = arith.sitofp %l : i32 to f32
      tensor.yield %m : f32
    } : tensor<5x13xf32>
    return %b, %c : tensor<100xf32>, tensor<5x13xf32>
  }
}

// -----

// What depends on an argument stays, as does what the evaluator doesn't know or what it can't compute; without a word.
// CHECK-LABEL: @unknown
// CHECK: %[[THREE:.*]] = arith.constant dense<3> : tensor<2xi64>
// CHECK: arith.addi %{{.*}}, %[[THREE]]
// CHECK: tensor.gather
// CHECK: tensor.extract
// CHECK: dense_resource<not_there>
// CHECK: arith.negf
module @unknown {
  func.func @main(%x: tensor<2xi64>) -> (tensor<2xi64>, tensor<2xi64>, i64, tensor<2xf32>) {
    %one = arith.constant dense<1> : tensor<2xi64>
    %two = arith.constant dense<2> : tensor<2xi64>
    %three = arith.addi %one, %two : tensor<2xi64>
    %sum = arith.addi %x, %three : tensor<2xi64>
    %i = arith.constant dense<0> : tensor<2x1xi64>
    %gathered = tensor.gather %one[%i] gather_dims([0]) : (tensor<2xi64>, tensor<2x1xi64>) -> tensor<2xi64>
    %outside = arith.constant 2 : index
    %nothing = tensor.extract %one[%outside] : tensor<2xi64>
    %weights = arith.constant dense_resource<not_there> : tensor<2xf32>
    %negative = arith.negf %weights : tensor<2xf32>
    return %sum, %gathered, %nothing, %negative : tensor<2xi64>, tensor<2xi64>, i64, tensor<2xf32>
  }
}

// -----

// Operations of cnn, on booleans, and a loop.
// CHECK-LABEL: @others
// CHECK-DAG: dense<{{\[\[}}0.000000e+00, 2.000000e+00]]> : tensor<1x2xf32>
// CHECK-DAG: dense<[true, false]> : tensor<2xi1>
// CHECK-DAG: dense<120> : tensor<1xi64>
module @others {
  func.func @main() -> (tensor<1x2xf32>, tensor<2xi1>, tensor<1xi64>) {
    %x = arith.constant dense<[[-1.0, 2.0]]> : tensor<1x2xf32>
    %y = cnn.activation relu %x : tensor<1x2xf32>
    %a = arith.constant dense<[1, 2]> : tensor<2xi64>
    %b = arith.constant dense<[2, 1]> : tensor<2xi64>
    %less = arith.cmpi slt, %a, %b : tensor<2xi64>
    %c1 = arith.constant 1 : index
    %c6 = arith.constant 6 : index
    %one = arith.constant 1 : i64
    %factorial = scf.for %i = %c1 to %c6 step %c1 iter_args(%p = %one) -> (i64) {
      %j = arith.index_cast %i : index to i64
      %q = arith.muli %p, %j : i64
      scf.yield %q : i64
    }
    %t = tensor.from_elements %factorial : tensor<1xi64>
    return %y, %less, %t : tensor<1x2xf32>, tensor<2xi1>, tensor<1xi64>
  }
}
