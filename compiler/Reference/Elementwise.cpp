// The elementwise operations of arith and math on tensors of one shape.

#include "compiler/Reference/Operators.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace toeplitz::reference;

using Unary = double (*)(double);
using Binary = double (*)(double, double);

namespace {

struct UnaryEntry {
  StringRef name;
  Unary function;
};

struct BinaryEntry {
  StringRef name;
  Binary function;
};

} // namespace

/// IEEE 754-2019 maximum and minimum: a NaN wins, which std::fmax would drop.
static double maximum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? a + b : std::max(a, b);
}
static double minimum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? a + b : std::min(a, b);
}

static Unary findUnary(StringRef name) {
  static const UnaryEntry entries[] = {
      {arith::NegFOp::getOperationName(), [](double x) { return -x; }},
      {math::AbsFOp::getOperationName(), [](double x) { return std::abs(x); }},
      {math::AcosOp::getOperationName(), [](double x) { return std::acos(x); }},
      {math::AsinOp::getOperationName(), [](double x) { return std::asin(x); }},
      {math::AtanOp::getOperationName(), [](double x) { return std::atan(x); }},
      {math::CeilOp::getOperationName(), [](double x) { return std::ceil(x); }},
      {math::CosOp::getOperationName(), [](double x) { return std::cos(x); }},
      {math::CoshOp::getOperationName(), [](double x) { return std::cosh(x); }},
      {math::ErfOp::getOperationName(), [](double x) { return std::erf(x); }},
      {math::ExpOp::getOperationName(), [](double x) { return std::exp(x); }},
      {math::Exp2Op::getOperationName(), [](double x) { return std::exp2(x); }},
      {math::ExpM1Op::getOperationName(),
       [](double x) { return std::expm1(x); }},
      {math::FloorOp::getOperationName(),
       [](double x) { return std::floor(x); }},
      {math::LogOp::getOperationName(), [](double x) { return std::log(x); }},
      {math::Log10Op::getOperationName(),
       [](double x) { return std::log10(x); }},
      {math::Log1pOp::getOperationName(),
       [](double x) { return std::log1p(x); }},
      {math::Log2Op::getOperationName(), [](double x) { return std::log2(x); }},
      {math::RoundOp::getOperationName(),
       [](double x) { return std::round(x); }},
      {math::RoundEvenOp::getOperationName(),
       [](double x) { return std::nearbyint(x); }},
      {math::RsqrtOp::getOperationName(),
       [](double x) { return 1.0 / std::sqrt(x); }},
      {math::SinOp::getOperationName(), [](double x) { return std::sin(x); }},
      {math::SinhOp::getOperationName(), [](double x) { return std::sinh(x); }},
      {math::SqrtOp::getOperationName(), [](double x) { return std::sqrt(x); }},
      {math::TanOp::getOperationName(), [](double x) { return std::tan(x); }},
      {math::TanhOp::getOperationName(), [](double x) { return std::tanh(x); }},
      {math::TruncOp::getOperationName(),
       [](double x) { return std::trunc(x); }},
  };
  for (const UnaryEntry &entry : entries)
    if (entry.name == name)
      return entry.function;
  return nullptr;
}

static Binary findBinary(StringRef name) {
  static const BinaryEntry entries[] = {
      {arith::AddFOp::getOperationName(),
       [](double a, double b) { return a + b; }},
      {arith::SubFOp::getOperationName(),
       [](double a, double b) { return a - b; }},
      {arith::MulFOp::getOperationName(),
       [](double a, double b) { return a * b; }},
      {arith::DivFOp::getOperationName(),
       [](double a, double b) { return a / b; }},
      {arith::RemFOp::getOperationName(),
       [](double a, double b) { return std::fmod(a, b); }},
      {arith::MaximumFOp::getOperationName(), maximum},
      {arith::MinimumFOp::getOperationName(), minimum},
      {arith::MaxNumFOp::getOperationName(),
       [](double a, double b) { return std::fmax(a, b); }},
      {arith::MinNumFOp::getOperationName(),
       [](double a, double b) { return std::fmin(a, b); }},
      {math::Atan2Op::getOperationName(),
       [](double a, double b) { return std::atan2(a, b); }},
      {math::CopySignOp::getOperationName(),
       [](double a, double b) { return std::copysign(a, b); }},
      {math::PowFOp::getOperationName(),
       [](double a, double b) { return std::pow(a, b); }},
  };
  for (const BinaryEntry &entry : entries)
    if (entry.name == name)
      return entry.function;
  return nullptr;
}

std::optional<Tensor>
toeplitz::reference::evaluateElementwise(Operation *op, Operands operands) {
  StringRef name = op->getName().getStringRef();
  if (operands.size() == 1)
    if (Unary function = findUnary(name)) {
      Tensor result = *operands[0];
      for (double &value : result.values)
        value = function(value);
      return result;
    }
  if (operands.size() == 2)
    if (Binary function = findBinary(name)) {
      Tensor result = *operands[0];
      for (size_t i = 0; i < result.values.size(); ++i)
        result.values[i] = function(result.values[i], operands[1]->values[i]);
      return result;
    }
  return std::nullopt;
}
