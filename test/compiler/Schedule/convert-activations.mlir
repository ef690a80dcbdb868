// RUN: toeplitz-opt %s -convert-cnn-to-kernel | FileCheck %s

// The formulas of the functions that need care.

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<8xf32>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>,
                                       tensor<8xf32>, tensor<8xf32>) {
  // min(max(x, -1), 2), in which a NaN passes: a comparison with it is false.
  // CHECK: ^bb0(%[[IN:.*]]: f32, %{{.*}}: f32):
  // CHECK: %[[BELOW:.*]] = arith.cmpf ogt, %[[LOW:.*]], %[[IN]] : f32
  // CHECK: %[[MAX:.*]] = arith.select %[[BELOW]], %[[LOW]], %[[IN]] : f32
  // CHECK: %[[ABOVE:.*]] = arith.cmpf olt, %[[HIGH:.*]], %[[MAX]] : f32
  // CHECK: arith.select %[[ABOVE]], %[[HIGH]], %[[MAX]] : f32
  %clip = cnn.activation clip %x {alpha = -1.0 : f32, beta = 2.0 : f32} : tensor<8xf32>

  // 1 / (1 + exp(-x))
  // CHECK: ^bb0(%[[IN:.*]]: f32, %{{.*}}: f32):
  // CHECK: %[[MINUS:.*]] = arith.negf %[[IN]]
  // CHECK: %[[POWER:.*]] = math.exp %[[MINUS]]
  // CHECK: %[[DENOMINATOR:.*]] = arith.addf %[[POWER]], %[[ONE:.*]] : f32
  // CHECK: arith.divf %[[ONE]], %[[DENOMINATOR]]
  %sigmoid = cnn.activation sigmoid %x : tensor<8xf32>

  // CHECK: %[[POWER:.*]] = math.expm1
  // CHECK: %[[SCALED:.*]] = arith.mulf %[[POWER]], %
  // CHECK: arith.cmpf ogt
  // CHECK: arith.select %{{.*}}, %{{.*}}, %[[SCALED]]
  %elu = cnn.activation elu %x {alpha = 1.5 : f32} : tensor<8xf32>

  // A negative alpha turns the exponent's sign.
  // CHECK: math.expm1
  %celu = cnn.activation celu %x {alpha = -1.5 : f32} : tensor<8xf32>

  // max(x, 0) + log(1 + exp(-|x|))
  // CHECK: ^bb0(%[[IN:.*]]: f32, %{{.*}}: f32):
  // CHECK: %[[ABSOLUTE:.*]] = math.absf %[[IN]]
  // CHECK: %[[MINUS:.*]] = arith.negf %[[ABSOLUTE]]
  // CHECK: %[[POWER:.*]] = math.exp %[[MINUS]]
  // CHECK: %[[MAX:.*]] = arith.select
  // CHECK: %[[LOGARITHM:.*]] = math.log1p %[[POWER]]
  // CHECK: arith.addf %[[MAX]], %[[LOGARITHM]]
  %softplus = cnn.activation softplus %x : tensor<8xf32>

  // x n / (n + 2), n = e (e + 2), e = exp(min(x, 20))
  // CHECK: ^bb0(%[[IN:.*]]: f32, %{{.*}}: f32):
  // CHECK: %[[LIMITED:.*]] = arith.select
  // CHECK: %[[E:.*]] = math.exp %[[LIMITED]]
  // CHECK: %[[SUM:.*]] = arith.addf %[[E]], %[[TWO:.*]] : f32
  // CHECK: %[[N:.*]] = arith.mulf %[[E]], %[[SUM]]
  // CHECK: %[[DENOMINATOR:.*]] = arith.addf %[[N]], %[[TWO]]
  // CHECK: %[[TANH:.*]] = arith.divf %[[N]], %[[DENOMINATOR]]
  // CHECK: arith.mulf %[[IN]], %[[TANH]]
  %mish = cnn.activation mish %x : tensor<8xf32>

  // x/2 (1 + erf)
  // CHECK: %[[ERROR:.*]] = math.erf
  // CHECK: %[[HALF:.*]] = arith.mulf
  // CHECK: math.fma %[[HALF]], %[[ERROR]], %[[HALF]]
  %gelu = cnn.activation gelu %x : tensor<8xf32>
  return %clip, %sigmoid, %elu, %celu, %softplus, %mish, %gelu
    : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}
}
