// Powers of f64: |x|^y = e^(y log |x|). The logarithm is within 2^-64 of
// itself, and so is the product, at most 746 where the power is a number of
// f64: the power is within 2^-54 but for its own rounding.

#include "compiler/Lowering/Float64/Float64Math.h"

#include "compiler/Lowering/DoubleMath.h"

#include <limits>

using namespace mlir;

namespace toeplitz::float64 {

using Predicate = arith::CmpFPredicate;

static constexpr double infinity = std::numeric_limits<double>::infinity();

/// size^exponent for a number that isn't negative, and an exponent of at most
/// 2^70: beyond that all powers but those of 1 are 0 or infinite.
static Value emitPowerOfSize(const FloatCode &code, Value size, Pair exponent) {
  Value zero = code.number(0);
  Value isFinite =
      code.both(code.compare(Predicate::OGT, size, zero),
                code.compare(Predicate::OLT, size, code.number(infinity)));
  Pair logarithm =
      emitLogarithm(code, code.select(isFinite, size, code.number(1)));
  // Of 0 and infinity more than any exponent is the logarithm of.
  Value isZero = code.compare(Predicate::OEQ, size, zero);
  Value extreme =
      code.select(isZero, code.number(-0x1p200), code.number(0x1p200));
  logarithm = select(code, isFinite, logarithm, pairOf(code, extreme));
  Pair product = multiply(code, logarithm, exponent);
  // (An infinity times a tiny exponent is none that has a power in range.)
  Value high = code.atMost(code.atLeast(product.high, -746), 710);
  Value isInRange = code.compare(Predicate::OEQ, high, product.high);
  Pair inRange = {high, code.select(isInRange, product.low, zero)};
  auto [n, r] = reduceExponent(code, inRange);
  Pair rest = emitSmallExpM1(code, r);
  Pair sum = quickSum(code, code.number(1), rest.high);
  Value small = code.add(sum.high, code.add(sum.low, rest.low));
  Value result = scaleByPower(code, small, n);
  Value isNaN = code.compare(Predicate::UNO, size, exponent.high);
  return code.select(
      isNaN, code.number(std::numeric_limits<double>::quiet_NaN()), result);
}

Value emitPower(const FloatCode &code, Value x, Value exponent) {
  Value zero = code.number(0), one = code.number(1);
  Value y = code.atMost(code.atLeast(exponent, -0x1p70), 0x1p70);
  Value size = code.magnitude(x);
  Value power = emitPowerOfSize(code, size, pairOf(code, y));
  // Of 0 and infinity every power is 0 or infinite, whatever small an exponent.
  Value isExtreme =
      code.either(code.compare(Predicate::OEQ, size, zero),
                  code.compare(Predicate::OEQ, size, code.number(infinity)));
  Value grows = code.differing(code.compare(Predicate::OEQ, size, zero),
                               code.compare(Predicate::OGT, y, zero));
  Value isNumber = code.compare(Predicate::ORD, y, y);
  power = code.select(code.both(isExtreme, isNumber),
                      code.select(grows, code.number(infinity), zero), power);
  // From 2^53 on all numbers are even; below 2^51 rounding says which are whole
  // numbers, and half of a number which are even.
  auto isWhole = [&](Value number) {
    Value shift = code.number(0x1p52);
    Value size = code.magnitude(number);
    Value rounded = code.sub(code.add(size, shift), shift);
    return code.either(code.compare(Predicate::OGE, size, code.number(0x1p52)),
                       code.compare(Predicate::OEQ, rounded, size));
  };
  Value whole = isWhole(y);
  Value isEven = isWhole(code.mul(y, code.number(0.5)));
  Value isNegative =
      code.both(code.compare(Predicate::OLT, x, zero),
                code.compare(Predicate::OGT, x, code.number(-infinity)));
  Value result = code.select(isEven, power, code.withSign(power, x));
  Value notANumber = code.number(std::numeric_limits<double>::quiet_NaN());
  // -0 and -infinity have powers of all exponents, without their sign.
  result =
      code.select(whole, result, code.select(isNegative, notANumber, power));
  // Of NaN as well.
  Value isOne = code.either(code.compare(Predicate::OEQ, x, one),
                            code.compare(Predicate::OEQ, y, zero));
  return code.select(isOne, one, result);
}

Value emitCubeRoot(const FloatCode &code, Value x) {
  Value size = code.magnitude(x);
  Value root = emitPowerOfSize(
      code, size, pairOf(code, 0x1.5555555555555p-2, 0x1.5555555555555p-56));
  Value isExtreme =
      code.either(code.compare(Predicate::OEQ, size, code.number(0)),
                  code.compare(Predicate::OEQ, size, code.number(infinity)));
  return code.withSign(code.select(isExtreme, size, root), x);
}

} // namespace toeplitz::float64
