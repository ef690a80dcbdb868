// The kernel of convolutions whose lanes are neighbouring positions of a row.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_ROWWISEKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_ROWWISEKERNEL_H

#include "compiler/Algorithms/PlainRows.h"

namespace toeplitz {

/// The largest stride along a row of which a vector of inputs is made.
constexpr int64_t largestRowStride = 2;

/// Register tiles of a row that are computed alike, so that one loop serves
/// them.
struct RowTiles {
  /// Its positions are those of one tile.
  ColumnRun run;
  /// Vectors of positions in a tile. The last one may have lanes behind the
  /// last position.
  int64_t vectors = 1;
  /// Whether every tap of every lane reads the input.
  bool isInside = false;
};

/// A row in tiles of so many vectors of positions, the last one of fewer: the
/// borders, where taps fall into the padding, and the interior.
llvm::SmallVector<RowTiles> cutRow(const Dimension &columns, int64_t lanes,
                                   int64_t tileVectors);

/// How such a convolution is divided.
struct RowwisePlan : PlainRowsPlan {
  RowwisePlan(const Convolution &convolution,
              const ConvolutionSchedule &schedule, kernel::TargetAttr target)
      : PlainRowsPlan(convolution, schedule, target),
        tileVectors(schedule.tilePositions) {}
  explicit RowwisePlan(kernel::ConvOp op)
      : PlainRowsPlan(op, op.getTile()[0] * kernel::getTarget(op).getLanes()),
        tileVectors(op.getTile()[0]) {}

  /// Vectors of positions of a register tile.
  int64_t tileVectors;

  /// The packed filter, in floats: channel tile by channel tile, input channel
  /// by input channel, tap by tap: the weights of a tile's output channels.
  int64_t getFilterSize() const {
    return countChannelTiles() * tileChannels * inChannels * countTaps();
  }
};

/// Writes the body of one task.
void emitRowwise(kernel::ConvOp op, KernelBuilder &kernel);

} // namespace toeplitz

#endif
