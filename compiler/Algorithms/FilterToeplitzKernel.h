// The kernel of filter-toeplitz: a sparse product on vectors of positions.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_FILTERTOEPLITZKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_FILTERTOEPLITZKERNEL_H

#include "compiler/Algorithms/SpatialLanes.h"

namespace toeplitz {

/// Writes the body of one task. The operation has a structure, which says where
/// the nonzeros of each row begin and end and at which offset each one reads,
/// and scratch memory.
void emitFilterToeplitz(kernel::ConvOp op, const SpatialLanes &lanes,
                        KernelBuilder &kernel);

} // namespace toeplitz

#endif
