// What follows a convolution layer and is computed by its kernel.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_EPILOGUE_H
#define TOEPLITZ_COMPILER_SCHEDULE_EPILOGUE_H

#include "dialects/Kernel/KernelDialect.h"

namespace toeplitz {

/// What follows a convolution and can be done while its sums are in registers.
struct Epilogue {
  mlir::Value residual;
  kernel::ActivationAttr activation;
  /// The operations that the kernel does, the layer first: the last one's
  /// result is the kernel's.
  llvm::SmallVector<mlir::Operation *> chain;
};

/// The epilogue of a cnn.conv or cnn.conv_transpose.
Epilogue findEpilogue(mlir::Operation *layer);

/// The bias of a cnn.conv or cnn.conv_transpose, or null.
mlir::Value getBias(mlir::Operation *layer);

} // namespace toeplitz

#endif
