// Sums over the lanes of vectors.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_LANESUMS_H
#define TOEPLITZ_COMPILER_ALGORITHMS_LANESUMS_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

/// The length of the vector that holds the sums of so many vectors: a power of
/// two.
int64_t getSumsLength(int64_t vectors);

/// The sum of each vector's lanes, in a vector of getSumsLength lanes; what is
/// behind the last sum has no meaning. There are at most as many vectors as
/// lanes, whose number is a power of two, 4 at least.
mlir::Value sumLanes(KernelBuilder &kernel,
                     llvm::ArrayRef<mlir::Value> vectors);

/// The instructions that this takes.
int64_t countSumInstructions(int64_t vectors, int64_t lanes);

} // namespace toeplitz

#endif
