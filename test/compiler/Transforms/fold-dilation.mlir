// The outputs o = r + q d/g read phase (r s - p) mod d of the input alone, where the convolution is dense.
// RUN: toeplitz-opt %s --fold-dilation --canonicalize --split-input-file | FileCheck %s
// RUN: toeplitz-opt %s --fold-dilation=marked-only --canonicalize --split-input-file | FileCheck %s --check-prefix=UNMARKED
// UNMARKED-LABEL: @conv(
// UNMARKED-NOT: extract_slice
// UNMARKED-LABEL: @epilogue(

// Dilation 2, padding 2: even outputs read even inputs. All phases have one filter.
// CHECK-LABEL: @conv
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @conv(%x: tensor<1x4x9xf32>) -> tensor<1x4x9xf32> {
  // CHECK-DAG: %[[W:[a-z0-9_]+]] = arith.constant dense<1.0{{.*}}> : tensor<4x4x3xf32>
  // CHECK-DAG: %[[B:[a-z0-9_]+]] = arith.constant dense<2.0{{.*}}> : tensor<4xf32>
  // CHECK: %[[X0:.*]] = tensor.extract_slice %[[X]][0, 0, 0] [1, 4, 5] [1, 1, 2]
  // CHECK-NEXT: %[[Y0:.*]] = cnn.conv %[[X0]], %[[W]] bias %[[B]] strides [1] dilations [1] padding [1] to [1] groups 1 zeros
  // CHECK-NEXT: %[[E:.*]] = tensor.empty() : tensor<1x4x9xf32>
  // CHECK-NEXT: %[[Z0:.*]] = tensor.insert_slice %[[Y0]] into %[[E]][0, 0, 0] [1, 4, 5] [1, 1, 2]
  // CHECK-NEXT: %[[X1:.*]] = tensor.extract_slice %[[X]][0, 0, 1] [1, 4, 4] [1, 1, 2]
  // CHECK-NEXT: %[[Y1:.*]] = cnn.conv %[[X1]], %[[W]] bias %[[B]] strides [1] dilations [1] padding [1] to [1] groups 1 zeros
  // CHECK-NEXT: %[[Z1:.*]] = tensor.insert_slice %[[Y1]] into %[[Z0]][0, 0, 1] [1, 4, 4] [1, 1, 2]
  // CHECK-NEXT: return %[[Z1]]
  %w = arith.constant dense<1.0> : tensor<4x4x3xf32>
  %b = arith.constant dense<2.0> : tensor<4xf32>
  %y = cnn.conv %x, %w bias %b strides [1] dilations [2] padding [2] to [2] groups 1 zeros
    : (tensor<1x4x9xf32>, tensor<4x4x3xf32>, tensor<4xf32>) -> tensor<1x4x9xf32>
  return %y : tensor<1x4x9xf32>
}

// -----

// What follows is done with each phase; the groups stay.
// CHECK-LABEL: @epilogue
// CHECK-SAME: (%{{.*}}: tensor<1x4x8xf32>, %[[R:[a-z0-9]+]]: tensor
func.func @epilogue(%x: tensor<1x4x8xf32>, %r: tensor<1x4x6xf32>) -> tensor<1x4x6xf32> {
  // CHECK: %[[Y0:.*]] = cnn.conv {{.*}} groups 4 zeros
  // CHECK-NEXT: %[[R0:.*]] = tensor.extract_slice %[[R]][0, 0, 0] [1, 4, 3] [1, 1, 2]
  // CHECK-NEXT: %[[S0:.*]] = arith.addf %[[Y0]], %[[R0]]
  // CHECK-NEXT: %[[A0:.*]] = cnn.activation relu %[[S0]]
  // CHECK: tensor.insert_slice %[[A0]]
  // CHECK: tensor.extract_slice %[[R]][0, 0, 1] [1, 4, 3] [1, 1, 2]
  // CHECK: cnn.activation relu
  // CHECK: %[[Z:.*]] = tensor.insert_slice
  // CHECK-NEXT: return %[[Z]]
  %w = arith.constant dense<1.0> : tensor<4x1x2xf32>
  %y = cnn.conv %x, %w strides [1] dilations [2] padding [0] to [0] groups 4 zeros : (tensor<1x4x8xf32>, tensor<4x1x2xf32>) -> tensor<1x4x6xf32>
  %s = arith.addf %y, %r : tensor<1x4x6xf32>
  %z = cnn.activation relu %s : tensor<1x4x6xf32>
  return %z : tensor<1x4x6xf32>
}

// -----

// A stride: of dilation 6 with stride 4, gcd 2, three phases with stride 2 are left. With dilation 2 and stride 2 there is one.
// CHECK-LABEL: @strides
func.func @strides(%x: tensor<1x1x40xf32>) -> (tensor<1x1x9xf32>, tensor<1x1x19xf32>) {
  %w = arith.constant dense<1.0> : tensor<1x1x2xf32>
  // CHECK-COUNT-3: cnn.conv {{.*}} strides [2] dilations [1] {{.*}} -> tensor<1x1x3xf32>
  %0 = cnn.conv %x, %w strides [4] dilations [6] padding [0] to [1] groups 1 zeros : (tensor<1x1x40xf32>, tensor<1x1x2xf32>) -> tensor<1x1x9xf32>
  // CHECK: %[[Y:.*]] = cnn.conv {{.*}} strides [1] dilations [1] {{.*}} -> tensor<1x1x19xf32>
  // CHECK-NEXT: return %{{.*}}, %[[Y]]
  %1 = cnn.conv %x, %w strides [2] dilations [2] padding [0] to [0] groups 1 zeros : (tensor<1x1x40xf32>, tensor<1x1x2xf32>) -> tensor<1x1x19xf32>
  return %0, %1 : tensor<1x1x9xf32>, tensor<1x1x19xf32>
}

// -----

// Fewer outputs than the dilation: a phase for each. Those that lie in the padding with all of their taps are the bias, written last.
// CHECK-LABEL: @borders
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor
func.func @borders(%x: tensor<1x1x2xf32>, %b: tensor<1xf32>) -> tensor<1x1x4xf32> {
  // CHECK: tensor.extract_slice %[[X]][0, 0, 0] [1, 1, 1]
  // CHECK: cnn.conv {{.*}} padding [0] to [0] {{.*}} -> tensor<1x1x1xf32>
  // CHECK: tensor.insert_slice %{{.*}}[0, 0, 2] [1, 1, 1] [1, 1, 1]
  // CHECK: cnn.conv
  // CHECK: tensor.insert_slice %{{.*}}[0, 0, 3] [1, 1, 1] [1, 1, 1]
  // CHECK-NOT: cnn.conv
  // CHECK: tensor.expand_shape
  // CHECK: tensor.insert_slice %{{.*}}[0, 0, 0] [1, 1, 1] [1, 1, 1]
  %w = arith.constant dense<1.0> : tensor<1x1x2xf32>
  %y = cnn.conv %x, %w bias %b strides [1] dilations [9] padding [2] to [9] groups 1 zeros
    : (tensor<1x1x2xf32>, tensor<1x1x2xf32>, tensor<1xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// -----

// One tap needs no dilation.
// CHECK-LABEL: @one_tap
func.func @one_tap(%x: tensor<1x1x8xf32>) -> tensor<1x1x8xf32> {
  // CHECK: %[[Y:.*]] = cnn.conv %{{.*}}, %{{.*}} strides [1] dilations [1]
  // CHECK-NEXT: return %[[Y]]
  %w = arith.constant dense<1.0> : tensor<1x1x1xf32>
  %y = cnn.conv %x, %w strides [1] dilations [3] padding [0] to [0] groups 1 zeros : (tensor<1x1x8xf32>, tensor<1x1x1xf32>) -> tensor<1x1x8xf32>
  return %y : tensor<1x1x8xf32>
}

// -----

// CHECK-LABEL: @marked
func.func @marked(%x: tensor<1x1x8xf32>) -> (tensor<1x1x6xf32>, tensor<1x1x6xf32>) {
  %w = arith.constant dense<1.0> : tensor<1x1x2xf32>
  // CHECK-NOT: toeplitz.fold
  // CHECK: cnn.conv {{.*}} dilations [1]
  %0 = cnn.conv %x, %w strides [1] dilations [2] padding [0] to [0] groups 1 zeros {toeplitz.fold = "dilation"}
    : (tensor<1x1x8xf32>, tensor<1x1x2xf32>) -> tensor<1x1x6xf32>
  %1 = cnn.conv %x, %w strides [1] dilations [2] padding [0] to [0] groups 1 zeros : (tensor<1x1x8xf32>, tensor<1x1x2xf32>) -> tensor<1x1x6xf32>
  return %0, %1 : tensor<1x1x6xf32>, tensor<1x1x6xf32>
}

// -----

// Nothing to fold, other values in the padding, a filter that the network computes, too many phases.
// CHECK-LABEL: @left_alone
func.func @left_alone(%x: tensor<1x1x8xf32>, %f: tensor<1x1x2xf32>, %l: tensor<1x1x900xf32>)
    -> (tensor<1x1x7xf32>, tensor<1x1x8xf32>, tensor<1x1x6xf32>, tensor<1x1x600xf32>) {
  // CHECK-NOT: extract_slice
  %w = arith.constant dense<1.0> : tensor<1x1x2xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros : (tensor<1x1x8xf32>, tensor<1x1x2xf32>) -> tensor<1x1x7xf32>
  %1 = cnn.conv %x, %w strides [1] dilations [2] padding [1] to [1] groups 1 reflect : (tensor<1x1x8xf32>, tensor<1x1x2xf32>) -> tensor<1x1x8xf32>
  %2 = cnn.conv %x, %f strides [1] dilations [2] padding [0] to [0] groups 1 zeros : (tensor<1x1x8xf32>, tensor<1x1x2xf32>) -> tensor<1x1x6xf32>
  %3 = cnn.conv %l, %w strides [1] dilations [300] padding [0] to [0] groups 1 zeros : (tensor<1x1x900xf32>, tensor<1x1x2xf32>) -> tensor<1x1x600xf32>
  return %0, %1, %2, %3 : tensor<1x1x7xf32>, tensor<1x1x8xf32>, tensor<1x1x6xf32>, tensor<1x1x600xf32>
}
