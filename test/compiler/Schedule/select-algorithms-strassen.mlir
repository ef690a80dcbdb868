// An eighth of the multiplications is worth the sums where there are many channels; never with --precise, and not for a few products.
// RUN: toeplitz-opt %s --set-target="lanes=16 registers=32 l2=1048576 hides-memory=1" --select-algorithms | FileCheck %s
// RUN: toeplitz-opt %s --set-target="lanes=16 registers=32 l2=1048576 hides-memory=1" --select-algorithms=precise=1 | FileCheck %s --check-prefix=PRECISE

// CHECK-LABEL: func.func @main
// PRECISE-LABEL: func.func @main
func.func @main(%many: tensor<1x512x28x28xf32>, %few: tensor<1x32x28x28xf32>, %pixel: tensor<1x512x1x1xf32>,
    %w_many: tensor<512x512x1x1xf32>, %w_few: tensor<32x32x1x1xf32>) {
  // CHECK: cnn.conv {{.*}} {toeplitz.algorithm = "strassen"} : (tensor<1x512x28x28xf32>
  // PRECISE: cnn.conv {{.*}} {toeplitz.algorithm = "pointwise"} : (tensor<1x512x28x28xf32>
  %0 = cnn.conv %many, %w_many strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x512x28x28xf32>, tensor<512x512x1x1xf32>) -> tensor<1x512x28x28xf32>
  // CHECK: cnn.conv {{.*}} {toeplitz.algorithm = "pointwise"} : (tensor<1x32x28x28xf32>
  %1 = cnn.conv %few, %w_few strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x32x28x28xf32>, tensor<32x32x1x1xf32>) -> tensor<1x32x28x28xf32>
  // CHECK: cnn.conv {{.*}} {toeplitz.algorithm = "pointwise"} : (tensor<1x512x1x1xf32>
  %2 = cnn.conv %pixel, %w_many strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x512x1x1xf32>, tensor<512x512x1x1xf32>) -> tensor<1x512x1x1xf32>
  return
}
