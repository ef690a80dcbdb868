// RUN: toeplitz-opt %s --pass-pipeline='builtin.module(gpu.module(select-sample))' | FileCheck %s

// A block's sample is its number along the second dimension; offsets have 64 bits, one for each stride. Weights are everybody's.
// CHECK-LABEL: llvm.func @kernel(
// CHECK-SAME: %[[X:.*]]: !llvm.ptr, %[[W:.*]]: !llvm.ptr, %[[H:.*]]: !llvm.ptr, %[[Y:.*]]: !llvm.ptr, %[[ARENA:.*]]: i64, %[[OUTPUT:.*]]: i64)
// CHECK-NOT: toeplitz.sample_strides
// CHECK: %[[BLOCK:.*]] = nvvm.read.ptx.sreg.ctaid.y : i32
// CHECK: %[[SAMPLE:.*]] = llvm.zext %[[BLOCK]] : i32 to i64
// CHECK: %[[OFFSET:.*]] = llvm.mul %[[SAMPLE]], %[[ARENA]] : i64
// CHECK: %[[OWN_X:.*]] = llvm.getelementptr %[[X]][%[[OFFSET]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK: %[[OWN_H:.*]] = llvm.getelementptr %[[H]][%[[OFFSET]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK: %[[OTHER:.*]] = llvm.mul %[[SAMPLE]], %[[OUTPUT]] : i64
// CHECK: %[[OWN_Y:.*]] = llvm.getelementptr %[[Y]][%[[OTHER]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK: llvm.load %[[OWN_X]]
// CHECK: llvm.load %[[W]]
// CHECK: llvm.store %{{.*}}, %[[OWN_H]]
// CHECK: llvm.store %{{.*}}, %[[OWN_Y]]
// CHECK-LABEL: llvm.func @other
// CHECK-NOT: ctaid
gpu.module @kernels {
  llvm.func @kernel(%x: !llvm.ptr, %w: !llvm.ptr, %h: !llvm.ptr, %y: !llvm.ptr, %arena: i64, %output: i64)
      attributes {toeplitz.sample_strides = array<i64: 4, -1, 4, 5>} {
    %0 = llvm.load %x : !llvm.ptr -> f32
    %1 = llvm.load %w : !llvm.ptr -> f32
    llvm.store %0, %h : f32, !llvm.ptr
    llvm.store %1, %y : f32, !llvm.ptr
    llvm.return
  }
  llvm.func @other(%x: !llvm.ptr) {
    llvm.return
  }
}
