// The words in which kernels are written whose tasks are blocks of a GPU's
// threads: beside KernelBuilder's, those that threads share something with.

#ifndef TOEPLITZ_COMPILER_LOWERING_BLOCKBUILDER_H
#define TOEPLITZ_COMPILER_LOWERING_BLOCKBUILDER_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

/// Makes the tasks of `kernel` blocks of `threads` threads, all of which run
/// what is written then.
class BlockBuilder {
public:
  BlockBuilder(KernelBuilder &kernel, int64_t threads);

  /// The thread's number in its block.
  KernelBuilder::Index thread() const { return threadNumber; }
  /// Memory of the block: `sizes` elements, of unspecified value at first; f32
  /// if no type is named. It begins at a multiple of `alignment` bytes, of 16
  /// if that is less.
  mlir::Value createShared(llvm::ArrayRef<int64_t> sizes,
                           mlir::Type element = {}, int64_t alignment = 0);
  /// Every thread waits until all have come here; what they wrote to the
  /// block's memory is then seen by all.
  void barrier();
  /// Begins to copy 16 bytes, at multiples of 16, from the device's memory to
  /// the block's: elements of `source` from `from` on to `to` of
  /// `destination`; zeros instead of them where `condition`, if there is one,
  /// doesn't hold. No thread may touch the latter until the copying thread has
  /// waited and all have then met at a barrier.
  void startCopy(mlir::Value source, KernelBuilder::Index from,
                 mlir::Value destination, KernelBuilder::Index to,
                 mlir::Value condition = {});
  /// The thread waits until what it began to copy has arrived.
  void waitForCopies();
  /// Makes a group of what the thread began to copy since the last one.
  void groupCopies();
  /// The thread waits until all groups but the `pending` last ones have
  /// arrived.
  void waitForGroups(int64_t pending);
  /// The value, a number of up to 64 bits, of the thread of this warp whose
  /// number differs in the bit `distance`. All threads of the warp must come
  /// here.
  mlir::Value exchange(mlir::Value value, int64_t distance);
  /// Words of four matrices of 8 rows of 16 bytes in the block's memory: lane
  /// l of a warp says where row l % 8 of matrix l / 8 begins in `memory`, and
  /// gets word l % 4, of 32 bits, of row l / 4 of each (ldmatrix of PTX). All
  /// threads of the warp must come here.
  llvm::SmallVector<mlir::Value> loadMatrices(mlir::Value memory,
                                              KernelBuilder::Index place);

  /// Threads that the hardware runs together.
  static constexpr int64_t warp = 32;

private:
  KernelBuilder &kernel;
  KernelBuilder::Index threadNumber;
  /// What was begun since the last wait.
  llvm::SmallVector<mlir::Value> copies;
};

} // namespace toeplitz

#endif
