// What sums of products are off by that a GPU's tensor cores compute of rounded
// factors, whichever of their instructions does.
//
// Products are exact in f32. How they are added up is the hardware's: it may
// align the products of an instruction and the sum before to the largest of
// them, and cut off what is below. Source: Fasi, Higham, Mikaitis and Pranesh,
// Numerical behavior of NVIDIA tensor cores, PeerJ Computer Science 7 (2021).

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_TENSORCOREERROR_H
#define TOEPLITZ_COMPILER_ALGORITHMS_TENSORCOREERROR_H

#include "compiler/Algorithms/Algorithm.h"

namespace toeplitz {

/// What the factors are rounded to: the variant of the schedules of algorithms
/// on tensor cores, which isn't f32.
kernel::Precision getFactorPrecision(const ConvolutionSchedule &schedule);

/// The functions of these algorithms' rows of the table.
double boundTensorCoreError(const Convolution &convolution,
                            const ConvolutionSchedule &schedule,
                            llvm::ArrayRef<float> filter, double inputBound);
double estimateTypicalTensorCoreError(const Convolution &convolution,
                                      const ConvolutionSchedule &schedule);

} // namespace toeplitz

#endif
