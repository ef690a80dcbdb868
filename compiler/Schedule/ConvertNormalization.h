// Normalisations and softmax as kernels on plain tensors.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTNORMALIZATION_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTNORMALIZATION_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

namespace cnn {
class SoftmaxOp;
} // namespace cnn

/// Softmax along the last dimension of scaled scores, and of scores with a mask
/// added that repeats or is a constant: one kernel. Nothing where there is
/// neither; before what is multiplied and added is converted.
void convertScaledSoftmax(mlir::RewriterBase &rewriter, cnn::SoftmaxOp op);

/// cnn.group_norm, cnn.layer_norm, cnn.lrn and cnn.softmax.
void populateNormalizationPatterns(mlir::RewritePatternSet &patterns,
                                   int64_t lanes);

} // namespace toeplitz

#endif
