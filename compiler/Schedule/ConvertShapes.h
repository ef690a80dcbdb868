// Operations that move elements: in the blocked layout where that costs
// nothing.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTSHAPES_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTSHAPES_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// cnn.pad, cnn.resize, tensor.concat; reshapes and slices of blocked tensors.
void populateShapePatterns(mlir::RewritePatternSet &patterns, int64_t lanes);

} // namespace toeplitz

#endif
