// Every operation as it is printed.

// RUN: toeplitz-opt %s | toeplitz-opt | FileCheck %s

// CHECK-LABEL: func.func @copies
func.func @copies(%filter: memref<65536xf32>, %input: memref<3136x256xbf16>, %map: !llvm.ptr, %i: index,
    %filters: memref<6144xf32, #gpu.address_space<workgroup>>, %data: memref<24576xbf16, #gpu.address_space<workgroup>>,
    %barriers: memref<3xi64, #gpu.address_space<workgroup>>) -> i1 {
  // CHECK: device.init_mbarrier %{{.*}}[%{{.*}}] : memref<3xi64, #gpu.address_space<workgroup>>
  device.init_mbarrier %barriers[%i] : memref<3xi64, #gpu.address_space<workgroup>>
  // CHECK: device.expect_bytes %{{.*}}[%{{.*}}], 24576 : memref<3xi64, #gpu.address_space<workgroup>>
  device.expect_bytes %barriers[%i], 24576 : memref<3xi64, #gpu.address_space<workgroup>>
  // CHECK: device.bulk_copy %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}], 8192 : memref<65536xf32>, memref<6144xf32, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  device.bulk_copy %filter[%i], %filters[%i], %barriers[%i], 8192
    : memref<65536xf32>, memref<6144xf32, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  // CHECK: device.tensor_copy %{{.*}}[%{{.*}}, %{{.*}}], %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}], box = [128, 64] : memref<3136x256xbf16>, memref<24576xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  device.tensor_copy %input[%i, %i], %data[%i], %barriers[%i], box = [128, 64]
    : memref<3136x256xbf16>, memref<24576xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  // CHECK: device.tensor_copy %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}], %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}], box = [1, 128, 64] : !llvm.ptr, memref<24576xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  device.tensor_copy %map[%i, %i, %i], %data[%i], %barriers[%i], box = [1, 128, 64]
    : !llvm.ptr, memref<24576xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  // CHECK: device.try_wait %{{.*}}[%{{.*}}], %{{.*}} : memref<3xi64, #gpu.address_space<workgroup>>
  %there = device.try_wait %barriers[%i], %i : memref<3xi64, #gpu.address_space<workgroup>>
  return %there : i1
}
