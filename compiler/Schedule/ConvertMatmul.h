// Products of matrices as kernels.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTMATMUL_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTMATMUL_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// linalg.generic where it multiplies two tensors of f32 matrices, whatever the
/// order of their dimensions.
void populateMatmulPatterns(mlir::RewritePatternSet &patterns);

} // namespace toeplitz

#endif
