// Angles of f32 in f64.
//
// The angle a of a point (x, y) in the first octant, 0 <= y <= x: up to an
// eighth of a half turn arctan(y / x), beyond it pi/4 + arctan((y - x) / (y +
// x)), so that arctan is a polynomial for numbers below tan(pi/8). A mirrored
// point has the angle pi/2 - a, or pi - a, or -a. atan y is the angle of (1,
// y).
//
// test/support/minimax.py derives the coefficients.

#include "compiler/Lowering/DoubleMath.h"

using namespace mlir;

namespace toeplitz {

// (arctan t / t - 1) / t^2, of t^2.
static constexpr double arcTangent[] = {
    -0.3333333333169593,   0.19999999685415015,   -0.14285693584681161,
    0.11110449692574345,   -0.090791336713470519, 0.075685109797659897,
    -0.058909480417057659, 0.030893012205227267};
static constexpr double pi = 3.1415926535897931;
static constexpr double tangentOfEighth = 0.41421356237309503;

/// Of a point whose coordinates aren't negative.
static Value emitAngleInQuadrant(const FloatCode &code, Value y, Value x) {
  using Predicate = arith::CmpFPredicate;
  Value isSteep = code.compare(Predicate::OGT, y, x);
  Value low = code.select(isSteep, x, y), high = code.select(isSteep, y, x);
  Value isBeyond = code.compare(Predicate::OGT, low,
                                code.mul(high, code.number(tangentOfEighth)));
  Value top = code.select(isBeyond, code.sub(low, high), low);
  Value bottom = code.select(isBeyond, code.add(low, high), high);
  // The angle of (0, 0) is that of (1, 0).
  Value zero = code.number(0);
  Value isZero = code.compare(Predicate::OEQ, bottom, zero);
  Value t = code.div(top, code.select(isZero, code.number(1), bottom));
  Value square = code.mul(t, t);
  Value angle =
      code.fma(code.mul(t, square), code.polynomial(square, arcTangent), t);
  angle = code.add(angle, code.select(isBeyond, code.number(pi / 4), zero));
  return code.select(isSteep, code.sub(code.number(pi / 2), angle), angle);
}

Value emitAngle(const FloatCode &code, Value y, Value x) {
  // Beside infinity every f32 vanishes, and two infinities are equal.
  constexpr double large = 0x1p400;
  Value angle = emitAngleInQuadrant(code, code.atMost(code.magnitude(y), large),
                                    code.atMost(code.magnitude(x), large));
  // (Of -0 as well.)
  Value isLeft =
      code.compare(arith::CmpIPredicate::slt, code.bitsOf(x), code.integer(0));
  angle = code.select(isLeft, code.sub(code.number(pi), angle), angle);
  return code.withSign(angle, y);
}

Value emitArcTangent(const FloatCode &code, Value x) {
  return emitAngle(code, x, code.number(1));
}

} // namespace toeplitz
