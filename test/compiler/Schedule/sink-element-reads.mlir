// RUN: toeplitz-opt %s --sink-element-reads | FileCheck %s

module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 80>} {
  // CHECK-LABEL: func.func @fill
  // CHECK-SAME: (%[[X:.*]]: tensor<3xf32>, %[[INDEX:.*]]: index)
  // CHECK-NEXT: %[[OUT:.*]] = tensor.empty
  // CHECK-NEXT: linalg.generic {{.*}} outs(%[[OUT]] : tensor<4x5xf32>)
  // CHECK: %[[V:.*]] = tensor.extract %[[X]][%[[INDEX]]]
  // CHECK: linalg.yield %[[V]]
  func.func @fill(%x: tensor<3xf32>, %i: index) -> tensor<4x5xf32> {
    %v = tensor.extract %x[%i] : tensor<3xf32>
    %0 = tensor.empty() : tensor<4x5xf32>
    %1 = linalg.fill ins(%v : f32) outs(%0 : tensor<4x5xf32>) -> tensor<4x5xf32>
    return %1 : tensor<4x5xf32>
  }

  // What is computed from it comes along; what the host knows doesn't.
  // CHECK-LABEL: func.func @body
  // CHECK-SAME: (%[[X:.*]]: tensor<3xf32>, %[[INDEX:.*]]: index)
  // CHECK: %[[NEXT:.*]] = arith.addi %[[INDEX]]
  // CHECK: linalg.generic
  // CHECK: ^bb0(%[[IN:.*]]: f32, %{{.*}}: f32):
  // CHECK: %[[V:.*]] = tensor.extract %[[X]][%[[NEXT]]]
  // CHECK: %[[TWICE:.*]] = arith.addf %[[V]], %[[V]]
  // CHECK: arith.mulf %[[IN]], %[[TWICE]]
  func.func @body(%x: tensor<3xf32>, %i: index) -> tensor<3xf32> {
    %c1 = arith.constant 1 : index
    %next = arith.addi %i, %c1 : index
    %v = tensor.extract %x[%next] : tensor<3xf32>
    %twice = arith.addf %v, %v : f32
    %0 = tensor.empty() : tensor<3xf32>
    %1 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
        ins(%x : tensor<3xf32>) outs(%0 : tensor<3xf32>) {
    ^bb0(%in: f32, %out: f32):
      %product = arith.mulf %in, %twice : f32
      linalg.yield %product : f32
    } -> tensor<3xf32>
    return %1 : tensor<3xf32>
  }

  // CHECK-LABEL: func.func @known
  // CHECK: linalg.fill
  func.func @known(%i: index) -> tensor<4xindex> {
    %0 = tensor.empty() : tensor<4xindex>
    %1 = linalg.fill ins(%i : index) outs(%0 : tensor<4xindex>) -> tensor<4xindex>
    return %1 : tensor<4xindex>
  }
}
