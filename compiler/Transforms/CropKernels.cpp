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
#include "compiler/Transforms/PhaseConvolutions.h"
#include "dialects/CNN/CNNDialect.h"
#include "dialects/CNN/Window.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_CROPKERNELS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// The taps of a dimension that are kept, as a phase of all positions: all of
/// them where none reads the input, or where the padding would have to be
/// negative.
CutPhase findKeptTaps(const SpatialDimension &dimension, int64_t paddingHigh) {
  CutPhase whole;
  whole.phase.taps = dimension.kernel;
  whole.phase.stride = dimension.stride;
  whole.phase.dilation = dimension.dilation;
  whole.phase.paddingLow = dimension.paddingLow;
  whole.phase.outputs = dimension.outputs;
  whole.paddingHigh = paddingHigh;
  CutPhase kept = cutInput(whole.phase, dimension.input);
  if (kept.size == 0)
    return whole;
  Phase &phase = kept.phase;
  // Beginning inside of the input isn't padding: a tap more.
  if (kept.offset > 0) {
    ++phase.taps;
    --phase.firstTap;
    phase.paddingLow = phase.dilation - kept.offset;
  }
  if (phase.taps == 1)
    phase.dilation = 1;
  cnn::WindowDimension window = {phase.taps, phase.stride, phase.dilation,
                                 phase.paddingLow, kept.paddingHigh};
  bool hasSameOutputs =
      cnn::windowOutputSize(dimension.input, window) == dimension.outputs;
  return hasSameOutputs ? kept : whole;
}

/// The filter without the taps that aren't kept.
Value cropFilter(OpBuilder &builder, cnn::ConvOp conv, ArrayRef<float> values,
                 ArrayRef<CutPhase> kept) {
  ArrayRef<int64_t> shape = conv.getFilter().getType().getShape();
  SmallVector<int64_t> croppedShape(shape.take_front(2)), taps, firstTaps;
  for (const CutPhase &dimension : kept) {
    taps.push_back(dimension.phase.taps);
    firstTaps.push_back(dimension.phase.firstTap);
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
  SmallVector<CutPhase> kept;
  SmallVector<int64_t> dilations, low, high;
  bool any = false;
  for (auto [dimension, paddingHigh] :
       llvm::zip_equal(getDimensions(conv), conv.getPaddingHigh())) {
    CutPhase taps = findKeptTaps(dimension, paddingHigh);
    any |= taps.phase.taps != dimension.kernel;
    dilations.push_back(taps.phase.dilation);
    low.push_back(taps.phase.paddingLow);
    high.push_back(taps.paddingHigh);
    kept.push_back(taps);
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
