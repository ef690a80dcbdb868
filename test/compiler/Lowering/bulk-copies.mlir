// Bulk copies and their barriers in NVVM, and then in emulation.

// RUN: toeplitz-opt %s --pass-pipeline='builtin.module(gpu.module(convert-device-to-nvvm,reconcile-unrealized-casts))' | FileCheck %s --check-prefix=NVVM
// RUN: toeplitz-opt %s --pass-pipeline='builtin.module(gpu.module(convert-device-to-nvvm,reconcile-unrealized-casts),emulate-gpu{check})' | FileCheck %s --check-prefix=EMULATED

// A map stays where the launch puts it.
// NVVM: llvm.func @kernel(%[[SOURCE:.*]]: !llvm.ptr, %[[MAP:.*]]: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant})
// NVVM: %[[PLACE:.*]] = llvm.getelementptr %{{.*}}[%{{.*}}] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i64
// NVVM: %[[ONE:.*]] = llvm.mlir.constant(1 : i32) : i32
// NVVM: nvvm.mbarrier.init %[[PLACE]], %[[ONE]] : !llvm.ptr<3>, i32
// NVVM: %[[BYTES:.*]] = llvm.mlir.constant(24576 : i32) : i32
// NVVM: nvvm.mbarrier.arrive.expect_tx %{{.*}}, %[[BYTES]] : !llvm.ptr<3>, i32
// NVVM: %[[TO:.*]] = llvm.addrspacecast %{{.*}} : !llvm.ptr<3> to !llvm.ptr<7>
// NVVM: %[[FROM:.*]] = llvm.addrspacecast %{{.*}} : !llvm.ptr to !llvm.ptr<1>
// NVVM: %[[COPIED:.*]] = llvm.mlir.constant(8192 : i32) : i32
// NVVM: nvvm.cp.async.bulk.shared.cluster.global %[[TO]], %[[FROM]], %{{.*}}, %[[COPIED]] : !llvm.ptr<7>, <1>
// The fastest coordinate is the first.
// NVVM: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %[[MAP]], %{{.*}}, box[%{{.*}}, %{{.*}}] : !llvm.ptr<7>, 
// NVVM: nvvm.mbarrier.try_wait %{{.*}}, %{{.*}} : !llvm.ptr<3>, i32 -> i1

// EMULATED: llvm.func @kernel.thread(%{{.*}}: !llvm.ptr, %[[MAP:.*]]: !llvm.ptr) {
// EMULATED: llvm.call @toeplitz_emulated_mbarrier_init(%{{.*}}, %{{.*}}) : (!llvm.ptr, i32) -> ()
// EMULATED: llvm.call @toeplitz_emulated_mbarrier_expect(%{{.*}}, %{{.*}}) : (!llvm.ptr, i32) -> ()
// EMULATED: llvm.call @toeplitz_emulated_bulk_copy(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, i32) -> ()
// EMULATED: llvm.call @toeplitz_emulated_tensor_copy(%{{.*}}, %[[MAP]], %{{.*}}) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, i32, i32, i32, i32, i32) -> ()
// EMULATED: %[[ENDED:.*]] = llvm.call @toeplitz_emulated_mbarrier_wait(%{{.*}}, %{{.*}}) : (!llvm.ptr, i32) -> i32
// EMULATED: llvm.trunc %[[ENDED]] : i32 to i1
gpu.module @kernels {
  gpu.func @kernel(%filter: memref<65536xf32>, %map: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>})
      workgroup(%tiles: memref<2048xf32, #gpu.address_space<workgroup>>, %data: memref<8192xbf16, #gpu.address_space<workgroup>>,
                %barriers: memref<3xi64, #gpu.address_space<workgroup>>) kernel {
    %c0 = arith.constant 0 : index
    %i = gpu.thread_id x
    device.init_mbarrier %barriers[%i] : memref<3xi64, #gpu.address_space<workgroup>>
    device.expect_bytes %barriers[%i], 24576 : memref<3xi64, #gpu.address_space<workgroup>>
    device.bulk_copy %filter[%i], %tiles[%c0], %barriers[%i], 8192
      : memref<65536xf32>, memref<2048xf32, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
    device.tensor_copy %map[%i, %c0], %data[%c0], %barriers[%i], box = [128, 64]
      : !llvm.ptr, memref<8192xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
    %there = device.try_wait %barriers[%i], %c0 : memref<3xi64, #gpu.address_space<workgroup>>
    gpu.return
  }
}
