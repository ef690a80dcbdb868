// Computes an inverted residual block by bf16x3 as one kernel.

#include "compiler/Algorithms/InvertedResidualPlan.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/WholeConvolutions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

namespace toeplitz {
#define GEN_PASS_DEF_FUSEINVERTEDRESIDUAL
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

static bool isSplitPointwise(kernel::ConvOp conv) {
  return isWholePointwise(conv, getSplitName(blockSplitParts));
}

namespace {
struct Layers {
  kernel::ConvOp expansion, depthwise, projection;
};
} // namespace

static InvertedResidualBlock getSizes(Layers layers) {
  InvertedResidualBlock sizes;
  sizes.dimensions = getDimensions(layers.depthwise);
  sizes.batch =
      cast<ShapedType>(layers.depthwise.getInit().getType()).getDimSize(0);
  sizes.inChannels = layers.expansion.getInChannels();
  sizes.channels = layers.depthwise.getInChannels();
  sizes.outChannels = layers.projection.getOutChannels();
  return sizes;
}

/// The block around a depthwise convolution, if there is one and computing it
/// together pays.
static std::optional<Layers> findBlock(kernel::ConvOp depthwise) {
  if (depthwise.getResidual() || !isWhole(depthwise))
    return std::nullopt;
  Layers layers;
  layers.depthwise = depthwise;
  layers.projection = findReader(depthwise);
  layers.expansion = depthwise.getInput().getDefiningOp<kernel::ConvOp>();
  if (!isSplitPointwise(layers.projection) ||
      !isSplitPointwise(layers.expansion) || layers.expansion.getResidual() ||
      findReader(layers.expansion) != depthwise)
    return std::nullopt;
  // (All positions of an image are one row.)
  if (liesInPart(layers.expansion.getInput()))
    return std::nullopt;
  // (A plain input or result has its channels apart.)
  for (Value value : {layers.expansion.getInput(), layers.projection.getInit()})
    if (cast<ShapedType>(value.getType()).getShape().back() != tileColumns)
      return std::nullopt;
  if (!isInvertedResidualWorthwhile(getSizes(layers),
                                    kernel::getTarget(depthwise)))
    return std::nullopt;
  return layers;
}

static void fuse(Layers layers, IRRewriter &rewriter) {
  auto [expansion, depthwise, projection] = layers;
  InvertedResidualPlan plan(getSizes(layers), kernel::getTarget(depthwise));
  auto getNumber = [&](int64_t number) {
    return rewriter.getI64IntegerAttr(number);
  };
  rewriter.setInsertionPoint(projection);
  auto fused = kernel::InvertedResidualOp::create(
      rewriter, projection.getLoc(), projection.getResultTypes(),
      expansion.getInput(), expansion.getFilter(), expansion.getBias(),
      depthwise.getFilter(), depthwise.getBias(), projection.getFilter(),
      projection.getBias(), projection.getResidual(), projection.getInit(),
      /*scratch=*/Value(), /*prepared=*/Value(),
      getNumber(plan.block.inChannels), getNumber(plan.block.channels),
      getNumber(plan.block.outChannels), depthwise.getKernelAttr(),
      depthwise.getStridesAttr(), depthwise.getDilationsAttr(),
      depthwise.getPaddingLowAttr(), depthwise.getOutputSizesAttr(),
      getNumber(expansion.getTile()[1]), getNumber(depthwise.getTile()[0]),
      getNumber(projection.getTile()[1]), getNumber(plan.tilePositions),
      getNumber(plan.parts), getNumber(plan.chunkSteps),
      expansion.getActivationAttr(), depthwise.getActivationAttr(),
      projection.getActivationAttr());
  rewriter.replaceOp(projection, fused);
  rewriter.eraseOp(depthwise);
  rewriter.eraseOp(expansion);
}

namespace {

struct FuseInvertedResidual
    : toeplitz::impl::FuseInvertedResidualBase<FuseInvertedResidual> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    for (kernel::ConvOp depthwise : findDepthwise(getOperation()))
      if (std::optional<Layers> layers = findBlock(depthwise))
        fuse(*layers, rewriter);
  }
};

} // namespace
