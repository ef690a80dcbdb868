// Sums whose terms come through two stages of a block's memory: what the next
// step needs is on its way while one is computed.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_STAGEDSUMS_H
#define TOEPLITZ_COMPILER_ALGORITHMS_STAGEDSUMS_H

#include "compiler/Lowering/BlockBuilder.h"

namespace toeplitz {

/// The code of a step: `load` gives what a thread brings, `store` puts it into
/// one of two halves of the block's memory, `multiply` adds the products of a
/// half to sums.
struct StagedStep {
  using Index = KernelBuilder::Index;

  llvm::function_ref<llvm::SmallVector<mlir::Value>(Index step)> load;
  llvm::function_ref<void(llvm::ArrayRef<mlir::Value> loaded, Index half)>
      store;
  llvm::function_ref<llvm::SmallVector<mlir::Value>(Index half,
                                                    mlir::ValueRange sums)>
      multiply;
};

/// Goes through `steps` steps, at least one, from `firstStep` on, and returns
/// the thread's sums, which begin with zero.
llvm::SmallVector<mlir::Value>
addUpInStages(KernelBuilder &kernel, BlockBuilder &block, int64_t countSums,
              KernelBuilder::Index firstStep, KernelBuilder::Index steps,
              const StagedStep &step);

} // namespace toeplitz

#endif
