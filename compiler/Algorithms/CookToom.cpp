#include "compiler/Algorithms/CookToom.h"

#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace toeplitz;

std::vector<Rational> toeplitz::getInterpolationPoints(int64_t size) {
  // Pairs p, -p share half of their work (LinearProgram.h). Products with
  // numbers other than 1 cost nothing more where multiplications and additions
  // are fused, so the points are those that round least: found by measuring all
  // combinations of multiples of 1/8 up to 4, for two dimensions and random
  // data. Of 6 values the usual points 0, 1, -1, 2, -2 make an error 2 to 3
  // times as large as these.
  switch (size) {
  case 3:
    return {0, 1};
  case 4:
    return {0, 1, -1};
  case 5:
    return {0, {3, 4}, {-3, 4}, 2};
  case 6:
    return {0, {5, 8}, {-5, 8}, {3, 2}, {-3, 2}};
  case 7:
    return {0, {1, 2}, {-1, 2}, 1, -1, {-5, 2}};
  case 8:
    return {0, 1, -1, {1, 2}, {-1, 2}, 2, -2};
  }
  assert(false && "no points for this size");
  return {};
}

/// a(x) (x - point).
static std::vector<Rational> timesLinear(const std::vector<Rational> &a,
                                         Rational point) {
  std::vector<Rational> product(a.size() + 1);
  for (size_t i = 0; i < a.size(); ++i) {
    product[i + 1] = product[i + 1] + a[i];
    product[i] = product[i] - a[i] * point;
  }
  return product;
}

CookToom toeplitz::buildCookToom(int64_t outputs, int64_t taps,
                                 llvm::ArrayRef<Rational> points) {
  int64_t size = outputs + taps - 1;
  assert(static_cast<int64_t>(points.size()) == size - 1 &&
         "one point less than values");
  CookToom result = {outputs,
                     taps,
                     points.vec(),
                     RationalMatrix(outputs, size),
                     RationalMatrix(size, taps),
                     RationalMatrix(size, size)};
  for (int64_t j = 0; j + 1 < size; ++j) {
    Rational denominator = 1;
    std::vector<Rational> polynomial = {1};
    for (int64_t l = 0; l + 1 < size; ++l) {
      if (l == j)
        continue;
      denominator = denominator * (points[j] - points[l]);
      polynomial = timesLinear(polynomial, points[l]);
    }
    Rational power = 1;
    for (int64_t i = 0; i < std::max(outputs, taps); ++i) {
      if (i < outputs)
        result.outputTransform.at(i, j) = power;
      if (i < taps)
        result.filterTransform.at(j, i) = power / denominator;
      power = power * points[j];
    }
    for (int64_t l = 0; l + 1 < size; ++l)
      result.inputTransform.at(j, l) = polynomial[l];
  }
  result.outputTransform.at(outputs - 1, size - 1) = 1;
  result.filterTransform.at(size - 1, taps - 1) = 1;
  std::vector<Rational> polynomial = {1};
  for (Rational point : points)
    polynomial = timesLinear(polynomial, point);
  for (int64_t l = 0; l < size; ++l)
    result.inputTransform.at(size - 1, l) = polynomial[l];
  return result;
}

CookToom toeplitz::buildCookToom(int64_t outputs, int64_t taps) {
  return buildCookToom(outputs, taps,
                       getInterpolationPoints(outputs + taps - 1));
}

FactoredFilterTransform
toeplitz::factorFilterTransform(const CookToom &transform) {
  const RationalMatrix &exact = transform.filterTransform;
  // The least common multiple of the denominators but for powers of two.
  int64_t odd = 1;
  for (int64_t i = 0; i < exact.getRows(); ++i)
    for (int64_t k = 0; k < exact.getColumns(); ++k) {
      int64_t denominator = exact.at(i, k).getDenominator();
      odd = std::lcm(odd,
                     denominator >>
                         llvm::countr_zero(static_cast<uint64_t>(denominator)));
    }
  FactoredFilterTransform factored = {
      Rational(odd, int64_t(1) << llvm::Log2_64(odd)), exact};
  for (int64_t i = 0; i < exact.getRows(); ++i)
    for (int64_t k = 0; k < exact.getColumns(); ++k)
      factored.matrix.at(i, k) = factored.factor * exact.at(i, k);
  return factored;
}

bool toeplitz::computesCorrelation(const CookToom &transform) {
  for (int64_t i = 0; i < transform.outputs; ++i)
    for (int64_t k = 0; k < transform.taps; ++k)
      for (int64_t l = 0; l < transform.getSize(); ++l) {
        Rational sum;
        for (int64_t j = 0; j < transform.getSize(); ++j)
          sum = sum + transform.outputTransform.at(i, j) *
                          transform.filterTransform.at(j, k) *
                          transform.inputTransform.at(j, l);
        if (sum != Rational(l == i + k))
          return false;
      }
  return true;
}
