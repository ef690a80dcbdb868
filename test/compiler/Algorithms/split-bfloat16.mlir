// bf16x3 and bf16x6: the panel is split into two or three bfloat16 parts, then tiles of it are multiplied on tile registers.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --convert-scf-to-cf --convert-tiles-to-llvm --split-input-file | FileCheck %s --check-prefix=LLVM

// 28 positions of one row in two tiles of 14, 32 channels in one step, 32 output channels: 2 x 2 accumulators.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: %[[SLOT:arg1]]: index
// CHECK-SAME: memref<1x2x28x16xf32>, %[[W:[a-z0-9]+]]: memref<2048xbf16>, %{{.*}}: memref<1x2x28x16xf32>, %[[PANEL:[a-z0-9]+]]: memref<1x1792xbf16>
// Tiles of other kernels don't share this one's configuration.
// CHECK-SAME: passthrough = ["noinline"]
// Splitting: rounded, and the rest rounded; the low half lies behind all positions' high ones.
// CHECK: scf.for
// CHECK: %[[X:.*]] = vector.load
// CHECK: %[[HIGH:.*]] = x86vector.avx512.cvt.packed.f32_to_bf16 %[[X]]
// CHECK: %[[BITS:.*]] = arith.bitcast %[[HIGH]] : vector<16xbf16> to vector<16xi16>
// CHECK: %[[WIDE:.*]] = arith.extui %[[BITS]]
// CHECK: %[[SHIFTED:.*]] = arith.shli %[[WIDE]]
// CHECK: %[[ROUNDED:.*]] = arith.bitcast %[[SHIFTED]] : vector<16xi32> to vector<16xf32>
// CHECK: %[[REST:.*]] = arith.subf %[[X]], %[[ROUNDED]]
// CHECK: %[[LOW:.*]] = x86vector.avx512.cvt.packed.f32_to_bf16 %[[REST]]
// CHECK: vector.store %[[HIGH]], %[[PANEL]]
// CHECK: vector.store %[[LOW]], %[[PANEL]]
// low x high, high x high, high x low, with 8 tiles loaded.
// CHECK-COUNT-4: amx.tile_zero : !amx.tile<14x16xf32>
// CHECK-COUNT-2: amx.tile_load %[[PANEL]]{{.*}} into !amx.tile<14x32xbf16>
// CHECK-COUNT-2: amx.tile_load %[[W]]{{.*}} into !amx.tile<16x32xbf16>
// CHECK-COUNT-4: amx.tile_mulf
// CHECK-COUNT-2: amx.tile_load %[[PANEL]]
// CHECK-COUNT-4: amx.tile_mulf
// CHECK-COUNT-2: amx.tile_load %[[W]]
// CHECK-COUNT-4: amx.tile_mulf
// CHECK-NOT: amx.tile_mulf
// CHECK-COUNT-4: amx.tile_store
// CHECK: return

// LLVM-LABEL: @kernel_conv1
// LLVM: "llvm.x86.avx512bf16.cvtneps2bf16.512"
// LLVM: "llvm.x86.tilezero.internal"
// LLVM: "llvm.x86.tileloadd64.internal"
// LLVM: "llvm.x86.tdpbf16ps.internal"
// LLVM: "llvm.x86.tilestored64.internal"
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: memref<1x2x28x16xf32>, %w: memref<2048xbf16>, %y: memref<1x2x28x16xf32>, %panel: memref<1x1792xbf16>) {
  kernel.conv "bf16x3" ins(%x, %w) outs(%y scratch %panel) {in_channels = 32 : i64, out_channels = 32 : i64, groups = 1 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 28>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 14, 2>}
    : (memref<1x2x28x16xf32>, memref<2048xbf16>, memref<1x2x28x16xf32>, memref<1x1792xbf16>) -> () loc("conv1")
  return
}
}

// -----

// 3 x 3 with padding of 1: rows outside are zeros, loops carry the accumulators over steps and taps; of a single vector, four tiles are
// multiplied at a time and those that are left one by one, with accumulators of their own for each of the three products.
// CHECK-LABEL: func.func private @kernel_conv2
// CHECK: scf.if %{{.*}} {
// CHECK: scf.for %{{.*}} iter_args({{.*}}) -> (!amx.tile<5x16xf32>, !amx.tile<5x16xf32>, !amx.tile<5x16xf32>, !amx.tile<5x16xf32>)
// CHECK-COUNT-12: amx.tile_mulf
// CHECK-NOT: amx.tile_mulf
// CHECK-COUNT-4: amx.tile_store
// CHECK: scf.for %{{.*}} iter_args({{.*}}) -> (!amx.tile<5x16xf32>, !amx.tile<5x16xf32>, !amx.tile<5x16xf32>)
// CHECK-COUNT-3: amx.tile_mulf
// CHECK-COUNT-3: amx.tile_store
// CHECK-COUNT-2: arith.addf
// LLVM-LABEL: @kernel_conv2
// Between blocks, tiles are LLVM's.
// LLVM: ^{{.*}}: !llvm.x86_amx
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: memref<1x1x5x5x16xf32>, %w: memref<6144xbf16>, %y: memref<1x1x5x5x16xf32>, %panel: memref<1x1824xbf16>) {
  kernel.conv "bf16x3" ins(%x, %w) outs(%y scratch %panel) {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 5, 5>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 5, 1>}
    : (memref<1x1x5x5x16xf32>, memref<6144xbf16>, memref<1x1x5x5x16xf32>, memref<1x1824xbf16>) -> () loc("conv2")
  return
}
}

// -----

// Three parts, each of what the ones before leave. All of the input with the high part of the filter, then the high one with the low one of
// the filter, and the two that are left with its middle one: 14 tiles loaded for 24 products.
// CHECK-LABEL: func.func private @kernel_conv3
// CHECK-SAME: memref<1x2x28x16xf32>, %[[W:[a-z0-9]+]]: memref<3072xbf16>, %{{.*}}: memref<1x2x28x16xf32>, %[[PANEL:[a-z0-9]+]]: memref<1x2688xbf16>
// CHECK: %[[X:.*]] = vector.load
// CHECK: %[[HIGH:.*]] = x86vector.avx512.cvt.packed.f32_to_bf16 %[[X]]
// CHECK: %[[REST:.*]] = arith.subf %[[X]]
// CHECK: %[[MIDDLE:.*]] = x86vector.avx512.cvt.packed.f32_to_bf16 %[[REST]]
// CHECK: %[[LEFT:.*]] = arith.subf %[[REST]]
// CHECK: %[[LOW:.*]] = x86vector.avx512.cvt.packed.f32_to_bf16 %[[LEFT]]
// CHECK: vector.store %[[HIGH]], %[[PANEL]]
// CHECK: vector.store %[[MIDDLE]], %[[PANEL]]
// CHECK: vector.store %[[LOW]], %[[PANEL]]
// CHECK-COUNT-4: amx.tile_zero : !amx.tile<14x16xf32>
// CHECK-COUNT-2: amx.tile_load %[[PANEL]]{{.*}} into !amx.tile<14x32xbf16>
// CHECK-COUNT-2: amx.tile_load %[[W]]{{.*}} into !amx.tile<16x32xbf16>
// CHECK-COUNT-4: amx.tile_mulf
// CHECK-COUNT-2: amx.tile_load %[[PANEL]]
// CHECK-COUNT-4: amx.tile_mulf
// CHECK-COUNT-2: amx.tile_load %[[PANEL]]
// CHECK-COUNT-4: amx.tile_mulf
// CHECK-COUNT-2: amx.tile_load %[[W]]
// CHECK-COUNT-4: amx.tile_mulf
// CHECK-COUNT-2: amx.tile_load %[[W]]
// CHECK-COUNT-4: amx.tile_mulf
// CHECK-COUNT-2: amx.tile_load %[[PANEL]]
// CHECK-COUNT-4: amx.tile_mulf
// CHECK-NOT: amx.tile_mulf
// CHECK-COUNT-4: amx.tile_store
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: memref<1x2x28x16xf32>, %w: memref<3072xbf16>, %y: memref<1x2x28x16xf32>, %panel: memref<1x2688xbf16>) {
  kernel.conv "bf16x6" ins(%x, %w) outs(%y scratch %panel) {in_channels = 32 : i64, out_channels = 32 : i64, groups = 1 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 28>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 14, 2>}
    : (memref<1x2x28x16xf32>, memref<3072xbf16>, memref<1x2x28x16xf32>, memref<1x2688xbf16>) -> () loc("conv3")
  return
}
}

// -----

// A single vector of four tiles: two parts of the filter stay, for five products of each tile, then the third one, for the last product.
// CHECK-LABEL: func.func private @kernel_conv4
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<1536xbf16>, %{{.*}}: memref<1x1x64x16xf32>, %[[PANEL:[a-z0-9]+]]: memref<1x6144xbf16>
// CHECK-COUNT-4: amx.tile_zero
// CHECK-COUNT-2: amx.tile_load %[[W]]
// CHECK-COUNT-20: amx.tile_mulf
// CHECK-NEXT: amx.tile_load %[[W]]
// CHECK-COUNT-4: amx.tile_mulf
// CHECK-NOT: amx.tile_mulf
// CHECK: amx.tile_store
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: memref<1x2x64x16xf32>, %w: memref<1536xbf16>, %y: memref<1x1x64x16xf32>, %panel: memref<1x6144xbf16>) {
  kernel.conv "bf16x6" ins(%x, %w) outs(%y scratch %panel) {in_channels = 32 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 64>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 16, 1>}
    : (memref<1x2x64x16xf32>, memref<1536xbf16>, memref<1x1x64x16xf32>, memref<1x6144xbf16>) -> () loc("conv4")
  return
}
}
