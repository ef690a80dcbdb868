// The element types that the evaluator knows, and what it means for a value to
// be of one. Values are computed as doubles and 64-bit integers; these are the
// roundings and wraparounds that bring them to their types.

#ifndef TOEPLITZ_COMPILER_REFERENCE_ELEMENTTYPE_H
#define TOEPLITZ_COMPILER_REFERENCE_ELEMENTTYPE_H

#include "mlir/IR/Types.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace toeplitz::reference {

enum class ElementType : uint8_t {
  Float16,
  BFloat16,
  Float32,
  Float64,
  Int1,
  Int8,
  Int16,
  Int32,
  Int64,
  Index
};

/// Of a scalar type, or of the elements of a shaped type. nullopt for types
/// that no network has.
std::optional<ElementType> getElementType(mlir::Type type);

/// The scalar type of that name.
mlir::Type getScalarType(ElementType type, mlir::MLIRContext *context);

bool isFloat(ElementType type);

/// 64 for an index.
unsigned getBitWidth(ElementType type);

/// What an element takes in a constant; 1 for Int1.
size_t getByteWidth(ElementType type);

/// The nearest value of a floating type, halves to even, too large ones to
/// infinity.
double roundToType(double value, ElementType type);

/// An integer cut to the width of its type. All integers are kept sign-extended
/// to 64 bits, those that are meant unsigned and those of one bit (0 and -1)
/// too.
inline int64_t wrapToWidth(int64_t value, unsigned width) {
  unsigned shift = 64 - width;
  return static_cast<int64_t>(static_cast<uint64_t>(value) << shift) >> shift;
}

/// The same integer read as an unsigned one.
inline uint64_t zeroExtended(int64_t value, unsigned width) {
  return static_cast<uint64_t>(value) & (~uint64_t(0) >> (64 - width));
}

/// A floating value's bits in the lowest of the result, rounded to the type,
/// and back.
uint64_t encodeFloat(double value, ElementType type);
double decodeFloat(uint64_t bits, ElementType type);

} // namespace toeplitz::reference

#endif
