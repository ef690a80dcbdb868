// An inverted residual block in three steps: the input is split, each task makes its share of the sums, and the sums of all are added up.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file --verify-diagnostics | FileCheck %s

// 80 channels are three steps, the last one of one vector; one task has them in chunks of two.
// CHECK-LABEL: func.func @main
// CHECK: scf.forall (%{{.*}}) in (4)
// CHECK: func.call @kernel_block_prepare
// CHECK: call @kernel_block(
// CHECK: scf.forall (%{{.*}}) in (4)
// CHECK: func.call @kernel_block_complete

// A fourth of the positions; 24 channels, of which the second vector has 8.
// CHECK-LABEL: func.func private @kernel_block_prepare
// CHECK-SAME: %[[PREPARED:[a-z0-9]+]]: memref<2688xf32>) {
// CHECK: scf.for
// CHECK: %[[HIGH:.*]] = x86vector.avx512.cvt.packed.f32_to_bf16
// CHECK: vector.bitcast %[[HIGH]] : vector<16xbf16> to vector<8xf32>
// CHECK: arith.select
// CHECK: x86vector.avx512.cvt.packed.f32_to_bf16

// CHECK-LABEL: func.func private @kernel_block(
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<1x2x6x7x16xf32>, %[[U:[a-z0-9]+]]: memref<5120xbf16>, %[[B:[a-z0-9]+]]: memref<5x16xf32>, %[[V:[a-z0-9]+]]: memref<720xf32>,
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<6144xbf16>
// CHECK-SAME: %[[SCRATCH:[a-z0-9]+]]: memref<1x5376xf32>, %[[PREPARED:[a-z0-9]+]]: memref<2688xf32>)
// CHECK-SAME: passthrough = ["noinline"]
// The expansion: of two tiles and two vectors low x high, high x high, high x low, while the next step's filter is asked for.
// CHECK-COUNT-4: amx.tile_zero
// CHECK: memref.prefetch %[[U]]
// CHECK-COUNT-2: amx.tile_load %[[PREPARED]]{{.*}} into !amx.tile<14x32xbf16>
// CHECK-COUNT-2: amx.tile_load %[[U]]{{.*}} into !amx.tile<16x32xbf16>
// CHECK-COUNT-4: amx.tile_mulf
// CHECK-COUNT-2: amx.tile_load %[[PREPARED]]
// CHECK-COUNT-4: amx.tile_mulf
// CHECK-COUNT-2: amx.tile_load %[[U]]
// CHECK-COUNT-4: amx.tile_mulf
// CHECK-COUNT-4: amx.tile_store
// CHECK: vector.store %{{.*}}, %[[SCRATCH]]
// The depthwise convolution, split.
// CHECK: %[[CHUNK:[a-z0-9_]+]] = memref.reinterpret_cast %[[SCRATCH]] to offset: [{{.*}}], sizes: [1, 4, 6, 7, 16], strides: [2688, 672, 112, 16, 1]
// CHECK: %[[WEIGHTS:[a-z0-9_]+]] = memref.subview %[[V]]
// CHECK: vector.load %[[WEIGHTS]]
// CHECK: x86vector.avx512.cvt.packed.f32_to_bf16
// CHECK: vector.store %{{.*}}, %[[SCRATCH]]
// The projection: the first chunk begins with zeros, the others with the sums so far.
// CHECK: scf.if
// CHECK-COUNT-4: amx.tile_zero
// CHECK: amx.tile_load %[[SCRATCH]]{{.*}} into !amx.tile<14x32xbf16>
// CHECK: amx.tile_load %[[W]]{{.*}} into !amx.tile<16x32xbf16>
// CHECK: amx.tile_store %[[PREPARED]]
// CHECK: } else {
// CHECK-COUNT-4: amx.tile_load %[[PREPARED]]{{.*}} into !amx.tile<14x16xf32>
// CHECK: amx.tile_store %[[PREPARED]]

// CHECK-LABEL: func.func private @kernel_block_complete
// CHECK: vector.load
// CHECK: arith.addf
// CHECK: vector.store
// CHECK-NOT: amx
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %b: memref<5x16xf32>, %v: memref<720xf32>, %w: memref<6144xbf16>, %c: memref<2x16xf32>,
                %y: memref<1x2x6x7x16xf32>, %s: memref<1x5376xf32>, %p: memref<2688xf32>) {
  kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v pointwise %w bias %c residual %x) outs(%y scratch %s prepared %p)
      expansion_activation <relu> {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<5x16xf32>, memref<720xf32>, memref<6144xbf16>, memref<2x16xf32>,
       memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> () loc("block")
  return
}
}

// -----

module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %v: memref<720xf32>, %w: memref<6144xbf16>, %y: memref<1x2x6x7x16xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op has no memory to work in; allocate-scratch must run before this pass}}
  kernel.inverted_residual ins(%x expansion %u depthwise %v pointwise %w) outs(%y) {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<720xf32>, memref<6144xbf16>, memref<1x2x6x7x16xf32>) -> ()
  return
}
}

// -----

module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152>} {
func.func @main(%x: memref<1x2x6x7x16xf32>, %u: memref<5120xbf16>, %v: memref<720xf32>, %w: memref<6144xbf16>, %y: memref<1x2x6x7x16xf32>) {
  // expected-error @below {{'kernel.inverted_residual' op needs a target with tile registers}}
  kernel.inverted_residual ins(%x expansion %u depthwise %v pointwise %w) outs(%y) {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<720xf32>, memref<6144xbf16>, memref<1x2x6x7x16xf32>) -> ()
  return
}
}
