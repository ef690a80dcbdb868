// RUN: toeplitz-opt %s --move-channels-first --canonicalize | FileCheck %s

// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
// CHECK-DAG: #[[KEPT:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1)>

// A block of ConvNeXt: from a convolution to a sum with the channels first, with nothing transposed.
// CHECK-LABEL: @block
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x3x5xf32>, %[[S:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<8xf32>)
// CHECK-DAG: %[[W:.*]] = arith.constant dense<2.000000e+00> : tensor<8x4x1x1xf32>
// CHECK-DAG: %[[V:.*]] = arith.constant dense<3.000000e+00> : tensor<4x8x1x1xf32>
// CHECK-DAG: %[[T:.*]] = arith.constant dense<{{\[\[\[\[}}1.000000e+00]], {{.*}}> : tensor<1x4x1x1xf32>
// CHECK-NOT: linalg.transpose
// CHECK: %[[NORM:.*]] = cnn.layer_norm %[[X]] scale %[[S]] bias %[[S]] axis 1 to 2
// CHECK: %[[WIDE:.*]] = cnn.conv %[[NORM]], %[[W]] bias %[[B]] strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
// CHECK: %[[GELU:.*]] = cnn.activation gelu %[[WIDE]]
// CHECK: %[[NARROW:.*]] = cnn.conv %[[GELU]], %[[V]] strides
// CHECK-DAG: %[[REPEATED:.*]] = cnn.broadcast %[[T]] to [1, 4, 3, 5]
// CHECK: %[[SHIFTED:.*]] = arith.addf %[[NARROW]], %[[REPEATED]] : tensor<1x4x3x5xf32>
// CHECK-NEXT: %[[Y:.*]] = arith.addf %[[SHIFTED]], %[[X]]
// CHECK-NEXT: return %[[Y]]
func.func @block(%x: tensor<1x4x3x5xf32>, %s: tensor<4xf32>, %b: tensor<8xf32>) -> tensor<1x4x3x5xf32> {
  %w = arith.constant dense<2.0> : tensor<8x4xf32>
  %v = arith.constant dense<3.0> : tensor<4x8xf32>
  %t = arith.constant dense<[[[[1.0, 2.0, 3.0, 4.0]]]]> : tensor<1x1x1x4xf32>
  %e0 = tensor.empty() : tensor<1x3x5x4xf32>
  %0 = linalg.transpose ins(%x : tensor<1x4x3x5xf32>) outs(%e0 : tensor<1x3x5x4xf32>) permutation = [0, 2, 3, 1]
  %1 = cnn.layer_norm %0 scale %s bias %s axis 3 epsilon 1.0e-06 : (tensor<1x3x5x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x3x5x4xf32>
  %2 = tensor.collapse_shape %1 [[0, 1, 2], [3]] : tensor<1x3x5x4xf32> into tensor<15x4xf32>
  %3 = cnn.conv %2, %w bias %b strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<15x4xf32>, tensor<8x4xf32>, tensor<8xf32>) -> tensor<15x8xf32>
  %4 = tensor.expand_shape %3 [[0, 1, 2], [3]] output_shape [1, 3, 5, 8] : tensor<15x8xf32> into tensor<1x3x5x8xf32>
  %5 = cnn.activation gelu %4 : tensor<1x3x5x8xf32>
  %6 = tensor.collapse_shape %5 [[0, 1, 2], [3]] : tensor<1x3x5x8xf32> into tensor<15x8xf32>
  %7 = cnn.conv %6, %v strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<15x8xf32>, tensor<4x8xf32>) -> tensor<15x4xf32>
  %8 = tensor.expand_shape %7 [[0, 1, 2], [3]] output_shape [1, 3, 5, 4] : tensor<15x4xf32> into tensor<1x3x5x4xf32>
  %9 = cnn.broadcast %t to [1, 3, 5, 4] : (tensor<1x1x1x4xf32>) -> tensor<1x3x5x4xf32>
  %10 = arith.addf %8, %9 : tensor<1x3x5x4xf32>
  %e1 = tensor.empty() : tensor<1x4x3x5xf32>
  %11 = linalg.transpose ins(%10 : tensor<1x3x5x4xf32>) outs(%e1 : tensor<1x4x3x5xf32>) permutation = [0, 3, 1, 2]
  %12 = arith.addf %11, %x : tensor<1x4x3x5xf32>
  return %12 : tensor<1x4x3x5xf32>
}

// Two transpositions to the end go for one that another reader needs.
// CHECK-LABEL: @read_by_others
// CHECK: %[[SUM:.*]] = arith.addf %arg0, %arg1 : tensor<1x4x6xf32>
// CHECK: %[[LAST:.*]] = linalg.transpose ins(%[[SUM]] : tensor<1x4x6xf32>)
// CHECK: return %[[SUM]], %[[LAST]]
func.func @read_by_others(%x: tensor<1x4x6xf32>, %z: tensor<1x4x6xf32>) -> (tensor<1x4x6xf32>, tensor<1x6x4xf32>) {
  %e0 = tensor.empty() : tensor<1x6x4xf32>
  %e1 = tensor.empty() : tensor<1x4x6xf32>
  %0 = linalg.transpose ins(%x : tensor<1x4x6xf32>) outs(%e0 : tensor<1x6x4xf32>) permutation = [0, 2, 1]
  %1 = linalg.transpose ins(%z : tensor<1x4x6xf32>) outs(%e0 : tensor<1x6x4xf32>) permutation = [0, 2, 1]
  %2 = arith.addf %0, %1 : tensor<1x6x4xf32>
  %3 = linalg.transpose ins(%2 : tensor<1x6x4xf32>) outs(%e1 : tensor<1x4x6xf32>) permutation = [0, 2, 1]
  return %3, %2 : tensor<1x4x6xf32>, tensor<1x6x4xf32>
}

// A second input with the channels last, used twice, is transposed once.
// CHECK-LABEL: @from_outside
// CHECK: %[[FIRST:.*]] = linalg.transpose ins(%arg1 : tensor<1x6x4xf32>)
// CHECK-NOT: linalg.transpose
// CHECK: %[[SUM:.*]] = arith.addf %arg0, %[[FIRST]]
// CHECK: %[[Y:.*]] = arith.mulf %[[SUM]], %[[FIRST]]
// CHECK: return %[[Y]]
func.func @from_outside(%x: tensor<1x4x6xf32>, %z: tensor<1x6x4xf32>) -> tensor<1x4x6xf32> {
  %e0 = tensor.empty() : tensor<1x6x4xf32>
  %e1 = tensor.empty() : tensor<1x4x6xf32>
  %0 = linalg.transpose ins(%x : tensor<1x4x6xf32>) outs(%e0 : tensor<1x6x4xf32>) permutation = [0, 2, 1]
  %1 = arith.addf %0, %z : tensor<1x6x4xf32>
  %2 = arith.mulf %1, %z : tensor<1x6x4xf32>
  %3 = linalg.transpose ins(%2 : tensor<1x6x4xf32>) outs(%e1 : tensor<1x4x6xf32>) permutation = [0, 2, 1]
  return %3 : tensor<1x4x6xf32>
}

// As many elements would be transposed as before: it stays.
// CHECK-LABEL: @no_gain
// CHECK: %[[LAST:.*]] = linalg.transpose
// CHECK: %[[Y:.*]] = cnn.activation relu %[[LAST]] : tensor<1x6x4xf32>
// CHECK: return %[[Y]]
func.func @no_gain(%x: tensor<1x4x6xf32>) -> tensor<1x6x4xf32> {
  %e0 = tensor.empty() : tensor<1x6x4xf32>
  %0 = linalg.transpose ins(%x : tensor<1x4x6xf32>) outs(%e0 : tensor<1x6x4xf32>) permutation = [0, 2, 1]
  %1 = cnn.activation relu %0 : tensor<1x6x4xf32>
  return %1 : tensor<1x6x4xf32>
}

// A normalisation of more than the last dimension isn't one of the channels.
// CHECK-LABEL: @others
// CHECK-COUNT-2: linalg.transpose
// CHECK: return
func.func @others(%x: tensor<1x4x6xf32>, %s: tensor<6x4xf32>) -> tensor<1x4x6xf32> {
  %e0 = tensor.empty() : tensor<1x6x4xf32>
  %e1 = tensor.empty() : tensor<1x4x6xf32>
  %0 = linalg.transpose ins(%x : tensor<1x4x6xf32>) outs(%e0 : tensor<1x6x4xf32>) permutation = [0, 2, 1]
  %1 = cnn.layer_norm %0 scale %s bias %s axis 1 epsilon 1.0e-06 : (tensor<1x6x4xf32>, tensor<6x4xf32>, tensor<6x4xf32>) -> tensor<1x6x4xf32>
  %2 = linalg.transpose ins(%1 : tensor<1x6x4xf32>) outs(%e1 : tensor<1x4x6xf32>) permutation = [0, 2, 1]
  return %2 : tensor<1x4x6xf32>
}

// Elements that are moved: borders, parts and joined tensors, by dimensions of the other order.
// CHECK-LABEL: @moved
// CHECK-NOT: linalg.transpose
// CHECK: %[[PAD:.*]] = cnn.pad %arg0 low [0, 0, 1, 0] high [0, 3, 2, 1] zeros : (tensor<1x4x6x5xf32>) -> tensor<1x7x9x6xf32>
// CHECK: %[[PART:.*]] = tensor.extract_slice %[[PAD]][0, 3, 0, 1] [1, 4, 9, 2] [1, 1, 1, 2] : tensor<1x7x9x6xf32> to tensor<1x4x9x2xf32>
// CHECK: %[[JOINED:.*]] = tensor.concat dim(1) %[[PART]], %[[PART]] : (tensor<1x4x9x2xf32>, tensor<1x4x9x2xf32>) -> tensor<1x8x9x2xf32>
// CHECK: %[[LONG:.*]] = tensor.concat dim(3) %[[JOINED]], %[[JOINED]] : {{.*}} -> tensor<1x8x9x4xf32>
// CHECK: return %[[LONG]]
func.func @moved(%x: tensor<1x4x6x5xf32>) -> tensor<1x8x9x4xf32> {
  %e0 = tensor.empty() : tensor<1x6x5x4xf32>
  %e1 = tensor.empty() : tensor<1x8x9x4xf32>
  %0 = linalg.transpose ins(%x : tensor<1x4x6x5xf32>) outs(%e0 : tensor<1x6x5x4xf32>) permutation = [0, 2, 3, 1]
  %1 = cnn.pad %0 low [0, 1, 0, 0] high [0, 2, 1, 3] zeros : (tensor<1x6x5x4xf32>) -> tensor<1x9x6x7xf32>
  %2 = tensor.extract_slice %1[0, 0, 1, 3] [1, 9, 2, 4] [1, 1, 2, 1] : tensor<1x9x6x7xf32> to tensor<1x9x2x4xf32>
  %3 = tensor.concat dim(3) %2, %2 : (tensor<1x9x2x4xf32>, tensor<1x9x2x4xf32>) -> tensor<1x9x2x8xf32>
  %4 = tensor.concat dim(2) %3, %3 : (tensor<1x9x2x8xf32>, tensor<1x9x2x8xf32>) -> tensor<1x9x4x8xf32>
  %5 = linalg.transpose ins(%4 : tensor<1x9x4x8xf32>) outs(%e1 : tensor<1x8x9x4xf32>) permutation = [0, 3, 1, 2]
  return %5 : tensor<1x8x9x4xf32>
}

// A sum over all positions reads the channels where they are; one over the channels stays as it is.
// CHECK-LABEL: @summed
// CHECK: %[[SUM:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[KEPT]]], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%arg0 : tensor<1x4x3x5xf32>)
// CHECK: %[[SCALED:.*]] = arith.mulf %arg0, %arg0 : tensor<1x4x3x5xf32>
// CHECK: return %[[SCALED]], %[[SUM]]
#all = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#channels = affine_map<(d0, d1, d2, d3) -> (d0, d3)>
#positions = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
func.func @summed(%x: tensor<1x4x3x5xf32>, %i: tensor<1x4xf32>) -> (tensor<1x4x3x5xf32>, tensor<1x4xf32>) {
  %e0 = tensor.empty() : tensor<1x3x5x4xf32>
  %e1 = tensor.empty() : tensor<1x4x3x5xf32>
  %0 = linalg.transpose ins(%x : tensor<1x4x3x5xf32>) outs(%e0 : tensor<1x3x5x4xf32>) permutation = [0, 2, 3, 1]
  %1 = linalg.generic {indexing_maps = [#all, #channels], iterator_types = ["parallel", "reduction", "reduction", "parallel"]} ins(%0 : tensor<1x3x5x4xf32>) outs(%i : tensor<1x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %4 = arith.addf %a, %b : f32
    linalg.yield %4 : f32
  } -> tensor<1x4xf32>
  %2 = arith.mulf %0, %0 : tensor<1x3x5x4xf32>
  %3 = linalg.transpose ins(%2 : tensor<1x3x5x4xf32>) outs(%e1 : tensor<1x4x3x5xf32>) permutation = [0, 3, 1, 2]
  return %3, %1 : tensor<1x4x3x5xf32>, tensor<1x4xf32>
}

// CHECK-LABEL: @summed_channels
// CHECK: linalg.transpose
// CHECK: linalg.generic {{.*}}"parallel", "parallel", "parallel", "reduction"
func.func @summed_channels(%x: tensor<1x4x3x5xf32>, %i: tensor<1x3x5xf32>) -> tensor<1x3x5xf32> {
  %e0 = tensor.empty() : tensor<1x3x5x4xf32>
  %0 = linalg.transpose ins(%x : tensor<1x4x3x5xf32>) outs(%e0 : tensor<1x3x5x4xf32>) permutation = [0, 2, 3, 1]
  %1 = linalg.generic {indexing_maps = [#all, #positions], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%0 : tensor<1x3x5x4xf32>) outs(%i : tensor<1x3x5xf32>) {
  ^bb0(%a: f32, %b: f32):
    %2 = arith.addf %a, %b : f32
    linalg.yield %2 : f32
  } -> tensor<1x3x5xf32>
  return %1 : tensor<1x3x5xf32>
}
