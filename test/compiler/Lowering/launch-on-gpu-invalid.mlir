// RUN: toeplitz-opt %s --launch-on-gpu --split-input-file --verify-diagnostics

// expected-error @below {{expected a function @main, the network}}
module {
}

// -----

func.func private @kernel(%task: index, %x: memref<4xf32>) {
  return
}
func.func @main(%x: memref<4xf32>) {
  // expected-error @below {{must have one dimension and call one kernel in its body, which works in no memory of its own}}
  scf.forall (%i, %j) in (2, 2) {
    func.call @kernel(%i, %x) : (index, memref<4xf32>) -> ()
  }
  return
}

// -----

// expected-error @below {{has 2147483648 blocks, a grid of a GPU at most 2147483647}}
func.func private @kernel(%task: index, %x: memref<4xf32>) attributes {toeplitz.block_threads = 32 : i64} {
  return
}
func.func @main(%x: memref<4xf32>) {
  scf.forall (%i) in (2147483648) {
    func.call @kernel(%i, %x) : (index, memref<4xf32>) -> ()
  }
  return
}

// -----

func.func private @kernel(%task: index, %x: memref<4xf32>) {
  return
}
func.func @main(%x: memref<4xf32>) {
  scf.forall (%i) in (2) {
    func.call @kernel(%i, %x) : (index, memref<4xf32>) -> ()
  }
  // expected-error @below {{calls a kernel with another number of tasks than before: 3 and 2}}
  scf.forall (%i) in (3) {
    func.call @kernel(%i, %x) : (index, memref<4xf32>) -> ()
  }
  return
}

// -----

func.func private @kernel(%task: index, %x: memref<4xi32>) {
  return
}
func.func @main(%x: memref<4xi32>, %flag: memref<i1>) {
  %c0 = arith.constant 0 : index
  %0 = memref.load %flag[] : memref<i1>
  scf.if %0 {
    %number = arith.constant 3 : i32
    // expected-error @below {{has no kernel: outside of them, networks of a GPU can read single elements of tensors and nothing else}}
    memref.store %number, %x[%c0] : memref<4xi32>
  }
  return
}

// -----

func.func @main(%x: memref<4xi32>, %y: memref<4xi32>) {
  // expected-error @below {{has no kernel: outside of them, networks of a GPU can read single elements of tensors and nothing else}}
  memref.copy %x, %y : memref<4xi32> to memref<4xi32>
  return
}

// -----

func.func private @kernel(%task: index, %x: memref<4xf32>) {
  return
}
func.func @main(%x: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %step = %c0 to %c1 step %c1 {
    // expected-error @below {{must have one dimension and call one kernel in its body}}
    scf.forall (%i, %j) in (2, 2) {
      func.call @kernel(%i, %x) : (index, memref<4xf32>) -> ()
    }
  }
  return
}
