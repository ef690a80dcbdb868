// What each operation of a network as written does to a shift of the input:
// the table of rules. ShiftState.h has the arithmetic.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_SHIFTRULES_H
#define TOEPLITZ_COMPILER_ANALYSIS_SHIFTRULES_H

#include "compiler/Analysis/ShiftState.h"

#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/DenseMap.h"

namespace toeplitz {

class ShiftRules {
public:
  explicit ShiftRules(int64_t inputSize) : algebra(inputSize) {}

  /// Finds out the states of the results of `op` from those of its operands.
  void visit(mlir::Operation *op);

  const ShiftState &get(mlir::Value value) const;
  void set(mlir::Value value, ShiftState state) {
    states[value] = std::move(state);
  }
  /// Frees what is known of a value that nobody asks about any more.
  void forget(mlir::Value value) { states.erase(value); }
  const ShiftAlgebra &getAlgebra() const { return algebra; }

private:
  ShiftState visitOp(mlir::Operation *op);
  ShiftState visitMoving(mlir::Operation *op);
  ShiftState visitNetworkOp(mlir::Operation *op);
  ShiftState visitWindow(mlir::Operation *op, int64_t spatial);
  ShiftState visitPool(mlir::Operation *op);
  ShiftState visitPad(mlir::Operation *op);
  ShiftState visitResize(mlir::Operation *op);
  ShiftState visitTensorOp(mlir::Operation *op);
  ShiftState visitSlice(mlir::tensor::ExtractSliceOp op);
  ShiftState visitConcat(mlir::tensor::ConcatOp op);
  ShiftState visitCollapse(mlir::tensor::CollapseShapeOp op);
  ShiftState visitExpand(mlir::tensor::ExpandShapeOp op);
  ShiftState visitLinalg(mlir::linalg::LinalgOp op);
  ShiftState visitGather(mlir::linalg::LinalgOp op);

  ShiftState padTensor(const ShiftState &state, int64_t low, int64_t high,
                       cnn::PaddingMode mode) const;
  ShiftState normalise(const ShiftState &state) const;
  ShiftState joinValue(std::optional<ShiftState> joined, mlir::Value value,
                       int64_t place);
  ShiftState joinAll(mlir::ValueRange values);
  /// The smallest p such that positions p apart along the dimension are the
  /// same in a value that doesn't move; its size where nothing is known.
  int64_t getPeriod(mlir::Value value, int64_t dimension);

  ShiftAlgebra algebra;
  llvm::DenseMap<mlir::Value, ShiftState> states;
};

} // namespace toeplitz

#endif
