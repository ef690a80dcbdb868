// The choices for the loops of a linalg operation: its tasks and its vectors.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_GENERICPLAN_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_GENERICPLAN_H

#include "compiler/Lowering/Kernels/Choice.h"
#include "compiler/Lowering/Kernels/LoopNest.h"
#include "compiler/Lowering/Kernels/RowDivision.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

namespace toeplitz {

/// How an operation is computed.
struct GenericPlan {
  LoopNest nest;
  kernel::TargetAttr target;
  llvm::SmallVector<mlir::Type> types;
  /// Whether neighbours along the last independent loop may be a vector.
  bool vectorsOfPoints = false;
  /// The operation by which rows of the last loop may be reduced in vectors.
  mlir::Operation *reduction = nullptr;
  /// What a reduction by no such operation keeps, where threads share it.
  std::optional<Choice> choice;
  /// On a GPU: how threads share the reduction of a point, by `reduction` or
  /// `choice`.
  std::optional<RowDivision> shared;

  GenericPlan(LoopNest nest, mlir::Operation *op);
  TaskDivision divide() const;
  int64_t countTasks() const;
  /// How far an operand's elements for neighbours along a loop lie apart;
  /// nothing if they are no row.
  std::optional<int64_t> strideAlong(size_t operand, size_t loop) const;
  /// As many elements of the widest type as a register has room for.
  int64_t chooseLanes(size_t loop) const;

private:
  std::optional<RowDivision> share() const;
  bool isVectorizable() const;
  bool allowsVectorsOfPoints() const;
  bool allowsVectorsOfRows() const;
};

} // namespace toeplitz

#endif
