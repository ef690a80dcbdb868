// RUN: toeplitz-opt %s --prepare-buffers --split-input-file | FileCheck %s
// What it is for: each slice is computed where it belongs, without a copy.
// RUN: toeplitz-opt %s --prepare-buffers --eliminate-empty-tensors --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --cse --canonicalize --split-input-file | FileCheck %s --check-prefix=BUFFERS

// 17 slices of one tensor, as many as there are phases: a buffer, and a part of it for each before the first is computed.
// CHECK-LABEL: func.func @main(
// CHECK: %[[BUFFER:.*]] = memref.alloc() : memref<4x34xf32>
// CHECK: %[[FIRST:.*]] = memref.subview %[[BUFFER]][0, 0] [4, 2] [1, 17] : memref<4x34xf32> to memref<4x2xf32, strided<[34, 17]>>
// CHECK-COUNT-15: memref.subview %[[BUFFER]]
// CHECK: %[[LAST:.*]] = memref.subview %[[BUFFER]][0, 16] [4, 2] [1, 17]
// CHECK-NOT: memref.subview
// CHECK: %[[VALUE:.*]] = linalg.exp
// CHECK: bufferization.materialize_in_destination %[[VALUE]] in restrict writable %[[FIRST]] : (tensor<4x2xf32>, memref<4x2xf32, strided<[34, 17]>>) -> ()
// CHECK-COUNT-15: bufferization.materialize_in_destination
// CHECK: bufferization.materialize_in_destination %{{.*}} in restrict writable %[[LAST]]
// CHECK: %[[RESULT:.*]] = bufferization.to_tensor %[[BUFFER]] restrict : memref<4x34xf32> to tensor<4x34xf32>
// CHECK: return %[[RESULT]]
// CHECK-NOT: tensor.insert_slice
// BUFFERS-LABEL: func.func @main(
// BUFFERS: %[[BUFFER:.*]] = memref.alloc() {{.*}}memref<4x34xf32>
// BUFFERS-NOT: memref.alloc
// BUFFERS-NOT: memref.copy
// BUFFERS-COUNT-17: linalg.exp
// BUFFERS-NOT: memref.copy
// BUFFERS: return %[[BUFFER]]
func.func @main(%x: tensor<4x2xf32>) -> tensor<4x34xf32> {
  %e = tensor.empty() : tensor<4x2xf32>
  %r0 = tensor.empty() : tensor<4x34xf32>
  %v0 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r1 = tensor.insert_slice %v0 into %r0[0, 0] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v1 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r2 = tensor.insert_slice %v1 into %r1[0, 1] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v2 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r3 = tensor.insert_slice %v2 into %r2[0, 2] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v3 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r4 = tensor.insert_slice %v3 into %r3[0, 3] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v4 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r5 = tensor.insert_slice %v4 into %r4[0, 4] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v5 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r6 = tensor.insert_slice %v5 into %r5[0, 5] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v6 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r7 = tensor.insert_slice %v6 into %r6[0, 6] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v7 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r8 = tensor.insert_slice %v7 into %r7[0, 7] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v8 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r9 = tensor.insert_slice %v8 into %r8[0, 8] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v9 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r10 = tensor.insert_slice %v9 into %r9[0, 9] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v10 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r11 = tensor.insert_slice %v10 into %r10[0, 10] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v11 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r12 = tensor.insert_slice %v11 into %r11[0, 11] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v12 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r13 = tensor.insert_slice %v12 into %r12[0, 12] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v13 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r14 = tensor.insert_slice %v13 into %r13[0, 13] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v14 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r15 = tensor.insert_slice %v14 into %r14[0, 14] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v15 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r16 = tensor.insert_slice %v15 into %r15[0, 15] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v16 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r17 = tensor.insert_slice %v16 into %r16[0, 16] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  return %r17 : tensor<4x34xf32>
}

// -----

// Up to 16 are left to bufferization.
// CHECK-LABEL: func.func @main(
// CHECK-NOT: memref
// CHECK-COUNT-16: tensor.insert_slice
// BUFFERS-LABEL: func.func @main(
func.func @main(%x: tensor<4x2xf32>) -> tensor<4x32xf32> {
  %e = tensor.empty() : tensor<4x2xf32>
  %r0 = tensor.empty() : tensor<4x32xf32>
  %v0 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r1 = tensor.insert_slice %v0 into %r0[0, 0] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v1 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r2 = tensor.insert_slice %v1 into %r1[0, 1] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v2 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r3 = tensor.insert_slice %v2 into %r2[0, 2] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v3 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r4 = tensor.insert_slice %v3 into %r3[0, 3] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v4 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r5 = tensor.insert_slice %v4 into %r4[0, 4] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v5 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r6 = tensor.insert_slice %v5 into %r5[0, 5] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v6 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r7 = tensor.insert_slice %v6 into %r6[0, 6] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v7 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r8 = tensor.insert_slice %v7 into %r7[0, 7] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v8 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r9 = tensor.insert_slice %v8 into %r8[0, 8] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v9 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r10 = tensor.insert_slice %v9 into %r9[0, 9] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v10 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r11 = tensor.insert_slice %v10 into %r10[0, 10] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v11 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r12 = tensor.insert_slice %v11 into %r11[0, 11] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v12 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r13 = tensor.insert_slice %v12 into %r12[0, 12] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v13 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r14 = tensor.insert_slice %v13 into %r13[0, 13] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v14 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r15 = tensor.insert_slice %v14 into %r14[0, 14] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  %v15 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r16 = tensor.insert_slice %v15 into %r15[0, 15] [4, 2] [1, 16] : tensor<4x2xf32> into tensor<4x32xf32>
  return %r16 : tensor<4x32xf32>
}

// -----

// Somebody reads it when it isn't whole: it must still be so then.
// CHECK-LABEL: func.func @main(
// CHECK-NOT: memref
// CHECK-COUNT-17: tensor.insert_slice
// BUFFERS-LABEL: func.func @main(
func.func @main(%x: tensor<4x2xf32>) -> (tensor<4x34xf32>, tensor<4x34xf32>) {
  %e = tensor.empty() : tensor<4x2xf32>
  %r0 = tensor.empty() : tensor<4x34xf32>
  %v0 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r1 = tensor.insert_slice %v0 into %r0[0, 0] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v1 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r2 = tensor.insert_slice %v1 into %r1[0, 1] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v2 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r3 = tensor.insert_slice %v2 into %r2[0, 2] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v3 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r4 = tensor.insert_slice %v3 into %r3[0, 3] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v4 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r5 = tensor.insert_slice %v4 into %r4[0, 4] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v5 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r6 = tensor.insert_slice %v5 into %r5[0, 5] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v6 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r7 = tensor.insert_slice %v6 into %r6[0, 6] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v7 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r8 = tensor.insert_slice %v7 into %r7[0, 7] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v8 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r9 = tensor.insert_slice %v8 into %r8[0, 8] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v9 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r10 = tensor.insert_slice %v9 into %r9[0, 9] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v10 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r11 = tensor.insert_slice %v10 into %r10[0, 10] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v11 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r12 = tensor.insert_slice %v11 into %r11[0, 11] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v12 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r13 = tensor.insert_slice %v12 into %r12[0, 12] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v13 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r14 = tensor.insert_slice %v13 into %r13[0, 13] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v14 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r15 = tensor.insert_slice %v14 into %r14[0, 14] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v15 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r16 = tensor.insert_slice %v15 into %r15[0, 15] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v16 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r17 = tensor.insert_slice %v16 into %r16[0, 16] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  return %r17, %r9 : tensor<4x34xf32>, tensor<4x34xf32>
}

// -----

// What is there before isn't empty.
// CHECK-LABEL: func.func @main(
// CHECK-NOT: memref
// CHECK-COUNT-17: tensor.insert_slice
// BUFFERS-LABEL: func.func @main(
func.func @main(%x: tensor<4x2xf32>, %r0: tensor<4x34xf32>) -> tensor<4x34xf32> {
  %e = tensor.empty() : tensor<4x2xf32>
  %v0 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r1 = tensor.insert_slice %v0 into %r0[0, 0] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v1 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r2 = tensor.insert_slice %v1 into %r1[0, 1] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v2 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r3 = tensor.insert_slice %v2 into %r2[0, 2] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v3 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r4 = tensor.insert_slice %v3 into %r3[0, 3] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v4 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r5 = tensor.insert_slice %v4 into %r4[0, 4] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v5 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r6 = tensor.insert_slice %v5 into %r5[0, 5] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v6 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r7 = tensor.insert_slice %v6 into %r6[0, 6] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v7 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r8 = tensor.insert_slice %v7 into %r7[0, 7] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v8 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r9 = tensor.insert_slice %v8 into %r8[0, 8] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v9 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r10 = tensor.insert_slice %v9 into %r9[0, 9] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v10 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r11 = tensor.insert_slice %v10 into %r10[0, 10] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v11 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r12 = tensor.insert_slice %v11 into %r11[0, 11] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v12 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r13 = tensor.insert_slice %v12 into %r12[0, 12] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v13 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r14 = tensor.insert_slice %v13 into %r13[0, 13] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v14 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r15 = tensor.insert_slice %v14 into %r14[0, 14] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v15 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r16 = tensor.insert_slice %v15 into %r15[0, 15] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  %v16 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r17 = tensor.insert_slice %v16 into %r16[0, 16] [4, 2] [1, 17] : tensor<4x2xf32> into tensor<4x34xf32>
  return %r17 : tensor<4x34xf32>
}
