// Logarithms and inverse hyperbolic functions of f64.
//
// x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), and
//   log(1 + f) = 2 artanh(s) = 2 s (1 + s^2/3 + s^4/5 + ...), s = f / (2 + f),
// of which the first two terms are computed in two parts. k ln 2 is as in
// Exponentials.cpp. With s(y) = log(1 + y):
//   asinh x = s(|x| + x^2 / (1 + sqrt(x^2 + 1))) with the sign of x,
//   acosh x = s(t + sqrt(t (t + 2))), t = x - 1,
//   atanh x = s(2 |x| / (1 - |x|)) / 2 with the sign of x,
// where nothing cancels (Kahan 1987, Branch cuts for complex elementary
// functions); from 2^30 on the first two are log |2x|.

#include "compiler/Lowering/Float64/Float64Math.h"

#include "compiler/Lowering/DoubleMath.h"

#include <limits>

using namespace mlir;

namespace toeplitz::float64 {

using Predicate = arith::CmpFPredicate;

static constexpr double infinity = std::numeric_limits<double>::infinity();
static constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
static constexpr double ln2High = 0x1.62e42fefa3800p-1,
                        ln2Low = 0x1.ef35793c7673p-45;
static constexpr int mantissaBits = 52, exponentBias = 1023;

/// 1/5, 1/7, ... of s^4 and up.
static constexpr double areaTangent[] = {1.0 / 5,  1.0 / 7,  1.0 / 9,  1.0 / 11,
                                         1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19,
                                         1.0 / 21, 1.0 / 23, 1.0 / 25};

namespace {
/// 2^k (1 + f).
struct Split {
  Value k;
  Pair f;
};
} // namespace

/// log(1 + f).
static Pair emitSmallLog(const FloatCode &code, Pair f) {
  Pair two = pairOf(code, 2);
  Pair s = divide(code, f, add(code, two, f));
  Pair square = multiply(code, s, s);
  Pair third = multiply(
      code, square, pairOf(code, 0x1.5555555555555p-2, 0x1.5555555555555p-56));
  Value tail = code.mul(code.mul(square.high, square.high),
                        code.polynomial(square.high, areaTangent));
  Pair rest = quickSum(code, third.high, tail);
  rest = quickSum(code, rest.high, code.add(rest.low, third.low));
  Pair twice = scale(code, s, 2);
  Pair product = multiply(code, twice, rest);
  Pair sum = quickSum(code, twice.high, product.high);
  Value low = code.add(sum.low, code.add(twice.low, product.low));
  // Half of a tiny f would lose bits, and nothing else of it is left.
  Value isTiny = code.compare(Predicate::OLT, code.magnitude(f.high),
                              code.number(0x1p-500));
  return select(code, isTiny, f, quickSum(code, sum.high, low));
}

/// k ln 2 + log(1 + f).
static Pair emitLogarithm(const FloatCode &code, const Split &split) {
  Pair small = emitSmallLog(code, split.f);
  Pair sum = twoSum(code, code.mul(split.k, code.number(ln2High)), small.high);
  Value low = code.fma(split.k, code.number(ln2Low), small.low);
  return quickSum(code, sum.high, code.add(sum.low, low));
}

/// Of a finite positive number.
static Split splitNumber(const FloatCode &code, Value x) {
  // Below the smallest normal number the exponent doesn't say how large x is.
  constexpr double shift = 54;
  Value isSmall = code.compare(Predicate::OLT, x,
                               code.number(std::numeric_limits<double>::min()));
  Value normal = code.select(isSmall, code.mul(x, code.number(0x1p54)), x);
  auto [k, biased] = emitExponent(code, normal);
  Value exponent = code.shiftLeft(
      code.subInteger(biased, code.integer(exponentBias)), mantissaBits);
  Value m = code.fromBits(code.subInteger(code.bitsOf(normal), exponent));
  k = code.sub(k, code.select(isSmall, code.number(shift), code.number(0)));
  return {k, pairOf(code, code.sub(m, code.number(1)))};
}

/// Of 1 + y, for -1 < y < 2^100.
static Split splitSum(const FloatCode &code, Pair y) {
  Pair sum = twoSum(code, code.number(1), y.high);
  sum = quickSum(code, sum.high, code.add(sum.low, y.low));
  auto [k, biased] = emitExponent(code, sum.high);
  Value power =
      emitScale(code, code.subInteger(code.integer(2 * exponentBias), biased));
  Pair f = scale(code, sum, power);
  f = quickSum(code, code.sub(f.high, code.number(1)), f.low);
  // The sum has lost what is below its last place: where it isn't scaled, f is
  // y itself.
  Value isNear = code.compare(Predicate::OEQ, k, code.number(0));
  return {k, select(code, isNear, y, f)};
}

Pair emitLogarithm(const FloatCode &code, Value x) {
  return emitLogarithm(code, splitNumber(code, x));
}

Value emitLog(const FloatCode &code, Value x) {
  return code.withBorders(emitLogarithm(code, x).high, x, 0);
}

Value emitLog2(const FloatCode &code, Value x) {
  Split split = splitNumber(code, x);
  Pair small =
      multiply(code, emitSmallLog(code, split.f),
               pairOf(code, 0x1.71547652b82fep0, 0x1.777d0ffda0d24p-56));
  Pair sum = twoSum(code, split.k, small.high);
  Value result = code.add(sum.high, code.add(sum.low, small.low));
  return code.withBorders(result, x, 0);
}

Value emitLog10(const FloatCode &code, Value x) {
  Pair result =
      multiply(code, emitLogarithm(code, x),
               pairOf(code, 0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57));
  return code.withBorders(result.high, x, 0);
}

Value emitLog1p(const FloatCode &code, Value x) {
  // Large numbers have no 1 to add.
  Value isLarge = code.compare(Predicate::OGE, x, code.number(0x1p60));
  Split large = splitNumber(code, x);
  Split near = splitSum(code, pairOf(code, code.atMost(x, 0x1p60)));
  Split split = {code.select(isLarge, large.k, near.k),
                 select(code, isLarge, large.f, near.f)};
  Value result = code.withBorders(emitLogarithm(code, split).high, x, -1);
  // (-0 is 0 for the sums.)
  return code.select(code.compare(Predicate::OEQ, x, code.number(0)), x,
                     result);
}

/// From here on asinh and acosh are log |2x| in f64.
static constexpr double largeNumber = 0x1p30;

/// log(1 + y), or log(2 size) where that is large; infinity and NaN stay.
static Value emitInverse(const FloatCode &code, Value size, Pair y) {
  Value isLarge = code.compare(Predicate::OGE, size, code.number(largeNumber));
  Split large = splitNumber(code, size), near = splitSum(code, y);
  Value twice = code.add(large.k, code.number(1));
  Split split = {code.select(isLarge, twice, near.k),
                 select(code, isLarge, large.f, near.f)};
  Value result = emitLogarithm(code, split).high;
  return code.select(code.compare(Predicate::OLT, size, code.number(infinity)),
                     result, size);
}

Value emitInverseHyperbolicSine(const FloatCode &code, Value x) {
  Value size = code.magnitude(x);
  Pair one = pairOf(code, 1);
  Pair near = pairOf(code, code.atMost(size, largeNumber));
  Pair square = multiply(code, near, near);
  Pair root = squareRoot(code, add(code, square, one));
  Pair y = add(code, near, divide(code, square, add(code, root, one)));
  return code.withSign(emitInverse(code, size, y), x);
}

Value emitInverseHyperbolicCosine(const FloatCode &code, Value x) {
  Value one = code.number(1);
  Pair t = twoSum(code, code.atMost(x, largeNumber), code.number(-1));
  Pair product = multiply(code, t, add(code, t, pairOf(code, 2)));
  Pair y = add(code, t, squareRoot(code, product));
  return code.select(code.compare(Predicate::OLT, x, one),
                     code.number(notANumber), emitInverse(code, x, y));
}

Value emitInverseHyperbolicTangent(const FloatCode &code, Value x) {
  Value size = code.magnitude(x), one = code.number(1);
  Pair rest = twoSum(code, one, code.negate(size));
  Pair y = divide(code, pairOf(code, code.add(size, size)), rest);
  Value result =
      code.mul(emitLogarithm(code, splitSum(code, y)).high, code.number(0.5));
  Value beyond = code.select(code.compare(Predicate::OEQ, size, one),
                             code.number(infinity), code.number(notANumber));
  result = code.select(code.compare(Predicate::OLT, size, one), result, beyond);
  return code.withSign(result, x);
}

} // namespace toeplitz::float64
