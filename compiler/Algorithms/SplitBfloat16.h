// What the files of the algorithm `bf16x3` share.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_SPLITBFLOAT16_H
#define TOEPLITZ_COMPILER_ALGORITHMS_SPLITBFLOAT16_H

#include "compiler/Algorithms/SplitBfloat16Plan.h"

namespace toeplitz {

/// Writes the body of one task, or of one of the step before: see
/// SplitBfloat16Kernel.cpp.
void emitSplitBfloat16(kernel::ConvOp op, KernelBuilder &kernel);

} // namespace toeplitz

#endif
