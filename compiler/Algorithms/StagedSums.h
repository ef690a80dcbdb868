// Sums whose terms come through stages of a block's memory: what the next steps
// need is on its way while one is computed.

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

/// The code of a step of which parts are copied asynchronously: `begin` begins
/// to copy to a stage of the block's memory and gives what the thread brings
/// itself, which `store` puts there.
struct PipelinedStep {
  using Index = KernelBuilder::Index;

  llvm::function_ref<llvm::SmallVector<mlir::Value>(Index step, Index stage)>
      begin;
  llvm::function_ref<void(llvm::ArrayRef<mlir::Value> loaded, Index stage)>
      store;
  llvm::function_ref<llvm::SmallVector<mlir::Value>(Index stage,
                                                    mlir::ValueRange sums)>
      multiply;
  /// Where `multiply` only begins products: waits for them, when later copies
  /// have begun. Null where it computes them.
  llvm::function_ref<void()> waitForProducts = nullptr;
  /// What a thread does when what it brought for a step has arrived, before it
  /// meets the others; null for nothing.
  llvm::function_ref<void()> publish = nullptr;
  /// Where one thread copies for all of them: waits until what was copied to
  /// the stage has arrived. The parity is 0 in the stage's first use, 1 in the
  /// second one, and so on. Null where no thread does.
  llvm::function_ref<void(Index stage, Index parity)> waitForArrival = nullptr;
  /// Whether threads copy for themselves, by groups of copies.
  bool groupsCopies = true;
};

/// The same through `stages` stages, at least two: while one step is computed,
/// the copies of the next `stages` - 1 ones are on their way.
llvm::SmallVector<mlir::Value>
addUpInPipeline(KernelBuilder &kernel, BlockBuilder &block, int64_t stages,
                int64_t countSums, KernelBuilder::Index firstStep,
                KernelBuilder::Index steps, const PipelinedStep &step);

} // namespace toeplitz

#endif
