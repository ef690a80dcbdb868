// The values of the evaluator: dense row-major tensors, of doubles or of 64-bit
// integers whatever the width of their elements.

#ifndef TOEPLITZ_COMPILER_REFERENCE_TENSOR_H
#define TOEPLITZ_COMPILER_REFERENCE_TENSOR_H

#include "compiler/Reference/ElementType.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <vector>

namespace toeplitz::reference {

struct Tensor {
  Tensor() = default;
  /// Of f32.
  explicit Tensor(llvm::ArrayRef<int64_t> shape, double value = 0.0);
  /// Of zeros.
  Tensor(ElementType type, llvm::ArrayRef<int64_t> shape);

  /// From elements as they lie in memory (little-endian, of any alignment), as
  /// many as the shape says. Only the lowest bit of a byte counts for Int1.
  static Tensor fromBytes(ElementType type, llvm::ArrayRef<int64_t> shape,
                          llvm::ArrayRef<char> bytes);
  /// The elements, rounded to their type, into memory of the right size.
  void toBytes(llvm::MutableArrayRef<char> bytes) const;

  int64_t getRank() const { return static_cast<int64_t>(shape.size()); }
  size_t size() const {
    return isFloat(type) ? values.size() : integers.size();
  }
  size_t getByteSize() const { return size() * getByteWidth(type); }

  /// The elements as memory for kernels (Arithmetic.h).
  const void *data() const;
  void *data();

  /// Brings the values of a floating type to it.
  void round();

  ElementType type = ElementType::Float32;
  llvm::SmallVector<int64_t> shape;
  /// One value for each position, the last dimension fastest: these for
  /// floating types. Values of f32 may carry a double's precision.
  std::vector<double> values;
  /// The same for integer types, sign-extended.
  std::vector<int64_t> integers;
};

/// The product of the sizes; 1 for no dimensions.
int64_t product(llvm::ArrayRef<int64_t> sizes);

/// The distance in values between neighbours along each dimension.
llvm::SmallVector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape);

/// Calls `body` with every index of `shape`, in row-major order, and its place
/// in that order.
void forEachIndex(
    llvm::ArrayRef<int64_t> shape,
    llvm::function_ref<void(llvm::ArrayRef<int64_t> index, int64_t place)>
        body);

/// A box of positions in a tensor: where its first element lies, and the
/// distance between neighbours along each of its dimensions.
struct StridedView {
  int64_t offset = 0;
  llvm::SmallVector<int64_t> strides;
};

/// Copies a box of `sizes` elements between tensors of one element type.
void copyBox(llvm::ArrayRef<int64_t> sizes, const Tensor &from,
             const StridedView &source, Tensor &to, const StridedView &target);

} // namespace toeplitz::reference

#endif
