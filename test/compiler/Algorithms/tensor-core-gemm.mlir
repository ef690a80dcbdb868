// Convolutions on tensor cores: what a step does, for each precision, and what a schedule by hand may lack.

// RUN: split-file %s %t
// RUN: toeplitz-opt %t/tf32.mlir --convert-kernel-to-loops | FileCheck %s --check-prefixes=CHECK,TF32
// RUN: sed -e s/tf32/bf16/ -e s/2048xf32/1024xf32/ %t/tf32.mlir | toeplitz-opt --convert-kernel-to-loops | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: sed -e s/tf32/f16/ -e s/2048xf32/1024xf32/ %t/tf32.mlir | toeplitz-opt --convert-kernel-to-loops | FileCheck %s --check-prefixes=CHECK,F16

// CHECK-LABEL: func.func private @kernel_conv
// CHECK-SAME: toeplitz.block_threads = 128
// Three stages of the filter's and the data's tile: 32 channels x 16 words, 4 quadruples of words x 32 columns.
// CHECK: %[[FILTER:.*]] = memref.alloc() : memref<1536xf32, #gpu.address_space<workgroup>>
// CHECK: %[[DATA:.*]] = memref.alloc() : memref<1536xi32, #gpu.address_space<workgroup>>
// The filter comes as it is packed, the data is rounded on its way. Two steps are brought before the first is computed.
// CHECK: nvgpu.device_async_copy %{{.*}}, %[[FILTER]][%{{.*}}], 4 {bypassL1}
// TF32-COUNT-4: nvvm.convert.float.to.tf32 %{{.*}} {rnd = #nvvm.fp_rnd_mode<rna>}
// BF16-COUNT-4: arith.truncf %{{.*}} : vector<2xf32> to vector<2xbf16>
// F16-COUNT-4: arith.truncf %{{.*}} : vector<2xf32> to vector<2xf16>
// CHECK: vector.store %{{.*}}, %[[DATA]][%{{.*}}] {alignment = 16 : i64}
// CHECK: nvvm.cp.async.commit.group
// CHECK: nvgpu.device_async_copy
// CHECK: nvvm.cp.async.commit.group
// While a step is computed, the one after the next is on its way; of the two steps of 16 bits nothing is left to bring.
// CHECK: scf.for
// CHECK: nvvm.cp.async.wait.group 1
// CHECK-NEXT: gpu.barrier
// TF32: nvgpu.device_async_copy
// CHECK: nvvm.cp.async.commit.group
// CHECK-COUNT-2: nvgpu.ldmatrix %[[DATA]][%{{.*}}] {numTiles = 4 : i32, transpose = false} : {{.*}} -> vector<4x1xi32>
// Of 16 x 16 outputs of a warp: two products of 16 x 8, for two parts of the depth.
// TF32-COUNT-4: nvvm.mma.sync {{.*}}multiplicandAPtxType = #nvvm.mma_type<tf32>{{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 8>
// BF16-COUNT-4: nvvm.mma.sync {{.*}}multiplicandAPtxType = #nvvm.mma_type<bf16>{{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 16>
// F16-COUNT-4: nvvm.mma.sync {{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 16>{{.*}}vector<2xf16>
// The last two steps.
// TF32: scf.for
// TF32: nvvm.cp.async.wait.group 1
// TF32-COUNT-4: nvvm.mma.sync
// Sums change their threads in the filter's tiles, and are stored four at a time.
// CHECK: gpu.barrier
// CHECK-COUNT-4: vector.store %{{.*}}, %[[FILTER]][%{{.*}}] {alignment = 8 : i64} : {{.*}}, vector<2xf32>
// CHECK: gpu.barrier
// CHECK: vector.load %[[FILTER]][%{{.*}}] {alignment = 16 : i64} : {{.*}}, vector<4xf32>
// CHECK: vector.store %{{.*}} {alignment = 16 : i64} : memref<1024xf32{{.*}}>, vector<4xf32>

// Rounded numbers with the channels of each position together are copied as they are, eight to a piece; the threads round the result.
// RUN: toeplitz-opt %t/narrow.mlir --convert-kernel-to-loops | FileCheck %s --check-prefix=NARROW
// NARROW-LABEL: func.func private @kernel_conv
// NARROW: %[[FILTER:.*]] = memref.alloc() : memref<1536xf32, #gpu.address_space<workgroup>>
// NARROW: %[[FLAT:.*]] = memref.reinterpret_cast %arg1 to offset: [0], sizes: [1024], strides: [1]
// NARROW: %[[DATA:.*]] = memref.alloc() : memref<3072xbf16, #gpu.address_space<workgroup>>
// NARROW: nvgpu.device_async_copy %{{.*}}, %[[FILTER]][%{{.*}}], 4 {bypassL1}
// NARROW: nvgpu.device_async_copy %[[FLAT]][%{{.*}}], %[[DATA]][%{{.*}}], 8, %{{.*}} {bypassL1}
// NARROW-NOT: vector.store
// NARROW: nvgpu.ldmatrix %[[DATA]][%{{.*}}] {numTiles = 4 : i32, transpose = false} : {{.*}} -> vector<4x2xbf16>
// NARROW-COUNT-2: vector.load %[[FILTER]][%{{.*}}] {alignment = 16 : i64} : {{.*}}, vector<4xf32>
// NARROW: %[[ROUNDED:.*]] = arith.truncf %{{.*}} : vector<8xf32> to vector<8xbf16>
// NARROW: vector.store %[[ROUNDED]], %{{.*}} {alignment = 16 : i64}
// Of a buffer that begins anywhere, or of other numbers, threads bring elements.
// RUN: sed -e 's/offset: 0/offset: 4/' %t/narrow.mlir | toeplitz-opt --convert-kernel-to-loops | FileCheck %s --check-prefix=ELEMENTS
// RUN: sed -e 's/precision = bf16/precision = f16/' %t/narrow.mlir | toeplitz-opt --convert-kernel-to-loops | FileCheck %s --check-prefix=ELEMENTS
// ELEMENTS-LABEL: func.func private @kernel_conv
// ELEMENTS: memref<1536xi32, #gpu.address_space<workgroup>>
// ELEMENTS: %[[ELEMENT:.*]] = memref.load %arg1
// ELEMENTS: arith.extf %[[ELEMENT]] : bf16 to f32

// RUN: sed -e 's/gpu = 80, precision = bf16/gpu = 0/' -e 's/tensor-core-gemm/direct/' %t/narrow.mlir | not toeplitz-opt --convert-kernel-to-loops 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: error: loc("conv"): 'kernel.conv' op has a buffer of numbers of 16 bits, but 'direct' reads and writes f32 alone on this target
// RUN: sed -e 's/tensor-core-gemm/winograd/' %t/narrow.mlir | not toeplitz-opt --convert-kernel-to-loops 2>&1 | FileCheck %s --check-prefix=ALGORITHM
// ALGORITHM: error: loc("conv"): 'kernel.conv' op has a buffer of numbers of 16 bits, but 'winograd' reads and writes f32 alone on this target

// RUN: sed -e 's/, precision = tf32//' %t/tf32.mlir | not toeplitz-opt --convert-kernel-to-loops 2>&1 | FileCheck %s --check-prefix=F32
// F32: error: loc("conv"): 'kernel.conv' op by 'tensor-core-gemm' needs a target that rounds factors to tf32, bf16 or f16
// RUN: sed -e 's/i64: 32, 32>/i64: 32, 48>/' %t/tf32.mlir | not toeplitz-opt --convert-kernel-to-loops 2>&1 | FileCheck %s --check-prefix=TILE
// TILE: error: loc("conv"): 'kernel.conv' op by 'tensor-core-gemm' has no tile of 32 positions and 48 channels
// RUN: not toeplitz-opt %t/splits.mlir --convert-kernel-to-loops 2>&1 | FileCheck %s --check-prefix=SPLITS
// SPLITS: error: loc("conv"): 'kernel.conv' op by 'tensor-core-gemm' has no memory for its partial sums

//--- tf32.mlir
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 80, precision = tf32>} {
  func.func @main(%x: memref<1x64x32x1xf32>, %w: memref<2048xf32>, %y: memref<1x32x32x1xf32>) {
    kernel.conv "tensor-core-gemm" ins(%x, %w) outs(%y) {dilations = array<i64: 1>, groups = 1 : i64, in_channels = 64 : i64,
      kernel = array<i64: 1>, out_channels = 32 : i64, output_offsets = array<i64: 0>, output_sizes = array<i64: 32>,
      output_strides = array<i64: 1>, padding_low = array<i64: 0>, strides = array<i64: 1>, tile = array<i64: 32, 32>}
      : (memref<1x64x32x1xf32>, memref<2048xf32>, memref<1x32x32x1xf32>) -> () loc("conv")
    return
  }
}

//--- narrow.mlir
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 80, precision = bf16>} {
  func.func @main(%x: memref<1x32x32x1xbf16, strided<[1024, 1, 32, 1], offset: 0>>, %w: memref<1024xf32>, %y: memref<1x32x32x1xbf16>) {
    kernel.conv "tensor-core-gemm" ins(%x, %w) outs(%y) {dilations = array<i64: 1>, groups = 1 : i64, in_channels = 32 : i64,
      kernel = array<i64: 3>, out_channels = 32 : i64, output_offsets = array<i64: 0>, output_sizes = array<i64: 32>,
      output_strides = array<i64: 1>, padding_low = array<i64: 1>, strides = array<i64: 1>, tile = array<i64: 32, 32>}
      : (memref<1x32x32x1xbf16, strided<[1024, 1, 32, 1], offset: 0>>, memref<1024xf32>, memref<1x32x32x1xbf16>) -> () loc("conv")
    return
  }
}

//--- splits.mlir
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 80, precision = tf32>} {
  func.func @main(%x: memref<1x512x32x1xf32>, %w: memref<16384xf32>, %y: memref<1x32x32x1xf32>) {
    kernel.conv "tensor-core-gemm" ins(%x, %w) outs(%y) {dilations = array<i64: 1>, groups = 1 : i64, in_channels = 512 : i64,
      kernel = array<i64: 1>, out_channels = 32 : i64, output_offsets = array<i64: 0>, output_sizes = array<i64: 32>,
      output_strides = array<i64: 1>, padding_low = array<i64: 0>, strides = array<i64: 1>, tile = array<i64: 32, 32>}
      : (memref<1x512x32x1xf32>, memref<16384xf32>, memref<1x32x32x1xf32>) -> () loc("conv")
    return
  }
}
