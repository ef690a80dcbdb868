// An inverted residual block as one kernel, some of its channels at a time.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_INVERTEDRESIDUAL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_INVERTEDRESIDUAL_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

/// How kernel.inverted_residual is lowered.
KernelLowering getInvertedResidualLowering();

} // namespace toeplitz

#endif
