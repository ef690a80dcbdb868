#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTNORMALIZATION_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTNORMALIZATION_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {
void populateNormalizationPatterns(mlir::RewritePatternSet &patterns,
                                   int64_t lanes);
} // namespace toeplitz

#endif
