// Proves the identities that `fft` rests on, in exact arithmetic.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_FOURIERIDENTITY_H
#define TOEPLITZ_COMPILER_ALGORITHMS_FOURIERIDENTITY_H

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Algorithms/FourierTransform.h"

namespace toeplitz {

/// Whether the stages of a plan are a Fourier transform of its size.
bool computesFourierTransform(const FourierPlan &plan);

/// Whether the transform back of the product of the transforms of a tile of
/// `size` points and of a filter of `taps` is their cyclic correlation, which
/// is the multiplication by a circulant matrix: y[o] = sum over k of w[k]
/// z[(o + k dilation - padding) mod size]. (The positions whose taps don't wrap
/// around, or meet zeros where they do, are those of a convolution.)
bool computesCyclicCorrelation(int64_t size, int64_t taps, int64_t dilation = 1,
                               int64_t padding = 0);

/// Both for every dimension of a convolution: nothing, or what is wrong.
std::optional<std::string>
checkFourierIdentity(const Convolution &convolution,
                     const ConvolutionSchedule &schedule);

} // namespace toeplitz

#endif
