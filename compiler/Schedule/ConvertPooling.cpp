#include "compiler/Schedule/ConvertPooling.h"

#include "compiler/Schedule/Layout.h"
#include "compiler/Schedule/LayoutPattern.h"
#include "dialects/CNN/CNNDialect.h"
#include "dialects/Kernel/KernelDialect.h"

using namespace mlir;
using namespace toeplitz;

namespace {

struct ConvertPool : LayoutPattern<cnn::PoolOp> {
  using LayoutPattern<cnn::PoolOp>::LayoutPattern;

  LogicalResult matchAndRewrite(cnn::PoolOp op,
                                PatternRewriter &rewriter) const override {
    Location location = op.getLoc();
    RankedTensorType type =
        getBlockedType(cast<RankedTensorType>(op.getResult().getType()), lanes);
    Value input = pack(rewriter, location, op.getInput(), lanes);
    Value init = createEmpty(rewriter, location, type);
    auto pool = kernel::PoolOp::create(
        rewriter, location, TypeRange(type), op.getKind(), input, init,
        op.getKernel(), op.getStrides(), op.getDilations(), op.getPaddingLow(),
        op.getPaddingHigh(), op.getCountIncludePad(), op.getP());
    rewriter.replaceOp(
        op, unpack(rewriter, location, pool->getResult(0),
                   cast<RankedTensorType>(op.getResult().getType())));
    return success();
  }
};

} // namespace

void toeplitz::populatePoolingPatterns(RewritePatternSet &patterns,
                                       int64_t lanes) {
  patterns.add<ConvertPool>(patterns.getContext(), lanes);
  // A global pool becomes one whose window is the whole input.
  cnn::GlobalPoolOp::getCanonicalizationPatterns(patterns,
                                                 patterns.getContext());
}
