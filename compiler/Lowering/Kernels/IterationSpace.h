// The loops of linalg's elementwise operations.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_ITERATIONSPACE_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_ITERATIONSPACE_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace toeplitz {

/// The iteration space of an operation, and the stride of each buffer along
/// each of its dimensions (0: the same element for all).
struct IterationSpace {
  llvm::SmallVector<int64_t> sizes;
  llvm::SmallVector<llvm::SmallVector<int64_t>> strides;

  void dropUnitDimensions();
  void joinDimensions();
  void erase(size_t dimension);
  /// Brings the dimension along which the result is contiguous to the end.
  void orderForResult();
};

/// What is computed for each point: a copy if there is no block.
struct Elementwise {
  IterationSpace space;
  mlir::Block *body = nullptr;
};

/// Describes an elementwise operation of linalg on buffers, or a memref.copy:
/// neighbouring dimensions are joined where all operands allow it, those of
/// size one left out. Nothing if it isn't elementwise, or a stride isn't known.
std::optional<Elementwise> describeElementwise(mlir::Operation *op);

} // namespace toeplitz

#endif
