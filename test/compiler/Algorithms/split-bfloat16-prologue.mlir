// The prologue of bf16x3: factors and shifts are loaded once for a row, and what is split is the activation's result; zeros beside
// the input are zeros.
// RUN: toeplitz-opt %s --convert-kernel-to-loops --canonicalize --cse --split-input-file | FileCheck %s

// 20 channels in one step of 32: the second block has 4 of them. Factors of each image, shifts for all.
// CHECK-LABEL: func.func private @kernel_conv1
// CHECK-SAME: memref<2x2x5x16xf32>, %{{[a-z0-9]+}}: memref<3072xbf16>, %[[SCALE:[a-z0-9]+]]: memref<2x2x16xf32>, %[[SHIFT:[a-z0-9]+]]: memref<2x16xf32>
// CHECK-DAG: %[[NOTHING:.*]] = arith.constant dense<0.000000e+00> : vector<32xbf16>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK-DAG: %[[EXISTS:.*]] = arith.constant dense<[true, true, true, true, false,{{( false,)*}} false]> : vector<16xi1>
// A column before the input: both halves are zeros.
// CHECK-COUNT-2: vector.store %[[NOTHING]]
// CHECK: %[[A0:.*]] = vector.load %[[SCALE]][%[[IMAGE:.*]], %c0, %c0]
// CHECK-NEXT: %[[B0:.*]] = vector.load %[[SHIFT]][%c0, %c0]
// CHECK-NEXT: %[[A1:.*]] = vector.load %[[SCALE]][%[[IMAGE]], %c1, %c0]
// CHECK-NEXT: %[[B1:.*]] = vector.load %[[SHIFT]][%c1, %c0]
// CHECK: scf.for %{{.*}} = %c1 to %c6
// CHECK: %[[X0:.*]] = vector.load %{{.*}}[%[[IMAGE]], %c0, %{{.*}}, %c0] : memref<2x2x5x16xf32>
// CHECK-NEXT: %[[P0:.*]] = vector.fma %[[X0]], %[[A0]], %[[B0]]
// CHECK: %[[SIGMOID0:.*]] = arith.divf
// CHECK-NEXT: x86vector.avx512.cvt.packed.f32_to_bf16 %[[SIGMOID0]]
// CHECK: %[[X1:.*]] = vector.load %{{.*}}[%[[IMAGE]], %c1, %{{.*}}, %c0] : memref<2x2x5x16xf32>
// CHECK-NEXT: %[[P1:.*]] = vector.fma %[[X1]], %[[A1]], %[[B1]]
// CHECK: %[[SIGMOID1:.*]] = arith.divf
// CHECK-NEXT: %[[KEPT:.*]] = arith.select %[[EXISTS]], %[[SIGMOID1]], %[[ZERO]]
// CHECK-NEXT: x86vector.avx512.cvt.packed.f32_to_bf16 %[[KEPT]]
// A column behind it.
// CHECK-COUNT-2: vector.store %[[NOTHING]]
// CHECK-NOT: arith.divf
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: memref<2x2x5x16xf32>, %w: memref<3072xbf16>, %scale: memref<2x2x16xf32>, %shift: memref<2x16xf32>, %y: memref<2x1x5x16xf32>,
    %panel: memref<2x448xbf16>) {
  kernel.conv "bf16x3" ins(%x, %w input_scale %scale input_shift %shift) outs(%y scratch %panel) input_activation <sigmoid> {
      in_channels = 20 : i64, out_channels = 16 : i64, groups = 1 : i64, kernel = array<i64: 3>, strides = array<i64: 1>,
      dilations = array<i64: 1>, padding_low = array<i64: 1>, output_sizes = array<i64: 5>, output_strides = array<i64: 1>,
      output_offsets = array<i64: 0>, tile = array<i64: 5, 1>}
    : (memref<2x2x5x16xf32>, memref<3072xbf16>, memref<2x2x16xf32>, memref<2x16xf32>, memref<2x1x5x16xf32>, memref<2x448xbf16>) -> () loc("conv1")
  return
}
}

// -----

// Of three blocks in two steps, the second block of the last step doesn't exist: nothing is loaded for it.
// CHECK-LABEL: func.func private @kernel_conv2
// CHECK: scf.if
// CHECK-COUNT-1: arith.mulf
// CHECK: } else {
// CHECK-COUNT-2: arith.mulf
// CHECK-NOT: arith.mulf
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152, amx = 1>} {
func.func @main(%x: memref<1x3x28x16xf32>, %w: memref<4096xbf16>, %scale: memref<3x16xf32>, %y: memref<1x2x28x16xf32>, %panel: memref<1x3584xbf16>) {
  kernel.conv "bf16x3" ins(%x, %w input_scale %scale) outs(%y scratch %panel) {in_channels = 48 : i64, out_channels = 32 : i64,
      groups = 1 : i64, kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>,
      output_sizes = array<i64: 28>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 14, 2>}
    : (memref<1x3x28x16xf32>, memref<4096xbf16>, memref<3x16xf32>, memref<1x2x28x16xf32>, memref<1x3584xbf16>) -> () loc("conv2")
  return
}
}
