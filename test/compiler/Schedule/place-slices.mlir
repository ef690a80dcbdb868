// RUN: toeplitz-opt %s --place-slices --split-input-file | FileCheck %s
// What it is for: each slice is computed where it belongs, and what reads it reads it there.
// RUN: toeplitz-opt %s --place-slices --eliminate-empty-tensors --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --cse --canonicalize --split-input-file | FileCheck %s --check-prefix=BUFFERS

// Phases: a buffer, a part of it for each slice, written as soon as it is computed.
// CHECK-LABEL: func.func @main(
// CHECK: %[[BUFFER:.*]] = memref.alloc() : memref<4x6xf32>
// CHECK: %[[FIRST:.*]] = memref.subview %[[BUFFER]][0, 0] [4, 2] [1, 3] : memref<4x6xf32> to memref<4x2xf32, strided<[6, 3]>>
// CHECK: memref.subview %[[BUFFER]][0, 1]
// CHECK: %[[LAST:.*]] = memref.subview %[[BUFFER]][0, 2]
// CHECK: %[[VALUE:.*]] = linalg.exp
// CHECK: bufferization.materialize_in_destination %[[VALUE]] in restrict writable %[[FIRST]] : (tensor<4x2xf32>, memref<4x2xf32, strided<[6, 3]>>) -> ()
// CHECK: linalg.exp
// CHECK: bufferization.materialize_in_destination
// CHECK: linalg.exp
// CHECK: bufferization.materialize_in_destination %{{.*}} in restrict writable %[[LAST]]
// CHECK: %[[RESULT:.*]] = bufferization.to_tensor %[[BUFFER]] restrict : memref<4x6xf32> to tensor<4x6xf32>
// CHECK: return %[[RESULT]]
// CHECK-NOT: tensor.insert_slice
// BUFFERS-LABEL: func.func @main(
// BUFFERS: %[[BUFFER:.*]] = memref.alloc(){{.*}} : memref<4x6xf32>
// BUFFERS-NOT: memref.alloc
// BUFFERS-NOT: memref.copy
// BUFFERS-COUNT-3: linalg.exp
// BUFFERS-NOT: memref.copy
// BUFFERS: return %[[BUFFER]]
func.func @main(%x: tensor<4x2xf32>) -> tensor<4x6xf32> {
  %e = tensor.empty() : tensor<4x2xf32>
  %r0 = tensor.empty() : tensor<4x6xf32>
  %v0 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r1 = tensor.insert_slice %v0 into %r0[0, 0] [4, 2] [1, 3] : tensor<4x2xf32> into tensor<4x6xf32>
  %v1 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r2 = tensor.insert_slice %v1 into %r1[0, 1] [4, 2] [1, 3] : tensor<4x2xf32> into tensor<4x6xf32>
  %v2 = linalg.exp ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r3 = tensor.insert_slice %v2 into %r2[0, 2] [4, 2] [1, 3] : tensor<4x2xf32> into tensor<4x6xf32>
  return %r3 : tensor<4x6xf32>
}

// -----

// A dense block of three layers: one buffer, of which the concatenation before the last is a view. The one of the first two parts is written
// as such, the last one as that and one more.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<1x2xf32>)
// CHECK: %[[BUFFER:.*]] = memref.alloc() : memref<1x8xf32>
// CHECK-NOT: memref.alloc
// CHECK: %[[A:.*]] = linalg.exp ins(%[[X]]
// CHECK: bufferization.materialize_in_destination %[[A]] in restrict writable %{{.*}} : (tensor<1x2xf32>, memref<1x2xf32, strided<[8, 1]>>) -> ()
// CHECK: %[[AS_READ:.*]] = bufferization.to_tensor %{{.*}} restrict :
// CHECK: %[[B:.*]] = linalg.exp ins(%[[AS_READ]]
// CHECK: bufferization.materialize_in_destination %[[B]] in restrict writable %{{.*}} : (tensor<1x2xf32>, memref<1x2xf32, strided<[8, 1], offset: 2>>) -> ()
// CHECK: %[[BOTH:.*]] = bufferization.to_tensor %{{.*}} restrict : memref<1x4xf32, strided<[8, 1]>> to tensor<1x4xf32>
// CHECK: linalg.exp ins(%[[BOTH]]
// CHECK: bufferization.materialize_in_destination %{{.*}} in restrict writable %{{.*}} : (tensor<1x4xf32>, memref<1x4xf32, strided<[8, 1], offset: 4>>) -> ()
// CHECK: %[[ALL:.*]] = bufferization.to_tensor %[[BUFFER]] restrict
// CHECK: return %[[ALL]]
// BUFFERS-LABEL: func.func @main(
// BUFFERS: memref.alloc()
// BUFFERS-NOT: memref.alloc
// BUFFERS-NOT: memref.copy
// BUFFERS: return
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x8xf32> {
  %e2 = tensor.empty() : tensor<1x2xf32>
  %e4 = tensor.empty() : tensor<1x4xf32>
  %e8 = tensor.empty() : tensor<1x8xf32>
  %a = linalg.exp ins(%x : tensor<1x2xf32>) outs(%e2 : tensor<1x2xf32>) -> tensor<1x2xf32>
  %b = linalg.exp ins(%a : tensor<1x2xf32>) outs(%e2 : tensor<1x2xf32>) -> tensor<1x2xf32>
  %ab0 = tensor.insert_slice %a into %e4[0, 0] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x4xf32>
  %ab = tensor.insert_slice %b into %ab0[0, 2] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x4xf32>
  %c = linalg.exp ins(%ab : tensor<1x4xf32>) outs(%e4 : tensor<1x4xf32>) -> tensor<1x4xf32>
  %abc0 = tensor.insert_slice %ab into %e8[0, 0] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<1x8xf32>
  %abc = tensor.insert_slice %c into %abc0[0, 4] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<1x8xf32>
  return %abc : tensor<1x8xf32>
}

// -----

// The same part twice is computed in its first place and copied from there. What reads it later doesn't change it there: it may not be written.
// CHECK-LABEL: func.func @main(
// CHECK: %[[A:.*]] = linalg.exp
// CHECK: bufferization.materialize_in_destination %[[A]] in restrict writable %[[FIRST:.*]] :
// CHECK: %[[AS_READ:.*]] = bufferization.to_tensor %[[FIRST]] restrict : memref<1x2xf32, strided<[4, 1]>>
// CHECK: %[[SECOND:.*]] = bufferization.to_tensor %{{.*}} restrict writable : memref<1x2xf32, strided<[4, 1], offset: 2>>
// CHECK: linalg.generic {{.*}} ins(%[[AS_READ]] : {{.*}}) outs(%[[SECOND]]
// CHECK: linalg.exp ins(%[[AS_READ]]
// BUFFERS-LABEL: func.func @main(
// BUFFERS: %[[BUFFER:.*]] = memref.alloc(){{.*}} : memref<1x4xf32>
// BUFFERS: %[[FIRST:.*]] = memref.subview %[[BUFFER]][0, 0]
// BUFFERS: linalg.exp {{.*}} outs(%[[FIRST]]
// BUFFERS: %[[CHANGED:.*]] = memref.alloc()
// BUFFERS: linalg.exp ins(%[[FIRST]] : {{.*}}) outs(%[[CHANGED]]
// BUFFERS: return %[[CHANGED]], %[[BUFFER]]
func.func @main(%x: tensor<1x2xf32>) -> (tensor<1x2xf32>, tensor<1x4xf32>) {
  %e2 = tensor.empty() : tensor<1x2xf32>
  %e4 = tensor.empty() : tensor<1x4xf32>
  %a = linalg.exp ins(%x : tensor<1x2xf32>) outs(%e2 : tensor<1x2xf32>) -> tensor<1x2xf32>
  %aa0 = tensor.insert_slice %a into %e4[0, 0] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x4xf32>
  %aa = tensor.insert_slice %a into %aa0[0, 2] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x4xf32>
  %changed = linalg.exp ins(%a : tensor<1x2xf32>) outs(%a : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %changed, %aa : tensor<1x2xf32>, tensor<1x4xf32>
}

// -----

// What is returned, and what the caller gives, lies in a buffer of the caller: it is copied.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<1x2xf32>)
// CHECK: memref.alloc()
// CHECK: %[[A:.*]] = linalg.exp
// CHECK: linalg.generic {{.*}} ins(%[[A]]
// CHECK: linalg.generic {{.*}} ins(%[[X]]
// CHECK: return %[[A]]
// BUFFERS-LABEL: func.func @main(
// BUFFERS: %[[BUFFER:.*]] = memref.alloc(){{.*}} : memref<1x4xf32>
// BUFFERS: %[[A:.*]] = memref.alloc(){{.*}} : memref<1x2xf32>
// BUFFERS: linalg.exp {{.*}} outs(%[[A]]
// BUFFERS: return %[[A]], %[[BUFFER]]
func.func @main(%x: tensor<1x2xf32>) -> (tensor<1x2xf32>, tensor<1x4xf32>) {
  %e2 = tensor.empty() : tensor<1x2xf32>
  %e4 = tensor.empty() : tensor<1x4xf32>
  %a = linalg.exp ins(%x : tensor<1x2xf32>) outs(%e2 : tensor<1x2xf32>) -> tensor<1x2xf32>
  %ax0 = tensor.insert_slice %a into %e4[0, 0] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x4xf32>
  %ax = tensor.insert_slice %x into %ax0[0, 2] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x4xf32>
  return %a, %ax : tensor<1x2xf32>, tensor<1x4xf32>
}

// -----

// Phases of a part of a concatenation lie in that: every second element from the third on.
// CHECK-LABEL: func.func @main(
// CHECK: %[[BUFFER:.*]] = memref.alloc() : memref<1x6xf32>
// CHECK-NOT: memref.alloc
// CHECK-DAG: memref.subview %[[BUFFER]][0, 0] [1, 2] [1, 1]
// CHECK-DAG: memref.subview %[[BUFFER]][0, 2] [1, 2] [1, 2]
// CHECK-DAG: memref.subview %[[BUFFER]][0, 3] [1, 2] [1, 2]
// BUFFERS-LABEL: func.func @main(
// BUFFERS: memref.alloc()
// BUFFERS-NOT: memref.alloc
// BUFFERS-NOT: memref.copy
// BUFFERS: return
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x6xf32> {
  %e2 = tensor.empty() : tensor<1x2xf32>
  %e4 = tensor.empty() : tensor<1x4xf32>
  %e6 = tensor.empty() : tensor<1x6xf32>
  %even = linalg.exp ins(%x : tensor<1x2xf32>) outs(%e2 : tensor<1x2xf32>) -> tensor<1x2xf32>
  %odd = linalg.log ins(%x : tensor<1x2xf32>) outs(%e2 : tensor<1x2xf32>) -> tensor<1x2xf32>
  %p0 = tensor.insert_slice %even into %e4[0, 0] [1, 2] [1, 2] : tensor<1x2xf32> into tensor<1x4xf32>
  %p = tensor.insert_slice %odd into %p0[0, 1] [1, 2] [1, 2] : tensor<1x2xf32> into tensor<1x4xf32>
  %a = linalg.abs ins(%x : tensor<1x2xf32>) outs(%e2 : tensor<1x2xf32>) -> tensor<1x2xf32>
  %ap0 = tensor.insert_slice %a into %e6[0, 0] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x6xf32>
  %ap = tensor.insert_slice %p into %ap0[0, 2] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<1x6xf32>
  return %ap : tensor<1x6xf32>
}

// -----

// Somebody reads it when it isn't whole: it must still be so then.
// CHECK-LABEL: func.func @main(
// CHECK-NOT: memref
// CHECK-COUNT-2: tensor.insert_slice
// BUFFERS-LABEL: func.func @main(
func.func @main(%x: tensor<1x2xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>) {
  %e4 = tensor.empty() : tensor<1x4xf32>
  %r0 = tensor.insert_slice %x into %e4[0, 0] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x4xf32>
  %r1 = tensor.insert_slice %x into %r0[0, 2] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x4xf32>
  return %r0, %r1 : tensor<1x4xf32>, tensor<1x4xf32>
}

// -----

// What is there before isn't empty.
// CHECK-LABEL: func.func @main(
// CHECK-NOT: memref
// CHECK-COUNT-2: tensor.insert_slice
// BUFFERS-LABEL: func.func @main(
func.func @main(%x: tensor<1x2xf32>, %r: tensor<1x6xf32>) -> tensor<1x6xf32> {
  %r0 = tensor.insert_slice %x into %r[0, 0] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x6xf32>
  %r1 = tensor.insert_slice %x into %r0[0, 2] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x6xf32>
  return %r1 : tensor<1x6xf32>
}

// -----

// The second slice overwrites a part of the first.
// CHECK-LABEL: func.func @main(
// CHECK-NOT: memref
// CHECK-COUNT-2: tensor.insert_slice
// BUFFERS-LABEL: func.func @main(
func.func @main(%x: tensor<1x3xf32>) -> tensor<1x4xf32> {
  %e4 = tensor.empty() : tensor<1x4xf32>
  %r0 = tensor.insert_slice %x into %e4[0, 0] [1, 3] [1, 1] : tensor<1x3xf32> into tensor<1x4xf32>
  %r1 = tensor.insert_slice %x into %r0[0, 1] [1, 3] [1, 1] : tensor<1x3xf32> into tensor<1x4xf32>
  return %r1 : tensor<1x4xf32>
}

// -----

// What is copied to a concatenation is there before a view of it is read.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<1x2xf32>)
// CHECK: memref.alloc() : memref<1x6xf32>
// CHECK-NOT: memref.alloc
// CHECK: linalg.generic {{.*}} ins(%[[X]]
// CHECK: %[[BOTH:.*]] = bufferization.to_tensor %{{.*}} restrict : memref<1x4xf32, strided<[6, 1]>> to tensor<1x4xf32>
// CHECK: linalg.reduce ins(%[[BOTH]]
// CHECK-NOT: linalg.generic
// CHECK: return
// BUFFERS-LABEL: func.func @main(
// BUFFERS: memref.alloc(){{.*}} : memref<1x6xf32>
// BUFFERS-NOT: memref.alloc(){{.*}} : memref<1x{{[0-9]}}
// BUFFERS-NOT: memref.copy
// BUFFERS: return
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x6xf32> {
  %e2 = tensor.empty() : tensor<1x2xf32>
  %e4 = tensor.empty() : tensor<1x4xf32>
  %e6 = tensor.empty() : tensor<1x6xf32>
  %a = linalg.exp ins(%x : tensor<1x2xf32>) outs(%e2 : tensor<1x2xf32>) -> tensor<1x2xf32>
  %xa0 = tensor.insert_slice %x into %e4[0, 0] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x4xf32>
  %xa = tensor.insert_slice %a into %xa0[0, 2] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x4xf32>
  %e1 = tensor.empty() : tensor<1xf32>
  %sum = linalg.reduce ins(%xa : tensor<1x4xf32>) outs(%e1 : tensor<1xf32>) dimensions = [1]
    (%in: f32, %out: f32) {
      %0 = arith.maximumf %in, %out : f32
      linalg.yield %0 : f32
    }
  %b = linalg.broadcast ins(%sum : tensor<1xf32>) outs(%e2 : tensor<1x2xf32>) dimensions = [1]
  %xab0 = tensor.insert_slice %x into %e6[0, 0] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x6xf32>
  %xab1 = tensor.insert_slice %a into %xab0[0, 2] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x6xf32>
  %xab = tensor.insert_slice %b into %xab1[0, 4] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x6xf32>
  return %xab : tensor<1x6xf32>
}
