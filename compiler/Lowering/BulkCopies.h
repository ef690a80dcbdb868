// The words for tiles that the Tensor Memory Accelerator of GPUs of the
// architecture sm_90a brings to a block's memory: one thread begins the copies
// of a stage, and all others wait for their arrival.
//
// Each stage has a barrier (mbarrier of PTX), whose phases are the stage's
// uses: a phase ends when one thread has arrived at it and all bytes that it
// said it expects have been copied. Even phases, the first one's number being
// 0, have parity 0, odd ones 1.
//
// Sources: PTX ISA, "mbarrier", "cp.async.bulk", "cp.async.bulk.tensor" and
// "Async proxy".

#ifndef TOEPLITZ_COMPILER_LOWERING_BULKCOPIES_H
#define TOEPLITZ_COMPILER_LOWERING_BULKCOPIES_H

#include "compiler/Lowering/BlockBuilder.h"

namespace toeplitz {

class BulkCopies {
public:
  using Index = KernelBuilder::Index;

  /// Of a stage's barrier, in the block's memory.
  static constexpr int64_t barrierBytes = 8;

  /// Makes the barriers. All threads of the block come here.
  BulkCopies(KernelBuilder &kernel, BlockBuilder &block, int64_t stages);

  /// Writes what one thread of the block does.
  void byOneThread(llvm::function_ref<void()> body);
  /// That thread: the next phase of a stage ends when so many bytes are there.
  void expect(Index stage, int64_t bytes);
  /// It begins to copy bytes that lie together from element `from` of `source`,
  /// a row, to element `to` of `destination`. Both are multiples of 16 bytes,
  /// and so is `bytes`.
  void copy(mlir::Value source, Index from, mlir::Value destination, Index to,
            int64_t bytes, Index stage);
  /// It begins to copy a box of `tensor`: see device.tensor_copy.
  void copyBox(mlir::Value tensor, llvm::ArrayRef<Index> coordinates,
               mlir::Value destination, Index to, llvm::ArrayRef<int64_t> box,
               Index stage);
  /// A thread waits until a stage's phase of this parity has ended.
  void wait(Index stage, Index parity);

private:
  KernelBuilder &kernel;
  BlockBuilder &block;
  mlir::Value barriers;
};

} // namespace toeplitz

#endif
