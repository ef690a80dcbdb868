// Bounds on rounding errors, from the standard model of floating-point
// arithmetic: fl(a op b) = (a op b)(1 + d) with |d| <= u. Source: Higham,
// Accuracy and Stability of Numerical Algorithms (2nd edition, 2002), chapters
// 2 and 3.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_ROUNDINGERROR_H
#define TOEPLITZ_COMPILER_ALGORITHMS_ROUNDINGERROR_H

#include "compiler/Algorithms/Algorithm.h"

namespace toeplitz {

/// The unit roundoff of float32 with rounding to nearest: 2^-24.
constexpr double unitRoundoff = 1.0 / (1 << 24);

/// Higham's gamma: n u / (1 - n u), the relative error that n roundings make at
/// most. Infinite where n u >= 1.
double getGamma(double roundings);

/// The largest sum over an output channel's weights of their absolute values:
/// no output is larger than this times the largest input.
double getLargestAbsoluteSum(const Convolution &convolution,
                             llvm::ArrayRef<float> filter);

/// The bound of algorithms that add up the products of inputs and weights, in
/// any order: |error| <= gamma(n) sum |w| |x| with n products to a sum. Source:
/// Higham, section 3.1, equation 3.5.
double boundSumError(const Convolution &convolution,
                     const ConvolutionSchedule &schedule,
                     llvm::ArrayRef<float> filter, double inputBound);

/// The typical error of a sum of `products`, relative to the root of the sum of
/// their squares.
///
/// One rounding has a relative error of 0.43 u: evenly distributed within half
/// a unit in the last place, of numbers whose logarithms are evenly
/// distributed. A sum of k out of n independent products of either sign has the
/// variance k / n of the whole sum, and is rounded once:
///
///   (0.43 u)^2 sum over k of k / n = (0.43 u)^2 (n + 1) / 2 = (0.3 u)^2 (n +
///   1).
///
/// Kernels that add up several partial sums make a little less of it; measured
/// was 0.25 u sqrt(n) for larger n. Source: Higham, section 2.8 (rules of
/// thumb), for the model.
double estimateSumError(double products);

/// Algorithm::estimateTypicalError of algorithms that add up the products of
/// inputs and weights.
double estimateTypicalSumError(const Convolution &convolution,
                               const ConvolutionSchedule &schedule);

} // namespace toeplitz

#endif
