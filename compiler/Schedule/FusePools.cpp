// Computes a pool with the convolution before it.

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Schedule/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

namespace toeplitz {
#define GEN_PASS_DEF_FUSEPOOLS
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

/// The convolution that `pool` is computed with, if there is one that can.
static kernel::ConvOp findConvolution(kernel::PoolOp pool) {
  auto conv = pool.getInput().getDefiningOp<kernel::ConvOp>();
  if (!conv || conv.getPool() || conv->getNumResults() != 1 ||
      pool->getNumResults() != 1 || conv->getBlock() != pool->getBlock() ||
      !pool.getInit().getDefiningOp<tensor::EmptyOp>())
    return {};
  auto isOne = [](int64_t stride) { return stride == 1; };
  ArrayRef<int64_t> shape =
      cast<ShapedType>(conv.getInit().getType()).getShape();
  if (conv.getResidual() || !llvm::all_of(conv.getOutputStrides(), isOne) ||
      shape.drop_front(2).drop_back() != conv.getOutputSizes() ||
      declinesPool(conv, pool.getWindow(),
                   cast<ShapedType>(pool.getInit().getType())
                       .getShape()
                       .drop_front(2)
                       .drop_back()))
    return {};
  return conv;
}

static void fuse(kernel::ConvOp conv, kernel::PoolOp pool,
                 IRRewriter &rewriter) {
  bool isKept = !conv->hasOneUse();
  rewriter.setInsertionPoint(conv);
  auto type = cast<RankedTensorType>(pool->getResult(0).getType());
  Value init = tensor::EmptyOp::create(rewriter, pool.getLoc(), type.getShape(),
                                       type.getElementType());
  SmallVector<Type> types = {type};
  if (isKept)
    types.push_back(conv->getResult(0).getType());
  auto fused = kernel::ConvOp::create(
      rewriter, conv.getLoc(), types, conv.getInput(), conv.getFilter(),
      conv.getBias(), /*residual=*/Value(), conv.getStructure(),
      conv.getInputScale(), conv.getInputShift(), init,
      isKept ? conv.getInit() : Value(), /*scratch=*/Value(),
      /*prepared=*/Value(), conv.getAlgorithm(), conv.getInChannels(),
      conv.getOutChannels(), conv.getGroups(), conv.getKernelAttr(),
      conv.getStridesAttr(), conv.getDilationsAttr(), conv.getPaddingLowAttr(),
      conv.getOutputSizesAttr(), conv.getOutputStridesAttr(),
      conv.getOutputOffsetsAttr(), conv.getTileAttr(), conv.getTransformAttr(),
      conv.getTransformsFilter(), conv.getCircularAttr(),
      conv.getInputActivationAttr(), conv.getActivationAttr(),
      pool.getWindow());
  fused->setDiscardableAttrs(conv->getDiscardableAttrDictionary());
  rewriter.replaceOp(pool, fused->getResult(0));
  if (isKept)
    rewriter.replaceOp(conv, fused->getResult(1));
  else
    rewriter.eraseOp(conv);
}

namespace {

struct FusePools : toeplitz::impl::FusePoolsBase<FusePools> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<kernel::PoolOp> pools;
    getOperation().walk([&](kernel::PoolOp pool) { pools.push_back(pool); });
    for (kernel::PoolOp pool : pools)
      if (kernel::ConvOp conv = findConvolution(pool))
        fuse(conv, pool, rewriter);
  }
};

} // namespace
