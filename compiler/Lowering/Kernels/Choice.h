// Reductions that keep one of the elements that they see: the largest, and its
// place, say.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_CHOICE_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_CHOICE_H

#include "compiler/Lowering/Kernels/LoopNest.h"

#include "mlir/IR/Builders.h"

namespace toeplitz {

/// Each step has a candidate, of several values that don't depend on the
/// results so far, and takes all of it or nothing: where `condition` says that
/// it comes before what was taken last.
struct Choice {
  mlir::Value condition;
  /// The candidate, and the results so far: as many values.
  llvm::SmallVector<mlir::Value> candidate, soFar;

  /// Whether candidate `a` would be taken after `b`.
  mlir::Value emitIsTaken(mlir::OpBuilder &builder, mlir::Location location,
                          mlir::ValueRange a, mlir::ValueRange b) const;

  /// Whether the right one of two results is the result of both: with the place
  /// at which each was taken as its last value. Of two as good as each other it
  /// is the one that the loops, one after the other, would end with.
  mlir::Value emitTakesRight(mlir::OpBuilder &builder, mlir::Location location,
                             mlir::ValueRange left,
                             mlir::ValueRange right) const;
};

/// Nothing unless the body of the loops is a choice by an order: a comparison
/// of two numbers, or of others where they are equal, and so on. NaN is never
/// taken, and never gives way. The result is then that of the steps in any
/// order, if of candidates that are as good as each other the first one is
/// taken; or the last one, where each would be taken after the other.
std::optional<Choice> findChoice(const LoopNest &nest);

} // namespace toeplitz

#endif
