// Taps that read nothing but padding, at every output position, add nothing:
//
//   y[o] = sum over k of w[k] x[o s + k d - p],
//
// where 0 <= o s + k d - p < I for some o. Those before the first and behind
// the last such k are left out of the kernel, and their reach out of the
// padding. A dilation of 36 in a map of 28 x 28 leaves the centre of a 3 x 3
// kernel, and so does a map of one position.

#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Folds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Phases.h"
#include "dialects/CNN/CNNDialect.h"
#include "dialects/CNN/Window.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_CROPKERNELS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// The part of a kernel that is kept, in one dimension.
struct KeptTaps {
  int64_t first = 0;
  cnn::WindowDimension window;
};

/// Whether the tap reads a position of the input for some output.
bool reachesInput(const cnn::WindowDimension &window, int64_t tap,
                  int64_t input, int64_t outputs) {
  int64_t position = tap * window.dilation - window.paddingLow;
  // (The first output for which it isn't in the low padding.)
  int64_t output =
      position < 0 ? (-position + window.stride - 1) / window.stride : 0;
  return output < outputs && position + output * window.stride < input;
}

/// All of them where none reaches the input, or where the padding would have to
/// be negative.
KeptTaps findKeptTaps(const cnn::WindowDimension &window, int64_t input,
                      int64_t outputs) {
  KeptTaps kept = {0, window};
  int64_t first = 0, end = window.kernel;
  while (first < end && !reachesInput(window, first, input, outputs))
    ++first;
  while (end > first && !reachesInput(window, end - 1, input, outputs))
    --end;
  if (first == end)
    return kept;
  first = std::min(first, window.paddingLow / window.dilation);
  kept.first = first;
  kept.window.kernel = end - first;
  kept.window.paddingLow -= first * window.dilation;
  kept.window.paddingHigh = 0;
  int64_t missing = (outputs - 1) * window.stride + kept.window.getReach() -
                    input - kept.window.paddingLow;
  kept.window.paddingHigh = std::max<int64_t>(missing, 0);
  if (kept.window.kernel == 1)
    kept.window.dilation = 1;
  if (cnn::windowOutputSize(input, kept.window) != outputs)
    return {0, window};
  return kept;
}

/// The filter without the taps that aren't kept.
Value cropFilter(OpBuilder &builder, cnn::ConvOp conv, ArrayRef<float> values,
                 ArrayRef<KeptTaps> kept) {
  ArrayRef<int64_t> shape = conv.getFilter().getType().getShape();
  SmallVector<int64_t> croppedShape(shape.take_front(2)), taps, firstTaps;
  for (const KeptTaps &dimension : kept) {
    taps.push_back(dimension.window.kernel);
    firstTaps.push_back(dimension.first);
  }
  llvm::append_range(croppedShape, taps);
  SmallVector<int64_t> steps(taps.size(), 1);
  SmallVector<int64_t> located =
      locateTaps(shape.drop_front(2), taps, firstTaps, steps);
  int64_t rows = shape[0] * shape[1];
  WeightBuffer cropped(rows * static_cast<int64_t>(located.size()));
  gatherRows(
      values, static_cast<int64_t>(values.size()) / rows, located,
      [](int64_t row) { return row; }, cropped.values());
  std::string name = getConstantName(
      conv.getFilter(), getLayerName(conv.getLoc(), "conv") + ".weight");
  return createConstant(
      builder, conv.getLoc(),
      RankedTensorType::get(croppedShape, builder.getF32Type()),
      std::move(cropped), name + ".cropped");
}

void cropKernel(cnn::ConvOp conv, IRRewriter &rewriter) {
  if (conv.getPaddingMode() != cnn::PaddingMode::Zeros)
    return;
  ArrayRef<int64_t> filterShape = conv.getFilter().getType().getShape();
  SmallVector<KeptTaps> kept;
  SmallVector<int64_t> dilations, low, high;
  bool any = false;
  for (size_t d = 0; d < conv.getStrides().size(); ++d) {
    cnn::WindowDimension window = {
        filterShape[2 + d], conv.getStrides()[d], conv.getDilations()[d],
        conv.getPaddingLow()[d], conv.getPaddingHigh()[d]};
    kept.push_back(findKeptTaps(window,
                                conv.getInput().getType().getDimSize(2 + d),
                                conv.getType().getDimSize(2 + d)));
    const cnn::WindowDimension &left = kept.back().window;
    any |= left.kernel != window.kernel;
    dilations.push_back(left.dilation);
    low.push_back(left.paddingLow);
    high.push_back(left.paddingHigh);
  }
  if (!any)
    return;
  std::optional<ConstantValues> values = readConstant(conv.getFilter());
  if (!values)
    return;
  rewriter.setInsertionPoint(conv);
  Value filter = cropFilter(rewriter, conv, values->get(), kept);
  rewriter.modifyOpInPlace(conv, [&] {
    conv.getFilterMutable().assign(filter);
    conv.setDilations(dilations);
    conv.setPaddingLow(low);
    conv.setPaddingHigh(high);
  });
}

struct CropKernels : impl::CropKernelsBase<CropKernels> {
  using CropKernelsBase::CropKernelsBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](cnn::ConvOp conv) {
      if (!llvm::is_contained(keep, getLayerName(conv.getLoc(), "")))
        cropKernel(conv, rewriter);
    });
    eraseUnusedConstants(getOperation());
  }
};

} // namespace
} // namespace toeplitz
