// Hyperbolic functions of f32 and their inverses, in f64.
//
// With m = e^|x| - 1, by x = n ln 2 + r as in VectorMath.cpp:
//   sinh x = (m + m / (m + 1)) / 2 with the sign of x,
//   cosh x = ((m + 1) + 1 / (m + 1)) / 2.
// With s(y) = log(1 + y):
//   asinh x = s(|x| + x^2 / (1 + sqrt(x^2 + 1))) with the sign of x,
//   acosh x = s(t + sqrt(t (t + 2))), t = x - 1,
//   atanh x = s(2 |x| / (1 - |x|)) / 2 with the sign of x.
// Nothing cancels in any of them (Kahan 1987, Branch cuts for complex
// elementary functions), and no square leaves the range of f64.

#include "compiler/Lowering/DoubleMath.h"

#include <limits>

using namespace mlir;

namespace toeplitz {

static constexpr double infinity = std::numeric_limits<double>::infinity();
static constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
static constexpr int exponentBias = 1023;
static constexpr double ln2 = 0.69314718055994531, log2OfE = 1.4426950408889634;

/// e^|x| - 1. From 90 on it is e^90, more than twice the largest f32.
static Value emitExpM1OfMagnitude(const FloatCode &code, Value x) {
  // ln 2 as a number of 33 bits, whose products with exponents are exact, and
  // the rest.
  constexpr double ln2High = 0x1.62e42feep-1, ln2Low = 1.9082149292705877e-10;
  Value size = code.atMost(code.magnitude(x), 90);
  Value shift = code.number(roundDoubleToInteger + exponentBias);
  Value shifted = code.fma(size, code.number(log2OfE), shift);
  Value n = code.sub(shifted, shift);
  Value r = code.fma(n, code.number(-ln2High), size);
  r = code.fma(n, code.number(-ln2Low), r);
  Value scale = emitScale(code, code.bitsOf(shifted));
  return code.fma(scale, emitSmallExpM1(code, r),
                  code.sub(scale, code.number(1)));
}

Value emitHyperbolicSine(const FloatCode &code, Value x) {
  Value m = emitExpM1OfMagnitude(code, x);
  Value twice = code.add(m, code.div(m, code.add(m, code.number(1))));
  return code.withSign(code.mul(twice, code.number(0.5)), x);
}

Value emitHyperbolicCosine(const FloatCode &code, Value x) {
  Value one = code.number(1);
  Value power = code.add(emitExpM1OfMagnitude(code, x), one);
  return code.mul(code.add(power, code.div(one, power)), code.number(0.5));
}

/// log(1 + y) for 0 <= y < 2^130: 1 + y = 2^k (1 + f) but for rounding, and f =
/// 2^-k y + (2^-k - 1) without any.
static Value emitLog1p(const FloatCode &code, Value y) {
  Value one = code.number(1);
  auto [k, biased] = emitExponent(code, code.add(y, one));
  Value scale =
      emitScale(code, code.subInteger(code.integer(2 * exponentBias), biased));
  Value f = code.fma(scale, y, code.sub(scale, one));
  return code.fma(k, code.number(ln2), emitSmallLog1p(code, f));
}

/// `result` where x is finite, x where it isn't.
static Value whereFinite(const FloatCode &code, Value result, Value x) {
  return code.select(
      code.compare(arith::CmpFPredicate::OLT, x, code.number(infinity)), result,
      x);
}

Value emitInverseHyperbolicSine(const FloatCode &code, Value x) {
  Value size = code.magnitude(x), one = code.number(1);
  Value square = code.mul(size, size);
  Value root = code.sqrt(code.add(square, one));
  Value y = code.add(size, code.div(square, code.add(root, one)));
  return code.withSign(whereFinite(code, emitLog1p(code, y), size), x);
}

Value emitInverseHyperbolicCosine(const FloatCode &code, Value x) {
  Value one = code.number(1);
  Value t = code.sub(x, one);
  Value root = code.sqrt(code.mul(t, code.add(t, code.number(2))));
  Value result = whereFinite(code, emitLog1p(code, code.add(t, root)), x);
  return code.select(code.compare(arith::CmpFPredicate::OLT, x, one),
                     code.number(notANumber), result);
}

Value emitInverseHyperbolicTangent(const FloatCode &code, Value x) {
  Value size = code.magnitude(x), one = code.number(1);
  Value y = code.div(code.add(size, size), code.sub(one, size));
  Value result = code.mul(emitLog1p(code, y), code.number(0.5));
  Value beyond = code.select(code.compare(arith::CmpFPredicate::OEQ, size, one),
                             code.number(infinity), code.number(notANumber));
  result = code.select(code.compare(arith::CmpFPredicate::OLT, size, one),
                       result, beyond);
  return code.withSign(result, x);
}

} // namespace toeplitz
