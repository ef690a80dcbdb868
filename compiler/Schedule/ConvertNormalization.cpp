#include "compiler/Schedule/ConvertNormalization.h"

#include "compiler/Schedule/Layout.h"
#include "dialects/CNN/CNNDialect.h"
#include "dialects/Kernel/KernelDialect.h"

using namespace mlir;
using namespace toeplitz;

namespace {

struct ConvertGroupNorm : OpRewritePattern<cnn::GroupNormOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(cnn::GroupNormOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    int64_t batch = type.getDimSize(0);
    int64_t groups = op.getGroups();
    int64_t positions = type.getNumElements() / (batch * type.getDimSize(1));
    Value init = createEmpty(rewriter, op.getLoc(), type);
    rewriter.replaceOpWithNewOp<kernel::NormalizeOp>(
        op, TypeRange(type), op.getInput(), op.getScale(), op.getBias(), init,
        /*rows=*/batch * groups, /*row_period=*/groups, positions,
        op.getEpsilon());
    return success();
  }
};

struct ConvertLayerNorm : OpRewritePattern<cnn::LayerNormOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(cnn::LayerNormOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    int64_t rows = 1;
    for (int64_t size : type.getShape().take_front(op.getAxis()))
      rows *= size;
    Value init = createEmpty(rewriter, op.getLoc(), type);
    rewriter.replaceOpWithNewOp<kernel::NormalizeOp>(
        op, TypeRange(type), op.getInput(), op.getScale(), op.getBias(), init,
        rows, /*row_period=*/1, /*positions=*/1, op.getEpsilon());
    return success();
  }
};

struct ConvertLrn : OpRewritePattern<cnn::LrnOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(cnn::LrnOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    Value init = createEmpty(rewriter, op.getLoc(), type);
    rewriter.replaceOpWithNewOp<kernel::LrnOp>(
        op, TypeRange(type), op.getInput(), init, op.getSizeAttr(),
        op.getAlphaAttr(), op.getBetaAttr(), op.getKAttr());
    return success();
  }
};

struct ConvertSoftmax : OpRewritePattern<cnn::SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(cnn::SoftmaxOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    Value init = createEmpty(rewriter, op.getLoc(), type);
    rewriter.replaceOpWithNewOp<kernel::SoftmaxOp>(
        op, TypeRange(type), op.getInput(), init, op.getAxis(), op.getLog());
    return success();
  }
};

} // namespace

void toeplitz::populateNormalizationPatterns(RewritePatternSet &patterns,
                                             int64_t) {
  patterns.add<ConvertGroupNorm, ConvertLayerNorm, ConvertLrn, ConvertSoftmax>(
      patterns.getContext());
}
