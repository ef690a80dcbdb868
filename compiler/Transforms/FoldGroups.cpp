// The matrix of a convolution with groups is block-diagonal. As many of its
// blocks as fill vectors become one dense block, with zeros beside them,
//
//   diag(W1, ..., WG) = diag(V1, ..., VG/m),  Vi = diag(W(i-1)m+1, ..., Wim),
//
// and each block becomes a convolution of its own slice of the channels; their
// results are concatenated. Source: Xie et al. 2017 (arXiv:1611.05431), figure
// 3: the equivalence of grouped and concatenated convolutions.

#include "compiler/Analysis/MergedGroups.h"
#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Epilogue.h"
#include "compiler/Transforms/Folds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/PhaseConvolutions.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_FOLDGROUPS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// A layer that is being folded.
class Folder {
public:
  Folder(RewriterBase &rewriter, cnn::ConvOp conv, int64_t merged,
         const ConstantValues &filter)
      : rewriter(rewriter), conv(conv), location(conv.getLoc()),
        epilogue(findEpilogue(conv)), merged(merged), filter(filter),
        groups(conv.getGroups()), pieces(groups / merged),
        filterShape(conv.getFilter().getType().getShape()),
        layer(getLayerName(location, "conv")) {}

  void run() {
    rewriter.setInsertionPoint(epilogue.chain.back());
    int64_t inChannels = conv.getInput().getType().getDimSize(1) / pieces;
    int64_t outChannels = filterShape[0] / pieces;
    SmallVector<Value> results;
    for (int64_t piece = 0; piece < pieces; ++piece) {
      Value input = slice(conv.getInput(), /*dimension=*/1, piece * inChannels,
                          inChannels);
      auto part = cnn::ConvOp::create(
          rewriter, location, input, getFilter(piece), getBias(piece),
          conv.getStrides(), conv.getDilations(), conv.getPaddingLow(),
          conv.getPaddingHigh(), /*groups=*/1, conv.getPaddingMode());
      passOnMarks(conv, part, "groups");
      Value result = part;
      if (epilogue.residual)
        result = arith::AddFOp::create(
            rewriter, location, result,
            slice(epilogue.residual, 1, piece * outChannels, outChannels));
      if (cnn::ActivationOp activation = epilogue.activation)
        result = cnn::ActivationOp::create(
            rewriter, activation.getLoc(), result.getType(),
            activation.getKind(), result, activation.getAlpha(),
            activation.getBeta());
      results.push_back(result);
    }
    Value result = results.front();
    if (pieces > 1)
      result = tensor::ConcatOp::create(rewriter, location, /*dim=*/1, results);
    rewriter.replaceAllUsesWith(epilogue.getResult(), result);
    for (Operation *op : llvm::reverse(epilogue.chain))
      rewriter.eraseOp(op);
  }

private:
  Value slice(Value whole, int64_t dimension, int64_t offset, int64_t size) {
    auto type = cast<RankedTensorType>(whole.getType());
    if (type.getDimSize(dimension) == size)
      return whole;
    MLIRContext *context = rewriter.getContext();
    SmallVector<int64_t> offsets(type.getRank(), 0), sizes(type.getShape());
    SmallVector<int64_t> strides(type.getRank(), 1);
    offsets[dimension] = offset;
    sizes[dimension] = size;
    return tensor::ExtractSliceOp::create(
        rewriter, location, whole, getAsIndexOpFoldResult(context, offsets),
        getAsIndexOpFoldResult(context, sizes),
        getAsIndexOpFoldResult(context, strides));
  }

  /// The blocks of `merged` groups as one dense filter: outputs x inputs x
  /// taps.
  Value getFilter(int64_t piece) {
    int64_t groupOutputs = filterShape[0] / groups;
    int64_t groupInputs = filterShape[1];
    int64_t rows = merged * groupOutputs, columns = merged * groupInputs;
    int64_t row = static_cast<int64_t>(filter.size()) / filterShape[0];
    int64_t taps = row / groupInputs;
    WeightBuffer block(rows * columns * taps);
    for (int64_t output = 0; output < rows; ++output) {
      int64_t group = output / groupOutputs;
      auto source = filter.get().slice((piece * rows + output) * row, row);
      llvm::copy(source, block.values().begin() +
                             (output * columns + group * groupInputs) * taps);
    }
    SmallVector<int64_t> shape(filterShape);
    shape[0] = rows;
    shape[1] = columns;
    return createConstant(
        rewriter, location, RankedTensorType::get(shape, rewriter.getF32Type()),
        std::move(block),
        getConstantName(conv.getFilter(), layer + ".weight") + ".group");
  }

  Value getBias(int64_t piece) {
    Value bias = conv.getBias();
    if (!bias || pieces == 1)
      return bias;
    int64_t size = filterShape[0] / pieces;
    std::optional<ConstantValues> values = readConstant(bias);
    if (!values)
      return slice(bias, /*dimension=*/0, piece * size, size);
    WeightBuffer part(size);
    llvm::copy(values->get().slice(piece * size, size), part.values().begin());
    return createConstant(rewriter, location,
                          RankedTensorType::get({size}, rewriter.getF32Type()),
                          std::move(part),
                          getConstantName(bias, layer + ".bias") + ".group");
  }

  RewriterBase &rewriter;
  cnn::ConvOp conv;
  Location location;
  Epilogue epilogue;
  int64_t merged;
  const ConstantValues &filter;
  int64_t groups, pieces;
  ArrayRef<int64_t> filterShape;
  std::string layer;
};

LogicalResult foldGroups(RewriterBase &rewriter, Operation *layer,
                         int64_t lanes) {
  auto conv = dyn_cast<cnn::ConvOp>(layer);
  if (!conv || conv.getGroups() == 1)
    return failure();
  std::optional<ConstantValues> filter = readConstant(conv.getFilter());
  auto groups = static_cast<int64_t>(conv.getGroups());
  int64_t merged =
      countMergedGroups(groups, conv.getInput().getType().getDimSize(1),
                        conv.getType().getDimSize(1), lanes);
  if (!filter || groups / merged > maximalPieces)
    return failure();
  Folder(rewriter, conv, merged, *filter).run();
  return success();
}

struct FoldGroups : impl::FoldGroupsBase<FoldGroups> {
  using FoldGroupsBase::FoldGroupsBase;

  void runOnOperation() override {
    if (lanes < 1) {
      getOperation().emitError()
          << "lanes must be at least 1, found " << lanes.getValue();
      return signalPassFailure();
    }
    foldLayers(getOperation(), "groups", markedOnly,
               [&](RewriterBase &rewriter, Operation *layer) {
                 return foldGroups(rewriter, layer, lanes);
               });
  }
};

} // namespace
} // namespace toeplitz
