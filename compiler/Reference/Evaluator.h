// A naive evaluator of the cnn stage, in double precision: the oracle of the
// tests. It shares no code with the lowering, nor the arithmetic of output
// shapes, which it reads off the result types; every operator is written down
// as its definition says.

#ifndef TOEPLITZ_COMPILER_REFERENCE_EVALUATOR_H
#define TOEPLITZ_COMPILER_REFERENCE_EVALUATOR_H

#include "compiler/Reference/Tensor.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/LogicalResult.h"

namespace toeplitz::reference {

/// Evaluates function `main` of a module at the cnn stage on `inputs`, which
/// have the shapes of its arguments, and returns its results in their order.
/// Intermediate values live until their last use. Emits an error, at its
/// location, for an operation that this evaluator doesn't know and for inputs
/// that don't fit.
llvm::FailureOr<std::vector<Tensor>> evaluate(mlir::ModuleOp module,
                                              llvm::ArrayRef<Tensor> inputs);

} // namespace toeplitz::reference

#endif
