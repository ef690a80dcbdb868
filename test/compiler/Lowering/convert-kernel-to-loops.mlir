// Which operations become functions, which share one, and how @main calls them. The loops have tests of their own.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --split-input-file | FileCheck %s

// Equal but for their buffers and their layers' names: one function, under the first one's name.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: memref<1x2x3x4xf32>, %[[W:.*]]: memref<32xf32>, %[[Y:.*]]: memref<1x2x3x4xf32>)
// CHECK: %[[TASK:.*]] = arith.constant 0 : index
// CHECK-NEXT: call @kernel_block_0_conv(%[[TASK]], %[[X]], %[[W]], %[[Y]])
// CHECK-NEXT: %[[TASK:.*]] = arith.constant 0 : index
// CHECK-NEXT: call @kernel_block_0_conv(%[[TASK]], %[[Y]], %[[W]], %[[X]])
// The same layer's name, another activation: another function.
// CHECK: call @kernel_block_0_conv_0(%{{.*}}, %[[X]], %[[W]], %[[Y]])
// An operation of no layer is called after what it does.
// CHECK: call @kernel_softmax(%{{.*}}, %[[X]], %[[Y]])
// CHECK-NEXT: return
// CHECK-COUNT-1: func.func private @kernel_block_0_conv(%{{.*}}: index, %{{.*}}: memref<1x2x3x4xf32>, %{{.*}}: memref<32xf32>, %{{.*}}: memref<1x2x3x4xf32>)
// CHECK: func.func private @kernel_block_0_conv_0(
// CHECK: func.func private @kernel_softmax(
// CHECK-NOT: func.func
// CHECK-NOT: kernel.conv
func.func @main(%x: memref<1x2x3x4xf32>, %w: memref<32xf32>, %y: memref<1x2x3x4xf32>) {
  kernel.conv "direct" ins(%x, %w) outs(%y) {in_channels = 8 : i64, out_channels = 4 : i64, groups = 1 : i64, kernel = array<i64: 1>,
      strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 3>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>}
    : (memref<1x2x3x4xf32>, memref<32xf32>, memref<1x2x3x4xf32>) -> () loc("block.0/conv")
  kernel.conv "direct" ins(%y, %w) outs(%x) {in_channels = 8 : i64, out_channels = 4 : i64, groups = 1 : i64, kernel = array<i64: 1>,
      strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 3>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>}
    : (memref<1x2x3x4xf32>, memref<32xf32>, memref<1x2x3x4xf32>) -> () loc("block.1/conv")
  kernel.conv "direct" ins(%x, %w) outs(%y) activation <relu> {in_channels = 8 : i64, out_channels = 4 : i64, groups = 1 : i64, kernel = array<i64: 1>,
      strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 3>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>}
    : (memref<1x2x3x4xf32>, memref<32xf32>, memref<1x2x3x4xf32>) -> () loc("block.0/conv")
  kernel.softmax ins(%x) outs(%y) {axis = 1 : i64, log = false} : (memref<1x2x3x4xf32>, memref<1x2x3x4xf32>) -> ()
  return
}

// -----

// Much work is divided: each task is a call with its number.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: memref<4x64x56x56xf32>, %[[Y:.*]]: memref<4x8x56x56x8xf32>)
// CHECK-NEXT: scf.forall (%[[TASK:.*]]) in ({{[0-9]+}}) {
// CHECK-NEXT: func.call @kernel_reorder(%[[TASK]], %[[X]], %[[Y]]) : (index, memref<4x64x56x56xf32>, memref<4x8x56x56x8xf32>) -> ()
// CHECK-NEXT: }
// CHECK-NEXT: return
func.func @main(%x: memref<4x64x56x56xf32>, %y: memref<4x8x56x56x8xf32>) {
  kernel.reorder ins(%x) outs(%y) {channels = 64 : i64} : (memref<4x64x56x56xf32>, memref<4x8x56x56x8xf32>) -> ()
  return
}

// -----

// Constants that a body takes from outside belong to it: equal ones are shared, others are not.
// CHECK-LABEL: func.func @main
// CHECK: call @kernel_generic(
// CHECK: call @kernel_generic(
// CHECK: call @kernel_generic_0(
// CHECK: func.func private @kernel_generic(
// CHECK: 2.0{{0*}}e+00
// CHECK: func.func private @kernel_generic_0(
// CHECK: 3.0{{0*}}e+00
#map = affine_map<(i) -> (i)>
func.func @main(%x: memref<16xf32>, %y: memref<16xf32>) {
  %two = arith.constant 2.0 : f32
  %three = arith.constant 3.0 : f32
  linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%x : memref<16xf32>) outs(%y : memref<16xf32>) {
  ^body(%in: f32, %out: f32):
    %0 = arith.mulf %in, %two : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%y : memref<16xf32>) outs(%x : memref<16xf32>) {
  ^body(%in: f32, %out: f32):
    %0 = arith.mulf %in, %two : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%y : memref<16xf32>) outs(%x : memref<16xf32>) {
  ^body(%in: f32, %out: f32):
    %0 = arith.mulf %in, %three : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// In a loop: what begins where only the run knows is handed over as the buffer around it and that place, so that all iterations, and
// kernels elsewhere, share the function. Numbers are repeated in it.

// CHECK-LABEL: func.func @main(
// CHECK: scf.for %[[I:.*]] =
// CHECK:   %[[PART:.*]] = memref.subview %[[Y:.*]][%[[I]], 0]
// CHECK:   %[[BASE:.*]], %[[OFFSET:.*]], %{{.*}}, %{{.*}} = memref.extract_strided_metadata %[[PART]]
// CHECK:   call @kernel_generic(%{{.*}}, %[[X:.*]], %[[BASE]], %[[OFFSET]], %[[I]]) : (index, memref<8xf32>, memref<f32>, index, index)
// CHECK: func.func private @kernel_generic(%{{.*}}: index, %[[X:.*]]: memref<8xf32>, %[[BASE:.*]]: memref<f32>, %[[OFFSET:.*]]: index, %[[I:.*]]: index)
// CHECK:   memref.reinterpret_cast %[[BASE]] to offset: [%[[OFFSET]]], sizes: [8], strides: [1] : memref<f32> to memref<8xf32, strided<[1], offset: ?>>
// CHECK:   %[[N:.*]] = vector.broadcast %[[I]] : index to vector<4xindex>
// CHECK:   arith.index_cast %[[N]]
// CHECK-NOT: func.func
#map1 = affine_map<(i) -> (i)>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<8xf32>, %y: memref<4x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %factor = arith.constant 3.0 : f32
  scf.for %i = %c0 to %c4 step %c1 {
    %part = memref.subview %y[%i, 0] [1, 8] [1, 1] : memref<4x8xf32> to memref<8xf32, strided<[1], offset: ?>>
    linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel"]}
        ins(%x : memref<8xf32>) outs(%part : memref<8xf32, strided<[1], offset: ?>>) {
    ^body(%in: f32, %out: f32):
      %n = arith.index_cast %i : index to i32
      %f = arith.sitofp %n : i32 to f32
      %0 = arith.mulf %in, %f : f32
      %1 = arith.mulf %0, %factor : f32
      linalg.yield %1 : f32
    }
  }
  return
}
}

// -----

// What has no element is not computed.

// CHECK-LABEL: func.func @main(
// CHECK-NEXT: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<0x8xf32>, %y: memref<0x8xf32>) {
  memref.copy %x, %y : memref<0x8xf32> to memref<0x8xf32>
  return
}
}

// -----

// How many groups a layer had before they were merged is no part of its kernel.
// CHECK-LABEL: func.func @main
// CHECK: call @kernel_grouped(
// CHECK: call @kernel_grouped(
// CHECK-NOT: func.func private @kernel_dense
func.func @main(%x: memref<1x2x3x4xf32>, %w: memref<32xf32>, %y: memref<1x2x3x4xf32>) {
  kernel.conv "direct" ins(%x, %w) outs(%y) {toeplitz.groups = 4 : i64, in_channels = 8 : i64, out_channels = 8 : i64, groups = 2 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 3>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>}
    : (memref<1x2x3x4xf32>, memref<32xf32>, memref<1x2x3x4xf32>) -> () loc("grouped")
  kernel.conv "direct" ins(%y, %w) outs(%x) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 2 : i64,
      kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 3>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>}
    : (memref<1x2x3x4xf32>, memref<32xf32>, memref<1x2x3x4xf32>) -> () loc("dense")
  return
}
