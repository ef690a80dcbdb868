// fft in three dimensions: tiles of the last two, slice by slice; the taps of the depth are added up as channels are.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// Dense: two images of 5 slices in one complex signal; all 3 output slices read them through 3 taps.
// CHECK-LABEL: func.func private @kernel_volume
// CHECK-SAME: (%[[TASK:.*]]: index, %[[X:.*]]: memref<2x1x5x4x4x4xf32>, %[[W:.*]]: memref<864xf32>, %[[Y:.*]]: memref<2x1x3x4x4x4xf32>
// CHECK: scf.for %[[SLICE:.*]] = %c0 to %c5 step %c1 {
// CHECK: vector.load %[[X]][%c0, %c0, %[[SLICE]], %{{.*}}, %{{.*}}, %c0]
// CHECK: vector.load %[[X]][%c1, %c0, %[[SLICE]], %{{.*}}, %{{.*}}, %c0]
// Frequencies, half of 4 x 4; 6 positions, two at a time; taps; channels, with four multiply-adds for each position.
// CHECK: scf.for %{{.*}} = %c0 to %c12 step %c1 {
// CHECK: scf.for %{{.*}} = %c0 to %c6 step %c2 {
// CHECK: scf.for %[[TAP:.*]] = %c0 to %c3 step %c1 iter_args
// CHECK: scf.for %{{.*}} = %c0 to %c3 step %c1 iter_args
// CHECK-COUNT-2: vector.load %[[W]]
// CHECK-COUNT-8: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK: scf.for %[[SLICE:.*]] = %c0 to %c3 step %c1 {
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %[[SLICE]], %{{.*}}, %{{.*}}, %c0]
// CHECK: vector.store %{{.*}}, %[[Y]][%c1, %c0, %[[SLICE]], %{{.*}}, %{{.*}}, %c0]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<2x1x5x4x4x4xf32>, %w: memref<864xf32>, %y: memref<2x1x3x4x4x4xf32>, %scratch: memref<1x1792xf32>) {
  kernel.conv "fft" ins(%x, %w) outs(%y scratch %scratch) {in_channels = 3 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 1, 1>, strides = array<i64: 1, 1, 1>, dilations = array<i64: 1, 1, 1>, padding_low = array<i64: 0, 0, 0>,
      output_sizes = array<i64: 3, 4, 4>, output_strides = array<i64: 1, 1, 1>, output_offsets = array<i64: 0, 0, 0>,
      tile = array<i64: 2, 1>, transform = array<i64: 5, 4, 4>}
    : (memref<2x1x5x4x4x4xf32>, memref<864xf32>, memref<2x1x3x4x4x4xf32>, memref<1x1792xf32>) -> () loc("volume")
  return
}
}

// -----

// Depthwise: the spectra of 3 slices of two blocks stay in the scratch memory; the sums over 2 taps go through the carried values.
// CHECK-LABEL: func.func private @kernel_channels
// CHECK-SAME: (%[[TASK:.*]]: index, %[[X:.*]]: memref<1x2x3x3x3x4xf32>, %[[W:.*]]: memref<384xf32>, %[[Y:.*]]: memref<1x2x2x3x3x4xf32>
// CHECK: scf.for %[[SLICE:.*]] = %c0 to %c3 step %c1 {
// CHECK: vector.load %[[X]][%c0, %c0, %[[SLICE]],
// CHECK: vector.load %[[X]][%c0, %c1, %[[SLICE]],
// CHECK: scf.for %[[SLICE:.*]] = %c0 to %c2 step %c1 {
// CHECK: scf.for %[[TAP:.*]] = %c0 to %c2 step %c1 iter_args
// CHECK-NEXT: arith.addi %[[SLICE]], %[[TAP]]
// CHECK-COUNT-16: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %[[SLICE]],
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c1, %[[SLICE]],
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x3x3x3x4xf32>, %w: memref<384xf32>, %y: memref<1x2x2x3x3x4xf32>, %scratch: memref<1x640xf32>) {
  kernel.conv "fft" ins(%x, %w) outs(%y scratch %scratch) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 8 : i64,
      kernel = array<i64: 2, 3, 3>, strides = array<i64: 1, 1, 1>, dilations = array<i64: 1, 1, 1>, padding_low = array<i64: 0, 1, 1>,
      output_sizes = array<i64: 2, 3, 3>, output_strides = array<i64: 1, 1, 1>, output_offsets = array<i64: 0, 0, 0>,
      tile = array<i64: 1, 1>, transform = array<i64: 3, 4, 4>}
    : (memref<1x2x3x3x3x4xf32>, memref<384xf32>, memref<1x2x2x3x3x4xf32>, memref<1x640xf32>) -> () loc("channels")
  return
}
}
