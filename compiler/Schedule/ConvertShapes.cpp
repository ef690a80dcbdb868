#include "compiler/Schedule/ConvertShapes.h"

#include "compiler/Schedule/Layout.h"
#include "compiler/Schedule/LayoutPattern.h"
#include "dialects/CNN/CNNDialect.h"
#include "dialects/Kernel/KernelDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;

namespace {

constexpr size_t channelDimension = 1;

RankedTensorType getResultType(Operation *op) {
  return cast<RankedTensorType>(op->getResult(0).getType());
}

/// In the blocked layout if the input lies there and channels aren't padded.
struct ConvertPad : LayoutPattern<cnn::PadOp> {
  using LayoutPattern<cnn::PadOp>::LayoutPattern;

  LogicalResult matchAndRewrite(cnn::PadOp op,
                                PatternRewriter &rewriter) const override {
    RankedTensorType plain = getResultType(op), type = plain;
    SmallVector<int64_t> low(op.getLow()), high(op.getHigh());
    Value input = op.getInput();
    Value blocked = getBlockedSource(input, lanes);
    if (blocked && (low[channelDimension] != 0 || high[channelDimension] != 0))
      blocked = nullptr;
    if (blocked) {
      input = blocked;
      type = getBlockedType(plain, lanes);
      low.push_back(0);
      high.push_back(0);
    }
    Value init = createEmpty(rewriter, op.getLoc(), type);
    Value result =
        kernel::PadOp::create(rewriter, op.getLoc(), TypeRange(type), input,
                              init, low, high, op.getMode(), op.getValue())
            ->getResult(0);
    if (blocked)
      result = unpack(rewriter, op.getLoc(), result, plain);
    rewriter.replaceOp(op, result);
    return success();
  }
};

struct ConvertResize : LayoutPattern<cnn::ResizeOp> {
  using LayoutPattern<cnn::ResizeOp>::LayoutPattern;

  LogicalResult matchAndRewrite(cnn::ResizeOp op,
                                PatternRewriter &rewriter) const override {
    RankedTensorType plain = getResultType(op);
    RankedTensorType type = getBlockedType(plain, lanes);
    Value input = pack(rewriter, op.getLoc(), op.getInput(), lanes);
    Value init = createEmpty(rewriter, op.getLoc(), type);
    auto resize =
        kernel::ResizeOp::create(rewriter, op.getLoc(), TypeRange(type), input,
                                 init, op.getMode(), op.getAlignCorners());
    rewriter.replaceOp(
        op, unpack(rewriter, op.getLoc(), resize->getResult(0), plain));
    return success();
  }
};

/// Inputs are inserted into one tensor, in which bufferization has their
/// producers write. The blocked layout allows that when the channels of every
/// input begin with a block.
struct ConvertConcat : LayoutPattern<tensor::ConcatOp> {
  using LayoutPattern<tensor::ConcatOp>::LayoutPattern;

  bool isBlocked(tensor::ConcatOp op) const {
    if (!isBlockable(op.getResultType()) ||
        llvm::none_of(op.getInputs(), [&](Value input) {
          return bool(getBlockedSource(input, lanes));
        }))
      return false;
    return op.getDim() != channelDimension ||
           llvm::all_of(op.getInputs().drop_back(), [&](Value input) {
             auto type = cast<RankedTensorType>(input.getType());
             return type.getDimSize(channelDimension) % lanes == 0;
           });
  }

  LogicalResult matchAndRewrite(tensor::ConcatOp op,
                                PatternRewriter &rewriter) const override {
    Location location = op.getLoc();
    RankedTensorType plain = op.getResultType(), type = plain;
    bool blocked = isBlocked(op);
    if (blocked)
      type = getBlockedType(plain, lanes);
    Value result = createEmpty(rewriter, location, type);
    int64_t offset = 0;
    for (Value input : op.getInputs()) {
      if (blocked)
        input = pack(rewriter, location, input, lanes);
      auto inputType = cast<RankedTensorType>(input.getType());
      // Nothing, which would begin behind the end.
      if (inputType.getNumElements() == 0)
        continue;
      SmallVector<OpFoldResult> offsets(type.getRank(),
                                        rewriter.getIndexAttr(0));
      SmallVector<OpFoldResult> strides(type.getRank(),
                                        rewriter.getIndexAttr(1));
      SmallVector<OpFoldResult> sizes =
          getAsIndexOpFoldResult(getContext(), inputType.getShape());
      offsets[op.getDim()] = rewriter.getIndexAttr(offset);
      offset += inputType.getDimSize(op.getDim());
      result = tensor::InsertSliceOp::create(rewriter, location, input, result,
                                             offsets, sizes, strides);
    }
    if (blocked)
      result = unpack(rewriter, location, result, plain);
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// N x C x 1 of a blocked tensor as N x C, or back: both have the same elements
/// in the same order.
template <typename Op> struct ReshapeBlocked : LayoutPattern<Op> {
  using LayoutPattern<Op>::LayoutPattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    RankedTensorType from = op.getSrcType(), to = op.getResultType();
    auto hasNoPositions = [](ArrayRef<int64_t> shape) {
      return shape.size() >= 2 &&
             llvm::all_of(shape.drop_front(2),
                          [](int64_t size) { return size == 1; });
    };
    Value blocked = getBlockedSource(op.getSrc(), this->lanes);
    if (!blocked || !hasNoPositions(from.getShape()) ||
        !hasNoPositions(to.getShape()) ||
        from.getShape().take_front(2) != to.getShape().take_front(2))
      return rewriter.notifyMatchFailure(op, "channels are mixed");
    // Of the dimensions between the blocks and the lanes, the side with fewer
    // has all in one group with the blocks.
    int64_t fewer = std::min(from.getRank(), to.getRank());
    int64_t more = std::max(from.getRank(), to.getRank());
    SmallVector<ReassociationIndices> groups;
    for (int64_t d = 0; d < fewer; ++d)
      groups.push_back({d});
    for (int64_t d = fewer; d < more; ++d)
      groups.back().push_back(d);
    groups.push_back({more});
    Value reshaped =
        Op::create(rewriter, op.getLoc(), getBlockedType(to, this->lanes),
                   blocked, groups);
    rewriter.replaceOp(op, unpack(rewriter, op.getLoc(), reshaped, to));
    return success();
  }
};

/// A slice of a blocked tensor whose channels begin with a block.
struct SliceBlocked : LayoutPattern<tensor::ExtractSliceOp> {
  using LayoutPattern<tensor::ExtractSliceOp>::LayoutPattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op,
                                PatternRewriter &rewriter) const override {
    Value blocked = getBlockedSource(op.getSource(), lanes);
    RankedTensorType plain = op.getResultType();
    if (!blocked || !isBlockable(plain) ||
        plain.getRank() != op.getSourceType().getRank() ||
        op.getStaticOffset(channelDimension) % lanes != 0 ||
        op.getStaticStride(channelDimension) != 1)
      return rewriter.notifyMatchFailure(op, "not a slice of whole blocks");
    RankedTensorType type = getBlockedType(plain, lanes);
    SmallVector<int64_t> offsets(op.getStaticOffsets());
    SmallVector<int64_t> strides(op.getStaticStrides());
    offsets[channelDimension] /= lanes;
    offsets.push_back(0);
    strides.push_back(1);
    MLIRContext *context = rewriter.getContext();
    Value slice = tensor::ExtractSliceOp::create(
        rewriter, op.getLoc(), type, blocked,
        getAsIndexOpFoldResult(context, offsets),
        getAsIndexOpFoldResult(context, type.getShape()),
        getAsIndexOpFoldResult(context, strides));
    rewriter.replaceOp(op, unpack(rewriter, op.getLoc(), slice, plain));
    return success();
  }
};

/// Insertion of whole channels that lie in blocks, into a new tensor or one
/// that lies in blocks: bufferization then has their producers write there.
struct InsertBlocked : LayoutPattern<tensor::InsertSliceOp> {
  using LayoutPattern<tensor::InsertSliceOp>::LayoutPattern;

  LogicalResult matchAndRewrite(tensor::InsertSliceOp op,
                                PatternRewriter &rewriter) const override {
    RankedTensorType plain = op.getType();
    if (!isBlockable(plain) || plain.getRank() != op.getSourceType().getRank())
      return rewriter.notifyMatchFailure(op, "dimensions are dropped");
    if (op.getSourceType().getDimSize(channelDimension) !=
        plain.getDimSize(channelDimension))
      return rewriter.notifyMatchFailure(op, "channels are inserted");
    Value source = getBlockedSource(op.getSource(), lanes);
    Value destination = getBlockedSource(op.getDest(), lanes);
    bool isNew = bool(op.getDest().getDefiningOp<tensor::EmptyOp>());
    if (!destination && !(source && isNew))
      return rewriter.notifyMatchFailure(op, "not in blocks");
    Location location = op.getLoc();
    RankedTensorType type = getBlockedType(plain, lanes);
    if (!destination)
      destination = createEmpty(rewriter, location, type);
    if (!source)
      source = pack(rewriter, location, op.getSource(), lanes);
    SmallVector<OpFoldResult> offsets = op.getMixedOffsets();
    SmallVector<OpFoldResult> strides = op.getMixedStrides();
    offsets.push_back(rewriter.getIndexAttr(0));
    strides.push_back(rewriter.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes = getAsIndexOpFoldResult(
        getContext(), cast<RankedTensorType>(source.getType()).getShape());
    Value result = tensor::InsertSliceOp::create(
        rewriter, location, source, destination, offsets, sizes, strides);
    rewriter.replaceOp(op, unpack(rewriter, location, result, plain));
    return success();
  }
};

} // namespace

void toeplitz::populateShapePatterns(RewritePatternSet &patterns,
                                     int64_t lanes) {
  patterns.add<ConvertPad, ConvertResize, ConvertConcat, InsertBlocked,
               ReshapeBlocked<tensor::CollapseShapeOp>,
               ReshapeBlocked<tensor::ExpandShapeOp>, SliceBlocked>(
      patterns.getContext(), lanes);
}
