// The remainder of a division of f64, exactly: C's fmod.
//
// With |x| = a 2^i and |y| = b 2^j, a and b of 53 bits: the remainder of a 2^(i
// - j) by b times 2^j, where 11 bits of the power at a time are multiplied with
// the remainder so far, in integers of 64 bits.

#include "compiler/Lowering/Float64/Float64Math.h"

#include "compiler/Lowering/DoubleMath.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include <limits>

using namespace mlir;

namespace toeplitz::float64 {

static constexpr int mantissaBits = 52, exponentBias = 1023;
static constexpr uint64_t stepBits = 11;

namespace {
/// mantissa 2^(exponent - 1075).
struct Parts {
  Value mantissa, exponent;
};
} // namespace

/// Of a number that isn't negative, as integers; of zero, infinity and NaN the
/// mantissa is some number that isn't zero.
static Parts takeApart(const FloatCode &code, Value size) {
  constexpr uint64_t shift = 54;
  Value isSmall = code.compare(arith::CmpFPredicate::OLT, size,
                               code.number(std::numeric_limits<double>::min()));
  Value normal =
      code.select(isSmall, code.mul(size, code.number(0x1p54)), size);
  Value bits = code.bitsOf(normal);
  constexpr uint64_t hidden = uint64_t(1) << mantissaBits;
  Value mantissa = code.either(code.both(bits, code.integer(hidden - 1)),
                               code.integer(hidden));
  Value taken = code.select(isSmall, code.integer(shift), code.integer(0));
  return {mantissa,
          code.subInteger(code.shiftRight(bits, mantissaBits), taken)};
}

static Value remainder(const FloatCode &code, Value a, Value b) {
  return arith::RemUIOp::create(code.getBuilder(), code.getLocation(), a, b);
}

/// r 2^power mod b, for r < b.
static Value emitRemainderOfPower(const FloatCode &code, Value r, Value power,
                                  Value b) {
  using Predicate = arith::CmpIPredicate;
  Type type = r.getType();
  auto loop = scf::WhileOp::create(
      code.getBuilder(), code.getLocation(), TypeRange{type, type},
      ValueRange{r, power},
      [&](OpBuilder &builder, Location location, ValueRange carried) {
        FloatCode inside(builder, location, code.getFloats());
        Value isLeft =
            inside.compare(Predicate::sgt, carried[1], inside.integer(0));
        scf::ConditionOp::create(builder, location, inside.any(isLeft),
                                 carried);
      },
      [&](OpBuilder &builder, Location location, ValueRange carried) {
        FloatCode inside(builder, location, code.getFloats());
        Value left = carried[1], most = inside.integer(stepBits);
        Value step = inside.select(inside.compare(Predicate::slt, left, most),
                                   left, most);
        step = inside.select(
            inside.compare(Predicate::sgt, step, inside.integer(0)), step,
            inside.integer(0));
        Value next = remainder(inside, inside.shiftLeft(carried[0], step), b);
        scf::YieldOp::create(builder, location,
                             ValueRange{next, inside.subInteger(left, step)});
      });
  return loop.getResult(0);
}

/// r 2^exponent, exact.
static Value scaleExactly(const FloatCode &code, Value r, Value exponent) {
  Value half = code.shiftRightSigned(exponent, 1);
  auto power = [&](Value exponent) {
    return emitScale(code,
                     code.addInteger(exponent, code.integer(exponentBias)));
  };
  Value scaled = code.mul(code.toFloat(r), power(half));
  return code.mul(scaled, power(code.subInteger(exponent, half)));
}

Value emitRemainder(const FloatCode &code, Value x, Value y) {
  using Predicate = arith::CmpFPredicate;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Value size = code.magnitude(x), divisor = code.magnitude(y);
  Parts a = takeApart(code, size), b = takeApart(code, divisor);
  Value power = code.subInteger(a.exponent, b.exponent);
  Value r = remainder(code, a.mantissa, b.mantissa);
  r = emitRemainderOfPower(code, r, power, b.mantissa);
  Value exponent =
      code.subInteger(b.exponent, code.integer(exponentBias + mantissaBits));
  Value result = scaleExactly(code, r, exponent);
  // (Of infinite divisors as well.)
  Value isLess = code.compare(Predicate::OLT, size, divisor);
  result = code.select(isLess, size, result);
  Value isDefined = code.both(
      code.both(code.compare(Predicate::OLT, size, code.number(infinity)),
                code.compare(Predicate::OGT, divisor, code.number(0))),
      code.compare(Predicate::ORD, x, y));
  result = code.select(isDefined, result,
                       code.number(std::numeric_limits<double>::quiet_NaN()));
  return code.withSign(result, x);
}

} // namespace toeplitz::float64
