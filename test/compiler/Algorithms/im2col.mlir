// im2col: the patches of one register tile are packed into a buffer on the stack, zeros where they reach into the padding, then multiplied
// with the whole filter.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// 3 x 7 positions in tiles of 3, over the ends of rows: 7 tiles. The columns have 9 taps x 3 positions of the one channel.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: (%{{.*}}: index, %[[X:.*]]: memref<1x1x3x7x1xf32>, %[[W:.*]]: memref<36xf32>, %[[Y:.*]]: memref<1x1x3x7x4xf32>)
// CHECK: %[[COLUMNS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<1x9x3x1xf32>
// CHECK: scf.for %[[TILE:.*]] = %c0 to %c7 step %c1 {
// CHECK: %[[POSITION:.*]] = arith.muli %[[TILE]], %c3
// Packing, position by position: a patch's row and column are inside as unsigned numbers, or the value is zero.
// CHECK: %[[ROW_INSIDE:.*]] = arith.cmpi ult, %{{.*}}, %c3
// CHECK: %[[COLUMN_INSIDE:.*]] = arith.cmpi ult, %{{.*}}, %c7
// CHECK: %[[INSIDE:.*]] = arith.andi %[[ROW_INSIDE]], %[[COLUMN_INSIDE]]
// CHECK: scf.if %[[INSIDE]] {
// CHECK-NEXT: %[[PATCH:.*]] = vector.load %[[X]]
// CHECK-NEXT: vector.store %[[PATCH]], %[[COLUMNS]][%c0, %[[TAP:.*]], %c0, %c0]
// CHECK-NEXT: } else {
// CHECK-NEXT: vector.store %{{.*}}, %[[COLUMNS]][%c0, %[[TAP]], %c0, %c0]
// CHECK: vector.store %{{.*}}, %[[COLUMNS]][%c0, %{{.*}}, %c1, %c0]
// CHECK: vector.store %{{.*}}, %[[COLUMNS]][%c0, %{{.*}}, %c2, %c0]
// Multiplying: a loop over the taps, 3 positions by a vector.
// CHECK: scf.for %{{.*}} = %c0 to %c9 step %c1 iter_args(%{{[a-z0-9]+}} = %[[ZERO:.*]], %{{[a-z0-9]+}} = %[[ZERO]], %{{[a-z0-9]+}} = %[[ZERO]])
// CHECK-COUNT-3: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-3: vector.store %{{.*}}, %[[Y]]
// CHECK-NOT: vector.store
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x3x7x1xf32>, %w: memref<36xf32>, %y: memref<1x1x3x7x4xf32>) {
  kernel.conv "im2col" ins(%x, %w) outs(%y) {in_channels = 1 : i64, out_channels = 4 : i64, groups = 1 : i64, kernel = array<i64: 3, 3>,
      strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 3, 7>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 3, 1>}
    : (memref<1x1x3x7x1xf32>, memref<36xf32>, memref<1x1x3x7x4xf32>) -> () loc("conv1")
  return
}
}

// -----

// No padding, no check. 5 positions in tiles of 4: the last one is alone and has code of its own. 3 vectors of output channels, 2 at a time.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<1x2x4x1xf32>
// CHECK-NOT: scf.if
// One channel, 4 positions x 2 vectors, then the third vector alone; then the fifth position.
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-8: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-4: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-2: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.for {{.*}} iter_args
// CHECK: vector.fma
// CHECK-NOT: vector.fma
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x6x1xf32>, %w: memref<24xf32>, %y: memref<1x3x5x4xf32>) {
  kernel.conv "im2col" ins(%x, %w) outs(%y) {in_channels = 1 : i64, out_channels = 12 : i64, groups = 1 : i64, kernel = array<i64: 2>,
      strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 5>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 4, 2>}
    : (memref<1x1x6x1xf32>, memref<24xf32>, memref<1x3x5x4xf32>) -> () loc("conv1")
  return
}
}
