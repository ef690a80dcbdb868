// The roots of unity are irrational, so the identities are proven in a finite
// field that has such roots, too: integers modulo a prime p = 1 (mod N). Every
// identity between polynomials in a primitive N-th root of unity with integer
// coefficients holds there if it holds for complex numbers. Conversely, linear
// maps that differ agree on a random vector with probability 1/p, p > 2^30.
// Source: Pollard, The Fast Fourier Transform in a Finite Field, 1971.

#include "compiler/Algorithms/FourierIdentity.h"

#include <random>

using namespace toeplitz;

namespace {

/// Integers modulo p < 2^32 with a root of unity of order `size`.
class Field {
public:
  explicit Field(uint64_t size) {
    modulus = (((uint64_t(1) << 30) / size) + 1) * size + 1;
    while (!isPrime(modulus))
      modulus += size;
    // An element to the power of (p - 1) / N is a root; it is primitive unless
    // a smaller power of it is 1.
    for (uint64_t candidate = 2;; ++candidate) {
      root = power(candidate, (modulus - 1) / size);
      bool isPrimitive = true;
      for (uint64_t factor : {2, 3, 5})
        if (size % factor == 0 && power(root, size / factor) == 1)
          isPrimitive = false;
      if (isPrimitive)
        break;
    }
  }

  uint64_t add(uint64_t a, uint64_t b) const { return (a + b) % modulus; }
  uint64_t multiply(uint64_t a, uint64_t b) const { return a * b % modulus; }
  uint64_t power(uint64_t base, uint64_t exponent) const {
    uint64_t result = 1;
    for (; exponent > 0; exponent /= 2, base = multiply(base, base))
      if (exponent % 2 == 1)
        result = multiply(result, base);
    return result;
  }
  uint64_t invert(uint64_t number) const { return power(number, modulus - 2); }
  /// The primitive root, to be raised to powers.
  uint64_t getRoot() const { return root; }
  std::vector<uint64_t> draw(size_t count, std::mt19937_64 &random) const {
    std::vector<uint64_t> numbers(count);
    for (uint64_t &number : numbers)
      number = random() % modulus;
    return numbers;
  }

private:
  static bool isPrime(uint64_t number) {
    for (uint64_t divisor = 2; divisor * divisor <= number; ++divisor)
      if (number % divisor == 0)
        return false;
    return true;
  }

  uint64_t modulus, root;
};

using Signal = std::vector<uint64_t>;

/// sum over n of x[n] root^(n k), by the definition.
Signal transformByDefinition(const Field &field, const Signal &signal,
                             uint64_t root) {
  Signal result(signal.size());
  for (size_t k = 0; k < signal.size(); ++k) {
    uint64_t step = field.power(root, k), factor = 1, sum = 0;
    for (uint64_t value : signal) {
      sum = field.add(sum, field.multiply(value, factor));
      factor = field.multiply(factor, step);
    }
    result[k] = sum;
  }
  return result;
}

/// The stages from the first of `radices` on: see FourierTransform.h.
Signal transformByStages(const Field &field, llvm::ArrayRef<int64_t> radices,
                         const Signal &signal, uint64_t root) {
  if (radices.empty())
    return signal;
  size_t size = signal.size(), radix = radices.front(), rest = size / radix;
  Signal result(size);
  for (size_t q = 0; q < radix; ++q) {
    Signal part(rest);
    for (size_t i = 0; i < rest; ++i) {
      uint64_t sum = 0;
      for (size_t t = 0; t < radix; ++t)
        sum = field.add(sum, field.multiply(signal[i + t * rest],
                                            field.power(root, t * q * rest)));
      part[i] = field.multiply(sum, field.power(root, i * q));
    }
    part = transformByStages(field, radices.drop_front(), part,
                             field.power(root, radix));
    for (size_t k = 0; k < rest; ++k)
      result[q + radix * k] = part[k];
  }
  return result;
}

} // namespace

bool toeplitz::computesFourierTransform(const FourierPlan &plan) {
  int64_t size = 1;
  for (int64_t radix : plan.radices)
    size *= radix;
  if (size != plan.size)
    return false;
  Field field(plan.size);
  std::mt19937_64 random(plan.size);
  Signal signal = field.draw(plan.size, random);
  return transformByStages(field, plan.radices, signal, field.getRoot()) ==
         transformByDefinition(field, signal, field.getRoot());
}

bool toeplitz::computesCyclicCorrelation(int64_t size, int64_t taps,
                                         int64_t dilation, int64_t padding) {
  Field field(size);
  std::mt19937_64 random(size * taps);
  Signal tile = field.draw(size, random), filter = field.draw(taps, random);
  auto wrap = [&](int64_t position) { return (position % size + size) % size; };
  // A correlation is a convolution with the taps in reverse order: tap k stands
  // at -(k dilation - padding), modulo the size.
  Signal reversed(size);
  for (int64_t k = 0; k < taps; ++k) {
    uint64_t &place = reversed[wrap(padding - k * dilation)];
    place = field.add(place, filter[k]);
  }
  uint64_t root = field.getRoot();
  Signal product = transformByDefinition(field, tile, root);
  Signal spectrum = transformByDefinition(field, reversed, root);
  for (int64_t k = 0; k < size; ++k)
    product[k] = field.multiply(product[k], spectrum[k]);
  Signal result = transformByDefinition(field, product, field.invert(root));
  uint64_t scale = field.invert(size);
  for (int64_t o = 0; o < size; ++o) {
    uint64_t expected = 0;
    for (int64_t k = 0; k < taps; ++k)
      expected = field.add(
          expected,
          field.multiply(filter[k], tile[wrap(o + k * dilation - padding)]));
    if (field.multiply(result[o], scale) != expected)
      return false;
  }
  return true;
}

std::optional<std::string>
toeplitz::checkFourierIdentity(const Convolution &convolution,
                               const ConvolutionSchedule &schedule) {
  for (auto [d, size] : llvm::enumerate(schedule.transform)) {
    // (A sum over the taps of the depth is one as it stands.)
    if (d + 2 < schedule.transform.size())
      continue;
    int64_t taps = convolution.kernel[d];
    bool circular = !schedule.circular.empty() && schedule.circular[d];
    if (circular && size != convolution.getImageSize(d))
      return "a period of " + std::to_string(convolution.getImageSize(d)) +
             " positions isn't one of " + std::to_string(size) + " points";
    // The plans of targets with few registers and with many.
    for (int64_t registers : {16, 32})
      if (!computesFourierTransform(planFourierTransform(size, registers)))
        return "the stages are no transform of " + std::to_string(size) +
               " points";
    if (circular
            ? !computesCyclicCorrelation(size, taps, convolution.dilations[d],
                                         convolution.haloLow[d])
            : !computesCyclicCorrelation(size, taps))
      return "tiles of " + std::to_string(size) + " points and filters of " +
             std::to_string(taps) + " give no cyclic correlation";
  }
  return std::nullopt;
}
