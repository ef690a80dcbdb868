// Transcendental functions in f32 arithmetic.
//
// exp:   x = n ln 2 + r with a whole number n and |r| <= ln 2 / 2, so that
//        e^x = 2^n e^r, e^r = 1 + r + r^2 P(r).
// expm1: 2^n (r + r^2 P(r)) + (2^n - 1): nothing cancels, near 0 (n = 0)
//        neither.
// tanh:  -m / (2 + m) with m = expm1(-2 |x|), and the sign of x.
// erf:   -expm1(|x| G(|x|)) with |x| G(|x|) = log(erfc |x|), and the sign of x:
//        as x grows it becomes 1, and never more.
// log:   x = 2^k (1 + f) with 2/3 <= 1 + f < 4/3, so that
//        log x = k ln 2 + log(1 + f), log(1 + f) = f - f^2 / 2 + f^3 L(f).
// log1p: the same with f = 2^-k x + (2^-k - 1), which is exact.
//
// Reduction in two steps with ln 2 = high + low, where n * high is exact: Cody
// and Waite 1980, Software Manual for the Elementary Functions, chapter 6. The
// way from a number to n by adding 1.5 * 2^23, and log1p's reduction: Muller et
// al. 2018, Handbook of Floating-Point Arithmetic, 2nd edition, chapter 10.
// test/support/minimax.py derives the coefficients of P, G and L.

#include "compiler/Lowering/VectorMath.h"
#include "compiler/Lowering/FloatCode.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

#include <limits>

using namespace mlir;

namespace toeplitz {

namespace {

// Lowest powers first.
constexpr float exponential[] = {0.49999997f, 0.166665435f, 0.0416672006f,
                                 0.00836652052f, 0.0013882519f};
constexpr float logarithm[] = {0.333332658f,  -0.250001967f, 0.200055227f,
                               -0.166626498f, 0.141490489f,  -0.124247506f,
                               0.123815283f,  -0.118819036f, 0.0606577918f};
constexpr float logarithmOfSumTop[] = {1.0f, 1.06621802f, 0.238157257f,
                                       0.00341727422f};
constexpr float logarithmOfSumBottom[] = {1.0f, 1.5662179f, 0.68793577f,
                                          0.0752871856f};
constexpr float logarithmOfErfc[] = {
    -1.12837923f,    -0.636619389f,    -0.102777831f,
    0.0191530623f,   0.000160399708f,  -0.00166703144f,
    0.000632839161f, -0.000117641954f, 9.25634595e-06f};

// ln 2 as a number of 9 bits, whose products with exponents are exact, and the
// rest.
constexpr float ln2High = 0.693359375f, ln2Low = -2.12194440e-4f;
constexpr float ln2 = 0.693147182f, log2OfE = 1.44269504f;

/// Adding it to a number of moderate size rounds that to a whole number, which
/// then stands in the last bits of the sum.
constexpr float roundToInteger = 12582912.0f; // 1.5 * 2^23

constexpr int mantissaBits = 23, exponentBias = 127;

// --- exponentials -----------------------------------------------------------

/// x = n ln 2 + r, where the bits of `shifted` end with n + bias.
struct Reduced {
  Value shifted, r;
};

} // namespace

static Reduced reduce(const FloatCode &code, Value x, int bias) {
  float shift = roundToInteger + static_cast<float>(bias);
  Value shifted = code.fma(x, code.number(log2OfE), code.number(shift));
  Value n = code.sub(shifted, code.number(shift));
  Value r = code.fma(n, code.number(-ln2High), x);
  r = code.fma(n, code.number(-ln2Low), r);
  return {shifted, r};
}

/// e^r for a small r.
static Value emitSmallPower(const FloatCode &code, Value r) {
  Value one = code.number(1);
  Value p = code.polynomial(r, exponential);
  return code.fma(code.fma(p, r, one), r, one);
}

/// The float with this exponent (biased, in the last bits) and mantissa 1.
static Value emitPowerOfTwo(const FloatCode &code, Value exponent) {
  return code.fromBits(code.shiftLeft(exponent, mantissaBits));
}

/// 2^n would leave the range of normal numbers before e^x does, so the scale is
/// 2^h 2^(n - h) with h = floor(n / 2). (Twice the bias makes both exponents
/// biased.)
static Value emitExp(const FloatCode &code, Value x) {
  // Beyond these it is 0 or infinite.
  x = code.atMost(code.atLeast(x, -104), 89);
  auto [shifted, r] = reduce(code, x, 2 * exponentBias);
  Value bits = code.bitsOf(shifted);
  Value half = code.shiftRight(bits, 1);
  Value rest = code.subInteger(bits, half);
  Value power = code.mul(emitSmallPower(code, r), emitPowerOfTwo(code, half));
  return code.mul(power, emitPowerOfTwo(code, rest));
}

/// e^x for a sum with 1: what is less than the smallest normal number may be 0,
/// and what is more than half the largest one infinite. With the sign of x
/// taken off, a sigmoid's negation costs nothing.
static Value emitExpForSum(const FloatCode &code, Value x, bool negated) {
  // 2^n for n from -127, whose bits are those of 0, to 128, those of infinity.
  x = negated ? code.negate(code.atMost(code.atLeast(x, -89), 88))
              : code.atMost(code.atLeast(x, -88), 89);
  auto [shifted, r] = reduce(code, x, exponentBias);
  return code.mul(emitSmallPower(code, r),
                  emitPowerOfTwo(code, code.bitsOf(shifted)));
}

/// e^r - 1 for a small r.
static Value emitSmallExpM1(const FloatCode &code, Value r) {
  Value square = code.mul(r, r);
  return code.fma(square, code.polynomial(r, exponential), r);
}

/// e^x - 1 for -26 <= x <= 0.
static Value emitExpM1OfNegative(const FloatCode &code, Value x) {
  auto [shifted, r] = reduce(code, x, exponentBias);
  Value scale = emitPowerOfTwo(code, code.bitsOf(shifted));
  return code.fma(scale, emitSmallExpM1(code, r),
                  code.sub(scale, code.number(1)));
}

/// With half the scale, which is finite for all results that are.
static Value emitExpM1(const FloatCode &code, Value x) {
  x = code.atMost(code.atLeast(x, -18), 89);
  auto [shifted, r] = reduce(code, x, exponentBias - 1);
  Value scale = emitPowerOfTwo(code, code.bitsOf(shifted));
  Value half = code.fma(scale, emitSmallExpM1(code, r),
                        code.sub(scale, code.number(0.5)));
  return code.add(half, half);
}

static Value emitTanh(const FloatCode &code, Value x) {
  // From 9.02 on it is 1 in f32.
  Value twice = code.mul(code.magnitude(x), code.number(-2));
  Value m = emitExpM1OfNegative(code, code.atLeast(twice, -18.5));
  Value quotient = code.div(m, code.add(m, code.number(2)));
  return code.withSign(quotient, x);
}

static Value emitErf(const FloatCode &code, Value x) {
  // From 3.93 on it is 1 in f32.
  Value size = code.atMost(code.magnitude(x), 3.95);
  Value power = code.mul(size, code.polynomial(size, logarithmOfErfc));
  return code.withSign(emitExpM1OfNegative(code, power), x);
}

// --- logarithms -------------------------------------------------------------

/// k ln 2 + log(1 + f).
static Value emitLogarithm(const FloatCode &code, Value k, Value f) {
  Value square = code.mul(f, f);
  Value rest = code.fma(f, code.polynomial(f, logarithm), code.number(-0.5));
  return code.fma(k, code.number(ln2), code.fma(square, rest, f));
}

static Value emitLog(const FloatCode &code, Value x) {
  // Below the smallest normal number the exponent doesn't say how large x is.
  Value isSmall = code.compare(arith::CmpFPredicate::OLT, x,
                               code.number(std::numeric_limits<float>::min()));
  Value normal =
      code.select(isSmall, code.mul(x, code.number(1 << mantissaBits)), x);
  Value taken =
      code.select(isSmall, code.number(-mantissaBits), code.number(0));
  Value bits = code.bitsOf(normal);
  constexpr uint32_t twoThirds = 0x3f2aaaab;
  Value k = code.shiftRightSigned(
      code.subInteger(bits, code.integer(twoThirds)), mantissaBits);
  Value m =
      code.fromBits(code.subInteger(bits, code.shiftLeft(k, mantissaBits)));
  Value result = emitLogarithm(code, code.add(code.toFloat(k), taken),
                               code.sub(m, code.number(1)));
  return code.withBorders(result, x, 0);
}

static Value emitLog1p(const FloatCode &code, Value x) {
  // 3/4 <= 2^-k (1 + x) < 3/2 but for rounding.
  constexpr uint32_t threeQuarters = 0x3f400000, one = 0x3f800000;
  Value sum = code.bitsOf(code.add(x, code.number(1)));
  Value k = code.shiftRightSigned(
      code.subInteger(sum, code.integer(threeQuarters)), mantissaBits);
  Value exponent = code.shiftLeft(k, mantissaBits);
  // 2^-k x by its exponent, and a quarter of 2^-k beside it would be too small
  // for large x: four times that.
  Value scaled = code.fromBits(code.subInteger(code.bitsOf(x), exponent));
  constexpr uint32_t four = one + (2u << mantissaBits);
  Value scale = code.fromBits(code.subInteger(code.integer(four), exponent));
  Value f =
      code.add(scaled, code.fma(scale, code.number(0.25), code.number(-1)));
  return code.withBorders(emitLogarithm(code, code.toFloat(k), f), x, -1);
}

/// log(1 + x) for 0 <= x <= 1.
static Value emitLog1pOfFraction(const FloatCode &code, Value x) {
  return code.div(code.mul(x, code.polynomial(x, logarithmOfSumTop)),
                  code.polynomial(x, logarithmOfSumBottom));
}

// --- patterns ---------------------------------------------------------------

/// Whether everything that becomes of a value is its sum with 1.
static bool isAddedToOne(Value value) {
  return !value.use_empty() && llvm::all_of(value.getUsers(), [&](auto *user) {
    auto sum = dyn_cast<arith::AddFOp>(user);
    return sum && (matchPattern(sum.getLhs(), m_OneFloat()) ||
                   matchPattern(sum.getRhs(), m_OneFloat()));
  });
}

/// Whether a value is exp(-abs(x)).
static bool isPowerOfNegativeMagnitude(Value value) {
  auto power = value.getDefiningOp<math::ExpOp>();
  auto negated =
      power ? power.getOperand().getDefiningOp<arith::NegFOp>() : nullptr;
  return negated && negated.getOperand().getDefiningOp<math::AbsFOp>();
}

/// Null if somebody else does it: log1p looks at the exponential before it.
static Value emit(const FloatCode &code, math::ExpOp op) {
  if (isPowerOfNegativeMagnitude(op.getResult()) && op->hasOneUse() &&
      isa<math::Log1pOp>(*op->user_begin()))
    return {};
  if (!isAddedToOne(op.getResult()))
    return emitExp(code, op.getOperand());
  if (auto negated = op.getOperand().getDefiningOp<arith::NegFOp>())
    return emitExpForSum(code, negated.getOperand(), /*negated=*/true);
  return emitExpForSum(code, op.getOperand(), /*negated=*/false);
}
static Value emit(const FloatCode &code, math::ExpM1Op op) {
  return emitExpM1(code, op.getOperand());
}
static Value emit(const FloatCode &code, math::LogOp op) {
  return emitLog(code, op.getOperand());
}
static Value emit(const FloatCode &code, math::Log1pOp op) {
  auto power = op.getOperand().getDefiningOp<math::ExpOp>();
  if (!isPowerOfNegativeMagnitude(op.getOperand()) || !power->hasOneUse())
    return emitLog1p(code, op.getOperand());
  Value size = power.getOperand().getDefiningOp<arith::NegFOp>().getOperand();
  return emitLog1pOfFraction(code, emitExpForSum(code, size, /*negated=*/true));
}
static Value emit(const FloatCode &code, math::TanhOp op) {
  return emitTanh(code, op.getOperand());
}
static Value emit(const FloatCode &code, math::ErfOp op) {
  return emitErf(code, op.getOperand());
}

namespace {

template <typename Op> struct ExpandFunction : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "not single precision");
    FloatCode code(rewriter, op.getLoc(), op.getType());
    Value result = emit(code, op);
    if (!result)
      return rewriter.notifyMatchFailure(op, "is a part of another function");
    rewriter.replaceOp(op, result);
    return success();
  }
};

} // namespace

Value emitExpOfNegative(OpBuilder &builder, Location location, Value x) {
  FloatCode code(builder, location, x.getType());
  auto [shifted, r] = reduce(code, code.atLeast(x, -88), exponentBias);
  return code.mul(emitSmallPower(code, r),
                  emitPowerOfTwo(code, code.bitsOf(shifted)));
}

void populateVectorMathPatterns(RewritePatternSet &patterns) {
  patterns.add<ExpandFunction<math::ExpOp>, ExpandFunction<math::ExpM1Op>,
               ExpandFunction<math::LogOp>, ExpandFunction<math::Log1pOp>,
               ExpandFunction<math::TanhOp>, ExpandFunction<math::ErfOp>>(
      patterns.getContext());
}

} // namespace toeplitz
