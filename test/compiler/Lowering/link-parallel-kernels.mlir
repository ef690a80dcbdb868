// RUN: toeplitz-opt %s --link-parallel-kernels | FileCheck %s

// CHECK: module {
module attributes {toeplitz.blobs = {weight = dense_resource<conv1.weight> : tensor<2xf32>}} {
  // CHECK: llvm.func @toeplitz_parallel_for(!llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64)
  // CHECK-NEXT: llvm.mlir.global external constant @weight() {{.*}}toeplitz.blob = dense_resource<conv1.weight> : tensor<2xf32>
  llvm.mlir.global external constant @weight() {addr_space = 0 : i32} : !llvm.array<2 x f32>

  // A task takes the buffers' addresses out of the array, in the kernel's order.
  // CHECK: llvm.func internal @kernel_conv1.task(%[[ARGUMENTS:.*]]: !llvm.ptr, %[[INDEX:.*]]: i64, %{{.*}}: i64) {
  // CHECK-NEXT: %[[PLACE:.*]] = llvm.getelementptr %[[ARGUMENTS]][0]
  // CHECK-NEXT: %[[X:.*]] = llvm.load %[[PLACE]]
  // CHECK-NEXT: %[[PLACE:.*]] = llvm.getelementptr %[[ARGUMENTS]][1]
  // CHECK-NEXT: %[[Y:.*]] = llvm.load %[[PLACE]]
  // CHECK-NEXT: llvm.call @kernel_conv1(%[[INDEX]], %[[X]], %[[Y]]) : (i64, !llvm.ptr, !llvm.ptr) -> ()
  // CHECK-NEXT: llvm.return

  // Kernels serve @main alone.
  // CHECK: llvm.func internal @kernel_conv1(
  llvm.func @kernel_conv1(%task: i64, %x: !llvm.ptr, %y: !llvm.ptr) {
    llvm.return
  }

  // CHECK: llvm.func @main(
  llvm.func @main(%pool: !llvm.ptr, %arena: !llvm.ptr, %x: !llvm.ptr, %y: !llvm.ptr) {
    // CHECK: llvm.call @kernel_conv1.parallel(
    %count = llvm.mlir.constant(14 : index) : i64
    llvm.call @kernel_conv1.parallel(%pool, %count, %count, %x, %y) : (!llvm.ptr, i64, i64, !llvm.ptr, !llvm.ptr) -> ()
    llvm.call @kernel_pool1.parallel(%pool, %count, %count, %x) : (!llvm.ptr, i64, i64, !llvm.ptr) -> ()
    llvm.return
  }

  // The bridge puts them into an array on the stack.
  // CHECK: llvm.func internal @kernel_conv1.parallel(%[[POOL:.*]]: !llvm.ptr, %[[COUNT:.*]]: i64, %[[SLOTS:.*]]: i64, %[[X:.*]]: !llvm.ptr, %[[Y:.*]]: !llvm.ptr) {
  // CHECK-NEXT: %[[SIZE:.*]] = llvm.mlir.constant(2 : i64) : i64
  // CHECK-NEXT: %[[ARGUMENTS:.*]] = llvm.alloca %[[SIZE]] x !llvm.ptr
  // CHECK-NEXT: %[[PLACE:.*]] = llvm.getelementptr %[[ARGUMENTS]][0]
  // CHECK-NEXT: llvm.store %[[X]], %[[PLACE]]
  // CHECK-NEXT: %[[PLACE:.*]] = llvm.getelementptr %[[ARGUMENTS]][1]
  // CHECK-NEXT: llvm.store %[[Y]], %[[PLACE]]
  // CHECK-NEXT: %[[TASK:.*]] = llvm.mlir.addressof @kernel_conv1.task : !llvm.ptr
  // CHECK-NEXT: llvm.call @toeplitz_parallel_for(%[[POOL]], %[[TASK]], %[[ARGUMENTS]], %[[COUNT]], %[[SLOTS]])
  // CHECK-NEXT: llvm.return
  llvm.func @kernel_conv1.parallel(!llvm.ptr, i64, i64, !llvm.ptr, !llvm.ptr) attributes {sym_visibility = "private", toeplitz.kernel = @kernel_conv1}

  // One declaration of the runtime's function serves all.
  // CHECK: llvm.func internal @kernel_pool1.parallel(
  // CHECK: llvm.call @toeplitz_parallel_for
  // CHECK-NOT: llvm.func @toeplitz_parallel_for
  llvm.func @kernel_pool1.parallel(!llvm.ptr, i64, i64, !llvm.ptr) attributes {toeplitz.kernel = @kernel_pool1}
  llvm.func @kernel_pool1(%task: i64, %x: !llvm.ptr) {
    llvm.return
  }

  // A number takes a place in the array as an address does.
  // CHECK: llvm.func internal @kernel_gather.parallel(%{{.*}}, %[[N:.*]]: i64, %[[F:.*]]: f32)
  // CHECK: %[[PLACE:.*]] = llvm.getelementptr %{{.*}}[0]
  // CHECK-NEXT: llvm.store %[[N]], %[[PLACE]] : i64, !llvm.ptr
  // CHECK-NEXT: %[[PLACE:.*]] = llvm.getelementptr %{{.*}}[1]
  // CHECK-NEXT: llvm.store %[[F]], %[[PLACE]] : f32, !llvm.ptr
  // CHECK: llvm.func internal @kernel_gather.task(
  // CHECK: %[[N:.*]] = llvm.load %{{.*}} : !llvm.ptr -> i64
  // CHECK: %[[F:.*]] = llvm.load %{{.*}} : !llvm.ptr -> f32
  // CHECK: llvm.call @kernel_gather(%{{.*}}, %[[N]], %[[F]])
  llvm.func @kernel_gather.parallel(!llvm.ptr, i64, i64, i64, f32) attributes {toeplitz.kernel = @kernel_gather}
  llvm.func @kernel_gather(%task: i64, %n: i64, %f: f32) {
    llvm.return
  }

  // A kernel that works in memory is told its place.
  // CHECK: llvm.func internal @kernel_conv2.task(%{{.*}}: !llvm.ptr, %[[INDEX:.*]]: i64, %[[SLOT:.*]]: i64) {
  // CHECK: %[[X:.*]] = llvm.load
  // CHECK-NEXT: llvm.call @kernel_conv2(%[[INDEX]], %[[SLOT]], %[[X]])
  llvm.func @kernel_conv2.parallel(!llvm.ptr, i64, i64, !llvm.ptr) attributes {toeplitz.kernel = @kernel_conv2, toeplitz.slot}
  llvm.func @kernel_conv2(%task: i64, %slot: i64, %x: !llvm.ptr) {
    llvm.return
  }
}
{-#
  dialect_resources: {
    builtin: {
      conv1.weight: "0x040000000000803F00004040"
    }
  }
#-}
