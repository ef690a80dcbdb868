// RUN: toeplitz-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @there_and_back
// CHECK-SAME: (%[[X:.*]]: tensor<1x12x9x9xf32>)
func.func @there_and_back(%x: tensor<1x12x9x9xf32>) -> tensor<1x12x9x9xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = tensor.empty() : tensor<1x2x9x9x8xf32>
  %1 = kernel.reorder ins(%x) outs(%0) {channels = 12 : i64} : (tensor<1x12x9x9xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
  %2 = tensor.empty() : tensor<1x12x9x9xf32>
  %3 = kernel.reorder ins(%1) outs(%2) {channels = 12 : i64} : (tensor<1x2x9x9x8xf32>, tensor<1x12x9x9xf32>) -> tensor<1x12x9x9xf32>
  return %3 : tensor<1x12x9x9xf32>
}

// What fills up the last block is unspecified: it need not become zero on the way.
// CHECK-LABEL: @back_and_there
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x9x9x8xf32>)
func.func @back_and_there(%x: tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = tensor.empty() : tensor<1x12x9x9xf32>
  %1 = kernel.reorder ins(%x) outs(%0) {channels = 12 : i64} : (tensor<1x2x9x9x8xf32>, tensor<1x12x9x9xf32>) -> tensor<1x12x9x9xf32>
  %2 = tensor.empty() : tensor<1x2x9x9x8xf32>
  %3 = kernel.reorder ins(%1) outs(%2) {channels = 12 : i64} : (tensor<1x12x9x9xf32>, tensor<1x2x9x9x8xf32>) -> tensor<1x2x9x9x8xf32>
  return %3 : tensor<1x2x9x9x8xf32>
}

// The plain tensor is read elsewhere too: its reorder stays, the other goes.
// CHECK-LABEL: @plain_read_twice
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x9x8xf32>)
func.func @plain_read_twice(%x: tensor<1x2x9x8xf32>) -> (tensor<1x12x9xf32>, tensor<1x2x9x8xf32>) {
  // CHECK: %[[PLAIN:.*]] = kernel.reorder ins(%[[X]])
  // CHECK-NEXT: return %[[PLAIN]], %[[X]]
  %0 = tensor.empty() : tensor<1x12x9xf32>
  %1 = kernel.reorder ins(%x) outs(%0) {channels = 12 : i64} : (tensor<1x2x9x8xf32>, tensor<1x12x9xf32>) -> tensor<1x12x9xf32>
  %2 = tensor.empty() : tensor<1x2x9x8xf32>
  %3 = kernel.reorder ins(%1) outs(%2) {channels = 12 : i64} : (tensor<1x12x9xf32>, tensor<1x2x9x8xf32>) -> tensor<1x2x9x8xf32>
  return %1, %3 : tensor<1x12x9xf32>, tensor<1x2x9x8xf32>
}

// From blocks of 8 to blocks of 4: another layout, nothing cancels.
// CHECK-LABEL: @another_vector_length
func.func @another_vector_length(%x: tensor<1x2x9x8xf32>) -> tensor<1x3x9x4xf32> {
  // CHECK-COUNT-2: kernel.reorder
  %0 = tensor.empty() : tensor<1x12x9xf32>
  %1 = kernel.reorder ins(%x) outs(%0) {channels = 12 : i64} : (tensor<1x2x9x8xf32>, tensor<1x12x9xf32>) -> tensor<1x12x9xf32>
  %2 = tensor.empty() : tensor<1x3x9x4xf32>
  %3 = kernel.reorder ins(%1) outs(%2) {channels = 12 : i64} : (tensor<1x12x9xf32>, tensor<1x3x9x4xf32>) -> tensor<1x3x9x4xf32>
  return %3 : tensor<1x3x9x4xf32>
}

// On tensors the operations are pure: what nobody reads goes.
// CHECK-LABEL: @unread
func.func @unread(%x: tensor<1x10xf32>, %y: tensor<1x10xf32>) {
  // CHECK-NEXT: return
  %0 = kernel.softmax ins(%x) outs(%y) {axis = 1 : i64, log = false} : (tensor<1x10xf32>, tensor<1x10xf32>) -> tensor<1x10xf32>
  %1 = kernel.lrn ins(%0) outs(%y) {size = 5 : i64, alpha = 1.0 : f32, beta = 0.75 : f32, k = 1.0 : f32} : (tensor<1x10xf32>, tensor<1x10xf32>) -> tensor<1x10xf32>
  return
}

// On buffers they write: they stay, and so do reorders in a row.
// CHECK-LABEL: @buffers
func.func @buffers(%x: memref<1x12x9xf32>, %blocked: memref<1x2x9x8xf32>, %y: memref<1x12x9xf32>) {
  // CHECK-COUNT-2: kernel.reorder
  // CHECK: kernel.lrn
  kernel.reorder ins(%x) outs(%blocked) {channels = 12 : i64} : (memref<1x12x9xf32>, memref<1x2x9x8xf32>) -> ()
  kernel.reorder ins(%blocked) outs(%y) {channels = 12 : i64} : (memref<1x2x9x8xf32>, memref<1x12x9xf32>) -> ()
  kernel.lrn ins(%y) outs(%x) {size = 5 : i64, alpha = 1.0 : f32, beta = 0.75 : f32, k = 1.0 : f32} : (memref<1x12x9xf32>, memref<1x12x9xf32>) -> ()
  return
}

// N x C in whole blocks is in the same order as plain: nothing is moved.
// CHECK-LABEL: @same_order
// CHECK-SAME: (%[[X:.*]]: tensor<5x32xf32>, %[[Y:.*]]: tensor<5x4x8xf32>)
func.func @same_order(%x: tensor<5x32xf32>, %y: tensor<5x4x8xf32>) -> (tensor<5x4x8xf32>, tensor<5x32xf32>) {
  // CHECK-DAG: %[[BLOCKED:.*]] = tensor.expand_shape %[[X]] {{\[\[}}0], [1, 2]] output_shape [5, 4, 8]
  // CHECK-DAG: %[[PLAIN:.*]] = tensor.collapse_shape %[[Y]] {{\[\[}}0], [1, 2]] : tensor<5x4x8xf32> into tensor<5x32xf32>
  // CHECK-NOT: kernel.reorder
  // CHECK: return %[[BLOCKED]], %[[PLAIN]]
  %e = tensor.empty() : tensor<5x4x8xf32>
  %0 = kernel.reorder ins(%x) outs(%e) {channels = 32 : i64} : (tensor<5x32xf32>, tensor<5x4x8xf32>) -> tensor<5x4x8xf32>
  %f = tensor.empty() : tensor<5x32xf32>
  %1 = kernel.reorder ins(%y) outs(%f) {channels = 32 : i64} : (tensor<5x4x8xf32>, tensor<5x32xf32>) -> tensor<5x32xf32>
  return %0, %1 : tensor<5x4x8xf32>, tensor<5x32xf32>
}

// Channels that don't fill the last block, and positions.
// CHECK-LABEL: @another_order
func.func @another_order(%x: tensor<5x30xf32>, %y: tensor<5x32x2xf32>, %z: tensor<5x4x8xf32>)
    -> (tensor<5x4x8xf32>, tensor<5x4x2x8xf32>, tensor<5x30xf32>) {
  // CHECK-COUNT-3: kernel.reorder
  %e = tensor.empty() : tensor<5x4x8xf32>
  %0 = kernel.reorder ins(%x) outs(%e) {channels = 30 : i64} : (tensor<5x30xf32>, tensor<5x4x8xf32>) -> tensor<5x4x8xf32>
  %f = tensor.empty() : tensor<5x4x2x8xf32>
  %1 = kernel.reorder ins(%y) outs(%f) {channels = 32 : i64} : (tensor<5x32x2xf32>, tensor<5x4x2x8xf32>) -> tensor<5x4x2x8xf32>
  %g = tensor.empty() : tensor<5x30xf32>
  %2 = kernel.reorder ins(%z) outs(%g) {channels = 30 : i64} : (tensor<5x4x8xf32>, tensor<5x30xf32>) -> tensor<5x30xf32>
  return %0, %1, %2 : tensor<5x4x8xf32>, tensor<5x4x2x8xf32>, tensor<5x30xf32>
}

// A slice's channels lie apart in memory, and what a loop hands on may be one.
// CHECK-LABEL: @slices
func.func @slices(%x: tensor<5x32x7xf32>, %y: tensor<5x32xf32>, %n: index) -> (tensor<5x4x8xf32>, tensor<5x4x8xf32>) {
  // CHECK-COUNT-2: kernel.reorder
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %slice = tensor.extract_slice %x[0, 0, 3] [5, 32, 1] [1, 1, 1] : tensor<5x32x7xf32> to tensor<5x32x1xf32>
  %matrix = tensor.collapse_shape %slice [[0], [1, 2]] : tensor<5x32x1xf32> into tensor<5x32xf32>
  %e = tensor.empty() : tensor<5x4x8xf32>
  %0 = kernel.reorder ins(%matrix) outs(%e) {channels = 32 : i64} : (tensor<5x32xf32>, tensor<5x4x8xf32>) -> tensor<5x4x8xf32>
  %1:2 = scf.for %i = %c0 to %n step %c1 iter_args(%carried = %y, %blocked = %e) -> (tensor<5x32xf32>, tensor<5x4x8xf32>) {
    %2 = kernel.reorder ins(%carried) outs(%blocked) {channels = 32 : i64} : (tensor<5x32xf32>, tensor<5x4x8xf32>) -> tensor<5x4x8xf32>
    %next = tensor.extract_slice %x[0, 0, %i] [5, 32, 1] [1, 1, 1] : tensor<5x32x7xf32> to tensor<5x32xf32>
    scf.yield %next, %2 : tensor<5x32xf32>, tensor<5x4x8xf32>
  }
  return %0, %1#1 : tensor<5x4x8xf32>, tensor<5x4x8xf32>
}
