// fft with circular padding: the transform has the image's size, the input has no halo, and every point is read and written once.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// Dense, one dimension of 6 points; 9 taps wrap around it. A single tile in each of two images: one complex signal.
// CHECK-LABEL: func.func private @kernel_ring
// CHECK-SAME: (%[[TASK:.*]]: index, %[[X:.*]]: memref<2x1x6x4xf32>, %[[W:.*]]: memref<96xf32>, %[[Y:.*]]: memref<2x1x6x4xf32>
// Nothing is filled with zeros, and no position is clamped.
// CHECK-NOT: arith.{{minsi|maxsi}}
// CHECK: scf.for %[[POINT:.*]] = %c0 to %c6 step %c1 {
// CHECK-NEXT: %[[V:.*]] = vector.load %[[X]][%c0, %c0, %[[POINT]], %c0]
// CHECK: vector.store %[[V]]
// CHECK: scf.for %[[POINT:.*]] = %c0 to %c6 step %c1 {
// CHECK-NEXT: vector.load %[[X]][%c1, %c0, %[[POINT]], %c0]
// Frequencies 0 to 3, whatever the number of taps: four multiply-adds for each of 3 channels and each signal.
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1 {
// CHECK: scf.for %{{.*}} = %c0 to %c3 step %c1 iter_args
// CHECK-COUNT-8: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK: scf.for %{{.*}} = %c0 to %c6 step %c1 {
// CHECK: vector.store %{{.*}}, %[[Y]][%c0,
// CHECK: scf.for %{{.*}} = %c0 to %c6 step %c1 {
// CHECK: vector.store %{{.*}}, %[[Y]][%c1,
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<2x1x6x4xf32>, %w: memref<96xf32>, %y: memref<2x1x6x4xf32>, %scratch: memref<1x320xf32>) {
  kernel.conv "fft" ins(%x, %w) outs(%y scratch %scratch) {in_channels = 3 : i64, out_channels = 2 : i64, groups = 1 : i64,
      kernel = array<i64: 9>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 4>,
      output_sizes = array<i64: 6>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>,
      transform = array<i64: 6>, circular = array<i1: true>}
    : (memref<2x1x6x4xf32>, memref<96xf32>, memref<2x1x6x4xf32>, memref<1x320xf32>) -> () loc("ring")
  return
}
}

// -----

// Depthwise, circular rows of 4 points: the outer dimension has zeros around its 3 rows, the inner one has none.
// CHECK-LABEL: func.func private @kernel_cylinder
// CHECK-SAME: (%[[TASK:.*]]: index, %[[X:.*]]: memref<1x2x3x4x4xf32>, %{{.*}}: memref<192xf32>, %[[Y:.*]]: memref<1x2x3x4x4xf32>
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c3 step %c1 {
// CHECK: vector.load %[[X]][%c0, %c0, %[[ROW]], %{{.*}}, %c0]
// CHECK: vector.load %[[X]][%c0, %c1, %[[ROW]], %{{.*}}, %c0]
// The fourth row is zeros; of four points each, three rows of four are written.
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1 {
// CHECK: vector.store %cst{{[_0-9]*}}
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c3 step %c1 {
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %[[ROW]], %{{.*}}, %c0]
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c1, %[[ROW]], %{{.*}}, %c0]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x3x4x4xf32>, %w: memref<192xf32>, %y: memref<1x2x3x4x4xf32>, %scratch: memref<1x256xf32>) {
  kernel.conv "fft" ins(%x, %w) outs(%y scratch %scratch) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 8 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 3>, padding_low = array<i64: 1, 3>,
      output_sizes = array<i64: 3, 4>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 1, 1>,
      transform = array<i64: 4, 4>, circular = array<i1: false, true>}
    : (memref<1x2x3x4x4xf32>, memref<192xf32>, memref<1x2x3x4x4xf32>, memref<1x256xf32>) -> () loc("cylinder")
  return
}
}
