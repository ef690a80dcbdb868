// What LLVM has no code for on a GPU.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_DEVICEFUNCTIONS_H
#define TOEPLITZ_COMPILER_ANALYSIS_DEVICEFUNCTIONS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace toeplitz {

/// Fails with an error at the first function of the kernels, in the LLVM
/// dialect, that LLVM has no code for on a GPU: it would end the compiler.
/// Emulation, which could take it from libm, must not know more than a GPU.
llvm::LogicalResult checkDeviceFunctions(mlir::gpu::GPUModuleOp kernels);

} // namespace toeplitz

#endif
