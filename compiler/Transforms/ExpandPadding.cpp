// conv(x) with circular, reflecting or replicating padding becomes
// conv(pad(x)) without: the definition of these modes (CNNOps.td, cnn.conv).

#include "compiler/Transforms/Passes.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_EXPANDPADDING
#include "compiler/Transforms/Passes.h.inc"

namespace {

void expandPadding(cnn::ConvOp conv, IRRewriter &rewriter) {
  // Batch and channels come first and have no padding.
  SmallVector<int64_t> low = {0, 0}, high = {0, 0};
  llvm::append_range(low, conv.getPaddingLow());
  llvm::append_range(high, conv.getPaddingHigh());
  SmallVector<int64_t> none(conv.getSpatialRank(), 0);

  rewriter.setInsertionPoint(conv);
  Value padded = rewriter.createOrFold<cnn::PadOp>(
      conv.getLoc(), conv.getInput(), low, high, conv.getPaddingMode(),
      APFloat(0.0f));
  rewriter.modifyOpInPlace(conv, [&] {
    conv.getInputMutable().assign(padded);
    conv.setPaddingLow(none);
    conv.setPaddingHigh(none);
    conv.setPaddingMode(cnn::PaddingMode::Zeros);
  });
}

struct ExpandPadding : impl::ExpandPaddingBase<ExpandPadding> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](cnn::ConvOp conv) {
      if (conv.getPaddingMode() != cnn::PaddingMode::Zeros)
        expandPadding(conv, rewriter);
    });
  }
};

} // namespace
} // namespace toeplitz
