// Convolutions with filters that the network computes.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTCOMPUTEDFILTER_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTCOMPUTEDFILTER_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// linalg.generic that convolves, as products of matrices (ConvertMatmul.h).
void populateComputedFilterPatterns(mlir::RewritePatternSet &patterns);

} // namespace toeplitz

#endif
