// The kernel of warpgroup-gemm: which tile a block of threads computes, and
// how.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_WARPGROUPGEMMKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_WARPGROUPGEMMKERNEL_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/ImplicitGemmPlan.h"
#include "compiler/Lowering/Warpgroup.h"

namespace toeplitz {

/// A warpgroup has 64 channels x `groupPositions` of the outputs. A step is as
/// deep as a row of a factor in the block's memory: 32 words.
struct WarpgroupTile : GemmTile {
  int64_t groupPositions;
  kernel::Precision precision;

  static constexpr int64_t depthWords =
      WarpgroupProduct::rowBytes / int64_t(sizeof(uint32_t));
  /// Steps whose tiles are in the block's memory at once. (More of them weren't
  /// faster: see getEfficiency.)
  static constexpr int64_t stages = 3;

  int64_t countWarpgroups() const {
    return channels / WarpgroupProduct::rows * (positions / groupPositions);
  }
  int64_t getThreads() const {
    return countWarpgroups() * WarpgroupProduct::threads;
  }
  /// Words of the packed filter for a step, and of the data's tile.
  int64_t getFilterWords() const { return channels * depthWords; }
  int64_t getDataWords() const { return positions * depthWords; }
  /// Positions of each warpgroup of which threads exchange sums at once.
  int64_t countExchangedPositions() const {
    return std::min<int64_t>(groupPositions, 64);
  }
  /// Words of the block's memory for the filter's tiles, in which sums are
  /// exchanged in the end.
  int64_t getFilterMemoryWords() const;
  int64_t getMemoryBytes() const;
};

/// The largest first; the factors are of the precision, which isn't f32.
llvm::SmallVector<WarpgroupTile> getWarpgroupTiles(kernel::Precision precision);
/// The one with these sizes, if it is one of them.
std::optional<WarpgroupTile> findWarpgroupTile(kernel::Precision precision,
                                               int64_t positions,
                                               int64_t channels);

/// Writes what the threads of a block do: results, or partial sums where there
/// are several splits.
void emitWarpgroupGemm(KernelBuilder &kernel, const ImplicitGemm &gemm,
                       const WarpgroupTile &tile,
                       const ConvolutionBuffers &buffers);

} // namespace toeplitz

#endif
