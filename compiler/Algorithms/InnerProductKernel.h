// The kernel of convolutions whose lanes are input channels.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_INNERPRODUCTKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_INNERPRODUCTKERNEL_H

#include "compiler/Algorithms/PlainRows.h"

namespace toeplitz {

/// How such a convolution is divided.
struct InnerProductPlan : PlainRowsPlan {
  InnerProductPlan(const Convolution &convolution,
                   const ConvolutionSchedule &schedule,
                   kernel::TargetAttr target)
      : PlainRowsPlan(convolution, schedule, target),
        tilePositions(schedule.tilePositions) {}
  explicit InnerProductPlan(kernel::ConvOp op)
      : PlainRowsPlan(op, op.getTile()[0]), tilePositions(op.getTile()[0]) {}

  /// Output positions of a register tile.
  int64_t tilePositions;

  /// Vectors of input channels.
  int64_t countInputBlocks() const { return (inChannels + lanes - 1) / lanes; }
  /// The packed filter, in floats: channel tile by channel tile, block of input
  /// channels by block, tap by tap, output channel by output channel: a vector
  /// of input channels.
  int64_t getFilterSize() const {
    return countChannelTiles() * tileChannels * countInputBlocks() *
           countTaps() * lanes;
  }
};

/// Writes the body of one task.
void emitInnerProduct(kernel::ConvOp op, KernelBuilder &kernel);

} // namespace toeplitz

#endif
