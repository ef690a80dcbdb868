// What the verifiers of the kernel dialect's operations share.

#ifndef TOEPLITZ_DIALECTS_KERNEL_VERIFIERS_H
#define TOEPLITZ_DIALECTS_KERNEL_VERIFIERS_H

#include "dialects/Kernel/KernelDialect.h"

namespace toeplitz::kernel {

inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return llvm::cast<mlir::ShapedType>(value.getType()).getShape();
}

/// The error of the constraint of that number in the operation's description.
inline mlir::InFlightDiagnostic constraint(mlir::Operation *op, int number) {
  return op->emitOpError("constraint ") << number << ": ";
}

} // namespace toeplitz::kernel

#endif
