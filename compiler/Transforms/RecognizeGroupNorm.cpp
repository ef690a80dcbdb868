// Group normalisation as exporters of versions without an operator for it write
// it (PyTorch's to ONNX): instance normalisation of the groups,
//
//   x: N x C x I  ->  N x G x (C/G I)  ->  normalised  ->  N x C x I,
//
// which is the normalisation of x itself in G groups. What is multiplied and
// added behind it for each channel is fold-batch-norm's.
//
// Source: Wu and He 2018 (arXiv:1803.08494).

#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Reshapes.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_RECOGNIZEGROUPNORM
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// The values from `value` back to the one that isn't a reshaped one.
SmallVector<Value> findSources(Value value) {
  SmallVector<Value> sources;
  while (isReshape(value.getDefiningOp())) {
    value = value.getDefiningOp()->getOperand(0);
    sources.push_back(value);
  }
  return sources;
}

/// The last of the reshapes behind `value` that gives `type`, where each is the
/// only reader of the one before; null if there is none.
Value findReshaped(Value value, Type type) {
  Value found;
  while (value.hasOneUse() && isReshape(*value.user_begin())) {
    value = value.user_begin()->getResult(0);
    if (value.getType() == type)
      found = value;
  }
  return found;
}

/// A value for each group as one for each channel of it, a constant; null for
/// what isn't one.
Value repeatGroups(IRRewriter &rewriter, Location location, Value groups,
                   int64_t channels) {
  auto values = readConstant(groups);
  if (!values)
    return {};
  int64_t count = values->size();
  WeightBuffer repeated(channels);
  for (int64_t c = 0; c < channels; ++c)
    repeated[c] = (*values)[c / (channels / count)];
  return createConstant(rewriter, location,
                        RankedTensorType::get(channels, rewriter.getF32Type()),
                        std::move(repeated),
                        getConstantName(groups, "groups") + ".repeated");
}

/// Whether the groups' tensor holds the groups of x's channels.
bool holdsGroups(RankedTensorType grouped, RankedTensorType x) {
  return x.getRank() >= 2 && x.getDimSize(0) == grouped.getDimSize(0) &&
         x.getDimSize(1) % grouped.getDimSize(1) == 0;
}

void recognize(cnn::GroupNormOp norm, IRRewriter &rewriter) {
  RankedTensorType grouped = norm.getInput().getType();
  // An instance normalisation: each channel is a group.
  if (norm.getGroupsAttr().getInt() != grouped.getDimSize(1))
    return;
  // Canonical reshapes may have been joined with others around them.
  for (Value x : llvm::reverse(findSources(norm.getInput()))) {
    auto type = cast<RankedTensorType>(x.getType());
    Value result = findReshaped(norm.getResult(), type);
    if (!result || !holdsGroups(grouped, type))
      continue;
    rewriter.setInsertionPoint(norm);
    int64_t channels = type.getDimSize(1);
    Value scale =
        repeatGroups(rewriter, norm.getLoc(), norm.getScale(), channels);
    Value bias =
        repeatGroups(rewriter, norm.getLoc(), norm.getBias(), channels);
    if (!scale || !bias)
      return;
    auto whole = cnn::GroupNormOp::create(
        rewriter, norm.getLoc(), x, scale, bias,
        static_cast<uint64_t>(grouped.getDimSize(1)), norm.getEpsilon());
    rewriter.replaceAllUsesWith(result, whole.getResult());
    return;
  }
}

struct RecognizeGroupNorm : impl::RecognizeGroupNormBase<RecognizeGroupNorm> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<cnn::GroupNormOp> norms;
    getOperation().walk([&](cnn::GroupNormOp norm) { norms.push_back(norm); });
    for (cnn::GroupNormOp norm : norms)
      recognize(norm, rewriter);
    // What nobody reads any more would look like a second reader.
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
  }
};

} // namespace
} // namespace toeplitz
