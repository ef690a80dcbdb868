// RUN: toeplitz-opt %s --pass-pipeline='builtin.module(gpu.module(select-sample))' --split-input-file --verify-diagnostics

gpu.module @kernels {
  // expected-error @below {{'toeplitz.sample_strides': argument 0 must be a pointer, and argument 1 its stride, of type 'i64'}}
  llvm.func @kernel(%x: !llvm.ptr, %stride: i32) attributes {toeplitz.sample_strides = array<i64: 1>} {
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @below {{'toeplitz.sample_strides': argument 0 must be a pointer, and argument 2 its stride, of type 'i64'}}
  llvm.func @kernel(%x: !llvm.ptr, %stride: i64) attributes {toeplitz.sample_strides = array<i64: 2>} {
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @below {{'toeplitz.sample_strides': argument 0 must be a pointer, and argument 1 its stride, of type 'i64'}}
  llvm.func @kernel(%x: i32, %stride: i64) attributes {toeplitz.sample_strides = array<i64: 1>} {
    llvm.return
  }
}
