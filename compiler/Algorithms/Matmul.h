// Products of matrices that the network computes, as those of attention are.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_MATMUL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_MATMUL_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

/// How kernel.matmul is lowered, where there are vectors.
KernelLowering getMatmulLowering();

} // namespace toeplitz

#endif
