// Sines, cosines and tangents of f64.
//
// |x| = q pi/2 + r with a whole number q and |r| <= pi/4, r in two parts. Sine
// and cosine of r are Taylor's series; q mod 4 says which of them, with which
// sign, is the sine or cosine of x.
//
// Below 2^27 the products of q with three parts of pi/2, of 53 bits each, are
// taken off in two parts (Cody and Waite 1980, Software Manual for the
// Elementary Functions, chapter 8, with exact products).
//
// From there on in integers, after Payne and Hanek 1983, Radian reduction for
// trigonometric functions (SIGNUM Newsletter 18): |x| = m 2^e with m < 2^53. Of
// the bits of 2/pi those whose products with |x| are multiples of 4 are left
// out, and the 192 that follow multiplied by m: the product's first 2 bits are
// q mod 4, the others the rest, off by 2^-125. The f64 that comes nearest to a
// multiple of pi/2 leaves more than 2^-61 (Muller et al. 2018, Handbook of
// Floating-Point Arithmetic, 2nd edition, section 10.2).

#include "compiler/Lowering/Float64/Float64Math.h"

#include "compiler/Lowering/DoubleMath.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include <limits>

using namespace mlir;

namespace toeplitz::float64 {

namespace {

// -1/3!, 1/5!, ... and 1/4!, -1/6!, ...
constexpr double sine[] = {-1.0 / 6,
                           1.0 / 120,
                           -1.0 / 5040,
                           1.0 / 362880,
                           -1.0 / 39916800,
                           1.0 / 6227020800,
                           -1.0 / 1307674368000,
                           1.0 / 355687428096000};
constexpr double cosine[] = {
    1.0 / 24,        -1.0 / 720,         1.0 / 40320,         -1.0 / 3628800,
    1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000};

constexpr double twoOverPi = 0x1.45f306dc9c883p-1;
/// pi/2 in three parts.
constexpr double halfPi[] = {0x1.921fb54442d18p0, 0x1.1a62633145c07p-54,
                             -0x1.f1976b7ed8fbcp-110};

constexpr double largestByParts = 0x1p27;

/// 2/pi behind the point, with 64 zeros before it: 64 bits a word.
constexpr uint64_t twoOverPiWords[] = {
    0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0,
    0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0,
    0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484,
    0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b,
    0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab};
constexpr int wordBits = 64;
/// Words that 192 bits are a part of.
constexpr size_t wordsTogether = 4;

/// |x| = q pi/2 + r.
struct Turns {
  /// An integer that ends with the two bits of q mod 4.
  Value quadrant;
  Pair r;
};

} // namespace

static Turns takeOffByParts(const FloatCode &code, Value size) {
  Value shift = code.number(roundDoubleToInteger);
  Value shifted = code.fma(size, code.number(twoOverPi), shift);
  Value q = code.sub(shifted, shift);
  Pair first = twoProduct(code, q, code.number(-halfPi[0]));
  Pair second = twoProduct(code, q, code.number(-halfPi[1]));
  // (The sum of neighbours is exact.)
  Pair r = twoSum(code, code.add(size, first.high), first.low);
  Pair sum = twoSum(code, r.high, second.high);
  Value rest = code.fma(q, code.number(-halfPi[2]), second.low);
  Value low = code.add(sum.low, code.add(r.low, rest));
  return {code.bitsOf(shifted), quickSum(code, sum.high, low)};
}

/// The 64 bits at bit `offset` of 2/pi, and the two words after them.
static SmallVector<Value> emitWords(const FloatCode &code, Value offset) {
  SmallVector<Value> words;
  for (uint64_t word : twoOverPiWords)
    words.push_back(code.integer(word));
  // Moves what is wanted to the front, by the bits of the word's number.
  Value number = code.shiftRight(offset, 6);
  for (size_t distance = 16; distance > 0; distance /= 2) {
    Value isSet = code.compare(arith::CmpIPredicate::ne,
                               code.both(number, code.integer(distance)),
                               code.integer(0));
    size_t needed = std::min(words.size(), distance + wordsTogether - 1);
    for (size_t i = 0; i < needed && i + distance < words.size(); ++i)
      words[i] = code.select(isSet, words[i + distance], words[i]);
    words.truncate(needed);
  }
  Value shift = code.both(offset, code.integer(wordBits - 1));
  // (64 - shift bits, which may be all.)
  Value others = code.subInteger(code.integer(wordBits - 1), shift);
  SmallVector<Value> bits;
  for (size_t i = 0; i + 1 < wordsTogether; ++i)
    bits.push_back(
        code.either(code.shiftLeft(words[i], shift),
                    code.shiftRight(code.shiftRight(words[i + 1], 1), others)));
  return bits;
}

/// The product of integers without a sign: the lower and the upper half.
static std::pair<Value, Value> multiplyWide(const FloatCode &code, Value a,
                                            Value b) {
  auto product = arith::MulUIExtendedOp::create(code.getBuilder(),
                                                code.getLocation(), a, b);
  return {product.getLow(), product.getHigh()};
}

/// The half of a word with 32 bits times a power of two, exactly.
static Value emitHalfWord(const FloatCode &code, Value half, double power) {
  return code.mul(code.toFloat(half), code.number(power));
}

/// For finite numbers from 2^27 on.
static Turns takeOffInIntegers(const FloatCode &code, Value size) {
  constexpr int mantissaBits = 52, exponentBias = 1023;
  Value bits = code.bitsOf(size);
  // |x| = m 2^e with e = exponent - 52; bit k of 2/pi counts 2^(e - k), and
  // those with k <= e - 2 are left out. Bit k is number k + 63 of the words.
  Value exponent = code.shiftRight(bits, mantissaBits);
  Value offset =
      code.subInteger(exponent, code.integer(exponentBias + mantissaBits - 62));
  constexpr uint64_t hidden = uint64_t(1) << mantissaBits;
  Value m = code.either(code.both(bits, code.integer(hidden - 1)),
                        code.integer(hidden));
  SmallVector<Value> words = emitWords(code, offset);
  // What is below 64 bits is less than the bits that aren't there.
  Value lowest = multiplyWide(code, m, words[2]).second;
  auto [middle, carried] = multiplyWide(code, m, words[1]);
  Value low = code.addInteger(middle, lowest);
  Value carry =
      code.select(code.compare(arith::CmpIPredicate::ult, low, middle),
                  code.integer(1), code.integer(0));
  Value high = code.addInteger(code.mulInteger(m, words[0]),
                               code.addInteger(carried, carry));
  // In units of 2^-62 quarter turns. To the nearest quarter.
  constexpr int unitBits = 62;
  constexpr uint64_t half = uint64_t(1) << (unitBits - 1);
  high = code.addInteger(high, code.integer(half));
  Value rest = code.both(high, code.integer(2 * half - 1));
  rest = code.subInteger(rest, code.integer(half));
  // Halves of words are numbers without rounding.
  Value mask = code.integer(0xffffffff);
  Pair upper =
      twoSum(code, emitHalfWord(code, code.shiftRightSigned(rest, 32), 0x1p-30),
             emitHalfWord(code, code.both(rest, mask), 0x1p-62));
  Pair lower =
      twoSum(code, emitHalfWord(code, code.shiftRight(low, 32), 0x1p-94),
             emitHalfWord(code, code.both(low, mask), 0x1p-126));
  Pair turns = add(code, upper, lower);
  Pair r = multiply(code, turns, pairOf(code, halfPi[0], halfPi[1]));
  return {code.shiftRight(high, unitBits), r};
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
        Pair r = select(inside, isLarge, large.r, small.r);
        scf::YieldOp::create(builder, location,
                             ValueRange{quadrant, r.high, r.low});
      },
      [&](OpBuilder &builder, Location location) {
        scf::YieldOp::create(
            builder, location,
            ValueRange{small.quadrant, small.r.high, small.r.low});
      });
  return {branch.getResult(0), {branch.getResult(1), branch.getResult(2)}};
}

/// Sine and cosine of r.
static std::pair<Pair, Pair> emitSmall(const FloatCode &code, Pair r) {
  Value square = code.mul(r.high, r.high);
  Pair half = twoProduct(code, r.high, code.mul(r.high, code.number(0.5)));
  Pair rest = quickSum(code, code.number(1), code.negate(half.high));
  // The low part changes the sine by its product with the cosine, and that by
  // its product with the sine.
  Value tail =
      code.mul(code.mul(r.high, square), code.polynomial(square, sine));
  Value low = code.fma(r.low, rest.high, tail);
  Pair sineOf = quickSum(code, r.high, low);
  tail = code.mul(code.mul(square, square), code.polynomial(square, cosine));
  tail = code.fma(code.negate(r.high), r.low, tail);
  low = code.add(code.sub(rest.low, half.low), tail);
  return {sineOf, quickSum(code, rest.high, low)};
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
  Value sineOfX = code.select(isOdd, cosineOf.high, sineOf.high);
  Value cosineOfX = code.select(isOdd, sineOf.high, cosineOf.high);
  return {changeSign(code, sineOfX, quadrant, 1, x),
          changeSign(code, cosineOfX, next, 1, nullptr)};
}

Value emitSine(const FloatCode &code, Value x) {
  return float64::emitSineAndCosine(code, x).first;
}

Value emitCosine(const FloatCode &code, Value x) {
  return float64::emitSineAndCosine(code, x).second;
}

Value emitTangent(const FloatCode &code, Value x) {
  auto [quadrant, r] = takeOff(code, code.magnitude(x));
  auto [sineOf, cosineOf] = emitSmall(code, r);
  Value isOdd = code.isOdd(quadrant);
  Pair quotient = divide(code, select(code, isOdd, cosineOf, sineOf),
                         select(code, isOdd, sineOf, cosineOf));
  return changeSign(code, quotient.high, quadrant, 0, x);
}

} // namespace toeplitz::float64
