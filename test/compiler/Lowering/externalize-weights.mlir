// RUN: toeplitz-opt %s --externalize-weights --split-input-file | FileCheck %s
// Then they are declarations of the LLVM dialect that carry their blobs.
// RUN: toeplitz-opt %s --externalize-weights --finalize-memref-to-llvm --link-parallel-kernels --split-input-file | FileCheck %s --check-prefix=LLVM

// CHECK: module attributes {toeplitz.blobs = {w = dense_resource<conv1.weight> : tensor<2xf32>, x = dense_resource<conv1.weight> : tensor<1x2xf32>}}
// CHECK-NEXT: memref.global constant @w : memref<2xf32> {alignment = 64 : i64}
// CHECK-NEXT: memref.global constant @x : memref<1x2xf32>
// What is no blob stays.
// CHECK-NEXT: memref.global "private" constant @small : memref<2xf32> = dense<[1.000000e+00, 2.000000e+00]>
// CHECK-NEXT: memref.global "private" @scratch : memref<2xf32> = uninitialized
// The blob's bytes are what they were.
// CHECK: conv1.weight: "0x040000000000803F00004040"

// LLVM: module {
// LLVM-NEXT: llvm.mlir.global external constant @w() {addr_space = 0 : i32, alignment = 64 : i64, toeplitz.blob = dense_resource<conv1.weight> : tensor<2xf32>} : !llvm.array<2 x f32>
// LLVM-NEXT: llvm.mlir.global external constant @x() {addr_space = 0 : i32, toeplitz.blob = dense_resource<conv1.weight> : tensor<1x2xf32>}
// LLVM-NEXT: llvm.mlir.global private constant @small(dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>)
module {
  memref.global "private" constant @w : memref<2xf32> = dense_resource<conv1.weight> {alignment = 64 : i64}
  memref.global "private" constant @x : memref<1x2xf32> = dense_resource<conv1.weight>
  memref.global "private" constant @small : memref<2xf32> = dense<[1.0, 2.0]>
  memref.global "private" @scratch : memref<2xf32> = uninitialized
}
{-#
  dialect_resources: {
    builtin: {
      conv1.weight: "0x040000000000803F00004040"
    }
  }
#-}

// -----

// A network without weights.
// CHECK: module {
// CHECK-NOT: toeplitz.blobs
// LLVM: module {
module {
  func.func private @main()
}
