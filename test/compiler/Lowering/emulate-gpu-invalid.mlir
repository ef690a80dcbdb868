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
  llvm.func @kernel(%to: !llvm.ptr<3>, %from: !llvm.ptr<1>, %size: i32) {
    // expected-error @below {{isn't emulated: it fills up with zeros}}
    nvvm.cp.async.shared.global %to, %from, 16, cache = cg, %size : !llvm.ptr<3>, !llvm.ptr<1>, i32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%to: !llvm.ptr<3>, %from: !llvm.ptr<1>) {
    // expected-error @below {{isn't emulated: nothing waits for what it copies}}
    nvvm.cp.async.shared.global %to, %from, 16, cache = cg : !llvm.ptr<3>, !llvm.ptr<1>
    // Only what is in a group is waited for.
    nvvm.cp.async.wait.group 0
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%to: !llvm.ptr<3>, %from: !llvm.ptr<1>) {
    nvvm.cp.async.shared.global %to, %from, 16, cache = cg : !llvm.ptr<3>, !llvm.ptr<1>
    nvvm.cp.async.commit.group
    // expected-error @below {{isn't emulated: it waits for some copies alone}}
    nvvm.cp.async.wait.group 1
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%to: !llvm.ptr<3>, %from: !llvm.ptr<1>, %condition: i1) {
    llvm.cond_br %condition, ^copy, ^wait
  ^copy:
    // expected-error @below {{isn't emulated: expected one place after it that waits for it}}
    nvvm.cp.async.shared.global %to, %from, 16, cache = cg : !llvm.ptr<3>, !llvm.ptr<1>
    nvvm.cp.async.commit.group
    llvm.br ^wait
  ^wait:
    nvvm.cp.async.wait.group 0
    llvm.return
  }
}
