// What the kernels of implicit-gemm and tensor-core-gemm work on: tiles, steps
// and splits.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_IMPLICITGEMMPLAN_H
#define TOEPLITZ_COMPILER_ALGORITHMS_IMPLICITGEMMPLAN_H

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Algorithms/Geometry.h"

namespace toeplitz {

/// What a block of threads computes in one go: `channels` x `positions`
/// outputs, `depth` products of each at a time.
struct GemmTile {
  int64_t positions, channels, depth;
  /// Blocks that a GPU should have: two for each of some 130 multiprocessors
  /// if nothing else is said.
  int64_t wantedBlocks = 264;
};

/// The problem, on plain buffers, N x C x I x 1, and its division.
struct ImplicitGemm {
  int64_t batch = 1;
  int64_t groups = 1;
  /// Channels of one group.
  int64_t inChannels = 1;
  int64_t outChannels = 1;
  llvm::SmallVector<Dimension> dimensions;
  /// Whether the buffers have no spatial dimension: the only position of
  /// `dimensions` is then not an index.
  bool withoutPositions = false;
  /// Whether the channels of a position of the result lie together.
  bool channelsLast = false;
  GemmTile tile;
  kernel::ActivationAttr activation;

  int64_t countTaps() const;
  /// Output positions of all images.
  int64_t countPositions() const;
  int64_t countSteps() const;
  /// Tiles of the output channels of a group.
  int64_t countChannelTiles() const;
  int64_t countTiles() const;
  /// The parts into which the sums are divided, each computed by a block of its
  /// own, so that few tiles still fill a GPU; then a second kernel adds them up
  /// and finishes the results. 1 where the blocks do that themselves.
  int64_t countSplits() const;
  int64_t countStepsOfSplit() const;
  /// Blocks of the kernel that multiplies.
  int64_t countBlocks() const { return countTiles() * countSplits(); }
  /// Floats between the two kernels: splits x channels x positions, or splits
  /// x positions x channels, as in the result.
  int64_t countPartialSums() const {
    return countSplits() * groups * outChannels * countPositions();
  }
  /// Of several splits the first step computes partial sums.
  Preparation getPreparation() const;
};

ImplicitGemm getImplicitGemm(kernel::ConvOp op, const GemmTile &tile);
/// The same of an operation whose code is to be written, with the tile that it
/// names. Reports where that is none of its algorithm's (null), and where
/// several splits have no memory for their sums.
mlir::FailureOr<ImplicitGemm> checkImplicitGemm(kernel::ConvOp op,
                                                const GemmTile *tile);

/// Tiles of output channels of a group, filled up with zeros.
int64_t countGemmChannelTiles(const Convolution &convolution,
                              const GemmTile &tile);
/// The steps of a sum, the last one filled up with zeros.
int64_t countGemmSteps(const Convolution &convolution, const GemmTile &tile);
/// Takes each weight of a filter to its place: the row of a step, of a tile's
/// channel. Steps are numbered group by group, tile by tile of output channels;
/// a step's rows are those of its taps, each with all input channels.
void forGemmWeights(const Convolution &convolution, const GemmTile &tile,
                    llvm::ArrayRef<float> filter,
                    llvm::function_ref<void(float weight, int64_t step,
                                            int64_t channel, int64_t row)>
                        take);
/// The schedule of plain buffers with this tile.
ConvolutionSchedule getGemmSchedule(const Convolution &convolution,
                                    const GemmTile &tile);

/// The multiply-adds of a tile's blocks, with cut tiles.
double countGemmMultiplyAdds(const Convolution &convolution,
                             const GemmTile &tile);

/// How many blocks a multiprocessor has at once, and what it does with them if
/// they wait for nothing.
struct GemmSpeed {
  double blocks = 1;
  double multiplyAddsPerCycle = 0;
};
/// With blocks of so many threads, where their registers decide.
GemmSpeed getGemmSpeed(int64_t threads, double multiplyAddsPerCycle);
double estimateGemmCycles(const Convolution &convolution, const GemmTile &tile,
                          const GemmSpeed &speed);

} // namespace toeplitz

#endif
