// Functions of double precision.

#ifndef TOEPLITZ_COMPILER_LOWERING_FLOAT64_FLOAT64MATH_H
#define TOEPLITZ_COMPILER_LOWERING_FLOAT64_FLOAT64MATH_H

#include "compiler/Lowering/Float64/DoubleDouble.h"

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// Replaces functions of f64, and of vectors of it with any number of lanes, by
/// arithmetic: no call and no table. For targets that have no libm. They must
/// have fused multiply-adds, or a function that computes them exactly.
///
/// | function | error in ulp | by |
/// |---|---|---|
/// | exp, exp2, expm1 | 1 | Exponentials.cpp |
/// | sinh, cosh, tanh | 1 | Exponentials.cpp |
/// | log, log1p, log2, log10 | 1 | Logarithms.cpp |
/// | asinh, acosh, atanh | 1 | Logarithms.cpp |
/// | powf, cbrt | 1 | Powers.cpp |
/// | sin, cos, tan, sincos | 1 | Trigonometry.cpp |
/// | asin, acos, atan, atan2 | 1 | Angles.cpp |
/// | erf | 1.5 | ErrorFunctions.cpp |
/// | erfc | 3 | ErrorFunctions.cpp |
/// | arith.remf | 0 | Remainder.cpp |
///
/// NaN, infinities, zeros of both signs and domain errors give what C99's annex
/// F asks for. Arguments below the smallest normal number are not flushed,
/// results underflow gradually, and overflow where the rounded exact value
/// does. Sines, cosines and tangents are as exact at the largest f64 as near
/// zero.
///
/// Numbers are split into high and low parts where rounding would cost, so that
/// the sum at the end is nearly the only rounding; series are Taylor's, with as
/// many terms as leave less than 2^-58.
///
/// test/numerics/test_float64_math.py measures all of it.
void populateFloat64MathPatterns(mlir::RewritePatternSet &patterns);

namespace float64 {

// What the patterns build.

Value emitExp(const FloatCode &code, Value x);
Value emitExp2(const FloatCode &code, Value x);
Value emitExpM1(const FloatCode &code, Value x);
Value emitHyperbolicSine(const FloatCode &code, Value x);
Value emitHyperbolicCosine(const FloatCode &code, Value x);
Value emitHyperbolicTangent(const FloatCode &code, Value x);

Value emitLog(const FloatCode &code, Value x);
Value emitLog2(const FloatCode &code, Value x);
Value emitLog10(const FloatCode &code, Value x);
Value emitLog1p(const FloatCode &code, Value x);
Value emitInverseHyperbolicSine(const FloatCode &code, Value x);
Value emitInverseHyperbolicCosine(const FloatCode &code, Value x);
Value emitInverseHyperbolicTangent(const FloatCode &code, Value x);

Value emitPower(const FloatCode &code, Value x, Value exponent);
Value emitCubeRoot(const FloatCode &code, Value x);

std::pair<Value, Value> emitSineAndCosine(const FloatCode &code, Value x);
Value emitSine(const FloatCode &code, Value x);
Value emitCosine(const FloatCode &code, Value x);
Value emitTangent(const FloatCode &code, Value x);

Value emitArcSine(const FloatCode &code, Value x);
Value emitArcCosine(const FloatCode &code, Value x);
Value emitArcTangent(const FloatCode &code, Value x);
/// The angle of the point (x, y), from -pi to pi.
Value emitAngle(const FloatCode &code, Value y, Value x);

Value emitErf(const FloatCode &code, Value x);
Value emitErfc(const FloatCode &code, Value x);

/// x - n y, where n is x / y rounded towards zero.
Value emitRemainder(const FloatCode &code, Value x, Value y);

// What families share.

/// x = n ln 2 + r with a whole number n and |r| <= ln 2 / 2 but for rounding.
struct Reduced {
  Value n;
  Pair r;
};
/// For |x| < 1100.
Reduced reduceExponent(const FloatCode &code, Pair x);
/// e^r - 1 for such an r, within 2^-58 of itself.
Pair emitSmallExpM1(const FloatCode &code, Pair r);
/// 2^n x for a whole number n, of size less than 2000, rounded once.
Value scaleByPower(const FloatCode &code, Value x, Value n);
/// The logarithm of a finite positive number, within 2^-64 of itself.
Pair emitLogarithm(const FloatCode &code, Value x);

} // namespace float64

} // namespace toeplitz

#endif
