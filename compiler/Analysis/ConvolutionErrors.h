// Typical values and errors through one convolution layer.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_CONVOLUTIONERRORS_H
#define TOEPLITZ_COMPILER_ANALYSIS_CONVOLUTIONERRORS_H

#include "compiler/Analysis/ChannelMoments.h"

#include "mlir/IR/Operation.h"

#include <optional>

namespace toeplitz {

struct ConvolutionMoments {
  ChannelMoments result;
  /// For each channel of the result, the sum of the mean squares of the
  /// products that are added up: to its root rounding errors are relative.
  std::vector<double> productSquares;
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
/// and variances of errors as the last line. Inputs at different taps and in
/// different channels count as independent: what neighbours have in common,
/// weights of either sign enlarge as often as they diminish it.
std::optional<ConvolutionMoments>
convolveMoments(mlir::Operation *layer, const ChannelMoments &input);

/// The adjoint of A: how much errors of each of the input's `entries` count,
/// from how much those of the result's channels do.
std::vector<double>
convolveSensitivities(mlir::Operation *layer,
                      llvm::ArrayRef<double> sensitivities, size_t entries);

} // namespace toeplitz

#endif
