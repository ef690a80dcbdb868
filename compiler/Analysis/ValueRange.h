// How large the values of a network can be, from the range of its inputs and
// the values of its weights: interval arithmetic over the cnn stage.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_VALUERANGE_H
#define TOEPLITZ_COMPILER_ANALYSIS_VALUERANGE_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"

#include <limits>

namespace toeplitz {

/// Every element of a tensor lies in [low, high].
struct Interval {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  /// The largest absolute value.
  double getMagnitude() const;
  bool isBounded() const;
  /// The least range that holds both.
  Interval join(Interval other) const;
  /// With `error` more on both sides.
  Interval widen(double error) const;
};

/// The ranges of the values that a compiled network computes, rounding errors
/// included. Operations are visited in their order; what isn't known is
/// unbounded, never wrong.
class ValueRanges {
public:
  /// The network's floating-point inputs lie in [-inputRange, inputRange].
  explicit ValueRanges(double inputRange) : inputRange(inputRange) {}

  Interval get(mlir::Value value) const;

  /// Computes the ranges of the results of `op`. That of a convolution lacks
  /// its rounding error, which depends on the algorithm: see `addError`.
  void compute(mlir::Operation *op);

  /// The computed value is off by at most `error` beyond what `compute` knew.
  void addError(mlir::Value value, double error);

private:
  double inputRange;
  llvm::DenseMap<mlir::Value, Interval> ranges;
};

/// The range of a convolution's results, without rounding, when each input lies
/// in `input`. There is a bias for each output channel, and as many weights to
/// each.
Interval getConvolutionRange(llvm::ArrayRef<float> filter,
                             llvm::ArrayRef<float> bias, Interval input);

} // namespace toeplitz

#endif
