// Squares of elements, transposed in registers.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_SQUARE_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_SQUARE_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

/// The transpose of a square of vectors, whose length is a power of two.
/// Interleaving vectors i and i + n/2 log2(n) times brings element i of vector
/// j to element j of vector i.
llvm::SmallVector<mlir::Value>
transposeSquare(KernelBuilder &kernel, llvm::SmallVector<mlir::Value> vectors);

} // namespace toeplitz

#endif
