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
