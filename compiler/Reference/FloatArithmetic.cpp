// Arithmetic on floating types, computed in double precision: rounding that to
// a type of at most 24 bits gives the correctly rounded sum, difference,
// product, quotient or root.

#include "compiler/Reference/Lanes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace toeplitz::reference;

/// IEEE 754-2019 maximum and minimum: a NaN wins, which std::fmax would drop,
/// and 0 is larger than -0.
static double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return a + b;
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
static double minimum(double a, double b) { return -maximum(-a, -b); }

static double clamp(double value, double low, double high) {
  return minimum(maximum(value, low), high);
}

static double roundToFloat(double value) {
  return static_cast<double>(static_cast<float>(value));
}

/// Sines and cosines of one array.
static Kernel makeSincosKernel(ElementType type, Precision precision) {
  Kernel sine = makeFloatKernel<double>(type, precision,
                                        [](double x) { return std::sin(x); });
  Kernel cosine = makeFloatKernel<double>(type, precision,
                                          [](double x) { return std::cos(x); });
  return [sine, cosine](ArrayRef<const void *> operands,
                        ArrayRef<void *> results, size_t count) {
    sine(operands, results[0], count);
    cosine(operands, results[1], count);
  };
}

static Kernel findUnary(Operation *op, ElementType type, Precision precision) {
  auto make = [&](auto function) {
    return makeFloatKernel<double>(type, precision, function);
  };
  // A function that jumps sees the value that its type can hold.
  auto makeStep = [&](auto function) {
    if (type != ElementType::Float32)
      return make(function);
    return make([function](double x) { return function(roundToFloat(x)); });
  };
  using D = double;
  return llvm::TypeSwitch<Operation *, Kernel>(op)
      .Case<arith::NegFOp>([&](auto) { return make([](D x) { return -x; }); })
      .Case<math::AbsFOp>(
          [&](auto) { return make([](D x) { return std::abs(x); }); })
      .Case<math::AcosOp>(
          [&](auto) { return make([](D x) { return std::acos(x); }); })
      .Case<math::AcoshOp>(
          [&](auto) { return make([](D x) { return std::acosh(x); }); })
      .Case<math::AsinOp>(
          [&](auto) { return make([](D x) { return std::asin(x); }); })
      .Case<math::AsinhOp>(
          [&](auto) { return make([](D x) { return std::asinh(x); }); })
      .Case<math::AtanOp>(
          [&](auto) { return make([](D x) { return std::atan(x); }); })
      .Case<math::AtanhOp>(
          [&](auto) { return make([](D x) { return std::atanh(x); }); })
      .Case<math::CbrtOp>(
          [&](auto) { return make([](D x) { return std::cbrt(x); }); })
      .Case<math::CeilOp>(
          [&](auto) { return makeStep([](D x) { return std::ceil(x); }); })
      .Case<math::CosOp>(
          [&](auto) { return make([](D x) { return std::cos(x); }); })
      .Case<math::CoshOp>(
          [&](auto) { return make([](D x) { return std::cosh(x); }); })
      .Case<math::ErfOp>(
          [&](auto) { return make([](D x) { return std::erf(x); }); })
      .Case<math::ErfcOp>(
          [&](auto) { return make([](D x) { return std::erfc(x); }); })
      .Case<math::ExpOp>(
          [&](auto) { return make([](D x) { return std::exp(x); }); })
      .Case<math::Exp2Op>(
          [&](auto) { return make([](D x) { return std::exp2(x); }); })
      .Case<math::ExpM1Op>(
          [&](auto) { return make([](D x) { return std::expm1(x); }); })
      .Case<math::FloorOp>(
          [&](auto) { return makeStep([](D x) { return std::floor(x); }); })
      .Case<math::LogOp>(
          [&](auto) { return make([](D x) { return std::log(x); }); })
      .Case<math::Log10Op>(
          [&](auto) { return make([](D x) { return std::log10(x); }); })
      .Case<math::Log1pOp>(
          [&](auto) { return make([](D x) { return std::log1p(x); }); })
      .Case<math::Log2Op>(
          [&](auto) { return make([](D x) { return std::log2(x); }); })
      .Case<math::RoundOp>(
          [&](auto) { return makeStep([](D x) { return std::round(x); }); })
      .Case<math::RoundEvenOp>(
          [&](auto) { return makeStep([](D x) { return std::nearbyint(x); }); })
      .Case<math::RsqrtOp>(
          [&](auto) { return make([](D x) { return 1.0 / std::sqrt(x); }); })
      .Case<math::SinOp>(
          [&](auto) { return make([](D x) { return std::sin(x); }); })
      .Case<math::SinhOp>(
          [&](auto) { return make([](D x) { return std::sinh(x); }); })
      .Case<math::SqrtOp>(
          [&](auto) { return make([](D x) { return std::sqrt(x); }); })
      .Case<math::TanOp>(
          [&](auto) { return make([](D x) { return std::tan(x); }); })
      .Case<math::TanhOp>(
          [&](auto) { return make([](D x) { return std::tanh(x); }); })
      .Case<math::TruncOp>(
          [&](auto) { return makeStep([](D x) { return std::trunc(x); }); })
      .Case<math::SincosOp>(
          [&](auto) { return makeSincosKernel(type, precision); })
      .Default([](auto) { return Kernel(); });
}

static Kernel findOther(Operation *op, ElementType type, Precision precision) {
  auto make = [&](auto function) {
    return makeFloatKernel<double, double>(type, precision, function);
  };
  auto makeTernary = [&](auto function) {
    return makeFloatKernel<double, double, double>(type, precision, function);
  };
  using D = double;
  return llvm::TypeSwitch<Operation *, Kernel>(op)
      .Case<arith::AddFOp>(
          [&](auto) { return make([](D a, D b) { return a + b; }); })
      .Case<arith::SubFOp>(
          [&](auto) { return make([](D a, D b) { return a - b; }); })
      .Case<arith::MulFOp>(
          [&](auto) { return make([](D a, D b) { return a * b; }); })
      .Case<arith::DivFOp>(
          [&](auto) { return make([](D a, D b) { return a / b; }); })
      .Case<arith::RemFOp>([&](auto) {
        if (type != ElementType::Float32)
          return make([](D a, D b) { return std::fmod(a, b); });
        return make([](D a, D b) {
          return std::fmod(roundToFloat(a), roundToFloat(b));
        });
      })
      .Case<arith::MaximumFOp>([&](auto) { return make(maximum); })
      .Case<arith::MinimumFOp>([&](auto) { return make(minimum); })
      .Case<arith::MaxNumFOp>(
          [&](auto) { return make([](D a, D b) { return std::fmax(a, b); }); })
      .Case<arith::MinNumFOp>(
          [&](auto) { return make([](D a, D b) { return std::fmin(a, b); }); })
      .Case<math::Atan2Op>(
          [&](auto) { return make([](D a, D b) { return std::atan2(a, b); }); })
      .Case<math::CopySignOp>([&](auto) {
        return make([](D a, D b) { return std::copysign(a, b); });
      })
      .Case<math::PowFOp>(
          [&](auto) { return make([](D a, D b) { return std::pow(a, b); }); })
      .Case<math::FPowIOp>([&](auto) {
        return makeFloatKernel<double, int64_t>(
            type, precision, [](double base, int64_t exponent) {
              return std::pow(base, static_cast<double>(exponent));
            });
      })
      .Case<math::ClampFOp>([&](auto) { return makeTernary(clamp); })
      .Case<math::FmaOp>([&](auto) {
        // The sum of a product in double precision would be rounded twice.
        if (type == ElementType::Float32 && precision == Precision::Typed)
          return makeTernary([](D a, D b, D c) -> double {
            return std::fma(static_cast<float>(a), static_cast<float>(b),
                            static_cast<float>(c));
          });
        return makeTernary([](D a, D b, D c) { return std::fma(a, b, c); });
      })
      .Default([](auto) { return Kernel(); });
}

Kernel toeplitz::reference::findFloatKernel(Operation *op,
                                            Precision precision) {
  std::optional<ElementType> type = getElementType(op->getResult(0).getType());
  if (!type || !isFloat(*type))
    return Kernel();
  if (op->getNumOperands() == 1)
    return findUnary(op, *type, precision);
  return findOther(op, *type, precision);
}
