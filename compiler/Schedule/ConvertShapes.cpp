#include "compiler/Schedule/ConvertShapes.h"

#include "compiler/Schedule/Layout.h"
#include "compiler/Schedule/LayoutPattern.h"
#include "dialects/CNN/CNNDialect.h"
#include "dialects/Kernel/KernelDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
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

/// The operation that alone reads the result of `op`.
template <typename Op> Op getOnlyReader(Operation *op) {
  return op->hasOneUse() ? dyn_cast<Op>(*op->user_begin()) : Op();
}

/// Parts of one size that are concatenated along d and shuffled: seen as parts
/// by elements of a part, d is transposed. Element j of part i then is element
/// j * parts + i, so that each part is inserted with a stride (Zhang et al.,
/// ShuffleNet, arXiv:1707.01083, section 3.1, where d are the channels).
struct ConvertShuffledConcat : OpRewritePattern<tensor::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ConcatOp op,
                                PatternRewriter &rewriter) const override {
    tensor::CollapseShapeOp shuffled = findShuffle(op);
    if (!shuffled)
      return rewriter.notifyMatchFailure(op, "its parts aren't shuffled");
    // (Where the last operation stands, all inputs are there, too.)
    rewriter.setInsertionPoint(shuffled);
    RankedTensorType type = op.getResultType();
    Value result = createEmpty(rewriter, op.getLoc(), type);
    SmallVector<OpFoldResult> offsets(type.getRank(), rewriter.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(type.getRank(), rewriter.getIndexAttr(1));
    strides[op.getDim()] = rewriter.getIndexAttr(op.getInputs().size());
    for (auto [i, input] : llvm::enumerate(op.getInputs())) {
      offsets[op.getDim()] = rewriter.getIndexAttr(i);
      SmallVector<OpFoldResult> sizes = getAsIndexOpFoldResult(
          getContext(), cast<RankedTensorType>(input.getType()).getShape());
      result = tensor::InsertSliceOp::create(rewriter, op.getLoc(), input,
                                             result, offsets, sizes, strides);
    }
    rewriter.replaceOp(shuffled, result);
    return success();
  }

  /// The end of the shuffle: the concatenation is expanded, transposed and
  /// collapsed, and nothing else reads what is in between.
  static tensor::CollapseShapeOp findShuffle(tensor::ConcatOp op) {
    int64_t dimension = op.getDim(), parts = op.getInputs().size();
    RankedTensorType whole = op.getResultType();
    auto first = cast<RankedTensorType>(op.getInputs().front().getType());
    if (!whole.hasStaticShape() || whole.getNumElements() == 0 ||
        !llvm::all_equal(op.getInputs().getTypes()))
      return {};
    SmallVector<int64_t> expandedShape(whole.getShape());
    expandedShape[dimension] = parts;
    expandedShape.insert(expandedShape.begin() + dimension + 1,
                         first.getDimSize(dimension));
    auto expanded = getOnlyReader<tensor::ExpandShapeOp>(op);
    if (!expanded ||
        expanded.getResultType().getShape() != ArrayRef<int64_t>(expandedShape))
      return {};
    auto transposed = getOnlyReader<linalg::TransposeOp>(expanded);
    auto swapped = llvm::to_vector(llvm::seq<int64_t>(expandedShape.size()));
    std::swap(swapped[dimension], swapped[dimension + 1]);
    if (!transposed || transposed.getInput() != expanded.getResult() ||
        transposed.getPermutation() != ArrayRef<int64_t>(swapped))
      return {};
    auto collapsed = getOnlyReader<tensor::CollapseShapeOp>(transposed);
    if (!collapsed || collapsed.getResultType() != whole ||
        collapsed.getReassociationIndices() !=
            expanded.getReassociationIndices())
      return {};
    return collapsed;
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
    Value slice = sliceBlocked(rewriter, op, blocked, lanes);
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
  // Before the concatenation by itself.
  patterns.add<ConvertShuffledConcat>(patterns.getContext(), /*benefit=*/2);
}
