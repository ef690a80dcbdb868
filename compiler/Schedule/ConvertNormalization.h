// Normalisations and softmax as kernels on plain tensors.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTNORMALIZATION_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTNORMALIZATION_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// cnn.group_norm, cnn.layer_norm, cnn.lrn and cnn.softmax.
void populateNormalizationPatterns(mlir::RewritePatternSet &patterns,
                                   int64_t lanes);

} // namespace toeplitz

#endif
