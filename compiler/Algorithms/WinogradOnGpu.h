// winograd on a GPU: F(2x2, 3x3), transforms and products in one kernel.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_WINOGRADONGPU_H
#define TOEPLITZ_COMPILER_ALGORITHMS_WINOGRADONGPU_H

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Algorithms/Geometry.h"

namespace toeplitz {

/// What a block of threads computes: `channels` output channels of `tiles`
/// tiles of 2 x 2 outputs, from `depth` input channels at a time (a slice).
/// Each thread has 8 x 8 sums of one frequency, that is of one of the 16 values
/// of a transformed tile, and transforms one row of one tile in a channel of
/// each slice.
struct WinogradBlockTile {
  int64_t channels, depth;

  static constexpr int64_t tiles = 32;
  /// Of a tile: outputs and taps in each dimension, and transformed values.
  static constexpr int64_t outputs = 2, taps = 3, size = outputs + taps - 1;
  static constexpr int64_t frequencies = size * size;
  /// Channels and tiles of a thread.
  static constexpr int64_t perThread = 8;

  int64_t getThreadsOfFrequency() const {
    return channels / perThread * (tiles / perThread);
  }
  int64_t getThreads() const { return frequencies * getThreadsOfFrequency(); }
  /// Floats of a slice of the filter, and of the transformed input.
  int64_t getFilterFloats() const { return frequencies * depth * channels; }
  int64_t getDataFloats() const { return frequencies * depth * tiles; }
};

/// The problem, on plain buffers, N x C x rows x columns x 1, and its division.
struct WinogradOnGpu {
  int64_t batch = 1;
  int64_t groups = 1;
  /// Channels of one group.
  int64_t inChannels = 1;
  int64_t outChannels = 1;
  /// Rows and columns.
  llvm::SmallVector<Dimension> dimensions;
  WinogradBlockTile tile;

  /// Tiles in a dimension, and those of all images.
  int64_t countTiles(size_t d) const;
  int64_t countTiles() const;
  int64_t countTileBlocks() const;
  int64_t countChannelBlocks() const;
  int64_t countSlices() const;
  int64_t countBlocks() const {
    return groups * countChannelBlocks() * countTileBlocks();
  }
  /// Whether no tile's input, the last one's included, reaches beyond the
  /// image in a dimension.
  bool alwaysReachesInput(size_t d) const;
};

std::optional<std::string>
declinesWinogradOnGpu(const Convolution &convolution);
std::vector<ConvolutionSchedule>
scheduleWinogradOnGpu(const Convolution &convolution);
ConvolutionCost estimateWinogradOnGpu(const Convolution &convolution,
                                      const ConvolutionSchedule &schedule);
/// The transformed filter: groups x blocks of channels x slices x frequencies x
/// channels of the slice x channels of the block, filled up with zeros.
int64_t getWinogradFilterSizeOnGpu(const Convolution &convolution,
                                   const ConvolutionSchedule &schedule);
void packWinogradFilterOnGpu(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             llvm::ArrayRef<float> filter,
                             llvm::MutableArrayRef<float> packed);
int64_t countWinogradTasksOnGpu(kernel::ConvOp op);
/// Writes what the threads of a block do, or says what the schedule lacks.
mlir::LogicalResult emitWinogradOnGpu(kernel::ConvOp op, KernelBuilder &kernel);

/// The one with so many channels, if there is one.
std::optional<WinogradBlockTile> findWinogradBlockTile(int64_t channels);
WinogradOnGpu getWinogradOnGpu(kernel::ConvOp op,
                               const WinogradBlockTile &tile);

} // namespace toeplitz

#endif
