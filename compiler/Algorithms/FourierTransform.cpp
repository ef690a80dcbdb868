// Plans of discrete Fourier transforms.

#include "compiler/Algorithms/FourierTransform.h"
#include "compiler/Algorithms/RoundingError.h"

#include <algorithm>
#include <cassert>
#include <cmath>

using namespace toeplitz;

std::complex<double> toeplitz::getRootOfUnity(int64_t number, int64_t size) {
  number %= size;
  // Quarter turns are exact.
  if (4 * number % size == 0) {
    constexpr double re[] = {1, 0, -1, 0}, im[] = {0, -1, 0, 1};
    return {re[4 * number / size], im[4 * number / size]};
  }
  constexpr double turn = 6.283185307179586476925286766559;
  double angle = -turn * static_cast<double>(number) / size;
  return {std::cos(angle), std::sin(angle)};
}

bool toeplitz::isFourierSize(int64_t size) {
  if (size < 1)
    return false;
  for (int64_t factor : {2, 3, 5})
    while (size % factor == 0)
      size /= factor;
  return size == 1;
}

int64_t toeplitz::getNextFourierSize(int64_t size) {
  size = std::max<int64_t>(size, 1);
  while (!isFourierSize(size))
    ++size;
  return size;
}

llvm::SmallVector<int64_t, 4> toeplitz::factorRadix(int64_t radix) {
  llvm::SmallVector<int64_t, 4> factors;
  for (int64_t factor : {4, 2, 3, 5})
    while (radix % factor == 0) {
      factors.push_back(factor);
      radix /= factor;
    }
  assert(radix == 1 && "a butterfly's size is 2^a 3^b 5^c");
  return factors;
}

int64_t FourierPlan::countTwiddles() const {
  int64_t floats = 0, points = size;
  for (int64_t radix : radices) {
    points /= radix;
    if (points > 1)
      floats += points * (radix - 1) * 2;
  }
  return floats;
}

void FourierPlan::writeTwiddles(llvm::MutableArrayRef<float> table) const {
  float *next = table.data();
  int64_t points = size;
  for (int64_t radix : radices) {
    int64_t rest = points / radix;
    for (int64_t i = 0; rest > 1 && i < rest; ++i)
      for (int64_t q = 1; q < radix; ++q) {
        std::complex<double> root = getRootOfUnity(i * q, points);
        *next++ = static_cast<float>(root.real());
        *next++ = static_cast<float>(root.imag());
      }
    points = rest;
  }
}

/// The vector operations of a butterfly, as FourierKernel.cpp writes it.
static double countButterflyOperations(int64_t radix) {
  double operations = 0;
  int64_t rest = radix;
  for (int64_t factor : factorRadix(radix)) {
    double one = factor == 2 ? 4 : factor == 3 ? 12 : factor == 4 ? 16 : 36;
    operations += one * (radix / factor);
    rest /= factor;
    // Twiddles inside; those of 0 and of quarter turns are nothing.
    if (rest > 1)
      operations += 4.0 * (radix - radix / factor) * (rest - 1) / rest;
  }
  return operations;
}

/// The cycles of one butterfly.
static double estimateButterfly(int64_t radix, bool withTwiddles,
                                int64_t registers) {
  double operations = countButterflyOperations(radix);
  double loads = 2 * radix, stores = 2 * radix;
  if (withTwiddles) {
    operations += 4 * (radix - 1);
    loads += 2 * (radix - 1);
  }
  // What doesn't fit beside two temporary values goes to memory and comes back.
  double spilled = std::max<double>(0, 2 * radix + 2 - registers);
  stores += spilled;
  loads += spilled;
  // Half of what isn't the narrowest place is hidden.
  double arithmetic = operations / 2, memory = std::max(stores, loads / 2);
  return std::max(arithmetic, memory) + std::min(arithmetic, memory) / 2 + 3;
}

double FourierPlan::estimateCycles(int64_t registers) const {
  double cycles = 0;
  int64_t points = size;
  for (int64_t radix : radices) {
    points /= radix;
    cycles += estimateButterfly(radix, points > 1, registers) * (size / radix);
  }
  return cycles;
}

/// Tries every ordered factorisation of the `rest` points.
static void searchRadices(FourierPlan &plan, int64_t rest, int64_t registers,
                          FourierPlan &best, double &bestCycles) {
  if (rest == 1) {
    double cycles = plan.estimateCycles(registers);
    if (best.radices.empty() || cycles < bestCycles) {
      best = plan;
      bestCycles = cycles;
    }
    return;
  }
  for (int64_t radix : {10, 9, 8, 6, 5, 4, 3, 2}) {
    if (rest % radix != 0)
      continue;
    plan.radices.push_back(radix);
    searchRadices(plan, rest / radix, registers, best, bestCycles);
    plan.radices.pop_back();
  }
}

FourierPlan toeplitz::planFourierTransform(int64_t size, int64_t registers) {
  FourierPlan plan, best;
  plan.size = best.size = size;
  double bestCycles = 0;
  // Large sizes have many factorisations: stages of radix 8 until few are left.
  int64_t rest = size;
  while (rest > 4096 && rest % 8 == 0) {
    plan.radices.push_back(8);
    rest /= 8;
  }
  if (size > 1)
    searchRadices(plan, rest, registers, best, bestCycles);
  return best;
}

DoubleTransform::DoubleTransform(int64_t size) {
  assert(isFourierSize(size));
  for (int64_t number = 0; number < size; ++number)
    roots.push_back(getRootOfUnity(number, size));
}

DoubleTransform::Signal
DoubleTransform::operator()(const Signal &signal) const {
  assert(signal.size() == roots.size());
  Signal result(signal.size());
  transform(signal.data(), 1, static_cast<int64_t>(signal.size()),
            result.data());
  return result;
}

void DoubleTransform::transform(const std::complex<double> *signal,
                                int64_t stride, int64_t size,
                                std::complex<double> *result) const {
  if (size == 1) {
    *result = *signal;
    return;
  }
  // In time: the transforms of every radix-th point, side by side, are then
  // joined by butterflies. w of `size` points is roots[stride].
  int64_t radix = size % 2 == 0 ? 2 : size % 3 == 0 ? 3 : 5;
  int64_t rest = size / radix;
  for (int64_t t = 0; t < radix; ++t)
    transform(signal + t * stride, stride * radix, rest, result + t * rest);
  std::complex<double> points[5];
  for (int64_t k = 0; k < rest; ++k) {
    for (int64_t t = 0; t < radix; ++t)
      points[t] = result[t * rest + k] * roots[t * k * stride];
    for (int64_t q = 0; q < radix; ++q) {
      std::complex<double> sum = 0;
      for (int64_t t = 0; t < radix; ++t)
        sum += points[t] * roots[t * q % radix * rest * stride];
      result[q * rest + k] = sum;
    }
  }
}

double toeplitz::boundFourierError(int64_t size) {
  // A product with a twiddle that is itself rounded: gamma(4) sqrt(2) (Higham,
  // lemma 3.5; with the sum first, as eighth turns are done, it has as many
  // roundings).
  double twiddle = std::sqrt(2.0) * getGamma(4);
  double factor = 1;
  for (int64_t prime : {2, 3, 5})
    while (size % prime == 0) {
      size /= prime;
      // Two points: one addition each. p points: every output is a sum of p
      // products with a cosine and a sine, at most 7 roundings deep, and
      // |cos||re| + |sin||im| <= |x|: |error of one| <= sqrt(2) gamma(7) (sum
      // of |x|) <= sqrt(2 p) gamma(7) |x|, of all p together sqrt(p) times
      // that, and |X| = sqrt(p) |x|.
      double butterfly =
          prime == 2 ? getGamma(1) : std::sqrt(2.0 * prime) * getGamma(7);
      factor *= (1 + butterfly) * (1 + twiddle);
    }
  return factor - 1;
}
