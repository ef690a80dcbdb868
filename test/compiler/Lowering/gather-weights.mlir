// RUN: toeplitz-opt %s --gather-weights | FileCheck %s

// Each constant begins at a multiple of 128 bytes, and has one place however often it is used.
// CHECK: toeplitz.device_weights = {first = 0 : i64, second = 896 : i64}
// CHECK-SAME: toeplitz.device_weights_size = 1024 : i64
memref.global "private" constant @first : memref<200xf32> = dense<1.0>
memref.global "private" constant @second : memref<3xf32> = dense<2.0>

// CHECK-LABEL: func.func @main
// CHECK-SAME: (%{{.*}}: memref<200xf32>, %[[WEIGHTS:.*]]: memref<1024xi8>)
// CHECK-NOT: memref.get_global
// CHECK: %[[C0:.*]] = arith.constant 0 : index
// CHECK: memref.view %[[WEIGHTS]][%[[C0]]][] : memref<1024xi8> to memref<200xf32>
// CHECK: %[[C896:.*]] = arith.constant 896 : index
// CHECK: memref.view %[[WEIGHTS]][%[[C896]]][] : memref<1024xi8> to memref<3xf32>
// CHECK: %[[AGAIN:.*]] = arith.constant 0 : index
// CHECK: memref.view %[[WEIGHTS]][%[[AGAIN]]][] : memref<1024xi8> to memref<200xf32>
func.func private @use(memref<200xf32>, memref<3xf32>, memref<200xf32>)
func.func @main(%x: memref<200xf32>) {
  %0 = memref.get_global @first : memref<200xf32>
  %1 = memref.get_global @second : memref<3xf32>
  %2 = memref.get_global @first : memref<200xf32>
  call @use(%0, %1, %2) : (memref<200xf32>, memref<3xf32>, memref<200xf32>) -> ()
  return
}
