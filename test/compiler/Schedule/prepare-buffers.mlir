// RUN: toeplitz-opt %s --prepare-buffers --split-input-file | FileCheck %s
// What it is for: nothing that is allocated in a loop leaves it.
// RUN: toeplitz-opt %s --prepare-buffers --one-shot-bufferize="bufferize-function-boundaries allow-return-allocs-from-loops=0 function-boundary-type-conversion=identity-layout-map" --separate-results --canonicalize --split-input-file | FileCheck %s --check-prefix=BUFFERS

// What is computed anew is put into the buffer that it replaces. That one is a copy where somebody else reads what the loop began with.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32> {bufferization.writable = false}
// CHECK: %[[START:.*]] = bufferization.alloc_tensor() copy(%[[X]])
// CHECK: scf.for {{.*}} iter_args(%[[H:.*]] = %[[START]])
// CHECK:   %[[NEW:.*]] = linalg.matvec
// CHECK:   %[[PUT:.*]] = bufferization.materialize_in_destination %[[NEW]] in %[[H]]
// CHECK:   scf.yield %[[PUT]]
// BUFFERS-LABEL: func.func @main(
// BUFFERS-SAME: %[[X:.*]]: memref<4xf32>, %[[W:.*]]: memref<4x4xf32>
// BUFFERS: %[[H:.*]] = memref.alloc() {{.*}} : memref<4xf32>
// BUFFERS: memref.copy %[[X]], %[[H]]
// BUFFERS: scf.for
// BUFFERS:   %[[NEW:.*]] = memref.alloc()
// BUFFERS:   memref.copy %[[X]], %[[NEW]]
// BUFFERS:   linalg.matvec ins(%[[W]], %[[H]] : {{.*}}) outs(%[[NEW]] :
// BUFFERS:   memref.copy %[[NEW]], %[[H]]
// BUFFERS: }
// BUFFERS: return %[[H]]
func.func @main(%x: tensor<4xf32>, %w: tensor<4x4xf32>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%h = %x) -> (tensor<4xf32>) {
    %1 = linalg.matvec ins(%w, %h : tensor<4x4xf32>, tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// -----

// What is done in place through loops and branches stays as it is, but that a later read of an older state reads a copy.
// CHECK-LABEL: func.func @main(
// CHECK: scf.for {{.*}} iter_args(%[[T:[a-z0-9]+]] = %{{.*}})
// CHECK:   %[[U:.*]] = scf.for {{.*}} iter_args(%[[V:.*]] = %[[T]])
// CHECK-NOT: bufferization
// CHECK:     scf.if
// CHECK-NOT: bufferization
// CHECK:   %[[OLD:.*]] = bufferization.alloc_tensor() copy(%[[U]])
// CHECK:   %[[NEW:.*]] = tensor.insert %{{.*}} into %[[U]]
// CHECK:   tensor.extract %[[OLD]]
// CHECK:   scf.yield %[[NEW]]
// BUFFERS-LABEL: func.func @main(
// BUFFERS: %[[T:.*]] = memref.alloc() {{.*}} : memref<4xf32>
// BUFFERS: scf.for
// BUFFERS:   scf.for
// BUFFERS:     scf.if
// BUFFERS:       memref.store %{{.*}}, %[[T]]
// BUFFERS:   %[[OLD:.*]] = memref.alloc()
// BUFFERS:   memref.copy %[[T]], %[[OLD]]
// BUFFERS:   memref.store %{{.*}}, %[[T]]
// BUFFERS:   memref.load %[[OLD]]
// BUFFERS: return %[[T]]
func.func @main(%x: tensor<4xf32>, %f: f32, %n: index) -> (tensor<4xf32>, f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0:2 = scf.for %i = %c0 to %n step %c1 iter_args(%t = %x, %last = %f) -> (tensor<4xf32>, f32) {
    %u = scf.for %j = %c0 to %i step %c1 iter_args(%v = %t) -> (tensor<4xf32>) {
      %a = tensor.extract %v[%j] : tensor<4xf32>
      %more = arith.cmpf ogt, %a, %f : f32
      %w = scf.if %more -> (tensor<4xf32>) {
        %b = tensor.insert %f into %v[%j] : tensor<4xf32>
        scf.yield %b : tensor<4xf32>
      } else {
        scf.yield %v : tensor<4xf32>
      }
      scf.yield %w : tensor<4xf32>
    }
    %new = tensor.insert %f into %u[%i] : tensor<4xf32>
    %old = tensor.extract %u[%i] : tensor<4xf32>
    scf.yield %new, %old : tensor<4xf32>, f32
  }
  return %0#0, %0#1 : tensor<4xf32>, f32
}

// -----

// Tensors that change places are taken out of their buffers before one is overwritten.
// CHECK-LABEL: func.func @main(
// CHECK: scf.for {{.*}} iter_args(%[[A:[a-z0-9]+]] = %{{.*}}, %[[B:[a-z0-9]+]] = %{{.*}})
// CHECK:   %[[OLD_B:.*]] = bufferization.alloc_tensor() copy(%[[B]])
// CHECK:   %[[OLD_A:.*]] = bufferization.alloc_tensor() copy(%[[A]])
// CHECK:   bufferization.materialize_in_destination %[[OLD_B]] in %[[A]]
// CHECK:   bufferization.materialize_in_destination %[[OLD_A]] in %[[B]]
// BUFFERS-LABEL: func.func @main(
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>, %n: index) -> (tensor<4xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x, %b = %y) -> (tensor<4xf32>, tensor<4xf32>) {
    scf.yield %b, %a : tensor<4xf32>, tensor<4xf32>
  }
  return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// Branches with nothing in common write into a new buffer; those that change the same tensor don't.
// CHECK-LABEL: func.func @main(
// CHECK: %[[JOINT:.*]] = bufferization.alloc_tensor() : tensor<4xf32>
// CHECK: scf.if
// CHECK:   %[[SLICE:.*]] = tensor.extract_slice
// CHECK:   %[[CHANGED:.*]] = tensor.insert
// CHECK:   %[[PUT:.*]] = bufferization.materialize_in_destination %[[SLICE]] in %[[JOINT]]
// CHECK:   scf.yield %[[PUT]], %[[CHANGED]]
// CHECK: else
// CHECK:   %[[PUT:.*]] = bufferization.materialize_in_destination %[[X:.*]] in %[[JOINT]]
// CHECK:   scf.yield %[[PUT]], %[[X]]
// BUFFERS-LABEL: func.func @main(
func.func @main(%x: tensor<4xf32>, %y: tensor<2x4xf32>, %c: i1, %f: f32) -> (tensor<4xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %0:2 = scf.if %c -> (tensor<4xf32>, tensor<4xf32>) {
    %1 = tensor.extract_slice %y[1, 0] [1, 4] [1, 1] : tensor<2x4xf32> to tensor<4xf32>
    %2 = tensor.insert %f into %x[%c0] : tensor<4xf32>
    scf.yield %1, %2 : tensor<4xf32>, tensor<4xf32>
  } else {
    scf.yield %x, %x : tensor<4xf32>, tensor<4xf32>
  }
  return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// Loops that end by a condition carry all that comes in, also what canonicalisation has left out because nobody reads it (%go) or
// because it is always the same (%n), and what they carry stays in its buffer.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<4xf32> {{.*}}, %[[N:[a-z0-9]+]]: i64
// CHECK: %[[START:.*]] = bufferization.alloc_tensor() copy(%[[X]])
// CHECK: %[[LOOP:.*]]:4 = scf.while (%[[I:.*]] = %{{.*}}, %[[GO:.*]] = %{{.*}}, %[[A:.*]] = %[[START]], %[[B:.*]] = %{{.*}})
// CHECK:   %[[C:.*]] = arith.andi %{{.*}}, %[[GO]]
// CHECK:   scf.condition(%[[C]]) %[[I]], %[[GO]], %[[A]], %[[B]]
// CHECK: do
// CHECK: ^bb0(%[[I:.*]]: i64, %[[GO:.*]]: i1, %[[A:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>):
// CHECK:   %[[ADDED:.*]] = arith.addi %[[I]], %[[N]]
// CHECK:   %[[OLD_A:.*]] = bufferization.alloc_tensor() copy(%[[A]])
// CHECK:   %[[PUT:.*]] = bufferization.materialize_in_destination %{{.*}} in %[[A]]
// CHECK:   %[[PUT_OLD:.*]] = bufferization.materialize_in_destination %[[OLD_A]] in %[[B]]
// CHECK:   scf.yield %[[ADDED]], %{{.*}}, %[[PUT]], %[[PUT_OLD]]
// CHECK: return %[[LOOP]]#3, %[[N]]
// BUFFERS-LABEL: func.func @main(
// BUFFERS: %[[A:.*]] = memref.alloc() {{.*}} : memref<4xf32>
// BUFFERS: %[[B:.*]] = memref.alloc() {{.*}} : memref<4xf32>
// BUFFERS: scf.while {{.*}} : (i64, i1) -> i64 {
// BUFFERS:   linalg.add ins(%[[A]], %[[B]] : {{.*}}) outs(%[[NEW:.*]] :
// BUFFERS:   %[[OLD:.*]] = memref.alloc()
// BUFFERS:   memref.copy %[[A]], %[[OLD]]
// BUFFERS:   memref.copy %[[NEW]], %[[A]]
// BUFFERS:   memref.copy %[[OLD]], %[[B]]
// BUFFERS: return %[[B]], %{{.*}} : memref<4xf32>, i64
func.func @main(%x: tensor<4xf32>, %n: i64, %limit: f32) -> (tensor<4xf32>, i64) {
  %c0 = arith.constant 0 : index
  %true = arith.constant true
  %zero = arith.constant 0 : i64
  %0:4 = scf.while (%i = %zero, %go = %true, %a = %x, %b = %x) : (i64, i1, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, i64, i64, tensor<4xf32>) {
    %less = arith.cmpi slt, %i, %n : i64
    %c = arith.andi %less, %go : i1
    scf.condition(%c) %b, %i, %n, %a : tensor<4xf32>, i64, i64, tensor<4xf32>
  } do {
  ^bb0(%b: tensor<4xf32>, %i: i64, %m: i64, %a: tensor<4xf32>):
    %j = arith.addi %i, %m : i64
    %e = tensor.empty() : tensor<4xf32>
    %next = linalg.add ins(%a, %b : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    %first = tensor.extract %next[%c0] : tensor<4xf32>
    %again = arith.cmpf olt, %first, %limit : f32
    scf.yield %j, %again, %next, %a : i64, i1, tensor<4xf32>, tensor<4xf32>
  }
  return %0#0, %0#2 : tensor<4xf32>, i64
}

// -----

// A loop whose body gets what is computed with the condition stays as it is.
// CHECK-LABEL: func.func @main(
// CHECK: scf.condition(%{{.*}}) %{{.*}} : f32
// CHECK: ^bb0(%{{.*}}: f32):
// BUFFERS-LABEL: func.func @main(
func.func @main(%x: f32, %limit: f32) -> f32 {
  %0 = scf.while (%a = %x) : (f32) -> f32 {
    %twice = arith.addf %a, %a : f32
    %c = arith.cmpf olt, %twice, %limit : f32
    scf.condition(%c) %twice : f32
  } do {
  ^bb0(%b: f32):
    scf.yield %b : f32
  }
  return %0 : f32
}
