// What the folding passes share: the marks that say which layers they fold.

#ifndef TOEPLITZ_COMPILER_TRANSFORMS_FOLDS_H
#define TOEPLITZ_COMPILER_TRANSFORMS_FOLDS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// The attribute of a layer that is to be folded: the names of the folds, with
/// "+" between them, as in "transposed+dilation".
constexpr llvm::StringLiteral foldAttribute = "toeplitz.fold";

/// The folds that take one layer apart, by their names, in the order in which
/// they run.
llvm::ArrayRef<llvm::StringRef> getLayerFolds();

/// Whether a layer is marked to be folded in this way.
bool isMarked(mlir::Operation *layer, llvm::StringRef fold);

/// Gives a piece of a layer the layer's marks but that of the fold that made
/// it.
void passOnMarks(mlir::Operation *layer, mlir::Operation *piece,
                 llvm::StringRef fold);

/// Calls `foldLayer` with every cnn.conv and cnn.conv_transpose of a module, or
/// with those that are marked; takes the mark off those that it leaves alone.
void foldLayers(mlir::ModuleOp module, llvm::StringRef fold, bool markedOnly,
                llvm::function_ref<llvm::LogicalResult(mlir::RewriterBase &,
                                                       mlir::Operation *)>
                    foldLayer);

/// Erases the constants that nobody uses any more.
void eraseUnusedConstants(mlir::ModuleOp module);

} // namespace toeplitz

#endif
