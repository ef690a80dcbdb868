// RUN: toeplitz-opt %s --convert-launches-to-runtime | FileCheck %s

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
