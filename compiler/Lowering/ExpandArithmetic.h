// Arithmetic that LLVM has no instruction for, or one that traps.

#ifndef TOEPLITZ_COMPILER_LOWERING_EXPANDARITHMETIC_H
#define TOEPLITZ_COMPILER_LOWERING_EXPANDARITHMETIC_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// Divisions that round up or down; powers of integers; conversions of bf16
/// from and to anything but f32; the larger and the smaller of two numbers,
/// which of two zeros that is aside.
void populateExpandArithmeticPatterns(mlir::RewritePatternSet &patterns);

/// Conversions of bf16 from and to f32.
void populateExpandBfloat16Patterns(mlir::RewritePatternSet &patterns);

/// Makes integer divisions by zero give 0, and those of the smallest number by
/// -1 that number (and remainders 0), rather than a signal; the reference
/// evaluator says the same.
///
/// ONNX leaves their results undefined, but a network with a zero in its input
/// must not end the process that it runs in. Division by a constant costs
/// nothing more; others a comparison or three beside twenty or more cycles.
void guardDivisions(mlir::Operation *root);

} // namespace toeplitz

#endif
