// RUN: toeplitz-opt %s -split-input-file -convert-cnn-to-kernel | FileCheck %s

// After a blocked result everything elementwise is blocked: a slope per channel as blocks of slopes (a constant, packed here), a
// gate per channel as one position of blocks, a mask per position as one element for all lanes, a splat as a number.

// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
// CHECK-DAG: #[[CHANNELS:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d1, d4)>
// CHECK-DAG: #[[GATE:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, 0, 0, d4)>
// CHECK-DAG: #[[MASK:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, 0, d2, d3)>
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<1x6x8x8xf32>, %[[G:.*]]: tensor<1x6x1x1xf32>, %[[S:.*]]: tensor<1x1x4x4xf32>
// CHECK-DAG: %[[SLOPES:.*]] = arith.constant dense_resource<channels.blocked> : tensor<2x4xf32>
// CHECK-DAG: %[[TWO:.*]] = arith.constant 2.000000e+00 : f32
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: %[[POOLED:.*]] = kernel.pool max
// CHECK: %[[RELU:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[ALL]]]
// CHECK-SAME: ins(%[[POOLED]] : tensor<1x2x4x4x4xf32>)
// CHECK: arith.cmpf ogt, %[[ZERO]], %[[IN:.*]] : f32
// CHECK: arith.select %{{.*}}, %[[ZERO]], %[[IN]]
// CHECK: %[[PRELU:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[CHANNELS]], #[[ALL]]]
// CHECK-SAME: ins(%[[RELU]], %[[SLOPES]]
// CHECK: arith.cmpf oge
// CHECK: arith.mulf
// CHECK: arith.select
// CHECK: %[[PACKED:.*]] = kernel.reorder ins(%[[G]]) {{.*}} -> tensor<1x2x1x1x4xf32>
// CHECK: %[[GATED:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[GATE]], #[[ALL]]]
// CHECK-SAME: ins(%[[PRELU]], %[[PACKED]]
// CHECK: arith.mulf
// CHECK: %[[MASKED:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[MASK]], #[[ALL]]]
// CHECK-SAME: ins(%[[GATED]], %[[S]] : tensor<1x2x4x4x4xf32>, tensor<1x1x4x4xf32>)
// CHECK: arith.addf
// CHECK: %[[HALF:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[ALL]]]
// CHECK-SAME: ins(%[[MASKED]]
// CHECK: arith.divf %{{.*}}, %[[TWO]]
// CHECK: %[[RESULT:.*]] = kernel.reorder ins(%[[HALF]])
// CHECK: return %[[RESULT]]
// CHECK: channels.blocked: "0x400000000000803F0000004000004040000080400000A0400000C0400000000000000000"
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x6x8x8xf32>, %g: tensor<1x6x1x1xf32>, %s: tensor<1x1x4x4xf32>) -> tensor<1x6x4x4xf32> {
  %slope = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]> : tensor<6xf32>
  %two = arith.constant dense<2.0> : tensor<1x6x4x4xf32>
  %p = cnn.pool max %x kernel [2, 2] strides [2, 2] dilations [1, 1] padding [0, 0] to [0, 0]
    : (tensor<1x6x8x8xf32>) -> tensor<1x6x4x4xf32>
  %0 = cnn.activation relu %p : tensor<1x6x4x4xf32>
  %1 = cnn.prelu %0 slope %slope : (tensor<1x6x4x4xf32>, tensor<6xf32>) -> tensor<1x6x4x4xf32>
  %2 = cnn.broadcast %g to [1, 6, 4, 4] : (tensor<1x6x1x1xf32>) -> tensor<1x6x4x4xf32>
  %3 = arith.mulf %1, %2 : tensor<1x6x4x4xf32>
  %4 = cnn.broadcast %s to [1, 6, 4, 4] : (tensor<1x1x4x4xf32>) -> tensor<1x6x4x4xf32>
  %5 = arith.addf %3, %4 : tensor<1x6x4x4xf32>
  %6 = arith.divf %5, %two : tensor<1x6x4x4xf32>
  return %6 : tensor<1x6x4x4xf32>
}
}

// -----

// An input of the network isn't blocked for an elementwise operation; neither is a vector. Both operands may be the same.

// CHECK-LABEL: func.func @main
// CHECK-NOT: kernel.reorder
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<1x3x8x8xf32>, tensor<1x3x1x1xf32>) outs(%{{.*}} : tensor<1x3x8x8xf32>)
// CHECK: %[[D:.*]] = arith.subf %[[A:.*]], %[[B:.*]] : f32
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<5xf32>)
// CHECK: ^bb0(%[[V:.*]]: f32, %[[W:.*]]: f32, %{{.*}}: f32):
// CHECK: arith.mulf %[[V]], %[[W]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x3x8x8xf32>, %v: tensor<5xf32>) -> (tensor<1x3x8x8xf32>, tensor<5xf32>) {
  %mean = arith.constant dense<[[[[1.0]], [[2.0]], [[3.0]]]]> : tensor<1x3x1x1xf32>
  %0 = cnn.broadcast %mean to [1, 3, 8, 8] : (tensor<1x3x1x1xf32>) -> tensor<1x3x8x8xf32>
  %1 = arith.subf %x, %0 : tensor<1x3x8x8xf32>
  %2 = arith.mulf %v, %v : tensor<5xf32>
  return %1, %2 : tensor<1x3x8x8xf32>, tensor<5xf32>
}
}

// -----

// Batch normalisation with constants: s = 3 / sqrt(3 + 1) = 1.5, t = 1 - 2 s = -2.

// CHECK: #[[CHANNEL:.*]] = affine_map<(d0, d1, d2) -> (d1)>
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<1x1x4xf32>
// CHECK-DAG: %[[FACTOR:.*]] = arith.constant dense_resource<batch_norm.factor> : tensor<1xf32>
// CHECK-DAG: %[[SHIFT:.*]] = arith.constant dense_resource<batch_norm.shift> : tensor<1xf32>
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[CHANNEL]], #[[CHANNEL]], #{{.*}}]
// CHECK-SAME: ins(%[[X]], %[[FACTOR]], %[[SHIFT]]
// CHECK: ^bb0(%[[IN:.*]]: f32, %[[S:.*]]: f32, %[[T:.*]]: f32, %{{.*}}: f32):
// CHECK: %[[SCALED:.*]] = arith.mulf %[[IN]], %[[S]]
// CHECK: arith.addf %[[SCALED]], %[[T]]
// CHECK-DAG: batch_norm.factor: "0x400000000000C03F"
// CHECK-DAG: batch_norm.shift: "0x40000000000000C0"
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %scale = arith.constant dense<[3.0]> : tensor<1xf32>
  %bias = arith.constant dense<[1.0]> : tensor<1xf32>
  %mean = arith.constant dense<[2.0]> : tensor<1xf32>
  %variance = arith.constant dense<[3.0]> : tensor<1xf32>
  %0 = cnn.batch_norm %x scale %scale bias %bias mean %mean variance %variance epsilon 1.0
    : (tensor<1x1x4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x4xf32>
  return %0 : tensor<1x1x4xf32>
}
}

// -----

// Statistics that the network computes.

// CHECK-LABEL: func.func @main
// CHECK: arith.addf
// CHECK: math.sqrt
// CHECK: arith.divf
// CHECK: arith.mulf
// CHECK: arith.subf
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<1x2x4xf32>, tensor<2xf32>, tensor<2xf32>)
// CHECK: return
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x2x4xf32>, %s: tensor<2xf32>, %b: tensor<2xf32>, %m: tensor<2xf32>, %v: tensor<2xf32>)
    -> tensor<1x2x4xf32> {
  %0 = cnn.batch_norm %x scale %s bias %b mean %m variance %v epsilon 1.0e-5
    : (tensor<1x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4xf32>
  return %0 : tensor<1x2x4xf32>
}
}

// -----

// A broadcast that is read by something else is a copy.

// CHECK: #[[REPEATED:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
// CHECK-LABEL: func.func @main
// CHECK: %[[COPY:.*]] = linalg.generic {indexing_maps = [#[[REPEATED]], #{{.*}}]
// CHECK: linalg.yield %in
// CHECK: return %[[COPY]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x3x1xf32>) -> tensor<1x3x4xf32> {
  %0 = cnn.broadcast %x to [1, 3, 4] : (tensor<1x3x1xf32>) -> tensor<1x3x4xf32>
  return %0 : tensor<1x3x4xf32>
}
}

// -----

// Other types than f32 stay plain, even behind a convolution; a comparison has a type of its own, a condition for all elements is used as it
// is, and two results are those of one loop.

// CHECK-LABEL: func.func @main
// CHECK: kernel.conv
// CHECK: %[[PLAIN:.*]] = kernel.reorder
// CHECK: %[[D:.*]] = linalg.generic {{.*}} ins(%[[PLAIN]] : tensor<1x4x4xf32>) outs(%{{.*}} : tensor<1x4x4xf64>)
// CHECK:   arith.extf %{{.*}} : f32 to f64
// CHECK: linalg.generic {{.*}} ins(%[[D]] : tensor<1x4x4xf64>) outs(%{{.*}} : tensor<1x4x4xi1>)
// CHECK:   arith.cmpf ogt, %{{.*}} : f64
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<1x4x4xi64>, tensor<1x4x4xi64>) outs(%{{.*}} : tensor<1x4x4xi64>)
// CHECK:   arith.select %[[CONDITION:.*]], %{{.*}}, %{{.*}} : i64
// CHECK: linalg.generic {{.*}} outs(%{{.*}}, %{{.*}} : tensor<1x4x4xi64>, tensor<1x4x4xi64>)
// CHECK:   %[[LOW:.*]], %[[HIGH:.*]] = arith.mulsi_extended
// CHECK:   linalg.yield %[[LOW]], %[[HIGH]]
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x4x4xf32>, %n: tensor<1x4x4xi64>, %m: tensor<1x4x4xi64>, %flag: tensor<i1>)
    -> (tensor<1x4x4xi1>, tensor<1x4x4xi64>, tensor<1x4x4xi64>, tensor<1x4x4xi64>) {
  %w = arith.constant dense<0.5> : tensor<4x4x1xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x4xf32>, tensor<4x4x1xf32>) -> tensor<1x4x4xf32>
  %1 = arith.extf %0 : tensor<1x4x4xf32> to tensor<1x4x4xf64>
  %one = arith.constant dense<1.0> : tensor<1x4x4xf64>
  %2 = arith.cmpf ogt, %1, %one : tensor<1x4x4xf64>
  %condition = tensor.extract %flag[] : tensor<i1>
  %3 = arith.select %condition, %n, %m : tensor<1x4x4xi64>
  %low, %high = arith.mulsi_extended %n, %m : tensor<1x4x4xi64>
  return %2, %3, %low, %high : tensor<1x4x4xi1>, tensor<1x4x4xi64>, tensor<1x4x4xi64>, tensor<1x4x4xi64>
}
}

// -----

// A sum in a loop is no part of the convolution before it; both are converted, wherever they are.

// CHECK-LABEL: func.func @main
// CHECK: kernel.conv
// CHECK-NOT: residual
// CHECK: scf.for
// CHECK:   kernel.conv
// CHECK:   linalg.generic
// CHECK:     arith.addf
module attributes {kernel.target = #kernel.target<lanes = 4, registers = 16, fma = 1, l1 = 32768, l2 = 524288>} {
func.func @main(%x: tensor<1x4x4xf32>) -> tensor<1x4x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %w = arith.constant dense<0.5> : tensor<4x4x1xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x4xf32>, tensor<4x4x1xf32>) -> tensor<1x4x4xf32>
  %1 = scf.for %i = %c0 to %c3 step %c1 iter_args(%t = %x) -> (tensor<1x4x4xf32>) {
    %2 = cnn.conv %t, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x4x4xf32>, tensor<4x4x1xf32>) -> tensor<1x4x4xf32>
    %3 = arith.mulf %2, %2 : tensor<1x4x4xf32>
    %4 = arith.addf %0, %3 : tensor<1x4x4xf32>
    scf.yield %4 : tensor<1x4x4xf32>
  }
  return %1 : tensor<1x4x4xf32>
}
}
