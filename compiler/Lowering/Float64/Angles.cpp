// Angles of f64.
//
// The angle of a point (x, y) in the first octant, 0 <= y <= x, is that of a
// number c plus arctan((y - c x) / (x + c y)). With c of 0, tan(pi/8) and 1 the
// quotient is at most tan(pi/16), and arctan is Taylor's series. A mirrored
// point has the angle pi/2 - a, or pi - a, or -a. The quotient and the sum are
// in two parts. With other functions as angles,
//   atan y: of (1, y), asin x: of (sqrt(1 - x^2), x), acos x: of (x, sqrt(1 -
//   x^2)).

#include "compiler/Lowering/Float64/Float64Math.h"

#include <limits>

using namespace mlir;

namespace toeplitz::float64 {

using Predicate = arith::CmpFPredicate;

// -1/3, 1/5, ... of t^2.
static constexpr double arcTangent[] = {
    -1.0 / 3,  1.0 / 5,  -1.0 / 7,  1.0 / 9,  -1.0 / 11, 1.0 / 13,
    -1.0 / 15, 1.0 / 17, -1.0 / 19, 1.0 / 21, -1.0 / 23};
/// pi in two parts.
static constexpr double pi = 0x1.921fb54442d18p1, piLow = 0x1.1a62633145c07p-53;
/// tan(pi/8), and its angle.
static constexpr double tangentOfEighth = 0x1.a827999fcef32p-2,
                        eighth = 0x1.921fb54442d18p-2,
                        eighthLow = 0x1.c398861b78b55p-59;
/// tan(pi/16) and tan(3 pi/16), about.
static constexpr double firstBorder = 0.1989, secondBorder = 0.6682;

/// Of a point whose coordinates aren't negative, and not both zero or infinite.
static Pair emitAngleInQuadrant(const FloatCode &code, Pair y, Pair x) {
  Value isSteep = code.compare(Predicate::OGT, y.high, x.high);
  Pair low = select(code, isSteep, x, y), high = select(code, isSteep, y, x);
  auto isAbove = [&](double border) {
    return code.compare(Predicate::OGT, low.high,
                        code.mul(high.high, code.number(border)));
  };
  Value isFirst = isAbove(firstBorder), isSecond = isAbove(secondBorder);
  auto choose = [&](double none, double first, double second) {
    Value value = code.select(isFirst, code.number(first), code.number(none));
    return code.select(isSecond, code.number(second), value);
  };
  Pair c = pairOf(code, choose(0, tangentOfEighth, 1));
  Pair t = divide(code, subtract(code, low, multiply(code, c, high)),
                  add(code, high, multiply(code, c, low)));
  Value square = code.mul(t.high, t.high);
  Value tail =
      code.mul(code.mul(t.high, square), code.polynomial(square, arcTangent));
  Pair sum = quickSum(code, choose(0, eighth, pi / 4), t.high);
  Value rest = code.add(choose(0, eighthLow, piLow / 4), t.low);
  rest = code.add(sum.low, code.add(rest, tail));
  Pair angle = quickSum(code, sum.high, rest);
  return select(code, isSteep,
                subtract(code, pairOf(code, pi / 2, piLow / 2), angle), angle);
}

/// Where `isLeft`, of the point mirrored to the left.
static Value emitAngleInHalf(const FloatCode &code, Pair y, Pair x,
                             Value isLeft) {
  Pair angle = emitAngleInQuadrant(code, y, x);
  Pair mirrored = subtract(code, pairOf(code, pi, piLow), angle);
  return code.select(isLeft, mirrored.high, angle.high);
}

static Value isNegative(const FloatCode &code, Value x) {
  // (Of -0 as well.)
  return code.compare(arith::CmpIPredicate::slt, code.bitsOf(x),
                      code.integer(0));
}

Value emitAngle(const FloatCode &code, Value y, Value x) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Value top = code.magnitude(y), right = code.magnitude(x);
  auto isInfinite = [&](Value size) {
    return code.compare(Predicate::OEQ, size, code.number(infinity));
  };
  // Beside infinity every number vanishes, and two infinities are equal. The
  // angle of (0, 0) is that of (1, 0).
  Value one = code.number(1), zero = code.number(0);
  Value topIsInfinite = isInfinite(top), rightIsInfinite = isInfinite(right);
  Value any = code.either(topIsInfinite, rightIsInfinite);
  auto limit = [&](Value size, Value isInfinite, Value other) {
    Value limited = code.select(isInfinite, one, zero);
    // Beside an infinity NaN stays.
    Value isNumber = code.compare(Predicate::ORD, size, other);
    return code.select(code.both(any, isNumber), limited, size);
  };
  Value limitedTop = limit(top, topIsInfinite, right);
  Value limitedRight = limit(right, rightIsInfinite, top);
  top = limitedTop;
  right = limitedRight;
  Value bothAreZero = code.both(code.compare(Predicate::OEQ, top, zero),
                                code.compare(Predicate::OEQ, right, zero));
  right = code.select(bothAreZero, one, right);
  // Neither products nor what they are rounded by may leave the range.
  Value larger =
      code.select(code.compare(Predicate::OGT, top, right), top, right);
  Value factor = code.select(
      code.compare(Predicate::OGT, larger, code.number(0x1p900)),
      code.number(0x1p-120),
      code.select(code.compare(Predicate::OLT, larger, code.number(0x1p-800)),
                  code.number(0x1p200), one));
  Value angle = emitAngleInHalf(code, pairOf(code, code.mul(top, factor)),
                                pairOf(code, code.mul(right, factor)),
                                isNegative(code, x));
  return code.withSign(angle, y);
}

Value emitArcTangent(const FloatCode &code, Value x) {
  // From here on it is a quarter turn.
  Value size = code.atMost(code.magnitude(x), 0x1p100);
  Pair angle = emitAngleInQuadrant(code, pairOf(code, size), pairOf(code, 1));
  return code.withSign(angle.high, x);
}

/// sqrt(1 - x^2), no number where |x| > 1.
static Pair emitOtherSide(const FloatCode &code, Value size) {
  Value one = code.number(1);
  return squareRoot(code, multiply(code, twoSum(code, one, code.negate(size)),
                                   twoSum(code, one, size)));
}

/// NaN of what is no sine.
static Value withinSines(const FloatCode &code, Value angle, Value size) {
  return code.select(code.compare(Predicate::OLE, size, code.number(1)), angle,
                     code.number(std::numeric_limits<double>::quiet_NaN()));
}

Value emitArcSine(const FloatCode &code, Value x) {
  Value size = code.magnitude(x);
  Pair angle =
      emitAngleInQuadrant(code, pairOf(code, size), emitOtherSide(code, size));
  return code.withSign(withinSines(code, angle.high, size), x);
}

Value emitArcCosine(const FloatCode &code, Value x) {
  Value size = code.magnitude(x);
  Value angle = emitAngleInHalf(code, emitOtherSide(code, size),
                                pairOf(code, size), isNegative(code, x));
  return withinSines(code, angle, size);
}

} // namespace toeplitz::float64
