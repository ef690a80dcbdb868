// The loops of any linalg operation on buffers.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_LOOPNEST_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_LOOPNEST_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace toeplitz {

/// Where an operand's element for a point of the loops lies: `offset` plus
/// `strides[i]` elements for each step of loop i.
struct LinearAccess {
  llvm::SmallVector<int64_t> strides;
  int64_t offset = 0;
  /// The elements from the first one that may be accessed to the last.
  int64_t extent = 1;
};

/// The loops of an operation of linalg, or of a memref.copy. Those of the
/// independent points come first, in the order in which the first result lies
/// in memory; the sequential ones (reductions), in the operation's order, run
/// inside of them. Loops of one iteration are left out, neighbours that all
/// operands see as one are one.
struct LoopNest {
  llvm::SmallVector<int64_t> sizes;
  /// The first `independent` loops.
  size_t independent = 0;
  /// An operand without an access is a scalar, or its map isn't linear.
  llvm::SmallVector<std::optional<LinearAccess>> accesses;
  /// The maps of the operands, from the operation's dimensions.
  llvm::SmallVector<mlir::AffineMap> maps;
  /// The loop of each of the operation's dimensions, -1 where there is none or
  /// it is one with others; nobody asks for the index of the latter.
  llvm::SmallVector<int64_t> loopOfDimension;
  /// What is computed for each point: a copy if there is none.
  mlir::Block *body = nullptr;
  size_t inputCount = 0;

  llvm::ArrayRef<int64_t> independentSizes() const {
    return llvm::ArrayRef(sizes).take_front(independent);
  }
  bool hasSequentialLoops() const { return independent < sizes.size(); }
  /// The number of iterations of the sequential loops for one point.
  int64_t countSequential() const;
  /// Whether a result's element stays the same in all sequential loops, so
  /// that it is read before and written after them.
  bool isCarried(size_t operand) const;
};

/// Fails with an error if the operation can't be written as loops.
mlir::FailureOr<LoopNest> describeLoops(mlir::Operation *op);

} // namespace toeplitz

#endif
