// Functions of single precision, computed in double precision.

#ifndef TOEPLITZ_COMPILER_LOWERING_DOUBLEMATH_H
#define TOEPLITZ_COMPILER_LOWERING_DOUBLEMATH_H

#include "compiler/Lowering/FloatCode.h"

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// Replaces functions of f32, and of vectors of it with any number of lanes, by
/// arithmetic in f64 whose result is rounded once: no call and no table, with
/// fused multiply-adds or without, and the same value for an element whether it
/// lies in a vector or not.
///
/// | function | error in ulp | by |
/// |---|---|---|
/// | sin, cos, tan, sincos | 0.51 | Trigonometry.cpp |
/// | atan, atan2 | 0.51 | InverseTrigonometry.cpp |
/// | sinh, cosh, asinh, acosh, atanh | 0.51 | Hyperbolic.cpp |
/// | exp2, log2, log10, powf, cbrt | 0.51 | Powers.cpp |
/// | arith.remf (of f16 and bf16 too) | 0 | Remainder.cpp |
///
/// NaN, infinities, zeros of both signs and domain errors give what C99's annex
/// F asks for, arguments below the smallest normal number are not flushed,
/// results underflow gradually and overflow where the rounded exact value does.
/// Sines, cosines and tangents are as exact at the largest f32 as near zero.
///
/// Where anything must be done for few arguments alone (turns taken off numbers
/// from 2^20 on, remainders of quotients from 2^29 on), a branch asks whether
/// any lane needs it.
///
/// test/numerics/test_double_math.py measures all of it.
void populateDoubleMathPatterns(mlir::RewritePatternSet &patterns);

/// The same for powers with exponents that the compiler doesn't know: without
/// them populateDoubleMathPatterns leaves those as they are.
void populateGeneralPowerPattern(mlir::RewritePatternSet &patterns);

// What the patterns build, of f64 that holds numbers of f32 and is rounded to
// f32 afterwards.

mlir::Value emitSine(const FloatCode &code, mlir::Value x);
mlir::Value emitCosine(const FloatCode &code, mlir::Value x);
mlir::Value emitTangent(const FloatCode &code, mlir::Value x);
/// Sine and cosine.
std::pair<mlir::Value, mlir::Value> emitSineAndCosine(const FloatCode &code,
                                                      mlir::Value x);

mlir::Value emitArcTangent(const FloatCode &code, mlir::Value x);
/// The angle of the point (x, y), from -pi to pi.
mlir::Value emitAngle(const FloatCode &code, mlir::Value y, mlir::Value x);

mlir::Value emitHyperbolicSine(const FloatCode &code, mlir::Value x);
mlir::Value emitHyperbolicCosine(const FloatCode &code, mlir::Value x);
mlir::Value emitInverseHyperbolicSine(const FloatCode &code, mlir::Value x);
mlir::Value emitInverseHyperbolicCosine(const FloatCode &code, mlir::Value x);
mlir::Value emitInverseHyperbolicTangent(const FloatCode &code, mlir::Value x);

mlir::Value emitPowerOfTwo(const FloatCode &code, mlir::Value x);
mlir::Value emitLogarithmToBase2(const FloatCode &code, mlir::Value x);
mlir::Value emitLogarithmToBase10(const FloatCode &code, mlir::Value x);
mlir::Value emitCubeRoot(const FloatCode &code, mlir::Value x);
mlir::Value emitPower(const FloatCode &code, mlir::Value x,
                      mlir::Value exponent);
/// Whether an exponent is 1/2, -1/2 or a whole number of at most 6.
bool isSmallExponent(double exponent);
/// x^exponent for one of those, in f32 or f64.
mlir::Value emitPowerOf(const FloatCode &code, mlir::Value x, double exponent);

/// x - n y, where n is x / y rounded towards zero.
mlir::Value emitRemainder(const FloatCode &code, mlir::Value x, mlir::Value y);

// What families share.

/// e^r - 1 for |r| <= ln 2 / 2.
mlir::Value emitSmallExpM1(const FloatCode &code, mlir::Value r);
/// 2^n of an integer n, to which the exponent's bias has been added.
mlir::Value emitScale(const FloatCode &code, mlir::Value biasedExponent);

/// x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2).
struct BinaryLogarithm {
  mlir::Value k, biasedExponent;
};
/// k of a positive number, as a number and as an integer with the bias.
BinaryLogarithm emitExponent(const FloatCode &code, mlir::Value x);
/// log(1 + f).
mlir::Value emitSmallLog1p(const FloatCode &code, mlir::Value f);

/// Adding it to a number of moderate size rounds that to a whole number, which
/// then stands in the last bits of the sum.
constexpr double roundDoubleToInteger = 0x1.8p52;

} // namespace toeplitz

#endif
