// RUN: toeplitz-opt %s --set-target --select-algorithms=precise=1 | FileCheck %s --check-prefixes=CHECK,NARROW
// RUN: toeplitz-opt %s --set-target="lanes=16 registers=32" --select-algorithms=precise=1 | FileCheck %s --check-prefixes=CHECK,WIDE

// With many channels a tile's input lies in so many places that it doesn't stay in the first-level cache: packing it pays.

// CHECK-LABEL: func.func @main
func.func @main(%few: tensor<1x256x14x14xf32>, %many: tensor<1x1024x14x14xf32>, %vector: tensor<1x1024xf32>,
    %square: tensor<1x512x32x32xf32>, %w_square: tensor<64x512x1x1xf32>, %odd: tensor<1x512x33x32xf32>,
    %w_few: tensor<256x256x1x1xf32>, %w_many: tensor<256x1024x1x1xf32>, %w_vector: tensor<256x1024xf32>) {
  // CHECK: cnn.conv {{.*}} {toeplitz.algorithm = "pointwise"} : (tensor<1x256x14x14xf32>
  %0 = cnn.conv %few, %w_few strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x256x14x14xf32>, tensor<256x256x1x1xf32>) -> tensor<1x256x14x14xf32>
  // Wide vectors would wait for the filter, which each packed tile reads as a whole.
  // NARROW: cnn.conv {{.*}} {toeplitz.algorithm = "im2col"} : (tensor<1x1024x14x14xf32>
  // WIDE: cnn.conv {{.*}} {toeplitz.algorithm = "pointwise"} : (tensor<1x1024x14x14xf32>
  %1 = cnn.conv %many, %w_many strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x1024x14x14xf32>, tensor<256x1024x1x1xf32>) -> tensor<1x256x14x14xf32>
  // One position reads each input once, wherever it lies.
  // CHECK: cnn.conv {{.*}} {toeplitz.algorithm = "pointwise"} : (tensor<1x1024xf32>
  %2 = cnn.conv %vector, %w_vector strides [] dilations [] padding [] to [] groups 1 zeros
    : (tensor<1x1024xf32>, tensor<256x1024xf32>) -> tensor<1x256xf32>
  // Images of a power of two: all blocks of channels share a few sets of the second-level cache, in which they don't fit.
  // NARROW: cnn.conv {{.*}} {toeplitz.algorithm = "im2col"} : (tensor<1x512x32x32xf32>
  // WIDE: cnn.conv {{.*}} {toeplitz.algorithm = "pointwise"} : (tensor<1x512x32x32xf32>
  %3 = cnn.conv %square, %w_square strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x512x32x32xf32>, tensor<64x512x1x1xf32>) -> tensor<1x64x32x32xf32>
  // CHECK: cnn.conv {{.*}} {toeplitz.algorithm = "pointwise"} : (tensor<1x512x33x32xf32>
  %4 = cnn.conv %odd, %w_square strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x512x33x32xf32>, tensor<64x512x1x1xf32>) -> tensor<1x64x33x32xf32>
  return
}
