// RUN: toeplitz-opt %s --convert-launches-to-runtime --split-input-file --verify-diagnostics

// The memory that a block is given belongs to the kernel.
module attributes {gpu.container_module} {
  gpu.module @kernels {
    gpu.func @kernel() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      gpu.return
    }
  }
  func.func @main() {
    %c1 = arith.constant 1 : index
    %few = arith.constant 50176 : i32
    %many = arith.constant 98304 : i32
    gpu.launch_func @kernels::@kernel blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) dynamic_shared_memory_size %few
    // expected-error @below {{asks for 98304 bytes of a block's memory, where another launch of "kernel" asks for 50176}}
    gpu.launch_func @kernels::@kernel blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) dynamic_shared_memory_size %many
    return
  }
}

// -----

module attributes {gpu.container_module} {
  gpu.module @kernels {
    gpu.func @kernel() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      gpu.return
    }
  }
  func.func @main(%bytes: i32) {
    %c1 = arith.constant 1 : index
    // expected-error @below {{must ask for a known number of bytes of a block's memory}}
    gpu.launch_func @kernels::@kernel blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) dynamic_shared_memory_size %bytes
    return
  }
}

// -----

module attributes {gpu.container_module} {
  gpu.module @kernels {
  }
  func.func @main(%x: memref<4xi128>) -> i128 {
    %c1 = arith.constant 1 : index
    // expected-error @below {{reads an element of 'i128' outside of a kernel, expected one of at most 64 bits}}
    %0 = memref.load %x[%c1] : memref<4xi128>
    return %0 : i128
  }
}
