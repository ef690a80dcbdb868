// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse | FileCheck %s

// 2000 channels at 1600 positions, whose filter is larger than half the cache: in rounds, each of which splits a part of the channels and
// adds to sums behind them.
// CHECK-LABEL: func.func private @kernel_rounds
// CHECK-SAME: %[[SLOT:arg1]]: index
// CHECK-SAME: %[[SCRATCH:[a-z0-9]+]]: memref<8x325632xbf16>)
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<32xbf16>
// CHECK: scf.for
// CHECK: vector.store %[[ZERO]], %[[SCRATCH]][%[[SLOT]],
// CHECK: scf.for %[[ROUND:.*]] = %c0{{.*}} to %c4 
// CHECK: x86vector.avx512.cvt.packed.f32_to_bf16
// CHECK-COUNT-4: amx.tile_load %[[SCRATCH]][%[[SLOT]], {{.*}} into !amx.tile<16x16xf32>
// CHECK: scf.for {{.*}} iter_args
// CHECK: amx.tile_mulf
// The next block's filter is asked for: of this round's 16 steps, which lie 47 others (of 1024 numbers) behind those of this block.
// CHECK: %[[NEXT:.*]] = arith.minsi %{{.*}}, %c1
// CHECK: arith.muli %[[NEXT]], %c48128
// CHECK: memref.prefetch
// CHECK-COUNT-4: amx.tile_store %[[SCRATCH]][%[[SLOT]],
// After the last round.
// CHECK: vector.load %[[SCRATCH]]{{.*}} vector<32xbf16>
// CHECK: vector.bitcast {{.*}} vector<32xbf16> to vector<16xf32>
// CHECK: vector.store
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: memref<1x125x40x40x16xf32>, %w: memref<580608xbf16>, %y: memref<1x9x40x40x16xf32>, %scratch: memref<8x325632xbf16>) {
  kernel.conv "bf16x3" ins(%x, %w) outs(%y scratch %scratch) {in_channels = 2000 : i64, out_channels = 136 : i64, groups = 1 : i64,
      kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, output_sizes = array<i64: 40, 40>,
      output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 16, 2>}
    : (memref<1x125x40x40x16xf32>, memref<580608xbf16>, memref<1x9x40x40x16xf32>, memref<8x325632xbf16>) -> () loc("rounds")
  return
}
}
