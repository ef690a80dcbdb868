// Exponentials and hyperbolic functions of f64.
//
// x = n ln 2 + r, with ln 2 in a part of 42 bits, whose products with n are
// exact, and one of 53 bits (Cody and Waite 1980, Software Manual for the
// Elementary Functions, chapter 6), so that r is known to 2^-90. With e^r - 1 =
// r + r^2/2 + r^3 T(r), of which the first two terms are computed in two parts:
//   e^x = 2^n (1 + (e^r - 1)), e^x - 1 = 2^n (e^r - 1) + (2^n - 1).
// With m = e^|x| - 1:
//   sinh x = (m + m / (m + 1)) / 2 with the sign of x,
//   cosh x = ((m + 1) + 1 / (m + 1)) / 2,
//   tanh x = M / (M + 2), M = e^|2x| - 1, with the sign of x.

#include "compiler/Lowering/Float64/Float64Math.h"

#include "compiler/Lowering/DoubleMath.h"

using namespace mlir;

namespace toeplitz::float64 {

static constexpr double ln2High = 0x1.62e42fefa3800p-1,
                        ln2Low = 0x1.ef35793c7673p-45;
static constexpr double log2OfE = 0x1.71547652b82fep0;
static constexpr double exponentBias = 1023;

/// 1 / 3!, 1 / 4!, ... of r^3 and up.
static constexpr double exponential[] = {
    1.0 / 6,        1.0 / 24,        1.0 / 120,       1.0 / 720,
    1.0 / 5040,     1.0 / 40320,     1.0 / 362880,    1.0 / 3628800,
    1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};

static Value roundToWhole(const FloatCode &code, Value x) {
  Value shift = code.number(roundDoubleToInteger);
  return code.sub(code.add(x, shift), shift);
}

/// 2^n, a normal number.
static Value emitPowerOfWhole(const FloatCode &code, Value n) {
  Value shift = code.number(roundDoubleToInteger + exponentBias);
  return emitScale(code, code.bitsOf(code.add(n, shift)));
}

Value scaleByPower(const FloatCode &code, Value x, Value n) {
  Value half = roundToWhole(code, code.mul(n, code.number(0.5)));
  Value scaled = code.mul(x, emitPowerOfWhole(code, half));
  return code.mul(scaled, emitPowerOfWhole(code, code.sub(n, half)));
}

Reduced reduceExponent(const FloatCode &code, Pair x) {
  Value n = roundToWhole(code, code.mul(x.high, code.number(log2OfE)));
  Value first = code.fma(n, code.number(-ln2High), x.high);
  Pair rest = twoProduct(code, n, code.number(-ln2Low));
  Pair r = twoSum(code, first, rest.high);
  Value low = code.add(r.low, code.add(x.low, rest.low));
  return {n, quickSum(code, r.high, low)};
}

Pair emitSmallExpM1(const FloatCode &code, Pair r) {
  Pair square = twoProduct(code, r.high, code.mul(r.high, code.number(0.5)));
  Value cube = code.mul(code.mul(r.high, r.high), r.high);
  Value tail = code.mul(cube, code.polynomial(r.high, exponential));
  Pair sum = quickSum(code, r.high, square.high);
  // The power of the low part is 1 + itself.
  Value low = code.fma(r.low, r.high, r.low);
  low = code.add(low, code.add(square.low, tail));
  return quickSum(code, sum.high, code.add(sum.low, low));
}

/// e^r.
static Pair emitSmallExp(const FloatCode &code, Pair r) {
  Pair rest = emitSmallExpM1(code, r);
  Pair sum = quickSum(code, code.number(1), rest.high);
  return quickSum(code, sum.high, code.add(sum.low, rest.low));
}

/// 2^n (m + 1) - 1 for a number m = e^r - 1 and -60 <= n <= 60.
static Pair emitScaledM1(const FloatCode &code, Value n, Pair m) {
  Value power = emitPowerOfWhole(code, n);
  Pair sum =
      twoSum(code, code.sub(power, code.number(1)), code.mul(power, m.high));
  return quickSum(code, sum.high, code.fma(power, m.low, sum.low));
}

Value emitExp(const FloatCode &code, Value x) {
  // Beyond these it is 0 or infinite.
  x = code.atMost(code.atLeast(x, -746), 710);
  auto [n, r] = reduceExponent(code, pairOf(code, x));
  return scaleByPower(code, emitSmallExp(code, r).high, n);
}

Value emitExp2(const FloatCode &code, Value x) {
  x = code.atMost(code.atLeast(x, -1076), 1025);
  Value n = roundToWhole(code, x);
  constexpr double high = 0x1.62e42fefa39efp-1, low = 0x1.abc9e3b39803fp-56;
  Pair r =
      multiply(code, pairOf(code, code.sub(x, n)), pairOf(code, high, low));
  return scaleByPower(code, emitSmallExp(code, r).high, n);
}

Value emitExpM1(const FloatCode &code, Value x) {
  Value inRange = code.atMost(code.atLeast(x, -40), 710);
  auto [n, r] = reduceExponent(code, pairOf(code, inRange));
  Pair m = emitSmallExpM1(code, r);
  // With half the power, which is finite for all results that are.
  Value half = emitPowerOfWhole(code, code.sub(n, code.number(1)));
  Pair sum =
      twoSum(code, code.sub(half, code.number(0.5)), code.mul(half, m.high));
  Value result = code.add(sum.high, code.fma(half, m.low, sum.low));
  return code.withSign(code.add(result, result), x);
}

/// e^x, |x| <= 1000, and e^x - 1 where x < 22.
namespace {
struct HyperbolicParts {
  Value n;
  Pair small, minusOne;
};
} // namespace

/// From 22 on the smaller exponential is lost beside the larger.
static constexpr double largestSmall = 22;

static HyperbolicParts emitParts(const FloatCode &code, Value size) {
  auto [n, r] = reduceExponent(code, pairOf(code, size));
  Pair m = emitSmallExpM1(code, r);
  Pair sum = quickSum(code, code.number(1), m.high);
  return {n, quickSum(code, sum.high, code.add(sum.low, m.low)),
          emitScaledM1(code, code.atMost(n, 60), m)};
}

/// `small` up to 22, from there on half the exponential.
static Value emitHalf(const FloatCode &code, Value size,
                      const HyperbolicParts &parts, Pair twice) {
  Value large =
      scaleByPower(code, parts.small.high, code.sub(parts.n, code.number(1)));
  return code.select(
      code.compare(arith::CmpFPredicate::OLT, size, code.number(largestSmall)),
      code.mul(twice.high, code.number(0.5)), large);
}

Value emitHyperbolicSine(const FloatCode &code, Value x) {
  Value size = code.atMost(code.magnitude(x), 712);
  HyperbolicParts parts = emitParts(code, size);
  Pair m = parts.minusOne;
  Pair twice = add(code, m, divide(code, m, add(code, m, pairOf(code, 1))));
  return code.withSign(emitHalf(code, size, parts, twice), x);
}

Value emitHyperbolicCosine(const FloatCode &code, Value x) {
  Value size = code.atMost(code.magnitude(x), 712);
  HyperbolicParts parts = emitParts(code, size);
  Pair one = pairOf(code, 1), power = add(code, parts.minusOne, one);
  Pair twice = add(code, power, divide(code, one, power));
  return emitHalf(code, size, parts, twice);
}

Value emitHyperbolicTangent(const FloatCode &code, Value x) {
  Value size = code.atMost(code.magnitude(x), largestSmall);
  auto [n, r] = reduceExponent(code, pairOf(code, code.add(size, size)));
  Pair m = emitScaledM1(code, code.atMost(n, 64), emitSmallExpM1(code, r));
  Pair quotient = divide(code, m, add(code, m, pairOf(code, 2)));
  return code.withSign(quotient.high, x);
}

} // namespace toeplitz::float64
