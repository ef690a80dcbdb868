// Each numbered constraint of the device dialect's operations (dialects/Device/DeviceOps.td) has a case that violates it alone.
// RUN: toeplitz-opt %s --split-input-file --verify-diagnostics

func.func @f(%barriers: memref<3xi64>, %i: index) {
  // expected-error @+1 {{'device.init_mbarrier' op constraint 1: the barriers must lie in the memory of a block, found 'memref<3xi64>'}}
  device.init_mbarrier %barriers[%i] : memref<3xi64>
  return
}

// -----

func.func @f(%barriers: memref<3xi64>, %i: index) {
  // expected-error @+1 {{'device.expect_bytes' op constraint 1: the barriers must lie in the memory of a block}}
  device.expect_bytes %barriers[%i], 16 : memref<3xi64>
  return
}

// -----

func.func @f(%barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.expect_bytes' op constraint 2: it must expect 1 to 1048575 bytes, found 1048576}}
  device.expect_bytes %barriers[%i], 1048576 : memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.expect_bytes' op constraint 2: it must expect 1 to 1048575 bytes, found 0}}
  device.expect_bytes %barriers[%i], 0 : memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%barriers: memref<3xi64>, %i: index) {
  // expected-error @+1 {{'device.try_wait' op constraint 1: the barriers must lie in the memory of a block}}
  %0 = device.try_wait %barriers[%i], %i : memref<3xi64>
  return
}

// -----

func.func @f(%x: memref<64xf32>, %to: memref<64xf32>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.bulk_copy' op constraint 1: it copies to the memory of a block, from elsewhere, found 'memref<64xf32>' and 'memref<64xf32>'}}
  device.bulk_copy %x[%i], %to[%i], %barriers[%i], 16 : memref<64xf32>, memref<64xf32>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<64xf16>, %to: memref<64xf32, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.bulk_copy' op constraint 2: the elements of source and destination must be numbers of the same size}}
  device.bulk_copy %x[%i], %to[%i], %barriers[%i], 16 : memref<64xf16>, memref<64xf32, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<64xf32>, %to: memref<64xf32, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.bulk_copy' op constraint 3: the number of bytes must be a multiple of 16, at most 1048575, found 24}}
  device.bulk_copy %x[%i], %to[%i], %barriers[%i], 24 : memref<64xf32>, memref<64xf32, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<8x64xbf16, #gpu.address_space<workgroup>>, %to: memref<512xbf16, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.tensor_copy' op constraint 1: it copies to the memory of a block, from elsewhere}}
  device.tensor_copy %x[%i, %i], %to[%i], %barriers[%i], box = [8, 64]
    : memref<8x64xbf16, #gpu.address_space<workgroup>>, memref<512xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<8x64xbf16>, %to: memref<512xf32, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.tensor_copy' op constraint 2: the elements of source and destination must be numbers of the same size}}
  device.tensor_copy %x[%i, %i], %to[%i], %barriers[%i], box = [8, 64]
    : memref<8x64xbf16>, memref<512xf32, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<?x64xbf16>, %to: memref<512xbf16, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.tensor_copy' op constraint 3: the source must have 1 to 5 dimensions of 1 to 2^32 elements, found 'memref<?x64xbf16>'}}
  device.tensor_copy %x[%i, %i], %to[%i], %barriers[%i], box = [8, 64]
    : memref<?x64xbf16>, memref<512xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<1x1x1x1x8x64xbf16>, %to: memref<512xbf16, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.tensor_copy' op constraint 3: the source must have 1 to 5 dimensions of 1 to 2^32 elements}}
  device.tensor_copy %x[%i, %i, %i, %i, %i, %i], %to[%i], %barriers[%i], box = [1, 1, 1, 1, 8, 64]
    : memref<1x1x1x1x8x64xbf16>, memref<512xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<8x64xbf16>, %to: memref<512xbf16, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.tensor_copy' op constraint 3: coordinates and box must have an element for each of 1 to 5 dimensions, found 1 and 2}}
  device.tensor_copy %x[%i], %to[%i], %barriers[%i], box = [8, 64]
    : memref<8x64xbf16>, memref<512xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%map: !llvm.ptr, %to: memref<512xbf16, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.tensor_copy' op constraint 3: coordinates and box must have an element for each of 1 to 5 dimensions, found 1 and 2}}
  device.tensor_copy %map[%i], %to[%i], %barriers[%i], box = [8, 64]
    : !llvm.ptr, memref<512xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<8x64xbf16, strided<[128, 2]>>, %to: memref<512xbf16, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.tensor_copy' op constraint 4: the elements along the source's last dimension must lie together, where is known}}
  device.tensor_copy %x[%i, %i], %to[%i], %barriers[%i], box = [8, 64]
    : memref<8x64xbf16, strided<[128, 2]>>, memref<512xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<8x64xbf16, strided<[64, 1], offset: 4>>, %to: memref<512xbf16, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.tensor_copy' op constraint 4: the source must begin at a multiple of 16 bytes}}
  device.tensor_copy %x[%i, %i], %to[%i], %barriers[%i], box = [8, 64]
    : memref<8x64xbf16, strided<[64, 1], offset: 4>>, memref<512xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<8x68xbf16>, %to: memref<512xbf16, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.tensor_copy' op constraint 4: the source's strides must be multiples of 16 bytes and less than 2^40, found 'memref<8x68xbf16>'}}
  device.tensor_copy %x[%i, %i], %to[%i], %barriers[%i], box = [8, 64]
    : memref<8x68xbf16>, memref<512xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<8x64xbf16, strided<[1099511627776, 1]>>, %to: memref<512xbf16, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.tensor_copy' op constraint 4: the source's strides must be multiples of 16 bytes and less than 2^40}}
  device.tensor_copy %x[%i, %i], %to[%i], %barriers[%i], box = [8, 64]
    : memref<8x64xbf16, strided<[1099511627776, 1]>>, memref<512xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<512x64xbf16>, %to: memref<32768xbf16, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.tensor_copy' op constraint 5: the box must have 1 to 256 elements along each dimension and 128 bytes along the last one, found [257, 64]}}
  device.tensor_copy %x[%i, %i], %to[%i], %barriers[%i], box = [257, 64]
    : memref<512x64xbf16>, memref<32768xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<512x64xbf16>, %to: memref<32768xbf16, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.tensor_copy' op constraint 5: the box must have 1 to 256 elements along each dimension and 128 bytes along the last one, found [64, 32]}}
  device.tensor_copy %x[%i, %i], %to[%i], %barriers[%i], box = [64, 32]
    : memref<512x64xbf16>, memref<32768xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @f(%x: memref<512x512x64xbf16>, %to: memref<32768xbf16, #gpu.address_space<workgroup>>, %barriers: memref<3xi64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error @+1 {{'device.tensor_copy' op constraint 6: the box must have at most 1048575 bytes, found 8388608}}
  device.tensor_copy %x[%i, %i, %i], %to[%i], %barriers[%i], box = [256, 256, 64]
    : memref<512x512x64xbf16>, memref<32768xbf16, #gpu.address_space<workgroup>>, memref<3xi64, #gpu.address_space<workgroup>>
  return
}
