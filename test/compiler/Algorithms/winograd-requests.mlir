// Images larger than the second-level cache: while a block of tiles is multiplied, the products ask for what the transforms will touch.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse | FileCheck %s

// 36 tiles of F(4, 3) in 12 blocks of a register tile of 3 positions. Two vectors of channels, two vector tiles.
// CHECK-LABEL: func.func private @kernel_requests
// CHECK-SAME: (%[[BLOCK:.*]]: index, %[[SLOT:.*]]: index, %[[X:.*]]: memref<1x2x146x4xf32>, %{{.*}}: memref<384xf32>, %[[R:.*]]: memref<1x2x144x4xf32>, %[[Y:.*]]: memref<1x2x144x4xf32>, %[[SCRATCH:.*]]: memref<16x256xf32>)
// CHECK: %[[INPUT:.*]] = memref.expand_shape %[[X]] {{.*}} into memref<1x2x1x146x4xf32>
// CHECK: %[[INPUTS:.*]] = memref.alloca() {{.*}} : memref<7xindex>
// CHECK: %[[OUTPUT:.*]] = memref.expand_shape %[[Y]] {{.*}} into memref<1x2x1x144x4xf32>
// CHECK: %[[OUTPUTS:.*]] = memref.alloca() {{.*}} : memref<7xindex>
// CHECK: %[[RESIDUAL:.*]] = memref.expand_shape %[[R]] {{.*}} into memref<1x2x1x144x4xf32>
// Where the tiles of the next block lie, and those of this one: 4 outputs each.
// CHECK: %[[AFTER:.*]] = arith.addi %[[BLOCK]], %c1
// CHECK: %[[NEXT:.*]] = arith.minsi %[[AFTER]], %c11
// CHECK: %[[FIRST:.*]] = arith.muli %[[NEXT]], %c3
// CHECK: scf.for %[[T:.*]] = %c0 to %c3 step %c1 {
// CHECK: %[[TILE:.*]] = arith.addi %[[FIRST]], %[[T]]
// CHECK: %[[PLACE:.*]] = arith.muli %[[TILE]], %c4
// CHECK: memref.store %[[PLACE]], %[[INPUTS]]
// CHECK: %[[FIRST:.*]] = arith.muli %[[BLOCK]], %c3
// CHECK: scf.for %[[T:.*]] = %c0 to %c3 step %c1 {
// CHECK: %[[TILE:.*]] = arith.addi %[[FIRST]], %[[T]]
// CHECK: %[[PLACE:.*]] = arith.muli %[[TILE]], %c4
// CHECK: memref.store %[[PLACE]], %[[OUTPUTS]]
// The products of 6 values: of each tile's 6 inputs one vector of channels for each vector tile, of its 4 outputs the vector tile's.
// CHECK: scf.for %[[VECTORS:.*]] = %c0 to %c2 step %c1 {
// CHECK: scf.for %[[VALUE:.*]] = %c0 to %c6 step %c1 {
// CHECK: scf.for %[[CHANNEL:.*]] = %c0 to %c4 step %c2
// CHECK: %[[LOCAL:.*]] = arith.remui %[[VECTORS]], %c2
// CHECK: %[[SHARE:.*]] = arith.minsi %[[LOCAL]], %c1
// CHECK: %[[IN:.*]] = memref.load %[[INPUTS]][%[[CHANNEL]]]
// CHECK: %[[POSITION:.*]] = arith.addi %{{.*}}, %[[IN]]
// CHECK: memref.prefetch %[[INPUT]][%c0, %{{.*}}, %c0, %[[POSITION]], %c0], read, locality<2>, data
// CHECK: %[[LAST:.*]] = arith.minsi %{{.*}}, %c3
// CHECK: %[[OUT:.*]] = memref.load %[[OUTPUTS]][%[[CHANNEL]]]
// CHECK: %[[POSITION:.*]] = arith.addi %[[LAST]], %[[OUT]]
// CHECK: memref.prefetch %[[OUTPUT]][%c0, %[[VECTORS]], %c0, %[[POSITION]], %c0], read, locality<2>, data
// CHECK: memref.prefetch %[[RESIDUAL]][%c0, %[[VECTORS]], %c0, %[[POSITION]], %c0], read, locality<2>, data
// CHECK: vector.fma
// The channels behind those ask for nothing.
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c2
// CHECK-NOT: memref.prefetch
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 1024, l2 = 4096>} {
func.func @main(%x: memref<1x2x146x4xf32>, %w: memref<384xf32>, %y: memref<1x2x144x4xf32>, %r: memref<1x2x144x4xf32>, %s: memref<16x256xf32>) {
  kernel.conv "winograd" ins(%x, %w residual %r) outs(%y scratch %s) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 144>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>, transform = array<i64: 6>}
    : (memref<1x2x146x4xf32>, memref<384xf32>, memref<1x2x144x4xf32>, memref<1x2x144x4xf32>, memref<16x256xf32>) -> () loc("requests")
  return
}
}
