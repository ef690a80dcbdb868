// RUN: toeplitz-opt %s --convert-parallel-to-runtime --split-input-file | FileCheck %s

// The pool is the first argument of @main. Calls with a task each become one call with the number of tasks; a call of a single task stays.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[POOL:.*]]: !llvm.ptr, %[[ARENA:.*]]: memref<64xi8>, %[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32>)
// CHECK: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK: %[[COUNT:.*]] = arith.constant 14 : index
// CHECK-NEXT: call @kernel_conv1.parallel(%[[POOL]], %[[COUNT]], %[[COUNT]], %[[X]], %[[Y]]) : (!llvm.ptr, index, index, memref<4xf32>, memref<4xf32>) -> ()
// CHECK-NEXT: %[[COUNT:.*]] = arith.constant 3 : index
// CHECK-NEXT: call @kernel_conv1.parallel(%[[POOL]], %[[COUNT]], %[[COUNT]], %[[Y]], %[[X]])
// CHECK-NEXT: call @kernel_conv1(%[[ZERO]], %[[X]], %[[Y]])
// CHECK-NEXT: %[[COUNT:.*]] = arith.constant 2 : index
// CHECK-NEXT: call @kernel_pool1.parallel(%[[POOL]], %[[COUNT]], %[[COUNT]], %[[X]]) : (!llvm.ptr, index, index, memref<4xf32>) -> ()
// CHECK-NEXT: return
// CHECK-DAG: func.func private @kernel_conv1(index, memref<4xf32>, memref<4xf32>)
// CHECK-DAG: func.func private @kernel_conv1.parallel(!llvm.ptr, index, index, memref<4xf32>, memref<4xf32>) attributes {toeplitz.kernel = @kernel_conv1}
// CHECK-DAG: func.func private @kernel_pool1.parallel(!llvm.ptr, index, index, memref<4xf32>) attributes {toeplitz.kernel = @kernel_pool1}
// CHECK-NOT: scf.forall
func.func @main(%arena: memref<64xi8>, %x: memref<4xf32>, %y: memref<4xf32>) {
  %zero = arith.constant 0 : index
  scf.forall (%task) in (14) {
    func.call @kernel_conv1(%task, %x, %y) : (index, memref<4xf32>, memref<4xf32>) -> ()
  }
  scf.forall (%task) in (3) {
    func.call @kernel_conv1(%task, %y, %x) : (index, memref<4xf32>, memref<4xf32>) -> ()
  }
  func.call @kernel_conv1(%zero, %x, %y) : (index, memref<4xf32>, memref<4xf32>) -> ()
  scf.forall (%task) in (2) {
    func.call @kernel_pool1(%task, %x) : (index, memref<4xf32>) -> ()
  }
  return
}
func.func private @kernel_conv1(index, memref<4xf32>, memref<4xf32>)
func.func private @kernel_pool1(index, memref<4xf32>)

// -----

// A loop whose tasks work in memory says how many places there are.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[POOL:.*]]: !llvm.ptr, %[[X:.*]]: memref<8x4xf32>)
// CHECK: %[[COUNT:.*]] = arith.constant 14 : index
// CHECK-NEXT: %[[SLOTS:.*]] = arith.constant 8 : index
// CHECK-NEXT: call @kernel_conv1.parallel(%[[POOL]], %[[COUNT]], %[[SLOTS]], %[[X]]) : (!llvm.ptr, index, index, memref<8x4xf32>) -> ()
// CHECK: func.func private @kernel_conv1.parallel(!llvm.ptr, index, index, memref<8x4xf32>) attributes {toeplitz.kernel = @kernel_conv1, toeplitz.slot}
func.func @main(%x: memref<8x4xf32>) {
  scf.forall (%task) in (14) {
    %slot = kernel.slot 8
    func.call @kernel_conv1(%task, %slot, %x) : (index, index, memref<8x4xf32>) -> ()
  }
  return
}
func.func private @kernel_conv1(index, index, memref<8x4xf32>)

// -----

// Without a parallel loop the signature is the same.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%{{.*}}: !llvm.ptr, %{{.*}}: memref<64xi8>)
// CHECK-NOT: func.func
func.func @main(%arena: memref<64xi8>) {
  return
}
