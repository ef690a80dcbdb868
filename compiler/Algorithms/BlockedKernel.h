// The kernel that direct and pointwise convolutions share: a register tile of
// output positions by vectors of output channels.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_BLOCKEDKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_BLOCKEDKERNEL_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/Geometry.h"
#include "compiler/Algorithms/TileReduction.h"

namespace toeplitz {

/// What the kernel works on. Buffers have the shape batch x channel blocks x
/// dimensions x block.
struct BlockedKernel {
  int64_t batch = 1;
  int64_t groups = 1;
  /// Channels of one group.
  int64_t inChannels = 1;
  int64_t outChannels = 1;
  /// Channels that lie together in the input.
  int64_t inputBlock = 1;
  int64_t tilePositions = 1;
  int64_t tileVectors = 1;
  llvm::SmallVector<Dimension> dimensions;
  /// Channels that are summed up in a round; the rounds add to sums in the
  /// output. 0 for all of them in one. Several rounds are for one group and
  /// whole blocks of channels.
  int64_t roundChannels = 0;
  /// Whether a block of output channels goes through all rounds before the
  /// next block does: for few positions, whose filter is read once, from
  /// beyond the caches. A task has one block then, and all rows, or a part of
  /// them where there are few blocks.
  bool blocksFirst = false;
  /// Whether the buffers have no spatial dimension: the only position of
  /// `dimensions` is then not an index.
  bool withoutPositions = false;
  kernel::ActivationAttr activation;
  /// The positions of a piece of the row, where there is but one row; 0 where
  /// rows stay whole. See choosePieceColumns.
  int64_t pieceColumns = 0;

  int64_t getLanes(kernel::TargetAttr target) const {
    return target.getLanes();
  }
  int64_t countGroupVectors(int64_t lanes) const {
    return (outChannels + lanes - 1) / lanes;
  }
  int64_t countGroupBlocks(int64_t lanes) const {
    return (countGroupVectors(lanes) + tileVectors - 1) / tileVectors;
  }
  int64_t getRoundChannels() const {
    return roundChannels ? roundChannels : inChannels;
  }
  int64_t countRounds() const {
    return (inChannels + getRoundChannels() - 1) / getRoundChannels();
  }
  int64_t countTaps() const;
  int64_t countRows() const;
  /// Of all outputs, those of padding counted.
  double countMultiplyAdds() const;
  /// Cuts the row of a convolution that has one (in one dimension, say) into
  /// pieces, if there is work for several threads.
  void cutSingleRow();
  TaskGrid getTasks(kernel::TargetAttr target) const;
  /// Of the packed filter, all groups'.
  double getFilterBytes(int64_t lanes) const;
};

/// The kernel of `op` as the network has it.
BlockedKernel getBlockedKernel(kernel::ConvOp op);

/// How tiles ask for the filter of the next block of output channels, or of the
/// block's next round: each for a piece of it, in order.
struct FilterPrefetch {
  int64_t tilesPerRow = 0;
  /// Floats that a tile asks for in each step of the reduction, and in all of
  /// them; where the last piece begins.
  int64_t stepFloats = 0, tileFloats = 0, lastStart = 0;
};

/// Nothing where the filter isn't asked for: see asksAhead.
std::optional<FilterPrefetch> planFilterPrefetch(const BlockedKernel &blueprint,
                                                 kernel::TargetAttr target);

/// Whether tiles ask for the next tile's input. With a single tap, and a single
/// block of output channels, each line is read by one tile, block of channels
/// after block of channels, and each of them would wait once for an image that
/// comes from memory. (Measured on Zen 5: 64 -> 2 channels of 256 x 256 took 4
/// times as long as their products. With several blocks the first one waits a
/// little and asking costs the others more; the third level is waited for less
/// than asking costs.) Where a line has several vectors and the core loads
/// inputs next to its multiply-adds, the few requests are free, with several
/// blocks too: 256 -> 64 and 256 -> 128 channels of 56 x 56 take 0.91 and 0.93
/// of the time on Zen 3.
bool asksForInput(const BlockedKernel &blueprint, kernel::TargetAttr target);

/// Writes the loops over a range of rows and blocks of output channels.
void emitBlockedKernel(KernelBuilder &kernel, const BlockedKernel &blueprint,
                       const ConvolutionBuffers &buffers,
                       const TaskRange &range);

/// Writes the body of one task.
void emitBlockedKernel(KernelBuilder &kernel, const BlockedKernel &blueprint,
                       const ConvolutionBuffers &buffers);

} // namespace toeplitz

#endif
