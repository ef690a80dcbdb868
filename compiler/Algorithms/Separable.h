// A depthwise convolution with the pointwise ones around it as one kernel.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_SEPARABLE_H
#define TOEPLITZ_COMPILER_ALGORITHMS_SEPARABLE_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

/// The floats that one task keeps between the convolutions.
int64_t getSeparableScratchSize(kernel::SeparableConvOp op);
int64_t countSeparableTasks(kernel::SeparableConvOp op);

/// How kernel.separable_conv is lowered.
KernelLowering getSeparableLowering();

} // namespace toeplitz

#endif
