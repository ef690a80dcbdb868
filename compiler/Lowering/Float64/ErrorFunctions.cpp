// erf and erfc of f64.
//
// Below 1, erf x = 2 / sqrt(pi) (x - x^3 / 3 + x^5 / (2! 5) - ...). From 1/2
// on,
//   erfc x = e^(-x^2) C(t) / (1 + 2 x), t = (x - 15/4) / (x + 15/4),
// with a series C of Chebyshev's polynomials for all x >= 0 (Shepherd and
// Laframboise 1981, Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <=
// x < infinity, Mathematics of Computation 36, table 1), added up by Clenshaw's
// recurrence.

#include "compiler/Lowering/Float64/Float64Math.h"

using namespace mlir;

namespace toeplitz::float64 {

using Predicate = arith::CmpFPredicate;

static constexpr double chebyshev[] = {
    1.1775789345674017541,      -0.0045900545806464773309,
    -0.084249133366517915584,   0.059209939998191890498,
    -0.026658668435305752277,   0.0090749976707052650939,
    -0.0024131635404176081909,  0.00049077583652580863229,
    -6.9169733025012063671e-5,  4.1390279860730101675e-6,
    7.7403830661984906686e-7,   -2.1886401049234395661e-7,
    1.0764999465670910377e-8,   4.5219598112182868979e-9,
    -7.7544002088313511065e-10, -6.3180883408866844944e-11,
    2.8687950109306698981e-11,  1.945586854577734723e-13,
    -9.6546967484334389059e-13, 3.2525481481487398415e-14,
    3.3478119482868053878e-14,  -1.8645628804193131015e-15,
    -1.2507950530688647085e-15, 7.418235256624043463e-17,
    5.0681489047961113168e-17,  -2.2370566594359995974e-18};

/// 2 / sqrt(pi) in two parts.
static constexpr double slope = 0x1.20dd750429b6dp0,
                        slopeLow = 0x1.1ae3a914fed8p-56;

/// erf x for |x| <= 1.
static Pair emitSmallErf(const FloatCode &code, Value x) {
  // (-1)^n / (n! (2 n + 1)), n from 1 on.
  constexpr int terms = 18;
  SmallVector<double> series;
  double factorial = 1;
  for (int n = 1; n <= terms; ++n) {
    factorial *= n;
    series.push_back((n % 2 == 0 ? 1 : -1) / (factorial * (2 * n + 1)));
  }
  Value square = code.mul(x, x);
  Value rest = code.mul(square, code.polynomial(square, ArrayRef(series)));
  Pair line = multiply(code, pairOf(code, x), pairOf(code, slope, slopeLow));
  Pair sum = quickSum(code, line.high, code.mul(line.high, rest));
  return quickSum(code, sum.high, code.add(sum.low, line.low));
}

namespace {
/// 2^n value.
struct Scaled {
  Pair value;
  Value n;
};
} // namespace

/// erfc x for 1/2 <= x <= 28.
static Scaled emitLargeErfc(const FloatCode &code, Value x) {
  Value border = code.number(3.75);
  Value t = code.div(code.sub(x, border), code.add(x, border));
  Value twice = code.add(t, t);
  Value next = code.number(0), sum = code.number(0);
  for (double coefficient : llvm::reverse(ArrayRef(chebyshev).drop_front())) {
    Value before =
        code.fma(twice, sum, code.sub(code.number(coefficient), next));
    next = sum;
    sum = before;
  }
  sum = code.fma(t, sum, code.sub(code.number(chebyshev[0]), next));
  Pair square = twoProduct(code, x, x);
  auto [n, r] =
      reduceExponent(code, {code.negate(square.high), code.negate(square.low)});
  Pair power = add(code, emitSmallExpM1(code, r), pairOf(code, 1));
  Pair numerator = multiply(code, power, pairOf(code, sum));
  return {divide(code, numerator, twoSum(code, code.number(1), code.add(x, x))),
          n};
}

Value emitErf(const FloatCode &code, Value x) {
  Value size = code.magnitude(x);
  Value isSmall = code.compare(Predicate::OLT, size, code.number(1));
  Pair small = emitSmallErf(code, code.atMost(size, 1));
  // From 6 on it is 1 in f64.
  auto [large, n] = emitLargeErfc(code, code.atMost(code.atLeast(size, 1), 6));
  Value rest = code.sub(code.number(1), scaleByPower(code, large.high, n));
  return code.withSign(code.select(isSmall, small.high, rest), x);
}

Value emitErfc(const FloatCode &code, Value x) {
  Value size = code.magnitude(x);
  Value isSmall = code.compare(Predicate::OLT, size, code.number(0.5));
  Pair small = emitSmallErf(code, code.atMost(size, 0.5));
  // From 28 on it is 0 in f64.
  auto [large, n] =
      emitLargeErfc(code, code.atMost(code.atLeast(size, 0.5), 28));
  Value tail = scaleByPower(code, large.high, n);
  Value isPositive = code.compare(Predicate::OGE, x, code.number(0));
  Value outside = code.select(isPositive, tail, code.sub(code.number(2), tail));
  // erf x, with the sign of x.
  Pair inside =
      subtract(code, pairOf(code, 1),
               {code.withSign(small.high, x),
                code.select(isPositive, small.low, code.negate(small.low))});
  Value result = code.select(isSmall, inside.high, outside);
  return code.select(code.compare(Predicate::ORD, x, x), result, x);
}

} // namespace toeplitz::float64
