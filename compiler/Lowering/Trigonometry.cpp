// Sines, cosines and tangents of f32 in f64.
//
// |x| = q pi/2 + r with a whole number q and |r| <= pi/4. Sine and cosine of r
// are polynomials in r^2; q mod 4 says which of them, with which sign, is the
// sine or cosine of x.
//
// Below 2^20 r = (|x| - q high) - q low, with pi/2 = high + low: q high is
// exact, and so is the first difference (Cody and Waite 1980, Software Manual
// for the Elementary Functions, chapter 8).
//
// From there on in integers, after Payne and Hanek 1983, Radian reduction for
// trigonometric functions (SIGNUM Newsletter 18): |x| = m 2^e with m < 2^24. Of
// the bits of 2/pi those whose products with |x| are multiples of 4 are left
// out, and the 96 that follow multiplied by m: the product's first 2 bits are q
// mod 4, the others the rest. The f32 that comes nearest to a multiple of pi/2
// leaves more than 2^-30 (Muller et al. 2018, Handbook of Floating-Point
// Arithmetic, 2nd edition, section 10.2), of which an error of 2^-62 is little.
//
// test/support/minimax.py derives the coefficients.

#include "compiler/Lowering/DoubleMath.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include <limits>

using namespace mlir;

namespace toeplitz {

namespace {

// (sin r / r - 1) / r^2 and (cos r - 1 + r^2 / 2) / r^4, of r^2.
constexpr double sine[] = {-0.16666666640765049, 0.0083333293015213396,
                           -0.00019839311265477212, 2.7181124216855469e-06};
constexpr double cosine[] = {0.041666666619450315, -0.0013888883496630787,
                             2.4799459260722291e-05, -2.7205681165198639e-07};

constexpr double halfPi = 1.5707963267948966, twoOverPi = 0.63661977236758138;
// 33 bits of pi/2, and the rest.
constexpr double halfPiHigh = 0x1.921fb544p0, halfPiLow = 6.077100506506192e-11;

/// Up to here q has 20 bits, and q high 53.
constexpr double largestByParts = 0x1p20;

/// 2/pi without a point, behind five zeros: 32 bits a word.
constexpr uint64_t twoOverPiWords[] = {0x0517cc1b, 0x727220a9, 0x4fe13abe,
                                       0x8fa9a6ee, 0x06db14ac, 0xc9e21c82,
                                       0x0ff28b1d};
constexpr int wordBits = 32;
/// Words in which the 96 bits may begin: the largest f32 has them from bit 107
/// on.
constexpr int firstWords = 4;

/// |x| = q pi/2 + r.
struct Turns {
  /// An integer that ends with the two bits of q mod 4.
  Value quadrant;
  Value r;
};

} // namespace

static Turns takeOffByParts(const FloatCode &code, Value size) {
  Value shift = code.number(roundDoubleToInteger);
  Value shifted = code.fma(size, code.number(twoOverPi), shift);
  Value q = code.sub(shifted, shift);
  Value r = code.fma(q, code.number(-halfPiHigh), size);
  r = code.fma(q, code.number(-halfPiLow), r);
  return {code.bitsOf(shifted), r};
}

/// Bits `offset` and after of 2/pi, 32 of them, and those `distance` words on.
static Value emitWord(const FloatCode &code, Value offset, int distance) {
  auto pair = [&](int first) {
    const uint64_t *words = twoOverPiWords + first + distance;
    return code.integer(words[0] << wordBits | words[1]);
  };
  Value bits = pair(firstWords - 1);
  for (int first = firstWords - 2; first >= 0; --first) {
    Value isBefore = code.compare(arith::CmpIPredicate::slt, offset,
                                  code.integer((first + 1) * wordBits));
    bits = code.select(isBefore, pair(first), bits);
  }
  Value shift = code.both(offset, code.integer(wordBits - 1));
  return code.shiftRight(code.shiftLeft(bits, shift), wordBits);
}

/// For finite numbers from 2^20 on.
static Turns takeOffInIntegers(const FloatCode &code, Value size) {
  constexpr int mantissaBits = 52, exponentBias = 1023, singleBits = 24;
  Value bits = code.bitsOf(size);
  // |x| = m 2^e with e = exponent - 23; 2^(e - k) of bit k of 2/pi is a
  // multiple of 4 for k <= e - 2, and bit k is number k + 4 of the words.
  Value exponent = code.shiftRight(bits, mantissaBits);
  Value offset = code.subInteger(
      exponent, code.integer(exponentBias + (singleBits - 1) - 3));
  constexpr uint64_t hidden = uint64_t(1) << mantissaBits;
  Value m = code.either(code.both(bits, code.integer(hidden - 1)),
                        code.integer(hidden));
  m = code.shiftRight(m, mantissaBits + 1 - singleBits);
  auto product = [&](int distance) {
    return code.mulInteger(m, emitWord(code, offset, distance));
  };
  Value sum = code.addInteger(code.shiftLeft(product(0), wordBits), product(1));
  sum = code.addInteger(sum, code.shiftRight(product(2), wordBits));
  // In units of 2^-62 quarter turns. To the nearest quarter.
  constexpr int unitBits = 62;
  constexpr uint64_t half = uint64_t(1) << (unitBits - 1);
  sum = code.addInteger(sum, code.integer(half));
  Value rest = code.both(sum, code.integer(2 * half - 1));
  rest = code.subInteger(rest, code.integer(half));
  Value r = code.mul(code.toFloat(rest), code.number(halfPi * 0x1p-62));
  return {code.shiftRight(sum, unitBits), r};
}

/// Of NaN and infinity r is NaN.
static Turns takeOff(const FloatCode &code, Value size) {
  Turns small = takeOffByParts(code, size);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Value isLarge = code.both(
      code.compare(arith::CmpFPredicate::OGE, size,
                   code.number(largestByParts)),
      code.compare(arith::CmpFPredicate::OLT, size, code.number(infinity)));
  auto branch = scf::IfOp::create(
      code.getBuilder(), code.getLocation(), code.any(isLarge),
      [&](OpBuilder &builder, Location location) {
        FloatCode inside(builder, location, code.getFloats());
        Turns large = takeOffInIntegers(inside, size);
        Value quadrant = inside.select(isLarge, large.quadrant, small.quadrant);
        Value r = inside.select(isLarge, large.r, small.r);
        scf::YieldOp::create(builder, location, ValueRange{quadrant, r});
      },
      [&](OpBuilder &builder, Location location) {
        scf::YieldOp::create(builder, location,
                             ValueRange{small.quadrant, small.r});
      });
  return {branch.getResult(0), branch.getResult(1)};
}

/// Sine and cosine of r.
static std::pair<Value, Value> emitSmall(const FloatCode &code, Value r) {
  Value square = code.mul(r, r);
  Value sineOf =
      code.fma(code.mul(r, square), code.polynomial(square, sine), r);
  Value rest = code.fma(square, code.number(-0.5), code.number(1));
  Value cosineOf =
      code.fma(code.mul(square, square), code.polynomial(square, cosine), rest);
  return {sineOf, cosineOf};
}

/// The number with its sign changed where bit `place` of `flags` differs from
/// the sign of `other`.
static Value changeSign(const FloatCode &code, Value number, Value flags,
                        unsigned place, Value other) {
  constexpr unsigned signPlace = 63;
  Value sign = code.shiftLeft(flags, signPlace - place);
  if (other)
    sign = code.differing(sign, code.bitsOf(other));
  sign = code.both(sign, code.integer(uint64_t(1) << signPlace));
  return code.fromBits(code.differing(code.bitsOf(number), sign));
}

std::pair<Value, Value> emitSineAndCosine(const FloatCode &code, Value x) {
  auto [quadrant, r] = takeOff(code, code.magnitude(x));
  auto [sineOf, cosineOf] = emitSmall(code, r);
  Value isOdd = code.isOdd(quadrant);
  // The cosine is the sine a quarter turn on.
  Value next = code.addInteger(quadrant, code.integer(1));
  return {
      changeSign(code, code.select(isOdd, cosineOf, sineOf), quadrant, 1, x),
      changeSign(code, code.select(isOdd, sineOf, cosineOf), next, 1, nullptr)};
}

Value emitSine(const FloatCode &code, Value x) {
  return emitSineAndCosine(code, x).first;
}

Value emitCosine(const FloatCode &code, Value x) {
  return emitSineAndCosine(code, x).second;
}

Value emitTangent(const FloatCode &code, Value x) {
  auto [quadrant, r] = takeOff(code, code.magnitude(x));
  auto [sineOf, cosineOf] = emitSmall(code, r);
  Value isOdd = code.isOdd(quadrant);
  Value quotient = code.div(code.select(isOdd, cosineOf, sineOf),
                            code.select(isOdd, sineOf, cosineOf));
  return changeSign(code, quotient, quadrant, 0, x);
}

} // namespace toeplitz
