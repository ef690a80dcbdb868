// Arithmetic on unevaluated sums of two f64.

#ifndef TOEPLITZ_COMPILER_LOWERING_FLOAT64_DOUBLEDOUBLE_H
#define TOEPLITZ_COMPILER_LOWERING_FLOAT64_DOUBLEDOUBLE_H

#include "compiler/Lowering/FloatCode.h"

namespace toeplitz::float64 {

using mlir::Value;

/// high + low, |low| at most half a unit in the last place of high: about 106
/// bits. Where high is infinite or no number, low may be no number.
struct Pair {
  Value high, low;
};

/// A constant in two parts.
Pair pairOf(const FloatCode &code, double high, double low = 0);
/// A number, exactly.
Pair pairOf(const FloatCode &code, Value number);

/// a + b, exactly.
Pair twoSum(const FloatCode &code, Value a, Value b);
/// The same where a is 0 or |a| >= |b|.
Pair quickSum(const FloatCode &code, Value a, Value b);
/// a b, exactly unless it underflows; takes a fused multiply-add.
Pair twoProduct(const FloatCode &code, Value a, Value b);

// Within 2^-102 of the result, sums of different signs within 2^-102 of the
// larger number.

Pair add(const FloatCode &code, Pair a, Pair b);
Pair subtract(const FloatCode &code, Pair a, Pair b);
Pair multiply(const FloatCode &code, Pair a, Pair b);
Pair divide(const FloatCode &code, Pair a, Pair b);
/// Of numbers that aren't negative.
Pair squareRoot(const FloatCode &code, Pair a);

/// Times a power of two, which is exact.
Pair scale(const FloatCode &code, Pair a, Value power);
Pair scale(const FloatCode &code, Pair a, double power);
Pair select(const FloatCode &code, Value condition, Pair a, Pair b);

} // namespace toeplitz::float64

#endif
