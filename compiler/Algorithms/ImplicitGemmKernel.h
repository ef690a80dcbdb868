// The kernel of implicit-gemm: which tile a block of threads computes, and how.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_IMPLICITGEMMKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_IMPLICITGEMMKERNEL_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/ImplicitGemmPlan.h"

namespace toeplitz {

/// A thread has threadChannels x threadPositions of the outputs, in quadruples.
struct ImplicitGemmTile : GemmTile {
  int64_t threadPositions, threadChannels;

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
/// The one with these sizes; null if there is none.
const ImplicitGemmTile *findImplicitGemmTile(int64_t positions,
                                             int64_t channels);

/// Writes what the threads of a block do: results, or partial sums where there
/// are several splits.
void emitImplicitGemm(KernelBuilder &kernel, const ImplicitGemm &gemm,
                      const ImplicitGemmTile &tile,
                      const ConvolutionBuffers &buffers);

} // namespace toeplitz

#endif
