// Computing what is known while a network is read.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_FOLDING_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_FOLDING_H

#include "compiler/Frontend/Onnx/ElementType.h"
#include "mlir/IR/Builders.h"

namespace toeplitz {

/// Puts constants in the place of what depends on constants alone among
/// `operations`, those of one node in their order; `results` are the node's.
/// Shape arithmetic disappears like this, and so do casts and transpositions of
/// weights. What would take long to compute here, or much more memory than the
/// constants that it is made of, is left to the compiled network. `name` begins
/// the names of large constants.
void foldConstants(mlir::OpBuilder &builder,
                   llvm::ArrayRef<mlir::Operation *> operations,
                   llvm::MutableArrayRef<OnnxValue> results,
                   llvm::StringRef name);

} // namespace toeplitz

#endif
