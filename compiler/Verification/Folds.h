// Whether the folds of the cnn stage leave a layer the same map.

#ifndef TOEPLITZ_COMPILER_VERIFICATION_FOLDS_H
#define TOEPLITZ_COMPILER_VERIFICATION_FOLDS_H

#include "compiler/Reference/Tensor.h"
#include "compiler/Verification/ConvolutionLayer.h"
#include "compiler/Verification/Verification.h"

namespace toeplitz {

/// Runs every fold that the compiler has (by the names of their passes) on a
/// layer with whole weights. For those that change it, the folded layer is
/// evaluated and compiled, and both results are compared with `expected`, the
/// layer's result for `inputs`, bit by bit. Errors of the machinery are
/// reported.
mlir::FailureOr<std::vector<FoldCheck>> checkFolds(
    const ConvolutionLayer &layer, llvm::ArrayRef<std::vector<float>> inputs,
    const reference::Tensor &expected, const VerificationOptions &options);

} // namespace toeplitz

#endif
