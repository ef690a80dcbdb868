// RUN: toeplitz-opt %s --outline-element-accesses | FileCheck %s

// A scatter and what follows from it become one kernel, between those that stand before and behind it.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[WHERE:.*]]: memref<2xindex>, %[[VALUES:.*]]: memref<2xf32>, %[[Y:.*]]: memref<5xf32>
// CHECK: call @kernel(
// CHECK-NOT: memref.load
// CHECK: call @kernel_scatter(%{{.*}}, %[[WHERE]], %[[VALUES]], %[[Y]]) : (index, memref<2xindex>, memref<2xf32>, memref<5xf32>) -> ()
// CHECK-NOT: memref.store
// CHECK: call @kernel(

// In a loop that the host walks, its step is handed over, and a view that begins somewhere is made in the kernel.
// CHECK: scf.for %[[STEP:.*]] =
// CHECK: call @kernel_step(%{{.*}}, %[[VALUES]], %[[STEP]]) : (index, memref<2xf32>, index) -> ()
// CHECK-NEXT: func.call @kernel(
// CHECK: return

// CHECK-LABEL: func.func private @kernel_scatter(
// CHECK-SAME: %arg0: index, %[[FROM:.*]]: memref<2xindex>, %[[OF:.*]]: memref<2xf32>, %[[TO:.*]]: memref<5xf32>)
// CHECK: scf.for
// CHECK: memref.load %[[FROM]]
// CHECK: memref.load %[[OF]]
// CHECK: memref.store %{{.*}}, %[[TO]]
// CHECK: %[[FIRST:.*]] = memref.load %[[TO]]
// CHECK: %[[TWICE:.*]] = arith.addf %[[FIRST]], %[[FIRST]]
// CHECK: memref.store %[[TWICE]], %[[TO]]
// CHECK: return

// CHECK-LABEL: func.func private @kernel_step(
// CHECK-SAME: %arg0: index, %[[WHOLE:.*]]: memref<2xf32>, %[[NUMBER:.*]]: index)
// CHECK: %[[PART:.*]] = memref.subview %[[WHOLE]][%[[NUMBER]]] [1] [1]
// CHECK: memref.store %{{.*}}, %[[PART]]
func.func private @kernel(%task: index, %y: memref<5xf32>) {
  return
}
func.func @main(%where: memref<2xindex>, %values: memref<2xf32>, %y: memref<5xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  call @kernel(%c0, %y) : (index, memref<5xf32>) -> ()
  scf.for %i = %c0 to %c2 step %c1 {
    %n = memref.load %where[%i] : memref<2xindex>
    %v = memref.load %values[%i] : memref<2xf32>
    memref.store %v, %y[%n] : memref<5xf32>
  } loc("scatter")
  %first = memref.load %y[%c0] : memref<5xf32>
  %twice = arith.addf %first, %first : f32
  memref.store %twice, %y[%c1] : memref<5xf32>
  call @kernel(%c0, %y) : (index, memref<5xf32>) -> ()
  scf.for %i = %c0 to %c2 step %c1 {
    %part = memref.subview %values[%i] [1] [1] : memref<2xf32> to memref<1xf32, strided<[1], offset: ?>>
    %zero = arith.constant 0.0 : f32
    memref.store %zero, %part[%c0] : memref<1xf32, strided<[1], offset: ?>> loc("step")
    func.call @kernel(%c0, %y) : (index, memref<5xf32>) -> ()
  }
  return
}
