// The division of a reduction's rows among the threads of a GPU.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_ROWDIVISION_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_ROWDIVISION_H

#include "dialects/Kernel/KernelDialect.h"

#include <optional>

namespace toeplitz {

/// The rows that are reduced, each to a result of its own.
struct Rows {
  int64_t count, length;
  /// How many rows in a row lie side by side in memory: their elements at one
  /// place are neighbours. 1 where the elements of a row are neighbours
  /// themselves.
  int64_t together = 1;
};

/// How the threads of a block share rows. A block has `groups` x `threads` x
/// `side` threads, all of them powers of two: of each group, `threads` threads
/// share each of `side` rows, and neighbouring threads have neighbouring rows.
struct RowDivision {
  Rows rows;
  int64_t side, threads, groups = 1;

  int64_t getRowThreads() const { return threads * side; }
  int64_t getBlockThreads() const { return groups * getRowThreads(); }
  int64_t getRowsOfBlock() const { return groups * side; }
  /// The blocks, which are the kernel's tasks.
  int64_t countBlocks() const;
};

/// Nothing where each row is to be reduced by a thread of its own: where there
/// are rows enough and their elements are neighbours of other rows', or rows of
/// one element. Always nothing on a CPU.
std::optional<RowDivision> divideRows(kernel::TargetAttr target, Rows rows);

} // namespace toeplitz

#endif
