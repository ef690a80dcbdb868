// Source: Dekker 1971, A floating-point technique for extending the available
// precision (Numerische Mathematik 18); Joldes, Muller and Popescu 2017, Tight
// and rigorous error bounds for basic building blocks of double-word arithmetic
// (ACM Transactions on Mathematical Software 44).

#include "compiler/Lowering/Float64/DoubleDouble.h"

using namespace mlir;

namespace toeplitz::float64 {

Pair pairOf(const FloatCode &code, double high, double low) {
  return {code.number(high), code.number(low)};
}

Pair pairOf(const FloatCode &code, Value number) {
  return {number, code.number(0)};
}

Pair twoSum(const FloatCode &code, Value a, Value b) {
  Value sum = code.add(a, b);
  Value part = code.sub(sum, a);
  Value rest = code.sub(a, code.sub(sum, part));
  return {sum, code.add(rest, code.sub(b, part))};
}

Pair quickSum(const FloatCode &code, Value a, Value b) {
  Value sum = code.add(a, b);
  return {sum, code.sub(b, code.sub(sum, a))};
}

Pair twoProduct(const FloatCode &code, Value a, Value b) {
  Value product = code.mul(a, b);
  return {product, code.fma(a, b, code.negate(product))};
}

Pair add(const FloatCode &code, Pair a, Pair b) {
  Pair high = twoSum(code, a.high, b.high);
  Pair low = twoSum(code, a.low, b.low);
  high = quickSum(code, high.high, code.add(high.low, low.high));
  return quickSum(code, high.high, code.add(high.low, low.low));
}

Pair subtract(const FloatCode &code, Pair a, Pair b) {
  return add(code, a, {code.negate(b.high), code.negate(b.low)});
}

Pair multiply(const FloatCode &code, Pair a, Pair b) {
  Pair product = twoProduct(code, a.high, b.high);
  Value cross = code.fma(a.high, b.low, code.mul(a.low, b.high));
  return quickSum(code, product.high, code.add(product.low, cross));
}

Pair divide(const FloatCode &code, Pair a, Pair b) {
  Value quotient = code.div(a.high, b.high);
  Value negated = code.negate(quotient);
  Value rest = code.fma(negated, b.high, a.high);
  rest = code.add(rest, code.fma(negated, b.low, a.low));
  return quickSum(code, quotient, code.div(rest, b.high));
}

Pair squareRoot(const FloatCode &code, Pair a) {
  Value root = code.sqrt(a.high);
  Value rest = code.add(code.fma(code.negate(root), root, a.high), a.low);
  Value isZero = code.compare(arith::CmpFPredicate::OEQ, root, code.number(0));
  Value twice = code.select(isZero, code.number(1), code.add(root, root));
  return quickSum(code, root, code.div(rest, twice));
}

Pair scale(const FloatCode &code, Pair a, Value power) {
  return {code.mul(a.high, power), code.mul(a.low, power)};
}

Pair scale(const FloatCode &code, Pair a, double power) {
  return scale(code, a, code.number(power));
}

Pair select(const FloatCode &code, Value condition, Pair a, Pair b) {
  return {code.select(condition, a.high, b.high),
          code.select(condition, a.low, b.low)};
}

} // namespace toeplitz::float64
