// Convolution layers as kernels.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTCONVOLUTION_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTCONVOLUTION_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz::kernel {
class ConvOp;
}

namespace toeplitz {

/// Replaces a cnn.conv or cnn.conv_transpose, with the residual addition and
/// the activation behind it, by kernel.conv operations: one, or one for each
/// phase of a transposed convolution, written into one destination. Fails with
/// an error if the layer's filter is no constant or its padding is not of
/// zeros.
llvm::LogicalResult convertConvolution(mlir::RewriterBase &rewriter,
                                       mlir::Operation *layer);

/// Has the input of a kernel.conv copied, if that is a slice that takes every
/// s-th position and the algorithm would go through positions that lie together
/// as one row. (By rows of 7, which cut register tiles, 1024 -> 2048 channels
/// of 7 x 7 take 1.4 times as long.)
void gatherPositions(kernel::ConvOp op);

} // namespace toeplitz

#endif
