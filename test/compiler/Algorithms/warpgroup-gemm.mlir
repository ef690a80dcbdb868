// Convolutions by products of warpgroups: what a step does, for each precision, and what a schedule by hand may lack.

// RUN: split-file %s %t
// RUN: toeplitz-opt %t/tf32.mlir --convert-kernel-to-loops | FileCheck %s --check-prefixes=CHECK,TF32
// RUN: sed -e s/tf32/bf16/ -e s/4096xf32/2048xf32/ %t/tf32.mlir | toeplitz-opt --convert-kernel-to-loops | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: sed -e s/tf32/f16/ -e s/4096xf32/2048xf32/ %t/tf32.mlir | toeplitz-opt --convert-kernel-to-loops | FileCheck %s --check-prefixes=CHECK,F16

// CHECK-LABEL: func.func private @kernel_conv
// CHECK-SAME: toeplitz.block_threads = 128
// Three stages of the filter's and the data's tile: 64 channels x 32 words, 64 positions x 32 words, where swizzling begins.
// CHECK: %[[FILTER:.*]] = memref.alloc() {alignment = 1024 : i64} : memref<6144xf32, #gpu.address_space<workgroup>>
// CHECK: %[[DATA:.*]] = memref.alloc() {alignment = 1024 : i64} : memref<6144xi32, #gpu.address_space<workgroup>>
// A barrier for each stage, made by one thread and made known to copies before the threads meet.
// CHECK: %[[BARRIERS:.*]] = memref.alloc() : memref<3xi64, #gpu.address_space<workgroup>>
// CHECK: scf.if
// CHECK-COUNT-3: device.init_mbarrier %[[BARRIERS]][%{{.*}}]
// CHECK-NEXT: nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
// CHECK: gpu.barrier
// One thread begins to copy the filter as it is packed; the data is rounded on its way, and its pieces change their places with the column.
// CHECK: scf.if
// CHECK: device.expect_bytes %[[BARRIERS]][%{{.*}}], 8192
// CHECK: device.bulk_copy %arg2[%{{.*}}], %[[FILTER]][%{{.*}}], %[[BARRIERS]][%{{.*}}], 8192
// CHECK-NOT: nvgpu.device_async_copy
// TF32-COUNT-4: nvvm.convert.float.to.tf32 %{{.*}} {rnd = #nvvm.fp_rnd_mode<rna>}
// BF16-COUNT-4: arith.truncf %{{.*}} : vector<2xf32> to vector<2xbf16>
// F16-COUNT-4: arith.truncf %{{.*}} : vector<2xf32> to vector<2xf16>
// CHECK: arith.xori
// CHECK: vector.store %{{.*}}, %[[DATA]][%{{.*}}] {alignment = 16 : i64} : {{.*}}, vector<4xi32>
// CHECK-NOT: nvvm.cp.async
// What threads have written is made known to the tensor cores before they meet; of what has been copied they hear.
// CHECK: scf.while
// CHECK: device.try_wait %[[BARRIERS]][%{{.*}}], %{{.*}}
// CHECK: nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
// CHECK-NEXT: gpu.barrier
// A descriptor: the address in units of 16 bytes; 1 << 16, 64 << 32 and 1 << 62.
// CHECK: memref.extract_aligned_pointer_as_index %[[FILTER]]
// CHECK: %[[MASK:.*]] = arith.constant 16383 : i64
// CHECK: %[[ADDRESS:.*]] = arith.andi %{{.*}}, %[[MASK]] : i64
// CHECK: %[[BITS:.*]] = arith.constant 4611686293305360384 : i64
// CHECK: %[[LEFT:.*]] = arith.ori %[[ADDRESS]], %[[BITS]] : i64
// CHECK: memref.extract_aligned_pointer_as_index %[[DATA]]
// CHECK: %[[RIGHT:.*]] = arith.ori
// Four products, 32 bytes of each row further each time, add to sums that nobody touches.
// CHECK: nvvm.wgmma.fence.aligned
// CHECK: %[[ZERO:.*]] = arith.constant 0 : i64
// CHECK: %[[FIRST:.*]] = arith.addi %[[LEFT]], %[[ZERO]] : i64
// TF32: nvvm.wgmma.mma_async %[[FIRST]], %{{.*}}, %{{.*}}, <m = 64, n = 64, k = 8>, D[<f32>, <one>], A[<tf32>, <one>, <row>], B[<tf32>, <one>, <col>]
// BF16: nvvm.wgmma.mma_async %[[FIRST]], %{{.*}}, %{{.*}}, <m = 64, n = 64, k = 16>, D[<f32>, <one>], A[<bf16>, <one>, <row>], B[<bf16>, <one>, <col>]
// F16: nvvm.wgmma.mma_async %[[FIRST]], %{{.*}}, %{{.*}}, <m = 64, n = 64, k = 16>, D[<f32>, <one>], A[<f16>, <one>, <row>], B[<f16>, <one>, <col>]
// CHECK: %[[TWO:.*]] = arith.constant 2 : i64
// CHECK: arith.addi %[[LEFT]], %[[TWO]] : i64
// CHECK: arith.addi %[[RIGHT]], %{{.*}} : i64
// CHECK-COUNT-3: nvvm.wgmma.mma_async
// CHECK-NEXT: nvvm.wgmma.commit.group.sync.aligned
// CHECK: nvvm.wgmma.wait.group.sync.aligned 0
// Sums change their threads in the filter's tiles, and are stored four at a time.
// CHECK: gpu.barrier
// CHECK-COUNT-16: vector.store %{{.*}}, %[[FILTER]][%{{.*}}] {alignment = 8 : i64} : {{.*}}, vector<2xf32>
// CHECK: gpu.barrier
// CHECK-COUNT-8: vector.store %{{.*}} {alignment = 16 : i64} : memref<4096xf32{{.*}}>, vector<4xf32>
// CHECK-NOT: vector.store

// The products of a step go on while what a later one needs is copied.
// RUN: sed -e 's/kernel = array<i64: 3>/kernel = array<i64: 9>/' -e 's/padding_low = array<i64: 1>/padding_low = array<i64: 4>/' -e 's/4096xf32/10240xf32/g' \
// RUN:   %t/narrow.mlir | toeplitz-opt --convert-kernel-to-loops | FileCheck %s --check-prefix=MEANWHILE
// MEANWHILE-LABEL: func.func private @kernel_conv
// MEANWHILE: scf.for
// MEANWHILE: nvvm.cp.async.wait.group 1
// MEANWHILE: device.try_wait
// MEANWHILE: gpu.barrier
// MEANWHILE-COUNT-4: nvvm.wgmma.mma_async
// MEANWHILE: nvvm.wgmma.commit.group.sync.aligned
// MEANWHILE: device.bulk_copy
// MEANWHILE: nvgpu.device_async_copy
// MEANWHILE: nvvm.cp.async.commit.group
// MEANWHILE: nvvm.wgmma.wait.group.sync.aligned 0
// MEANWHILE: scf.yield

// Rounded numbers with the channels of each position together are copied as they are, eight to a piece, zeros where there is nothing.
// RUN: toeplitz-opt %t/narrow.mlir --convert-kernel-to-loops | FileCheck %s --check-prefix=NARROW
// NARROW-LABEL: func.func private @kernel_conv
// NARROW: %[[FLAT:.*]] = memref.reinterpret_cast %arg1 to offset: [0], sizes: [2048], strides: [1]
// NARROW: %[[DATA:.*]] = memref.alloc() {alignment = 1024 : i64} : memref<12288xbf16, #gpu.address_space<workgroup>>
// NARROW: nvgpu.device_async_copy %[[FLAT]][%{{.*}}], %[[DATA]][%{{.*}}], 8, %{{.*}} {bypassL1}
// NARROW-NOT: vector.store
// NARROW: nvvm.wgmma.mma_async
// NARROW: %[[ROUNDED:.*]] = arith.truncf %{{.*}} : vector<8xf32> to vector<8xbf16>
// NARROW: vector.store %[[ROUNDED]], %{{.*}} {alignment = 16 : i64}

// Where the kernel is one position, the data's matrix is the input, of which boxes are copied: nothing is left for the other threads to bring, publish or
// group, and they needn't meet in the last steps.
// DEFINE: %{pointwise} = sed -e 's/kernel = array<i64: 3>/kernel = array<i64: 1>/' -e 's/padding_low = array<i64: 1>/padding_low = array<i64: 0>/' -e 's/4096xf32/2048xf32/g' %t/narrow.mlir
// RUN: %{pointwise} | toeplitz-opt --convert-kernel-to-loops | FileCheck %s --check-prefix=TENSOR
// TENSOR-LABEL: func.func private @kernel_conv
// TENSOR: %[[TENSOR:.*]] = memref.reinterpret_cast %arg1 to offset: [0], sizes: [64, 1, 32], strides: [32, 32, 1]
// TENSOR: %[[DATA:.*]] = memref.alloc() {alignment = 1024 : i64} : memref<12288xbf16, #gpu.address_space<workgroup>>
// TENSOR: gpu.barrier
// TENSOR: device.expect_bytes %{{.*}}[%{{.*}}], 16384
// TENSOR: device.bulk_copy
// TENSOR: device.tensor_copy %[[TENSOR]][%{{.*}}, %{{.*}}, %{{.*}}], %[[DATA]][%{{.*}}], %{{.*}}[%{{.*}}], box = [64, 1, 64]
// TENSOR-NOT: nvvm.cp.async
// TENSOR-NOT: nvvm.fence.proxy
// TENSOR-NOT: gpu.barrier
// TENSOR: nvvm.wgmma.mma_async

// All else goes by the threads: a stride, padding, an input that lies apart from image to image, one of float32, and one that begins anywhere.
// DEFINE: %{elsewhere} = toeplitz-opt --convert-kernel-to-loops | FileCheck %s --check-prefix=ELSEWHERE
// RUN: %{pointwise} | sed -e 's/ strides = array<i64: 1>/ strides = array<i64: 2>/' -e 's/output_sizes = array<i64: 64>/output_sizes = array<i64: 32>/' -e 's/1x64x64x1xbf16/1x64x32x1xbf16/g' | %{elsewhere}
// RUN: %{pointwise} | sed -e 's/output_sizes = array<i64: 64>/output_sizes = array<i64: 66>/' -e 's/padding_low = array<i64: 0>/padding_low = array<i64: 1>/' -e 's/1x64x64x1xbf16/1x64x66x1xbf16/g' | %{elsewhere}
// RUN: %{pointwise} | sed -e 's/1x32x64x1xbf16, strided<\[2048/2x32x64x1xbf16, strided<[4096/g' -e 's/1x64x64x1xbf16/2x64x64x1xbf16/g' | %{elsewhere}
// RUN: %{pointwise} | sed -e 's/\[2048, 1, 32, 1\], offset: 0/[2048, 1, 32, 1], offset: 4/g' | %{elsewhere}
// RUN: sed -e s/tf32/bf16/ -e s/4096xf32/2048xf32/ %t/tf32.mlir | %{elsewhere}
// ELSEWHERE-LABEL: func.func private @kernel_conv
// ELSEWHERE-NOT: device.tensor_copy
// ELSEWHERE: device.bulk_copy
// ELSEWHERE-NOT: device.tensor_copy

// Images that follow each other are more positions, and groups a dimension of their own.
// RUN: %{pointwise} | sed -e 's/1x32x64x1xbf16/3x32x64x1xbf16/g' -e 's/1x64x64x1xbf16/3x64x64x1xbf16/g' -e 's/ groups = 1 :/ groups = 2 :/' | toeplitz-opt --convert-kernel-to-loops | FileCheck %s --check-prefix=GROUPS
// GROUPS: memref.reinterpret_cast %arg1 to offset: [0], sizes: [192, 2, 16], strides: [32, 16, 1]
// GROUPS: device.tensor_copy

// More memory of a block than a kernel may declare is asked for by the launch, and begins where swizzling does.
// RUN: sed -e 's/i64: 64, 64>/i64: 64, 128>/' %t/tf32.mlir | toeplitz-opt --convert-kernel-to-loops --launch-on-gpu | FileCheck %s --check-prefix=DYNAMIC
// DYNAMIC: gpu.func @kernel_conv
// DYNAMIC-NOT: workgroup(
// DYNAMIC: %[[ALL:.*]] = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
// DYNAMIC: %[[BYTES:.*]] = arith.constant 73752 : i32
// DYNAMIC: gpu.launch_func @kernels::@kernel_conv {{.*}} dynamic_shared_memory_size %[[BYTES]]

// DEFINE: %{refuse} = not toeplitz-opt --convert-kernel-to-loops 2>&1 | FileCheck %s --check-prefix
// RUN: sed -e 's/, precision = tf32//' %t/tf32.mlir | %{refuse}=TARGET
// RUN: sed -e 's/, warpgroups = 1//' %t/tf32.mlir | %{refuse}=TARGET
// TARGET: error: loc("conv"): 'kernel.conv' op by 'warpgroup-gemm' needs a target that has products by warpgroups and rounds factors to tf32, bf16 or f16
// RUN: sed -e 's/i64: 64, 64>/i64: 64, 96>/' %t/tf32.mlir | %{refuse}=TILE
// TILE: error: loc("conv"): 'kernel.conv' op by 'warpgroup-gemm' has no tile of 64 positions and 96 channels
// RUN: sed -e 's/1x64x64x1xf32>, %w: memref<4096/1x768x64x1xf32>, %w: memref<49152/' -e 's/memref<1x64x64x1xf32>, memref<4096/memref<1x768x64x1xf32>, memref<49152/' \
// RUN:   -e 's/in_channels = 64/in_channels = 768/' %t/tf32.mlir | %{refuse}=SPLITS
// SPLITS: error: loc("conv"): 'kernel.conv' op by 'warpgroup-gemm' has no memory for its partial sums

//--- tf32.mlir
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 90, precision = tf32, warpgroups = 1>} {
  func.func @main(%x: memref<1x64x64x1xf32>, %w: memref<4096xf32>, %y: memref<1x64x64x1xf32>) {
    kernel.conv "warpgroup-gemm" ins(%x, %w) outs(%y) {dilations = array<i64: 1>, groups = 1 : i64, in_channels = 64 : i64,
      kernel = array<i64: 1>, out_channels = 64 : i64, output_offsets = array<i64: 0>, output_sizes = array<i64: 64>,
      output_strides = array<i64: 1>, padding_low = array<i64: 0>, strides = array<i64: 1>, tile = array<i64: 64, 64>}
      : (memref<1x64x64x1xf32>, memref<4096xf32>, memref<1x64x64x1xf32>) -> () loc("conv")
    return
  }
}

//--- narrow.mlir
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 90, precision = bf16, warpgroups = 1>} {
  func.func @main(%x: memref<1x32x64x1xbf16, strided<[2048, 1, 32, 1], offset: 0>>, %w: memref<4096xf32>, %y: memref<1x64x64x1xbf16>) {
    kernel.conv "warpgroup-gemm" ins(%x, %w) outs(%y) {dilations = array<i64: 1>, groups = 1 : i64, in_channels = 32 : i64,
      kernel = array<i64: 3>, out_channels = 64 : i64, output_offsets = array<i64: 0>, output_sizes = array<i64: 64>,
      output_strides = array<i64: 1>, padding_low = array<i64: 1>, strides = array<i64: 1>, tile = array<i64: 64, 64>}
      : (memref<1x32x64x1xbf16, strided<[2048, 1, 32, 1], offset: 0>>, memref<4096xf32>, memref<1x64x64x1xbf16>) -> () loc("conv")
    return
  }
}
