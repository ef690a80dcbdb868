// RUN: toeplitz-opt %s --launch-samples --split-input-file | FileCheck %s

// One stride for all buffers that have the same in each launch, and none for what samples share: weights, and inputs
// without a batch. Inputs and outputs begin at multiples of 16 bytes; what kernels hand to each other has the size of the
// arena, wherever in it a buffer lies.
module attributes {
  gpu.container_module,
  toeplitz.dynamic_batch = {inputs = array<i64: 0>, outputs = array<i64: 0>},
  toeplitz.inputs = [{name = "x", shape = array<i64: 1, 7>, type = "f32"}, {name = "scale", shape = array<i64: 7>, type = "f32"}]
} {
  // CHECK-LABEL: gpu.func @hidden(
  // CHECK-SAME: %{{.*}}: memref<1x7xf32>, %{{.*}}: memref<7xf32>, %{{.*}}: memref<7xf32>, %{{.*}}: memref<7xf32>, %{{.*}}: i64, %{{.*}}: i64) kernel
  // CHECK-SAME: toeplitz.sample_strides = array<i64: 4, -1, -1, 5>
  // CHECK-LABEL: gpu.func @twice(
  // CHECK-SAME: %{{.*}}: memref<7xf32>, %{{.*}}: memref<1x7xf32>, %{{.*}}: i64, %{{.*}}: i64) kernel
  // CHECK-SAME: toeplitz.sample_strides = array<i64: 2, 3>
  // CHECK-LABEL: gpu.func @constants(
  // CHECK-SAME: %{{.*}}: memref<7xf32>) kernel
  // CHECK-NOT: toeplitz.sample_strides
  // CHECK-LABEL: func.func @main
  gpu.module @kernels {
    gpu.func @hidden(%x: memref<1x7xf32>, %scale: memref<7xf32>, %w: memref<7xf32>, %y: memref<7xf32>) kernel { gpu.return }
    gpu.func @twice(%x: memref<7xf32>, %y: memref<1x7xf32>) kernel { gpu.return }
    gpu.func @constants(%w: memref<7xf32>) kernel { gpu.return }
  }
  memref.global "private" constant @w : memref<7xf32> = dense<1.0>
  func.func @main(%arena: memref<4096xi8>, %x: memref<1x7xf32>, %scale: memref<7xf32>, %y: memref<1x7xf32>) {
    %c1 = arith.constant 1 : index
    %c128 = arith.constant 128 : index
    %w = memref.get_global @w : memref<7xf32>
    %h = memref.view %arena[%c128][] : memref<4096xi8> to memref<7xf32>
    %g = memref.expand_shape %h [[0, 1]] output_shape [1, 7] : memref<7xf32> into memref<1x7xf32>
    // CHECK: %[[X:.*]] = arith.constant 32 : i64
    // CHECK: %[[ARENA:.*]] = arith.constant 4096 : i64
    // CHECK: gpu.launch_func @kernels::@hidden
    // CHECK-SAME: args(%{{.*}} : memref<1x7xf32>, %{{.*}} : memref<7xf32>, %{{.*}} : memref<7xf32>, %{{.*}} : memref<7xf32>, %[[X]] : i64, %[[ARENA]] : i64)
    gpu.launch_func @kernels::@hidden blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
      args(%x : memref<1x7xf32>, %scale : memref<7xf32>, %w : memref<7xf32>, %h : memref<7xf32>)
    // The second buffer's stride isn't the first one's in the second launch.
    // CHECK: %[[FIRST:.*]] = arith.constant 4096 : i64
    // CHECK: %[[SECOND:.*]] = arith.constant 4096 : i64
    // CHECK: gpu.launch_func @kernels::@twice {{.*}}, %[[FIRST]] : i64, %[[SECOND]] : i64)
    gpu.launch_func @kernels::@twice blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%h : memref<7xf32>, %g : memref<1x7xf32>)
    // CHECK: %[[FIRST:.*]] = arith.constant 4096 : i64
    // CHECK: %[[SECOND:.*]] = arith.constant 32 : i64
    // CHECK: gpu.launch_func @kernels::@twice {{.*}}, %[[FIRST]] : i64, %[[SECOND]] : i64)
    gpu.launch_func @kernels::@twice blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%h : memref<7xf32>, %y : memref<1x7xf32>)
    // CHECK: gpu.launch_func @kernels::@constants {{.*}} args(%{{.*}} : memref<7xf32>)
    gpu.launch_func @kernels::@constants blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%w : memref<7xf32>)
    return
  }
}

// -----

// Where all samples together have more bytes than 32 bits can count.
module attributes {
  gpu.container_module,
  toeplitz.dynamic_batch = {inputs = array<i64: 0>, outputs = array<i64: 0>},
  toeplitz.inputs = [{name = "x", shape = array<i64: 1, 1500000000>, type = "f32"}]
} {
  gpu.module @kernels {
    gpu.func @large(%x: memref<1x1500000000xf32>, %y: memref<1xi1>) kernel { gpu.return }
  }
  // CHECK-LABEL: func.func @main
  func.func @main(%arena: memref<0xi8>, %x: memref<1x1500000000xf32>, %y: memref<1xi1>) {
    %c1 = arith.constant 1 : index
    // CHECK: arith.constant 6000000000 : i64
    // CHECK: arith.constant 16 : i64
    gpu.launch_func @kernels::@large blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
      args(%x : memref<1x1500000000xf32>, %y : memref<1xi1>)
    return
  }
}

// -----

// Launches in loops, of buffers that lie elsewhere in each step.
module attributes {
  gpu.container_module,
  toeplitz.dynamic_batch = {inputs = array<i64: 0>, outputs = array<i64: 0>},
  toeplitz.inputs = [{name = "x", shape = array<i64: 1, 4>, type = "f32"}]
} {
  gpu.module @kernels {
    // CHECK: gpu.func @step(%{{.*}}: memref<f32>, %{{.*}}: index, %{{.*}}: i64) kernel
    // CHECK-SAME: toeplitz.sample_strides = array<i64: 2, -1>
    gpu.func @step(%y: memref<f32>, %place: index) kernel { gpu.return }
  }
  func.func @main(%arena: memref<64xi8>, %x: memref<1x4xf32>, %y: memref<1x4xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    // CHECK: scf.for %[[STEP:.*]] =
    scf.for %step = %c0 to %c4 step %c1 {
      %part = memref.subview %y[0, %step] [1, 1] [1, 1] : memref<1x4xf32> to memref<1x1xf32, strided<[4, 1], offset: ?>>
      %base, %offset, %sizes:2, %strides:2 = memref.extract_strided_metadata %part
        : memref<1x1xf32, strided<[4, 1], offset: ?>> -> memref<f32>, index, index, index, index, index
      // CHECK: %[[STRIDE:.*]] = arith.constant 16 : i64
      // CHECK: gpu.launch_func @kernels::@step {{.*}} args(%{{.*}} : memref<f32>, %{{.*}} : index, %[[STRIDE]] : i64)
      gpu.launch_func @kernels::@step blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%base : memref<f32>, %offset : index)
    }
    return
  }
}

// -----

// Networks of a fixed batch stay as they are.
module attributes {gpu.container_module} {
  // CHECK: gpu.func @kernel(%{{.*}}: memref<7xf32>) kernel
  // CHECK-NOT: toeplitz.sample_strides
  gpu.module @kernels {
    gpu.func @kernel(%x: memref<7xf32>) kernel { gpu.return }
  }
  func.func @main(%arena: memref<64xi8>, %x: memref<7xf32>) {
    %c1 = arith.constant 1 : index
    // CHECK: args(%{{.*}} : memref<7xf32>)
    gpu.launch_func @kernels::@kernel blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%x : memref<7xf32>)
    return
  }
}
