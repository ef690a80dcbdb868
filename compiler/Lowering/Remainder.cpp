// The remainder of a division of f32 in f64, exactly: C's fmod.
//
// The quotient is taken off 29 bits at a time: while r < 2^29 d with d = 2^29i
// |y|, r becomes r - n d with the whole number n that is nearest to r / d, and
// d more if that is negative. n has 29 bits and d 24, so that n d is exact; and
// r and d are multiples of the last places of x or of d, of which r < d has at
// most 24 bits, so that the difference is.
//
// Quotients of f32 are less than 2^277, ten times 29 bits. Nearly all are less
// than 2^29: the nine steps before the last are taken if any lane needs them.

#include "compiler/Lowering/DoubleMath.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace toeplitz {

static constexpr double stepFactor = 0x1p29;
static constexpr int longSteps = 9;

/// r mod d for r < 2^29 d.
static Value emitStep(const FloatCode &code, Value r, Value d) {
  Value shift = code.number(roundDoubleToInteger);
  Value n = code.sub(code.add(code.div(r, d), shift), shift);
  Value rest = code.sub(r, code.mul(n, d));
  Value isNegative =
      code.compare(arith::CmpFPredicate::OLT, rest, code.number(0));
  return code.select(isNegative, code.add(rest, d), rest);
}

/// r mod 2^29 d.
static Value emitLongSteps(const FloatCode &code, Value r, Value d) {
  OpBuilder &builder = code.getBuilder();
  Location location = code.getLocation();
  double scale = 1;
  for (int i = 0; i < longSteps; ++i)
    scale *= stepFactor;
  auto index = [&](int64_t value) {
    return arith::ConstantIndexOp::create(builder, location, value);
  };
  auto loop = scf::ForOp::create(
      builder, location, index(0), index(longSteps), index(1),
      ValueRange{r, code.mul(d, code.number(scale))},
      [&](OpBuilder &builder, Location location, Value, ValueRange carried) {
        FloatCode inside(builder, location, code.getFloats());
        Value rest = emitStep(inside, carried[0], carried[1]);
        Value next = inside.mul(carried[1], inside.number(1 / stepFactor));
        scf::YieldOp::create(builder, location, ValueRange{rest, next});
      });
  return loop.getResult(0);
}

Value emitRemainder(const FloatCode &code, Value x, Value y) {
  // Infinity divides as any number that is larger than all others does. Of an
  // infinite x, of zero and of NaN r becomes NaN.
  Value r = code.magnitude(x);
  Value d = code.atMost(code.magnitude(y), 0x1p200);
  Value isLong = code.compare(arith::CmpFPredicate::OGE, r,
                              code.mul(d, code.number(stepFactor)));
  auto branch = scf::IfOp::create(
      code.getBuilder(), code.getLocation(), code.any(isLong),
      [&](OpBuilder &builder, Location location) {
        FloatCode inside(builder, location, code.getFloats());
        scf::YieldOp::create(builder, location, emitLongSteps(inside, r, d));
      },
      [&](OpBuilder &builder, Location location) {
        scf::YieldOp::create(builder, location, r);
      });
  return code.withSign(emitStep(code, branch.getResult(0), d), x);
}

} // namespace toeplitz
