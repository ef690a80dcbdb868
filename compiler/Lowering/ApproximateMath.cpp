// Writes the functions of math as polynomials.

#include "compiler/Lowering/Passes.h"

#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace toeplitz {
#define GEN_PASS_DEF_APPROXIMATEMATH
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

/// a * b + c in two operations: without the instruction, math.fma would be a
/// call of libm's fmaf for each lane.
struct SplitMultiplyAdd : OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::FmaOp op,
                                PatternRewriter &rewriter) const override {
    Value product =
        arith::MulFOp::create(rewriter, op.getLoc(), op.getA(), op.getB());
    rewriter.replaceOpWithNewOp<arith::AddFOp>(op, product, op.getC());
    return success();
  }
};

struct ApproximateMath : toeplitz::impl::ApproximateMathBase<ApproximateMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMathPolynomialApproximationPatterns(patterns);
    if (!kernel::getTarget(getOperation()).getFma())
      patterns.add<SplitMultiplyAdd>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
