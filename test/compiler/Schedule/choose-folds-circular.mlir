// A dilated layer with circular padding, whose pieces are cut out of the input with its halo: not folded where winograd takes it as it is, or
// fft, for which a dilation of a circular layer is nothing.
// RUN: toeplitz-opt %s --set-target="lanes=8 registers=16" --expand-padding --choose-folds --select-algorithms | FileCheck %s
// RUN: toeplitz-opt %s --set-target="lanes=8 registers=16" --expand-padding --choose-folds=fold=dilation --select-algorithms | FileCheck %s --check-prefix=FORCED

// FORCED-COUNT-2: cnn.conv {{.*}} zeros {toeplitz.algorithm = "{{.*}}", toeplitz.fold = "dilation"}
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<1x32x32x32xf32>) -> (tensor<1x32x32x32xf32>, tensor<1x32x32x32xf32>) {
  // CHECK: cnn.conv {{.*}} groups 1 zeros {toeplitz.algorithm = "winograd:f4"}
  %w3 = arith.constant dense<0.5> : tensor<32x32x3x3xf32>
  %0 = cnn.conv %x, %w3 strides [1, 1] dilations [2, 2] padding [2, 2] to [2, 2] groups 1 circular
    : (tensor<1x32x32x32xf32>, tensor<32x32x3x3xf32>) -> tensor<1x32x32x32xf32>
  // CHECK: cnn.conv {{.*}} groups 32 zeros {toeplitz.algorithm = "fft:circular"}
  %w15 = arith.constant dense<0.5> : tensor<32x1x15x15xf32>
  %1 = cnn.conv %x, %w15 strides [1, 1] dilations [2, 2] padding [14, 14] to [14, 14] groups 32 circular
    : (tensor<1x32x32x32xf32>, tensor<32x1x15x15xf32>) -> tensor<1x32x32x32xf32>
  return %0, %1 : tensor<1x32x32x32xf32>, tensor<1x32x32x32xf32>
}
