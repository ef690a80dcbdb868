// RUN: toeplitz-opt %s --convert-cnn-to-kernel | FileCheck %s

// What has no kernel of its own becomes linalg.generic, linalg.fill and slices, on plain tensors of any element type.

module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
// CHECK: func.func @main(%[[X:.*]]: tensor<3x5xi8>, %{{.*}}: tensor<index>)
func.func @main(%x: tensor<3x5xi8>, %start: tensor<index>)
    -> (tensor<4x7xi8>, tensor<2x5xi8>, tensor<6xi8>, tensor<5xi8>, tensor<5x3xi8>, tensor<2x4xf64>) {
  // CHECK: %[[ONE:.*]] = arith.constant 1 : i8
  // CHECK: %[[N:.*]] = tensor.extract
  %n = tensor.extract %start[] : tensor<index>
  %one = arith.constant 1 : i8
  %zero = arith.constant 0 : index
  // CHECK: %[[EMPTY:.*]] = tensor.empty() : tensor<4x7xi8>
  // CHECK: %[[FULL:.*]] = linalg.fill ins(%[[ONE]] : i8) outs(%[[EMPTY]] : tensor<4x7xi8>)
  // CHECK: tensor.insert_slice %[[X]] into %[[FULL]][1, 0] [3, 5] [1, 1]
  %padded = tensor.pad %x low[1, 0] high[0, 2] {
  ^body(%i: index, %j: index):
    tensor.yield %one : i8
  } : tensor<3x5xi8> to tensor<4x7xi8>
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<2x5xi8>)
  // CHECK:   %[[I:.*]] = linalg.index 0
  // CHECK:   %[[J:.*]] = linalg.index 1
  // CHECK:   %[[FROM:.*]] = arith.addi %[[I]], %[[N]]
  // CHECK:   %[[V:.*]] = tensor.extract %[[X]][%[[FROM]], %[[J]]]
  // CHECK:   linalg.yield %[[V]]
  %generated = tensor.generate {
  ^body(%i: index, %j: index):
    %from = arith.addi %i, %n : index
    %v = tensor.extract %x[%from, %j] : tensor<3x5xi8>
    tensor.yield %v : i8
  } : tensor<2x5xi8>
  // CHECK: linalg.fill ins(%{{.*}} : i8) outs(%{{.*}} : tensor<6xi8>)
  %first = tensor.extract %x[%zero, %zero] : tensor<3x5xi8>
  %splat = tensor.splat %first : tensor<6xi8>
  // CHECK: linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%[[X]] : tensor<3x5xi8>)
  // CHECK:   arith.addi
  %empty = tensor.empty() : tensor<5xi8>
  %sum = linalg.reduce {arith.addi} ins(%x : tensor<3x5xi8>) outs(%empty : tensor<5xi8>) dimensions = [0]
  // CHECK: linalg.transpose
  %other = tensor.empty() : tensor<5x3xi8>
  %turned = linalg.transpose ins(%x : tensor<3x5xi8>) outs(%other : tensor<5x3xi8>) permutation = [1, 0]
  // CHECK: linalg.generic {{.*}}"reduction"]
  // CHECK: math.exp
  // CHECK: arith.divf
  // CHECK-NOT: linalg.softmax
  %numbers = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0, 1.0]]> : tensor<2x4xf64>
  %place = tensor.empty() : tensor<2x4xf64>
  %soft = linalg.softmax dimension(1) ins(%numbers : tensor<2x4xf64>) outs(%place : tensor<2x4xf64>) -> tensor<2x4xf64>
  return %padded, %generated, %splat, %sum, %turned, %soft
    : tensor<4x7xi8>, tensor<2x5xi8>, tensor<6xi8>, tensor<5xi8>, tensor<5x3xi8>, tensor<2x4xf64>
}
}
