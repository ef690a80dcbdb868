// RUN: toeplitz-opt %s -split-input-file -convert-cnn-to-kernel | FileCheck %s

// Blocked inputs whose channels fill their blocks (but the last's) are inserted as blocks.

// CHECK-LABEL: func.func @main
// CHECK: %[[POOLED:.*]] = kernel.pool
// CHECK: %[[EMPTY:.*]] = tensor.empty() : tensor<1x4x4x4xf32>
// CHECK: %[[FIRST:[a-z_0-9]*]] = tensor.insert_slice %[[POOLED]] into %[[EMPTY]][0, 0, 0, 0] [1, 2, 4, 4] [1, 1, 1, 1]
// CHECK: %[[SECOND:[a-z_0-9]*]] = tensor.insert_slice %{{.*}} into %[[FIRST]][0, 2, 0, 0] [1, 1, 4, 4] [1, 1, 1, 1]
// CHECK: %[[THIRD:[a-z_0-9]*]] = tensor.insert_slice %{{.*}} into %[[SECOND]][0, 3, 0, 0] [1, 1, 4, 4] [1, 1, 1, 1]
// CHECK: kernel.reorder ins(%[[THIRD]]) {{.*}} {channels = 15 : i64}
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x8x8xf32>, %y: tensor<1x4x4xf32>, %z: tensor<1x3x4xf32>) -> tensor<1x15x4xf32> {
  %p = cnn.pool max %x kernel [2] strides [2] dilations [1] padding [0] to [0] : (tensor<1x8x8xf32>) -> tensor<1x8x4xf32>
  %c = tensor.concat dim(1) %p, %y, %z : (tensor<1x8x4xf32>, tensor<1x4x4xf32>, tensor<1x3x4xf32>) -> tensor<1x15x4xf32>
  return %c : tensor<1x15x4xf32>
}
}

// -----

// Otherwise in plain layout; along another dimension blocks are no matter.

// CHECK-LABEL: func.func @main
// CHECK: %[[POOLED:.*]] = kernel.pool {{.*}} -> tensor<1x2x4x4xf32>
// CHECK: %[[PLAIN:.*]] = kernel.reorder ins(%[[POOLED]])
// CHECK: tensor.insert_slice %[[PLAIN]] into %{{.*}}[0, 0, 0] [1, 6, 4] [1, 1, 1] : tensor<1x6x4xf32> into tensor<1x9x4xf32>
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 6, 0] [1, 3, 4] [1, 1, 1] : tensor<1x3x4xf32> into tensor<1x9x4xf32>
// CHECK: tensor.insert_slice %[[POOLED]] into %{{.*}}[0, 0, 0, 0] [1, 2, 4, 4] [1, 1, 1, 1] : tensor<1x2x4x4xf32> into tensor<1x2x8x4xf32>
// CHECK: tensor.insert_slice %[[POOLED]] into %{{.*}}[0, 0, 4, 0] [1, 2, 4, 4] [1, 1, 1, 1] : tensor<1x2x4x4xf32> into tensor<1x2x8x4xf32>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x6x8xf32>, %y: tensor<1x3x4xf32>) -> (tensor<1x9x4xf32>, tensor<1x6x8xf32>) {
  %p = cnn.pool max %x kernel [2] strides [2] dilations [1] padding [0] to [0] : (tensor<1x6x8xf32>) -> tensor<1x6x4xf32>
  %c = tensor.concat dim(1) %p, %y : (tensor<1x6x4xf32>, tensor<1x3x4xf32>) -> tensor<1x9x4xf32>
  %d = tensor.concat dim(2) %p, %p : (tensor<1x6x4xf32>, tensor<1x6x4xf32>) -> tensor<1x6x8xf32>
  return %c, %d : tensor<1x9x4xf32>, tensor<1x6x8xf32>
}
}

// -----

// Padding and slices of what is blocked stay blocked, those that cut a block don't; the network's input is padded as it is.

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<1x8x8xf32>
// CHECK-DAG: kernel.pad circular ins(%[[X]]) {{.*}} {high = array<i64: 0, 0, 1>, low = array<i64: 0, 0, 2>
// CHECK-DAG: %[[POOLED:.*]] = kernel.pool {{.*}} -> tensor<1x2x4x4xf32>
// CHECK-DAG: kernel.pad zeros ins(%[[POOLED]]) {{.*}} {high = array<i64: 0, 0, 1, 0>, low = array<i64: 0, 0, 1, 0>, value = 5.000000e-01
// CHECK-DAG: %[[PLAIN:.*]] = kernel.reorder ins(%[[POOLED]]) {{.*}} -> tensor<1x8x4xf32>
// CHECK-DAG: kernel.pad zeros ins(%[[PLAIN]]) {{.*}} {high = array<i64: 0, 1, 0>, low = array<i64: 0, 0, 0>
// CHECK-DAG: tensor.extract_slice %[[POOLED]][0, 1, 1, 0] [1, 1, 2, 4] [1, 1, 2, 1] : tensor<1x2x4x4xf32> to tensor<1x1x2x4xf32>
// CHECK-DAG: tensor.extract_slice %[[PLAIN]][0, 2, 0] [1, 4, 4] [1, 1, 1]
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x8x8xf32>) -> (tensor<1x8x11xf32>, tensor<1x8x6xf32>, tensor<1x9x4xf32>, tensor<1x3x2xf32>,
                                           tensor<1x4x4xf32>) {
  %0 = cnn.pad %x low [0, 0, 2] high [0, 0, 1] circular : (tensor<1x8x8xf32>) -> tensor<1x8x11xf32>
  %p = cnn.pool max %x kernel [2] strides [2] dilations [1] padding [0] to [0] : (tensor<1x8x8xf32>) -> tensor<1x8x4xf32>
  %1 = cnn.pad %p low [0, 0, 1] high [0, 0, 1] zeros {value = 0.5 : f32} : (tensor<1x8x4xf32>) -> tensor<1x8x6xf32>
  %2 = cnn.pad %p low [0, 0, 0] high [0, 1, 0] zeros : (tensor<1x8x4xf32>) -> tensor<1x9x4xf32>
  %3 = tensor.extract_slice %p[0, 4, 1] [1, 3, 2] [1, 1, 2] : tensor<1x8x4xf32> to tensor<1x3x2xf32>
  %4 = tensor.extract_slice %p[0, 2, 0] [1, 4, 4] [1, 1, 1] : tensor<1x8x4xf32> to tensor<1x4x4xf32>
  return %0, %1, %2, %3, %4 : tensor<1x8x11xf32>, tensor<1x8x6xf32>, tensor<1x9x4xf32>, tensor<1x3x2xf32>, tensor<1x4x4xf32>
}
}

// -----

// Phases of the positions are inserted in blocks, into a new tensor or one that is blocked; a part of the channels isn't.

// CHECK-LABEL: func.func @main
// CHECK-SAME: %{{.*}}: tensor<1x6x8xf32>, %[[Y:.*]]: tensor<1x6x4xf32>
// CHECK: %[[POOLED:.*]] = kernel.pool {{.*}} -> tensor<1x2x4x4xf32>
// CHECK: %[[EMPTY:.*]] = tensor.empty() : tensor<1x2x8x4xf32>
// CHECK: %[[EVEN:.*]] = tensor.insert_slice %[[POOLED]] into %[[EMPTY]][0, 0, 0, 0] [1, 2, 4, 4] [1, 1, 2, 1] : tensor<1x2x4x4xf32> into tensor<1x2x8x4xf32>
// CHECK: %[[BLOCKED:.*]] = kernel.reorder ins(%[[Y]])
// CHECK: %[[BOTH:.*]] = tensor.insert_slice %[[BLOCKED]] into %[[EVEN]][0, 0, 1, 0] [1, 2, 4, 4] [1, 1, 2, 1] : tensor<1x2x4x4xf32> into tensor<1x2x8x4xf32>
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 4, 0] [1, 6, 4] [1, 1, 1] : tensor<1x6x4xf32> into tensor<1x10x4xf32>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x6x8xf32>, %y: tensor<1x6x4xf32>, %z: tensor<1x10x4xf32>) -> (tensor<1x6x8xf32>, tensor<1x10x4xf32>) {
  %p = cnn.pool max %x kernel [2] strides [2] dilations [1] padding [0] to [0] : (tensor<1x6x8xf32>) -> tensor<1x6x4xf32>
  %e = tensor.empty() : tensor<1x6x8xf32>
  %0 = tensor.insert_slice %p into %e[0, 0, 0] [1, 6, 4] [1, 1, 2] : tensor<1x6x4xf32> into tensor<1x6x8xf32>
  %1 = tensor.insert_slice %y into %0[0, 0, 1] [1, 6, 4] [1, 1, 2] : tensor<1x6x4xf32> into tensor<1x6x8xf32>
  %2 = tensor.insert_slice %p into %z[0, 4, 0] [1, 6, 4] [1, 1, 1] : tensor<1x6x4xf32> into tensor<1x10x4xf32>
  return %1, %2 : tensor<1x6x8xf32>, tensor<1x10x4xf32>
}
}

// -----

// Positions of size one come and go without moving anything.

// CHECK-LABEL: func.func @main
// CHECK: %[[RESIZED:.*]] = kernel.resize nearest {{.*}} -> tensor<1x2x1x1x4xf32>
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape %[[RESIZED]] {{\[\[}}0], [1, 2, 3], [4]] : tensor<1x2x1x1x4xf32> into tensor<1x2x4xf32>
// CHECK: %[[TANH:.*]] = linalg.generic {{.*}} ins(%[[FLAT]] : tensor<1x2x4xf32>)
// CHECK: tensor.expand_shape %[[TANH]] {{\[\[}}0], [1, 2, 3], [4]] {{.*}} : tensor<1x2x4xf32> into tensor<1x2x1x1x4xf32>
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x6x2x2xf32>) -> tensor<1x6x1x1xf32> {
  %0 = cnn.resize %x to [1, 1] nearest : (tensor<1x6x2x2xf32>) -> tensor<1x6x1x1xf32>
  %1 = tensor.collapse_shape %0 [[0], [1, 2, 3]] : tensor<1x6x1x1xf32> into tensor<1x6xf32>
  %2 = cnn.activation tanh %1 : tensor<1x6xf32>
  %3 = tensor.expand_shape %2 [[0], [1, 2, 3]] output_shape [1, 6, 1, 1] : tensor<1x6xf32> into tensor<1x6x1x1xf32>
  return %3 : tensor<1x6x1x1xf32>
}
}

// -----

// Shuffled channels of a concatenation are inserted where they belong, each part with a stride; nothing is transposed.

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<1x3x4xf32>, %[[Y:.*]]: tensor<1x3x4xf32>
// CHECK-NOT: linalg.transpose
// CHECK: %[[FIRST:.*]] = tensor.insert_slice %[[X]] into %{{.*}}[0, 0, 0] [1, 3, 4] [1, 2, 1] : tensor<1x3x4xf32> into tensor<1x6x4xf32>
// CHECK: %[[BOTH:.*]] = tensor.insert_slice %[[Y]] into %[[FIRST]][0, 1, 0] [1, 3, 4] [1, 2, 1] : tensor<1x3x4xf32> into tensor<1x6x4xf32>
// CHECK: return %[[BOTH]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x3x4xf32>, %y: tensor<1x3x4xf32>) -> tensor<1x6x4xf32> {
  %c = tensor.concat dim(1) %x, %y : (tensor<1x3x4xf32>, tensor<1x3x4xf32>) -> tensor<1x6x4xf32>
  %e = tensor.expand_shape %c [[0], [1, 2], [3]] output_shape [1, 2, 3, 4] : tensor<1x6x4xf32> into tensor<1x2x3x4xf32>
  %0 = tensor.empty() : tensor<1x3x2x4xf32>
  %t = linalg.transpose ins(%e : tensor<1x2x3x4xf32>) outs(%0 : tensor<1x3x2x4xf32>) permutation = [0, 2, 1, 3]
  %s = tensor.collapse_shape %t [[0], [1, 2], [3]] : tensor<1x3x2x4xf32> into tensor<1x6x4xf32>
  return %s : tensor<1x6x4xf32>
}
}

// -----

// Three groups of two parts are another permutation, and what else reads the concatenation needs it.

// CHECK-LABEL: func.func @main
// CHECK: linalg.transpose {{.*}} permutation = [0, 2, 1, 3]
// CHECK: linalg.transpose {{.*}} permutation = [0, 2, 1, 3]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x3x4xf32>, %y: tensor<1x3x4xf32>) -> (tensor<1x6x4xf32>, tensor<1x6x4xf32>, tensor<1x6x4xf32>) {
  %c = tensor.concat dim(1) %x, %y : (tensor<1x3x4xf32>, tensor<1x3x4xf32>) -> tensor<1x6x4xf32>
  %e = tensor.expand_shape %c [[0], [1, 2], [3]] output_shape [1, 3, 2, 4] : tensor<1x6x4xf32> into tensor<1x3x2x4xf32>
  %0 = tensor.empty() : tensor<1x2x3x4xf32>
  %t = linalg.transpose ins(%e : tensor<1x3x2x4xf32>) outs(%0 : tensor<1x2x3x4xf32>) permutation = [0, 2, 1, 3]
  %s = tensor.collapse_shape %t [[0], [1, 2], [3]] : tensor<1x2x3x4xf32> into tensor<1x6x4xf32>
  %d = tensor.concat dim(1) %y, %x : (tensor<1x3x4xf32>, tensor<1x3x4xf32>) -> tensor<1x6x4xf32>
  %f = tensor.expand_shape %d [[0], [1, 2], [3]] output_shape [1, 2, 3, 4] : tensor<1x6x4xf32> into tensor<1x2x3x4xf32>
  %1 = tensor.empty() : tensor<1x3x2x4xf32>
  %u = linalg.transpose ins(%f : tensor<1x2x3x4xf32>) outs(%1 : tensor<1x3x2x4xf32>) permutation = [0, 2, 1, 3]
  %v = tensor.collapse_shape %u [[0], [1, 2], [3]] : tensor<1x3x2x4xf32> into tensor<1x6x4xf32>
  return %s, %d, %v : tensor<1x6x4xf32>, tensor<1x6x4xf32>, tensor<1x6x4xf32>
}
}

// -----

// Phases of a plain tensor, all that a stride was folded into: it is packed whole (once, when equal operations are one), and they are slices
// of that.

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<1x8x10xf32>
// CHECK: %[[FIRST:.*]] = kernel.reorder ins(%[[X]]) {{.*}} -> tensor<1x2x10x4xf32>
// CHECK: %[[SECOND:.*]] = kernel.reorder ins(%[[X]]) {{.*}} -> tensor<1x2x10x4xf32>
// CHECK-NEXT: %[[EVEN:.*]] = tensor.extract_slice %[[SECOND]][0, 0, 0, 0] [1, 2, 5, 4] [1, 1, 2, 1] : {{.*}} to tensor<1x2x5x4xf32>
// CHECK-NEXT: %[[ODD:.*]] = tensor.extract_slice %[[FIRST]][0, 0, 1, 0] [1, 2, 5, 4] [1, 1, 2, 1] : {{.*}} to tensor<1x2x5x4xf32>
// CHECK: kernel.pool {{.*}} ins(%[[EVEN]])
// CHECK: kernel.pool {{.*}} ins(%[[ODD]])
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x8x10xf32>) -> (tensor<1x8x4xf32>, tensor<1x8x4xf32>) {
  %0 = tensor.extract_slice %x[0, 0, 0] [1, 8, 5] [1, 1, 2] : tensor<1x8x10xf32> to tensor<1x8x5xf32>
  %1 = tensor.extract_slice %x[0, 0, 1] [1, 8, 5] [1, 1, 2] : tensor<1x8x10xf32> to tensor<1x8x5xf32>
  %2 = cnn.pool max %0 kernel [2] strides [1] dilations [1] padding [0] to [0] : (tensor<1x8x5xf32>) -> tensor<1x8x4xf32>
  %3 = cnn.pool max %1 kernel [2] strides [1] dilations [1] padding [0] to [0] : (tensor<1x8x5xf32>) -> tensor<1x8x4xf32>
  return %2, %3 : tensor<1x8x4xf32>, tensor<1x8x4xf32>
}
}

// -----

// One of three phases, and one of channels that aren't all of them, are packed by themselves.

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<1x8x15xf32>, %[[Y:[a-z0-9]*]]: tensor<1x12x10xf32>
// CHECK-DAG: %[[THIRD:.*]] = tensor.extract_slice %[[X]][0, 0, 0] [1, 8, 5] [1, 1, 3]
// CHECK-DAG: kernel.reorder ins(%[[THIRD]])
// CHECK-DAG: %[[PART:.*]] = tensor.extract_slice %[[Y]][0, 0, 0] [1, 8, 5] [1, 1, 2]
// CHECK-DAG: kernel.reorder ins(%[[PART]])
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x8x15xf32>, %y: tensor<1x12x10xf32>) -> (tensor<1x8x4xf32>, tensor<1x8x4xf32>) {
  %0 = tensor.extract_slice %x[0, 0, 0] [1, 8, 5] [1, 1, 3] : tensor<1x8x15xf32> to tensor<1x8x5xf32>
  %1 = tensor.extract_slice %y[0, 0, 0] [1, 8, 5] [1, 1, 2] : tensor<1x12x10xf32> to tensor<1x8x5xf32>
  %2 = cnn.pool max %0 kernel [2] strides [1] dilations [1] padding [0] to [0] : (tensor<1x8x5xf32>) -> tensor<1x8x4xf32>
  %3 = cnn.pool max %1 kernel [2] strides [1] dilations [1] padding [0] to [0] : (tensor<1x8x5xf32>) -> tensor<1x8x4xf32>
  return %2, %3 : tensor<1x8x4xf32>, tensor<1x8x4xf32>
}
}
