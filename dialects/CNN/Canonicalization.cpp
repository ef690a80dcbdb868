// Rewrites within the cnn dialect that make equal networks look equal.

#include "dialects/CNN/CNNDialect.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <limits>

using namespace mlir;

namespace toeplitz::cnn {

static bool allAre(int64_t value, ArrayRef<int64_t> values) {
  return llvm::all_of(values, [=](int64_t each) { return each == value; });
}

static bool isNothing(ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  return allAre(0, low) && allAre(0, high);
}

//===--------------------------------------------------------------------===//
// Convolution
//===--------------------------------------------------------------------===//

/// conv(pad(x)) -> conv(x) with the padding added to its own, if the pad has
/// zeros and leaves batch and channels alone.
struct FoldPadIntoConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvOp conv,
                                PatternRewriter &rewriter) const override {
    auto pad = conv.getInput().getDefiningOp<PadOp>();
    if (!pad || pad.getMode() != PaddingMode::Zeros || !pad.getValue().isZero())
      return rewriter.notifyMatchFailure(conv, "no input padded with zeros");
    if (conv.getPaddingMode() != PaddingMode::Zeros)
      return rewriter.notifyMatchFailure(conv, "pads with other values itself");
    if (!isNothing(pad.getLow().take_front(2), pad.getHigh().take_front(2)))
      return rewriter.notifyMatchFailure(conv, "batch or channels are padded");

    auto low = llvm::to_vector(conv.getPaddingLow());
    auto high = llvm::to_vector(conv.getPaddingHigh());
    for (size_t d = 0; d < low.size(); ++d) {
      low[d] += pad.getLow()[d + 2];
      high[d] += pad.getHigh()[d + 2];
    }
    rewriter.modifyOpInPlace(conv, [&] {
      conv.getInputMutable().assign(pad.getInput());
      conv.setPaddingLow(low);
      conv.setPaddingHigh(high);
    });
    return success();
  }
};

/// A padding mode says nothing where there is no padding.
struct ForgetUnusedPaddingMode : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvOp conv,
                                PatternRewriter &rewriter) const override {
    if (conv.getPaddingMode() == PaddingMode::Zeros ||
        !isNothing(conv.getPaddingLow(), conv.getPaddingHigh()))
      return failure();
    rewriter.modifyOpInPlace(conv,
                             [&] { conv.setPaddingMode(PaddingMode::Zeros); });
    return success();
  }
};

void ConvOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<FoldPadIntoConv, ForgetUnusedPaddingMode>(context);
}

//===--------------------------------------------------------------------===//
// Pooling
//===--------------------------------------------------------------------===//

OpFoldResult PoolOp::fold(FoldAdaptor) {
  // Lp pooling of one position is its absolute value.
  if (getKind() != PoolKind::Lp && allAre(1, getKernel()) &&
      allAre(1, getStrides()) && isNothing(getPaddingLow(), getPaddingHigh()))
    return getInput();
  return {};
}

struct GlobalPoolToPool : OpRewritePattern<GlobalPoolOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GlobalPoolOp pool,
                                PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> kernel =
        pool.getInput().getType().getShape().drop_front(2);
    SmallVector<int64_t> ones(kernel.size(), 1), zeros(kernel.size(), 0);
    rewriter.replaceOpWithNewOp<PoolOp>(
        pool, pool.getType(), pool.getKind(), pool.getInput(), kernel,
        /*strides=*/ones, /*dilations=*/ones, /*padding_low=*/zeros,
        /*padding_high=*/zeros, /*ceil_mode=*/false,
        /*count_include_pad=*/false, pool.getP());
    return success();
  }
};

void GlobalPoolOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                               MLIRContext *context) {
  patterns.add<GlobalPoolToPool>(context);
}

//===--------------------------------------------------------------------===//
// Padding
//===--------------------------------------------------------------------===//

OpFoldResult PadOp::fold(FoldAdaptor) {
  if (isNothing(getLow(), getHigh()))
    return getInput();
  return {};
}

/// pad(pad(x)) -> pad(x) with the sum of the paddings, where both fill the
/// border with the same values.
struct MergePads : OpRewritePattern<PadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PadOp outer,
                                PatternRewriter &rewriter) const override {
    auto inner = outer.getInput().getDefiningOp<PadOp>();
    if (!inner || inner.getMode() != outer.getMode())
      return failure();
    bool sameValues = outer.getMode() == PaddingMode::Replicate ||
                      (outer.getMode() == PaddingMode::Zeros &&
                       outer.getValue().bitwiseIsEqual(inner.getValue()));
    if (!sameValues)
      return failure();
    auto low = llvm::to_vector(outer.getLow());
    auto high = llvm::to_vector(outer.getHigh());
    for (size_t d = 0; d < low.size(); ++d) {
      low[d] += inner.getLow()[d];
      high[d] += inner.getHigh()[d];
    }
    rewriter.modifyOpInPlace(outer, [&] {
      outer.getInputMutable().assign(inner.getInput());
      outer.setLow(low);
      outer.setHigh(high);
    });
    return success();
  }
};

void PadOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                        MLIRContext *context) {
  patterns.add<MergePads>(context);
}

//===--------------------------------------------------------------------===//
// Activations
//===--------------------------------------------------------------------===//

namespace {

/// The values that an activation limits its input to: relu is [0, infinity].
struct Interval {
  float low, high;
};

} // namespace

static std::optional<Interval> getInterval(ActivationOp op) {
  if (op.getKind() == ActivationKind::Relu)
    return Interval{0, std::numeric_limits<float>::infinity()};
  if (op.getKind() == ActivationKind::Clip)
    return Interval{op.getAlpha().convertToFloat(),
                    op.getBeta().convertToFloat()};
  return std::nullopt;
}

OpFoldResult ActivationOp::fold(FoldAdaptor) {
  std::optional<Interval> outer = getInterval(*this);
  if (!outer)
    return {};
  constexpr float infinity = std::numeric_limits<float>::infinity();
  if (outer->low == -infinity && outer->high == infinity)
    return getInput();
  auto producer = getInput().getDefiningOp<ActivationOp>();
  if (!producer)
    return {};
  // What already lies within the interval stays as it is.
  std::optional<Interval> inner = getInterval(producer);
  if (producer.getKind() == ActivationKind::Sigmoid ||
      producer.getKind() == ActivationKind::HardSigmoid)
    inner = Interval{0, 1};
  if (inner && outer->low <= inner->low && inner->high <= outer->high)
    return getInput();
  return {};
}

/// clip(clip(x, a, b), c, d) -> clip(x, min(max(a, c), d), min(max(b, c), d)),
/// with relu as clip(x, 0, infinity).
struct MergeClips : OpRewritePattern<ActivationOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ActivationOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Interval> outer = getInterval(op);
    auto producer = op.getInput().getDefiningOp<ActivationOp>();
    if (!outer || !producer)
      return failure();
    std::optional<Interval> inner = getInterval(producer);
    if (!inner)
      return failure();
    rewriter.replaceOpWithNewOp<ActivationOp>(
        op, op.getType(), ActivationKind::Clip, producer.getInput(),
        APFloat(std::clamp(inner->low, outer->low, outer->high)),
        APFloat(std::clamp(inner->high, outer->low, outer->high)));
    return success();
  }
};

/// clip(x, 0, infinity) -> relu(x): one name for one function.
struct ClipToRelu : OpRewritePattern<ActivationOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ActivationOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getKind() != ActivationKind::Clip || !op.getAlpha().isZero() ||
        !op.getBeta().isPosInfinity())
      return failure();
    rewriter.replaceOpWithNewOp<ActivationOp>(
        op, op.getType(), ActivationKind::Relu, op.getInput(), APFloat(0.0f),
        APFloat(0.0f));
    return success();
  }
};

void ActivationOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                               MLIRContext *context) {
  patterns.add<MergeClips, ClipToRelu>(context);
}

//===--------------------------------------------------------------------===//
// Resizing and broadcasting
//===--------------------------------------------------------------------===//

OpFoldResult ResizeOp::fold(FoldAdaptor) {
  // Both modes read position o for output o when the sizes are equal.
  if (getInput().getType() == getType())
    return getInput();
  return {};
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  // A broadcast of a broadcast is the last one.
  if (auto inner = getInput().getDefiningOp<BroadcastOp>()) {
    getInputMutable().assign(inner.getInput());
    return getResult();
  }
  return {};
}

} // namespace toeplitz::cnn
