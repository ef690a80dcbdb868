// RUN: toeplitz-opt %s --link-launches | FileCheck %s

// CHECK: llvm.func @toeplitz_gpu_launch(!llvm.ptr, i32, i32, !llvm.ptr, i32)
// CHECK-LABEL: llvm.func {{.*}}@kernel.launch
// CHECK-SAME: (%[[QUEUE:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr)
// CHECK: llvm.alloca
// CHECK: llvm.call @toeplitz_gpu_launch(%[[QUEUE]],
// CHECK: llvm.return
llvm.func @kernel.launch(!llvm.ptr, !llvm.ptr, !llvm.ptr) attributes {sym_visibility = "private", toeplitz.blocks = 3 : i64, toeplitz.launched = 0 : i64}
