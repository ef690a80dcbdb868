// Convolution layers as kernels.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTCONVOLUTION_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTCONVOLUTION_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// Replaces a cnn.conv or cnn.conv_transpose, with the residual addition and
/// the activation behind it, by kernel.conv operations: one, or one for each
/// phase of a transposed convolution, written into one destination. Fails with
/// an error if the layer's filter is no constant or its padding is not of
/// zeros.
llvm::LogicalResult convertConvolution(mlir::RewriterBase &rewriter,
                                       mlir::Operation *layer);

} // namespace toeplitz

#endif
