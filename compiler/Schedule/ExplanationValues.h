// The values that all forms of an explanation write.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_EXPLANATIONVALUES_H
#define TOEPLITZ_COMPILER_SCHEDULE_EXPLANATIONVALUES_H

#include "compiler/Schedule/Explanation.h"

#include <map>

namespace toeplitz {

/// The parameters of a layer, whichever of the two operations it is.
struct LayerParameters {
  llvm::SmallVector<int64_t> kernel, strides, dilations, paddingLow,
      paddingHigh;
  int64_t groups;
  bool isTransposed;
};

LayerParameters getParameters(mlir::Operation *layer);

llvm::ArrayRef<int64_t> getShape(mlir::Value value);

/// The shape of a layer's input, without a halo around it.
llvm::ArrayRef<int64_t> getInputShape(mlir::Operation *layer);

/// "estimated", "forced".
llvm::StringRef getReasonName(SelectionReason reason);

/// How much longer a candidate takes than the chosen one, by measurements where
/// there are any of both.
double getRelativeCost(const LayerSelection &layer, const Candidate &candidate);

/// The weights and biases of a layer.
double countParameters(mlir::Operation *layer);

/// The share of a layer's rounding in the square of the network's typical
/// error; nothing where that isn't known, or there is none.
std::optional<double> getErrorShare(const Explanation &explanation,
                                    const LayerSelection &layer);

/// Sums over all layers.
struct Totals {
  ConvolutionCost cost;
  double ownMultiplyAdds = 0, parameters = 0;
  std::map<std::string, size_t> algorithms;
  const LayerSelection *leastExact = nullptr;
};

Totals addUp(const Explanation &explanation);

} // namespace toeplitz

#endif
