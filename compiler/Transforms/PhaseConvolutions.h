// Convolutions of phases as operations: slices of the input, gathered filters,
// and results that are summed or interleaved.

#ifndef TOEPLITZ_COMPILER_TRANSFORMS_PHASECONVOLUTIONS_H
#define TOEPLITZ_COMPILER_TRANSFORMS_PHASECONVOLUTIONS_H

#include "compiler/Transforms/Phases.h"

#include "mlir/IR/PatternMatch.h"

#include <string>

namespace toeplitz {
namespace cnn {
class ConvOp;
}

/// The spatial dimensions of a layer.
llvm::SmallVector<SpatialDimension> getDimensions(cnn::ConvOp layer);

/// The folds that take a cnn.conv or cnn.conv_transpose apart into phases.
enum class PhaseFold { Stride, Dilation, Transposed };

/// What becomes of a layer.
struct FoldedLayer {
  /// See combinePhases.
  std::vector<Piece> pieces;
  /// Whether the pieces are summed; else each has outputs of its own.
  bool isSum = false;
};

/// More pieces than this aren't made of a layer: each is an operation, and at
/// last a function.
constexpr int64_t maximalPieces = 256;

/// What a fold makes of a layer, or why it leaves it alone (a sentence's end).
/// Nothing but the layer's numbers is looked at: its filter may still be
/// computed by the network.
struct FoldPlan {
  FoldedLayer folded;
  std::string reason;
};
FoldPlan planFold(mlir::Operation *layer, PhaseFold fold);

/// Folds a layer and what follows it (findEpilogue), if the fold applies and
/// the filter is constant.
llvm::LogicalResult foldLayer(mlir::RewriterBase &rewriter,
                              mlir::Operation *layer, PhaseFold fold);

} // namespace toeplitz

#endif
