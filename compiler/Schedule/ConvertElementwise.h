// Elementwise operations as linalg.generic, in the layout in which their
// operands lie.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTELEMENTWISE_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTELEMENTWISE_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// arith, math, cnn.activation, cnn.prelu, cnn.batch_norm and cnn.broadcast.
void populateElementwisePatterns(mlir::RewritePatternSet &patterns,
                                 int64_t lanes);

} // namespace toeplitz

#endif
