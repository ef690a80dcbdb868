// The lowerings of all kernels but the convolution, whose algorithms have a
// table of their own.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_TABLE_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_TABLE_H

#include "compiler/Lowering/KernelBuilder.h"
#include "llvm/ADT/ArrayRef.h"

namespace toeplitz {

llvm::ArrayRef<KernelLowering> getKernelLowerings();

} // namespace toeplitz

#endif
