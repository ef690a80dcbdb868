// Computes a depthwise convolution and the pointwise ones around it together.

#include "compiler/Algorithms/RegisterTile.h"
#include "compiler/Algorithms/SeparablePlan.h"
#include "compiler/Algorithms/SplitBfloat16Plan.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/WholeConvolutions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

namespace toeplitz {
#define GEN_PASS_DEF_FUSESEPARABLE
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

/// The pointwise convolutions around a depthwise one that it is computed with;
/// null where there is none, or where it doesn't pay.
struct Neighbours {
  kernel::ConvOp expansion, projection;
};

static SeparableBlock getBlock(kernel::ConvOp depthwise,
                               const Neighbours &neighbours) {
  SeparableBlock block;
  block.dimensions = getDimensions(depthwise);
  block.batch = cast<ShapedType>(depthwise.getInit().getType()).getDimSize(0);
  block.channels = depthwise.getInChannels();
  if (kernel::ConvOp expansion = neighbours.expansion)
    block.inChannels = expansion.getInChannels();
  if (kernel::ConvOp projection = neighbours.projection) {
    block.outChannels = projection.getOutChannels();
    if (projection.getAlgorithm() == getSplitName(blockSplitParts))
      block.tilePositions = tileRows;
  }
  return block;
}

/// The pointwise convolution before or behind a depthwise one, which nothing
/// else needs.
static kernel::ConvOp findExpansion(kernel::ConvOp depthwise) {
  auto conv = depthwise.getInput().getDefiningOp<kernel::ConvOp>();
  if (!isWholePointwise(conv, "pointwise") || conv.getResidual() ||
      findReader(conv) != depthwise)
    return {};
  // (A plain input has its channels apart.)
  auto input = cast<ShapedType>(conv.getInput().getType());
  return input.getShape().back() != 1 ? conv : kernel::ConvOp();
}

static kernel::ConvOp findProjection(kernel::ConvOp depthwise) {
  kernel::ConvOp conv = findReader(depthwise);
  if (isWholePointwise(conv, "pointwise"))
    return conv;
  // (A plain result has its channels apart.)
  if (isWholePointwise(conv, getSplitName(blockSplitParts)) &&
      cast<ShapedType>(conv.getInit().getType()).getShape().back() ==
          tileColumns)
    return conv;
  return {};
}

static Neighbours findNeighbours(kernel::ConvOp depthwise) {
  if (depthwise.getAlgorithm() != "depthwise" || depthwise.getResidual() ||
      depthwise.getNumResults() != 1 || depthwise.hasPrologue() ||
      depthwise.getKernel().empty() || !writesAll(depthwise))
    return {};
  Neighbours found = {findExpansion(depthwise), findProjection(depthwise)};
  SeparableBlock block =
      chooseSeparable(getBlock(depthwise, found), kernel::getTarget(depthwise));
  // (Without a projection it writes rows of the result itself.)
  if (!block.expands() ||
      (!block.projects() && liesInPart(depthwise.getResult(0))))
    found.expansion = {};
  if (!block.projects())
    found.projection = {};
  return found;
}

static void fuse(kernel::ConvOp depthwise, const Neighbours &neighbours,
                 IRRewriter &rewriter) {
  kernel::ConvOp expansion = neighbours.expansion;
  kernel::ConvOp projection = neighbours.projection;
  kernel::ConvOp last = projection ? projection : depthwise;
  kernel::TargetAttr target = kernel::getTarget(depthwise);
  SeparableBlock block = getBlock(depthwise, neighbours);
  rewriter.setInsertionPoint(last);
  // (What is missing is null.)
  Value none;
  DenseI64ArrayAttr expansionTile;
  if (expansion)
    expansionTile = rewriter.getDenseI64ArrayAttr(
        {chooseRowTile(block.dimensions.back().input, expansion.getTile()[1],
                       target),
         expansion.getTile()[1]});
  int64_t rows = chooseSeparableRows(block, target);
  DenseI64ArrayAttr tile;
  if (projection)
    tile = projection.getTileAttr();
  if (block.splits())
    tile = rewriter.getDenseI64ArrayAttr(
        {chooseTilePositions(rows * block.dimensions.back().output,
                             /*folded=*/true),
         projection.getTile()[1]});
  auto fused = kernel::SeparableConvOp::create(
      rewriter, last.getLoc(), last.getResultTypes(),
      expansion ? expansion.getInput() : depthwise.getInput(),
      expansion ? expansion.getFilter() : none,
      expansion ? expansion.getBias() : none, depthwise.getFilter(),
      depthwise.getBias(), projection ? projection.getFilter() : none,
      projection ? projection.getBias() : none,
      projection ? projection.getResidual() : none, last.getInit(),
      /*scratch=*/none,
      expansion ? rewriter.getI64IntegerAttr(block.inChannels) : IntegerAttr(),
      rewriter.getI64IntegerAttr(block.channels),
      rewriter.getI64IntegerAttr(last.getOutChannels()),
      depthwise.getKernelAttr(), depthwise.getStridesAttr(),
      depthwise.getDilationsAttr(), depthwise.getPaddingLowAttr(),
      depthwise.getOutputSizesAttr(), expansionTile,
      rewriter.getI64IntegerAttr(depthwise.getTile()[0]), tile,
      rewriter.getI64IntegerAttr(rows),
      expansion ? expansion.getActivationAttr() : kernel::ActivationAttr(),
      depthwise.getActivationAttr(),
      projection ? projection.getActivationAttr() : kernel::ActivationAttr());
  rewriter.replaceOp(last, fused);
  if (projection)
    rewriter.eraseOp(depthwise);
  if (expansion)
    rewriter.eraseOp(expansion);
}

namespace {

struct FuseSeparable : toeplitz::impl::FuseSeparableBase<FuseSeparable> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    for (kernel::ConvOp depthwise : findDepthwise(getOperation())) {
      Neighbours neighbours = findNeighbours(depthwise);
      if (neighbours.expansion || neighbours.projection)
        fuse(depthwise, neighbours, rewriter);
    }
  }
};

} // namespace
