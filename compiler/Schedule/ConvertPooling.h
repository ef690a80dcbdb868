#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTPOOLING_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTPOOLING_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {
void populatePoolingPatterns(mlir::RewritePatternSet &patterns, int64_t lanes);
} // namespace toeplitz

#endif
