// RUN: toeplitz-opt %s --convert-parallel-to-runtime --split-input-file --verify-diagnostics

// expected-error @+1 {{expected a function @main, the network}}
module {
  func.func @net() {
    return
  }
}

// -----

func.func private @kernel(index, index, memref<4xf32>)
func.func @main(%x: memref<4xf32>) {
  // expected-error @+1 {{'scf.forall' op must have one dimension and call one kernel in its body}}
  scf.forall (%i, %j) in (2, 3) {
    func.call @kernel(%i, %j, %x) : (index, index, memref<4xf32>) -> ()
  }
  return
}

// -----

func.func private @kernel(index, memref<4xf32>)
func.func @main(%x: memref<4xf32>) {
  // expected-error @+1 {{'scf.forall' op must have one dimension and call one kernel in its body}}
  scf.forall (%i) in (2) {
    func.call @kernel(%i, %x) : (index, memref<4xf32>) -> ()
    func.call @kernel(%i, %x) : (index, memref<4xf32>) -> ()
  }
  return
}

// -----

func.func @main(%x: memref<4xf32>) {
  %zero = arith.constant 0.0 : f32
  // expected-error @+1 {{'scf.forall' op must have one dimension and call one kernel in its body}}
  scf.forall (%i) in (2) {
    memref.store %zero, %x[%i] : memref<4xf32>
  }
  return
}

// -----

// The number of tasks is known.
func.func private @kernel(index, memref<4xf32>)
func.func @main(%x: memref<4xf32>, %n: index) {
  // expected-error @+1 {{'scf.forall' op must have one dimension and call one kernel in its body}}
  scf.forall (%i) in (%n) {
    func.call @kernel(%i, %x) : (index, memref<4xf32>) -> ()
  }
  return
}

// -----

// Tasks are numbered from 0.
func.func private @kernel(index, memref<4xf32>)
func.func @main(%x: memref<4xf32>) {
  // expected-error @+1 {{'scf.forall' op must have one dimension and call one kernel in its body}}
  scf.forall (%i) = (1) to (4) step (1) {
    func.call @kernel(%i, %x) : (index, memref<4xf32>) -> ()
  }
  return
}
