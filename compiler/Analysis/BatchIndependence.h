// Whether a network computes each sample of a batch by itself: then code for
// one sample, run for each of them, computes a batch of any size.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_BATCHINDEPENDENCE_H
#define TOEPLITZ_COMPILER_ANALYSIS_BATCHINDEPENDENCE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/SmallVector.h"

namespace toeplitz {

/// Follows the batch through `main`, a network as written whose arguments
/// `inputs` have samples in their dimension 0, the same number of them and more
/// than one. Succeeds if every value that depends on those arguments has one
/// sample in each place of dimension 0 that depends on the arguments' samples
/// of that place alone, in the same way for all places; if all results do so,
/// or are the same for all samples and yet have a place for each. Emits an
/// error at the operation that mixes samples otherwise. `commonLoops` are those
/// that are walked for all samples together, rather than sample by sample.
mlir::LogicalResult
checkBatchIndependence(mlir::func::FuncOp main, llvm::ArrayRef<int64_t> inputs,
                       llvm::SmallPtrSetImpl<mlir::Operation *> &commonLoops);

/// Whether two networks that are the same but for the size of the batch compute
/// with different numbers, or walk common loops (of `first`) in another number
/// of steps: emits an error at the first value of `first` that does.
mlir::LogicalResult
checkSameNumbers(mlir::func::FuncOp first, mlir::func::FuncOp second,
                 const llvm::SmallPtrSetImpl<mlir::Operation *> &commonLoops);

} // namespace toeplitz

#endif
