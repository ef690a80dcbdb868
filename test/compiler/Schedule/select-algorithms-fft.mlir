// Where transforms pay: kernels so large that two transforms and a product cost less than a multiply-add for each tap.
// RUN: toeplitz-opt %s --set-target="lanes=16 registers=32" --select-algorithms | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: toeplitz-opt %s --set-target="lanes=8 registers=16" --select-algorithms | FileCheck %s --check-prefixes=CHECK,NARROW

// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<1x64x56x56xf32>, %sound: tensor<1x32x16384xf32>, %w31: tensor<64x1x31x31xf32>, %w13: tensor<64x64x13x13xf32>,
    %w3: tensor<64x64x3x3xf32>, %w3_depthwise: tensor<64x1x3x3xf32>, %w1: tensor<64x64x1x1xf32>, %long: tensor<32x32x201xf32>,
    %short: tensor<32x32x3xf32>,
    %volume: tensor<1x16x16x32x32xf32>, %w7: tensor<16x16x7x7x7xf32>, %w1x3x3: tensor<16x16x1x3x3xf32>) {
  // CHECK: cnn.conv %arg0, %arg2 {{.*}}toeplitz.algorithm = "fft:{{[0-9x]+}}"
  %0 = cnn.conv %x, %w31 strides [1, 1] dilations [1, 1] padding [15, 15] to [15, 15] groups 64 zeros
    : (tensor<1x64x56x56xf32>, tensor<64x1x31x31xf32>) -> tensor<1x64x56x56xf32>
  // CHECK: cnn.conv %arg0, %arg3 {{.*}}toeplitz.algorithm = "fft:{{[0-9x]+}}"
  %1 = cnn.conv %x, %w13 strides [1, 1] dilations [1, 1] padding [6, 6] to [6, 6] groups 1 zeros
    : (tensor<1x64x56x56xf32>, tensor<64x64x13x13xf32>) -> tensor<1x64x56x56xf32>
  // CHECK: cnn.conv %arg1, %arg7 {{.*}}toeplitz.algorithm = "fft:{{[0-9x]+}}"
  %2 = cnn.conv %sound, %long strides [1] dilations [1] padding [100] to [100] groups 1 zeros
    : (tensor<1x32x16384xf32>, tensor<32x32x201xf32>) -> tensor<1x32x16384xf32>
  // In three dimensions, the last two.
  // CHECK: cnn.conv %arg9, %arg10 {{.*}}toeplitz.algorithm = "fft:{{[0-9x]+}}"
  %8 = cnn.conv %volume, %w7 strides [1, 1, 1] dilations [1, 1, 1] padding [3, 3, 3] to [3, 3, 3] groups 1 zeros
    : (tensor<1x16x16x32x32xf32>, tensor<16x16x7x7x7xf32>) -> tensor<1x16x16x32x32xf32>
  // Small kernels, and large ones with a stride.
  // CHECK: cnn.conv %arg9, %arg11 {{.*}}toeplitz.algorithm = "{{direct|winograd:f[246]}}"
  %9 = cnn.conv %volume, %w1x3x3 strides [1, 1, 1] dilations [1, 1, 1] padding [0, 1, 1] to [0, 1, 1] groups 1 zeros
    : (tensor<1x16x16x32x32xf32>, tensor<16x16x1x3x3xf32>) -> tensor<1x16x16x32x32xf32>
  // WIDE: cnn.conv %arg0, %arg4 {{.*}}toeplitz.algorithm = "winograd:f6"
  // NARROW: cnn.conv %arg0, %arg4 {{.*}}toeplitz.algorithm = "winograd:f4"
  %3 = cnn.conv %x, %w3 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32>
  // CHECK: cnn.conv %arg0, %arg5 {{.*}}toeplitz.algorithm = "depthwise"
  %4 = cnn.conv %x, %w3_depthwise strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 64 zeros
    : (tensor<1x64x56x56xf32>, tensor<64x1x3x3xf32>) -> tensor<1x64x56x56xf32>
  // CHECK: cnn.conv %arg0, %arg6 {{.*}}toeplitz.algorithm = "pointwise"
  %5 = cnn.conv %x, %w1 strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x64x56x56xf32>, tensor<64x64x1x1xf32>) -> tensor<1x64x56x56xf32>
  // CHECK: cnn.conv %arg1, %arg8 {{.*}}toeplitz.algorithm = "{{direct|winograd:f[246]}}"
  %6 = cnn.conv %sound, %short strides [1] dilations [1] padding [1] to [1] groups 1 zeros
    : (tensor<1x32x16384xf32>, tensor<32x32x3xf32>) -> tensor<1x32x16384xf32>
  // CHECK: cnn.conv %arg0, %arg3 {{.*}}toeplitz.algorithm = "{{direct|im2col}}"
  %7 = cnn.conv %x, %w13 strides [4, 4] dilations [1, 1] padding [6, 6] to [6, 6] groups 1 zeros
    : (tensor<1x64x56x56xf32>, tensor<64x64x13x13xf32>) -> tensor<1x64x14x14xf32>
  return
}
