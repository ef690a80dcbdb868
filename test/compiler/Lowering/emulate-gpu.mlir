// RUN: toeplitz-opt %s --emulate-gpu | FileCheck %s --implicit-check-not=toeplitz_emulated_access
// RUN: toeplitz-opt %s --emulate-gpu=check=1 | FileCheck %s --check-prefixes=CHECK,ACCESS

// CHECK: toeplitz.kernels = [{name = "kernel", shared = 256 : i64, threads = 32 : i64, waits = true}, {name = "warpgroup", shared = 50176 : i64, threads = 128 : i64, waits = true}]
// CHECK-LABEL: llvm.func @kernel.thread
// CHECK: llvm.call @toeplitz_emulated_thread() : () -> i32
// CHECK: llvm.call @toeplitz_emulated_block() : () -> i32
// CHECK: llvm.call @toeplitz_emulated_sample() : () -> i32
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
module attributes {toeplitz.kernels = [{name = "kernel", threads = 32 : i64, waits = true},
                                       {name = "warpgroup", shared = 50176 : i64, threads = 128 : i64, waits = true}]} {
  gpu.module @kernels {
    llvm.mlir.global external @dynamic() {addr_space = 3 : i32} : !llvm.array<0 x i8>
    llvm.mlir.global internal @a() {addr_space = 3 : i32} : !llvm.array<3 x f32>
    llvm.mlir.global internal @b() {addr_space = 3 : i32} : !llvm.array<4 x f32>
    llvm.func @kernel(%x: !llvm.ptr) {
      %thread = nvvm.read.ptx.sreg.tid.x : i32
      %block = nvvm.read.ptx.sreg.ctaid.x : i32
      %sample = nvvm.read.ptx.sreg.ctaid.y : i32
      %place = llvm.add %block, %sample : i32
      %sum = llvm.add %thread, %place : i32
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
    // What is copied arrives when the thread waits for it.
    // CHECK-LABEL: llvm.func @copy.thread
    // ACCESS: %[[SIXTEEN:.*]] = llvm.mlir.constant(16 : i64) : i64
    // ACCESS: llvm.call @toeplitz_emulated_access(%{{.*}}, %[[SIXTEEN]], %{{.*}})
    // CHECK: %[[TO:.*]] = llvm.addrspacecast %arg0
    // CHECK: %[[FROM:.*]] = llvm.addrspacecast %arg1
    // CHECK: %[[BYTES:.*]] = llvm.mlir.constant(16 : i32) : i32
    // CHECK: %[[GIVEN:.*]] = llvm.mlir.constant(16 : i32) : i32
    // CHECK: llvm.call @toeplitz_emulated_copy(%[[TO]], %[[FROM]], %[[BYTES]], %[[GIVEN]])
    // CHECK: llvm.call @toeplitz_emulated_copy(%{{.*}}, %{{.*}}, %{{.*}}, %arg2)
    // CHECK: llvm.call @toeplitz_emulated_commit()
    // CHECK: %[[PENDING:.*]] = llvm.mlir.constant(1 : i32) : i32
    // CHECK: llvm.call @toeplitz_emulated_wait(%[[PENDING]])
    llvm.func @copy(%to: !llvm.ptr<3>, %from: !llvm.ptr<1>, %size: i32) {
      nvvm.cp.async.shared.global %to, %from, 16, cache = cg : !llvm.ptr<3>, !llvm.ptr<1>
      nvvm.cp.async.shared.global %to, %from, 16, cache = cg, %size : !llvm.ptr<3>, !llvm.ptr<1>, i32
      nvvm.cp.async.commit.group
      nvvm.cp.async.wait.group 1
      llvm.return
    }
    // CHECK-LABEL: llvm.func @matrices.thread
    // CHECK: %[[WORDS:.*]] = llvm.alloca
    // ACCESS: %[[SIXTEEN:.*]] = llvm.mlir.constant(16 : i64) : i64
    // ACCESS: llvm.call @toeplitz_emulated_access(%{{.*}}, %[[SIXTEEN]], %{{.*}})
    // CHECK: llvm.call @toeplitz_emulated_load_matrices(%{{.*}}, %[[WORDS]])
    // CHECK-COUNT-4: llvm.insertvalue
    llvm.func @matrices(%row: !llvm.ptr<3>, %x: !llvm.ptr) {
      %0 = nvvm.ldmatrix %row {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<row>, num = 4 : i32,
                               shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>}
        : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32, i32, i32)>
      %1 = llvm.extractvalue %0[3] : !llvm.struct<(i32, i32, i32, i32)>
      llvm.store %1, %x : i32, !llvm.ptr
      llvm.return
    }
    // A lane's fragments go by way of its memory.
    // CHECK-LABEL: llvm.func @product.thread
    // CHECK: %[[COUNT:.*]] = llvm.mlir.constant(10 : i32) : i32
    // CHECK: %[[WORDS:.*]] = llvm.alloca %[[COUNT]] x i32
    // CHECK: %[[ROUNDED:.*]] = llvm.call @toeplitz_emulated_tf32(%{{.*}}) : (f32) -> i32
    // CHECK: %[[FIRST:.*]] = llvm.getelementptr %[[WORDS]][0]
    // CHECK: llvm.store %[[ROUNDED]], %[[FIRST]]
    // CHECK-COUNT-9: llvm.store
    // CHECK: %[[TF32:.*]] = llvm.mlir.constant(0 : i32) : i32
    // CHECK: llvm.call @toeplitz_emulated_mma(%[[TF32]], %[[WORDS]])
    // CHECK: llvm.getelementptr %[[WORDS]][6]
    // CHECK-COUNT-4: llvm.insertvalue
    llvm.func @product(%x: !llvm.ptr, %number: f32, %low: f32) {
      %a = nvvm.convert.float.to.tf32 %number {rnd = #nvvm.fp_rnd_mode<rna>}
      %0 = nvvm.mma.sync A[%a, %a, %a, %a] B[%a, %a] C[%number, %number, %number, %number]
        {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, multiplicandAPtxType = #nvvm.mma_type<tf32>,
         multiplicandBPtxType = #nvvm.mma_type<tf32>, shape = #nvvm.shape<m = 16, n = 8, k = 8>}
        : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
      %1 = llvm.extractvalue %0[3] : !llvm.struct<(f32, f32, f32, f32)>
      llvm.store %1, %x : f32, !llvm.ptr
      // CHECK: %[[PAIR:.*]] = llvm.call @toeplitz_emulated_bf16x2(%arg1, %arg2) : (f32, f32) -> i32
      // CHECK: llvm.bitcast %[[PAIR]] : i32 to vector<2xbf16>
      %2 = nvvm.convert.f32x2.to.bf16x2 %number, %low {rnd = #nvvm.fp_rnd_mode<rn>} : vector<2xbf16>
      llvm.store %2, %x : vector<2xbf16>, !llvm.ptr
      llvm.return
    }
    // What launches ask for is all of the block's memory. A thread's sums go by way of its own; the fence of registers says nothing here.
    // CHECK-LABEL: llvm.func @warpgroup.thread
    // CHECK: %[[COUNT:.*]] = llvm.mlir.constant(12 : i32) : i32
    // CHECK: %[[WORDS:.*]] = llvm.alloca %[[COUNT]] x i32
    // CHECK: %[[PLACE:.*]] = llvm.mlir.constant(0 : i64) : i64
    // CHECK: llvm.call @toeplitz_emulated_shared(%[[PLACE]])
    // CHECK: llvm.call @toeplitz_emulated_publish()
    // CHECK-NOT: wgmma
    // CHECK-COUNT-12: llvm.store
    // CHECK: %[[BF16:.*]] = llvm.mlir.constant(1 : i32) : i32
    // CHECK: %[[COLUMNS:.*]] = llvm.mlir.constant(24 : i32) : i32
    // CHECK: llvm.call @toeplitz_emulated_wgmma(%[[BF16]], %[[COLUMNS]], %arg0, %arg1, %[[WORDS]]) : (i32, i32, i64, i64, !llvm.ptr) -> ()
    // CHECK-COUNT-12: llvm.insertvalue
    // CHECK: llvm.call @toeplitz_emulated_commit_products()
    // CHECK: %[[PENDING:.*]] = llvm.mlir.constant(1 : i32) : i32
    // CHECK: llvm.call @toeplitz_emulated_wait_products(%[[PENDING]])
    llvm.func @warpgroup(%left: i64, %right: i64, %x: !llvm.ptr, %sums: !llvm.struct<(f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32)>) {
      %all = llvm.mlir.addressof @dynamic : !llvm.ptr<3>
      %word = llvm.load %all : !llvm.ptr<3> -> i32
      nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
      nvvm.wgmma.fence.aligned
      %0 = nvvm.wgmma.mma_async %left, %right, %sums, <m = 64, n = 24, k = 16>, D[<f32>, <one>], A[<bf16>, <one>, <row>], B[<bf16>, <one>, <col>]
        : !llvm.struct<(f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32)>
        -> !llvm.struct<(f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32)>
      nvvm.wgmma.commit.group.sync.aligned
      nvvm.wgmma.wait.group.sync.aligned 1
      %1 = llvm.extractvalue %0[11] : !llvm.struct<(f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32)>
      llvm.store %1, %x : f32, !llvm.ptr
      llvm.store %word, %x : i32, !llvm.ptr
      llvm.return
    }
  }
}
