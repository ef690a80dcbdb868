// A small network at each stage: what is decided, what becomes of it, and what is gone.
// DEFINE: %{compile} = toeplitz compile %s --brief --algorithm=conv2=direct,conv3=direct --mtriple=x86_64-linux-gnu --mcpu=x86-64-v3
// RUN: %{compile} --emit=schedule | FileCheck %s --check-prefix=SCHEDULE --implicit-check-not=cnn. --implicit-check-not=tensor.empty --implicit-check-not=memref.alloc --implicit-check-not=memref.copy
// RUN: %{compile} --emit=loops | FileCheck %s --check-prefix=LOOPS --implicit-check-not=kernel.conv --implicit-check-not=linalg
// RUN: %{compile} --emit=llvm | FileCheck %s --check-prefix=LLVM --implicit-check-not=memref --implicit-check-not=scf.
// The same network gives the same bytes.
// RUN: toeplitz compile %s --emit=asm --mtriple=x86_64-linux-gnu --mcpu=x86-64-v3 -o %t.first.s
// RUN: toeplitz compile %s --emit=asm --mtriple=x86_64-linux-gnu --mcpu=x86-64-v3 -o %t.second.s
// RUN: cmp %t.first.s %t.second.s

// Seven layers are five kernels: activations and the residual addition are in the convolutions, flattening is a view. conv3 writes where its
// residual lies, which nobody reads any more, so that two buffers of 4096 bytes are enough. The last kernel writes into the output.
// SCHEDULE: module @small attributes {kernel.target = #kernel.target<lanes = 8, registers = 16, fma = 1, l1 = {{[0-9]+}}, l2 = {{[0-9]+}}>
// SCHEDULE-SAME: toeplitz.inputs = [{name = "image", shape = array<i64: 1, 3, 16, 16>}], toeplitz.name = "small"
// SCHEDULE-SAME: toeplitz.outputs = [{name = "scores", shape = array<i64: 1, 10>}], toeplitz.workspace_bound = 8192 : i64, toeplitz.workspace_size = 8192 : i64
// SCHEDULE: func.func @main(%[[ARENA:.*]]: memref<8192xi8>, %[[X:.*]]: memref<1x3x16x16xf32> {toeplitz.name = "image"}, %[[SCORES:.*]]: memref<1x10xf32> {toeplitz.name = "scores"})
// SCHEDULE: %[[PLAIN:.*]] = memref.expand_shape %[[X]]
// SCHEDULE: %[[A:.*]] = memref.view %[[ARENA]][%c0][]
// SCHEDULE: kernel.conv "direct" ins(%[[PLAIN]], %{{.*}} bias %{{.*}}) outs(%[[A]]) activation <relu>
// SCHEDULE: %[[B:.*]] = memref.view %[[ARENA]][%c4096][]
// SCHEDULE: kernel.conv "direct" ins(%[[A]], %[[W2:.*]]) outs(%[[B]]) {
// SCHEDULE: kernel.conv "direct" ins(%[[B]], %[[W2]] residual %[[A]]) outs(%[[A]]) activation <relu>
// SCHEDULE: kernel.pool average ins(%[[A]]) outs(%[[POOLED:.*]]) {
// SCHEDULE: %[[FLAT:.*]] = memref.collapse_shape %[[POOLED]]
// SCHEDULE: kernel.conv "pointwise" ins(%[[FLAT]], %{{.*}}) outs(%[[BLOCKED:.*]]) {
// SCHEDULE: kernel.reorder ins(%[[BLOCKED]]) outs(%[[SCORES]]) {channels = 10 : i64}
// SCHEDULE-NEXT: return

// LOOPS: func.func @main(
// LOOPS: call @kernel_conv1(
// LOOPS: call @kernel_conv2(
// LOOPS: call @kernel_conv3(
// LOOPS: call @kernel_pool(
// LOOPS: call @kernel_fc(
// LOOPS: call @kernel_fc_0(
// LOOPS-NEXT: return
// LOOPS: func.func private @kernel_conv1(%{{.*}}: index, %{{.*}}: memref<1x3x16x16x1xf32>, %{{.*}}: memref<432xf32>, %{{.*}}: memref<2x8xf32>, %{{.*}}: memref<1x2x8x8x8xf32>)
// LOOPS: vector.fma
// LOOPS: func.func private @kernel_conv2(
// LOOPS: vector.fma

// Each weight is a declaration with its blob; pool, arena, inputs, outputs are the arguments.
// conv2 and conv3 have one filter, which is there once.
// LLVM-COUNT-4: llvm.mlir.global external constant @{{.*}} toeplitz.blob = dense_resource<{{.*}}>
// LLVM-NOT: llvm.mlir.global external constant
// LLVM: llvm.func @main(%{{[a-z0-9]+}}: !llvm.ptr, %{{[a-z0-9]+}}: !llvm.ptr, %{{[a-z0-9]+}}: !llvm.ptr {toeplitz.name = "image"}, %{{[a-z0-9]+}}: !llvm.ptr {toeplitz.name = "scores"})
// LLVM: llvm.func internal @kernel_conv1(
// LLVM: llvm.intr.fm{{a|uladd}}

module @small {
func.func @main(%x: tensor<1x3x16x16xf32> {toeplitz.name = "image"}) -> (tensor<1x10xf32> {toeplitz.name = "scores"}) {
  %w1 = arith.constant dense<0.5> : tensor<16x3x3x3xf32>
  %b1 = arith.constant dense<0.25> : tensor<16xf32>
  %w2 = arith.constant dense<0.5> : tensor<16x16x3x3xf32>
  %wf = arith.constant dense<0.5> : tensor<10x16xf32>
  %0 = cnn.conv %x, %w1 bias %b1 strides [2, 2] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x3x16x16xf32>, tensor<16x3x3x3xf32>, tensor<16xf32>) -> tensor<1x16x8x8xf32> loc("conv1")
  %1 = cnn.activation relu %0 : tensor<1x16x8x8xf32> loc("relu1")
  %2 = cnn.conv %1, %w2 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32> loc("conv2")
  %3 = cnn.conv %2, %w2 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32> loc("conv3")
  %4 = arith.addf %3, %1 : tensor<1x16x8x8xf32> loc("add")
  %5 = cnn.activation relu %4 : tensor<1x16x8x8xf32> loc("relu2")
  %6 = cnn.global_pool average %5 : (tensor<1x16x8x8xf32>) -> tensor<1x16x1x1xf32> loc("pool")
  %7 = tensor.collapse_shape %6 [[0], [1, 2, 3]] : tensor<1x16x1x1xf32> into tensor<1x16xf32> loc("flatten")
  %8 = cnn.conv %7, %wf strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<1x16xf32>, tensor<10x16xf32>) -> tensor<1x10xf32> loc("fc")
  return %8 : tensor<1x10xf32>
}
}
