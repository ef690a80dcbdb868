// Zeros around the input of a convolution are its padding:
//
//   conv(pad(x, l, h), w, p) = conv(x, w, p + l)
//
// and so are the zeros around the result of the convolution before it: without
// a bias, the outputs whose windows lie in the padding with all of their taps,
// z = ceil((p - (k - 1) d) / s) at the low border, are zeros that need not be
// computed.

#include "compiler/Transforms/Passes.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_FOLDPADDING
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// tensor.pad with zeros of known size around the positions -> cnn.pad, which
/// cnn.conv's own canonicalisation takes in.
struct NamePad : OpRewritePattern<cnn::ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(cnn::ConvOp conv,
                                PatternRewriter &rewriter) const override {
    auto pad = conv.getInput().getDefiningOp<tensor::PadOp>();
    Value value = pad ? pad.getConstantPaddingValue() : Value();
    if (!value || !matchPattern(value, m_AnyZeroFloat()))
      return rewriter.notifyMatchFailure(conv, "no input padded with zeros");
    ArrayRef<int64_t> low = pad.getStaticLow(), high = pad.getStaticHigh();
    auto isKnown = [](int64_t size) { return size >= 0; };
    if (!pad.getSourceType().hasStaticShape() || !llvm::all_of(low, isKnown) ||
        !llvm::all_of(high, isKnown))
      return rewriter.notifyMatchFailure(conv, "padding of unknown size");
    Value named =
        cnn::PadOp::create(rewriter, pad.getLoc(), pad.getSource(), low, high,
                           cnn::PaddingMode::Zeros, APFloat(0.0f));
    rewriter.modifyOpInPlace(conv,
                             [&] { conv.getInputMutable().assign(named); });
    return success();
  }
};

/// The outputs at the borders of one dimension that are zeros.
struct ZeroOutputs {
  int64_t low = 0, high = 0;
};

ZeroOutputs countZeroOutputs(cnn::ConvOp conv, size_t d) {
  int64_t input = conv.getInput().getType().getDimSize(2 + d);
  int64_t kernel = conv.getFilter().getType().getDimSize(2 + d);
  int64_t output = conv.getType().getDimSize(2 + d);
  int64_t stride = conv.getStrides()[d], padding = conv.getPaddingLow()[d];
  int64_t hidden = padding - (kernel - 1) * conv.getDilations()[d];
  ZeroOutputs zeros;
  // (No more than whole strides of padding can be taken away.)
  if (hidden > 0)
    zeros.low =
        std::min<int64_t>(llvm::divideCeil(hidden, stride), padding / stride);
  zeros.high = std::max<int64_t>(
      output - llvm::divideCeilSigned(input + padding, stride), 0);
  return zeros;
}

/// conv(conv(x)), the inner one without bias: its zeros become the padding of
/// the outer ones.
struct FoldZeroOutputs : OpRewritePattern<cnn::ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(cnn::ConvOp inner,
                                PatternRewriter &rewriter) const override {
    if (inner.getBias() || inner.getPaddingMode() != cnn::PaddingMode::Zeros)
      return rewriter.notifyMatchFailure(inner, "its border isn't zeros");
    for (OpOperand &use : inner.getResult().getUses()) {
      auto outer = dyn_cast<cnn::ConvOp>(use.getOwner());
      if (!outer || use.getOperandNumber() != 0 ||
          outer.getPaddingMode() != cnn::PaddingMode::Zeros)
        return rewriter.notifyMatchFailure(inner, "its border is read");
    }
    auto low = llvm::to_vector(inner.getPaddingLow());
    auto high = llvm::to_vector(inner.getPaddingHigh());
    SmallVector<ZeroOutputs> zeros;
    bool any = false;
    for (size_t d = 0; d < low.size(); ++d) {
      ZeroOutputs found = countZeroOutputs(inner, d);
      int64_t left = inner.getType().getDimSize(2 + d) - found.low - found.high;
      if (left < 1)
        return rewriter.notifyMatchFailure(inner, "it is nothing but zeros");
      int64_t stride = inner.getStrides()[d];
      low[d] -= found.low * stride;
      if (found.high > 0) {
        int64_t kernel = inner.getFilter().getType().getDimSize(2 + d);
        int64_t end =
            (left - 1) * stride + (kernel - 1) * inner.getDilations()[d] + 1;
        int64_t input = inner.getInput().getType().getDimSize(2 + d);
        high[d] = std::max<int64_t>(end - input - low[d], 0);
      }
      any |= found.low > 0 || found.high > 0;
      zeros.push_back(found);
    }
    if (!any || inner.getResult().use_empty())
      return rewriter.notifyMatchFailure(inner, "no output is zero");

    auto cut = cnn::ConvOp::create(
        rewriter, inner.getLoc(), inner.getInput(), inner.getFilter(), Value(),
        inner.getStrides(), inner.getDilations(), low, high, inner.getGroups(),
        cnn::PaddingMode::Zeros);
    cut->setDiscardableAttrs(inner->getDiscardableAttrDictionary());
    for (Operation *user :
         llvm::make_early_inc_range(inner.getResult().getUsers())) {
      auto outer = cast<cnn::ConvOp>(user);
      auto outerLow = llvm::to_vector(outer.getPaddingLow());
      auto outerHigh = llvm::to_vector(outer.getPaddingHigh());
      for (auto [d, found] : llvm::enumerate(zeros)) {
        outerLow[d] += found.low;
        outerHigh[d] += found.high;
      }
      rewriter.modifyOpInPlace(outer, [&] {
        outer.getInputMutable().assign(cut);
        outer.setPaddingLow(outerLow);
        outer.setPaddingHigh(outerHigh);
      });
    }
    rewriter.eraseOp(inner);
    return success();
  }
};

struct FoldPadding : impl::FoldPaddingBase<FoldPadding> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<NamePad, FoldZeroOutputs>(&getContext());
    cnn::ConvOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace toeplitz
