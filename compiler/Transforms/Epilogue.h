// What follows a convolution and can be done while its sums are in registers.

#ifndef TOEPLITZ_COMPILER_TRANSFORMS_EPILOGUE_H
#define TOEPLITZ_COMPILER_TRANSFORMS_EPILOGUE_H

#include "dialects/CNN/CNNDialect.h"

namespace toeplitz {

/// A residual that is added to the result, then an activation; either may be
/// missing.
struct Epilogue {
  mlir::Value residual;
  cnn::ActivationOp activation;
  /// The operations of it, the layer first: the last one's result is that of
  /// all.
  llvm::SmallVector<mlir::Operation *> chain;

  mlir::Value getResult() const { return chain.back()->getResult(0); }
};

/// The epilogue of a layer in the same block: what happens in a loop isn't part
/// of a layer before it.
Epilogue findEpilogue(mlir::Operation *layer);

} // namespace toeplitz

#endif
