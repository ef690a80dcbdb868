// Computes a depthwise convolution and the pointwise one behind it together.

#include "compiler/Algorithms/Separable.h"
#include "compiler/Schedule/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

namespace toeplitz {
#define GEN_PASS_DEF_FUSESEPARABLE
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

/// Whether the convolution writes every position of its result.
static bool writesAll(kernel::ConvOp conv) {
  auto isOne = [](int64_t stride) { return stride == 1; };
  auto shape = cast<ShapedType>(conv.getInit().getType()).getShape();
  return llvm::all_of(conv.getOutputStrides(), isOne) &&
         shape.drop_front(2).drop_back() == conv.getOutputSizes();
}

/// Whether the value is, or is written into, a part of a larger tensor whose
/// positions may lie apart: a phase of a folded convolution, say. Parts along
/// the channels alone are as good as whole ones.
static bool liesInPart(Value value) {
  auto isWhole = [](ArrayRef<int64_t> part, ArrayRef<int64_t> whole) {
    return part.drop_front(2) == whole.drop_front(2);
  };
  if (auto slice = value.getDefiningOp<tensor::ExtractSliceOp>())
    return !isWhole(slice.getResultType().getShape(),
                    slice.getSourceType().getShape());
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    auto slice = dyn_cast<tensor::InsertSliceOp>(user);
    return slice && !isWhole(slice.getSourceType().getShape(),
                             slice.getDestType().getShape());
  });
}

/// The depthwise convolution that `pointwise` is computed with, if there is one
/// and it pays.
static kernel::ConvOp findDepthwise(kernel::ConvOp pointwise) {
  if (pointwise.getGroups() != 1 || pointwise.getKernel().empty() ||
      pointwise.getNumResults() != 1 || !writesAll(pointwise) ||
      liesInPart(pointwise.getResult(0)) ||
      (pointwise.getResidual() && liesInPart(pointwise.getResidual())))
    return {};
  auto depthwise = pointwise.getInput().getDefiningOp<kernel::ConvOp>();
  if (!depthwise || depthwise.getAlgorithm() != "depthwise" ||
      !depthwise->hasOneUse() || depthwise.getResidual() ||
      depthwise->getBlock() != pointwise->getBlock() || !writesAll(depthwise))
    return {};
  if (!isSeparableWorthwhile(
          depthwise.getOutputSizes(), depthwise.getInChannels(),
          pointwise.getOutChannels(), kernel::getTarget(pointwise)))
    return {};
  return depthwise;
}

static void fuse(kernel::ConvOp depthwise, kernel::ConvOp pointwise,
                 IRRewriter &rewriter) {
  ArrayRef<int64_t> sizes = depthwise.getOutputSizes();
  int64_t rows = 1;
  for (int64_t size : sizes.drop_back())
    rows *= size;
  int64_t chunk = chooseSeparableRows(
      rows, sizes.back(), depthwise.getInChannels(), pointwise.getOutChannels(),
      kernel::getTarget(pointwise));
  rewriter.setInsertionPoint(pointwise);
  auto fused = kernel::SeparableConvOp::create(
      rewriter, pointwise.getLoc(), pointwise.getResultTypes(),
      depthwise.getInput(), depthwise.getFilter(), depthwise.getBias(),
      pointwise.getFilter(), pointwise.getBias(), pointwise.getResidual(),
      pointwise.getInit(), /*scratch=*/Value(), depthwise.getInChannels(),
      pointwise.getOutChannels(), depthwise.getKernel(), depthwise.getStrides(),
      depthwise.getDilations(), depthwise.getPaddingLow(), sizes,
      depthwise.getTile()[0], pointwise.getTile(), chunk,
      depthwise.getActivationAttr(), pointwise.getActivationAttr());
  rewriter.replaceOp(pointwise, fused);
  rewriter.eraseOp(depthwise);
}

namespace {

struct FuseSeparable : toeplitz::impl::FuseSeparableBase<FuseSeparable> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<kernel::ConvOp> candidates;
    getOperation().walk([&](kernel::ConvOp conv) {
      if (conv.getAlgorithm() == "pointwise")
        candidates.push_back(conv);
    });
    for (kernel::ConvOp pointwise : candidates)
      if (kernel::ConvOp depthwise = findDepthwise(pointwise))
        fuse(depthwise, pointwise, rewriter);
  }
};

} // namespace
