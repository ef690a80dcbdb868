// What stands before a convolution and can be done where it reads its input.

#ifndef TOEPLITZ_COMPILER_TRANSFORMS_PROLOGUE_H
#define TOEPLITZ_COMPILER_TRANSFORMS_PROLOGUE_H

#include "dialects/CNN/CNNDialect.h"

namespace toeplitz {

/// A scale and a shift of each channel, then an activation; each may be
/// missing. (Batch normalisation that no convolution before it has taken in,
/// the gates of squeeze-and-excitation, Hu et al., arXiv:1709.01507.)
struct Prologue {
  /// What goes in: the layer's input where the prologue is empty.
  mlir::Value input;
  /// Scale and shift in one, or as tensors N or 1 x C x 1 ... of their own.
  cnn::BatchNormOp normalization;
  mlir::Value scale, shift;
  cnn::ActivationOp activation;
  /// Its operations, the one that the layer reads first.
  llvm::SmallVector<mlir::Operation *> chain;
};

/// The prologue of a layer in the same block, which nothing else reads.
Prologue findPrologue(mlir::Operation *layer);

} // namespace toeplitz

#endif
