// The certified rounding error of a convolution layer.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_ERRORBOUND_H
#define TOEPLITZ_COMPILER_SCHEDULE_ERRORBOUND_H

#include "compiler/Schedule/Convolutions.h"

namespace toeplitz {

/// Bounds the errors of one layer's algorithms, when no input of the layer is
/// larger than `inputBound`.
class LayerErrorBounds {
public:
  /// Unbounded where the filter or the bias isn't a constant, or the input
  /// isn't bounded.
  LayerErrorBounds(mlir::Operation *layer,
                   llvm::ArrayRef<ConvolutionPart> parts, double inputBound);

  /// The largest absolute difference between a result of the layer as compiled
  /// with `choice`, which doesn't decline it, and the exact one: the
  /// algorithm's own bound, and the roundings of the addition of the bias,
  /// wherever the algorithm does it. Residual and activation are operations
  /// of their own.
  double bound(const AlgorithmChoice &choice, kernel::TargetAttr target) const;

  /// The largest absolute value of an exact result; infinite where it isn't
  /// known.
  double getLargestResult() const;

private:
  struct Part {
    Convolution convolution;
    std::vector<float> filter;
    /// The largest sum of the absolute values of a channel's weights.
    double absoluteSum;
  };

  double inputBound;
  bool isKnown = false;
  double largestBias = 0;
  bool hasBias = false;
  std::vector<Part> parts;
};

} // namespace toeplitz

#endif
