// A depthwise convolution and the pointwise one behind it as one kernel.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_SEPARABLE_H
#define TOEPLITZ_COMPILER_ALGORITHMS_SEPARABLE_H

#include "compiler/Lowering/KernelBuilder.h"
#include "dialects/Kernel/KernelDialect.h"

namespace toeplitz {

/// Whether computing them together saves more than it costs: what would lie
/// between them is too large to stay in the second-level cache, and the
/// pointwise filter, which is read again for every chunk of rows, is not. A
/// single row is no chunk.
bool isSeparableWorthwhile(llvm::ArrayRef<int64_t> outputSizes,
                           int64_t channels, int64_t outChannels,
                           kernel::TargetAttr target);

/// How many rows of output positions, of `rowPositions` each, to compute at a
/// time of `rows` in all: what the depthwise convolution makes of `channels`
/// channels stays in the second-level cache, and a few threads have work.
int64_t chooseSeparableRows(int64_t rows, int64_t rowPositions,
                            int64_t channels, int64_t outChannels,
                            kernel::TargetAttr target);

/// The floats that one task keeps between the two convolutions.
int64_t getSeparableScratchSize(kernel::SeparableConvOp op);
int64_t countSeparableTasks(kernel::SeparableConvOp op);

/// How kernel.separable_conv is lowered.
KernelLowering getSeparableLowering();

} // namespace toeplitz

#endif
