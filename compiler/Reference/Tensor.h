// The values of the evaluator: dense row-major tensors of doubles.

#ifndef TOEPLITZ_COMPILER_REFERENCE_TENSOR_H
#define TOEPLITZ_COMPILER_REFERENCE_TENSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <vector>

namespace toeplitz::reference {

struct Tensor {
  Tensor() = default;
  explicit Tensor(llvm::ArrayRef<int64_t> shape, double value = 0.0);

  int64_t getRank() const { return static_cast<int64_t>(shape.size()); }

  llvm::SmallVector<int64_t> shape;
  /// One value for each position, the last dimension fastest.
  std::vector<double> values;
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

} // namespace toeplitz::reference

#endif
