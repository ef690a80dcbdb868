// Shapes in messages, and the limits on them.

#ifndef TOEPLITZ_COMPILER_FRONTEND_SHAPE_H
#define TOEPLITZ_COMPILER_FRONTEND_SHAPE_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace toeplitz {

/// Sizes and parameters are at most this: products of two of them, and sums of
/// a few of those, then fit in 64 bits.
constexpr int64_t maximumSize = int64_t(1) << 30;
/// The elements of a tensor, at most: 16 GiB of f32.
constexpr int64_t maximumElementCount = int64_t(1) << 32;
constexpr unsigned maximumRank = 8;
/// The rank of a tensor that only passes through: exporters make some of twice
/// that rank on the way to a reshape.
constexpr unsigned maximumTensorRank = 16;

/// "64x3x7x7"; a scalar's shape is "()".
std::string formatShape(llvm::ArrayRef<int64_t> shape);

/// The number of elements of a shape; nothing if it is beyond the limit.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

} // namespace toeplitz

#endif
