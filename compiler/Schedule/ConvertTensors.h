// Operations of tensor and linalg that have no kernel of their own, written as
// those that do.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTTENSORS_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTTENSORS_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// tensor.pad, tensor.generate, tensor.splat; linalg's named operations but
/// linalg.fill, linalg.transpose and linalg.broadcast. On plain tensors of any
/// element type.
void populateTensorPatterns(mlir::RewritePatternSet &patterns);

} // namespace toeplitz

#endif
