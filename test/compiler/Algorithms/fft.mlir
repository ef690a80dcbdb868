// fft: tiles are transformed, multiplied with the spectra of the packed filter and transformed back, in the scratch memory.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// Dense, one dimension: tiles of 4 points, of which 3 are outputs, so that 5 outputs take two tiles, the real and the imaginary part of one
// signal.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: (%{{.*}}: index, %[[SLOT:.*]]: index, %[[X:.*]]: memref<1x1x6x4xf32>, %[[W:.*]]: memref<72xf32>, %[[Y:.*]]: memref<1x1x5x4xf32>, %[[SCRATCH:.*]]: memref<1x224xf32>)
// The first tile is inside of the input, the second one's last point is not.
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1 {
// CHECK-NEXT: vector.load %[[X]]
// CHECK: scf.for %[[POINT:.*]] = %c0 to %c3 step %c1 {
// CHECK-NEXT: %[[PLACE:.*]] = arith.addi %[[POINT]], %c3
// CHECK-NEXT: vector.load %[[X]][%c0, %c0, %[[PLACE]], %c0]
// CHECK: vector.store %{{.*}}, %[[SCRATCH]][%[[SLOT]], %c60]
// One butterfly of radix 4, without a multiplication: 16 additions.
// CHECK-COUNT-8: vector.load %[[SCRATCH]]
// CHECK-COUNT-8: arith.{{addf|subf}}
// CHECK-NEXT: arith.negf
// CHECK-COUNT-8: arith.{{addf|subf}}
// CHECK-NOT: arith.{{addf|subf|mulf}}
// CHECK-COUNT-8: vector.store %{{.*}}, %[[SCRATCH]]
// Frequencies 0, 1 and 2 of both signals; those of -1 are conjugate. Then their products, over 3 channels, four multiply-adds each.
// CHECK: scf.for %{{.*}} = %c0 to %c3 step %c1 {
// CHECK: scf.for %{{.*}} = %c0 to %c3 step %c1 iter_args(%{{.*}} = %[[ZERO:.*]], %{{.*}} = %[[ZERO]], %{{.*}} = %[[ZERO]], %{{.*}} = %[[ZERO]])
// CHECK-COUNT-2: vector.load %[[W]]
// CHECK-COUNT-8: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// Back, and out: 3 outputs of the first tile, 2 of the second one.
// CHECK-COUNT-16: arith.{{addf|subf}}
// CHECK: scf.for %{{.*}} = %c0 to %c3 step %c1 {
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK: scf.for %{{.*}} = %c0 to %c2 step %c1 {
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x6x4xf32>, %w: memref<72xf32>, %y: memref<1x1x5x4xf32>, %scratch: memref<1x224xf32>) {
  kernel.conv "fft" ins(%x, %w) outs(%y scratch %scratch) {in_channels = 3 : i64, out_channels = 2 : i64, groups = 1 : i64,
      kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>,
      output_sizes = array<i64: 5>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 2, 1>,
      transform = array<i64: 4>}
    : (memref<1x1x6x4xf32>, memref<72xf32>, memref<1x1x5x4xf32>, memref<1x224xf32>) -> () loc("conv1")
  return
}
}

// -----

// Depthwise, two blocks of channels in one complex tile of 4 x 4. The input has 3 rows of 3; the fourth of both is zero.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: (%{{.*}}: index, %[[SLOT:.*]]: index, %[[X:.*]]: memref<1x2x3x3x4xf32>, %[[W:.*]]: memref<192xf32>, %[[Y:.*]]: memref<1x2x3x3x4xf32>, %[[SCRATCH:.*]]: memref<1x256xf32>)
// Rows: one of each block is read, then transformed.
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c3 step %c1 {
// CHECK: vector.load %[[X]][%c0, %c0, %[[ROW]], %{{.*}}, %c0]
// CHECK: vector.load %[[X]][%c0, %c1, %[[ROW]], %{{.*}}, %c0]
// CHECK-COUNT-16: arith.{{addf|subf}}
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1 {
// CHECK-NEXT: %{{.*}} = arith.muli
// CHECK: vector.store %[[ZERO:.*]], %[[SCRATCH]]
// Columns 0, then 1 and 3 together, then 2: transformed, multiplied with the sum and the difference of both blocks' spectra, transformed back.
// CHECK-COUNT-3: scf.for %{{.*}} = %c1 to %c{{[34]}} step %c1 {
// Rows back, and out.
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c3 step %c1 {
// CHECK-COUNT-16: arith.{{addf|subf}}
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c0, %[[ROW]], %{{.*}}, %c0]
// CHECK: vector.store %{{.*}}, %[[Y]][%c0, %c1, %[[ROW]], %{{.*}}, %c0]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x3x3x4xf32>, %w: memref<192xf32>, %y: memref<1x2x3x3x4xf32>, %scratch: memref<1x256xf32>) {
  kernel.conv "fft" ins(%x, %w) outs(%y scratch %scratch) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 8 : i64,
      kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 0>,
      output_sizes = array<i64: 3, 3>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 1, 1>,
      transform = array<i64: 4, 4>}
    : (memref<1x2x3x3x4xf32>, memref<192xf32>, memref<1x2x3x3x4xf32>, memref<1x256xf32>) -> () loc("conv1")
  return
}
}
