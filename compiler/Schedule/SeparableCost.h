// What a pointwise layer costs where it is computed with the depthwise one
// before it.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_SEPARABLECOST_H
#define TOEPLITZ_COMPILER_SCHEDULE_SEPARABLECOST_H

#include "compiler/Schedule/Selection.h"

namespace toeplitz {

/// Lowers the cost of `bf16x3` for a layer that `fuse-separable` will compute
/// with the depthwise one before it, whose algorithm is among `before`: what
/// comes from there is split when it is written.
void lowerSeparableCost(LayerSelection &selection,
                        llvm::ArrayRef<LayerSelection> before,
                        kernel::TargetAttr target);

} // namespace toeplitz

#endif
