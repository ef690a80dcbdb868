// RUN: toeplitz-opt %s --outline-element-accesses --split-input-file | FileCheck %s

// What decides about kernels stays, and so does what a kernel takes as a number.
// CHECK-LABEL: func.func @main
// CHECK: memref.load
// CHECK: scf.if
func.func private @kernel(%task: index, %x: memref<4xi32>) {
  return
}
func.func @main(%x: memref<4xi32>, %flag: memref<i1>) {
  %c0 = arith.constant 0 : index
  %0 = memref.load %flag[] : memref<i1>
  scf.if %0 {
    func.call @kernel(%c0, %x) : (index, memref<4xi32>) -> ()
  }
  return
}

// -----

// CHECK-LABEL: func.func @main
// CHECK: %[[NUMBER:.*]] = memref.load
// CHECK: call @kernel(%{{.*}}, %[[NUMBER]])
// CHECK-NOT: func.func private @kernel_
func.func private @kernel(%task: index, %number: f32) {
  return
}
func.func @main(%x: memref<f32>) {
  %c0 = arith.constant 0 : index
  %0 = memref.load %x[] : memref<f32>
  call @kernel(%c0, %0) : (index, f32) -> ()
  return
}
