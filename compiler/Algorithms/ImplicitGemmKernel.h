// The kernel of implicit-gemm: which tile a block of threads computes, and how.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_IMPLICITGEMMKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_IMPLICITGEMMKERNEL_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/Geometry.h"

namespace toeplitz {

/// How many parts sums of `steps` steps are divided into where there are
/// `tiles` tiles.
int64_t chooseImplicitGemmSplits(int64_t tiles, int64_t steps);

/// What a block computes in one go: `channels` x `positions` outputs, `depth`
/// products of each at a time. A thread has threadChannels x threadPositions of
/// them, in quadruples.
struct ImplicitGemmTile {
  int64_t positions, channels, depth, threadPositions, threadChannels;

  int64_t getThreads() const {
    return positions / threadPositions * (channels / threadChannels);
  }
  /// The part of the multiply-adds' rate that the tile reaches where nothing
  /// has to be waited for: of n x n outputs each, a thread loads 2 n numbers
  /// for n n multiply-adds.
  double getEfficiency() const {
    double products = static_cast<double>(threadPositions * threadChannels);
    double loads = static_cast<double>(threadPositions + threadChannels) / 2;
    return 0.9 * products / (products + loads);
  }
};

/// The largest first.
llvm::ArrayRef<ImplicitGemmTile> getImplicitGemmTiles();
/// The one with these sizes, which must be one of them.
ImplicitGemmTile findImplicitGemmTile(int64_t positions, int64_t channels);

/// What the kernel works on: plain buffers, N x C x I x 1.
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
  ImplicitGemmTile tile;
  kernel::ActivationAttr activation;

  int64_t countTaps() const;
  /// Output positions of all images.
  int64_t countPositions() const;
  int64_t countSteps() const;
  int64_t countTiles() const;
  /// The parts into which the sums are divided, each computed by a block of its
  /// own, so that few tiles still fill a GPU; then a second kernel adds them up
  /// and finishes the results. 1 where the blocks do that themselves.
  int64_t countSplits() const;
  int64_t countStepsOfSplit() const;
  /// Blocks of the kernel that multiplies.
  int64_t countBlocks() const { return countTiles() * countSplits(); }
  /// Floats between the two kernels: splits x channels x positions.
  int64_t countPartialSums() const {
    return countSplits() * groups * outChannels * countPositions();
  }
};

ImplicitGemm getImplicitGemm(kernel::ConvOp op);

/// Writes what the threads of a block do: results, or partial sums where there
/// are several splits.
void emitImplicitGemm(KernelBuilder &kernel, const ImplicitGemm &gemm,
                      const ConvolutionBuffers &buffers);

/// The tasks of the second kernel, and one of them.
int64_t countFinishingTasks(const ImplicitGemm &gemm,
                            kernel::TargetAttr target);
void emitFinishing(KernelBuilder &kernel, const ImplicitGemm &gemm,
                   const ConvolutionBuffers &buffers);

} // namespace toeplitz

#endif
