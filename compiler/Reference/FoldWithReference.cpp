#include "compiler/Reference/Fold.h"
#include "compiler/Reference/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_FOLDWITHREFERENCE
#include "compiler/Reference/Passes.h.inc"

namespace {

struct FoldWithReference : impl::FoldWithReferenceBase<FoldWithReference> {
  void runOnOperation() override {
    auto function = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!function || !function.getBody().hasOneBlock())
      return;
    Block &body = function.getBody().front();
    for (Operation &op : llvm::make_early_inc_range(body.without_terminator()))
      fold(&op);
    SmallVector<Operation *> dead;
    for (Operation &op : body.without_terminator())
      if (op.use_empty() && isa<arith::ConstantOp, tensor::EmptyOp>(op))
        dead.push_back(&op);
    for (Operation *op : dead)
      op->erase();
  }

  /// Uninitialised tensors are known as well as anything, but a constant is no
  /// improvement on them.
  void fold(Operation *op) {
    if (isa<arith::ConstantOp, tensor::EmptyOp>(op))
      return;
    SmallVector<Operation *> operations;
    for (Value operand : op->getOperands())
      if (auto empty = operand.getDefiningOp<tensor::EmptyOp>();
          empty && !llvm::is_contained(operations, empty.getOperation()))
        operations.push_back(empty);
    operations.push_back(op);
    auto attributes = reference::foldOperations(operations, op->getResults());
    if (!attributes)
      return;
    OpBuilder builder(op);
    for (auto [result, attribute] : llvm::zip(op->getResults(), *attributes))
      result.replaceAllUsesWith(arith::ConstantOp::create(
          builder, op->getLoc(), cast<TypedAttr>(attribute)));
    op->erase();
  }
};

} // namespace
} // namespace toeplitz
