// What a rewrite that changes filters weighs: multiplications against weights.

#ifndef TOEPLITZ_COMPILER_TRANSFORMS_WORK_H
#define TOEPLITZ_COMPILER_TRANSFORMS_WORK_H

#include "dialects/CNN/CNNDialect.h"

#include <optional>

namespace toeplitz {

/// The multiplications of a convolution of these types, and the reading of its
/// weights: a weight that comes from memory, 4 bytes at about 10 GB/s, takes as
/// long as 32 multiplications of a core at 80 a nanosecond. Without it a filter
/// as large as its image would look cheap.
double estimateWork(mlir::RankedTensorType filter,
                    mlir::RankedTensorType result);

/// The share of values that aren't zero: of a pruned filter only these are
/// work.
double getNonzeroShare(llvm::ArrayRef<float> values);

/// The least high padding, at least 0, with which a window has `outputs`
/// positions; nothing if there is none.
std::optional<int64_t> findPaddingHigh(int64_t input, int64_t kernel,
                                       int64_t stride, int64_t dilation,
                                       int64_t paddingLow, int64_t outputs);

} // namespace toeplitz

#endif
