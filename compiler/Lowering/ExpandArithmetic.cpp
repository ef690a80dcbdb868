#include "compiler/Lowering/ExpandArithmetic.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace toeplitz {

namespace {

/// The type of `like` with f32 elements.
Type asSingle(Type like) {
  Type single = Float32Type::get(like.getContext());
  if (auto shaped = dyn_cast<ShapedType>(like))
    return shaped.clone(single);
  return single;
}

/// f64 to bf16 by way of f32, as all other implementations round.
struct TruncateTwice : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isBF16() ||
        !getElementTypeOrSelf(op.getIn().getType()).isF64())
      return rewriter.notifyMatchFailure(op, "not from f64 to bf16");
    Value single = arith::TruncFOp::create(rewriter, op.getLoc(),
                                           asSingle(op.getType()), op.getIn());
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), single);
    return success();
  }
};

/// bf16 to f64 by way of f32.
struct ExtendTwice : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF64() ||
        !getElementTypeOrSelf(op.getIn().getType()).isBF16())
      return rewriter.notifyMatchFailure(op, "not from bf16 to f64");
    Value single = arith::ExtFOp::create(rewriter, op.getLoc(),
                                         asSingle(op.getType()), op.getIn());
    rewriter.replaceOpWithNewOp<arith::ExtFOp>(op, op.getType(), single);
    return success();
  }
};

/// Integers to bf16 by way of f32, as all other implementations round.
template <typename Conversion>
struct ConvertTwice : OpRewritePattern<Conversion> {
  using OpRewritePattern<Conversion>::OpRewritePattern;

  LogicalResult matchAndRewrite(Conversion op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isBF16())
      return rewriter.notifyMatchFailure(op, "not to bf16");
    Value single = Conversion::create(rewriter, op.getLoc(),
                                      asSingle(op.getType()), op.getIn());
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), single);
    return success();
  }
};

/// LLVM's instruction has one power for all elements of a vector.
struct ExpandFloatPower : OpRewritePattern<math::FPowIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::FPowIOp op,
                                PatternRewriter &rewriter) const override {
    Value exponent = arith::SIToFPOp::create(rewriter, op.getLoc(),
                                             op.getType(), op.getRhs());
    rewriter.replaceOpWithNewOp<math::PowFOp>(op, op.getLhs(), exponent);
    return success();
  }
};

/// |x| = infinity: upstream has no way down for math.isinf.
struct ExpandIsInfinite : OpRewritePattern<math::IsInfOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::IsInfOp op,
                                PatternRewriter &rewriter) const override {
    Value x = op.getOperand();
    auto element = cast<FloatType>(getElementTypeOrSelf(x.getType()));
    Value infinity = createScalarOrSplatConstant(
        rewriter, op.getLoc(), x.getType(),
        APFloat::getInf(element.getFloatSemantics()));
    Value size = math::AbsFOp::create(rewriter, op.getLoc(), x);
    rewriter.replaceOpWithNewOp<arith::CmpFOp>(op, arith::CmpFPredicate::OEQ,
                                               size, infinity);
    return success();
  }
};

/// x^n by squaring, modulo 2^bits: for the bits b_i of n, the product of
/// x^(2^i) with b_i = 1. The powers of 1 and -1 are right for negative n too
/// (modulo 2^bits, n is even or odd as before), those of all other numbers are
/// rounded to 0.
struct ExpandIntegerPower : OpRewritePattern<math::IPowIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::IPowIOp op,
                                PatternRewriter &rewriter) const override {
    Location location = op.getLoc();
    Type type = op.getType();
    unsigned bits = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
    auto number = [&](int64_t value) {
      return createScalarOrSplatConstant(
          rewriter, location, type,
          APInt(bits, value, /*isSigned=*/true, /*implicitTrunc=*/true));
    };
    auto index = [&](int64_t value) {
      return arith::ConstantIndexOp::create(rewriter, location, value);
    };
    Value one = number(1), zero = number(0);
    auto loop = scf::ForOp::create(
        rewriter, location, index(0), index(bits), index(1),
        ValueRange{one, op.getLhs(), op.getRhs()},
        [&](OpBuilder &builder, Location location, Value, ValueRange carried) {
          Value power = carried[0], square = carried[1], rest = carried[2];
          Value bit = arith::AndIOp::create(builder, location, rest, one);
          Value isSet = arith::CmpIOp::create(
              builder, location, arith::CmpIPredicate::ne, bit, zero);
          Value product =
              arith::MulIOp::create(builder, location, power, square);
          power =
              arith::SelectOp::create(builder, location, isSet, product, power);
          square = arith::MulIOp::create(builder, location, square, square);
          rest = arith::ShRUIOp::create(builder, location, rest, one);
          scf::YieldOp::create(builder, location,
                               ValueRange{power, square, rest});
        });
    Value isNegative = arith::CmpIOp::create(
        rewriter, location, arith::CmpIPredicate::slt, op.getRhs(), zero);
    // x + 1 <= 2 without a sign: x is -1, 0 or 1.
    Value moved = arith::AddIOp::create(rewriter, location, op.getLhs(), one);
    Value isLarge = arith::CmpIOp::create(
        rewriter, location, arith::CmpIPredicate::ugt, moved, number(2));
    Value vanishes =
        arith::AndIOp::create(rewriter, location, isNegative, isLarge);
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, vanishes, zero,
                                                 loop.getResult(0));
    return success();
  }
};

/// Whether 0 or -0 is the larger one is no matter to a network, and takes x86
/// two instructions of five, one waiting for the other: 14 cycles in all where
/// the result goes into the next one.
template <typename Op> struct ForgetSignOfZero : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    auto flags = op.getFastmath() | arith::FastMathFlags::nsz;
    if (getElementTypeOrSelf(op.getType()).isF64() || flags == op.getFastmath())
      return rewriter.notifyMatchFailure(op, "f64, or without signs already");
    rewriter.modifyOpInPlace(op, [&] { op.setFastmath(flags); });
    return success();
  }
};

Value compare(OpBuilder &builder, Location location, Value value,
              const APInt &number) {
  return arith::CmpIOp::create(
      builder, location, arith::CmpIPredicate::eq, value,
      createScalarOrSplatConstant(builder, location, value.getType(), number));
}

void guard(Operation *division) {
  Value divisor = division->getOperand(1);
  auto isSigned = isa<arith::DivSIOp, arith::RemSIOp>(division);
  APInt constant;
  if (matchPattern(divisor, m_ConstantInt(&constant)) && !constant.isZero() &&
      !(isSigned && constant.isAllOnes()))
    return;
  OpBuilder builder(division);
  Location location = division->getLoc();
  unsigned width =
      ConstantIntRanges::getStorageBitwidth(getElementTypeOrSelf(divisor));
  Value isZero = compare(builder, location, divisor, APInt::getZero(width));
  Value trap = isZero;
  if (isSigned) {
    Value isLeast = compare(builder, location, division->getOperand(0),
                            APInt::getSignedMinValue(width));
    Value isMinusOne =
        compare(builder, location, divisor, APInt::getAllOnes(width));
    Value overflow =
        arith::AndIOp::create(builder, location, isLeast, isMinusOne);
    trap = arith::OrIOp::create(builder, location, isZero, overflow);
  }
  // (The smallest number divided by 1 is itself: what -1 gives as well, in the
  // arithmetic modulo 2^n.)
  Value one = createScalarOrSplatConstant(builder, location, divisor.getType(),
                                          APInt(width, 1));
  division->setOperand(
      1, arith::SelectOp::create(builder, location, trap, one, divisor));
  // A remainder by 1 is 0 already.
  if (isa<arith::RemSIOp, arith::RemUIOp>(division))
    return;
  builder.setInsertionPointAfter(division);
  Value quotient = division->getResult(0);
  Value zero = createScalarOrSplatConstant(builder, location,
                                           quotient.getType(), APInt(width, 0));
  auto result =
      arith::SelectOp::create(builder, location, isZero, zero, quotient);
  quotient.replaceAllUsesExcept(result, result);
}

} // namespace

void populateExpandArithmeticPatterns(RewritePatternSet &patterns) {
  patterns
      .add<TruncateTwice, ExtendTwice, ConvertTwice<arith::SIToFPOp>,
           ConvertTwice<arith::UIToFPOp>, ExpandFloatPower, ExpandIsInfinite,
           ExpandIntegerPower, ForgetSignOfZero<arith::MaximumFOp>,
           ForgetSignOfZero<arith::MinimumFOp>>(patterns.getContext());
  arith::populateCeilFloorDivExpandOpsPatterns(patterns);
}

void populateExpandBfloat16Patterns(RewritePatternSet &patterns) {
  arith::populateExpandBFloat16Patterns(patterns);
}

void guardDivisions(Operation *root) {
  root->walk([](Operation *op) {
    if (isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp>(op))
      guard(op);
  });
}

} // namespace toeplitz
