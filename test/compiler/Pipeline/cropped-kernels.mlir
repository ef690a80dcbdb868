// Taps that read nothing but padding are gone, unless somebody has chosen something for the layer.
// DEFINE: %{compile} = toeplitz compile --mtriple=x86_64-linux-gnu --mcpu=x86-64-v3 --emit=schedule --brief
// RUN: %{compile} %s | FileCheck %s
// RUN: %{compile} %s --algorithm=direct | FileCheck %s --check-prefix=WHOLE
// RUN: %{compile} %s --algorithm=conv1=direct | FileCheck %s --check-prefix=WHOLE
// RUN: %{compile} %s --fold=none | FileCheck %s --check-prefix=WHOLE

// CHECK: kernel.conv {{.*}} kernel = array<i64: 1, 1>
// WHOLE: kernel.conv {{.*}} kernel = array<i64: 3, 3>
func.func @main(%x: tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32> {
  %w = arith.constant dense<0.5> : tensor<8x8x3x3xf32>
  %0 = cnn.conv %x, %w strides [1, 1] dilations [4, 4] padding [4, 4] to [4, 4] groups 1 zeros
    : (tensor<1x8x4x4xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x4x4xf32> loc("conv1")
  return %0 : tensor<1x8x4x4xf32>
}
