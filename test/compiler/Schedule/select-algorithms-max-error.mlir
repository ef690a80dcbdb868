// The certified rounding error of a layer decides whether an algorithm is allowed. With n = 2 weights of 1 and 3, and inputs up to R,
// it is gamma(2) * 4 R with gamma(2) = 2^-23 (to three digits): 4.77e-07 for R = 1.
// DEFINE: %{options} =
// DEFINE: %{select} = toeplitz-opt %s --set-target --select-algorithms=%{options}

// REDEFINE: %{options} = "max-error=1e-3"
// RUN: %{select} | FileCheck %s --check-prefix=ALLOWED
// The range is carried through the network: the second layer sees [-4, 4] and what the first one's
// rounding adds, the third what the clip leaves, [-2, 3].
// ALLOWED: module attributes {{.*}}toeplitz.error_bound = {bound = 3.159{{[0-9]*}}E-6 : f64, input_range = 1.000000e+00 : f64, layer = "third"}
// ALLOWED-COUNT-3: toeplitz.algorithm =

// Without either option nothing is recorded; with `bounds` it is.
// RUN: toeplitz-opt %s --set-target --select-algorithms | FileCheck %s --check-prefix=NOT-ASKED --implicit-check-not=error_bound
// NOT-ASKED: toeplitz.algorithm =
// REDEFINE: %{options} = "bounds input-range=2"
// RUN: %{select} | FileCheck %s --check-prefix=TWICE
// TWICE: toeplitz.error_bound = {bound = 3.8{{[0-9]*}}E-6 : f64, input_range = 2.000000e+00 : f64, layer = "second"}

// The first layer's bound is 4.77e-07: allowed just above, refused just below.
// REDEFINE: %{options} = "max-error=4.8e-7"
// RUN: not %{select} 2>&1 | FileCheck %s --check-prefix=SECOND
// SECOND: error: loc("second"): algorithm '{{[a-z0-9]+}}' is the most exact that is allowed here, with a rounding error of up to 1.91e-06 for inputs up to 4; --max-error allows 4.8e-07
// REDEFINE: %{options} = "max-error=4.7e-7"
// RUN: not %{select} 2>&1 | FileCheck %s --check-prefix=FIRST
// FIRST: error: loc("first"): algorithm '{{[a-z0-9]+}}' is the most exact that is allowed here, with a rounding error of up to 4.77e-07 for inputs up to 1; --max-error allows 4.7e-07

// One forced for the layer is refused with its own bound.
// REDEFINE: %{options} = "max-error=4.7e-7 layers=first=im2col"
// RUN: not %{select} 2>&1 | FileCheck %s --check-prefix=FORCED
// FORCED: error: loc("first"): algorithm 'im2col' is the most exact that is allowed here, with a rounding error of up to 4.77e-07

func.func @main(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = arith.constant dense<[[[[1.0]], [[3.0]]], [[[-1.0]], [[2.0]]]]> : tensor<2x2x1x1xf32>
  %b = arith.constant dense<[0.5, -1.0]> : tensor<2xf32>
  %0 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32> loc("first")
  %1 = cnn.conv %0, %w strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32> loc("second")
  %2 = cnn.activation clip %1 {alpha = -2.0 : f32, beta = 3.0 : f32} : tensor<1x2x4x4xf32>
  // With a bias one more rounding, and the bias itself: gamma(2) 4 * 3 + gamma(3) + 2 u (4 * 3 + 1).
  %3 = cnn.conv %2, %w bias %b strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x2x4x4xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32> loc("third")
  return %3 : tensor<1x2x4x4xf32>
}
