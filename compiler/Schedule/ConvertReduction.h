// Reductions of what lies in blocks of channels.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTREDUCTION_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTREDUCTION_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// Adds the patterns for blocks of `lanes` channels.
void populateReductionPatterns(mlir::RewritePatternSet &patterns,
                               int64_t lanes);

} // namespace toeplitz

#endif
