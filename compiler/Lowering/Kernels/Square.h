// Squares of elements, transposed in registers.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_SQUARE_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_SQUARE_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

/// How many squares ahead the lines are asked for (with prefetchForStore) in
/// which the rows of a transposed one will lie: each row in others, and the
/// caller's memory is seldom aligned to lines. (Per vector of 16 lanes, in the
/// second level: 13 cycles without, 5 with; of aligned rows 4.6, of rows of 49
/// to 196 elements 9 and 5. Emerald Rapids.)
constexpr int64_t squaresAhead = 2;

/// The transpose of a square of vectors, whose length is a power of two.
/// Interleaving vectors i and i + n/2 log2(n) times brings element i of vector
/// j to element j of vector i.
llvm::SmallVector<mlir::Value>
transposeSquare(KernelBuilder &kernel, llvm::SmallVector<mlir::Value> vectors);

} // namespace toeplitz

#endif
