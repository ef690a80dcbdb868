// RUN: toeplitz-opt %s --launch-on-gpu | FileCheck %s

// CHECK: module attributes {gpu.container_module}
// CHECK: gpu.module @kernels

// One task is one thread of a warp, and the others have nothing to do.
// CHECK: gpu.func @one(%[[X:.*]]: memref<4xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>}
// CHECK: %[[BLOCK:.*]] = gpu.block_id x
// CHECK: %[[THREAD:.*]] = gpu.thread_id x
// CHECK: %[[FIRST:.*]] = arith.muli %[[BLOCK]], %{{.*}}
// CHECK: %[[TASK:.*]] = arith.addi %[[FIRST]], %[[THREAD]]
// CHECK: %[[COUNT:.*]] = arith.constant 1 : index
// CHECK: %[[EXISTS:.*]] = arith.cmpi slt, %[[TASK]], %[[COUNT]]
// CHECK: scf.if %[[EXISTS]]
// CHECK: memref.store %{{.*}}, %[[X]][%[[TASK]]]

// CHECK: gpu.func @many
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
// CHECK: arith.constant 1000 : index
// CHECK: scf.if

// Full blocks need no guard.
// CHECK: gpu.func @full
// CHECK-NOT: scf.if
// CHECK: gpu.return

// A task that is a block has its number, and memory that its threads share.
// CHECK: gpu.func @shares(%{{.*}}: memref<64xf32>) workgroup(%[[SHARED:.*]] : memref<64xf32, #gpu.address_space<workgroup>> {llvm.align = 16 : i64})
// CHECK-SAME: known_block_size = array<i32: 64, 1, 1>
// CHECK-SAME: nvvm.minctasm = 8 : i32
// CHECK: gpu.block_id x
// CHECK-NOT: memref.alloc
// CHECK: memref.store %{{.*}}, %[[SHARED]]

// More memory than a kernel may declare is a part of what the launch asks for, aligned as each buffer wants it.
// CHECK: gpu.func @shares_much(%{{.*}}: memref<64xf32>) kernel
// CHECK: %[[ALL:.*]] = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
// CHECK: %[[FIRST:.*]] = arith.constant 0 : index
// CHECK: memref.view %[[ALL]][%[[FIRST]]][] : {{.*}} to memref<3xf32, #gpu.address_space<workgroup>>
// CHECK: %[[SECOND:.*]] = arith.constant 1024 : index
// CHECK: %[[MUCH:.*]] = memref.view %[[ALL]][%[[SECOND]]][] : {{.*}} to memref<12288xf32, #gpu.address_space<workgroup>>
// CHECK: memref.store %{{.*}}, %[[MUCH]]
// CHECK: gpu.func @shares_most({{.*}}) workgroup(%{{.*}} : memref<12288xf32, #gpu.address_space<workgroup>> {llvm.align = 1024 : i64})

// Indices have 32 bits unless there are more elements, or tasks.
// CHECK: gpu.func @largest({{.*}}known_block_size = array<i32: 256, 1, 1>} {
// CHECK: gpu.func @larger({{.*}}toeplitz.index_bits = 64 : i64
// CHECK: gpu.func @scattered({{.*}}toeplitz.index_bits = 64 : i64
// CHECK: gpu.func @manyTasks({{.*}}toeplitz.index_bits = 64 : i64

// CHECK-LABEL: func.func @main
// CHECK-NOT: call
// CHECK: gpu.launch_func @kernels::@one blocks in (%{{.*}}, %{{.*}}, %{{.*}}) threads in (%{{.*}}, %{{.*}}, %{{.*}}) args(%arg0 : memref<4xf32>)
// CHECK: %[[FOUR:.*]] = arith.constant 4 : index
// CHECK: gpu.launch_func @kernels::@many blocks in (%[[FOUR]],
// CHECK: %[[TWO:.*]] = arith.constant 2 : index
// CHECK: gpu.launch_func @kernels::@full blocks in (%[[TWO]],
// CHECK: %[[SEVEN:.*]] = arith.constant 7 : index
// CHECK: gpu.launch_func @kernels::@shares blocks in (%[[SEVEN]],
// CHECK-NOT: dynamic_shared_memory_size
// CHECK: %[[BYTES:.*]] = arith.constant 50176 : i32
// CHECK: gpu.launch_func @kernels::@shares_much {{.*}} dynamic_shared_memory_size %[[BYTES]] args
// CHECK-NOT: dynamic_shared_memory_size
// The host walks loops as it launches.
// CHECK: scf.for %[[STEP:.*]] =
// CHECK-NOT: call
// CHECK: gpu.launch_func @kernels::@step {{.*}} args(%{{.*}} : memref<4xf32>, %[[STEP]] : index)
// CHECK: gpu.launch_func @kernels::@many blocks in
// CHECK: return
// CHECK-NOT: func.func
func.func private @one(%task: index, %x: memref<4xf32>) {
  %zero = arith.constant 0.0 : f32
  memref.store %zero, %x[%task] : memref<4xf32>
  return
}
func.func private @many(%task: index, %x: memref<1000xf32>) {
  %zero = arith.constant 0.0 : f32
  memref.store %zero, %x[%task] : memref<1000xf32>
  return
}
func.func private @full(%task: index, %x: memref<1000xf32>) {
  %zero = arith.constant 0.0 : f32
  memref.store %zero, %x[%task] : memref<1000xf32>
  return
}
func.func private @shares(%task: index, %x: memref<64xf32>) attributes {toeplitz.block_threads = 64 : i64, toeplitz.resident_blocks = 8 : i64} {
  %thread = gpu.thread_id x
  %zero = arith.constant 0.0 : f32
  %shared = memref.alloc() : memref<64xf32, #gpu.address_space<workgroup>>
  memref.store %zero, %shared[%thread] : memref<64xf32, #gpu.address_space<workgroup>>
  return
}
func.func private @shares_much(%task: index, %x: memref<64xf32>) attributes {toeplitz.block_threads = 64 : i64} {
  %thread = gpu.thread_id x
  %zero = arith.constant 0.0 : f32
  %few = memref.alloc() : memref<3xf32, #gpu.address_space<workgroup>>
  %shared = memref.alloc() {alignment = 1024} : memref<12288xf32, #gpu.address_space<workgroup>>
  memref.store %zero, %shared[%thread] : memref<12288xf32, #gpu.address_space<workgroup>>
  memref.store %zero, %few[%task] : memref<3xf32, #gpu.address_space<workgroup>>
  return
}
func.func private @shares_most(%task: index, %x: memref<64xf32>) attributes {toeplitz.block_threads = 64 : i64} {
  %thread = gpu.thread_id x
  %zero = arith.constant 0.0 : f32
  %shared = memref.alloc() {alignment = 1024} : memref<12288xf32, #gpu.address_space<workgroup>>
  memref.store %zero, %shared[%thread] : memref<12288xf32, #gpu.address_space<workgroup>>
  return
}
func.func private @step(%task: index, %x: memref<4xf32>, %step: index) {
  %zero = arith.constant 0.0 : f32
  memref.store %zero, %x[%step] : memref<4xf32>
  return
}
func.func private @largest(%task: index, %x: memref<2147483647xi8>) {
  return
}
func.func private @larger(%task: index, %x: memref<2x32768x32768xi8>) {
  return
}
func.func private @scattered(%task: index, %x: memref<2x4xi8, strided<[2147483644, 1]>>) {
  return
}
func.func private @manyTasks(%task: index, %x: memref<4xf32>) {
  return
}
func.func @main(%x: memref<4xf32>, %y: memref<1000xf32>, %z: memref<64xf32>, %largest: memref<2147483647xi8>,
                %larger: memref<2x32768x32768xi8>, %scattered: memref<2x4xi8, strided<[2147483644, 1]>>) {
  %c0 = arith.constant 0 : index
  call @one(%c0, %x) : (index, memref<4xf32>) -> ()
  scf.forall (%task) in (1000) {
    func.call @many(%task, %y) : (index, memref<1000xf32>) -> ()
  }
  scf.forall (%task) in (512) {
    func.call @full(%task, %y) : (index, memref<1000xf32>) -> ()
  }
  scf.forall (%task) in (7) {
    func.call @shares(%task, %z) : (index, memref<64xf32>) -> ()
  }
  scf.forall (%task) in (7) {
    func.call @shares_much(%task, %z) : (index, memref<64xf32>) -> ()
  }
  scf.forall (%task) in (7) {
    func.call @shares_most(%task, %z) : (index, memref<64xf32>) -> ()
  }
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  scf.for %step = %c0 to %c3 step %c1 {
    func.call @step(%c0, %x, %step) : (index, memref<4xf32>, index) -> ()
    scf.forall (%task) in (1000) {
      func.call @many(%task, %y) : (index, memref<1000xf32>) -> ()
    }
  }
  scf.forall (%task) in (2147483647) {
    func.call @largest(%task, %largest) : (index, memref<2147483647xi8>) -> ()
  }
  scf.forall (%task) in (8) {
    func.call @larger(%task, %larger) : (index, memref<2x32768x32768xi8>) -> ()
  }
  scf.forall (%task) in (8) {
    func.call @scattered(%task, %scattered) : (index, memref<2x4xi8, strided<[2147483644, 1]>>) -> ()
  }
  scf.forall (%task) in (2147483648) {
    func.call @manyTasks(%task, %x) : (index, memref<4xf32>) -> ()
  }
  return
}
