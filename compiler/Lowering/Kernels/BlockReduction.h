// Reductions of rows that threads of a GPU's block share.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_BLOCKREDUCTION_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_BLOCKREDUCTION_H

#include "compiler/Lowering/BlockBuilder.h"
#include "compiler/Lowering/Kernels/Reduction.h"
#include "compiler/Lowering/Kernels/RowDivision.h"

namespace toeplitz {

/// Makes the tasks of a kernel blocks whose threads share rows. Every thread
/// has each `threads`-th element of its row, the same ones in all loops: what
/// it wrote to an element, it may read again.
class BlockReduction {
public:
  BlockReduction(KernelBuilder &kernel, const RowDivision &division);

  using Step = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::ValueRange accumulators, KernelBuilder::Index i)>;
  using Merge = llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)>;
  using MergeAll = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::ValueRange, mlir::ValueRange)>;

  const RowDivision &getDivision() const { return division; }
  /// The thread's row; one behind the last where there are fewer than the
  /// blocks have room for. Such a row has no element in the loops.
  KernelBuilder::Index row() const { return rowNumber; }
  /// Loops over the thread's elements.
  void forElements(llvm::function_ref<void(KernelBuilder::Index i)> body);
  /// The reduction of the whole row, the same in all of its threads: each adds
  /// up its elements, warps join theirs by shuffles, and a block its warps' in
  /// its memory. The order depends on the division alone. All threads of the
  /// block must come here, once.
  mlir::Value reduce(const Reduction &reduction);
  /// The same for several numbers that are reduced side by side: `step` adds
  /// element i to each of them.
  llvm::SmallVector<mlir::Value> reduce(llvm::ArrayRef<mlir::Value> identities,
                                        Step step, Merge merge);
  /// The same for several numbers that are one result: `merge` joins all of
  /// two results, in any order.
  llvm::SmallVector<mlir::Value>
  reduceTogether(llvm::ArrayRef<mlir::Value> identities, Step step,
                 MergeAll merge);
  /// What one thread of each row does.
  void once(llvm::function_ref<void()> body);

  /// Independent sums of a thread, which hide the latency of a load; half as
  /// many of several numbers.
  static constexpr int64_t sumsOfThread = 4;

private:
  llvm::SmallVector<mlir::Value>
  reduceElements(llvm::ArrayRef<mlir::Value> identities, Step step,
                 MergeAll merge);
  llvm::SmallVector<mlir::Value>
  joinLanes(llvm::SmallVector<mlir::Value> values, MergeAll merge);
  llvm::SmallVector<mlir::Value> joinWarps(llvm::ArrayRef<mlir::Value> values,
                                           MergeAll merge);
  /// A bound of a loop that doesn't begin for rows that don't exist.
  KernelBuilder::Index orNothing(int64_t end);

  KernelBuilder &kernel;
  RowDivision division;
  BlockBuilder block;
  KernelBuilder::Index rowNumber;
  /// The number of the thread's group in the block, its place among those of
  /// its row, and its row's among `side`.
  KernelBuilder::Index group, part, column;
  /// Null where all rows exist.
  mlir::Value exists;
};

} // namespace toeplitz

#endif
