// RUN: toeplitz-opt %s --recognize-group-norm | FileCheck %s

// As PyTorch's exporter writes it, reshaped by way of one dimension. The groups' values become those of their channels.
// CHECK-LABEL: @groups
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense_resource<groups.repeated> : tensor<6xf32>
// CHECK-DAG: %[[BIAS:.*]] = arith.constant dense_resource<groups.repeated_1> : tensor<6xf32>
// CHECK: %[[Y:.*]] = cnn.group_norm %arg0 scale %[[SCALE]] bias %[[BIAS]] groups 2 epsilon 9.99999974E-6 : (tensor<3x6x4x5xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<3x6x4x5xf32>
// CHECK-NEXT: return %[[Y]]
func.func @groups(%x: tensor<3x6x4x5xf32>) -> tensor<3x6x4x5xf32> {
  %s = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = arith.constant dense<[0.0, -1.0]> : tensor<2xf32>
  %0 = tensor.collapse_shape %x [[0, 1, 2, 3]] : tensor<3x6x4x5xf32> into tensor<360xf32>
  %1 = tensor.expand_shape %0 [[0, 1, 2]] output_shape [3, 2, 60] : tensor<360xf32> into tensor<3x2x60xf32>
  %2 = cnn.group_norm %1 scale %s bias %b groups 2 epsilon 1.0e-5 : (tensor<3x2x60xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x2x60xf32>
  %3 = tensor.collapse_shape %2 [[0, 1, 2]] : tensor<3x2x60xf32> into tensor<360xf32>
  %4 = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [3, 6, 4, 5] : tensor<360xf32> into tensor<3x6x4x5xf32>
  return %4 : tensor<3x6x4x5xf32>
}

// One group, in one step.
// CHECK-LABEL: @one_group
// CHECK: %[[Y:.*]] = cnn.group_norm %arg0 {{.*}} groups 1 {{.*}} -> tensor<1x6x5xf32>
// CHECK-NEXT: return %[[Y]]
func.func @one_group(%x: tensor<1x6x5xf32>) -> tensor<1x6x5xf32> {
  %s = arith.constant dense<1.0> : tensor<1xf32>
  %b = arith.constant dense<0.0> : tensor<1xf32>
  %0 = tensor.collapse_shape %x [[0], [1, 2]] : tensor<1x6x5xf32> into tensor<1x30xf32>
  %1 = tensor.expand_shape %0 [[0], [1, 2]] output_shape [1, 1, 30] : tensor<1x30xf32> into tensor<1x1x30xf32>
  %2 = cnn.group_norm %1 scale %s bias %b groups 1 epsilon 1.0e-5 : (tensor<1x1x30xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x30xf32>
  %3 = tensor.collapse_shape %2 [[0], [1, 2]] : tensor<1x1x30xf32> into tensor<1x30xf32>
  %4 = tensor.expand_shape %3 [[0], [1, 2]] output_shape [1, 6, 5] : tensor<1x30xf32> into tensor<1x6x5xf32>
  return %4 : tensor<1x6x5xf32>
}

// Left alone: the result keeps another shape, the groups are no whole channels, images are seen as groups, another reader of the
// groups, channels of which several are a group, values that aren't constant.
// CHECK-LABEL: @left_alone
// CHECK-COUNT-6: cnn.group_norm %expanded
// CHECK-NOT: cnn.group_norm
func.func @left_alone(%x: tensor<2x6x4xf32>, %v: tensor<2xf32>)
    -> (tensor<2x2x12xf32>, tensor<2x6x4xf32>, tensor<2x6x4xf32>, tensor<2x6x4xf32>, tensor<2x2x12xf32>, tensor<2x6x4xf32>, tensor<2x6x4xf32>) {
  %s2 = arith.constant dense<1.0> : tensor<2xf32>
  %s4 = arith.constant dense<1.0> : tensor<4xf32>
  %0 = tensor.collapse_shape %x [[0, 1, 2]] : tensor<2x6x4xf32> into tensor<48xf32>
  %1 = tensor.expand_shape %0 [[0, 1, 2]] output_shape [2, 2, 12] : tensor<48xf32> into tensor<2x2x12xf32>
  %2 = tensor.expand_shape %0 [[0, 1, 2]] output_shape [2, 4, 6] : tensor<48xf32> into tensor<2x4x6xf32>
  %3 = tensor.expand_shape %0 [[0, 1, 2]] output_shape [1, 4, 12] : tensor<48xf32> into tensor<1x4x12xf32>
  %shape = cnn.group_norm %1 scale %s2 bias %s2 groups 2 epsilon 1.0e-5 : (tensor<2x2x12xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x2x12xf32>
  %a = cnn.group_norm %2 scale %s4 bias %s4 groups 4 epsilon 1.0e-5 : (tensor<2x4x6xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x4x6xf32>
  %a1 = tensor.collapse_shape %a [[0, 1, 2]] : tensor<2x4x6xf32> into tensor<48xf32>
  %a2 = tensor.expand_shape %a1 [[0, 1, 2]] output_shape [2, 6, 4] : tensor<48xf32> into tensor<2x6x4xf32>
  %b = cnn.group_norm %3 scale %s4 bias %s4 groups 4 epsilon 1.0e-5 : (tensor<1x4x12xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x12xf32>
  %b1 = tensor.collapse_shape %b [[0, 1, 2]] : tensor<1x4x12xf32> into tensor<48xf32>
  %b2 = tensor.expand_shape %b1 [[0, 1, 2]] output_shape [2, 6, 4] : tensor<48xf32> into tensor<2x6x4xf32>
  %c = cnn.group_norm %1 scale %s2 bias %s2 groups 2 epsilon 2.0e-5 : (tensor<2x2x12xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x2x12xf32>
  %c1 = tensor.collapse_shape %c [[0, 1, 2]] : tensor<2x2x12xf32> into tensor<48xf32>
  %c2 = tensor.expand_shape %c1 [[0, 1, 2]] output_shape [2, 6, 4] : tensor<48xf32> into tensor<2x6x4xf32>
  %d = cnn.group_norm %2 scale %s4 bias %s4 groups 2 epsilon 1.0e-5 : (tensor<2x4x6xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x4x6xf32>
  %d1 = tensor.collapse_shape %d [[0, 1, 2]] : tensor<2x4x6xf32> into tensor<48xf32>
  %d2 = tensor.expand_shape %d1 [[0, 1, 2]] output_shape [2, 6, 4] : tensor<48xf32> into tensor<2x6x4xf32>
  %e = cnn.group_norm %1 scale %v bias %s2 groups 2 epsilon 1.0e-5 : (tensor<2x2x12xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x2x12xf32>
  %e1 = tensor.collapse_shape %e [[0, 1, 2]] : tensor<2x2x12xf32> into tensor<48xf32>
  %e2 = tensor.expand_shape %e1 [[0, 1, 2]] output_shape [2, 6, 4] : tensor<48xf32> into tensor<2x6x4xf32>
  return %shape, %a2, %b2, %c2, %c, %d2, %e2
    : tensor<2x2x12xf32>, tensor<2x6x4xf32>, tensor<2x6x4xf32>, tensor<2x6x4xf32>, tensor<2x2x12xf32>, tensor<2x6x4xf32>, tensor<2x6x4xf32>
}

// CHECK: dialect_resources
// CHECK-DAG: groups.repeated: "0x400000000000803F0000803F0000803F000000400000004000000040"
// CHECK-DAG: groups.repeated_1: "0x40000000000000000000000000000000000080BF000080BF000080BF"
