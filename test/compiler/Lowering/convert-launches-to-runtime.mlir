// RUN: toeplitz-opt %s --convert-launches-to-runtime --split-input-file | FileCheck %s

// Kernels are numbered in the order of their module, whatever the order of the launches.
// CHECK: toeplitz.kernels = [{name = "first", threads = 64 : i64, waits = true}, {name = "second", threads = 32 : i64, waits = false}, {name = "third", threads = 32 : i64, waits = true}, {name = "fourth", shared = 50176 : i64, threads = 32 : i64, waits = false}]
// Threads wait at barriers and in shuffles.
// CHECK-DAG: func.func private @first.launch(!llvm.ptr, memref<4xf32>) attributes {toeplitz.blocks = 3 : i64, toeplitz.launched = 0 : i64}
// CHECK-DAG: func.func private @second.launch(!llvm.ptr, memref<4xf32>) attributes {toeplitz.blocks = 5 : i64, toeplitz.launched = 1 : i64}
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[QUEUE:.*]]: !llvm.ptr, %[[X:.*]]: memref<4xf32>)
// CHECK: call @second.launch(%[[QUEUE]], %[[X]])
// CHECK: call @first.launch(%[[QUEUE]], %[[X]])
// CHECK: call @second.launch(%[[QUEUE]], %[[X]])
module attributes {gpu.container_module} {
  gpu.module @kernels {
    gpu.func @first(%x: memref<4xf32>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
      gpu.barrier
      gpu.return
    }
    gpu.func @second(%x: memref<4xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      gpu.return
    }
    gpu.func @third(%x: i32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %0, %valid = gpu.shuffle xor %x, %x, %x : i32
      gpu.return
    }
    gpu.func @fourth(%x: memref<4xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      gpu.return
    }
  }
  func.func @main(%x: memref<4xf32>) {
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %c5 = arith.constant 5 : index
    %c32 = arith.constant 32 : index
    %c64 = arith.constant 64 : index
    gpu.launch_func @kernels::@second blocks in (%c5, %c1, %c1) threads in (%c32, %c1, %c1) args(%x : memref<4xf32>)
    gpu.launch_func @kernels::@first blocks in (%c3, %c1, %c1) threads in (%c64, %c1, %c1) args(%x : memref<4xf32>)
    gpu.launch_func @kernels::@second blocks in (%c5, %c1, %c1) threads in (%c32, %c1, %c1) args(%x : memref<4xf32>)
    %bytes = arith.constant 50176 : i32
    gpu.launch_func @kernels::@fourth blocks in (%c5, %c1, %c1) threads in (%c32, %c1, %c1) dynamic_shared_memory_size %bytes args(%x : memref<4xf32>)
    return
  }
}

// -----

// An element is read by its address, whatever the buffer's layout, and its bits become its type.
// CHECK: module attributes {{{.*}}toeplitz.reads_elements}
// CHECK: func.func private @element.read(!llvm.ptr, !llvm.ptr, i32) -> i64 attributes {toeplitz.read}
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[QUEUE:.*]]: !llvm.ptr, %[[X:.*]]: memref<4x3xf16, strided<[7, 2], offset: 5>>, %[[FLAG:.*]]: memref<i1>, %[[N:.*]]: memref<2xindex>, %[[L:.*]]: memref<i64>, %[[PLACE:.*]]: index)
// CHECK: %[[BASE:.*]], %[[OFFSET:.*]], %{{.*}}:2, %[[STRIDES:.*]]:2 = memref.extract_strided_metadata %[[X]]
// CHECK: %[[ROW:.*]] = arith.muli %[[PLACE]], %[[STRIDES]]#0
// CHECK: %[[FROM_ROW:.*]] = arith.addi %[[OFFSET]], %[[ROW]]
// CHECK: %[[COLUMN:.*]] = arith.muli %{{.*}}, %[[STRIDES]]#1
// CHECK: %[[ELEMENT:.*]] = arith.addi %[[FROM_ROW]], %[[COLUMN]]
// CHECK: %[[BEGIN:.*]] = memref.extract_aligned_pointer_as_index %[[BASE]]
// CHECK: %[[BYTES:.*]] = arith.muli %[[ELEMENT]], %c2
// CHECK: %[[ADDRESS:.*]] = arith.addi %[[BEGIN]], %[[BYTES]]
// CHECK: %[[NUMBER:.*]] = arith.index_cast %[[ADDRESS]] : index to i64
// CHECK: %[[POINTER:.*]] = llvm.inttoptr %[[NUMBER]]
// CHECK: %[[BITS:.*]] = call @element.read(%[[QUEUE]], %[[POINTER]], %c2_i32)
// CHECK: %[[LOW:.*]] = arith.trunci %[[BITS]] : i64 to i16
// CHECK: arith.bitcast %[[LOW]] : i16 to f16
// CHECK: %[[BYTE:.*]] = call @element.read(%[[QUEUE]], %{{.*}}, %c1_i32)
// CHECK: arith.trunci %[[BYTE]] : i64 to i1
// CHECK: %[[INDEX:.*]] = call @element.read(%[[QUEUE]], %{{.*}}, %c8_i32)
// CHECK: arith.index_cast %[[INDEX]] : i64 to index
// CHECK: %[[LONG:.*]] = call @element.read
// CHECK: return %{{.*}}, %{{.*}}, %{{.*}}, %[[LONG]]
module attributes {gpu.container_module} {
  gpu.module @kernels {
  }
  func.func @main(%x: memref<4x3xf16, strided<[7, 2], offset: 5>>, %flag: memref<i1>, %n: memref<2xindex>, %l: memref<i64>, %place: index) -> (f16, i1, index, i64) {
    %c1 = arith.constant 1 : index
    %0 = memref.load %x[%place, %c1] : memref<4x3xf16, strided<[7, 2], offset: 5>>
    %1 = memref.load %flag[] : memref<i1>
    %2 = memref.load %n[%c1] : memref<2xindex>
    %3 = memref.load %l[] : memref<i64>
    return %0, %1, %2, %3 : f16, i1, index, i64
  }
}
