// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -launch-on-gpu -canonicalize -cse | FileCheck %s

// Two rows of 1024 weights for each block: 256 quadruples, divided among 64 threads. Each reads a quadruple of both rows and one of
// the input, twice side by side. The warps' sums are added up in the block's memory, and one thread writes both outputs.

// CHECK-LABEL: gpu.func @kernel_dense
// CHECK-SAME: workgroup(%[[FIRST:.*]] : memref<2xf32, #gpu.address_space<workgroup>> {llvm.align = 16 : i64}, %[[SECOND:.*]] : memref<2xf32, #gpu.address_space<workgroup>> {llvm.align = 16 : i64})
// CHECK-SAME: known_block_size = array<i32: 64, 1, 1>
// CHECK: %[[SUMS:.*]]:4 = scf.for %[[I:.*]] = %{{.*}} to %c256 step %c128 iter_args
// CHECK:   vector.load %[[W:.*]][%{{.*}}] {alignment = 16 : i64} : memref<614400xf32>, vector<4xf32>
// CHECK:   vector.load %[[W]][%{{.*}}] {alignment = 16 : i64} : memref<614400xf32>, vector<4xf32>
// CHECK:   vector.load %{{.*}} {alignment = 16 : i64} : memref<1x1x1024xf32{{.*}}>, vector<4xf32>
// CHECK-COUNT-8: math.fma
// CHECK:   vector.load
// CHECK-COUNT-8: math.fma
// CHECK-NOT: math.fma
// CHECK:   scf.yield
// CHECK-COUNT-10: gpu.shuffle xor
// CHECK: memref.store %{{.*}}, %[[FIRST]]
// CHECK: memref.store %{{.*}}, %[[SECOND]]
// CHECK: gpu.barrier
// CHECK: scf.if
// CHECK-COUNT-2: memref.store
// CHECK-NOT: memref.store
// CHECK: gpu.launch_func @kernels::@kernel_dense blocks in (%c300,
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 80>} {
func.func @main(%x: memref<1x1024x1xf32>, %w: memref<614400xf32>, %y: memref<1x600x1xf32>) {
  kernel.conv "matrix-vector" ins(%x, %w) outs(%y) {in_channels = 1024 : i64, out_channels = 600 : i64, groups = 1 : i64,
    kernel = array<i64>, strides = array<i64>, dilations = array<i64>, padding_low = array<i64>,
    output_sizes = array<i64>, output_strides = array<i64>, output_offsets = array<i64>, tile = array<i64: 1, 2>}
    : (memref<1x1024x1xf32>, memref<614400xf32>, memref<1x600x1xf32>) -> () loc("dense")
  return
}
}

// -----

// Two images of two groups of 3 x 3 x 5 inputs: sums of 45 products in rows of 48. Images don't begin at multiples of a quadruple, so
// their elements are read one by one; whoever writes an output adds the last product. A group has three outputs, and the second pair's second
// one doesn't exist.

// CHECK-LABEL: gpu.func @kernel_window
// CHECK: arith.minsi %{{.*}}, %c2
// CHECK: vector.load %{{.*}} {alignment = 16 : i64} : memref<288xf32>, vector<4xf32>
// CHECK-NOT: vector.load %{{.*}}memref<2x
// CHECK-COUNT-16: math.fma
// CHECK: gpu.shuffle
// CHECK: scf.if
// CHECK:   math.fma
// CHECK:   arith.addf
// CHECK:   memref.store
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 80>} {
func.func @main(%x: memref<2x10x3x3x1xf32>, %w: memref<288xf32>, %b: memref<6x1xf32>, %y: memref<2x6x1x1x1xf32>) {
  kernel.conv "matrix-vector" ins(%x, %w bias %b) outs(%y) {in_channels = 10 : i64, out_channels = 6 : i64, groups = 2 : i64,
    kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>,
    output_sizes = array<i64: 1, 1>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 2, 2>}
    : (memref<2x10x3x3x1xf32>, memref<288xf32>, memref<6x1xf32>, memref<2x6x1x1x1xf32>) -> () loc("window")
  return
}
}

// -----

// Two equal layers, the second of which reads a buffer that begins in the middle of another one: its kernel is another.

// CHECK-LABEL: gpu.func @kernel_dense(
// CHECK-COUNT-2: vector.load {{.*}} {alignment = 16 : i64}
// CHECK-LABEL: gpu.func @kernel_dense_0(
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : memref<128xf32>
// CHECK-NOT: vector.load
// CHECK-COUNT-4: memref.load %{{.*}} : memref<1x1x64xf32
// CHECK: gpu.return
// CHECK: gpu.launch_func @kernels::@kernel_dense blocks
// CHECK: gpu.launch_func @kernels::@kernel_dense_0 blocks
// CHECK: gpu.launch_func @kernels::@kernel_dense blocks
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 80>} {
func.func @main(%arena: memref<1024xi8>, %w: memref<128xf32>, %y: memref<1x2x1xf32>) {
  %c0 = arith.constant 0 : index
  %c12 = arith.constant 12 : index
  %c512 = arith.constant 512 : index
  %first = memref.view %arena[%c0][] : memref<1024xi8> to memref<1x64x1xf32>
  %second = memref.view %arena[%c12][] : memref<1024xi8> to memref<1x64x1xf32>
  %third = memref.view %arena[%c512][] : memref<1024xi8> to memref<1x64x1xf32>
  kernel.conv "matrix-vector" ins(%first, %w) outs(%y) {in_channels = 64 : i64, out_channels = 2 : i64, groups = 1 : i64,
    kernel = array<i64>, strides = array<i64>, dilations = array<i64>, padding_low = array<i64>,
    output_sizes = array<i64>, output_strides = array<i64>, output_offsets = array<i64>, tile = array<i64: 1, 1>}
    : (memref<1x64x1xf32>, memref<128xf32>, memref<1x2x1xf32>) -> () loc("dense")
  kernel.conv "matrix-vector" ins(%second, %w) outs(%y) {in_channels = 64 : i64, out_channels = 2 : i64, groups = 1 : i64,
    kernel = array<i64>, strides = array<i64>, dilations = array<i64>, padding_low = array<i64>,
    output_sizes = array<i64>, output_strides = array<i64>, output_offsets = array<i64>, tile = array<i64: 1, 1>}
    : (memref<1x64x1xf32>, memref<128xf32>, memref<1x2x1xf32>) -> () loc("dense")
  kernel.conv "matrix-vector" ins(%third, %w) outs(%y) {in_channels = 64 : i64, out_channels = 2 : i64, groups = 1 : i64,
    kernel = array<i64>, strides = array<i64>, dilations = array<i64>, padding_low = array<i64>,
    output_sizes = array<i64>, output_strides = array<i64>, output_offsets = array<i64>, tile = array<i64: 1, 1>}
    : (memref<1x64x1xf32>, memref<128xf32>, memref<1x2x1xf32>) -> () loc("dense")
  return
}
}
