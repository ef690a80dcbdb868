#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTELEMENTWISE_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTELEMENTWISE_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {
void populateElementwisePatterns(mlir::RewritePatternSet &patterns,
                                 int64_t lanes);
} // namespace toeplitz

#endif
