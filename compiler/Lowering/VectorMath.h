// Transcendental functions in arithmetic, with a stated error.

#ifndef TOEPLITZ_COMPILER_LOWERING_VECTORMATH_H
#define TOEPLITZ_COMPILER_LOWERING_VECTORMATH_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// Replaces math.exp, expm1, log, log1p, tanh and erf of f32, and of vectors of
/// it with any number of lanes, by additions, multiplications, shifts and
/// selections: no call, no table, no branch, and the same bits for an element
/// whether it lies in a vector or not.
///
/// The largest error in units in the last place of the exact result (ulp), with
/// fused multiply-adds / without:
///
/// | function | error | range of the result |
/// |---|---|---|
/// | exp | 1 / 1.25 | [0, infinity] |
/// | expm1 | 2 | [-1, infinity] |
/// | log | 1 / 1.25 | |
/// | log1p | 1.5 | |
/// | tanh | 3 | [-1, 1] |
/// | erf | 3 / 3.25 | [-1, 1] |
/// | 1 / (1 + exp(-x)) | 2.5 | [0, 1] |
/// | max(x, 0) + log1p(exp(-abs(x))) | 4 | [0, infinity] |
///
/// NaN gives NaN, infinities and zeros (expm1(-0) is 0) what IEEE 754-2019
/// (section 9.2.1) asks for, arguments below the smallest normal number are not
/// flushed, exp underflows gradually and overflows to infinity where the exact
/// value does.
///
/// The last two are recognised for cheaper forms: in 1 + exp(x) powers below
/// the smallest normal number may be 0, and those from 2^127.5 on are infinite;
/// log1p(exp(-abs(x))) needs no more than the interval [0, 1]. Their results
/// below the smallest normal number may be 0.
///
/// test/numerics/test_vector_math.py measures all of it against double
/// precision at every exponent.
void populateVectorMathPatterns(mlir::RewritePatternSet &patterns);

/// e^x of f32, or a vector of it, for x <= 0: within 1 ulp (1.25 without fused
/// multiply-adds), and 0 where the exact value is less than the smallest normal
/// number. Three quarters of the work of math.exp.
mlir::Value emitExpOfNegative(mlir::OpBuilder &builder, mlir::Location location,
                              mlir::Value x);

} // namespace toeplitz

#endif
