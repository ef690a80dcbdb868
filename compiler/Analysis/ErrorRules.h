// What single operations make of typical values, and of small errors in them.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_ERRORRULES_H
#define TOEPLITZ_COMPILER_ANALYSIS_ERRORRULES_H

#include "compiler/Analysis/ChannelMoments.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace toeplitz {

/// The variance of an error, in two parts: that of the error which all
/// positions of a channel have in common, and of what each position has for
/// itself, independent of the others.
struct ErrorParts {
  double single = 0, common = 0;
};

/// What the variance of the errors in entry `from` of an operand makes of that
/// in entry `to` of the result: the part of single positions is multiplied by
/// `gain`, the common part by `commonGain`. What is left of the common part,
/// gain - commonGain where that is positive, is different at each position of
/// the result.
struct ErrorPath {
  uint32_t from = 0, to = 0;
  double gain = 1, commonGain = 1;

  double getLeak() const { return std::max(gain - commonGain, 0.0); }
};
using ErrorPaths = std::vector<ErrorPath>;

/// An operation on typical values.
struct ErrorRule {
  ChannelMoments result;
  /// By operand; those without errors (constants, numbers of other types) have
  /// none. Errors of different elements count as independent, so variances add
  /// up.
  llvm::SmallVector<ErrorPaths, 2> paths;
};

/// The moments of an operation's operands.
using OperandMoments = llvm::ArrayRef<const ChannelMoments *>;

/// Each knows the operations of one file, and nothing about others. All have
/// one result.
std::optional<ErrorRule> applyElementwiseRule(mlir::Operation *op,
                                              OperandMoments operands);
std::optional<ErrorRule> applyNormalizationRule(mlir::Operation *op,
                                                OperandMoments operands);
std::optional<ErrorRule> applyMovementRule(mlir::Operation *op,
                                           OperandMoments operands);

/// For every operation that nothing is known about, of which `operands` are the
/// values that it computes with: the result is like the first of them that
/// isn't a constant, and the relative error of each is kept.
ErrorRule applyUnknownRule(mlir::ValueRange operands, OperandMoments moments);

/// The channels of a tensor: the size of dimension 1, or 1 without one.
size_t countChannels(mlir::Value tensor);

} // namespace toeplitz

#endif
