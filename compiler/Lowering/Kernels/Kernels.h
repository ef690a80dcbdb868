// The lowerings of this folder, one a file. Table.cpp lists them.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_KERNELS_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_KERNELS_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

KernelLowering getPoolLowering();
KernelLowering getReorderLowering();
KernelLowering getPadLowering();
KernelLowering getResizeLowering();
KernelLowering getMomentsLowering();
KernelLowering getNormalizationFactorsLowering();
KernelLowering getNormalizeLowering();
KernelLowering getNormalizeChannelsLowering();
KernelLowering getLrnLowering();
KernelLowering getSoftmaxLowering();
KernelLowering getTransposeLowering();

/// Elementwise operations on f32, linalg's and memref.copy.
bool hasElementwiseLowering(mlir::Operation *op);
KernelLowering getElementwiseLowering(llvm::StringRef operation);

/// All operations of linalg, and memref.copy.
KernelLowering getGenericLowering(llvm::StringRef operation);

} // namespace toeplitz

#endif
