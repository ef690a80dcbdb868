// A naive evaluator of the cnn stage: the oracle of the tests. It shares no
// code with the lowering, nor the arithmetic of output shapes, which it reads
// off the result types; every operator is written down as its definition says.
//
// It knows the operations of cnn on f32, and upstream's arith, math, tensor,
// linalg, scf.for, scf.while and scf.if on f16, bf16, f32, f64, integers of 1,
// 8, 16, 32 and 64 bits, and indices. A function is compiled to instructions on
// whole tensors (Program.h), the body of a linalg.generic to instructions that
// compute many of its points at once (Iteration.h).

#ifndef TOEPLITZ_COMPILER_REFERENCE_EVALUATOR_H
#define TOEPLITZ_COMPILER_REFERENCE_EVALUATOR_H

#include "compiler/Reference/Arithmetic.h"
#include "compiler/Reference/Tensor.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/LogicalResult.h"

namespace toeplitz::reference {

/// Evaluates function `main` of a module at the cnn stage on `inputs`, which
/// have the types of its arguments, and returns its results in their order.
/// Intermediate values live until their last use. Emits an error, at its
/// location, for an operation that this evaluator doesn't know, for inputs that
/// don't fit, and for an index that leaves its tensor.
llvm::FailureOr<std::vector<Tensor>>
evaluate(mlir::ModuleOp module, llvm::ArrayRef<Tensor> inputs,
         Precision precision = Precision::Oracle);

} // namespace toeplitz::reference

#endif
