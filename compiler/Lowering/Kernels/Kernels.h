// The lowerings of this folder, one a file. Table.cpp lists them.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_KERNELS_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_KERNELS_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

KernelLowering getPoolLowering();
KernelLowering getReorderLowering();
KernelLowering getPadLowering();
KernelLowering getResizeLowering();
KernelLowering getNormalizeLowering();
KernelLowering getLrnLowering();
KernelLowering getSoftmaxLowering();
KernelLowering getTransposeLowering();

/// Linalg's elementwise operations share one lowering, under several names.
KernelLowering getElementwiseLowering(llvm::StringRef operation);
KernelLowering getCopyLowering();

} // namespace toeplitz

#endif
