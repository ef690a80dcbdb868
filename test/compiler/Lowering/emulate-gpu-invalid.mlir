// RUN: toeplitz-opt %s --emulate-gpu --split-input-file --verify-diagnostics

// expected-error @below {{expected a module @kernels, those of the GPU}}
module {
}

// -----

gpu.module @kernels {
  // expected-error @below {{has no code for the CPU}}
  llvm.func @f()
}

// -----

gpu.module @kernels {
  llvm.func @kernel() {
    // expected-error @below {{isn't emulated}}
    %0 = nvvm.read.ptx.sreg.tid.y : i32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel() {
    // expected-error @below {{isn't emulated}}
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<alias>}
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%left: i64, %right: i64, %sums: !llvm.struct<(f32, f32, f32, f32)>) {
    // expected-error @below {{isn't emulated: expected m64nNk8 of tf32 or m64nNk16 of bf16 or f16, row by row and column by column, added to sums of f32}}
    %0 = nvvm.wgmma.mma_async %left, %right, %sums, <m = 64, n = 8, k = 16>, D[<f32>, <zero>], A[<f16>, <one>, <row>], B[<f16>, <one>, <col>]
      : !llvm.struct<(f32, f32, f32, f32)> -> !llvm.struct<(f32, f32, f32, f32)>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.mlir.global internal @declared() {addr_space = 3 : i32} : !llvm.array<3 x f32>
  llvm.mlir.global external @dynamic() {addr_space = 3 : i32} : !llvm.array<0 x i8>
  // expected-error @below {{isn't emulated: it declares a part of its block's memory, and launches ask for another one}}
  llvm.func @kernel() {
    %0 = llvm.mlir.addressof @declared : !llvm.ptr<3>
    %1 = llvm.mlir.addressof @dynamic : !llvm.ptr<3>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%all: i32, %x: f32) {
    // expected-error @below {{isn't emulated: it shuffles 'f32', expected 'i32'}}
    %0 = nvvm.shfl.sync bfly %all, %x, %all, %all : f32 -> f32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.mlir.global internal @g() : i32
  llvm.func @kernel() {
    // expected-error @below {{isn't emulated: it takes the address of what is no block's memory}}
    %0 = llvm.mlir.addressof @g : !llvm.ptr
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%number: f32) {
    // expected-error @below {{isn't emulated: expected rounding to the nearest, ties away from zero, and nothing else}}
    %0 = nvvm.convert.float.to.tf32 %number {rnd = #nvvm.fp_rnd_mode<rna>, sat = #nvvm.sat_mode<satfinite>}
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%word: i32, %number: f32) {
    // expected-error @below {{isn't emulated: expected m16n8k8 of tf32 or m16n8k16 of bf16 or f16, with sums of f32}}
    %0 = nvvm.mma.sync A[%word, %word] B[%word] C[%number, %number, %number, %number]
      {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, multiplicandAPtxType = #nvvm.mma_type<tf32>,
       multiplicandBPtxType = #nvvm.mma_type<tf32>, shape = #nvvm.shape<m = 16, n = 8, k = 4>}
      : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%number: f32) {
    // expected-error @below {{isn't emulated: expected rounding to the nearest, ties to even, and nothing else}}
    %0 = nvvm.convert.f32x2.to.bf16x2 %number, %number {rnd = #nvvm.fp_rnd_mode<rz>} : vector<2xbf16>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%row: !llvm.ptr<3>) {
    // expected-error @below {{isn't emulated: expected four matrices of 8 x 8 numbers of 16 bits, row by row}}
    %0 = nvvm.ldmatrix %row {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<row>, num = 2 : i32,
                             shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>} : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32)>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%condition: i32) {
    // expected-error @below {{isn't emulated}}
    %0 = nvvm.barrier #nvvm.reduction<and> %condition -> i32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%barrier: !llvm.ptr<3>, %count: i32, %condition: i1) {
    // expected-error @below {{isn't emulated: expected no predicate}}
    nvvm.mbarrier.init %barrier, %count, predicate = %condition : !llvm.ptr<3>, i32, i1
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%barrier: !llvm.ptr<3>, %bytes: i32, %condition: i1) {
    // expected-error @below {{isn't emulated: expected no predicate, no result and no relaxed order}}
    nvvm.mbarrier.arrive.expect_tx %barrier, %bytes, predicate = %condition : !llvm.ptr<3>, i32, i1
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%barrier: !llvm.ptr<3>, %state: i64) {
    // expected-error @below {{isn't emulated: expected the parity of a phase, and no relaxed order}}
    %0 = nvvm.mbarrier.try_wait %barrier, %state : !llvm.ptr<3>, i64 -> i1
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%to: !llvm.ptr<7>, %from: !llvm.ptr<1>, %barrier: !llvm.ptr<3>, %bytes: i32, %mask: i16) {
    // expected-error @below {{isn't emulated: expected no multicast}}
    nvvm.cp.async.bulk.shared.cluster.global %to, %from, %barrier, %bytes multicast_mask = %mask : !llvm.ptr<7>, !llvm.ptr<1>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%to: !llvm.ptr<7>, %map: !llvm.ptr, %barrier: !llvm.ptr<3>, %place: i32, %mask: i16) {
    // expected-error @below {{isn't emulated: expected tiled mode, no multicast and no predicate}}
    nvvm.cp.async.bulk.tensor.shared.cluster.global %to, %map, %barrier, box[%place, %place] multicast_mask = %mask : !llvm.ptr<7>, !llvm.ptr
    llvm.return
  }
}
