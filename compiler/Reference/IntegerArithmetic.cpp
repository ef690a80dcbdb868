// Arithmetic on integers and indices. They are signless: the operation says
// whether it takes them as signed.

#include "compiler/Reference/Lanes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace toeplitz::reference;

using S = int64_t;
using U = uint64_t;

/// The most negative integer divided by -1 is itself, without a trap.
static S divide(S a, S b) {
  if (b == 0)
    return 0;
  return b == -1 ? static_cast<S>(U(0) - static_cast<U>(a)) : a / b;
}
static S remainderOf(S a, S b) { return b == 0 || b == -1 ? 0 : a % b; }

static S divideFloor(S a, S b) {
  S quotient = divide(a, b);
  bool inexact = remainderOf(a, b) != 0;
  return inexact && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}
static S divideCeil(S a, S b) {
  S quotient = divide(a, b);
  bool inexact = remainderOf(a, b) != 0;
  return inexact && (a < 0) == (b < 0) ? quotient + 1 : quotient;
}

/// Powers by squaring. A negative exponent leaves the inverse, which is an
/// integer for 1 and -1 alone.
static S power(S base, S exponent) {
  if (exponent < 0) {
    if (base == 1)
      return 1;
    return base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  }
  U result = 1, square = static_cast<U>(base);
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1)
      result *= square;
    square *= square;
  }
  return static_cast<S>(result);
}

/// A product of double width: the lower half, then the upper one.
template <typename Wide, typename Extend>
static Kernel makeProductKernel(unsigned width, Extend extend) {
  return [=](ArrayRef<const void *> operands, ArrayRef<void *> results,
             size_t count) {
    const S *a = static_cast<const S *>(operands[0]);
    const S *b = static_cast<const S *>(operands[1]);
    for (size_t i = 0; i < count; ++i) {
      Wide product = static_cast<Wide>(extend(a[i])) * extend(b[i]);
      static_cast<S *>(results[0])[i] =
          wrapToWidth(static_cast<S>(product), width);
      static_cast<S *>(results[1])[i] =
          wrapToWidth(static_cast<S>(product >> width), width);
    }
  };
}

/// The sum, and whether it was too large.
static Kernel makeSumKernel(unsigned width) {
  return [=](ArrayRef<const void *> operands, ArrayRef<void *> results,
             size_t count) {
    const S *a = static_cast<const S *>(operands[0]);
    const S *b = static_cast<const S *>(operands[1]);
    for (size_t i = 0; i < count; ++i) {
      S sum = wrapToWidth(
          static_cast<S>(static_cast<U>(a[i]) + static_cast<U>(b[i])), width);
      static_cast<S *>(results[0])[i] = sum;
      static_cast<S *>(results[1])[i] =
          zeroExtended(sum, width) < zeroExtended(a[i], width) ? -1 : 0;
    }
  };
}

static Kernel findSigned(Operation *op, ElementType type) {
  auto make = [&](auto function) {
    return makeIntegerKernel<S, S>(type, function);
  };
  // Sums and products of signed integers may not overflow in C++; unsigned ones
  // wrap around, to the same bits.
  auto makeWrapping = [&](auto function) {
    return make([function](S a, S b) {
      return static_cast<S>(function(static_cast<U>(a), static_cast<U>(b)));
    });
  };
  return llvm::TypeSwitch<Operation *, Kernel>(op)
      .Case<arith::AddIOp>(
          [&](auto) { return makeWrapping([](U a, U b) { return a + b; }); })
      .Case<arith::SubIOp>(
          [&](auto) { return makeWrapping([](U a, U b) { return a - b; }); })
      .Case<arith::MulIOp>(
          [&](auto) { return makeWrapping([](U a, U b) { return a * b; }); })
      .Case<arith::AndIOp>(
          [&](auto) { return make([](S a, S b) { return a & b; }); })
      .Case<arith::OrIOp>(
          [&](auto) { return make([](S a, S b) { return a | b; }); })
      .Case<arith::XOrIOp>(
          [&](auto) { return make([](S a, S b) { return a ^ b; }); })
      .Case<arith::DivSIOp>([&](auto) { return make(divide); })
      .Case<arith::RemSIOp>([&](auto) { return make(remainderOf); })
      .Case<arith::FloorDivSIOp>([&](auto) { return make(divideFloor); })
      .Case<arith::CeilDivSIOp>([&](auto) { return make(divideCeil); })
      .Case<arith::MaxSIOp>(
          [&](auto) { return make([](S a, S b) { return std::max(a, b); }); })
      .Case<arith::MinSIOp>(
          [&](auto) { return make([](S a, S b) { return std::min(a, b); }); })
      .Case<math::IPowIOp>([&](auto) { return make(power); })
      .Default([](auto) { return Kernel(); });
}

static Kernel findUnsigned(Operation *op, ElementType type) {
  unsigned width = getBitWidth(type);
  auto make = [&](auto function) {
    return makeIntegerKernel<S, S>(type, [=](S a, S b) {
      return static_cast<S>(
          function(zeroExtended(a, width), zeroExtended(b, width)));
    });
  };
  return llvm::TypeSwitch<Operation *, Kernel>(op)
      .Case<arith::DivUIOp>([&](auto) {
        return make([](U a, U b) { return b == 0 ? 0 : a / b; });
      })
      .Case<arith::CeilDivUIOp>([&](auto) {
        return make(
            [](U a, U b) { return b == 0 ? 0 : a / b + (a % b != 0 ? 1 : 0); });
      })
      .Case<arith::RemUIOp>([&](auto) {
        return make([](U a, U b) { return b == 0 ? 0 : a % b; });
      })
      .Case<arith::MaxUIOp>(
          [&](auto) { return make([](U a, U b) { return std::max(a, b); }); })
      .Case<arith::MinUIOp>(
          [&](auto) { return make([](U a, U b) { return std::min(a, b); }); })
      .Case<arith::ShLIOp>([&](auto) {
        return make([width](U a, U b) { return b >= width ? 0 : a << b; });
      })
      .Case<arith::ShRUIOp>([&](auto) {
        return make([width](U a, U b) { return b >= width ? 0 : a >> b; });
      })
      .Case<arith::ShRSIOp>([&](auto) {
        return makeIntegerKernel<S, S>(type, [width](S a, S b) {
          return a >> std::min<U>(zeroExtended(b, width), width - 1);
        });
      })
      .Case<arith::AddUIExtendedOp>([&](auto) { return makeSumKernel(width); })
      .Case<arith::MulSIExtendedOp>([&](auto) {
        return makeProductKernel<__int128>(width,
                                           [](S value) { return value; });
      })
      .Case<arith::MulUIExtendedOp>([&](auto) {
        return makeProductKernel<unsigned __int128>(
            width, [width](S value) { return zeroExtended(value, width); });
      })
      .Default([](auto) { return Kernel(); });
}

static Kernel findUnary(Operation *op, ElementType type) {
  unsigned width = getBitWidth(type);
  auto make = [&](auto function) {
    return makeIntegerKernel<S>(type, function);
  };
  return llvm::TypeSwitch<Operation *, Kernel>(op)
      .Case<math::AbsIOp>([&](auto) {
        return make(
            [](S a) { return a < 0 ? static_cast<S>(U(0) - U(a)) : a; });
      })
      .Case<math::CountLeadingZerosOp>([&](auto) {
        return make([width](S a) -> S {
          return llvm::countl_zero(zeroExtended(a, width)) - (64 - width);
        });
      })
      .Case<math::CountTrailingZerosOp>([&](auto) {
        return make([width](S a) -> S {
          return std::min<int>(llvm::countr_zero(zeroExtended(a, width)),
                               static_cast<int>(width));
        });
      })
      .Case<math::CtPopOp>([&](auto) {
        return make([width](S a) -> S {
          return llvm::popcount(zeroExtended(a, width));
        });
      })
      .Default([](auto) { return Kernel(); });
}

Kernel toeplitz::reference::findIntegerKernel(Operation *op) {
  std::optional<ElementType> type = getElementType(op->getResult(0).getType());
  if (!type || isFloat(*type))
    return Kernel();
  if (op->getNumOperands() == 1)
    return findUnary(op, *type);
  if (Kernel kernel = findSigned(op, *type))
    return kernel;
  return findUnsigned(op, *type);
}
