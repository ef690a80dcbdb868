// RUN: toeplitz-opt %s -split-input-file -convert-cnn-to-kernel | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<2x6x3x5xf32>, %[[S:.*]]: tensor<6xf32>, %[[B:.*]]: tensor<6xf32>, %[[LS:.*]]: tensor<3x5xf32>
// CHECK: kernel.normalize ins(%[[X]], %[[S]], %[[B]])
// CHECK-SAME: {epsilon = 9.99999974E-6 : f32, positions = 15 : i64, row_period = 3 : i64, rows = 6 : i64}
// CHECK: kernel.normalize ins(%[[X]], %[[LS]], %[[LS]])
// CHECK-SAME: {epsilon = 1.000000e-03 : f32, positions = 1 : i64, row_period = 1 : i64, rows = 12 : i64}
// CHECK: kernel.lrn ins(%[[X]]) {{.*}} {alpha = 9.99999974E-5 : f32, beta = 7.500000e-01 : f32, k = 2.000000e+00 : f32, size = 5 : i64}
// CHECK: kernel.softmax ins(%[[X]]) {{.*}} {axis = 1 : i64, log = true}
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<2x6x3x5xf32>, %s: tensor<6xf32>, %b: tensor<6xf32>, %ls: tensor<3x5xf32>)
    -> (tensor<2x6x3x5xf32>, tensor<2x6x3x5xf32>, tensor<2x6x3x5xf32>, tensor<2x6x3x5xf32>) {
  %0 = cnn.group_norm %x scale %s bias %b groups 3 epsilon 1.0e-5
    : (tensor<2x6x3x5xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<2x6x3x5xf32>
  %1 = cnn.layer_norm %x scale %ls bias %ls axis 2 epsilon 1.0e-3
    : (tensor<2x6x3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>) -> tensor<2x6x3x5xf32>
  %2 = cnn.lrn %x size 5 alpha 1.0e-4 beta 0.75 k 2.0 : (tensor<2x6x3x5xf32>) -> tensor<2x6x3x5xf32>
  %3 = cnn.softmax %x axis 1 {log} : tensor<2x6x3x5xf32>
  return %0, %1, %2, %3 : tensor<2x6x3x5xf32>, tensor<2x6x3x5xf32>, tensor<2x6x3x5xf32>, tensor<2x6x3x5xf32>
}
}

// -----

// The channels at each position, in blocks; rows of a dimension in the middle, moved to the end and back.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<2x6x3x5xf32>, %[[S:.*]]: tensor<6xf32>, %[[M:.*]]: tensor<3xf32>
// CHECK: %[[BLOCKED:.*]] = kernel.reorder ins(%[[X]]) {{.*}} -> tensor<2x2x3x5x4xf32>
// CHECK: %[[NORMAL:.*]] = kernel.normalize_channels ins(%[[BLOCKED]], %{{.*}}, %{{.*}}) {{.*}} {channels = 6 : i64, epsilon = 9.99999974E-6 : f32}
// CHECK: kernel.reorder ins(%[[NORMAL]])
// CHECK: %[[MOVED:.*]] = linalg.transpose ins(%[[X]] {{.*}} permutation = [0, 1, 3, 2]
// CHECK: %[[ROWS:.*]] = kernel.normalize ins(%[[MOVED]], %[[M]], %[[M]]) {{.*}} rows = 60 : i64
// CHECK: linalg.transpose ins(%[[ROWS]] {{.*}} permutation = [0, 1, 3, 2]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<2x6x3x5xf32>, %s: tensor<6xf32>, %m: tensor<3xf32>) -> (tensor<2x6x3x5xf32>, tensor<2x6x3x5xf32>) {
  %0 = cnn.layer_norm %x scale %s bias %s axis 1 to 2 epsilon 1.0e-5
    : (tensor<2x6x3x5xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<2x6x3x5xf32>
  %1 = cnn.layer_norm %x scale %m bias %m axis 2 to 3 epsilon 1.0e-3
    : (tensor<2x6x3x5xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x6x3x5xf32>
  return %0, %1 : tensor<2x6x3x5xf32>, tensor<2x6x3x5xf32>
}
}

// -----

// What lies in blocks is normalised there, in sections of the positions (two of 16200), by numbers for each channel of each image.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<2x6x180x180xf32>, %[[S:.*]]: tensor<6xf32>, %[[B:.*]]: tensor<6xf32>
// CHECK: %[[RELU:.*]] = linalg.generic
// CHECK: %[[MOMENTS:.*]] = kernel.moments ins(%[[RELU]]) {{.*}} -> tensor<2x2x2x3x4xf32>
// CHECK: %[[FACTORS:.*]] = kernel.normalization_factors ins(%[[MOMENTS]], %[[S]], %[[B]]) {{.*}} {channels = 6 : i64, epsilon = 9.99999974E-6 : f32, groups = 3 : i64, positions = 32400 : i64}
// CHECK-SAME: -> tensor<3x2x2x4xf32>
// CHECK: %[[MEAN:.*]] = tensor.extract_slice %[[FACTORS]][0, 0, 0, 0] [1, 2, 2, 4] [1, 1, 1, 1] : tensor<3x2x2x4xf32> to tensor<2x2x4xf32>
// CHECK: %[[FACTOR:.*]] = tensor.extract_slice %[[FACTORS]][1, 0, 0, 0]
// CHECK: %[[OFFSET:.*]] = tensor.extract_slice %[[FACTORS]][2, 0, 0, 0]
// CHECK: linalg.generic {{.*}} ins(%[[RELU]], %[[MEAN]], %[[FACTOR]], %[[OFFSET]]
// CHECK:   arith.subf
// CHECK:   arith.mulf
// CHECK:   arith.addf
// CHECK: kernel.reorder
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<2x6x180x180xf32>, %s: tensor<6xf32>, %b: tensor<6xf32>) -> tensor<2x6x180x180xf32> {
  %0 = cnn.pool max %x kernel [1, 3] strides [1, 1] dilations [1, 1] padding [0, 1] to [0, 1] : (tensor<2x6x180x180xf32>) -> tensor<2x6x180x180xf32>
  %1 = cnn.activation relu %0 : tensor<2x6x180x180xf32>
  %2 = cnn.group_norm %1 scale %s bias %b groups 3 epsilon 1.0e-5
    : (tensor<2x6x180x180xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<2x6x180x180xf32>
  return %2 : tensor<2x6x180x180xf32>
}
}

// -----

// Scores with a factor and a mask: an exact reciprocal in place of a quotient, what repeats as it is.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<1x2x3x5xf32>, %[[M:.*]]: tensor<1x1x1x5xf32>
// CHECK-NOT: linalg.generic
// CHECK: kernel.softmax ins(%[[X]] add %[[M]]) outs(%{{.*}}) {axis = 3 : i64, log = false, scale = 1.250000e-01 : f32}
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x2x3x5xf32>, %m: tensor<1x1x1x5xf32>) -> tensor<1x2x3x5xf32> {
  %eight = arith.constant dense<8.0> : tensor<1x2x3x5xf32>
  %mask = cnn.broadcast %m to [1, 2, 3, 5] : (tensor<1x1x1x5xf32>) -> tensor<1x2x3x5xf32>
  %0 = arith.divf %x, %eight : tensor<1x2x3x5xf32>
  %1 = arith.addf %mask, %0 : tensor<1x2x3x5xf32>
  %2 = cnn.softmax %1 axis 3 : tensor<1x2x3x5xf32>
  return %2 : tensor<1x2x3x5xf32>
}
}

// -----

// Two tensors of the same size, a factor that isn't the same everywhere.
// CHECK-LABEL: func.func @main
// CHECK: %[[SUM:.*]] = linalg.generic
// CHECK: kernel.softmax ins(%[[SUM]]) outs(%{{.*}}) {axis = 1 : i64, log = false} :
// CHECK: %[[PRODUCT:.*]] = linalg.generic
// CHECK: kernel.softmax ins(%[[PRODUCT]]) outs(%{{.*}}) {axis = 1 : i64, log = false} :
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<2x5xf32>, %y: tensor<2x5xf32>) -> (tensor<2x5xf32>, tensor<2x5xf32>) {
  %factors = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %repeated = cnn.broadcast %factors to [2, 5] : (tensor<2x1xf32>) -> tensor<2x5xf32>
  %0 = arith.addf %x, %y : tensor<2x5xf32>
  %1 = cnn.softmax %0 axis 1 : tensor<2x5xf32>
  %2 = arith.mulf %x, %repeated : tensor<2x5xf32>
  %3 = cnn.softmax %2 axis 1 : tensor<2x5xf32>
  return %1, %3 : tensor<2x5xf32>, tensor<2x5xf32>
}
}
