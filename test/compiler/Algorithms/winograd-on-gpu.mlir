// Winograd's algorithm on a GPU: what a block does, and what a schedule by hand may lack.

// RUN: toeplitz-opt %s --convert-kernel-to-loops | FileCheck %s

// CHECK-LABEL: func.func private @kernel_conv
// 8 x 8 sums of a thread, of 16 frequencies x 32 channels x 32 tiles.
// CHECK-SAME: toeplitz.block_threads = 256
// Two halves, 16 frequencies x 2 input channels x (32 channels + 32 tiles); then sums, 16 x 8 channels x (32 + 8) tiles.
// CHECK: %[[MEMORY:.*]] = memref.alloc() : memref<5120xf32, #gpu.address_space<workgroup>>
// CHECK: %[[INPUT:.*]] = memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [588], strides: [1]
// The first slice: the filter as it is packed; two rows of the input, zeros outside of the image.
// CHECK: nvgpu.device_async_copy %{{.*}}[%{{.*}}], %[[MEMORY]][%{{.*}}], 4 {bypassL1}
// CHECK-COUNT-8: memref.load %[[INPUT]]
// The rows are combined, then the columns: one operation each.
// CHECK-COUNT-4: math.fma
// CHECK: arith.subf
// CHECK: arith.addf
// CHECK-COUNT-2: arith.subf
// CHECK: nvgpu.device_async_wait
// CHECK: gpu.barrier
// CHECK: scf.for
// While a slice is multiplied, the next one is on its way.
// CHECK: nvgpu.device_async_copy
// CHECK-COUNT-8: memref.load %[[INPUT]]
// CHECK-COUNT-4: vector.load %[[MEMORY]]{{.*}} {alignment = 16 : i64} : memref<5120xf32, #gpu.address_space<workgroup>>, vector<4xf32>
// CHECK-COUNT-64: math.fma
// CHECK-COUNT-4: vector.load %[[MEMORY]]
// CHECK-COUNT-64: math.fma
// CHECK: nvgpu.device_async_wait
// CHECK: gpu.barrier
// CHECK: scf.yield
// The last slice.
// CHECK-COUNT-128: math.fma
// Four parts of the results, each of two rows of a thread's sums.
// CHECK: gpu.barrier
// CHECK-COUNT-4: vector.store %{{.*}}, %[[MEMORY]][%{{.*}}] {alignment = 16 : i64}
// CHECK: gpu.barrier
// Four columns are transformed, then, of tiles that exist, two rows of results; the second ones may not exist.
// CHECK-COUNT-16: memref.load %[[MEMORY]]
// CHECK: scf.if
// CHECK-COUNT-4: arith.{{addf|subf}}
// CHECK: memref.store
// CHECK: scf.if
// CHECK: memref.store
// CHECK-COUNT-4: arith.{{addf|subf}}
// CHECK-COUNT-2: memref.store
// CHECK-COUNT-6: gpu.barrier
// CHECK-NOT: gpu.barrier
// CHECK: return

// RUN: sed -e 's/kernel = array<i64: 3, 3>/kernel = array<i64: 3, 1>/' %s | not toeplitz-opt --convert-kernel-to-loops 2>&1 | FileCheck %s --check-prefix=KERNEL
// KERNEL: error: loc("conv"): 'kernel.conv' op by 'winograd' on a GPU has a kernel of another size than 3 x 3
// RUN: sed -e 's/transform = array<i64: 4, 4>/transform = array<i64: 6, 6>/' %s | not toeplitz-opt --convert-kernel-to-loops 2>&1 | FileCheck %s --check-prefix=TRANSFORM
// RUN: sed -e 's/, transform = array<i64: 4, 4>//' %s | not toeplitz-opt --convert-kernel-to-loops 2>&1 | FileCheck %s --check-prefix=TRANSFORM
// TRANSFORM: error: loc("conv"): 'kernel.conv' op by 'winograd' on a GPU has no transform of 4 x 4
// RUN: sed -e 's/tile = array<i64: 32, 32>/tile = array<i64: 32, 48>/' %s | not toeplitz-opt --convert-kernel-to-loops 2>&1 | FileCheck %s --check-prefix=TILE
// TILE: error: loc("conv"): 'kernel.conv' op by 'winograd' on a GPU has no block of 32 tiles and 48 channels
// RUN: sed -e 's/strides = array<i64: 1, 1>, tile/strides = array<i64: 1, 2>, tile/' %s | not toeplitz-opt --convert-kernel-to-loops 2>&1 | FileCheck %s --check-prefix=STRIDE
// STRIDE: error: loc("conv"): 'kernel.conv' op by 'winograd' on a GPU has a stride or a dilation

module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 80>} {
  func.func @main(%x: memref<2x6x7x7x1xf32>, %w: memref<3072xf32>, %y: memref<2x5x7x7x1xf32>) {
    kernel.conv "winograd" ins(%x, %w) outs(%y) {dilations = array<i64: 1, 1>, groups = 1 : i64, in_channels = 6 : i64,
      kernel = array<i64: 3, 3>, out_channels = 5 : i64, output_offsets = array<i64: 0, 0>, output_sizes = array<i64: 7, 7>,
      output_strides = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, strides = array<i64: 1, 1>, tile = array<i64: 32, 32>, transform = array<i64: 4, 4>}
      : (memref<2x6x7x7x1xf32>, memref<3072xf32>, memref<2x5x7x7x1xf32>) -> () loc("conv")
    return
  }
}
