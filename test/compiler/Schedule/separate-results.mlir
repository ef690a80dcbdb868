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

// What a kernel writes is a reshape of the result, which becomes a parameter, not the other way round.
// CHECK-LABEL: @reshaped
// CHECK: %[[A:.*]] = memref.alloc() {alignment = 64 : i64} : memref<2x12xf32>
// CHECK-NEXT: %[[B:.*]] = memref.expand_shape %[[A]] {{.*}} : memref<2x12xf32> into memref<2x3x4xf32>
// CHECK-NEXT: %[[C:.*]] = memref.collapse_shape %[[B]] {{.*}} : memref<2x3x4xf32> into memref<6x4xf32>
// CHECK-NEXT: memref.copy %{{.*}}, %[[C]]
// CHECK-NEXT: return %[[A]]
// PARAMETERS-LABEL: @reshaped
// PARAMETERS-NOT: memref.alloc
// PARAMETERS: memref.copy
// PARAMETERS-NOT: memref.copy
// PARAMETERS: return
func.func @reshaped(%x: memref<6x4xf32>) -> memref<2x12xf32> {
  %0 = memref.alloc() {alignment = 64 : i64} : memref<6x4xf32>
  memref.copy %x, %0 : memref<6x4xf32> to memref<6x4xf32>
  %1 = memref.expand_shape %0 [[0, 1], [2]] output_shape [2, 3, 4] : memref<6x4xf32> into memref<2x3x4xf32>
  %2 = memref.collapse_shape %1 [[0], [1, 2]] : memref<2x3x4xf32> into memref<2x12xf32>
  return %2 : memref<2x12xf32>
}

// Two reshapes of one buffer: one of them is copied, and nothing but a buffer can be a parameter.
// CHECK-LABEL: @twice_reshaped
// PARAMETERS-LABEL: @twice_reshaped
// PARAMETERS-SAME: (%[[X:.*]]: memref<6x4xf32>, %[[R0:.*]]: memref<24xf32>, %[[R1:.*]]: memref<2x3x4xf32>)
// PARAMETERS-NOT: memref.alloc
// PARAMETERS: memref.copy %[[X]]
// PARAMETERS: memref.copy %{{.*}}, %[[R0]]
// PARAMETERS-NOT: memref.copy
// PARAMETERS: return
func.func @twice_reshaped(%x: memref<6x4xf32>) -> (memref<24xf32>, memref<2x3x4xf32>) {
  %0 = memref.alloc() : memref<6x4xf32>
  memref.copy %x, %0 : memref<6x4xf32> to memref<6x4xf32>
  %1 = memref.collapse_shape %0 [[0, 1]] : memref<6x4xf32> into memref<24xf32>
  %2 = memref.expand_shape %0 [[0, 1], [2]] output_shape [2, 3, 4] : memref<6x4xf32> into memref<2x3x4xf32>
  return %1, %2 : memref<24xf32>, memref<2x3x4xf32>
}

// Of a parameter, there is nothing to allocate.
// CHECK-LABEL: @reshaped_parameter
// CHECK-NOT: memref.alloc
// CHECK: return
func.func @reshaped_parameter(%x: memref<6x4xf32>) -> memref<24xf32> {
  %0 = memref.collapse_shape %x [[0, 1]] : memref<6x4xf32> into memref<24xf32>
  return %0 : memref<24xf32>
}
