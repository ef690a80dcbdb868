// RUN: toeplitz-opt %s --recognize-activations | FileCheck %s

// As exporters for opsets before 20 write it.
// CHECK-LABEL: @gelu
// CHECK-NEXT: %[[Y:.*]] = cnn.activation gelu %arg0
// CHECK-NEXT: return %[[Y]]
func.func @gelu(%x: tensor<1x2x3xf32>) -> tensor<1x2x3xf32> {
  %sqrt2 = arith.constant dense<1.41421354> : tensor<1x1x1xf32>
  %one = arith.constant dense<1.0> : tensor<1x2x3xf32>
  %half = arith.constant dense<0.5> : tensor<1x1x1xf32>
  %0 = cnn.broadcast %sqrt2 to [1, 2, 3] : (tensor<1x1x1xf32>) -> tensor<1x2x3xf32>
  %1 = arith.divf %x, %0 : tensor<1x2x3xf32>
  %2 = math.erf %1 : tensor<1x2x3xf32>
  %3 = arith.addf %2, %one : tensor<1x2x3xf32>
  %4 = arith.mulf %x, %3 : tensor<1x2x3xf32>
  %5 = cnn.broadcast %half to [1, 2, 3] : (tensor<1x1x1xf32>) -> tensor<1x2x3xf32>
  %6 = arith.mulf %4, %5 : tensor<1x2x3xf32>
  return %6 : tensor<1x2x3xf32>
}

// CHECK-LABEL: @gelu_in_another_order
// CHECK-NEXT: cnn.activation gelu %arg0
func.func @gelu_in_another_order(%x: tensor<8xf32>) -> tensor<8xf32> {
  %inverse = arith.constant dense<0.707106769> : tensor<8xf32>
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %half = arith.constant dense<0.5> : tensor<8xf32>
  %1 = arith.mulf %inverse, %x : tensor<8xf32>
  %2 = math.erf %1 : tensor<8xf32>
  %3 = arith.addf %one, %2 : tensor<8xf32>
  %4 = arith.mulf %half, %x : tensor<8xf32>
  %5 = arith.mulf %3, %4 : tensor<8xf32>
  return %5 : tensor<8xf32>
}

// CHECK-LABEL: @gelu_tanh
// CHECK-NEXT: cnn.activation gelu_tanh %arg0
func.func @gelu_tanh(%x: tensor<8xf32>) -> tensor<8xf32> {
  %three = arith.constant dense<3.0> : tensor<8xf32>
  %c = arith.constant dense<0.044715> : tensor<8xf32>
  %s = arith.constant dense<0.797884583> : tensor<8xf32>
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %half = arith.constant dense<0.5> : tensor<8xf32>
  %0 = math.powf %x, %three : tensor<8xf32>
  %1 = arith.mulf %0, %c : tensor<8xf32>
  %2 = arith.addf %x, %1 : tensor<8xf32>
  %3 = arith.mulf %2, %s : tensor<8xf32>
  %4 = cnn.activation tanh %3 : tensor<8xf32>
  %5 = arith.addf %4, %one : tensor<8xf32>
  %6 = arith.mulf %x, %half : tensor<8xf32>
  %7 = arith.mulf %6, %5 : tensor<8xf32>
  return %7 : tensor<8xf32>
}

// sqrt(2/pi) x (1 + 0.044715 x^2)
// CHECK-LABEL: @gelu_tanh_factored
// CHECK-NEXT: cnn.activation gelu_tanh %arg0
func.func @gelu_tanh_factored(%x: tensor<8xf32>) -> tensor<8xf32> {
  %c = arith.constant dense<0.044715> : tensor<8xf32>
  %s = arith.constant dense<0.797884583> : tensor<8xf32>
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %half = arith.constant dense<0.5> : tensor<8xf32>
  %0 = arith.mulf %x, %x : tensor<8xf32>
  %1 = arith.mulf %0, %c : tensor<8xf32>
  %2 = arith.addf %1, %one : tensor<8xf32>
  %3 = arith.mulf %x, %s : tensor<8xf32>
  %4 = arith.mulf %3, %2 : tensor<8xf32>
  %5 = math.tanh %4 : tensor<8xf32>
  %6 = arith.addf %5, %one : tensor<8xf32>
  %7 = arith.mulf %x, %6 : tensor<8xf32>
  %8 = arith.mulf %7, %half : tensor<8xf32>
  return %8 : tensor<8xf32>
}

// CHECK-LABEL: @products_of_activations
// CHECK-NEXT: %[[SILU:.*]] = cnn.activation silu %arg0
// CHECK-NEXT: %[[SWISH:.*]] = cnn.activation hard_swish %arg0
// CHECK-NEXT: %[[MISH:.*]] = cnn.activation mish %arg0
// CHECK-NEXT: return %[[SILU]], %[[SWISH]], %[[MISH]]
func.func @products_of_activations(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %sigmoid = cnn.activation sigmoid %x : tensor<8xf32>
  %silu = arith.mulf %sigmoid, %x : tensor<8xf32>
  %hard = cnn.activation hard_sigmoid %x {alpha = 0.166666672 : f32, beta = 5.0e-01 : f32} : tensor<8xf32>
  %swish = arith.mulf %x, %hard : tensor<8xf32>
  %softplus = cnn.activation softplus %x : tensor<8xf32>
  %tanh = math.tanh %softplus : tensor<8xf32>
  %mish = arith.mulf %x, %tanh : tensor<8xf32>
  return %silu, %swish, %mish : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: @clipped
// CHECK-NEXT: %[[SIGMOID:.*]] = cnn.activation hard_sigmoid %arg0 {alpha = 0.166666672 : f32, beta = 5.000000e-01 : f32}
// CHECK-NEXT: %[[SWISH:.*]] = cnn.activation hard_swish %arg0
func.func @clipped(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %three = arith.constant dense<3.0> : tensor<8xf32>
  %six = arith.constant dense<6.0> : tensor<8xf32>
  %0 = arith.addf %x, %three : tensor<8xf32>
  %1 = cnn.activation clip %0 {alpha = 0.0 : f32, beta = 6.0 : f32} : tensor<8xf32>
  %sigmoid = arith.divf %1, %six : tensor<8xf32>
  %2 = arith.mulf %x, %1 : tensor<8xf32>
  %swish = arith.divf %2, %six : tensor<8xf32>
  return %sigmoid, %swish : tensor<8xf32>, tensor<8xf32>
}

// Other numbers, another argument, other types of elements: nothing of that is an activation.
// CHECK-LABEL: @others
// CHECK-NOT: gelu
// CHECK-NOT: silu
// CHECK: return
func.func @others(%x: tensor<8xf32>, %z: tensor<8xf32>, %d: tensor<8xf64>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf64>) {
  %inverse = arith.constant dense<0.7> : tensor<8xf32>
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %half = arith.constant dense<0.5> : tensor<8xf32>
  %1 = arith.mulf %inverse, %x : tensor<8xf32>
  %2 = math.erf %1 : tensor<8xf32>
  %3 = arith.addf %one, %2 : tensor<8xf32>
  %4 = arith.mulf %half, %x : tensor<8xf32>
  %5 = arith.mulf %3, %4 : tensor<8xf32>
  %sigmoid = cnn.activation sigmoid %z : tensor<8xf32>
  %gated = arith.mulf %sigmoid, %x : tensor<8xf32>
  %double = arith.mulf %d, %d : tensor<8xf64>
  return %5, %gated, %double : tensor<8xf32>, tensor<8xf32>, tensor<8xf64>
}
