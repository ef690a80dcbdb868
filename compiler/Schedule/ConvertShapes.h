#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTSHAPES_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTSHAPES_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {
void populateShapePatterns(mlir::RewritePatternSet &patterns, int64_t lanes);
} // namespace toeplitz

#endif
