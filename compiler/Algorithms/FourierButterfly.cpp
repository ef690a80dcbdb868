// Transforms of a few points in registers (see FourierTransform.h), and the
// arithmetic of complex numbers that they are made of.

#include "compiler/Algorithms/FourierKernel.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace toeplitz;

Value FourierKernel::addVectors(Value a, Value b) {
  return arith::AddFOp::create(kernel.builder, kernel.location, a, b);
}
Value FourierKernel::subtract(Value a, Value b) {
  return arith::SubFOp::create(kernel.builder, kernel.location, a, b);
}
Value FourierKernel::multiply(Value a, Value b) {
  return arith::MulFOp::create(kernel.builder, kernel.location, a, b);
}
Value FourierKernel::negate(Value a) {
  return arith::NegFOp::create(kernel.builder, kernel.location, a);
}
Value FourierKernel::number(double value, Value like) {
  return kernel.floatConstant(static_cast<float>(value), like.getType());
}

ComplexVector FourierKernel::multiplyByRoot(ComplexVector x, int64_t number_,
                                            int64_t size) {
  number_ %= size;
  // exp(-2 pi i / 4) = -i, and so on.
  if (8 * number_ % size == 0)
    switch (8 * number_ / size) {
    case 0:
      return x;
    case 2:
      return {x.im, negate(x.re)};
    case 4:
      return {negate(x.re), negate(x.im)};
    case 6:
      return {negate(x.im), x.re};
    case 1: {
      Value half = number(std::sqrt(0.5), x.re);
      return {multiply(addVectors(x.re, x.im), half),
              multiply(subtract(x.im, x.re), half)};
    }
    case 3: {
      Value half = number(-std::sqrt(0.5), x.re);
      return {multiply(subtract(x.re, x.im), half),
              multiply(addVectors(x.re, x.im), half)};
    }
    case 5: {
      Value half = number(-std::sqrt(0.5), x.re);
      return {multiply(addVectors(x.re, x.im), half),
              multiply(subtract(x.im, x.re), half)};
    }
    default: {
      Value half = number(std::sqrt(0.5), x.re);
      return {multiply(subtract(x.re, x.im), half),
              multiply(addVectors(x.re, x.im), half)};
    }
    }
  std::complex<double> root = getRootOfUnity(number_, size);
  Value re = number(root.real(), x.re), im = number(root.imag(), x.re);
  return {kernel.multiplyAdd(x.re, re, negate(multiply(x.im, im))),
          kernel.multiplyAdd(x.re, im, multiply(x.im, re))};
}

/// The transform of 2, 3, 4 or 5 points.
SmallVector<ComplexVector>
FourierKernel::smallButterfly(ArrayRef<ComplexVector> x) {
  auto add = [&](ComplexVector a, ComplexVector b) -> ComplexVector {
    return {addVectors(a.re, b.re), addVectors(a.im, b.im)};
  };
  auto sub = [&](ComplexVector a, ComplexVector b) -> ComplexVector {
    return {subtract(a.re, b.re), subtract(a.im, b.im)};
  };
  // a + s b for a real number s.
  auto addScaled = [&](ComplexVector a, double s,
                       ComplexVector b) -> ComplexVector {
    Value scale = number(s, b.re);
    return {kernel.multiplyAdd(b.re, scale, a.re),
            kernel.multiplyAdd(b.im, scale, a.im)};
  };
  auto timesMinusI = [&](ComplexVector a) { return multiplyByRoot(a, 1, 4); };

  switch (x.size()) {
  case 2:
    return {add(x[0], x[1]), sub(x[0], x[1])};
  case 3: {
    // y1, y2 = (x0 - (x1 + x2) / 2) -+ i sin(2 pi / 3) (x1 - x2).
    ComplexVector sum = add(x[1], x[2]);
    ComplexVector turned = timesMinusI(sub(x[1], x[2]));
    ComplexVector middle = addScaled(x[0], -0.5, sum);
    double sine = std::sqrt(0.75);
    return {add(x[0], sum), addScaled(middle, sine, turned),
            addScaled(middle, -sine, turned)};
  }
  case 4: {
    ComplexVector even = add(x[0], x[2]), evenLess = sub(x[0], x[2]);
    ComplexVector odd = add(x[1], x[3]);
    ComplexVector turned = timesMinusI(sub(x[1], x[3]));
    return {add(even, odd), add(evenLess, turned), sub(even, odd),
            sub(evenLess, turned)};
  }
  default: {
    // y1, y4 = (x0 + c1 s1 + c2 s2) -+ i (n1 d1 + n2 d2) and
    // y2, y3 = (x0 + c2 s1 + c1 s2) -+ i (n2 d1 - n1 d2),
    // s1, d1 = x1 +- x4, s2, d2 = x2 +- x3, c and n cosines and sines.
    assert(x.size() == 5);
    std::complex<double> one = getRootOfUnity(1, 5), two = getRootOfUnity(2, 5);
    double c1 = one.real(), c2 = two.real(), n1 = -one.imag(), n2 = -two.imag();
    ComplexVector s1 = add(x[1], x[4]), d1 = timesMinusI(sub(x[1], x[4]));
    ComplexVector s2 = add(x[2], x[3]), d2 = timesMinusI(sub(x[2], x[3]));
    ComplexVector m1 = addScaled(addScaled(x[0], c1, s1), c2, s2);
    ComplexVector m2 = addScaled(addScaled(x[0], c2, s1), c1, s2);
    auto combine = [&](double a, double b) -> ComplexVector {
      Value scale = number(a, d1.re);
      return addScaled({multiply(d1.re, scale), multiply(d1.im, scale)}, b, d2);
    };
    ComplexVector t1 = combine(n1, n2), t2 = combine(n2, -n1);
    return {add(add(x[0], s1), s2), add(m1, t1), add(m2, t2), sub(m2, t2),
            sub(m1, t1)};
  }
  }
}

/// The transform of a few points in registers, by the factors of their number.
SmallVector<ComplexVector> FourierKernel::butterfly(ArrayRef<ComplexVector> x) {
  int64_t size = static_cast<int64_t>(x.size());
  int64_t radix = factorRadix(size)[0];
  int64_t rest = size / radix;
  if (rest == 1)
    return smallButterfly(x);
  SmallVector<SmallVector<ComplexVector>> parts(radix);
  for (int64_t i = 0; i < rest; ++i) {
    SmallVector<ComplexVector> points;
    for (int64_t t = 0; t < radix; ++t)
      points.push_back(x[i + t * rest]);
    for (auto [q, value] : llvm::enumerate(smallButterfly(points)))
      parts[q].push_back(
          multiplyByRoot(value, i * static_cast<int64_t>(q), size));
  }
  SmallVector<ComplexVector> result(size);
  for (int64_t q = 0; q < radix; ++q)
    for (auto [k, value] : llvm::enumerate(butterfly(parts[q])))
      result[q + radix * k] = value;
  return result;
}
