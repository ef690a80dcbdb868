// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -launch-on-gpu -canonicalize -cse | FileCheck %s

// Three rows of a hundred elements, a warp for each: three sums of a thread, and one element more for four of them. The warp joins its
// numbers by exchanging them five times, for the maximum and for the sum; the rest of softmax is divided in the same way.

// CHECK-LABEL: gpu.func @kernel_softmax(%{{.*}}: memref<3x100xf32>, %{{.*}}: memref<3x100xf32>) kernel
// CHECK-SAME: known_block_size = array<i32: 32, 1, 1>
// CHECK-DAG: %[[WARP:.*]] = arith.constant 32 : index
// CHECK-DAG: %[[WHOLE:.*]] = arith.constant 96 : index
// CHECK-DAG: %[[LENGTH:.*]] = arith.constant 100 : index
// CHECK-DAG: %[[ROW:.*]] = gpu.block_id x
// CHECK-DAG: %[[THREAD:.*]] = gpu.thread_id x
// CHECK: scf.for %[[I:.*]] = %[[THREAD]] to %[[WHOLE]] step %[[WHOLE]] iter_args(%{{.*}}, %{{.*}}, %{{.*}}) -> (f32, f32, f32)
// CHECK:   memref.load %{{.*}}[%[[ROW]], %[[I]]]
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[LENGTH]] step %[[WARP]]
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK-NOT: gpu.shuffle
// CHECK: scf.for
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK-NOT: gpu.shuffle
// CHECK: arith.divf
// CHECK: scf.for %{{.*}} = %[[THREAD]] to %[[LENGTH]] step %[[WARP]]
// CHECK-NOT: gpu.barrier
// CHECK: gpu.return
// CHECK: gpu.launch_func @kernels::@kernel_softmax blocks in (%c3,
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80>} {
func.func @main(%x: memref<3x100xf32>, %y: memref<3x100xf32>) {
  kernel.softmax ins(%x) outs(%y) {axis = 1 : i64, log = false} : (memref<3x100xf32>, memref<3x100xf32>) -> ()
  return
}
}

// -----

// Short rows: eight threads for each, four rows a warp. The last block has none for some of its threads, whose loops don't begin; they
// come to the shuffles with the others.

// CHECK-LABEL: gpu.func @kernel_softmax
// CHECK-SAME: known_block_size = array<i32: 32, 1, 1>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C10:.*]] = arith.constant 10 : index
// CHECK-DAG: %[[ROWS:.*]] = arith.constant 9 : index
// CHECK: %[[EXISTS:.*]] = arith.cmpi slt, %{{.*}}, %[[ROWS]] : index
// CHECK: %[[END:.*]] = arith.select %[[EXISTS]], %[[C10]], %[[C0]]
// CHECK-COUNT-3: gpu.shuffle xor
// CHECK-NOT: gpu.shuffle
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[END]]
// CHECK: gpu.launch_func @kernels::@kernel_softmax blocks in (%c3,
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80>} {
func.func @main(%x: memref<9x10xf32>, %y: memref<9x10xf32>) {
  kernel.softmax ins(%x) outs(%y) {axis = 1 : i64, log = true} : (memref<9x10xf32>, memref<9x10xf32>) -> ()
  return
}
}

// -----

// Along the channels neighbouring threads have neighbouring positions: 32 of them, and eight threads for each. Lanes of a warp have
// rows of their own, so all of the joining is in the block's memory.

// CHECK-LABEL: gpu.func @kernel_softmax
// CHECK-SAME: workgroup(%[[LARGEST:.*]] : memref<256xf32, #gpu.address_space<workgroup>> {llvm.align = 16 : i64}, %[[SUMS:.*]] : memref<256xf32, #gpu.address_space<workgroup>> {llvm.align = 16 : i64})
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
// CHECK-NOT: gpu.shuffle
// CHECK: memref.store %{{.*}}, %[[LARGEST]]
// CHECK: gpu.barrier
// CHECK-COUNT-8: memref.load %[[LARGEST]]
// CHECK: memref.store %{{.*}}, %[[SUMS]]
// CHECK: gpu.barrier
// CHECK-COUNT-8: memref.load %[[SUMS]]
// CHECK-NOT: gpu.barrier
// CHECK: gpu.launch_func @kernels::@kernel_softmax blocks in (%c4,
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80>} {
func.func @main(%x: memref<2x32x64xf32>, %y: memref<2x32x64xf32>) {
  kernel.softmax ins(%x) outs(%y) {axis = 1 : i64, log = false} : (memref<2x32x64xf32>, memref<2x32x64xf32>) -> ()
  return
}
}

// -----

// Positions enough for all threads: each has one.

// CHECK-LABEL: gpu.func @kernel_softmax
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
// CHECK-NOT: gpu.shuffle
// CHECK-NOT: gpu.barrier
// CHECK: gpu.launch_func @kernels::@kernel_softmax blocks in (%c512,
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80>} {
func.func @main(%x: memref<1x32x131072xf32>, %y: memref<1x32x131072xf32>) {
  kernel.softmax ins(%x) outs(%y) {axis = 1 : i64, log = false} : (memref<1x32x131072xf32>, memref<1x32x131072xf32>) -> ()
  return
}
}

// -----

// Sums in double precision: two words are exchanged. The two warps of a block write theirs to its memory and all threads add them up. Each
// element has the scale of its channel.

// CHECK-LABEL: gpu.func @kernel_normalize
// CHECK-SAME: workgroup(%[[TOTALS:.*]] : memref<2xf64, #gpu.address_space<workgroup>> {llvm.align = 16 : i64}, %[[SQUARES:.*]] : memref<2xf64, #gpu.address_space<workgroup>> {llvm.align = 16 : i64})
// CHECK-SAME: known_block_size = array<i32: 64, 1, 1>
// CHECK-COUNT-10: gpu.shuffle xor
// CHECK: %[[FIRST:.*]] = arith.cmpi slt, %{{.*}}, %c1
// CHECK: scf.if %[[FIRST]]
// CHECK:   memref.store %{{.*}}, %[[TOTALS]]
// CHECK: gpu.barrier
// CHECK: memref.load %[[TOTALS]][%c0]
// CHECK: memref.load %[[TOTALS]][%c1]
// CHECK: arith.divf %{{.*}} : f64
// CHECK-COUNT-10: gpu.shuffle xor
// CHECK: memref.store %{{.*}}, %[[SQUARES]]
// CHECK: gpu.barrier
// CHECK: math.sqrt
// CHECK: scf.for %[[I:.*]] =
// CHECK:   arith.divui %[[I]], %c49
// CHECK: gpu.launch_func @kernels::@kernel_normalize blocks in (%c4,
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80>} {
func.func @main(%x: memref<2x12x7x7xf32>, %scale: memref<12xf32>, %bias: memref<12xf32>, %y: memref<2x12x7x7xf32>) {
  kernel.normalize ins(%x, %scale, %bias) outs(%y) {rows = 4 : i64, row_period = 2 : i64, positions = 49 : i64, epsilon = 1.0e-5 : f32}
    : (memref<2x12x7x7xf32>, memref<12xf32>, memref<12xf32>, memref<2x12x7x7xf32>) -> ()
  return
}
}

// -----

// The channels of each position.

// CHECK-LABEL: gpu.func @kernel_normalize_channels
// CHECK-SAME: workgroup(%{{.*}} : memref<256xf64, #gpu.address_space<workgroup>> {llvm.align = 16 : i64}, %{{.*}} : memref<256xf64, #gpu.address_space<workgroup>> {llvm.align = 16 : i64})
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
// CHECK-COUNT-2: gpu.barrier
// CHECK-NOT: gpu.barrier
// CHECK: gpu.launch_func @kernels::@kernel_normalize_channels blocks in (%c2,
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80>} {
func.func @main(%x: memref<1x32x49x1xf32>, %scale: memref<32x1xf32>, %bias: memref<32x1xf32>, %y: memref<1x32x49x1xf32>) {
  kernel.normalize_channels ins(%x, %scale, %bias) outs(%y) {channels = 32 : i64, epsilon = 1.0e-6 : f32}
    : (memref<1x32x49x1xf32>, memref<32x1xf32>, memref<32x1xf32>, memref<1x32x49x1xf32>) -> ()
  return
}
}

// -----

// A window that is the whole input; one thread writes the result.

// CHECK-LABEL: gpu.func @kernel_pool
// CHECK-SAME: known_block_size = array<i32: 64, 1, 1>
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK: gpu.barrier
// CHECK: %[[SHARE:.*]] = arith.mulf %{{.*}}, %cst
// CHECK: memref.store %[[SHARE]], %{{.*}}[%c0, %{{.*}}, %c0, %c0, %c0]
// CHECK: gpu.launch_func @kernels::@kernel_pool blocks in (%c5,

// One that is a part of it is a thread's.
// CHECK: gpu.launch_func @kernels::@kernel_pool_0 blocks in (%c1, %c1, %c1) threads in (%c32,
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80>} {
func.func @main(%x: memref<1x5x16x16x1xf32>, %y: memref<1x5x1x1x1xf32>, %z: memref<1x5x2x2x1xf32>) {
  kernel.pool average ins(%x) outs(%y) {kernel = array<i64: 16, 16>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, count_include_pad = false, p = 2 : i64}
    : (memref<1x5x16x16x1xf32>, memref<1x5x1x1x1xf32>) -> ()
  kernel.pool average ins(%x) outs(%z) {kernel = array<i64: 15, 15>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, count_include_pad = false, p = 2 : i64}
    : (memref<1x5x16x16x1xf32>, memref<1x5x2x2x1xf32>) -> ()
  return
}
}

// -----

// Any reduction by one operation, over the elements of all loops that are reduced. The result so far is read by the thread that writes
// the next one.

// CHECK-LABEL: gpu.func @kernel_generic
// CHECK-SAME: known_block_size = array<i32: 64, 1, 1>
// CHECK: arith.divui %{{.*}}, %c64
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK: gpu.barrier
// CHECK: scf.if
// CHECK:   %[[BEFORE:.*]] = memref.load %{{.*}} : memref<6xf32
// CHECK:   %[[AFTER:.*]] = arith.maximumf %[[BEFORE]], %{{.*}} : f32
// CHECK:   memref.store %[[AFTER]], %{{.*}}
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80>} {
func.func @main(%x: memref<5x6x64xf32>, %y: memref<6xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (j, i, k)>, affine_map<(i, j, k) -> (i)>], iterator_types = ["parallel", "reduction", "reduction"]}
    ins(%x : memref<5x6x64xf32>) outs(%y : memref<6xf32>) {
  ^body(%a: f32, %r: f32):
    %0 = arith.maximumf %r, %a : f32
    linalg.yield %0 : f32
  }
  return
}
}

// -----

// What has several results isn't divided.

// CHECK-LABEL: gpu.func @kernel_generic
// CHECK-NOT: gpu.shuffle
// CHECK: gpu.return
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80>} {
func.func @main(%x: memref<6x64xf32>, %y: memref<6xf32>, %z: memref<6xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
    ins(%x : memref<6x64xf32>) outs(%y, %z : memref<6xf32>, memref<6xf32>) {
  ^body(%a: f32, %r: f32, %s: f32):
    %0 = arith.maximumf %r, %a : f32
    %1 = arith.addf %s, %a : f32
    linalg.yield %0, %1 : f32, f32
  }
  return
}
}

// -----

// A place of the largest element: a block for each row, in which every thread begins with what the results were, as taken at place -1,
// and of equal elements the first one is left. The results of two rows of threads are joined at once.

// CHECK-LABEL: gpu.func @kernel_choice
// CHECK-SAME: known_block_size = array<i32: 32, 1, 1>
// CHECK-DAG: %[[NONE:.*]] = arith.constant -1 : i32
// CHECK-DAG: %[[BEST:.*]] = memref.load %{{.*}} : memref<2xf32>
// CHECK-DAG: %[[AT:.*]] = memref.load %{{.*}} : memref<2xi64>
// CHECK: scf.for %{{.*}} iter_args(%{{.*}} = %[[BEST]], %{{.*}} = %[[AT]], %{{.*}} = %[[NONE]], %{{.*}} = %[[BEST]], %{{.*}} = %[[AT]], %{{.*}} = %[[NONE]])
// CHECK: scf.yield
// CHECK: %[[OTHER:.*]] = arith.cmpf ogt, %[[B:.*]], %[[A:.*]] : f32
// CHECK-NEXT: %[[SELF:.*]] = arith.cmpf ogt, %[[A]], %[[B]] : f32
// CHECK: arith.cmpi slt, %{{.*}}, %{{.*}} : i32
// CHECK: gpu.shuffle xor
// CHECK: scf.if
// CHECK: memref.store %{{.*}} : memref<2xf32>
// CHECK: memref.store %{{.*}} : memref<2xi64>

// What was taken before decides on the candidate: a thread for each row.
// CHECK-LABEL: gpu.func @kernel_history
// CHECK-NOT: gpu.shuffle
// CHECK: gpu.return
#row = affine_map<(i, j) -> (i, j)>
#one = affine_map<(i, j) -> (i)>
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 32768, l2 = 524288, gpu = 80>} {
func.func @main(%x: memref<2x64xf32>, %y: memref<2xf32>, %place: memref<2xi64>) {
  linalg.generic {indexing_maps = [#row, #one, #one], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<2x64xf32>) outs(%y, %place : memref<2xf32>, memref<2xi64>) {
  ^bb0(%in: f32, %best: f32, %at: i64):
    %taken = arith.cmpf ogt, %in, %best : f32
    %j = linalg.index 1 : index
    %here = arith.index_cast %j : index to i64
    %next = arith.select %taken, %in, %best : f32
    %nextAt = arith.select %taken, %here, %at : i64
    linalg.yield %next, %nextAt : f32, i64
  } loc("choice")
  linalg.generic {indexing_maps = [#row, #one, #one], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<2x64xf32>) outs(%y, %place : memref<2xf32>, memref<2xi64>) {
  ^bb0(%in: f32, %best: f32, %at: i64):
    %taken = arith.cmpf ogt, %in, %best : f32
    %c1 = arith.constant 1 : i64
    %count = arith.addi %at, %c1 : i64
    %next = arith.select %taken, %in, %best : f32
    %nextAt = arith.select %taken, %count, %at : i64
    linalg.yield %next, %nextAt : f32, i64
  } loc("history")
  return
}
}
