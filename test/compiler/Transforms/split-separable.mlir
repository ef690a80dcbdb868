// RUN: toeplitz-opt %s --split-separable=intermediate-cost=0 --split-input-file | FileCheck %s
// What was split is not split again.
// RUN: toeplitz-opt %s --split-separable=intermediate-cost=0 --split-separable=intermediate-cost=0 --split-input-file | FileCheck %s
// With what the intermediate values cost, 3 x 3 stays whole and 5 x 5 doesn't.
// RUN: toeplitz-opt %s --split-separable --split-input-file | FileCheck %s --check-prefix=COST
// COST-LABEL: @depthwise
// COST: cnn.conv
// COST-NOT: cnn.conv
// COST-LABEL: @adds_up
// COST-LABEL: @five
// COST: cnn.conv {{.*}}, tensor<1x1x5x1xf32>)
// COST: cnn.conv {{.*}}, tensor<1x1x1x5xf32>)

// Two filters for each of two channels. Padding of every mode, stride and dilation go with their dimension; the bias comes last.
// CHECK-LABEL: @depthwise
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<1x2x9x9xf32>, %[[B:[a-z0-9]+]]: tensor<4xf32>)
func.func @depthwise(%x: tensor<1x2x9x9xf32>, %b: tensor<4xf32>) -> tensor<1x4x4x7xf32> {
  // CHECK-DAG: %[[U:.*]] = arith.constant dense_resource<blur.weight.vertical> : tensor<4x1x3x1xf32>
  // CHECK-DAG: %[[V:.*]] = arith.constant dense_resource<blur.weight.horizontal> : tensor<4x1x1x3xf32>
  // CHECK-NOT: arith.constant
  // CHECK: %[[BETWEEN:.*]] = cnn.conv %[[X]], %[[U]] strides [2, 1] dilations [1, 1] padding [1, 0] to [0, 0] groups 2 reflect
  // CHECK-SAME: (tensor<1x2x9x9xf32>, tensor<4x1x3x1xf32>) -> tensor<1x4x4x9xf32>
  // CHECK-NEXT: %[[Y:.*]] = cnn.conv %[[BETWEEN]], %[[V]] bias %[[B]] strides [1, 1] dilations [1, 2] padding [0, 0] to [0, 2] groups 4 reflect
  // CHECK-SAME: (tensor<1x4x4x9xf32>, tensor<4x1x1x3xf32>, tensor<4xf32>) -> tensor<1x4x4x7xf32>
  // CHECK-NEXT: return %[[Y]]
  %w = arith.constant dense_resource<blur.weight> : tensor<4x1x3x3xf32>
  %y = cnn.conv %x, %w bias %b strides [2, 1] dilations [1, 2] padding [1, 0] to [0, 2] groups 2 reflect
    : (tensor<1x2x9x9xf32>, tensor<4x1x3x3xf32>, tensor<4xf32>) -> tensor<1x4x4x7xf32>
  return %y : tensor<1x4x4x7xf32>
}
// [1 2 1] x [1 2 1] / 16, [1 2 1] x [-1 0 1], zeros, and [1 1 1] x [1 1 1]. The factors of the first dimension are 1 at most.
// CHECK: blur.weight.vertical: "0x40000000{{0000003F0000803F0000003F}}{{0000003F0000803F0000003F}}{{000000000000000000000000}}{{0000803F0000803F0000803F}}"
// CHECK: blur.weight.horizontal: "0x40000000{{0000003E0000803E0000003E}}{{000000C00000000000000040}}{{000000000000000000000000}}{{0000803F0000803F0000803F}}"
{-#
  dialect_resources: {
    builtin: {
      blur.weight: "0x040000000000803D0000003E0000803D0000003E0000803E0000003E0000803D0000003E0000803D000080BF000000000000803F000000C00000000000000040000080BF000000000000803F0000000000000000000000000000000000000000000000000000000000000000000000000000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F"
    }
  }
#-}

// -----

// One output channel adds its input channels up in the second convolution.
// CHECK-LABEL: @adds_up
func.func @adds_up(%x: tensor<1x2x8x8xf32>) -> tensor<1x1x8x8xf32> {
  // CHECK: cnn.conv %{{.*}} padding [1, 0] to [1, 0] groups 2 zeros : (tensor<1x2x8x8xf32>, tensor<2x1x3x1xf32>) -> tensor<1x2x8x8xf32>
  // CHECK-NEXT: cnn.conv %{{.*}} padding [0, 1] to [0, 1] groups 1 zeros : (tensor<1x2x8x8xf32>, tensor<1x2x1x3xf32>) -> tensor<1x1x8x8xf32>
  // CHECK-NEXT: return
  %w = arith.constant dense<[[[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]], [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]]]> : tensor<1x2x3x3xf32>
  %y = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x2x8x8xf32>, tensor<1x2x3x3xf32>) -> tensor<1x1x8x8xf32>
  return %y : tensor<1x1x8x8xf32>
}

// CHECK-LABEL: @five
func.func @five(%x: tensor<1x1x8x8xf32>) -> tensor<1x1x8x8xf32> {
  %w = arith.constant dense<0.5> : tensor<1x1x5x5xf32>
  %y = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [2, 2] to [2, 2] groups 1 zeros
    : (tensor<1x1x8x8xf32>, tensor<1x1x5x5xf32>) -> tensor<1x1x8x8xf32>
  return %y : tensor<1x1x8x8xf32>
}

// Three dimensions, one after the other.
// CHECK-LABEL: @volume
func.func @volume(%x: tensor<1x1x8x8x8xf32>) -> tensor<1x1x6x6x6xf32> {
  // CHECK: cnn.conv %{{.*}} -> tensor<1x1x6x8x8xf32>
  // CHECK: cnn.conv %{{.*}} -> tensor<1x1x6x6x8xf32>
  // CHECK-NEXT: cnn.conv %{{.*}} -> tensor<1x1x6x6x6xf32>
  // CHECK-NEXT: return
  %w = arith.constant dense<0.5> : tensor<1x1x3x3x3xf32>
  %y = cnn.conv %x, %w strides [1, 1, 1] dilations [1, 1, 1] padding [0, 0, 0] to [0, 0, 0] groups 1 zeros
    : (tensor<1x1x8x8x8xf32>, tensor<1x1x3x3x3xf32>) -> tensor<1x1x6x6x6xf32>
  return %y : tensor<1x1x6x6x6xf32>
}

// Left alone: a filter of rank 2 (a weight 32 units in the last place off), a bank of filters from several channels to several, two taps
// by two where nothing is saved, a stride that leaves little to compute, an infinite weight, a filter that isn't constant.
// CHECK-LABEL: @left_alone
func.func @left_alone(%x: tensor<1x2x8x8xf32>, %one: tensor<1x1x8x8xf32>, %unknown: tensor<1x1x3x3xf32>) {
  // CHECK: cnn.conv {{.*}}, tensor<1x1x3x3xf32>)
  %rank2 = arith.constant dense<[[[[1.0, 1.0, 1.0], [1.0, 1.000003815, 1.0], [1.0, 1.0, 1.0]]]]> : tensor<1x1x3x3xf32>
  %0 = cnn.conv %one, %rank2 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x1x8x8xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x8x8xf32>
  // CHECK: cnn.conv {{.*}}, tensor<2x2x3x3xf32>)
  %bank = arith.constant dense<1.0> : tensor<2x2x3x3xf32>
  %1 = cnn.conv %x, %bank strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x8x8xf32>
  // CHECK: cnn.conv {{.*}}, tensor<1x1x2x2xf32>)
  %small = arith.constant dense<1.0> : tensor<1x1x2x2xf32>
  %2 = cnn.conv %one, %small strides [1, 1] dilations [1, 1] padding [0, 0] to [1, 1] groups 1 zeros
    : (tensor<1x1x8x8xf32>, tensor<1x1x2x2xf32>) -> tensor<1x1x8x8xf32>
  // CHECK: cnn.conv {{.*}} strides [3, 3] {{.*}}, tensor<1x1x3x3xf32>)
  %box = arith.constant dense<1.0> : tensor<1x1x3x3xf32>
  %3 = cnn.conv %one, %box strides [3, 3] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x1x8x8xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x2x2xf32>
  // CHECK: cnn.conv {{.*}}, tensor<1x1x3x3xf32>)
  %infinite = arith.constant dense<0x7F800000> : tensor<1x1x3x3xf32>
  %4 = cnn.conv %one, %infinite strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x1x8x8xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x8x8xf32>
  // CHECK: cnn.conv {{.*}}, tensor<1x1x3x3xf32>)
  %5 = cnn.conv %one, %unknown strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x1x8x8xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x8x8xf32>
  return
}
