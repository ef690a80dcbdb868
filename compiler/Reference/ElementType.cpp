#include "compiler/Reference/ElementType.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/bit.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace toeplitz::reference;

std::optional<ElementType> toeplitz::reference::getElementType(Type type) {
  type = mlir::getElementTypeOrSelf(type);
  if (type.isF16())
    return ElementType::Float16;
  if (type.isBF16())
    return ElementType::BFloat16;
  if (type.isF32())
    return ElementType::Float32;
  if (type.isF64())
    return ElementType::Float64;
  if (type.isIndex())
    return ElementType::Index;
  if (!type.isInteger())
    return std::nullopt;
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
    return ElementType::Int1;
  case 8:
    return ElementType::Int8;
  case 16:
    return ElementType::Int16;
  case 32:
    return ElementType::Int32;
  case 64:
    return ElementType::Int64;
  default:
    return std::nullopt;
  }
}

Type toeplitz::reference::getScalarType(ElementType type,
                                        MLIRContext *context) {
  switch (type) {
  case ElementType::Float16:
    return Float16Type::get(context);
  case ElementType::BFloat16:
    return BFloat16Type::get(context);
  case ElementType::Float32:
    return Float32Type::get(context);
  case ElementType::Float64:
    return Float64Type::get(context);
  case ElementType::Index:
    return IndexType::get(context);
  default:
    return IntegerType::get(context, getBitWidth(type));
  }
}

bool toeplitz::reference::isFloat(ElementType type) {
  return type <= ElementType::Float64;
}

unsigned toeplitz::reference::getBitWidth(ElementType type) {
  switch (type) {
  case ElementType::Int1:
    return 1;
  case ElementType::Int8:
    return 8;
  case ElementType::Float16:
  case ElementType::BFloat16:
  case ElementType::Int16:
    return 16;
  case ElementType::Float32:
  case ElementType::Int32:
    return 32;
  case ElementType::Float64:
  case ElementType::Int64:
  case ElementType::Index:
    return 64;
  }
  llvm_unreachable("an element type without a width");
}

size_t toeplitz::reference::getByteWidth(ElementType type) {
  return type == ElementType::Int1 ? 1 : getBitWidth(type) / 8;
}

namespace {

/// A floating format of 16 bits.
struct ShortFormat {
  int fractionBits; ///< after the point
  int minExponent;  ///< of the smallest normal number
  int maxExponent;
};

} // namespace

static constexpr ShortFormat halfFormat = {10, -14, 15};
static constexpr ShortFormat brainFormat = {7, -126, 127};

/// Every double that is not zero, and has the exponent of one of our formats,
/// is normal as a double.
static int exponentOf(double value) {
  return static_cast<int>(llvm::bit_cast<uint64_t>(value) >> 52 & 0x7ff) - 1023;
}

/// 2 to the power of a normal exponent.
static double powerOfTwo(int exponent) {
  return llvm::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52);
}

static double roundShort(double value, const ShortFormat &format) {
  if (value == 0.0 || !std::isfinite(value))
    return value;
  // The distance of neighbouring numbers around this one. Dividing by it is
  // exact, and so is the multiplication.
  double distance = powerOfTwo(std::max(exponentOf(value), format.minExponent) -
                               format.fractionBits);
  double rounded = std::nearbyint(value / distance) * distance;
  if (std::abs(rounded) >= std::ldexp(1.0, format.maxExponent + 1))
    return std::copysign(std::numeric_limits<double>::infinity(), value);
  return rounded;
}

double toeplitz::reference::roundToType(double value, ElementType type) {
  switch (type) {
  case ElementType::Float16:
    return roundShort(value, halfFormat);
  case ElementType::BFloat16:
    return roundShort(value, brainFormat);
  case ElementType::Float32:
    return static_cast<double>(static_cast<float>(value));
  default:
    return value;
  }
}

static uint64_t encodeShort(double value, const ShortFormat &format) {
  uint64_t sign = std::signbit(value) ? 0x8000 : 0;
  uint64_t exponentMask = 0x7fff >> format.fractionBits << format.fractionBits;
  if (std::isnan(value))
    return sign | exponentMask | uint64_t(1) << (format.fractionBits - 1);
  value = std::abs(roundShort(value, format));
  if (std::isinf(value))
    return sign | exponentMask;
  // Counting in steps of the smallest number: below the first normal one that
  // is the encoding, above it the exponent is counted too.
  int exponent = value == 0.0 ? format.minExponent
                              : std::max(exponentOf(value), format.minExponent);
  double steps = value / powerOfTwo(exponent - format.fractionBits);
  return sign | (static_cast<uint64_t>(steps) +
                 (static_cast<uint64_t>(exponent - format.minExponent)
                  << format.fractionBits));
}

static double decodeShort(uint64_t bits, const ShortFormat &format) {
  double sign = bits & 0x8000 ? -1.0 : 1.0;
  uint64_t one = uint64_t(1) << format.fractionBits;
  auto fraction = static_cast<double>(bits & (one - 1));
  int exponent = static_cast<int>((bits & 0x7fff) >> format.fractionBits);
  if (exponent > format.maxExponent - format.minExponent + 1)
    return fraction == 0.0
               ? sign * std::numeric_limits<double>::infinity()
               : std::copysign(std::numeric_limits<double>::quiet_NaN(), sign);
  if (exponent == 0)
    return sign * fraction *
           powerOfTwo(format.minExponent - format.fractionBits);
  return sign * (static_cast<double>(one) + fraction) *
         powerOfTwo(exponent - 1 + format.minExponent - format.fractionBits);
}

uint64_t toeplitz::reference::encodeFloat(double value, ElementType type) {
  switch (type) {
  case ElementType::Float16:
    return encodeShort(value, halfFormat);
  case ElementType::BFloat16:
    return encodeShort(value, brainFormat);
  case ElementType::Float32:
    return llvm::bit_cast<uint32_t>(static_cast<float>(value));
  default:
    return llvm::bit_cast<uint64_t>(value);
  }
}

double toeplitz::reference::decodeFloat(uint64_t bits, ElementType type) {
  switch (type) {
  case ElementType::Float16:
    return decodeShort(bits, halfFormat);
  case ElementType::BFloat16:
    return decodeShort(bits, brainFormat);
  case ElementType::Float32:
    return llvm::bit_cast<float>(static_cast<uint32_t>(bits));
  default:
    return llvm::bit_cast<double>(bits);
  }
}
