// Images whose vectors hold output positions that lie far apart.
//
// In each spatial dimension the output positions of a task are cut into `lanes`
// equal stretches of `positions`; lane l of a vector holds the position of
// stretch l (in every dimension at once, the product of all `lanes` is the
// vector length). Neighbours of a position are then neighbouring vectors: what
// a tap reads is another vector, aligned whatever the tap, at a distance that
// is the same for every position. The stretches overlap in the input by the
// halo that the taps reach beyond.
//
// A stride s takes the input apart into its phases i mod s (only those that
// some tap reads): k * dilation = phase + s * shift reads vector j + shift of
// its phase. So every stride becomes 1, and a dilation is a distance.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_SPATIALLANES_H
#define TOEPLITZ_COMPILER_ALGORITHMS_SPATIALLANES_H

#include "compiler/Algorithms/Algorithm.h"

namespace toeplitz {

/// One spatial dimension, cut into lanes.
struct LaneDimension {
  int64_t output = 1;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  /// Stretches side by side in a vector, a power of two.
  int64_t lanes = 1;
  /// Output positions of a stretch, and how many of them a register tile has.
  int64_t positions = 1;
  int64_t tile = 1;
  /// Tasks side by side: more than one in the first dimension only.
  int64_t boxes = 1;

  /// Different remainders of tap * dilation modulo the stride. The phase of a
  /// tap is number tap mod the count of all remainders that could be.
  int64_t countPhases() const;
  int64_t getPhase(int64_t tap) const;
  /// The vectors that a tap lies ahead in its phase.
  int64_t getShift(int64_t tap) const { return tap * dilation / stride; }
  /// Vectors of a stretch of the input, the halo included.
  int64_t getExtent() const {
    return positions + (kernel > 0 ? getShift(kernel - 1) : 0);
  }
};

/// How a sparse convolution is divided: tasks, lanes, register tiles, and
/// blocks of input channels whose part of a tile's input stays in the
/// first-level cache.
struct SpatialLanes {
  /// A tile of fewer vectors than that leaves the multipliers idle: a result is
  /// there after 4 cycles, in which the core starts 8 multiply-adds. It sums up
  /// every other weight apart.
  static constexpr int64_t fewVectors = 8;

  llvm::SmallVector<LaneDimension, 3> dimensions;
  int64_t inChannels = 1;
  int64_t outChannels = 1;
  int64_t vectorLanes = 1;
  /// Input channels of a block, and the number of blocks.
  int64_t blockChannels = 1;
  int64_t channelBlocks = 1;
  /// Vectors of output channels that one task computes.
  int64_t outputBlocksPerTask = 1;

  /// Vectors of one channel: phases x extents.
  int64_t countPlaneVectors() const;
  int64_t countTileVectors() const;
  /// Vectors of output channels.
  int64_t countOutputBlocks() const;
  /// Output channels in whole vectors: the rows of the sparse matrix, in each
  /// block of input channels.
  int64_t countRows() const { return countOutputBlocks() * vectorLanes; }
  /// Where rows begin and the last one ends.
  int64_t countPointers() const { return channelBlocks * countRows() + 1; }
  /// Rows of the accumulators that a tile keeps in memory.
  int64_t countAccumulatorRows() const;
  /// Tasks that divide the output channels among them, and all of one image.
  int64_t countOutputTasks() const;
  int64_t countTasks() const;
  /// The floats that one task works in: planes of the input, then
  /// accumulators.
  int64_t getScratchSize() const;
  /// The distance, in floats, from the vector of an output position to what
  /// `taps` of `channel` read there, from the start of the planes.
  int64_t getOffset(int64_t channel, llvm::ArrayRef<int64_t> taps) const;
};

/// The division with the fewest estimated cycles for a convolution with at
/// least one spatial dimension whose nonzero weights are counted, and those
/// cycles for the whole batch.
struct ChosenLanes {
  SpatialLanes lanes;
  double cycles = 0;
  double level2Bytes = 0;
};
ChosenLanes chooseSpatialLanes(const Convolution &convolution,
                               kernel::TargetAttr target);

} // namespace toeplitz

#endif
