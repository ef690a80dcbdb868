// direct on a GPU: each thread computes an output.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_DIRECTONGPU_H
#define TOEPLITZ_COMPILER_ALGORITHMS_DIRECTONGPU_H

#include "compiler/Algorithms/Algorithm.h"

namespace toeplitz {

ConvolutionSchedule scheduleDirectOnGpu(const Convolution &convolution);
ConvolutionCost estimateDirectOnGpu(const Convolution &convolution);
/// The filter as it is: outputs x inputs of a group x taps.
int64_t getDirectFilterSizeOnGpu(const Convolution &convolution);
int64_t countDirectTasksOnGpu(kernel::ConvOp op);
void emitDirectOnGpu(kernel::ConvOp op, KernelBuilder &kernel);

} // namespace toeplitz

#endif
