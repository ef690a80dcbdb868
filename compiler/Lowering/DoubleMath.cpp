// The table of functions that are computed in double precision.

#include "compiler/Lowering/DoubleMath.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace toeplitz {

namespace {

/// Builds f64 arithmetic in the place of an operation, on its operands.
class Widened {
public:
  Widened(Operation *op, PatternRewriter &rewriter)
      : op(op), rewriter(rewriter),
        code(rewriter, op->getLoc(),
             withElements(op->getResult(0).getType(), rewriter.getF64Type())) {}

  const FloatCode &getCode() const { return code; }

  Value operand(unsigned place) const {
    return arith::ExtFOp::create(rewriter, op->getLoc(), code.getFloats(),
                                 op->getOperand(place));
  }

  LogicalResult replace(ValueRange results) const {
    SmallVector<Value> rounded;
    for (Value result : results)
      rounded.push_back(arith::TruncFOp::create(
          rewriter, op->getLoc(), op->getResult(0).getType(), result));
    rewriter.replaceOp(op, rounded);
    return success();
  }

private:
  Operation *op;
  PatternRewriter &rewriter;
  FloatCode code;
};

bool isSingle(Operation *op) {
  return getElementTypeOrSelf(op->getResult(0).getType()).isF32();
}

/// `emit` takes the code and the operation's operands.
template <typename Op, auto emit>
struct ComputeInDouble : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!isSingle(op))
      return rewriter.notifyMatchFailure(op, "not single precision");
    Widened wide(op, rewriter);
    if constexpr (std::is_invocable_v<decltype(emit), const FloatCode &, Value>)
      return wide.replace(emit(wide.getCode(), wide.operand(0)));
    else
      return wide.replace(
          emit(wide.getCode(), wide.operand(0), wide.operand(1)));
  }
};

struct SineAndCosineInDouble : OpRewritePattern<math::SincosOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::SincosOp op,
                                PatternRewriter &rewriter) const override {
    if (!isSingle(op))
      return rewriter.notifyMatchFailure(op, "not single precision");
    Widened wide(op, rewriter);
    auto [sine, cosine] = emitSineAndCosine(wide.getCode(), wide.operand(0));
    return wide.replace({sine, cosine});
  }
};

/// A power whose exponent is a small number that the compiler knows.
struct ConstantPower : OpRewritePattern<math::PowFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::PowFOp op,
                                PatternRewriter &rewriter) const override {
    APFloat constant(0.0f);
    if (!isSingle(op) || !matchPattern(op.getRhs(), m_ConstantFloat(&constant)))
      return rewriter.notifyMatchFailure(op, "no constant exponent");
    double exponent = constant.convertToDouble();
    if (!isSmallExponent(exponent))
      return rewriter.notifyMatchFailure(op, "no small exponent");
    // These two are rounded once in single precision as well.
    if (exponent == 2 || exponent == 0.5) {
      FloatCode single(rewriter, op.getLoc(), op.getType());
      rewriter.replaceOp(op, emitPowerOf(single, op.getLhs(), exponent));
      return success();
    }
    Widened wide(op, rewriter);
    return wide.replace(emitPowerOf(wide.getCode(), wide.operand(0), exponent));
  }
};

struct RemainderInDouble : OpRewritePattern<arith::RemFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::RemFOp op,
                                PatternRewriter &rewriter) const override {
    Type element = getElementTypeOrSelf(op.getType());
    if (!element.isF32() && !element.isF16() && !element.isBF16())
      return rewriter.notifyMatchFailure(op, "not single or half precision");
    Widened wide(op, rewriter);
    return wide.replace(
        emitRemainder(wide.getCode(), wide.operand(0), wide.operand(1)));
  }
};

} // namespace

void populateDoubleMathPatterns(RewritePatternSet &patterns) {
  patterns.add<ComputeInDouble<math::SinOp, emitSine>,
               ComputeInDouble<math::CosOp, emitCosine>,
               ComputeInDouble<math::TanOp, emitTangent>, SineAndCosineInDouble,
               ComputeInDouble<math::AtanOp, emitArcTangent>,
               ComputeInDouble<math::Atan2Op, emitAngle>,
               ComputeInDouble<math::SinhOp, emitHyperbolicSine>,
               ComputeInDouble<math::CoshOp, emitHyperbolicCosine>,
               ComputeInDouble<math::AsinhOp, emitInverseHyperbolicSine>,
               ComputeInDouble<math::AcoshOp, emitInverseHyperbolicCosine>,
               ComputeInDouble<math::AtanhOp, emitInverseHyperbolicTangent>,
               ComputeInDouble<math::CbrtOp, emitCubeRoot>,
               ComputeInDouble<math::Exp2Op, emitPowerOfTwo>,
               ComputeInDouble<math::Log2Op, emitLogarithmToBase2>,
               ComputeInDouble<math::Log10Op, emitLogarithmToBase10>,
               ConstantPower, RemainderInDouble>(patterns.getContext());
}

void populateGeneralPowerPattern(RewritePatternSet &patterns) {
  // After that of constants.
  patterns.add<ComputeInDouble<math::PowFOp, emitPower>>(patterns.getContext(),
                                                         /*benefit=*/0);
}

} // namespace toeplitz
