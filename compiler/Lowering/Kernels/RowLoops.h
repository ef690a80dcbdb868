// How a kernel goes over a row of elements.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_ROWLOOPS_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_ROWLOOPS_H

#include "compiler/Lowering/Kernels/BlockReduction.h"

namespace toeplitz {

/// The loops over one row: those of a task that has it alone, in vectors, or
/// those of a thread that shares it with others.
class RowLoops {
public:
  RowLoops(KernelBuilder &kernel, int64_t length)
      : kernel(kernel), length(length) {}
  RowLoops(KernelBuilder &kernel, const RowDivision &division)
      : kernel(kernel), length(division.rows.length),
        shared(std::in_place, kernel, division) {}

  bool isShared() const { return shared.has_value(); }
  /// The row of this thread, if it is shared.
  KernelBuilder::Index row() const { return shared->row(); }
  /// The row's reduction, in vectors of `lanes` unless it is shared.
  mlir::Value reduce(int64_t lanes, const Reduction &reduction);
  /// Loops over the elements: `lanes` of them from i on, or one if 0.
  void
  forEach(int64_t lanes,
          llvm::function_ref<void(KernelBuilder::Index i, int64_t lanes)> body);
  /// The sums that `reduce` makes side by side, on machines with vectors of
  /// sixteen lanes.
  int64_t countSums() const;

private:
  KernelBuilder &kernel;
  int64_t length;
  std::optional<BlockReduction> shared;
};

} // namespace toeplitz

#endif
