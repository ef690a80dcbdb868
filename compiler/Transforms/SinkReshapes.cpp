// A dense layer of more than two dimensions is written as one of rows: its
// input is reshaped to R x C before, its result back behind. What follows
// element by element is computed on the rows as well,
//
//   f(reshape(x), y) = reshape(f(x, reshape'(y))),
//
// so that a bias, a residual and an activation stand right behind the layer,
// which takes them into its epilogue, and the next dense layer reads the rows
// themselves. A reshape that keeps the last dimension keeps each element's
// channel.

#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Reshapes.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_SINKRESHAPES
#include "compiler/Transforms/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// Of one operand at least, all of one type: f32 of more than two dimensions.
bool isElementwise(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumOperands() == 0)
    return false;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || type.getRank() < 3 || !type.hasStaticShape() ||
      !type.getElementType().isF32() ||
      !llvm::all_of(op->getOperandTypes(),
                    [&](Type operand) { return operand == type; }))
    return false;
  return isa<cnn::ActivationOp>(op) ||
         (isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) &&
          OpTrait::hasElementwiseMappableTraits(op));
}

/// All dimensions but the last as one.
SmallVector<ReassociationIndices> joinAllButLast(int64_t rank) {
  SmallVector<ReassociationIndices> groups(2);
  for (int64_t d = 0; d + 1 < rank; ++d)
    groups[0].push_back(d);
  groups[1].push_back(rank - 1);
  return groups;
}

Value collapse(IRRewriter &rewriter, Location location, Value value) {
  return tensor::CollapseShapeOp::create(
      rewriter, location, value, joinAllButLast(typeOf(value).getRank()));
}

/// A value with these rows, which has as many elements.
Value asRows(IRRewriter &rewriter, Location location, Value value,
             RankedTensorType rows) {
  Value source = skipReshapes(value);
  if (source.getType() == rows)
    return source;
  auto broadcast = value.getDefiningOp<cnn::BroadcastOp>();
  auto isOne = [](int64_t size) { return size == 1; };
  if (broadcast &&
      llvm::all_of(typeOf(broadcast.getInput()).getShape().drop_back(), isOne))
    return cnn::BroadcastOp::create(
        rewriter, location, collapse(rewriter, location, broadcast.getInput()),
        rows.getShape());
  return collapse(rewriter, location, value);
}

struct SinkReshapes : impl::SinkReshapesBase<SinkReshapes> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](FunctionOpInterface function) {
      for (Block &block : function.getFunctionBody())
        sinkInBlock(rewriter, block);
    });
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
  }

private:
  static void sinkInBlock(IRRewriter &rewriter, Block &block) {
    // The results of dense layers, and what is computed of them.
    llvm::DenseSet<Value> rows;
    for (Operation &op : llvm::make_early_inc_range(block)) {
      auto conv = dyn_cast<cnn::ConvOp>(op);
      if (conv && typeOf(conv.getResult()).getRank() == 2)
        rows.insert(conv.getResult());
      if (!isElementwise(&op))
        continue;
      Value result = op.getResult(0);
      auto found = llvm::find_if(op.getOperands(), [&](Value operand) {
        Value source = skipReshapes(operand);
        return rows.contains(source) && typeOf(source).getShape().back() ==
                                            typeOf(result).getShape().back();
      });
      if (found != op.operand_end())
        rows.insert(sink(rewriter, &op, typeOf(skipReshapes(*found))));
    }
  }

  /// Computes an operation on rows; returns its result there.
  static Value sink(IRRewriter &rewriter, Operation *op,
                    RankedTensorType rows) {
    Location location = op->getLoc();
    rewriter.setInsertionPoint(op);
    SmallVector<Value> operands =
        llvm::map_to_vector(op->getOperands(), [&](Value operand) {
          return asRows(rewriter, location, operand, rows);
        });
    Operation *onRows = rewriter.clone(*op);
    onRows->setOperands(operands);
    onRows->getResult(0).setType(rows);
    RankedTensorType type = typeOf(op->getResult(0));
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(
        op, type, onRows->getResult(0), joinAllButLast(type.getRank()));
    return onRows->getResult(0);
  }
};

} // namespace
} // namespace toeplitz
