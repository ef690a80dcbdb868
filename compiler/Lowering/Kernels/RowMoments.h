// Mean and deviation of a row.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_ROWMOMENTS_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_ROWMOMENTS_H

#include "compiler/Lowering/Kernels/RowLoops.h"

namespace toeplitz {

/// Mean and variance of a row, summed in double precision, in two passes: a row
/// may have a million elements, and a mean far from 0.
class RowMoments {
public:
  using Load =
      llvm::function_ref<mlir::Value(KernelBuilder::Index i, int64_t lanes)>;

  /// Writes the two passes over the f32 elements that `load` gives, in vectors
  /// of `lanes`.
  RowMoments(KernelBuilder &kernel, RowLoops &loops, int64_t length,
             int64_t lanes, float epsilon, Load load);

  /// x - mean, without the rounding error of the mean.
  mlir::Value center(mlir::Value x, int64_t lanes) const;
  /// 1 / sqrt(variance + epsilon), in f32.
  mlir::Value getInverse() const { return inverse; }

private:
  KernelBuilder &kernel;
  /// The mean as the sum of two f32.
  mlir::Value meanHigh, meanLow;
  mlir::Value inverse;
};

} // namespace toeplitz

#endif
