// RUN: toeplitz-opt %s --launch-samples --split-input-file --verify-diagnostics

// expected-error @below {{a network whose batch is chosen for each run has the attributes 'toeplitz.dynamic_batch' and 'toeplitz.inputs'}}
module attributes {gpu.container_module, toeplitz.dynamic_batch = {inputs = array<i64: 0>, outputs = array<i64: 0>}} {
  func.func @main(%arena: memref<64xi8>, %x: memref<7xf32>, %y: memref<7xf32>) {
    return
  }
}

// -----

// expected-error @below {{expected a function @main, the network}}
module attributes {
  gpu.container_module, toeplitz.dynamic_batch = {inputs = array<i64: 0>, outputs = array<i64: 0>}, toeplitz.inputs = [{}]
} {
}

// -----

module attributes {
  gpu.container_module, toeplitz.dynamic_batch = {inputs = array<i64: 0>, outputs = array<i64: 0>}, toeplitz.inputs = [{}]
} {
  // expected-error @below {{expected memory for what kernels hand to each other as the first argument}}
  func.func @main() {
    return
  }
}

// -----

module attributes {
  gpu.container_module, toeplitz.dynamic_batch = {inputs = array<i64: 0>, outputs = array<i64: 1>}, toeplitz.inputs = [{}]
} {
  // expected-error @below {{has no argument 3, which 'toeplitz.dynamic_batch' names}}
  func.func @main(%arena: memref<64xi8>, %x: memref<7xf32>, %y: memref<7xf32>) {
    return
  }
}

// -----

module attributes {
  gpu.container_module, toeplitz.dynamic_batch = {inputs = array<i64: 0>, outputs = array<i64: 0>}, toeplitz.inputs = [{}]
} {
  gpu.module @kernels {
    gpu.func @kernel(%x: memref<7xf32>) kernel { gpu.return }
  }
  func.func @main(%arena: memref<64xi8>, %x: memref<7xf32>, %y: memref<7xf32>) {
    %c1 = arith.constant 1 : index
    // expected-note @below {{the buffer}}
    %z = memref.alloc() : memref<7xf32>
    // expected-error @below {{works on a buffer that is no part of a constant or of an argument of @main, so that the samples of a batch can't have theirs}}
    gpu.launch_func @kernels::@kernel blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%z : memref<7xf32>)
    return
  }
}
