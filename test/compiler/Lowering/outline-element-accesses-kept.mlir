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

// -----

// What the host needs stands between two kernels: the second one writes where it has read, and takes what it has read before from it.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: memref<4xi32>, %[[FLAGS:.*]]: memref<2xi1>
// CHECK: call @kernel_first(%{{.*}}, %[[X]]
// CHECK: %[[BEFORE:.*]] = memref.load %[[X]]
// CHECK: %[[NUMBER:.*]] = memref.load %[[X]]
// CHECK: %[[FLAG:.*]] = memref.load %[[FLAGS]]
// CHECK: call @kernel_second(%{{.*}}, %[[BEFORE]], %[[X]]
// CHECK: scf.if %[[FLAG]]
// CHECK: call @kernel(%{{.*}}, %[[NUMBER]])
// CHECK-LABEL: func.func private @kernel_first(
// CHECK: memref.store
// CHECK-LABEL: func.func private @kernel_second(
// CHECK-NOT: memref.load
// CHECK: memref.store
func.func private @kernel(%task: index, %number: i32) {
  return
}
func.func @main(%x: memref<4xi32>, %flags: memref<2xi1>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %seven = arith.constant 7 : i32
  memref.store %seven, %x[%c0] : memref<4xi32> loc("first")
  %before = memref.load %x[%c1] : memref<4xi32>
  memref.store %seven, %x[%c1] : memref<4xi32> loc("first")
  %number = memref.load %x[%c2] : memref<4xi32>
  %flag = memref.load %flags[%c1] : memref<2xi1>
  memref.store %before, %x[%c2] : memref<4xi32> loc("second")
  scf.if %flag {
    func.call @kernel(%c0, %number) : (index, i32) -> ()
  }
  return
}

// -----

// A loop that computes such a number is walked by the host, and what it writes is written by a kernel.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32>
// CHECK: %[[SUM:.*]] = scf.for %[[STEP:.*]] = {{.*}} iter_args(%[[SO_FAR:.*]] =
// CHECK: %[[ELEMENT:.*]] = memref.load %[[X]][%[[STEP]]]
// CHECK: %[[NEXT:.*]] = arith.addf %[[SO_FAR]], %[[ELEMENT]]
// CHECK: func.call @kernel_prefix(%{{.*}}, %[[NEXT]], %[[Y]], %[[STEP]])
// CHECK: scf.yield %[[NEXT]]
// CHECK: call @kernel(%{{.*}}, %[[SUM]])
func.func private @kernel(%task: index, %number: f32) {
  return
}
func.func @main(%x: memref<4xf32>, %y: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0.0 : f32
  %sum = scf.for %i = %c0 to %c4 step %c1 iter_args(%so_far = %zero) -> f32 {
    %element = memref.load %x[%i] : memref<4xf32>
    %next = arith.addf %so_far, %element : f32
    memref.store %next, %y[%i] : memref<4xf32> loc("prefix")
    scf.yield %next : f32
  }
  call @kernel(%c0, %sum) : (index, f32) -> ()
  return
}
