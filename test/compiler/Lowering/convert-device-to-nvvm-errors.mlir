// RUN: toeplitz-opt %s --pass-pipeline='builtin.module(gpu.module(convert-device-to-nvvm))' --split-input-file --verify-diagnostics

gpu.module @kernels {
  gpu.func @kernel(%x: memref<64xf64>) kernel {
    %thread = gpu.thread_id x
    %0 = memref.load %x[%thread] : memref<64xf64>
    // expected-error @below {{'sin' of 'f64' has no code for a GPU}}
    %1 = math.sin %0 : f64
    memref.store %1, %x[%thread] : memref<64xf64>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @kernel(%x: memref<64xf64>) kernel {
    %thread = gpu.thread_id x
    %0 = memref.load %x[%thread] : memref<64xf64>
    // expected-error @below {{'asinh' of 'f64' has no code for a GPU}}
    %1 = math.asinh %0 : f64
    memref.store %1, %x[%thread] : memref<64xf64>
    gpu.return
  }
}
