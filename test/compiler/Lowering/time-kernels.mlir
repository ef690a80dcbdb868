// Where the clock is read, where the times go, and what the module says about each of them.
// RUN: toeplitz-opt %s --time-kernels --split-input-file | FileCheck %s

// Each kernel is between two readings, views are not. The times are the last output. Multiplications and additions are those of the
// definition, 2 * 16 * 8 * 9 * 81; bytes are those of input, filter and result, without the memory that the kernel works in.
// CHECK: module attributes {
// CHECK-SAME: toeplitz.layers = [
// CHECK-SAME: {algorithm = "winograd 4x4", description = "8x9x9 -> 16x9x9, relu", flops = 186624 : i64, name = "conv1", operation = "conv 3x3", read_bytes = 2592 : i64, weight_bytes = 8192 : i64, written_bytes = 5184 : i64},
// CHECK-SAME: {algorithm = "", description = "1x2x9x9x8 -> 1x2x4x4x8", flops = 2304 : i64, name = "pool1", operation = "max pool 3x3", read_bytes = 5184 : i64, weight_bytes = 0 : i64, written_bytes = 1024 : i64}]
// CHECK-SAME: toeplitz.outputs = [{name = "y", shape = array<i64: 1, 16, 4, 4>}, {name = "layer_times", shape = array<i64: 2>, type = "int64"}]
// CHECK: func.func @main(%[[ARENA:.*]]: memref<8192xi8>, %[[X:.*]]: memref<1x1x9x9x8xf32>, %[[Y:.*]]: memref<1x2x4x4x8xf32>, %[[TIMES:.*]]: memref<2xi64>)
// CHECK: memref.view
// CHECK-NOT: toeplitz_clock
// CHECK: memref.view
// CHECK-NEXT: %[[BEFORE:.*]] = call @toeplitz_clock() : () -> i64
// CHECK-NEXT: kernel.conv "winograd"
// CHECK-NEXT: %[[AFTER:.*]] = call @toeplitz_clock() : () -> i64
// CHECK-NEXT: %[[TIME:.*]] = arith.subi %[[AFTER]], %[[BEFORE]] : i64
// CHECK-NEXT: %[[ROW:.*]] = arith.constant 0 : index
// CHECK-NEXT: memref.store %[[TIME]], %[[TIMES]][%[[ROW]]] : memref<2xi64>
// CHECK-NEXT: %[[BEFORE:.*]] = call @toeplitz_clock() : () -> i64
// CHECK-NEXT: kernel.pool max
// CHECK-NEXT: %[[AFTER:.*]] = call @toeplitz_clock() : () -> i64
// CHECK-NEXT: %[[TIME:.*]] = arith.subi %[[AFTER]], %[[BEFORE]] : i64
// CHECK-NEXT: %[[ROW:.*]] = arith.constant 1 : index
// CHECK-NEXT: memref.store %[[TIME]], %[[TIMES]][%[[ROW]]] : memref<2xi64>
// CHECK-NEXT: return
// CHECK: func.func private @toeplitz_clock() -> i64
module attributes {toeplitz.outputs = [{name = "y", shape = array<i64: 1, 16, 4, 4>}]} {
  memref.global "private" constant @w : memref<2048xf32> = dense<0.0>
  func.func @main(%arena: memref<8192xi8>, %x: memref<1x1x9x9x8xf32>, %y: memref<1x2x4x4x8xf32>) {
    %w = memref.get_global @w : memref<2048xf32>
    %c0 = arith.constant 0 : index
    %h = memref.view %arena[%c0][] : memref<8192xi8> to memref<1x2x9x9x8xf32>
    %c5184 = arith.constant 5184 : index
    %s = memref.view %arena[%c5184][] : memref<8192xi8> to memref<1x512xf32>
    kernel.conv "winograd" ins(%x, %w) outs(%h scratch %s) activation <relu> {in_channels = 8 : i64, out_channels = 16 : i64,
        groups = 1 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
        padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>,
        output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>, transform = array<i64: 4, 4>}
      : (memref<1x1x9x9x8xf32>, memref<2048xf32>, memref<1x2x9x9x8xf32>, memref<1x512xf32>) -> () loc("conv1")
    kernel.pool max ins(%h) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
        padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, count_include_pad = true, p = 2 : i64}
      : (memref<1x2x9x9x8xf32>, memref<1x2x4x4x8xf32>) -> () loc("pool1")
    return
  }
}

// -----

// What is repeated adds up, from zero: a branch may leave it out.
// CHECK: func.func @main(%[[X:.*]]: memref<8xf32>, %[[Y:.*]]: memref<8xf32>, %[[TIMES:.*]]: memref<1xi64>)
// CHECK-NEXT: %[[ROW:.*]] = arith.constant 0 : index
// CHECK-NEXT: %[[ZERO:.*]] = arith.constant 0 : i64
// CHECK-NEXT: memref.store %[[ZERO]], %[[TIMES]][%[[ROW]]]
// CHECK: scf.for
// CHECK-NEXT: %[[BEFORE:.*]] = func.call @toeplitz_clock()
// CHECK-NEXT: memref.copy
// CHECK-NEXT: %[[AFTER:.*]] = func.call @toeplitz_clock()
// CHECK-NEXT: %[[TIME:.*]] = arith.subi %[[AFTER]], %[[BEFORE]] : i64
// CHECK-NEXT: %[[ROW:.*]] = arith.constant 0 : index
// CHECK-NEXT: %[[SUM:.*]] = memref.load %[[TIMES]][%[[ROW]]]
// CHECK-NEXT: %[[NEW:.*]] = arith.addi %[[SUM]], %[[TIME]] : i64
// CHECK-NEXT: memref.store %[[NEW]], %[[TIMES]][%[[ROW]]]
func.func @main(%x: memref<8xf32>, %y: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  scf.for %i = %c0 to %c3 step %c1 {
    memref.copy %x, %y : memref<8xf32> to memref<8xf32>
  }
  return
}

// -----

// Samples that are computed one by one have their times each.
// CHECK: toeplitz.dynamic_batch = {inputs = array<i64: 0>, outputs = array<i64: 0, 1>}
// CHECK-SAME: {name = "layer_times", shape = array<i64: 1, 1>, type = "int64"}
// CHECK: func.func @main(%{{.*}}, %{{.*}}, %[[TIMES:.*]]: memref<1x1xi64>)
// CHECK: memref.store %{{.*}}, %[[TIMES]][%{{.*}}, %{{.*}}] : memref<1x1xi64>
module attributes {toeplitz.dynamic_batch = {inputs = array<i64: 0>, outputs = array<i64: 0>},
                   toeplitz.outputs = [{name = "y", shape = array<i64: 1, 8>}]} {
  func.func @main(%x: memref<1x8xf32>, %y: memref<1x8xf32>) {
    memref.copy %x, %y : memref<1x8xf32> to memref<1x8xf32>
    return
  }
}

// -----

// What writes no element is no kernel.
// CHECK: toeplitz.layers = []
// CHECK: func.func @main(%{{.*}}, %{{.*}}, %{{.*}}: memref<0xi64>)
// CHECK-NOT: call
func.func @main(%x: memref<0x8xf32>, %y: memref<0x8xf32>) {
  memref.copy %x, %y : memref<0x8xf32> to memref<0x8xf32>
  return
}

// -----

// A filter that the kernel transforms.
// CHECK: {algorithm = "winograd 6 raw", description = "4x14 -> 4x12"
func.func @main(%x: memref<1x1x14x4xf32>, %w: memref<48xf32>, %y: memref<1x1x12x4xf32>, %s: memref<1x512xf32>) {
  kernel.conv "winograd" ins(%x, %w) outs(%y scratch %s) {in_channels = 4 : i64, out_channels = 4 : i64, groups = 1 : i64,
      kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, padding_low = array<i64: 0>, output_sizes = array<i64: 12>,
      output_strides = array<i64: 1>, output_offsets = array<i64: 0>, tile = array<i64: 3, 1>, transform = array<i64: 6>, transforms_filter}
    : (memref<1x1x14x4xf32>, memref<48xf32>, memref<1x1x12x4xf32>, memref<1x512xf32>) -> () loc("raw")
  return
}
