// Which depthwise convolutions are computed together with the pointwise ones
// around them, in how many rows at a time and in how many tasks.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_SEPARABLEPLAN_H
#define TOEPLITZ_COMPILER_ALGORITHMS_SEPARABLEPLAN_H

#include "compiler/Algorithms/Geometry.h"

namespace toeplitz {

/// A depthwise convolution with the pointwise ones around it.
struct SeparableBlock {
  /// Those of the depthwise convolution.
  llvm::SmallVector<Dimension> dimensions;
  int64_t batch = 1;
  int64_t channels = 1;
  /// The input channels of the pointwise convolution before it and the output
  /// channels of the one behind it; 0 where there is none.
  int64_t inChannels = 0, outChannels = 0;
  /// Where the one behind it is by `bf16x3`, the positions of a tile register;
  /// 0 where it is by `pointwise`.
  int64_t tilePositions = 0;

  bool expands() const { return inChannels > 0; }
  bool projects() const { return outChannels > 0; }
  bool splits() const { return tilePositions > 0; }
  /// Rows of output positions, runs along the last dimension.
  int64_t countRows() const;
  /// What several rows at a time read of the first dimension, and how many of
  /// that the next ones read again.
  int64_t countInputRows(int64_t rows) const;
  int64_t countSharedRows() const;
  /// The positions of so many rows of results, in whole tiles where it splits.
  int64_t countPaddedPositions(int64_t rows) const;
};
SeparableBlock getSeparableBlock(kernel::SeparableConvOp op);

/// What of a block it pays to compute together: the whole, or without the
/// pointwise convolution before or behind the depthwise one, or without both.
SeparableBlock chooseSeparable(const SeparableBlock &block,
                               kernel::TargetAttr target);

/// How many rows of results to compute at a time: what lies between the
/// convolutions stays in the second-level cache, and a few threads have work.
int64_t chooseSeparableRows(const SeparableBlock &block,
                            kernel::TargetAttr target);

/// Estimated cycles of the pointwise convolution behind, with what the
/// depthwise one takes longer where it splits its results.
double estimateProjection(const SeparableBlock &block,
                          kernel::TargetAttr target);

/// Tasks are divided by chunks of rows: each chunk needs all output channels.
TaskGrid getSeparableTasks(kernel::SeparableConvOp op,
                           kernel::TargetAttr target);

/// The floats that one task keeps before and behind the depthwise convolution.
struct SeparableScratch {
  int64_t ringFloats = 0, middleFloats = 0;
  int64_t getFloats() const { return ringFloats + middleFloats; }
};
SeparableScratch getSeparableScratch(const SeparableBlock &block, int64_t rows,
                                     kernel::TargetAttr target);

} // namespace toeplitz

#endif
