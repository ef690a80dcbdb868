// Folds are chosen where the pieces are cheaper, forced or forbidden.
// RUN: toeplitz-opt %s --choose-folds | FileCheck %s --check-prefix=CHOSEN
// RUN: toeplitz-opt %s --choose-folds=automatic=false | FileCheck %s --check-prefix=NONE
// RUN: toeplitz-opt %s --choose-folds=fold=none | FileCheck %s --check-prefix=NONE
// RUN: toeplitz-opt %s --choose-folds="fold=transposed+groups+dilation+stride automatic=false" | FileCheck %s --check-prefix=FORCED
// RUN: toeplitz-opt %s --choose-folds="fold=none layers=dilated=dilation+stride,up=transposed+dilation" | FileCheck %s --check-prefix=LAYERS
// RUN: toeplitz-opt %s --choose-folds="fold=dilation automatic=false layers=dilated=none" | FileCheck %s --check-prefix=EXCEPT

// The pieces of a dilated kernel are dense, and fft takes them.
// CHOSEN-LABEL: @main
// CHOSEN-NOT: toeplitz.fold
// CHOSEN: cnn.conv {{.*}} dilations [2, 2] padding [14, 14] {{.*}} {toeplitz.fold = "dilation"}
// CHOSEN-NOT: toeplitz.fold
// NONE-NOT: toeplitz.fold
// What applies, in the order of the list.
// FORCED: cnn.conv {{.*}} groups 1 zeros :
// FORCED: cnn.conv {{.*}} {toeplitz.fold = "dilation+stride"}
// FORCED: cnn.conv {{.*}} {toeplitz.fold = "dilation"}
// FORCED: cnn.conv {{.*}} {toeplitz.fold = "groups"}
// FORCED: cnn.conv_transpose {{.*}} {toeplitz.fold = "transposed+groups+dilation+stride"}
// FORCED: cnn.conv {{.*}} groups 1 zeros :
// LAYERS: cnn.conv {{.*}} groups 1 zeros :
// LAYERS: cnn.conv {{.*}} {toeplitz.fold = "dilation+stride"}
// LAYERS: cnn.conv {{.*}} groups 1 zeros :
// LAYERS: cnn.conv {{.*}} groups 4 zeros :
// LAYERS: cnn.conv_transpose {{.*}} {toeplitz.fold = "transposed+dilation"}
// EXCEPT: cnn.conv {{.*}} groups 1 zeros :
// EXCEPT: cnn.conv {{.*}} groups 1 zeros :
// EXCEPT: cnn.conv {{.*}} {toeplitz.fold = "dilation"}
// EXCEPT-NOT: toeplitz.fold

func.func @main(%x: tensor<1x16x9x9xf32>, %s: tensor<1x32x32x32xf32>, %f: tensor<16x16x3x3xf32>) {
  %w = arith.constant dense<1.0> : tensor<16x16x3x3xf32>
  %wide = arith.constant dense<1.0> : tensor<32x32x15x15xf32>
  %g = arith.constant dense<1.0> : tensor<16x4x3x3xf32>
  %0 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x16x9x9xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x9x9xf32> loc("dense")
  %1 = cnn.conv %x, %w strides [2, 2] dilations [3, 3] padding [3, 3] to [3, 3] groups 1 zeros
    : (tensor<1x16x9x9xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x5x5xf32> loc("dilated")
  %2 = cnn.conv %s, %wide strides [1, 1] dilations [2, 2] padding [14, 14] to [14, 14] groups 1 zeros
    : (tensor<1x32x32x32xf32>, tensor<32x32x15x15xf32>) -> tensor<1x32x32x32xf32> loc("wide")
  %3 = cnn.conv %x, %g strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 4 zeros
    : (tensor<1x16x9x9xf32>, tensor<16x4x3x3xf32>) -> tensor<1x16x9x9xf32> loc("grouped")
  %4 = cnn.conv_transpose %x, %w strides [2, 2] dilations [1, 1] padding [1, 1] to [1, 1] output_padding [0, 0] groups 1
    : (tensor<1x16x9x9xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x17x17xf32> loc("up")
  %5 = cnn.conv %x, %f strides [2, 2] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x16x9x9xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x4x4xf32> loc("computed")
  return
}
