// RUN: toeplitz-opt %s --drop-empty-buffers | FileCheck %s
// What it is for: such a function has a form in LLVM.
// RUN: toeplitz-opt %s --drop-empty-buffers --plan-memory --convert-parallel-to-runtime --convert-func-to-llvm=use-bare-ptr-memref-call-conv=1 | FileCheck %s --check-prefix=LLVM

// CHECK: func.func @main(%[[X:.*]]: memref<0x1xf32>, %[[Y:.*]]: memref<4x3xf32>, %[[Z:.*]]: memref<0x1xf32>, %[[S:.*]]: memref<f32>)
// LLVM: llvm.func @main(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr)
// CHECK-NOT: memref.global
memref.global "private" constant @none : memref<4x0xf32> = dense<> {alignment = 64 : i64}
func.func @main(%x: memref<4x0xf32>, %y: memref<4x3xf32>, %z: memref<2x0xf32>, %s: memref<f32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: memref.alloc() : memref<0x1xf32>
  %0 = memref.get_global @none : memref<4x0xf32>
  %1 = memref.subview %y[0, 0] [4, 0] [1, 1] : memref<4x3xf32> to memref<4x0xf32, strided<[3, 1]>>
  // CHECK-NOT: memref.copy
  memref.copy %0, %1 : memref<4x0xf32> to memref<4x0xf32, strided<[3, 1]>>
  // CHECK: %[[R:.*]] = scf.for {{.*}} iter_args(%[[T:.*]] = %[[X]]) -> (memref<0x1xf32>)
  %2 = scf.for %i = %c0 to %c1 step %c1 iter_args(%t = %x) -> (memref<4x0xf32>) {
    // CHECK: scf.yield %[[T]] : memref<0x1xf32>
    scf.yield %t : memref<4x0xf32>
  }
  // CHECK: memref.load %[[R]][%{{.*}}, %{{.*}}] : memref<0x1xf32>
  %3 = memref.load %2[%c0, %c0] : memref<4x0xf32>
  memref.store %3, %s[] : memref<f32>
  return
}
