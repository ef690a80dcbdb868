// The operators of cnn, in families, one source file each.

#ifndef TOEPLITZ_COMPILER_REFERENCE_OPERATORS_H
#define TOEPLITZ_COMPILER_REFERENCE_OPERATORS_H

#include "compiler/Reference/Tensor.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

#include <optional>

namespace toeplitz::reference {

/// The operands' values, in the order of the operation's operands.
using Operands = llvm::ArrayRef<const Tensor *>;

/// Each evaluates an operation of its family, which has one result; nullopt
/// when the operation belongs to none of its kinds.
std::optional<Tensor> evaluateConvolution(mlir::Operation *op,
                                          Operands operands);
std::optional<Tensor> evaluatePooling(mlir::Operation *op, Operands operands);
std::optional<Tensor> evaluateNormalization(mlir::Operation *op,
                                            Operands operands);
std::optional<Tensor> evaluateActivation(mlir::Operation *op,
                                         Operands operands);
std::optional<Tensor> evaluateBorders(mlir::Operation *op, Operands operands);
std::optional<Tensor> evaluateResize(mlir::Operation *op, Operands operands);

/// The shape of the operation's only result.
llvm::ArrayRef<int64_t> resultShape(mlir::Operation *op);

/// `input` with `low` positions before and `high` after each dimension, filled
/// as `mode` says; `value` is that of `zeros`.
Tensor pad(const Tensor &input, llvm::ArrayRef<int64_t> low,
           llvm::ArrayRef<int64_t> high, cnn::PaddingMode mode, double value);

} // namespace toeplitz::reference

#endif
