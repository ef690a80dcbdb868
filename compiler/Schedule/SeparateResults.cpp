// Gives every result of the network a buffer of its own.

#include "compiler/Schedule/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseSet.h"

namespace toeplitz {
#define GEN_PASS_DEF_SEPARATERESULTS
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

/// A buffer that every iteration hands on to the next is the one that the loop
/// was given.
static void seeThroughLoop(scf::ForOp loop) {
  Operation *yield = loop.getBody()->getTerminator();
  for (auto [result, carried, initial, handedOn] :
       llvm::zip_equal(loop.getResults(), loop.getRegionIterArgs(),
                       loop.getInitArgs(), yield->getOperands())) {
    if (!isa<MemRefType>(result.getType()) || handedOn != carried)
      continue;
    result.replaceAllUsesWith(initial);
    carried.replaceAllUsesWith(initial);
  }
}

static void seeThroughLoop(scf::WhileOp loop) {
  for (auto [result, passed, coming, handedOn, carried, initial] :
       llvm::zip(loop.getResults(), loop.getConditionOp().getArgs(),
                 loop.getBeforeArguments(), loop.getYieldOp().getOperands(),
                 loop.getAfterArguments(), loop.getInits())) {
    if (!isa<MemRefType>(result.getType()) || passed != coming ||
        handedOn != carried)
      continue;
    for (Value name : {Value(result), Value(coming), Value(carried)})
      name.replaceAllUsesWith(initial);
  }
}

static void seeThroughBranch(scf::IfOp branch) {
  for (OpResult result : branch->getResults()) {
    Value buffer = branch.thenYield().getOperand(result.getResultNumber());
    if (isa<MemRefType>(result.getType()) &&
        buffer == branch.elseYield().getOperand(result.getResultNumber()))
      result.replaceAllUsesWith(buffer);
  }
}

/// The source of a reshape as one of its result.
static Value createInverse(OpBuilder &builder, Operation *reshape,
                           Value result) {
  Location location = reshape->getLoc();
  if (auto collapse = dyn_cast<memref::CollapseShapeOp>(reshape))
    return memref::ExpandShapeOp::create(builder, location,
                                         collapse.getSrcType(), result,
                                         collapse.getReassociationIndices());
  auto expand = cast<memref::ExpandShapeOp>(reshape);
  return memref::CollapseShapeOp::create(builder, location, result,
                                         expand.getReassociationIndices());
}

/// What is a reshape of a buffer becomes a buffer, of which the other is a
/// reshape.
static Value allocateReshaped(Value value) {
  Operation *reshape = value.getDefiningOp();
  if (!isa_and_nonnull<memref::CollapseShapeOp, memref::ExpandShapeOp>(reshape))
    return value;
  auto type = cast<MemRefType>(value.getType());
  auto source =
      allocateReshaped(reshape->getOperand(0)).getDefiningOp<memref::AllocOp>();
  if (!source || !type.hasStaticShape() || !type.getLayout().isIdentity())
    return value;
  OpBuilder builder(source);
  Value buffer = memref::AllocOp::create(builder, source.getLoc(), type,
                                         source.getAlignmentAttr());
  source.replaceAllUsesWith(createInverse(builder, reshape, buffer));
  value.replaceAllUsesWith(buffer);
  reshape->erase();
  source.erase();
  return buffer;
}

namespace {

struct SeparateResults : toeplitz::impl::SeparateResultsBase<SeparateResults> {
  void runOnOperation() override {
    // Inner ones first: what they hand on shows whether the outer ones do.
    getOperation().walk([](Operation *op) {
      if (auto loop = dyn_cast<scf::ForOp>(op))
        seeThroughLoop(loop);
      else if (auto loop = dyn_cast<scf::WhileOp>(op))
        seeThroughLoop(loop);
      else if (auto branch = dyn_cast<scf::IfOp>(op))
        seeThroughBranch(branch);
    });
    getOperation().walk([](func::ReturnOp op) {
      for (Value result : op.getOperands())
        allocateReshaped(result);
      llvm::SmallDenseSet<Value> seen;
      OpBuilder builder(op);
      for (OpOperand &result : op->getOpOperands()) {
        auto type = dyn_cast<MemRefType>(result.get().getType());
        if (!type || seen.insert(result.get()).second)
          continue;
        Value copy = memref::AllocOp::create(builder, op.getLoc(), type);
        memref::CopyOp::create(builder, op.getLoc(), result.get(), copy);
        result.set(copy);
      }
    });
  }
};

} // namespace
