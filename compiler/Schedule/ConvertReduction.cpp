// One number for each channel of each sample, of all positions, N x C x I to
// N x C: sums, sums of squares, largest values. What lies in blocks of channels
// is read there, N x C/L x I x L to N x C/L x L, by loops whose vectors are the
// channels of a block.

#include "compiler/Schedule/ConvertReduction.h"

#include "compiler/Schedule/Layout.h"
#include "compiler/Schedule/LayoutPattern.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace toeplitz;

namespace {

/// Channels beyond the last one give numbers that nobody reads.
struct ConvertPositionReduction : LayoutPattern<linalg::GenericOp> {
  using LayoutPattern<linalg::GenericOp>::LayoutPattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (lanes == 1 || op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
        op.hasIndexSemantics() || !op.hasPureTensorSemantics())
      return rewriter.notifyMatchFailure(op, "isn't a reduction of a tensor");
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    if (op.getNumLoops() < 3 || op.getNumParallelLoops() != 2 ||
        !maps[0].isIdentity() || maps[1] != maps[0].getMajorSubMap(2))
      return rewriter.notifyMatchFailure(op, "isn't over all positions");
    Value blocked = getBlockedSource(op.getInputs()[0], lanes);
    if (!blocked)
      return rewriter.notifyMatchFailure(op, "isn't of blocks of channels");
    auto fill = op.getOutputs()[0].getDefiningOp<linalg::FillOp>();
    if (!fill)
      return rewriter.notifyMatchFailure(op, "doesn't start with one number");

    Location location = op.getLoc();
    auto plain = cast<RankedTensorType>(op.getResult(0).getType());
    RankedTensorType type = getBlockedType(plain, lanes);
    Value init = linalg::FillOp::create(rewriter, location, fill.getInputs(),
                                        createEmpty(rewriter, location, type))
                     ->getResult(0);
    unsigned rank = op.getNumLoops() + 1;
    SmallVector<utils::IteratorType> iterators(rank,
                                               utils::IteratorType::reduction);
    iterators[0] = iterators[1] = iterators.back() =
        utils::IteratorType::parallel;
    AffineMap ofResult = AffineMap::getMultiDimMapWithTargets(
        rank, {0u, 1u, rank - 1}, rewriter.getContext());
    auto reduction = linalg::GenericOp::create(
        rewriter, location, TypeRange(type), blocked, init,
        {rewriter.getMultiDimIdentityMap(rank), ofResult}, iterators);
    rewriter.inlineRegionBefore(op.getRegion(), reduction.getRegion(),
                                reduction.getRegion().begin());
    rewriter.replaceOp(
        op, unpack(rewriter, location, reduction.getResult(0), plain));
    return success();
  }
};

} // namespace

void toeplitz::populateReductionPatterns(RewritePatternSet &patterns,
                                         int64_t lanes) {
  patterns.add<ConvertPositionReduction>(patterns.getContext(), lanes);
}
