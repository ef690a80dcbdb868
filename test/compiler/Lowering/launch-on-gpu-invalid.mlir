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

// expected-error @below {{has 2147483648 tasks, a kernel of a GPU at most 2147483647}}
func.func private @kernel(%task: index, %x: memref<4xf32>) {
  return
}
func.func @main(%x: memref<4xf32>) {
  scf.forall (%i) in (2147483648) {
    func.call @kernel(%i, %x) : (index, memref<4xf32>) -> ()
  }
  return
}

// -----

// expected-error @below {{works on a buffer of 2147483648 elements, a kernel of a GPU on at most 2147483647}}
func.func private @kernel(%task: index, %x: memref<65536x32768xf32>) {
  return
}
func.func @main(%x: memref<65536x32768xf32>) {
  scf.forall (%i) in (2) {
    func.call @kernel(%i, %x) : (index, memref<65536x32768xf32>) -> ()
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
