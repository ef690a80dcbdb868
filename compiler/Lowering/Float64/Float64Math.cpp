// The table of functions of double precision.

#include "compiler/Lowering/Float64/Float64Math.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace toeplitz {

namespace {

bool isDouble(Operation *op) {
  return getElementTypeOrSelf(op->getResult(0).getType()).isF64();
}

/// `emit` takes the code and the operation's operands.
template <typename Op, auto emit> struct ComputeFloat64 : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!isDouble(op))
      return rewriter.notifyMatchFailure(op, "not double precision");
    FloatCode code(rewriter, op.getLoc(), op->getResult(0).getType());
    if constexpr (std::is_invocable_v<decltype(emit), const FloatCode &, Value>)
      rewriter.replaceOp(op, emit(code, op->getOperand(0)));
    else
      rewriter.replaceOp(op, emit(code, op->getOperand(0), op->getOperand(1)));
    return success();
  }
};

struct SineAndCosine : OpRewritePattern<math::SincosOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::SincosOp op,
                                PatternRewriter &rewriter) const override {
    if (!isDouble(op))
      return rewriter.notifyMatchFailure(op, "not double precision");
    FloatCode code(rewriter, op.getLoc(), op->getResult(0).getType());
    auto [sine, cosine] = float64::emitSineAndCosine(code, op.getOperand());
    rewriter.replaceOp(op, {sine, cosine});
    return success();
  }
};

} // namespace

void populateFloat64MathPatterns(RewritePatternSet &patterns) {
  using namespace float64;
  patterns.add<ComputeFloat64<math::ExpOp, emitExp>,
               ComputeFloat64<math::Exp2Op, emitExp2>,
               ComputeFloat64<math::ExpM1Op, emitExpM1>,
               ComputeFloat64<math::SinhOp, emitHyperbolicSine>,
               ComputeFloat64<math::CoshOp, emitHyperbolicCosine>,
               ComputeFloat64<math::TanhOp, emitHyperbolicTangent>,
               ComputeFloat64<math::LogOp, emitLog>,
               ComputeFloat64<math::Log2Op, emitLog2>,
               ComputeFloat64<math::Log10Op, emitLog10>,
               ComputeFloat64<math::Log1pOp, emitLog1p>,
               ComputeFloat64<math::AsinhOp, emitInverseHyperbolicSine>,
               ComputeFloat64<math::AcoshOp, emitInverseHyperbolicCosine>,
               ComputeFloat64<math::AtanhOp, emitInverseHyperbolicTangent>,
               ComputeFloat64<math::PowFOp, emitPower>,
               ComputeFloat64<math::CbrtOp, emitCubeRoot>,
               ComputeFloat64<math::SinOp, emitSine>,
               ComputeFloat64<math::CosOp, emitCosine>,
               ComputeFloat64<math::TanOp, emitTangent>, SineAndCosine,
               ComputeFloat64<math::AsinOp, emitArcSine>,
               ComputeFloat64<math::AcosOp, emitArcCosine>,
               ComputeFloat64<math::AtanOp, emitArcTangent>,
               ComputeFloat64<math::Atan2Op, emitAngle>,
               ComputeFloat64<math::ErfOp, emitErf>,
               ComputeFloat64<math::ErfcOp, emitErfc>,
               ComputeFloat64<arith::RemFOp, emitRemainder>>(
      patterns.getContext());
}

} // namespace toeplitz
