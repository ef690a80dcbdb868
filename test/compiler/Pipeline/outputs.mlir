// Results are written where the caller wants them. What is an output twice, an output and an input, or an output that the network reads again,
// needs no more than a copy.
// DEFINE: %{compile} = toeplitz compile --mtriple=x86_64-linux-gnu --mcpu=x86-64-v3
// RUN: split-file %s %t
// RUN: %{compile} %t/twice.mlir --emit=schedule --brief | FileCheck %t/twice.mlir
// RUN: %{compile} %t/twice.mlir --emit=asm -o /dev/null
// RUN: %{compile} %t/input.mlir --emit=schedule --brief | FileCheck %t/input.mlir
// RUN: %{compile} %t/input.mlir --emit=asm -o /dev/null
// RUN: %{compile} %t/read-again.mlir --emit=schedule --brief | FileCheck %t/read-again.mlir
// RUN: %{compile} %t/view.mlir --emit=schedule --brief | FileCheck %t/view.mlir
// RUN: %{compile} %t/constant.mlir --emit=asm -o /dev/null

//--- twice.mlir
// CHECK: func.func @main(%{{.*}}: memref<{{[0-9]+}}xi8>, %[[X:.*]]: memref<1x8xf32> {{{.*}}}, %[[Y:.*]]: memref<1x8xf32> {{{.*}}}, %[[Z:.*]]: memref<1x8xf32> {{{.*}}})
// CHECK: memref.copy
// CHECK: return
func.func @main(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) {
  %0 = cnn.activation tanh %x : tensor<1x8xf32>
  return %0, %0 : tensor<1x8xf32>, tensor<1x8xf32>
}

//--- input.mlir
// CHECK: func.func @main(%{{.*}}: memref<0xi8>, %[[X:.*]]: memref<1x8xf32> {{{.*}}}, %[[Y:.*]]: memref<1x8xf32> {{{.*}}})
// CHECK-NEXT: memref.copy %[[X]], %[[Y]]
// CHECK-NEXT: return
func.func @main(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  return %x : tensor<1x8xf32>
}

//--- read-again.mlir
// CHECK: func.func @main(%{{.*}}: memref<{{[0-9]+}}xi8>, %[[X:.*]]: memref<1x4x4xf32> {{{.*}}}, %[[Y:.*]]: memref<1x4x4xf32> {{{.*}}}, %[[Z:.*]]: memref<1x4x4xf32> {{{.*}}})
// CHECK-NOT: memref.copy
// CHECK: kernel.softmax ins(%[[X]]) outs(%[[Y]])
// CHECK-NOT: memref.copy
// CHECK: kernel.softmax ins(%[[Y]]) outs(%[[Z]])
// CHECK-NEXT: return
func.func @main(%x: tensor<1x4x4xf32>) -> (tensor<1x4x4xf32>, tensor<1x4x4xf32>) {
  %0 = cnn.softmax %x axis 1 : tensor<1x4x4xf32>
  %1 = cnn.softmax %0 axis 2 : tensor<1x4x4xf32>
  return %0, %1 : tensor<1x4x4xf32>, tensor<1x4x4xf32>
}

//--- view.mlir
// CHECK: func.func @main(%{{.*}}: memref<0xi8>, %[[X:.*]]: memref<1x4x4xf32> {{{.*}}}, %[[Y:.*]]: memref<1x16xf32> {{{.*}}})
// CHECK-NEXT: %[[VIEW:.*]] = memref.expand_shape %[[Y]]
// CHECK-NEXT: kernel.softmax ins(%[[X]]) outs(%[[VIEW]])
// CHECK-NEXT: return
func.func @main(%x: tensor<1x4x4xf32>) -> tensor<1x16xf32> {
  %0 = cnn.softmax %x axis 1 : tensor<1x4x4xf32>
  %1 = tensor.collapse_shape %0 [[0], [1, 2]] : tensor<1x4x4xf32> into tensor<1x16xf32>
  return %1 : tensor<1x16xf32>
}

//--- constant.mlir
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %0 = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}
