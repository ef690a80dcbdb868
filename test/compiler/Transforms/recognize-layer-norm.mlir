// RUN: toeplitz-opt %s --recognize-layer-norm --canonicalize | FileCheck %s

#all = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#rows = affine_map<(d0, d1, d2) -> (d0, d1)>
#positions = affine_map<(d0, d1, d2) -> (d0, d2)>

// As PyTorch writes it: (x - mean) / sqrt(variance + epsilon) * scale + bias. A mean of the trailing dimensions from the third on is a pool.
// CHECK-LABEL: @quotient
// CHECK-SAME: %[[X:.*]]: tensor<1x8x4xf32>, %[[S:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>
// CHECK-NEXT: %[[Y:.*]] = cnn.layer_norm %[[X]] scale %[[S]] bias %[[B]] axis 2 epsilon 9.99999974E-6
// CHECK-NEXT: return %[[Y]]
func.func @quotient(%x: tensor<1x8x4xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<1x8x4xf32> {
  %epsilon = arith.constant dense<1.0e-5> : tensor<1x1x1xf32>
  %0 = cnn.pool average %x kernel [4] strides [1] dilations [1] padding [0] to [0] : (tensor<1x8x4xf32>) -> tensor<1x8x1xf32>
  %1 = cnn.broadcast %0 to [1, 8, 4] : (tensor<1x8x1xf32>) -> tensor<1x8x4xf32>
  %2 = arith.subf %x, %1 : tensor<1x8x4xf32>
  %3 = arith.mulf %2, %2 : tensor<1x8x4xf32>
  %4 = cnn.pool average %3 kernel [4] strides [1] dilations [1] padding [0] to [0] : (tensor<1x8x4xf32>) -> tensor<1x8x1xf32>
  %5 = cnn.broadcast %epsilon to [1, 8, 1] : (tensor<1x1x1xf32>) -> tensor<1x8x1xf32>
  %6 = arith.addf %4, %5 : tensor<1x8x1xf32>
  %7 = math.sqrt %6 : tensor<1x8x1xf32>
  %8 = cnn.broadcast %7 to [1, 8, 4] : (tensor<1x8x1xf32>) -> tensor<1x8x4xf32>
  %9 = arith.divf %2, %8 : tensor<1x8x4xf32>
  %10 = tensor.expand_shape %s [[0, 1, 2]] output_shape [1, 1, 4] : tensor<4xf32> into tensor<1x1x4xf32>
  %11 = cnn.broadcast %10 to [1, 8, 4] : (tensor<1x1x4xf32>) -> tensor<1x8x4xf32>
  %12 = arith.mulf %9, %11 : tensor<1x8x4xf32>
  %13 = tensor.expand_shape %b [[0, 1, 2]] output_shape [1, 1, 4] : tensor<4xf32> into tensor<1x1x4xf32>
  %14 = cnn.broadcast %13 to [1, 8, 4] : (tensor<1x1x4xf32>) -> tensor<1x8x4xf32>
  %15 = arith.addf %14, %12 : tensor<1x8x4xf32>
  return %15 : tensor<1x8x4xf32>
}

// As TensorFlow writes it: x * s + (bias - mean * s), s = scale / sqrt(variance + epsilon). Of the channels, dimension 1, by sums.
// CHECK-LABEL: @shifted
// CHECK-SAME: %[[X:.*]]: tensor<2x8x4xf32>, %[[S:.*]]: tensor<1x8x1xf32>, %[[B:.*]]: tensor<1x8x1xf32>
// CHECK-DAG: %[[SCALE:.*]] = tensor.collapse_shape %[[S]] {{\[\[}}0, 1, 2]]
// CHECK-DAG: %[[BIAS:.*]] = tensor.collapse_shape %[[B]] {{\[\[}}0, 1, 2]]
// CHECK: %[[Y:.*]] = cnn.layer_norm %[[X]] scale %[[SCALE]] bias %[[BIAS]] axis 1 to 2 epsilon 1.000000e-03
// CHECK-NEXT: return %[[Y]]
func.func @shifted(%x: tensor<2x8x4xf32>, %s: tensor<1x8x1xf32>, %b: tensor<1x8x1xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %epsilon = arith.constant dense<1.0e-3> : tensor<1x1x1xf32>
  %one = arith.constant dense<1.0> : tensor<2x1x4xf32>
  %e0 = tensor.empty() : tensor<2x4xf32>
  %e1 = tensor.empty() : tensor<2x1x4xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %0 = linalg.generic {indexing_maps = [#all, #positions], iterator_types = ["parallel", "reduction", "parallel"]} ins(%x : tensor<2x8x4xf32>) outs(%zeros : tensor<2x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %18 = arith.addf %out, %in : f32
    linalg.yield %18 : f32
  } -> tensor<2x4xf32>
  %1 = tensor.expand_shape %0 [[0, 1], [2]] output_shape [2, 1, 4] : tensor<2x4xf32> into tensor<2x1x4xf32>
  %2 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<2x1x4xf32>) outs(%e1 : tensor<2x1x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %count = arith.constant 8.0 : f32
    %18 = arith.divf %in, %count : f32
    linalg.yield %18 : f32
  } -> tensor<2x1x4xf32>
  %3 = cnn.broadcast %2 to [2, 8, 4] : (tensor<2x1x4xf32>) -> tensor<2x8x4xf32>
  %4 = arith.subf %x, %3 : tensor<2x8x4xf32>
  %5 = arith.mulf %4, %4 : tensor<2x8x4xf32>
  %6 = linalg.generic {indexing_maps = [#all, #positions], iterator_types = ["parallel", "reduction", "parallel"]} ins(%5 : tensor<2x8x4xf32>) outs(%zeros : tensor<2x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %18 = arith.addf %in, %out : f32
    linalg.yield %18 : f32
  } -> tensor<2x4xf32>
  %7 = tensor.expand_shape %6 [[0, 1], [2]] output_shape [2, 1, 4] : tensor<2x4xf32> into tensor<2x1x4xf32>
  %8 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%7 : tensor<2x1x4xf32>) outs(%e1 : tensor<2x1x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %count = arith.constant 8.0 : f32
    %18 = arith.divf %in, %count : f32
    linalg.yield %18 : f32
  } -> tensor<2x1x4xf32>
  %9 = cnn.broadcast %epsilon to [2, 1, 4] : (tensor<1x1x1xf32>) -> tensor<2x1x4xf32>
  %10 = arith.addf %8, %9 : tensor<2x1x4xf32>
  %11 = math.sqrt %10 : tensor<2x1x4xf32>
  %12 = arith.divf %one, %11 : tensor<2x1x4xf32>
  %13 = cnn.broadcast %12 to [2, 8, 4] : (tensor<2x1x4xf32>) -> tensor<2x8x4xf32>
  %s1 = cnn.broadcast %s to [2, 8, 4] : (tensor<1x8x1xf32>) -> tensor<2x8x4xf32>
  %b1 = cnn.broadcast %b to [2, 8, 4] : (tensor<1x8x1xf32>) -> tensor<2x8x4xf32>
  %14 = arith.mulf %13, %s1 : tensor<2x8x4xf32>
  %15 = arith.mulf %x, %14 : tensor<2x8x4xf32>
  %16 = arith.mulf %3, %14 : tensor<2x8x4xf32>
  %17 = arith.subf %b1, %16 : tensor<2x8x4xf32>
  %y = arith.addf %15, %17 : tensor<2x8x4xf32>
  return %y : tensor<2x8x4xf32>
}

// Over the positions of each channel: instance normalisation. A factor for each channel stays behind it.
// CHECK-LABEL: @instances
// CHECK-DAG: %[[ONES:.*]] = arith.constant dense<1.000000e+00> : tensor<6xf32>
// CHECK-DAG: %[[ZEROS:.*]] = arith.constant dense<0.000000e+00> : tensor<6xf32>
// CHECK: %[[NORM:.*]] = cnn.group_norm %arg0 scale %[[ONES]] bias %[[ZEROS]] groups 6 epsilon 9.99999974E-6
// CHECK: arith.mulf %[[NORM]]
func.func @instances(%x: tensor<1x6x4x4xf32>, %s: tensor<1x6x1x1xf32>) -> tensor<1x6x4x4xf32> {
  %epsilon = arith.constant dense<1.0e-5> : tensor<1x6x1x1xf32>
  %0 = cnn.pool average %x kernel [4, 4] strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] : (tensor<1x6x4x4xf32>) -> tensor<1x6x1x1xf32>
  %1 = cnn.broadcast %0 to [1, 6, 4, 4] : (tensor<1x6x1x1xf32>) -> tensor<1x6x4x4xf32>
  %2 = arith.subf %x, %1 : tensor<1x6x4x4xf32>
  %3 = arith.mulf %2, %2 : tensor<1x6x4x4xf32>
  %4 = cnn.pool average %3 kernel [4, 4] strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] : (tensor<1x6x4x4xf32>) -> tensor<1x6x1x1xf32>
  %5 = arith.addf %epsilon, %4 : tensor<1x6x1x1xf32>
  %6 = math.rsqrt %5 : tensor<1x6x1x1xf32>
  %7 = cnn.broadcast %6 to [1, 6, 4, 4] : (tensor<1x6x1x1xf32>) -> tensor<1x6x4x4xf32>
  %8 = arith.mulf %7, %2 : tensor<1x6x4x4xf32>
  %9 = cnn.broadcast %s to [1, 6, 4, 4] : (tensor<1x6x1x1xf32>) -> tensor<1x6x4x4xf32>
  %10 = arith.mulf %8, %9 : tensor<1x6x4x4xf32>
  return %10 : tensor<1x6x4x4xf32>
}

// Not a mean: a pool of three of four elements with one of padding; not the variance of what is divided.
// CHECK-LABEL: @others
// CHECK-NOT: cnn.layer_norm
// CHECK: return
func.func @others(%x: tensor<1x8x4xf32>, %z: tensor<1x8x4xf32>) -> (tensor<1x8x4xf32>, tensor<1x8x4xf32>) {
  %epsilon = arith.constant dense<1.0e-5> : tensor<1x8x1xf32>
  %0 = cnn.pool average %x kernel [4] strides [4] dilations [1] padding [1] to [0] : (tensor<1x8x4xf32>) -> tensor<1x8x1xf32>
  %1 = cnn.broadcast %0 to [1, 8, 4] : (tensor<1x8x1xf32>) -> tensor<1x8x4xf32>
  %2 = arith.subf %x, %1 : tensor<1x8x4xf32>
  %3 = arith.mulf %2, %2 : tensor<1x8x4xf32>
  %4 = cnn.pool average %3 kernel [4] strides [1] dilations [1] padding [0] to [0] : (tensor<1x8x4xf32>) -> tensor<1x8x1xf32>
  %5 = arith.addf %epsilon, %4 : tensor<1x8x1xf32>
  %6 = math.sqrt %5 : tensor<1x8x1xf32>
  %7 = cnn.broadcast %6 to [1, 8, 4] : (tensor<1x8x1xf32>) -> tensor<1x8x4xf32>
  %8 = arith.divf %2, %7 : tensor<1x8x4xf32>

  %9 = cnn.pool average %x kernel [4] strides [1] dilations [1] padding [0] to [0] : (tensor<1x8x4xf32>) -> tensor<1x8x1xf32>
  %10 = cnn.broadcast %9 to [1, 8, 4] : (tensor<1x8x1xf32>) -> tensor<1x8x4xf32>
  %11 = arith.subf %x, %10 : tensor<1x8x4xf32>
  %12 = arith.mulf %z, %z : tensor<1x8x4xf32>
  %13 = cnn.pool average %12 kernel [4] strides [1] dilations [1] padding [0] to [0] : (tensor<1x8x4xf32>) -> tensor<1x8x1xf32>
  %14 = arith.addf %epsilon, %13 : tensor<1x8x1xf32>
  %15 = math.sqrt %14 : tensor<1x8x1xf32>
  %16 = cnn.broadcast %15 to [1, 8, 4] : (tensor<1x8x1xf32>) -> tensor<1x8x4xf32>
  %17 = arith.divf %11, %16 : tensor<1x8x4xf32>
  return %8, %17 : tensor<1x8x4xf32>, tensor<1x8x4xf32>
}
