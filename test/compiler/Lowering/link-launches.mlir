// RUN: toeplitz-opt %s --link-launches | FileCheck %s

// CHECK: llvm.func @toeplitz_gpu_launch(!llvm.ptr, i32, i32, !llvm.ptr, i32)
// CHECK-LABEL: llvm.func {{.*}}@kernel.launch
// CHECK-SAME: (%[[QUEUE:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr)
// CHECK: llvm.alloca
// CHECK: llvm.call @toeplitz_gpu_launch(%[[QUEUE]],
// CHECK: llvm.return
llvm.func @kernel.launch(!llvm.ptr, !llvm.ptr, !llvm.ptr) attributes {sym_visibility = "private", toeplitz.blocks = 3 : i64, toeplitz.launched = 0 : i64}

// Behind an element that can't be read nothing is launched.
// CHECK-LABEL: llvm.func @main
// CHECK-SAME: (%[[QUEUE:.*]]: !llvm.ptr, %[[X:.*]]: !llvm.ptr)
// CHECK: %[[PLACE:.*]] = llvm.alloca %{{.*}} x i64
// CHECK-NOT: llvm.alloca
// CHECK: llvm.br ^[[LOOP:.*]](
// CHECK: ^[[LOOP]](
// CHECK: %[[STATUS:.*]] = llvm.call @toeplitz_gpu_read(%[[QUEUE]], %[[X]], %{{.*}}, %[[PLACE]])
// CHECK: %[[FAILS:.*]] = llvm.icmp "ne" %[[STATUS]], %{{.*}} : i32
// CHECK: llvm.cond_br %[[FAILS]], ^[[END:.*]], ^[[BEHIND:.*]]
// CHECK: ^[[BEHIND]]:
// CHECK: llvm.load %[[PLACE]] : !llvm.ptr -> i64
// CHECK: llvm.call @kernel.launch
// CHECK: %[[AGAIN:.*]] = llvm.call @toeplitz_gpu_read(%[[QUEUE]], %[[X]], %{{.*}}, %[[PLACE]])
// CHECK: llvm.cond_br %{{.*}}, ^[[END]], ^[[NEXT:.*]]
// CHECK: ^[[NEXT]]:
// CHECK: %[[NUMBER:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> i64
// CHECK: llvm.trunc %[[NUMBER]] : i64 to i1
// CHECK: llvm.cond_br
// CHECK: ^[[END]]:
// CHECK-NEXT: llvm.return
// CHECK-NOT: @element.read
llvm.func @element.read(!llvm.ptr, !llvm.ptr, i32) -> i64 attributes {sym_visibility = "private", toeplitz.read}
llvm.func @main(%queue: !llvm.ptr, %x: !llvm.ptr) {
  %bytes = llvm.mlir.constant(1 : i32) : i32
  %zero = llvm.mlir.constant(0 : i64) : i64
  llvm.br ^loop(%zero : i64)
^loop(%i: i64):
  %0 = llvm.call @element.read(%queue, %x, %bytes) : (!llvm.ptr, !llvm.ptr, i32) -> i64
  %1 = llvm.add %i, %0 : i64
  llvm.call @kernel.launch(%queue, %x, %x) : (!llvm.ptr, !llvm.ptr, !llvm.ptr) -> ()
  %2 = llvm.call @element.read(%queue, %x, %bytes) : (!llvm.ptr, !llvm.ptr, i32) -> i64
  %3 = llvm.trunc %2 : i64 to i1
  llvm.cond_br %3, ^loop(%1 : i64), ^end
^end:
  llvm.return
}
