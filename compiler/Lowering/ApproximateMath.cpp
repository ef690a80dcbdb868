// Writes the functions of math as polynomials, and arithmetic that LLVM lacks
// as arithmetic that it has.

#include "compiler/Lowering/DoubleMath.h"
#include "compiler/Lowering/ExpandArithmetic.h"
#include "compiler/Lowering/Float64/Float64Math.h"
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

/// Upstream's approximations, within 2.5 units in the last place. (Its others
/// lose digits: sines and cosines one for each that the argument has, arc
/// tangents five bits, logarithms and cubic roots all of numbers below the
/// smallest normal one.)
bool isApproximated(StringRef name) {
  return llvm::is_contained(
      {
          math::AcosOp::getOperationName(),
          math::AsinOp::getOperationName(),
          math::ErfcOp::getOperationName(),
      },
      name);
}

/// Whether a function of half precision is computed in single precision here,
/// and not by libm.
bool isExtended(StringRef name) {
  return isApproximated(name) || llvm::is_contained(
                                     {
                                         math::AcoshOp::getOperationName(),
                                         math::AsinhOp::getOperationName(),
                                         math::Atan2Op::getOperationName(),
                                         math::AtanhOp::getOperationName(),
                                         math::AtanOp::getOperationName(),
                                         math::CbrtOp::getOperationName(),
                                         math::CosOp::getOperationName(),
                                         math::CoshOp::getOperationName(),
                                         math::Exp2Op::getOperationName(),
                                         math::Log10Op::getOperationName(),
                                         math::Log2Op::getOperationName(),
                                         math::PowFOp::getOperationName(),
                                         math::SinOp::getOperationName(),
                                         math::SinhOp::getOperationName(),
                                         math::TanOp::getOperationName(),
                                     },
                                     name);
}

/// Of f32 in a vector register. Powers in f64 take 2.9 ns each with 16 of them,
/// 4.8 with 8, and 11 with 4, libm 6.5 (a Xeon of the Emerald Rapids family,
/// one core). The other functions are faster than libm's with 4 as well.
constexpr int64_t lanesForPowers = 8;

struct ApproximateMath : toeplitz::impl::ApproximateMathBase<ApproximateMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMathF32ExpansionPatterns(patterns, isExtended);
    populateMathPolynomialApproximationPatterns(patterns, isApproximated);
    populateVectorMathPatterns(patterns);
    populateDoubleMathPatterns(patterns);
    populateExpandArithmeticPatterns(patterns);
    auto target = kernel::getTarget(getOperation());
    // (A GPU has instructions: see convert-device-to-nvvm.)
    if (!target.getGpu())
      populateExpandBfloat16Patterns(patterns);
    // A CPU has libm for these.
    if (target.getGpu())
      populateFloat64MathPatterns(patterns);
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
