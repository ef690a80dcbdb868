// Typical values and errors through one convolution layer.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_CONVOLUTIONERRORS_H
#define TOEPLITZ_COMPILER_ANALYSIS_CONVOLUTIONERRORS_H

#include "compiler/Analysis/ErrorRules.h"

#include "mlir/IR/Operation.h"

#include <optional>

namespace toeplitz {

struct ConvolutionMoments {
  ChannelMoments result;
  /// For each channel of the result, the sum of the mean squares of the
  /// products that are added up, to which the variances of rounding errors are
  /// relative. The common part is what the means of the inputs have in it.
  std::vector<ErrorParts> productSquares;
};

/// What a cnn.conv or cnn.conv_transpose makes of typical inputs; nothing where
/// its filter or bias is computed by the network. With channels i of the input
/// and f of the result and
///
///   a[f, i] = sum over taps k of p_k w[f, i, k],
///   A[f, i] = sum over taps k of p_k w[f, i, k]^2,
///
/// p_k being the share of the result's positions that tap k reaches (the others
/// read padding, or nothing, where a transposed convolution has a stride),
///
///   mean[f] = b[f] + sum over i of a[f, i] mean[i],
///   variance[f] = sum over i of A[f, i] variance[i],
///
/// and variances of errors of single positions as the last line; those of
/// errors that all positions have in common with a[f, i]^2. Inputs at different
/// taps and in different channels count as independent: what neighbours have in
/// common, weights of either sign enlarge as often as they diminish it.
std::optional<ConvolutionMoments> convolveMoments(mlir::Operation *layer,
                                                  const ChannelMoments &input);

/// The adjoint: how much errors of each of the input's `entries` count, from
/// how much those of the result's channels do.
std::vector<ErrorParts>
convolveSensitivities(mlir::Operation *layer,
                      llvm::ArrayRef<ErrorParts> sensitivities, size_t entries);

} // namespace toeplitz

#endif
