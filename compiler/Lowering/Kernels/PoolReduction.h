// What a pool makes of the numbers in a window.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_POOLREDUCTION_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_POOLREDUCTION_H

#include "compiler/Lowering/KernelBuilder.h"
#include "dialects/Kernel/KernelDialect.h"

namespace toeplitz {

/// The arithmetic of a pool, on scalars or vectors.
class PoolReduction {
public:
  PoolReduction(kernel::PoolAttr pool, KernelBuilder &kernel)
      : pool(pool), kernel(kernel) {}

  /// What the reduction of no tap is, as a value of the type of `like`.
  mlir::Value getIdentity(mlir::Type like);
  /// Adds a number to those of a set of taps.
  mlir::Value combine(mlir::Value accumulator, mlir::Value x);
  /// Joins the results of two sets of taps.
  mlir::Value merge(mlir::Value a, mlir::Value b);
  /// The result of a window; `divisor` is that of an average.
  mlir::Value finish(mlir::Value accumulator, KernelBuilder::Index divisor);

private:
  kernel::PoolAttr pool;
  KernelBuilder &kernel;
};

} // namespace toeplitz

#endif
