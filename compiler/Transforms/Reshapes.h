// Reshapes, which exporters write in chains.

#ifndef TOEPLITZ_COMPILER_TRANSFORMS_RESHAPES_H
#define TOEPLITZ_COMPILER_TRANSFORMS_RESHAPES_H

#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace toeplitz {

/// Whether an operation, which may be none, gives a tensor another shape.
inline bool isReshape(mlir::Operation *op) {
  return llvm::isa_and_nonnull<mlir::tensor::ExpandShapeOp,
                               mlir::tensor::CollapseShapeOp>(op);
}

/// What a value was before it was reshaped.
inline mlir::Value skipReshapes(mlir::Value value) {
  while (isReshape(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

} // namespace toeplitz

#endif
