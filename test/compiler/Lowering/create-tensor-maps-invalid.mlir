// RUN: toeplitz-opt %s --create-tensor-maps --split-input-file --verify-diagnostics

module attributes {gpu.container_module, toeplitz.kernels = [{name = "hidden", threads = 128 : i64, waits = true}]} {
  gpu.module @kernels {
    gpu.func @hidden(%x: memref<12800xi8>)
        workgroup(%data: memref<512xf16, #gpu.address_space<workgroup>>, %barriers: memref<1xi64, #gpu.address_space<workgroup>>) kernel {
      %c0 = arith.constant 0 : index
      %view = memref.view %x[%c0][] : memref<12800xi8> to memref<100x64xf16>
      // expected-error @below {{takes boxes of a tensor that is no argument of the kernel}}
      device.tensor_copy %view[%c0, %c0], %data[%c0], %barriers[%c0], box = [8, 64]
        : memref<100x64xf16>, memref<512xf16, #gpu.address_space<workgroup>>, memref<1xi64, #gpu.address_space<workgroup>>
      gpu.return
    }
  }
}

// -----

module attributes {gpu.container_module, toeplitz.kernels = [{name = "many", threads = 128 : i64, waits = true}]} {
  gpu.module @kernels {
    // expected-error @below {{copies boxes of 5 tensors, expected at most 4}}
    gpu.func @many(%x: memref<100x64xf16>)
        workgroup(%data: memref<512xf16, #gpu.address_space<workgroup>>, %barriers: memref<1xi64, #gpu.address_space<workgroup>>) kernel {
      %c0 = arith.constant 0 : index
      device.tensor_copy %x[%c0, %c0], %data[%c0], %barriers[%c0], box = [1, 64] : memref<100x64xf16>, memref<512xf16, #gpu.address_space<workgroup>>, memref<1xi64, #gpu.address_space<workgroup>>
      device.tensor_copy %x[%c0, %c0], %data[%c0], %barriers[%c0], box = [2, 64] : memref<100x64xf16>, memref<512xf16, #gpu.address_space<workgroup>>, memref<1xi64, #gpu.address_space<workgroup>>
      device.tensor_copy %x[%c0, %c0], %data[%c0], %barriers[%c0], box = [3, 64] : memref<100x64xf16>, memref<512xf16, #gpu.address_space<workgroup>>, memref<1xi64, #gpu.address_space<workgroup>>
      device.tensor_copy %x[%c0, %c0], %data[%c0], %barriers[%c0], box = [4, 64] : memref<100x64xf16>, memref<512xf16, #gpu.address_space<workgroup>>, memref<1xi64, #gpu.address_space<workgroup>>
      device.tensor_copy %x[%c0, %c0], %data[%c0], %barriers[%c0], box = [5, 64] : memref<100x64xf16>, memref<512xf16, #gpu.address_space<workgroup>>, memref<1xi64, #gpu.address_space<workgroup>>
      gpu.return
    }
  }
}
