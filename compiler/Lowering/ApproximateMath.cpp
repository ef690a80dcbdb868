// Writes the functions of math as polynomials, and arithmetic that LLVM lacks
// as arithmetic that it has.

#include "compiler/Lowering/DoubleMath.h"
#include "compiler/Lowering/ExpandArithmetic.h"
#include "compiler/Lowering/Passes.h"
#include "compiler/Lowering/VectorMath.h"

#include "mlir/Dialect/Math/IR/Math.h"
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

/// Upstream's approximations, of functions that networks seldom have. Sines and
/// cosines are left to libm: the approximation takes multiples of a
/// quarter turn off in single precision, and loses a digit for each one that
/// the argument has.
bool isApproximated(StringRef name) {
  return llvm::is_contained(
      {
          math::AcosOp::getOperationName(),
          math::AsinOp::getOperationName(),
          math::AtanOp::getOperationName(),
          math::Atan2Op::getOperationName(),
          math::CbrtOp::getOperationName(),
          math::ErfcOp::getOperationName(),
      },
      name);
}

/// Of f32 in a vector register. Powers in f64 take 2.9 ns each with 16 of them,
/// 4.8 with 8, and 11 with 4, libm 6.5 (a Xeon of the Emerald Rapids family,
/// one core). All other functions are faster than libm's with 4 as well.
constexpr int64_t lanesForPowers = 8;

struct ApproximateMath : toeplitz::impl::ApproximateMathBase<ApproximateMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMathF32ExpansionPatterns(patterns, isApproximated);
    populateMathPolynomialApproximationPatterns(patterns, isApproximated);
    populateVectorMathPatterns(patterns);
    populateDoubleMathPatterns(patterns);
    populateExpandArithmeticPatterns(patterns);
    auto target = kernel::getTarget(getOperation());
    if (target.getGpu() || target.getLanes() >= lanesForPowers)
      populateGeneralPowerPattern(patterns);
    if (!target.getFma())
      patterns.add<SplitMultiplyAdd>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    guardDivisions(getOperation());
  }
};

} // namespace
