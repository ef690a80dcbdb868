// Computes elementwise operations where their results are read.

#include "compiler/Schedule/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace toeplitz {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

/// Whether computing an element again costs no more than reading it: a
/// conversion, say, or a multiplication by a number.
static bool isCheap(Operation *producer) {
  int64_t operations = 0;
  for (Operation &op : producer->getRegion(0).front().without_terminator()) {
    if (isa<math::MathDialect>(op.getDialect()) ||
        isa<arith::DivFOp, arith::DivSIOp, arith::DivUIOp, tensor::ExtractOp>(
            op))
      return false;
    operations += !op.hasTrait<OpTrait::ConstantLike>();
  }
  return operations <= 2;
}

/// A producer is computed in its reader if that is its only one, in the same
/// block (not once for each iteration of a loop), and doesn't read its elements
/// again and again, as one does that repeats them along the dimensions that the
/// producer hasn't.
static bool shouldFuse(OpOperand *operand) {
  Operation *producer = operand->get().getDefiningOp();
  Operation *reader = operand->getOwner();
  if (!producer || !producer->hasOneUse() ||
      producer->getBlock() != reader->getBlock())
    return false;
  auto consumer = dyn_cast<linalg::LinalgOp>(reader);
  if (!consumer || !isa<linalg::LinalgOp>(producer) ||
      consumer.getMatchingIndexingMap(operand).isPermutation())
    return true;
  return isCheap(producer);
}

namespace {

struct FuseElementwise : toeplitz::impl::FuseElementwiseBase<FuseElementwise> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    linalg::populateElementwiseOpsFusionPatterns(patterns, shouldFuse);
    linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, shouldFuse);
    tensor::populateBubbleUpExpandShapePatterns(patterns);
    affine::AffineApplyOp::getCanonicalizationPatterns(patterns, context);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
    context->getLoadedDialect<linalg::LinalgDialect>()
        ->getCanonicalizationPatterns(patterns);
    linalg::populateConstantFoldLinalgOperations(patterns, shouldFuse);
    if (failed(applyPatternsGreedily(
            getOperation(), std::move(patterns),
            GreedyRewriteConfig().setUseTopDownTraversal(true))))
      signalPassFailure();
  }
};

} // namespace
