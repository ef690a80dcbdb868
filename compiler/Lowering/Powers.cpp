// Powers and logarithms of f32 in f64.
//
// exp2:  x = n + f with a whole number n and |f| <= 1/2; 2^f = e^(f ln 2) by
//        a polynomial.
// log:   x = 2^k (1 + f), and log(1 + f) = 2 artanh(s), s = f / (2 + f), by a
//        polynomial in s^2. (No f32 is too small to be a normal number of f64.)
// pow:   |x|^y = 2^(y log2 |x|). The exponent is less than 160 where the result
//        is a number of f32, and the logarithm is within 2^-49 of itself, so
//        that the power is within 2^-41.
//
// test/support/minimax.py derives the coefficients.

#include "compiler/Lowering/DoubleMath.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace toeplitz {

// (e^r - 1 - r) / r^2, and (artanh(s) / s - 1) / s^2 of s^2.
static constexpr double exponential[] = {
    0.50000000001049949,   0.16666666753926213,   0.041666665954506271,
    0.0083332891243549333, 0.0013888985136577428, 0.0001990485859347284,
    2.4796377217981461e-05};
static constexpr double areaTangent[] = {
    0.33333333333274229, 0.20000000035135979,  0.14285707243224158,
    0.11111770682895633, 0.090593313719563473, 0.084372998866105553};

static constexpr double infinity = std::numeric_limits<double>::infinity();
static constexpr double ln2 = 0.69314718055994531;
static constexpr double log2OfE = 1.4426950408889634;
static constexpr double log10Of2 = 0.3010299956639812;
static constexpr double log10OfE = 0.43429448190325182;
static constexpr int mantissaBits = 52, exponentBias = 1023;

Value emitScale(const FloatCode &code, Value biasedExponent) {
  return code.fromBits(code.shiftLeft(biasedExponent, mantissaBits));
}

Value emitSmallExpM1(const FloatCode &code, Value r) {
  return code.fma(code.mul(r, r), code.polynomial(r, exponential), r);
}

BinaryLogarithm emitExponent(const FloatCode &code, Value x) {
  constexpr uint64_t one = 0x3ff0000000000000, rootOfHalf = 0x3fe6a09e667f3bcd;
  Value biased = code.shiftRight(
      code.addInteger(code.bitsOf(x), code.integer(one - rootOfHalf)),
      mantissaBits);
  // The last bits of 2^52 and more are a whole number's.
  Value k =
      code.fromBits(code.either(biased, code.bitsOf(code.number(0x1p52))));
  return {code.sub(k, code.number(0x1p52 + exponentBias)), biased};
}

Value emitSmallLog1p(const FloatCode &code, Value f) {
  Value twice = code.div(code.add(f, f), code.add(f, code.number(2)));
  Value s = code.mul(twice, code.number(0.5));
  Value square = code.mul(s, s);
  return code.fma(code.mul(twice, square), code.polynomial(square, areaTangent),
                  twice);
}

/// The logarithm to the base whose logarithms of 2 and e are given.
static Value emitLogarithm(const FloatCode &code, Value x, double of2,
                           double ofE) {
  auto [k, biased] = emitExponent(code, x);
  Value exponent =
      code.subInteger(code.shiftLeft(biased, mantissaBits),
                      code.integer(uint64_t(exponentBias) << mantissaBits));
  Value m = code.fromBits(code.subInteger(code.bitsOf(x), exponent));
  Value rest = emitSmallLog1p(code, code.sub(m, code.number(1)));
  rest = code.mul(rest, code.number(ofE));
  return code.withBorders(code.fma(k, code.number(of2), rest), x, 0);
}

Value emitLogarithmToBase2(const FloatCode &code, Value x) {
  return emitLogarithm(code, x, 1, log2OfE);
}

Value emitLogarithmToBase10(const FloatCode &code, Value x) {
  return emitLogarithm(code, x, log10Of2, log10OfE);
}

Value emitPowerOfTwo(const FloatCode &code, Value x) {
  // Beyond these it is 0 or infinite in f32.
  x = code.atMost(code.atLeast(x, -160), 130);
  Value shift = code.number(roundDoubleToInteger + exponentBias);
  Value shifted = code.add(x, shift);
  Value r = code.mul(code.sub(x, code.sub(shifted, shift)), code.number(ln2));
  Value power = code.add(emitSmallExpM1(code, r), code.number(1));
  return code.mul(power, emitScale(code, code.bitsOf(shifted)));
}

Value emitCubeRoot(const FloatCode &code, Value x) {
  Value logarithm = emitLogarithmToBase2(code, code.magnitude(x));
  Value third = code.mul(logarithm, code.number(1.0 / 3));
  return code.withSign(emitPowerOfTwo(code, third), x);
}

/// x^n by squaring, for a small n. No power of f32 up to the sixth leaves the
/// range of f64.
static Value emitWholePower(const FloatCode &code, Value x, int n) {
  Value power, square = x;
  for (int rest = std::abs(n); rest != 0; rest /= 2) {
    if (rest % 2 == 1)
      power = power ? code.mul(power, square) : square;
    if (rest > 1)
      square = code.mul(square, square);
  }
  return n < 0 ? code.div(code.number(1), power) : power;
}

/// x^(1/2), which unlike a root is infinite at -infinity and 0 at -0; or its
/// reciprocal.
static Value emitRoot(const FloatCode &code, Value x, bool inverse) {
  Value isLowest =
      code.compare(arith::CmpFPredicate::OEQ, x, code.number(-infinity));
  Value root = code.select(isLowest, code.number(infinity),
                           code.magnitude(code.sqrt(x)));
  return inverse ? code.div(code.number(1), root) : root;
}

bool isSmallExponent(double exponent) {
  constexpr double largest = 6;
  double size = std::abs(exponent);
  return size == 0.5 ||
         (size >= 1 && size <= largest && size == std::trunc(size));
}

Value emitPowerOf(const FloatCode &code, Value x, double exponent) {
  if (std::abs(exponent) == 0.5)
    return emitRoot(code, x, exponent < 0);
  return emitWholePower(code, x, static_cast<int>(exponent));
}

Value emitPower(const FloatCode &code, Value x, Value exponent) {
  using Predicate = arith::CmpFPredicate;
  Value zero = code.number(0), one = code.number(1);
  // An infinite one is a large even number: log2 |x| is 0, or at least 2^-24.
  constexpr double large = 0x1p40;
  Value y = code.atMost(code.atLeast(exponent, -large), large);
  Value logarithm = emitLogarithmToBase2(code, code.magnitude(x));
  Value power = emitPowerOfTwo(code, code.mul(y, logarithm));
  Value shift = code.number(roundDoubleToInteger);
  Value shifted = code.add(y, shift);
  Value isWhole = code.compare(Predicate::OEQ, code.sub(shifted, shift), y);
  // -0 and -infinity have powers of all exponents.
  Value isNegative =
      code.both(code.compare(Predicate::OLT, x, zero),
                code.compare(Predicate::OGT, x, code.number(-infinity)));
  Value notANumber = code.number(std::numeric_limits<double>::quiet_NaN());
  Value keepsSign = code.both(isWhole, code.isOdd(code.bitsOf(shifted)));
  Value result = code.select(keepsSign, code.withSign(power, x), power);
  result =
      code.select(isWhole, result, code.select(isNegative, notANumber, result));
  // Of NaN as well.
  Value isOne = code.either(code.compare(Predicate::OEQ, x, one),
                            code.compare(Predicate::OEQ, y, zero));
  return code.select(isOne, one, result);
}

} // namespace toeplitz
