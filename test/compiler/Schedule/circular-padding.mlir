// Circular padding, which expand-padding has made a halo: fft may read the image without it, the others read it.
// DEFINE: %{options} =
// DEFINE: %{select} = toeplitz-opt %s --set-target="lanes=8 registers=16" --expand-padding --select-algorithms=%{options}

// RUN: %{select} | FileCheck %s --check-prefix=CHOSEN
// REDEFINE: %{options} = "algorithm=fft:circular"
// RUN: %{select} | FileCheck %s --check-prefix=FORCED
// RUN: %{select} --convert-cnn-to-kernel --canonicalize --mlir-elide-resource-strings-if-larger=16 | FileCheck %s --check-prefix=CIRCULAR
// REDEFINE: %{options} = "algorithm=direct"
// RUN: %{select} --convert-cnn-to-kernel --canonicalize --mlir-elide-resource-strings-if-larger=16 | FileCheck %s --check-prefix=HALO

// Refused for a layer: a size without a transform, a dilation without a period, a stride, outputs beyond the period.
// DEFINE: %{layer} =
// DEFINE: %{force} = not toeplitz-opt %s --expand-padding --select-algorithms=layers=%{layer} 2>&1 | FileCheck %s --check-prefix
// REDEFINE: %{layer} = seven=fft:circular
// RUN: %{force}=SEVEN
// SEVEN: error: loc("seven"): algorithm 'fft:circular' declines this layer: it has no variant 'circular' for this layer, expected '{{[0-9]+}}'
// REDEFINE: %{layer} = dilated_seven=fft
// RUN: %{force}=DILATED
// DILATED: error: loc("dilated_seven"): algorithm 'fft' declines this layer: the dilation is 2 in spatial dimension 0, expected 1
// REDEFINE: %{layer} = strided=fft
// RUN: %{force}=STRIDED
// STRIDED: error: loc("strided"): algorithm 'fft' declines this layer: the stride is 2 in spatial dimension 0, expected 1
// REDEFINE: %{layer} = wider=fft:circular
// RUN: %{force}=WIDER
// WIDER: error: loc("wider"): algorithm 'fft:circular' declines this layer: it has no variant 'circular' for this layer
// REDEFINE: %{layer} = around=direct:circular
// RUN: %{force}=OTHER
// OTHER: error: loc("around"): algorithm 'direct:circular' declines this layer: it has no variant 'circular' for this layer, expected none

// CIRCULAR-LABEL: func.func @main
// CIRCULAR-SAME: (%[[X:.*]]: tensor<1x8x24x30xf32>, %[[T:.*]]: tensor<1x8x12xf32>, %[[S:.*]]: tensor<1x8x14xf32>)
// HALO-LABEL: func.func @main
func.func @main(%x: tensor<1x8x24x30xf32>, %t: tensor<1x8x12xf32>, %s: tensor<1x8x14xf32>) -> (tensor<1x8x24x30xf32>, tensor<1x8x24x30xf32>,
    tensor<1x8x12xf32>, tensor<1x8x14xf32>, tensor<1x8x14xf32>, tensor<1x8x6xf32>, tensor<1x8x13xf32>) {
  %w15 = arith.constant dense<0.5> : tensor<8x1x31x31xf32>
  %w3 = arith.constant dense<0.5> : tensor<8x8x3x3xf32>
  %v4 = arith.constant dense<0.5> : tensor<8x8x4xf32>
  %v3 = arith.constant dense<0.5> : tensor<8x8x3xf32>
  // A large kernel is cheaper by transforms; a small one isn't, although the halo has to be written for the others.
  // CHOSEN: cnn.conv {{.*}} groups 8 zeros {toeplitz.algorithm = "fft:circular"}
  // FORCED: cnn.conv {{.*}} groups 8 zeros {toeplitz.algorithm = "fft:circular"}
  // CIRCULAR: %[[XB:.*]] = kernel.reorder ins(%[[X]])
  // CIRCULAR: kernel.conv "fft" ins(%[[XB]], %{{.*}}) {{.*}} {circular = array<i1: true, true>
  // CIRCULAR-SAME: padding_low = array<i64: 15, 15>
  // CIRCULAR-SAME: transform = array<i64: 24, 30>
  // CIRCULAR-SAME: (tensor<1x1x24x30x8xf32>, {{.*}}) -> tensor<1x1x24x30x8xf32>
  // HALO: %[[H0:.*]] = kernel.pad circular ins(%{{.*}}) outs(%{{.*}}) {{.*}}low = array<i64: 0, 0, 15, 15{{(, 0)?}}>
  // HALO: kernel.conv "direct" ins(
  // HALO-SAME: padding_low = array<i64: 0, 0>
  // HALO-SAME: (tensor<1x1x54x60x8xf32>
  %0 = cnn.conv %x, %w15 strides [1, 1] dilations [1, 1] padding [15, 15] to [15, 15] groups 8 circular
    : (tensor<1x8x24x30xf32>, tensor<8x1x31x31xf32>) -> tensor<1x8x24x30xf32> loc("around")
  // CHOSEN: cnn.conv {{.*}} groups 1 zeros {toeplitz.algorithm = "{{direct|winograd:f[24]}}"}
  // FORCED: cnn.conv {{.*}} groups 1 zeros {toeplitz.algorithm = "fft:circular"}
  %1 = cnn.conv %x, %w3 strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 circular
    : (tensor<1x8x24x30xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x24x30xf32> loc("small")
  // Dilation, and all of the padding before the image.
  // FORCED: cnn.conv {{.*}} dilations [3] {{.*}} {toeplitz.algorithm = "fft:circular"}
  // CIRCULAR: kernel.conv "fft" ins(%{{.*}}) {{.*}} {circular = array<i1: true>, dilations = array<i64: 3>
  // CIRCULAR-SAME: padding_low = array<i64: 9>
  // CIRCULAR-SAME: transform = array<i64: 12>
  %2 = cnn.conv %t, %v4 strides [1] dilations [3] padding [9] to [0] groups 1 circular
    : (tensor<1x8x12xf32>, tensor<8x8x4xf32>) -> tensor<1x8x12xf32> loc("turned")
  // 14 = 2 x 7 has no transform.
  // FORCED: cnn.conv {{.*}} {toeplitz.algorithm = "{{[^f].*}}"}
  %3 = cnn.conv %s, %v3 strides [1] dilations [1] padding [1] to [1] groups 1 circular
    : (tensor<1x8x14xf32>, tensor<8x8x3xf32>) -> tensor<1x8x14xf32> loc("seven")
  %4 = cnn.conv %s, %v3 strides [1] dilations [2] padding [2] to [2] groups 1 circular
    : (tensor<1x8x14xf32>, tensor<8x8x3xf32>) -> tensor<1x8x14xf32> loc("dilated_seven")
  %5 = cnn.conv %t, %v3 strides [2] dilations [1] padding [1] to [1] groups 1 circular
    : (tensor<1x8x12xf32>, tensor<8x8x3xf32>) -> tensor<1x8x6xf32> loc("strided")
  %6 = cnn.conv %t, %v3 strides [1] dilations [1] padding [1] to [2] groups 1 circular
    : (tensor<1x8x12xf32>, tensor<8x8x3xf32>) -> tensor<1x8x13xf32> loc("wider")
  return %0, %1, %2, %3, %4, %5, %6 : tensor<1x8x24x30xf32>, tensor<1x8x24x30xf32>, tensor<1x8x12xf32>, tensor<1x8x14xf32>,
    tensor<1x8x14xf32>, tensor<1x8x6xf32>, tensor<1x8x13xf32>
}
