// An operation that runs a body at every point of an iteration space:
// linalg.generic and its kin, tensor.generate and the border of tensor.pad.
//
// The body is compiled once, and runs on many points at once, one in each lane:
// points that differ in the dimensions along which every result has a place of
// its own. The other dimensions are gone through in order, so that sums are
// formed in the order of the loops.

#ifndef TOEPLITZ_COMPILER_REFERENCE_ITERATION_H
#define TOEPLITZ_COMPILER_REFERENCE_ITERATION_H

#include "compiler/Reference/Compiler.h"

#include "mlir/IR/AffineMap.h"

namespace toeplitz::reference {

/// The body, and what its lanes read and write. The tensors that go with the
/// accesses are given when it runs.
struct Iteration {
  /// How the points of the iteration space map to elements of a tensor.
  struct Access {
    mlir::AffineMap map;
    /// The lanes that are read before the body runs, if it uses them.
    std::optional<Slot> read;
    /// The lanes that are written after it has run, of results.
    std::optional<Slot> written;
  };

  /// `tensors` go with `accesses`; `outer` is the frame of the values that the
  /// body captures.
  llvm::LogicalResult run(Frame &outer, llvm::ArrayRef<int64_t> sizes,
                          llvm::ArrayRef<Tensor *> tensors) const;

  mlir::Operation *op = nullptr;
  llvm::SmallVector<Access> accesses;
  /// The dimensions whose points can be in different lanes.
  llvm::SmallVector<int64_t> laneDimensions;
  llvm::SmallVector<int64_t> orderedDimensions;
  /// The positions that the body asks for: dimension and slot.
  llvm::SmallVector<std::pair<int64_t, Slot>> positions;
  llvm::SmallVector<Capture> captures;
  FrameLayout layout;
  Program body;
  /// One for bodies with loops, branches or tensors.
  size_t width = 1;
};

/// Whether every operation of a body can run in lanes.
bool canRunInLanes(mlir::Block &body);

} // namespace toeplitz::reference

#endif
