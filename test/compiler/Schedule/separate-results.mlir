// RUN: toeplitz-opt %s --separate-results | FileCheck %s
// What it is for: each result becomes a parameter, and the second one's buffer too.
// RUN: toeplitz-opt %s --separate-results --buffer-results-to-out-params="modify-public-functions=true hoist-static-allocs=true" | FileCheck %s --check-prefix=PARAMETERS

// CHECK-LABEL: @main
// CHECK: %[[A:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1x8xf32>
// CHECK: memref.copy %{{.*}}, %[[A]]
// CHECK-NEXT: %[[B:.*]] = memref.alloc() : memref<1x8xf32>
// CHECK-NEXT: memref.copy %[[A]], %[[B]] : memref<1x8xf32> to memref<1x8xf32>
// CHECK-NEXT: %[[C:.*]] = memref.alloc() : memref<1x8xf32>
// CHECK-NEXT: memref.copy %[[A]], %[[C]] : memref<1x8xf32> to memref<1x8xf32>
// CHECK-NEXT: return %[[A]], %{{.*}}, %[[B]], %[[C]]
// PARAMETERS-LABEL: @main
// PARAMETERS-SAME: (%[[X:.*]]: memref<1x8xf32>, %[[R0:.*]]: memref<1x8xf32>, %[[R1:.*]]: memref<1x8xf32>, %[[R2:.*]]: memref<1x8xf32>, %[[R3:.*]]: memref<1x8xf32>)
// PARAMETERS-NEXT: memref.copy %[[X]], %[[R0]]
// PARAMETERS-NEXT: memref.copy %[[R0]], %[[R2]]
// PARAMETERS-NEXT: memref.copy %[[R0]], %[[R3]]
// PARAMETERS-NEXT: memref.copy %[[X]], %[[R1]]
// PARAMETERS-NEXT: return
func.func @main(%x: memref<1x8xf32>) -> (memref<1x8xf32>, memref<1x8xf32>, memref<1x8xf32>, memref<1x8xf32>) {
  %0 = memref.alloc() {alignment = 64 : i64} : memref<1x8xf32>
  memref.copy %x, %0 : memref<1x8xf32> to memref<1x8xf32>
  return %0, %x, %0, %0 : memref<1x8xf32>, memref<1x8xf32>, memref<1x8xf32>, memref<1x8xf32>
}

// Different results stay as they are.
// CHECK-LABEL: @different
// CHECK-NOT: memref.alloc
// CHECK: return %{{.*}}, %{{.*}} :
func.func @different(%x: memref<1x8xf32>, %y: memref<1x8xf32>) -> (memref<1x8xf32>, memref<1x8xf32>) {
  return %x, %y : memref<1x8xf32>, memref<1x8xf32>
}

// Loops and branches that hand on what they were given are seen through: the buffer that is returned is one that can become a parameter.
// CHECK-LABEL: @handed_on
// CHECK: %[[A:.*]] = memref.alloc()
// CHECK: scf.for
// CHECK:   scf.for
// CHECK:     memref.store %{{.*}}, %[[A]]
// CHECK: return %[[A]]
// PARAMETERS-LABEL: @handed_on
// PARAMETERS-NOT: memref.alloc
// PARAMETERS-NOT: memref.copy
// PARAMETERS: return
func.func @handed_on(%n: index, %f: f32, %c: i1) -> memref<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = memref.alloc() : memref<8xf32>
  %1 = scf.for %i = %c0 to %n step %c1 iter_args(%t = %0) -> (memref<8xf32>) {
    %2 = scf.for %j = %c0 to %n step %c1 iter_args(%u = %t) -> (memref<8xf32>) {
      memref.store %f, %u[%j] : memref<8xf32>
      %3 = scf.if %c -> (memref<8xf32>) {
        scf.yield %u : memref<8xf32>
      } else {
        scf.yield %u : memref<8xf32>
      }
      scf.yield %3 : memref<8xf32>
    }
    scf.yield %2 : memref<8xf32>
  }
  return %1 : memref<8xf32>
}

// The same for a loop that ends by a condition.
// CHECK-LABEL: @until
// CHECK: %[[A:.*]] = memref.alloc()
// CHECK: scf.while
// CHECK:   memref.load %[[A]]
// CHECK: do
// CHECK:   memref.store %{{.*}}, %[[A]]
// CHECK: return %[[A]]
// PARAMETERS-LABEL: @until
// PARAMETERS-NOT: memref.alloc
// PARAMETERS-NOT: memref.copy
// PARAMETERS: return
func.func @until(%limit: f32) -> memref<8xf32> {
  %c0 = arith.constant 0 : index
  %0 = memref.alloc() : memref<8xf32>
  %1 = scf.while (%t = %0) : (memref<8xf32>) -> memref<8xf32> {
    %2 = memref.load %t[%c0] : memref<8xf32>
    %3 = arith.cmpf olt, %2, %limit : f32
    scf.condition(%3) %t : memref<8xf32>
  } do {
  ^bb0(%t: memref<8xf32>):
    memref.store %limit, %t[%c0] : memref<8xf32>
    scf.yield %t : memref<8xf32>
  }
  return %1 : memref<8xf32>
}
