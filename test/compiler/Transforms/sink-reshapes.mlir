// RUN: toeplitz-opt %s --sink-reshapes --canonicalize --cse | FileCheck %s

// Two dense layers of a transformer's block: their biases, the activation and the sum with the input stand behind them.
// CHECK-LABEL: @block
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x4xf32>)
// CHECK-DAG: %[[W:.*]] = arith.constant dense<2.000000e+00> : tensor<8x4xf32>
// CHECK-DAG: %[[V:.*]] = arith.constant dense<3.000000e+00> : tensor<4x8xf32>
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %[[X]] {{\[\[}}0, 1], [2]]
// CHECK: %[[WIDE:.*]] = cnn.conv %[[ROWS]], %[[W]]
// CHECK: %[[SHIFTED:.*]] = arith.addf %{{.*}}, %[[WIDE]] : tensor<6x8xf32>
// CHECK: %[[GELU:.*]] = cnn.activation gelu %[[SHIFTED]] : tensor<6x8xf32>
// CHECK: %[[NARROW:.*]] = cnn.conv %[[GELU]], %[[V]]
// CHECK: %[[SUM:.*]] = arith.addf %[[ROWS]], %[[NARROW]] : tensor<6x4xf32>
// CHECK: %[[Y:.*]] = tensor.expand_shape %[[SUM]] {{\[\[}}0, 1], [2]] output_shape [2, 3, 4]
// CHECK: return %[[Y]]
func.func @block(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %w = arith.constant dense<2.0> : tensor<8x4xf32>
  %v = arith.constant dense<3.0> : tensor<4x8xf32>
  %b = arith.constant dense<[[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]]]> : tensor<1x1x8xf32>
  %0 = tensor.collapse_shape %x [[0, 1], [2]] : tensor<2x3x4xf32> into tensor<6x4xf32>
  %1 = cnn.conv %0, %w strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<6x4xf32>, tensor<8x4xf32>) -> tensor<6x8xf32>
  %2 = tensor.expand_shape %1 [[0, 1], [2]] output_shape [2, 3, 8] : tensor<6x8xf32> into tensor<2x3x8xf32>
  %3 = cnn.broadcast %b to [2, 3, 8] : (tensor<1x1x8xf32>) -> tensor<2x3x8xf32>
  %4 = arith.addf %3, %2 : tensor<2x3x8xf32>
  %5 = cnn.activation gelu %4 : tensor<2x3x8xf32>
  %6 = tensor.collapse_shape %5 [[0, 1], [2]] : tensor<2x3x8xf32> into tensor<6x8xf32>
  %7 = cnn.conv %6, %v strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<6x8xf32>, tensor<4x8xf32>) -> tensor<6x4xf32>
  %8 = tensor.expand_shape %7 [[0, 1], [2]] output_shape [2, 3, 4] : tensor<6x4xf32> into tensor<2x3x4xf32>
  %9 = arith.addf %x, %8 : tensor<2x3x4xf32>
  return %9 : tensor<2x3x4xf32>
}

// Several reshapes are one; what differs from row to row is reshaped whole.
// CHECK-LABEL: @through_one_dimension
// CHECK-SAME: (%[[X:.*]]: tensor<6x4xf32>, %[[W:.*]]: tensor<8x4xf32>, %[[P:.*]]: tensor<1x3x8xf32>)
// CHECK: %[[WIDE:.*]] = cnn.conv %[[X]], %[[W]]
// CHECK: %[[REPEATED:.*]] = cnn.broadcast %[[P]] to [2, 3, 8]
// CHECK: %[[PLACES:.*]] = tensor.collapse_shape %[[REPEATED]] {{\[\[}}0, 1], [2]]
// CHECK: arith.mulf %[[WIDE]], %[[PLACES]] : tensor<6x8xf32>
func.func @through_one_dimension(%x: tensor<6x4xf32>, %w: tensor<8x4xf32>, %p: tensor<1x3x8xf32>) -> tensor<2x3x8xf32> {
  %0 = cnn.conv %x, %w strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<6x4xf32>, tensor<8x4xf32>) -> tensor<6x8xf32>
  %1 = tensor.collapse_shape %0 [[0, 1]] : tensor<6x8xf32> into tensor<48xf32>
  %2 = tensor.expand_shape %1 [[0, 1, 2]] output_shape [2, 3, 8] : tensor<48xf32> into tensor<2x3x8xf32>
  %3 = cnn.broadcast %p to [2, 3, 8] : (tensor<1x3x8xf32>) -> tensor<2x3x8xf32>
  %4 = arith.mulf %2, %3 : tensor<2x3x8xf32>
  return %4 : tensor<2x3x8xf32>
}

// These stay: channels that are divided, and a tensor that comes from no dense layer.
// CHECK-LABEL: @kept
// CHECK: %[[HEADS:.*]] = tensor.expand_shape %{{.*}} output_shape [6, 2, 4]
// CHECK: cnn.activation relu %[[HEADS]] : tensor<6x2x4xf32>
// CHECK: %[[SPLIT:.*]] = tensor.expand_shape %{{.*}} output_shape [2, 3, 4]
// CHECK: cnn.activation relu %[[SPLIT]] : tensor<2x3x4xf32>
func.func @kept(%x: tensor<6x4xf32>, %w: tensor<8x4xf32>) -> (tensor<6x2x4xf32>, tensor<2x3x4xf32>) {
  %0 = cnn.conv %x, %w strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<6x4xf32>, tensor<8x4xf32>) -> tensor<6x8xf32>
  %1 = tensor.expand_shape %0 [[0], [1, 2]] output_shape [6, 2, 4] : tensor<6x8xf32> into tensor<6x2x4xf32>
  %2 = cnn.activation relu %1 : tensor<6x2x4xf32>
  %3 = tensor.expand_shape %x [[0, 1], [2]] output_shape [2, 3, 4] : tensor<6x4xf32> into tensor<2x3x4xf32>
  %4 = cnn.activation relu %3 : tensor<2x3x4xf32>
  return %2, %4 : tensor<6x2x4xf32>, tensor<2x3x4xf32>
}
