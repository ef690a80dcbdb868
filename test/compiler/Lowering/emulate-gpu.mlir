// RUN: toeplitz-opt %s --emulate-gpu | FileCheck %s --implicit-check-not=toeplitz_emulated_access
// RUN: toeplitz-opt %s --emulate-gpu=check=1 | FileCheck %s --check-prefixes=CHECK,ACCESS

// CHECK: toeplitz.kernels = [{name = "kernel", shared = 256 : i64, threads = 32 : i64, waits = true}]
// CHECK-LABEL: llvm.func @kernel.thread
// CHECK: llvm.call @toeplitz_emulated_thread() : () -> i32
// CHECK: llvm.call @toeplitz_emulated_block() : () -> i32
// Each variable begins at a multiple of 128 bytes.
// CHECK: %[[FIRST:.*]] = llvm.mlir.constant(0 : i64) : i64
// CHECK: llvm.call @toeplitz_emulated_shared(%[[FIRST]])
// CHECK: %[[SECOND:.*]] = llvm.mlir.constant(128 : i64) : i64
// CHECK: llvm.call @toeplitz_emulated_shared(%[[SECOND]])
// ACCESS: %[[BYTES:.*]] = llvm.mlir.constant(4 : i64) : i64
// ACCESS: %[[WRITES:.*]] = llvm.mlir.constant(1 : i32) : i32
// ACCESS: llvm.call @toeplitz_emulated_access(%{{.*}}, %[[BYTES]], %[[WRITES]])
// CHECK: llvm.store
// CHECK: llvm.call @toeplitz_emulated_barrier() : () -> ()
// ACCESS: %[[READS:.*]] = llvm.mlir.constant(0 : i32) : i32
// ACCESS: llvm.call @toeplitz_emulated_access(%{{.*}}, %{{.*}}, %[[READS]])
// CHECK: llvm.load
// CHECK: %[[MODE:.*]] = llvm.mlir.constant(3 : i32) : i32
// CHECK: llvm.call @toeplitz_emulated_shuffle(%[[MODE]], %[[VALUE:.*]], %[[SIXTEEN:.*]]) : (i32, i32, i32) -> i32
// The device's memory isn't watched.
// ACCESS-NOT: llvm.call @toeplitz_emulated_access
// CHECK: llvm.return
// CHECK-LABEL: llvm.func @kernel.emulated(%{{.*}}: !llvm.ptr)
// CHECK: llvm.call @kernel.thread
module attributes {toeplitz.kernels = [{name = "kernel", threads = 32 : i64, waits = true}]} {
  gpu.module @kernels {
    llvm.mlir.global internal @a() {addr_space = 3 : i32} : !llvm.array<3 x f32>
    llvm.mlir.global internal @b() {addr_space = 3 : i32} : !llvm.array<4 x f32>
    llvm.func @kernel(%x: !llvm.ptr) {
      %thread = nvvm.read.ptx.sreg.tid.x : i32
      %block = nvvm.read.ptx.sreg.ctaid.x : i32
      %sum = llvm.add %thread, %block : i32
      %a = llvm.mlir.addressof @a : !llvm.ptr<3>
      %b = llvm.mlir.addressof @b : !llvm.ptr<3>
      llvm.store %sum, %a : i32, !llvm.ptr<3>
      nvvm.barrier0
      %0 = llvm.load %b : !llvm.ptr<3> -> i32
      %all = llvm.mlir.constant(-1 : i32) : i32
      %last = llvm.mlir.constant(31 : i32) : i32
      %distance = llvm.mlir.constant(16 : i32) : i32
      %1 = nvvm.shfl.sync bfly %all, %0, %distance, %last : i32 -> i32
      llvm.store %1, %x : i32, !llvm.ptr
      llvm.return
    }
  }
}
