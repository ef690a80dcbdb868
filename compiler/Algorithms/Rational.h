// Exact fractions of small numbers.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_RATIONAL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_RATIONAL_H

#include <cassert>
#include <cstdint>
#include <string>

namespace toeplitz {

/// A fraction in lowest terms with a positive denominator. Every operation is
/// exact; one whose result doesn't fit into 64 bits is an error of the caller
/// (an assertion).
class Rational {
public:
  Rational(int64_t number = 0) : numerator(number) {}
  Rational(int64_t numerator, int64_t denominator)
      : Rational(reduce(numerator, denominator)) {}

  int64_t getNumerator() const { return numerator; }
  int64_t getDenominator() const { return denominator; }
  bool isZero() const { return numerator == 0; }
  bool isNegative() const { return numerator < 0; }
  Rational getMagnitude() const { return isNegative() ? -*this : *this; }
  /// The nearest double: the fraction itself where both parts are below 2^53
  /// and the denominator is a power of two.
  double toDouble() const {
    return static_cast<double>(numerator) / static_cast<double>(denominator);
  }
  /// Whether float32 holds it exactly.
  bool isFloat() const {
    float rounded = static_cast<float>(toDouble());
    return static_cast<double>(rounded) == toDouble() && isDyadic();
  }
  /// Whether the denominator is a power of two.
  bool isDyadic() const { return (denominator & (denominator - 1)) == 0; }
  /// Whether it is 2^k or -2^k for some k: multiplying by it rounds nothing.
  bool isPowerOfTwo() const {
    int64_t size = numerator < 0 ? -numerator : numerator;
    return size != 0 && (size & (size - 1)) == 0 && isDyadic();
  }
  std::string toString() const {
    std::string text = std::to_string(numerator);
    return denominator == 1 ? text : text + "/" + std::to_string(denominator);
  }

  Rational operator-() const {
    Rational negative;
    negative.numerator = -numerator;
    negative.denominator = denominator;
    return negative;
  }
  friend Rational operator+(Rational a, Rational b) {
    return reduce(Wide(a.numerator) * b.denominator +
                      Wide(b.numerator) * a.denominator,
                  Wide(a.denominator) * b.denominator);
  }
  friend Rational operator-(Rational a, Rational b) { return a + -b; }
  friend Rational operator*(Rational a, Rational b) {
    return reduce(Wide(a.numerator) * b.numerator,
                  Wide(a.denominator) * b.denominator);
  }
  friend Rational operator/(Rational a, Rational b) {
    return reduce(Wide(a.numerator) * b.denominator,
                  Wide(a.denominator) * b.numerator);
  }
  friend bool operator==(Rational a, Rational b) {
    return a.numerator == b.numerator && a.denominator == b.denominator;
  }
  friend bool operator!=(Rational a, Rational b) { return !(a == b); }

private:
  __extension__ using Wide = __int128;

  static Rational reduce(Wide numerator, Wide denominator) {
    assert(denominator != 0 && "division by zero");
    Wide a = numerator < 0 ? -numerator : numerator;
    Wide b = denominator < 0 ? -denominator : denominator;
    while (b != 0) {
      Wide rest = a % b;
      a = b;
      b = rest;
    }
    if (denominator < 0)
      a = -a;
    Rational result;
    result.numerator = static_cast<int64_t>(numerator / a);
    result.denominator = static_cast<int64_t>(denominator / a);
    assert(result.numerator == numerator / a &&
           result.denominator == denominator / a && "fraction is too large");
    return result;
  }

  int64_t numerator = 0;
  int64_t denominator = 1;
};

} // namespace toeplitz

#endif
