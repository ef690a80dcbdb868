// Position o s + k d - p lies in phase (k d - p) mod s of the input: the taps of one phase are a convolution with stride 1.
// RUN: toeplitz-opt %s --fold-stride --canonicalize --split-input-file | FileCheck %s
// RUN: toeplitz-opt %s --fold-stride=marked-only --canonicalize --split-input-file | FileCheck %s --check-prefix=UNMARKED
// UNMARKED-LABEL: @conv(
// UNMARKED-NOT: extract_slice
// UNMARKED-LABEL: @epilogue(

// Kernel 3, stride 2, padding 1: taps 0 and 2 read the odd positions, from one before the first; tap 1 reads the even ones.
// CHECK-LABEL: @conv
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @conv(%x: tensor<1x1x8xf32>) -> tensor<1x1x4xf32> {
  // CHECK-DAG: %[[W0:[a-z0-9_]+]] = arith.constant dense_resource<conv1.weight.phase> : tensor<1x1x2xf32>
  // CHECK-DAG: %[[W1:[a-z0-9_]+]] = arith.constant dense_resource<conv1.weight.phase_1> : tensor<1x1x1xf32>
  // CHECK-DAG: %[[B:[a-z0-9_]+]] = arith.constant dense<4.0
  // CHECK: %[[ODD:[a-z0-9_]+]] = tensor.extract_slice %[[X]][0, 0, 1] [1, 1, 4] [1, 1, 2]
  // CHECK-NEXT: %[[Y0:[a-z0-9]+]] = cnn.conv %[[ODD]], %[[W0]] bias %[[B]] strides [1] dilations [1] padding [1] to [0] groups 1 zeros
  // CHECK: %[[EVEN:[a-z0-9_]+]] = tensor.extract_slice %[[X]][0, 0, 0] [1, 1, 4] [1, 1, 2]
  // CHECK: %[[Y1:[a-z0-9]+]] = cnn.conv %[[EVEN]], %[[W1]] strides [1] dilations [1] padding [0] to [0] groups 1 zeros
  // CHECK-NEXT: %[[SUM:[a-z0-9]+]] = arith.addf %[[Y1]], %[[Y0]]
  // CHECK-NEXT: return %[[SUM]]
  %w = arith.constant dense<[[[1.0, 2.0, 3.0]]]> : tensor<1x1x3xf32>
  %b = arith.constant dense<4.0> : tensor<1xf32>
  %y = cnn.conv %x, %w bias %b strides [2] dilations [1] padding [1] to [0] groups 1 zeros
    : (tensor<1x1x8xf32>, tensor<1x1x3xf32>, tensor<1xf32>) -> tensor<1x1x4xf32> loc("conv1")
  return %y : tensor<1x1x4xf32>
}
// 1 and 3; 2.
// CHECK-DAG: conv1.weight.phase: "0x400000000000803F00004040"
// CHECK-DAG: conv1.weight.phase_1: "0x4000000000000040"

// -----

// Two dimensions: four phases. An addition and an activation behind the layer stay with it: what is added goes to the first phase.
// CHECK-LABEL: @epilogue
// CHECK-SAME: (%{{.*}}: tensor<2x4x8x8xf32>, %[[R:[a-z0-9]+]]: tensor
func.func @epilogue(%x: tensor<2x4x8x8xf32>, %r: tensor<2x4x4x4xf32>) -> tensor<2x4x4x4xf32> {
  %w = arith.constant dense<1.0> : tensor<4x1x3x3xf32>
  // CHECK: %[[Y0:[0-9]+]] = cnn.conv {{.*}} groups 4 zeros : (tensor<2x4x4x4xf32>, tensor<4x1x2x2xf32>)
  // CHECK-NEXT: %[[S0:[0-9]+]] = arith.addf %[[Y0]], %[[R]]
  // CHECK: %[[Y1:[0-9]+]] = cnn.conv {{.*}} groups 4 zeros : (tensor<2x4x4x4xf32>, tensor<4x1x2x1xf32>)
  // CHECK-NEXT: %[[S1:[0-9]+]] = arith.addf %[[Y1]], %[[S0]]
  // CHECK: %[[Y2:[0-9]+]] = cnn.conv {{.*}} groups 4 zeros : (tensor<2x4x4x4xf32>, tensor<4x1x1x2xf32>)
  // CHECK-NEXT: %[[S2:[0-9]+]] = arith.addf %[[Y2]], %[[S1]]
  // CHECK: %[[Y3:[0-9]+]] = cnn.conv {{.*}} groups 4 zeros : (tensor<2x4x4x4xf32>, tensor<4x1x1x1xf32>)
  // CHECK-NEXT: %[[S3:[0-9]+]] = arith.addf %[[Y3]], %[[S2]]
  // CHECK-NEXT: %[[Z:[0-9]+]] = cnn.activation relu %[[S3]]
  // CHECK-NEXT: return %[[Z]]
  %y = cnn.conv %x, %w strides [2, 2] dilations [1, 1] padding [1, 1] to [1, 1] groups 4 zeros
    : (tensor<2x4x8x8xf32>, tensor<4x1x3x3xf32>) -> tensor<2x4x4x4xf32>
  %s = arith.addf %r, %y : tensor<2x4x4x4xf32>
  %z = cnn.activation relu %s : tensor<2x4x4x4xf32>
  return %z : tensor<2x4x4x4xf32>
}

// -----

// Stride 4 beyond the kernel of 2: two phases of the four have a tap. Stride 4 with dilation 2 has gcd 2: taps two apart meet again.
// CHECK-LABEL: @few_phases
func.func @few_phases(%x: tensor<1x1x16xf32>) -> (tensor<1x1x4xf32>, tensor<1x1x2xf32>) {
  %w2 = arith.constant dense<1.0> : tensor<1x1x2xf32>
  %w4 = arith.constant dense<1.0> : tensor<1x1x4xf32>
  // CHECK-COUNT-2: cnn.conv {{.*}} strides [1] dilations [1] {{.*}}tensor<1x1x1xf32>) -> tensor<1x1x4xf32>
  %0 = cnn.conv %x, %w2 strides [4] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x16xf32>, tensor<1x1x2xf32>) -> tensor<1x1x4xf32>
  // CHECK-COUNT-2: cnn.conv {{.*}} strides [1] dilations [1] {{.*}}tensor<1x1x2xf32>) -> tensor<1x1x2xf32>
  // CHECK-NOT: cnn.conv
  %1 = cnn.conv %x, %w4 strides [8] dilations [4] padding [2] to [3] groups 1 zeros : (tensor<1x1x16xf32>, tensor<1x1x4xf32>) -> tensor<1x1x2xf32>
  return %0, %1 : tensor<1x1x4xf32>, tensor<1x1x2xf32>
}

// -----

// One output needs no stride, and what it doesn't read is cut away with the taps that read padding alone.
// CHECK-LABEL: @one_output
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @one_output(%x: tensor<1x1x4xf32>) -> tensor<1x1x1xf32> {
  // CHECK: %[[CUT:.*]] = tensor.extract_slice %[[X]][0, 0, 0] [1, 1, 2] [1, 1, 1]
  // CHECK: cnn.conv %[[CUT]], %{{.*}} strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x2xf32>, tensor<1x1x2xf32>) -> tensor<1x1x1xf32>
  %w = arith.constant dense<1.0> : tensor<1x1x5xf32>
  %y = cnn.conv %x, %w strides [9] dilations [1] padding [3] to [0] groups 1 zeros : (tensor<1x1x4xf32>, tensor<1x1x5xf32>) -> tensor<1x1x1xf32>
  return %y : tensor<1x1x1xf32>
}

// -----

// The marks of other folds stay with the pieces; one that doesn't apply goes.
// CHECK-LABEL: @marked
func.func @marked(%x: tensor<1x1x8xf32>) -> (tensor<1x1x2xf32>, tensor<1x1x8xf32>) {
  %w = arith.constant dense<1.0> : tensor<1x1x2xf32>
  %v = arith.constant dense<1.0> : tensor<1x1x1xf32>
  // CHECK: cnn.conv {{.*}} dilations [3] {{.*}} {toeplitz.fold = "dilation"}
  // CHECK-NOT: toeplitz.fold
  %0 = cnn.conv %x, %w strides [2] dilations [6] padding [0] to [1] groups 1 zeros {toeplitz.fold = "dilation+stride"}
    : (tensor<1x1x8xf32>, tensor<1x1x2xf32>) -> tensor<1x1x2xf32>
  %1 = cnn.conv %x, %v strides [1] dilations [1] padding [0] to [0] groups 1 zeros {toeplitz.fold = "stride"}
    : (tensor<1x1x8xf32>, tensor<1x1x1xf32>) -> tensor<1x1x8xf32>
  return %0, %1 : tensor<1x1x2xf32>, tensor<1x1x8xf32>
}

// -----

// Nothing to fold, other values in the padding, a filter that the network computes, too many phases.
// CHECK-LABEL: @left_alone
func.func @left_alone(%x: tensor<1x1x8xf32>, %f: tensor<1x1x3xf32>, %l: tensor<1x1x900xf32>)
    -> (tensor<1x1x8xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x1x2xf32>) {
  // CHECK-NOT: extract_slice
  %w = arith.constant dense<1.0> : tensor<1x1x3xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x1x8xf32>, tensor<1x1x3xf32>) -> tensor<1x1x8xf32>
  %1 = cnn.conv %x, %w strides [2] dilations [1] padding [1] to [1] groups 1 circular : (tensor<1x1x8xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  %2 = cnn.conv %x, %f strides [2] dilations [1] padding [1] to [1] groups 1 zeros : (tensor<1x1x8xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  %long = arith.constant dense<1.0> : tensor<1x1x300xf32>
  %3 = cnn.conv %l, %long strides [400] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x900xf32>, tensor<1x1x300xf32>) -> tensor<1x1x2xf32>
  return %0, %1, %2, %3 : tensor<1x1x8xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x1x2xf32>
}
