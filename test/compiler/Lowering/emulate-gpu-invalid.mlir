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
