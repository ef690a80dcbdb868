// Casts, comparisons, classifications and selections: what goes from one type
// to another. f32 operands are rounded to f32 whatever the precision is, so
// that jumps are where the compiled network has them.

#include "compiler/Reference/Lanes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace toeplitz::reference;

/// Rounds towards zero, saturating; NaN becomes 0.
static int64_t castToSigned(double value, unsigned width) {
  if (std::isnan(value))
    return 0;
  double limit = std::ldexp(1.0, static_cast<int>(width) - 1);
  if (value >= limit)
    return static_cast<int64_t>(~uint64_t(0) >> 1) >> (64 - width);
  if (value < -limit)
    return std::numeric_limits<int64_t>::min() >> (64 - width);
  return static_cast<int64_t>(value);
}

static int64_t castToUnsigned(double value, unsigned width) {
  if (!(value > 0.0))
    return 0;
  if (value >= std::ldexp(1.0, static_cast<int>(width)))
    return -1; // All bits.
  return static_cast<int64_t>(static_cast<uint64_t>(value));
}

/// An integer as a floating value. By way of a double, f32 would be rounded
/// twice.
template <typename Integer>
static double castToFloat(Integer value, ElementType type) {
  if (type == ElementType::Float32)
    return static_cast<double>(static_cast<float>(value));
  return roundToType(static_cast<double>(value), type);
}

template <typename Value>
static bool ordered(arith::CmpFPredicate predicate, Value a, Value b) {
  using P = arith::CmpFPredicate;
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::OEQ:
    return a == b;
  case P::OGT:
    return a > b;
  case P::OGE:
    return a >= b;
  case P::OLT:
    return a < b;
  case P::OLE:
    return a <= b;
  case P::ONE:
    return !unordered && a != b;
  case P::ORD:
    return !unordered;
  case P::UEQ:
    return unordered || a == b;
  case P::UGT:
    return unordered || a > b;
  case P::UGE:
    return unordered || a >= b;
  case P::ULT:
    return unordered || a < b;
  case P::ULE:
    return unordered || a <= b;
  case P::UNE:
    return a != b;
  case P::UNO:
    return unordered;
  case P::AlwaysTrue:
    return true;
  }
  llvm_unreachable("a comparison without a definition");
}

static bool compare(arith::CmpIPredicate predicate, int64_t a, int64_t b,
                    unsigned width) {
  using P = arith::CmpIPredicate;
  uint64_t x = zeroExtended(a, width), y = zeroExtended(b, width);
  switch (predicate) {
  case P::eq:
    return a == b;
  case P::ne:
    return a != b;
  case P::slt:
    return a < b;
  case P::sle:
    return a <= b;
  case P::sgt:
    return a > b;
  case P::sge:
    return a >= b;
  case P::ult:
    return x < y;
  case P::ule:
    return x <= y;
  case P::ugt:
    return x > y;
  case P::uge:
    return x >= y;
  }
  llvm_unreachable("a comparison without a definition");
}

/// The smallest normal number of a floating type.
static double smallestNormal(ElementType type) {
  switch (type) {
  case ElementType::Float16:
    return std::ldexp(1.0, -14);
  case ElementType::Float64:
    return std::numeric_limits<double>::min();
  default:
    return std::ldexp(1.0, -126);
  }
}

static Kernel findSelection(ElementType type) {
  if (isFloat(type))
    return makeKernel<double, int64_t, double, double>(
        [](int64_t condition, double a, double b) { return condition ? a : b; },
        [](double value) { return value; });
  return makeKernel<int64_t, int64_t, int64_t, int64_t>(
      [](int64_t condition, int64_t a, int64_t b) { return condition ? a : b; },
      [](int64_t value) { return value; });
}

static Kernel findBitcast(ElementType from, ElementType to) {
  if (isFloat(from) && isFloat(to))
    return makeKernel<double, double>(
        [=](double value) { return decodeFloat(encodeFloat(value, from), to); },
        [](double value) { return value; });
  if (isFloat(from))
    return makeIntegerKernel<double>(to, [from](double value) {
      return static_cast<int64_t>(encodeFloat(value, from));
    });
  if (isFloat(to))
    return makeKernel<double, int64_t>(
        [to](int64_t value) {
          return decodeFloat(static_cast<uint64_t>(value), to);
        },
        [](double value) { return value; });
  return makeIntegerKernel<int64_t>(to, [](int64_t value) { return value; });
}

/// From a floating type.
static Kernel findFromFloat(Operation *op, ElementType from, ElementType to) {
  unsigned width = getBitWidth(to);
  auto makeCast = [&](auto function) {
    return makeIntegerKernel<double>(to, [=](double value) -> int64_t {
      return function(roundToType(value, from));
    });
  };
  auto makeTest = [&](auto function) {
    return makeCast(
        [function](double value) { return function(value) ? -1 : 0; });
  };
  return llvm::TypeSwitch<Operation *, Kernel>(op)
      .Case<arith::ExtFOp, arith::TruncFOp>([&](auto) {
        return makeFloatKernel<double>(to, Precision::Typed, [from](double x) {
          return roundToType(x, from);
        });
      })
      .Case<arith::FPToSIOp>([&](auto) {
        return makeCast([width](double x) { return castToSigned(x, width); });
      })
      .Case<arith::FPToUIOp>([&](auto) {
        return makeCast([width](double x) { return castToUnsigned(x, width); });
      })
      .Case<arith::CmpFOp>([&](arith::CmpFOp comparison) {
        return makeIntegerKernel<double, double>(
            to,
            [from, predicate = comparison.getPredicate()](double a,
                                                          double b) -> int64_t {
              return -ordered(predicate, roundToType(a, from),
                              roundToType(b, from));
            });
      })
      .Case<math::IsNaNOp>([&](auto) {
        return makeTest([](double x) { return std::isnan(x); });
      })
      .Case<math::IsInfOp>([&](auto) {
        return makeTest([](double x) { return std::isinf(x); });
      })
      .Case<math::IsFiniteOp>([&](auto) {
        return makeTest([](double x) { return std::isfinite(x); });
      })
      .Case<math::IsNormalOp>([&](auto) {
        return makeTest([smallest = smallestNormal(from)](double x) {
          return std::isfinite(x) && std::abs(x) >= smallest;
        });
      })
      .Default([](auto) { return Kernel(); });
}

/// From an integer type.
static Kernel findFromInteger(Operation *op, ElementType from, ElementType to) {
  unsigned width = getBitWidth(from);
  return llvm::TypeSwitch<Operation *, Kernel>(op)
      .Case<arith::ExtSIOp, arith::TruncIOp, arith::IndexCastOp>([&](auto) {
        return makeIntegerKernel<int64_t>(to, [](int64_t x) { return x; });
      })
      .Case<arith::ExtUIOp, arith::IndexCastUIOp>([&](auto) {
        return makeIntegerKernel<int64_t>(to, [width](int64_t x) {
          return static_cast<int64_t>(zeroExtended(x, width));
        });
      })
      .Case<arith::SIToFPOp>([&](auto) {
        return makeKernel<double, int64_t>(
            [to](int64_t x) { return castToFloat(x, to); },
            [](double value) { return value; });
      })
      .Case<arith::UIToFPOp>([&](auto) {
        return makeKernel<double, int64_t>(
            [=](int64_t x) { return castToFloat(zeroExtended(x, width), to); },
            [](double value) { return value; });
      })
      .Case<arith::CmpIOp>([&](arith::CmpIOp comparison) {
        return makeIntegerKernel<int64_t, int64_t>(
            to,
            [width, predicate = comparison.getPredicate()](int64_t a, int64_t b)
                -> int64_t { return -compare(predicate, a, b, width); });
      })
      .Default([](auto) { return Kernel(); });
}

Kernel toeplitz::reference::findConversionKernel(Operation *op) {
  std::optional<ElementType> from = getElementType(op->getOperand(0).getType());
  std::optional<ElementType> to = getElementType(op->getResult(0).getType());
  if (!from || !to)
    return Kernel();
  if (isa<arith::SelectOp>(op))
    return findSelection(*to);
  if (isa<arith::BitcastOp>(op))
    return findBitcast(*from, *to);
  return isFloat(*from) ? findFromFloat(op, *from, *to)
                        : findFromInteger(op, *from, *to);
}

Kernel toeplitz::reference::findKernel(Operation *op, Precision precision) {
  // The names of dialects are compared first: most operations of a network
  // belong to others.
  if (!isa_and_nonnull<arith::ArithDialect, math::MathDialect>(
          op->getDialect()) ||
      op->getNumOperands() == 0 || op->getNumResults() == 0)
    return Kernel();
  if (Kernel kernel = findConversionKernel(op))
    return kernel;
  if (Kernel kernel = findFloatKernel(op, precision))
    return kernel;
  return findIntegerKernel(op);
}
