// Pooling as kernels on blocked tensors.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTPOOLING_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTPOOLING_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// cnn.pool and cnn.global_pool.
void populatePoolingPatterns(mlir::RewritePatternSet &patterns, int64_t lanes);

} // namespace toeplitz

#endif
