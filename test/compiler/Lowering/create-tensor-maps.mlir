// Maps of the tensors of which kernels copy boxes become arguments, and what makes them is listed about the kernel.

// RUN: toeplitz-opt %s --create-tensor-maps --split-input-file | FileCheck %s

// Equal boxes of a tensor have one map. The fastest dimension is the first; strides and the offset are in bytes. Kernels without boxes stay as they are.
module attributes {gpu.container_module, toeplitz.kernels = [{name = "boxes", threads = 128 : i64, waits = true}, {name = "none", threads = 256 : i64, waits = false}]} {
  // CHECK: toeplitz.kernels = [{name = "boxes", tensor_maps = [
  // CHECK-SAME: {argument = 1 : i64, box = array<i64: 64, 1, 128>, element = 2 : i64, offset = 32 : i64, sample = -1 : i64, sizes = array<i64: 72, 3, 1000>, strides = array<i64: 144, 512>},
  // CHECK-SAME: {argument = 0 : i64, box = array<i64: 64, 8>, element = 2 : i64, offset = 0 : i64, sample = -1 : i64, sizes = array<i64: 64, 100>, strides = array<i64: 128>}],
  // CHECK-SAME: threads = 128 : i64, waits = true}, {name = "none", threads = 256 : i64, waits = false}]
  gpu.module @kernels {
    // CHECK: gpu.func @boxes(%{{[^ ]*}}: memref<100x64xf16>, %{{[^ ]*}}: memref<256000xbf16>, %[[FIRST:[^ ]*]]: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>}, %[[SECOND:[^ ]*]]: !llvm.ptr
    gpu.func @boxes(%x: memref<100x64xf16>, %y: memref<256000xbf16>)
        workgroup(%data: memref<8192xbf16, #gpu.address_space<workgroup>>, %more: memref<512xf16, #gpu.address_space<workgroup>>,
                  %barriers: memref<1xi64, #gpu.address_space<workgroup>>) kernel {
      %c0 = arith.constant 0 : index
      %view = memref.reinterpret_cast %y to offset: [16], sizes: [1000, 3, 72], strides: [256, 72, 1] : memref<256000xbf16> to memref<1000x3x72xbf16, strided<[256, 72, 1], offset: 16>>
      // CHECK: device.tensor_copy %[[FIRST]][%{{.*}}, %{{.*}}, %{{.*}}], %{{.*}}, box = [128, 1, 64]
      device.tensor_copy %view[%c0, %c0, %c0], %data[%c0], %barriers[%c0], box = [128, 1, 64]
        : memref<1000x3x72xbf16, strided<[256, 72, 1], offset: 16>>, memref<8192xbf16, #gpu.address_space<workgroup>>, memref<1xi64, #gpu.address_space<workgroup>>
      // CHECK: device.tensor_copy %[[SECOND]][%{{.*}}, %{{.*}}], %{{.*}}, box = [8, 64]
      device.tensor_copy %x[%c0, %c0], %more[%c0], %barriers[%c0], box = [8, 64]
        : memref<100x64xf16>, memref<512xf16, #gpu.address_space<workgroup>>, memref<1xi64, #gpu.address_space<workgroup>>
      // CHECK: device.tensor_copy %[[FIRST]]
      device.tensor_copy %view[%c0, %c0, %c0], %data[%c0], %barriers[%c0], box = [128, 1, 64]
        : memref<1000x3x72xbf16, strided<[256, 72, 1], offset: 16>>, memref<8192xbf16, #gpu.address_space<workgroup>>, memref<1xi64, #gpu.address_space<workgroup>>
      gpu.return
    }
    // CHECK: gpu.func @none(%{{[^ ]*}}: memref<4xf32>) kernel
    gpu.func @none(%x: memref<4xf32>) kernel { gpu.return }
  }
}

// -----

// Samples are one more dimension, where they have tensors of their own.
module attributes {gpu.container_module, toeplitz.kernels = [{name = "samples", threads = 128 : i64, waits = true}]} {
  // CHECK: tensor_maps = [{argument = 0 : i64, box = array<i64: 64, 8>, element = 2 : i64, offset = 0 : i64, sample = 2 : i64, sizes = array<i64: 64, 100>, strides = array<i64: 128>},
  // CHECK-SAME: {argument = 1 : i64, box = array<i64: 64, 8>, element = 2 : i64, offset = 0 : i64, sample = -1 : i64, sizes = array<i64: 64, 100>, strides = array<i64: 128>}]
  gpu.module @kernels {
    gpu.func @samples(%x: memref<100x64xf16>, %shared: memref<100x64xf16>, %stride: i64)
        workgroup(%data: memref<512xf16, #gpu.address_space<workgroup>>, %barriers: memref<1xi64, #gpu.address_space<workgroup>>)
        kernel attributes {toeplitz.sample_strides = array<i64: 2, -1>} {
      %c0 = arith.constant 0 : index
      // CHECK: %[[SAMPLE:.*]] = gpu.block_id y
      // CHECK: device.tensor_copy %{{.*}}[%[[SAMPLE]], %{{.*}}, %{{.*}}], %{{.*}}, box = [1, 8, 64]
      device.tensor_copy %x[%c0, %c0], %data[%c0], %barriers[%c0], box = [8, 64]
        : memref<100x64xf16>, memref<512xf16, #gpu.address_space<workgroup>>, memref<1xi64, #gpu.address_space<workgroup>>
      // CHECK: device.tensor_copy %{{.*}}[%{{[^,]*}}, %{{[^,]*}}], %{{.*}}, box = [8, 64]
      device.tensor_copy %shared[%c0, %c0], %data[%c0], %barriers[%c0], box = [8, 64]
        : memref<100x64xf16>, memref<512xf16, #gpu.address_space<workgroup>>, memref<1xi64, #gpu.address_space<workgroup>>
      gpu.return
    }
  }
}
