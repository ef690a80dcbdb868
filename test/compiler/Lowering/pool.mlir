// RUN: toeplitz-opt %s -split-input-file -convert-kernel-to-loops -canonicalize -cse | FileCheck %s

// Rows of the output. The taps of the outer dimension that lie inside of the input are found once a row. Along the last one the
// first and the last position are clipped at compile time (two taps each), the three between them have all taps and share them.

// CHECK-LABEL: func.func private @kernel_pool
// CHECK-SAME: %{{.*}}: index, %[[X:.*]]: memref<1x2x9x9x4xf32>, %[[Y:.*]]: memref<1x2x5x5x4xf32>
// CHECK-DAG: %[[LOWEST:.*]] = arith.constant dense<0xFF800000> : vector<4xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG: %[[C5:.*]] = arith.constant 5 : index
// CHECK-DAG: %[[C10:.*]] = arith.constant 10 : index
// CHECK: scf.for %[[BLOCK:.*]] = %[[C0]] to %[[C2]]
// CHECK:   scf.for %[[ROW:.*]] = %[[C0]] to %[[C5]]
// CHECK:     %[[START:.*]] = arith.muli %[[ROW]], %[[C2]]
// CHECK:     arith.subi %[[C1]], %[[START]]
// CHECK:     %[[LOW:.*]] = arith.maxsi
// CHECK:     arith.subi %[[C10]], %[[START]]
// CHECK:     %[[HIGH:.*]] = arith.minsi
// CHECK:     %[[LEFT:.*]] = scf.for %[[TAP:.*]] = %[[LOW]] to %[[HIGH]] step %[[C1]] iter_args(%{{.*}} = %[[LOWEST]])
// CHECK:           %[[FIRST:.*]] = vector.load
// CHECK:           %[[IS_LARGER:.*]] = arith.cmpf ogt, %[[BEFORE:.*]], %[[FIRST]]
// CHECK:           %[[LARGER:.*]] = arith.select %[[IS_LARGER]], %[[BEFORE]], %[[FIRST]]
// CHECK:           %[[IS_NUMBER:.*]] = arith.cmpf ord, %[[BEFORE]], %[[BEFORE]]
// CHECK:           %[[MAX:.*]] = arith.select %[[IS_NUMBER]], %[[LARGER]], %[[BEFORE]]
// CHECK:           %[[SECOND:.*]] = vector.load
// CHECK:           arith.cmpf ogt, %[[MAX]], %[[SECOND]]
// CHECK-NOT:       vector.load
// CHECK:           scf.yield
// CHECK:     vector.store %[[LEFT]], %[[Y]][%[[C0]], %[[BLOCK]], %[[ROW]], %[[C0]], %[[C0]]]
// CHECK:     %[[MIDDLE:.*]]:3 = scf.for
// CHECK-COUNT-7: vector.load
// CHECK-NOT:       vector.load
// CHECK:           scf.yield
// CHECK:     vector.store %[[MIDDLE]]#0, %[[Y]][%[[C0]], %[[BLOCK]], %[[ROW]], %[[C1]], %[[C0]]]
// CHECK:     vector.store %[[MIDDLE]]#1, %[[Y]][%[[C0]], %[[BLOCK]], %[[ROW]], %[[C2]], %[[C0]]]
// CHECK:     vector.store %[[MIDDLE]]#2, %[[Y]][%[[C0]], %[[BLOCK]], %[[ROW]], %[[C3]], %[[C0]]]
// CHECK:     scf.for
// CHECK-COUNT-2: vector.load
// CHECK-NOT:       vector.load
// CHECK:           scf.yield
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x2x9x9x4xf32>, %y: memref<1x2x5x5x4xf32>) {
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
    padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = false, p = 2 : i64}
    : (memref<1x2x9x9x4xf32>, memref<1x2x5x5x4xf32>) -> ()
  return
}
}

// -----

// With stride 1, four windows of three columns have six in common: each is reduced over the rows once. On NEON the larger one is an instruction.

// CHECK-LABEL: func.func private @kernel_pool
// CHECK: %[[COLUMNS:.*]]:6 = scf.for
// CHECK-COUNT-6: vector.load
// CHECK-NOT:       vector.load
// CHECK:           scf.yield
// CHECK:     %[[PAIR:.*]] = arith.maximumf %[[COLUMNS]]#0, %[[COLUMNS]]#1 fastmath<nsz>
// CHECK:     %[[FIRST:.*]] = arith.maximumf %[[PAIR]], %[[COLUMNS]]#2 fastmath<nsz>
// CHECK:     %[[PAIR:.*]] = arith.maximumf %[[COLUMNS]]#1, %[[COLUMNS]]#2 fastmath<nsz>
// CHECK:     vector.store %[[FIRST]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 32, fma = 1, l1 = 32768, l2 = 524288, by_element = 1>} {
func.func @main(%x: memref<1x1x6x6x4xf32>, %y: memref<1x1x4x4x4xf32>) {
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, count_include_pad = false, p = 2 : i64}
    : (memref<1x1x6x6x4xf32>, memref<1x1x4x4x4xf32>) -> ()
  return
}
}

// -----

// The divisor of an average: the taps inside of the input, known at compile time but for the clipped ones.

// CHECK-LABEL: func.func private @kernel_pool
// CHECK-DAG: %[[HALF:.*]] = arith.constant dense<5.000000e-01> : vector<4xf32>
// CHECK-DAG: %[[THIRD:.*]] = arith.constant dense<0.333333343> : vector<4xf32>
// CHECK: arith.mulf {{.*}}, %[[HALF]]
// CHECK: arith.mulf {{.*}}, %[[THIRD]]
// CHECK: arith.mulf {{.*}}, %[[THIRD]]
// CHECK: arith.mulf {{.*}}, %[[HALF]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x4x4xf32>, %y: memref<1x1x4x4xf32>) {
  kernel.pool average ins(%x) outs(%y) {kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>,
    padding_low = array<i64: 1>, padding_high = array<i64: 1>, count_include_pad = false, p = 2 : i64}
    : (memref<1x1x4x4xf32>, memref<1x1x4x4xf32>) -> ()
  return
}
}

// -----

// With count_include_pad the padding counts, but not what rounding up adds beyond it: windows [-1, 2), [1, 4), [3, 6) over an input
// of 4 that is padded to [-1, 5).

// CHECK-LABEL: func.func private @kernel_pool
// CHECK-DAG: %[[HALF:.*]] = arith.constant dense<5.000000e-01> : vector<4xf32>
// CHECK-DAG: %[[THIRD:.*]] = arith.constant dense<0.333333343> : vector<4xf32>
// CHECK: arith.mulf {{.*}}, %[[THIRD]]
// CHECK: arith.mulf {{.*}}, %[[THIRD]]
// CHECK: arith.mulf {{.*}}, %[[HALF]]
// CHECK-NOT: arith.mulf
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x4x4xf32>, %y: memref<1x1x3x4xf32>) {
  kernel.pool average ins(%x) outs(%y) {kernel = array<i64: 3>, strides = array<i64: 2>, dilations = array<i64: 1>,
    padding_low = array<i64: 1>, padding_high = array<i64: 1>, count_include_pad = true, p = 2 : i64}
    : (memref<1x1x4x4xf32>, memref<1x1x3x4xf32>) -> ()
  return
}
}

// -----

// A divisor that depends on the row is computed.

// CHECK-LABEL: func.func private @kernel_pool
// CHECK: %[[LOW:.*]] = arith.maxsi
// CHECK: %[[HIGH:.*]] = arith.minsi
// CHECK: %[[COUNT:.*]] = arith.subi %[[HIGH]], %[[LOW]]
// CHECK: %[[DIVISOR:.*]] = arith.muli %[[COUNT]]
// CHECK: %[[INTEGER:.*]] = arith.index_cast %[[DIVISOR]]
// CHECK: %[[NUMBER:.*]] = arith.sitofp %[[INTEGER]]
// CHECK: %[[VECTOR:.*]] = vector.broadcast %[[NUMBER]]
// CHECK: arith.divf %{{.*}}, %[[VECTOR]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x4x4x4xf32>, %y: memref<1x1x4x4x4xf32>) {
  kernel.pool average ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = false, p = 2 : i64}
    : (memref<1x1x4x4x4xf32>, memref<1x1x4x4x4xf32>) -> ()
  return
}
}

// -----

// A window as long as the input is a loop with four sums.

// CHECK-LABEL: func.func private @kernel_pool
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK-DAG: %[[C48:.*]] = arith.constant 48 : index
// CHECK: %[[SUMS:.*]]:4 = scf.for %{{.*}} = %[[C0]] to %[[C48]] step %[[C4]]
// CHECK-COUNT-4: vector.load
// CHECK: scf.yield
// CHECK: vector.load
// CHECK: arith.addf %[[SUMS]]#0
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x49x4xf32>, %y: memref<1x1x1x4xf32>) {
  kernel.pool average ins(%x) outs(%y) {kernel = array<i64: 49>, strides = array<i64: 1>, dilations = array<i64: 1>,
    padding_low = array<i64: 0>, padding_high = array<i64: 0>, count_include_pad = false, p = 2 : i64}
    : (memref<1x1x49x4xf32>, memref<1x1x1x4xf32>) -> ()
  return
}
}

// -----

// (sum |x|^3)^(1/3), by logarithm and exponential. Tap 1 is two positions from tap 0.

// CHECK-LABEL: func.func private @kernel_pool
// CHECK-DAG: %[[THIRD:.*]] = arith.constant dense<0.333333343> : vector<4xf32>
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK: %[[X:.*]] = vector.load
// CHECK: %[[ABSOLUTE:.*]] = math.absf %[[X]]
// CHECK: %[[SQUARE:.*]] = arith.mulf %[[ABSOLUTE]], %[[ABSOLUTE]]
// CHECK: arith.mulf %[[ABSOLUTE]], %[[SQUARE]]
// CHECK: vector.load %{{.*}}[%{{.*}}, %{{.*}}, %[[C2]], %{{.*}}]
// CHECK: %[[LOGARITHM:.*]] = math.log
// CHECK: %[[SCALED:.*]] = arith.mulf %[[LOGARITHM]], %[[THIRD]]
// CHECK: math.exp %[[SCALED]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x3x4xf32>, %y: memref<1x1x1x4xf32>) {
  kernel.pool lp ins(%x) outs(%y) {kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 2>,
    padding_low = array<i64: 0>, padding_high = array<i64: 0>, count_include_pad = false, p = 3 : i64}
    : (memref<1x1x3x4xf32>, memref<1x1x1x4xf32>) -> ()
  return
}
}

// -----

// Rows are divided into tasks of about 16384 elements read: 9 x 16 x 4 a row, 28 rows a task, 112 x 32 / 28 tasks.
// Consecutive tasks have the same rows of all blocks of channels: a share of the tasks is a part of the image.

// CHECK-LABEL: func.func @main
// CHECK: scf.forall (%{{.*}}) in (128)
// CHECK-LABEL: func.func private @kernel_pool
// CHECK-SAME: %[[TASK:[a-z0-9]*]]: index
// CHECK-DAG: %[[C32:.*]] = arith.constant 32 : index
// CHECK-DAG: %[[C28:.*]] = arith.constant 28 : index
// CHECK-DAG: %[[RANGE:.*]] = arith.divui %[[TASK]], %[[C32]]
// CHECK-DAG: %[[BLOCK:.*]] = arith.remui %[[TASK]], %[[C32]]
// CHECK: %[[FROM:.*]] = arith.muli %[[RANGE]], %[[C28]]
// CHECK: %[[TO:.*]] = arith.addi %[[FROM]], %[[C28]]
// CHECK: scf.for %{{.*}} = %[[FROM]] to %[[TO]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x32x224x32x4xf32>, %y: memref<1x32x112x16x4xf32>) {
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
    padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = false, p = 2 : i64}
    : (memref<1x32x224x32x4xf32>, memref<1x32x112x16x4xf32>) -> ()
  return
}
}

// -----

// Six averages with all of their taps: a tile of four, which adds up its six columns first, and two more in the same order, so that each of
// them rounds alike. (A maximum doesn't round: by themselves two would take their 6 loads a row.)
// CHECK-LABEL: func.func private @kernel_pool
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-6: vector.load
// CHECK-NOT:     vector.load
// CHECK: scf.yield
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-4: vector.load
// CHECK-NOT:     vector.load
// CHECK: scf.yield
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: memref<1x1x8x8x4xf32>, %y: memref<1x1x6x6x4xf32>) {
  kernel.pool average ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, count_include_pad = false, p = 2 : i64}
    : (memref<1x1x8x8x4xf32>, memref<1x1x6x6x4xf32>) -> ()
  return
}
}
