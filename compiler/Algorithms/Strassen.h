// What the files of Strassen's algorithm share: the table of its products, and
// the emitter of StrassenKernel.cpp.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_STRASSEN_H
#define TOEPLITZ_COMPILER_ALGORITHMS_STRASSEN_H

#include "compiler/Algorithms/StrassenPlan.h"

namespace toeplitz {

/// A sum of the four blocks of a matrix of 2 x 2, with factors -1, 0 and 1:
/// 11, 12, 21, 22.
using BlockSum = std::array<int, 4>;

/// Of each of the seven products, in the order in which the kernel computes
/// them: what is multiplied, as sums of the blocks of W (output channels x
/// channels) and X (channels x positions), and the results to which it is
/// added, blocks of Y (output channels x positions). The first three read
/// blocks of X as they are, the others sums.
///
/// Winograd's variant of Strassen's algorithm: 7 products, and 15 sums of
/// blocks where intermediate results are shared. Source: Higham, Accuracy and
/// Stability of Numerical Algorithms (2nd edition, 2002), section 23.1,
/// equations 23.6 (the product of A22 and T4 with the sign in the filter).
struct StrassenProduct {
  BlockSum filter, input, results;
};
constexpr int64_t strassenBlockProducts = 3, strassenSumProducts = 4;
static_assert(strassenBlockProducts + strassenSumProducts ==
              StrassenPlan::products);
extern const std::array<StrassenProduct, StrassenPlan::products>
    strassenProducts;

/// Writes the body of one task.
void emitStrassen(kernel::ConvOp op, KernelBuilder &kernel);

} // namespace toeplitz

#endif
