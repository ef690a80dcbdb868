// How the blocks of implicit-gemm and tensor-core-gemm store results: 16 bytes
// at once where neighbours lie together.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_GEMMRESULTS_H
#define TOEPLITZ_COMPILER_ALGORITHMS_GEMMRESULTS_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/ImplicitGemmBlock.h"

#include <optional>

namespace toeplitz {

/// Results of several neighbouring channels of a position, or of several
/// neighbouring positions of a channel, which lie together in memory.
struct GemmRuns {
  bool alongChannels = false;
  int64_t length = 1;
};

/// What a block's threads do with sums: add bias and residual, activate and
/// store; or store a part of a sum where there are several splits.
class GemmResults {
public:
  using Index = KernelBuilder::Index;

  GemmResults(KernelBuilder &kernel, const ImplicitGemm &gemm,
              const ConvolutionBuffers &buffers, ImplicitGemmBlock &common);

  /// The runs that a thread can store at once, 16 bytes, each at a multiple of
  /// its length; of a single element where there are none.
  const GemmRuns &getRuns() const { return runs; }

  /// Stores the sums of a run, or of a part of it whose length is a power of
  /// two, that begins at `channel` of the group and `column`, if it is there.
  /// (Runs are there or not, never a part of them.)
  void store(llvm::ArrayRef<mlir::Value> sums, Index channel, Index column);

  /// Where the sums of a block are while its threads exchange them, so that
  /// each has whole runs.
  struct Exchange {
    /// f32 of the block's memory, as many as getSize says, that nothing else is
    /// in.
    mlir::Value memory;
    /// The sums: so many channels of so many columns.
    int64_t channels, columns, threads;
    /// Hands the thread's sums over, each time those of neighbouring columns of
    /// a channel, by their places among these channels and columns.
    using Take = llvm::function_ref<void(llvm::ArrayRef<mlir::Value> sums,
                                         Index channel, Index column)>;
    llvm::function_ref<void(Take take)> giveSums;
    /// The channel of the group at a place, and the column; eight at a time
    /// follow each other.
    llvm::function_ref<Index(Index place)> getChannel, getColumn;

    static int64_t getSize(int64_t channels, int64_t columns);
  };
  /// Stores the sums of a block. All its threads come here.
  void store(const Exchange &exchange);

private:
  /// A buffer whose elements are addressed by column and channel: as one row,
  /// with these strides, and what is between the images beyond their positions.
  struct Buffer {
    mlir::Value row;
    int64_t channel, position, betweenImages;
  };
  std::optional<Buffer> flatten(mlir::Value buffer) const;
  bool canHoldRuns(mlir::Value original, const Buffer &buffer,
                   const GemmRuns &candidate) const;
  GemmRuns findRuns() const;
  GemmRuns findRunsOfPartialSums() const;
  bool isAligned(mlir::Value buffer) const;

  Index getPlace(const Buffer &buffer, Index channel, Index column);
  mlir::Value addBias(mlir::Value sum, Index channel);
  mlir::Value addResidual(mlir::Value sum, Index channel, Index column);
  void finishRun(mlir::Value sum, Index channel, Index column);

  Index number(int64_t value) { return kernel.constant(value); }
  int64_t countImagePositions() const;

  KernelBuilder &kernel;
  const ImplicitGemm &gemm;
  const ConvolutionBuffers &buffers;
  ImplicitGemmBlock &common;
  GemmRuns runs;
  std::optional<Buffer> output, residual;
};

} // namespace toeplitz

#endif
