// The kernel of tensor-core-gemm: which tile a block of threads computes, and
// how.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_TENSORCOREGEMMKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_TENSORCOREGEMMKERNEL_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/ImplicitGemmPlan.h"
#include "compiler/Lowering/TensorCore.h"

namespace toeplitz {

/// A warp has warpChannels x warpPositions of the outputs. A step is as deep as
/// two of a warp's products: 16 words.
struct TensorCoreTile : GemmTile {
  int64_t warpPositions, warpChannels;
  /// How many blocks the registers of a multiprocessor shall have room for,
  /// where threads don't round the input to 16 bits on the way; 0 where the
  /// assembler chooses.
  int64_t residentBlocks;
  kernel::Precision precision;

  static constexpr int64_t depthProducts = 2;
  static constexpr int64_t depthWords = depthProducts * WarpProduct::depth;
  /// Steps whose tiles are in the block's memory at once: with the largest tile
  /// all of the 48 KiB that a kernel may declare.
  static constexpr int64_t stages = 3;

  int64_t countWarps() const {
    return positions / warpPositions * (channels / warpChannels);
  }
  int64_t getThreads() const { return countWarps() * WarpProduct::lanes; }
  /// Products, one above and one beside the other, of which the outputs of a
  /// warp consist.
  int64_t countRows() const { return warpChannels / WarpProduct::rows; }
  int64_t countColumns() const { return warpPositions / WarpProduct::columns; }
  /// Output channels of which a row of each warp's products consists: threads
  /// exchange their sums at once.
  int64_t countExchangedChannels() const {
    return channels / warpChannels * WarpProduct::rows;
  }
  /// Words of the packed filter for a step.
  int64_t getFilterWords() const { return channels * depthWords; }
  /// The part of the tensor cores' rate that the tile reaches where nothing has
  /// to be waited for: a product takes two cycles of a multiprocessor, and
  /// loading what the lanes of a warp need of 16 bytes each takes four.
  double getEfficiency() const {
    auto products =
        static_cast<double>(countRows() * countColumns() * depthProducts);
    auto loads =
        static_cast<double>(countRows() * depthProducts + countColumns());
    return 0.9 * 2 * products / (2 * products + 4 * loads);
  }
};

/// The largest first; the factors are of the precision, which isn't f32.
llvm::SmallVector<TensorCoreTile>
getTensorCoreTiles(kernel::Precision precision);
/// The one with these sizes, if it is one of them.
std::optional<TensorCoreTile> findTensorCoreTile(kernel::Precision precision,
                                                 int64_t positions,
                                                 int64_t channels);

/// Where the packed filter of a tile has a factor of a step: the word, and
/// whether it is the upper half of it.
struct PackedFactor {
  int64_t word;
  bool isUpper;
};
PackedFactor getPackedFactor(const TensorCoreTile &tile, int64_t channel,
                             int64_t row);

/// Writes what the threads of a block do: results, or partial sums where there
/// are several splits.
void emitTensorCoreGemm(KernelBuilder &kernel, const ImplicitGemm &gemm,
                        const TensorCoreTile &tile,
                        const ConvolutionBuffers &buffers);

} // namespace toeplitz

#endif
