// Operations of tensor and linalg that have no kernel of their own, written as
// those that do: linalg.generic, linalg.fill and slices.

#include "compiler/Schedule/ConvertTensors.h"

#include "compiler/Schedule/Layout.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace toeplitz;

namespace {

/// The body's indices become linalg.index; it may read other tensors.
struct ConvertGenerate : OpRewritePattern<tensor::GenerateOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::GenerateOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getType());
    if (!type.hasStaticShape())
      return rewriter.notifyMatchFailure(op, "its shape isn't static");
    Value empty = createEmpty(rewriter, op.getLoc(), type);
    SmallVector<utils::IteratorType> iterators(type.getRank(),
                                               utils::IteratorType::parallel);
    Block &body = op.getBody().front();
    auto generic = linalg::GenericOp::create(
        rewriter, op.getLoc(), TypeRange(type), ValueRange(), empty,
        rewriter.getMultiDimIdentityMap(type.getRank()), iterators,
        [&](OpBuilder &builder, Location location, ValueRange) {
          IRMapping mapping;
          for (BlockArgument index : body.getArguments())
            mapping.map(index, Value(linalg::IndexOp::create(
                                   builder, location, index.getArgNumber())));
          for (Operation &inner : body.without_terminator())
            builder.clone(inner, mapping);
          Value element = body.getTerminator()->getOperand(0);
          linalg::YieldOp::create(builder, location,
                                  mapping.lookupOrDefault(element));
        });
    rewriter.replaceOp(op, generic);
    return success();
  }
};

struct ConvertSplat : OpRewritePattern<tensor::SplatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::SplatOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getType());
    if (!type.hasStaticShape())
      return rewriter.notifyMatchFailure(op, "its shape isn't static");
    Value empty = createEmpty(rewriter, op.getLoc(), type);
    rewriter.replaceOpWithNewOp<linalg::FillOp>(op, op.getInput(), empty);
    return success();
  }
};

/// linalg.matmul, linalg.reduce, ...: one lowering for all is that of
/// linalg.generic.
struct GeneralizeNamed : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (isa<linalg::GenericOp, linalg::FillOp, linalg::TransposeOp,
            linalg::BroadcastOp>(op))
      return rewriter.notifyMatchFailure(op, "has a lowering of its own");
    return linalg::generalizeNamedOp(rewriter, op);
  }
};

/// linalg.softmax: a reduction and what comes before and after it.
struct DecomposeAggregate
    : OpInterfaceRewritePattern<linalg::AggregatedOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::AggregatedOpInterface op,
                                PatternRewriter &rewriter) const override {
    FailureOr<SmallVector<Value>> results = op.decomposeOperation(rewriter);
    if (failed(results))
      return rewriter.notifyMatchFailure(op, "can't be decomposed");
    rewriter.replaceOp(op, *results);
    return success();
  }
};

} // namespace

void toeplitz::populateTensorPatterns(RewritePatternSet &patterns) {
  patterns.add<ConvertGenerate, ConvertSplat, DecomposeAggregate,
               GeneralizeNamed, linalg::DecomposePadOpPattern>(
      patterns.getContext());
}
