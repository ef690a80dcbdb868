// The rewrite patterns of this room that lay values out in blocks of channels.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_LAYOUTPATTERN_H
#define TOEPLITZ_COMPILER_SCHEDULE_LAYOUTPATTERN_H

#include "mlir/IR/PatternMatch.h"

namespace toeplitz {

/// A pattern for one operation that knows how many channels a block has.
template <typename Op> struct LayoutPattern : mlir::OpRewritePattern<Op> {
  LayoutPattern(mlir::MLIRContext *context, int64_t lanes)
      : mlir::OpRewritePattern<Op>(context), lanes(lanes) {}

  int64_t lanes;
};

} // namespace toeplitz

#endif
