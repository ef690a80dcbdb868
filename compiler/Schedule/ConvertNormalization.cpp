#include "compiler/Schedule/ConvertNormalization.h"

#include "compiler/Schedule/Layout.h"
#include "compiler/Schedule/LayoutPattern.h"
#include "compiler/Transforms/Constants.h"
#include "dialects/CNN/CNNDialect.h"
#include "dialects/Kernel/KernelDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace toeplitz;

namespace {

/// Positions in sections of about this many elements of a block of channels,
/// which a task goes over.
constexpr int64_t elementsPerSection = 65536;

/// What lies in blocks is normalised there: the moments of each channel give
/// those of its group. Everything else is rows.
struct ConvertGroupNorm : LayoutPattern<cnn::GroupNormOp> {
  using LayoutPattern<cnn::GroupNormOp>::LayoutPattern;

  LogicalResult matchAndRewrite(cnn::GroupNormOp op,
                                PatternRewriter &rewriter) const override {
    // (The blocks of a GPU have one channel.)
    if (Value blocked = getBlockedSource(op.getInput(), lanes);
        blocked && lanes > 1)
      return normalizeBlocks(op, blocked, rewriter);
    auto type = cast<RankedTensorType>(op.getInput().getType());
    int64_t batch = type.getDimSize(0);
    int64_t groups = op.getGroups();
    int64_t positions = type.getNumElements() / (batch * type.getDimSize(1));
    Value init = createEmpty(rewriter, op.getLoc(), type);
    rewriter.replaceOpWithNewOp<kernel::NormalizeOp>(
        op, TypeRange(type), op.getInput(), op.getScale(), op.getBias(), init,
        /*rows=*/batch * groups, /*row_period=*/groups, positions,
        op.getEpsilon());
    return success();
  }

private:
  /// y = (x - mean) * factor + offset, each of which is a number for each
  /// channel of each image: elementwise, so that what follows is computed in
  /// the same loop.
  LogicalResult normalizeBlocks(cnn::GroupNormOp op, Value input,
                                PatternRewriter &rewriter) const {
    Location location = op.getLoc();
    RankedTensorType plain = op.getInput().getType();
    auto type = cast<RankedTensorType>(input.getType());
    int64_t batch = type.getDimSize(0), blocks = type.getDimSize(1);
    int64_t positions = type.getNumElements() / (batch * blocks * lanes);
    auto empty = [&](ArrayRef<int64_t> shape) {
      return createEmpty(rewriter, location,
                         RankedTensorType::get(shape, type.getElementType()));
    };
    // As many sections as ranges of equal length give.
    int64_t sections =
        llvm::divideCeilSigned(positions * lanes, elementsPerSection);
    sections = llvm::divideCeilSigned(
        positions, llvm::divideCeilSigned(positions, sections));
    Value momentsInit = empty({batch, blocks, sections, 3, lanes});
    auto moments = kernel::MomentsOp::create(rewriter, location,
                                             TypeRange(momentsInit.getType()),
                                             input, momentsInit);
    Value factorsInit = empty({3, batch, blocks, lanes});
    auto factors = kernel::NormalizationFactorsOp::create(
        rewriter, location, TypeRange(factorsInit.getType()),
        moments->getResult(0), op.getScale(), op.getBias(), factorsInit,
        plain.getDimSize(1), op.getGroups(), positions, op.getEpsilon());

    SmallVector<Value> operands = {input};
    int64_t rank = type.getRank();
    SmallVector<AffineMap> maps = {rewriter.getMultiDimIdentityMap(rank)};
    auto numbers =
        RankedTensorType::get({batch, blocks, lanes}, type.getElementType());
    auto sizes = getAsIndexOpFoldResult(rewriter.getContext(),
                                        {1, batch, blocks, lanes});
    SmallVector<OpFoldResult> ones(4, rewriter.getIndexAttr(1));
    for (int64_t i = 0; i < 3; ++i) {
      auto offsets =
          getAsIndexOpFoldResult(rewriter.getContext(), {i, 0, 0, 0});
      operands.push_back(tensor::ExtractSliceOp::create(
          rewriter, location, numbers, factors->getResult(0), offsets, sizes,
          ones));
      maps.push_back(AffineMap::getMultiDimMapWithTargets(
          rank, {0u, 1u, static_cast<unsigned>(rank - 1)},
          rewriter.getContext()));
    }
    maps.push_back(maps.front());
    auto normal = linalg::GenericOp::create(
        rewriter, location, TypeRange(type), operands,
        createEmpty(rewriter, location, type), maps,
        SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
        [](OpBuilder &builder, Location location, ValueRange elements) {
          Value centered = arith::SubFOp::create(builder, location, elements[0],
                                                 elements[1]);
          Value scaled =
              arith::MulFOp::create(builder, location, centered, elements[2]);
          Value result =
              arith::AddFOp::create(builder, location, scaled, elements[3]);
          linalg::YieldOp::create(builder, location, result);
        });
    rewriter.replaceOp(op,
                       unpack(rewriter, location, normal.getResult(0), plain));
    return success();
  }
};

/// Rows of trailing dimensions lie together; the channels at each position are
/// normalised in blocks; other dimensions are moved to the end.
struct ConvertLayerNorm : LayoutPattern<cnn::LayerNormOp> {
  using LayoutPattern<cnn::LayerNormOp>::LayoutPattern;

  LogicalResult matchAndRewrite(cnn::LayerNormOp op,
                                PatternRewriter &rewriter) const override {
    int64_t axis = op.getAxis(), end = op.getEndAxis();
    auto type = cast<RankedTensorType>(op.getInput().getType());
    if (end == type.getRank())
      return normalizeRows(op, rewriter);
    if (axis == 1 && end == 2)
      return normalizeChannels(op, rewriter);
    SmallVector<int64_t> order =
        llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
    std::rotate(order.begin() + axis, order.begin() + end, order.end());
    Value moved = transpose(rewriter, op.getLoc(), op.getInput(), order);
    Value normal = cnn::LayerNormOp::create(
        rewriter, op.getLoc(), moved, op.getScale(), op.getBias(),
        static_cast<uint64_t>(axis + type.getRank() - end),
        /*end=*/IntegerAttr(), op.getEpsilon());
    rewriter.replaceOp(op, transpose(rewriter, op.getLoc(), normal,
                                     invertPermutationVector(order)));
    return success();
  }

private:
  static Value transpose(PatternRewriter &rewriter, Location location,
                         Value input, ArrayRef<int64_t> order) {
    auto type = cast<RankedTensorType>(input.getType());
    Value init =
        createEmpty(rewriter, location,
                    type.clone(applyPermutation(type.getShape(), order)));
    return linalg::TransposeOp::create(rewriter, location, input, init, order)
        ->getResult(0);
  }

  LogicalResult normalizeRows(cnn::LayerNormOp op,
                              PatternRewriter &rewriter) const {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    int64_t rows = 1;
    for (int64_t size : type.getShape().take_front(op.getAxis()))
      rows *= size;
    Value init = createEmpty(rewriter, op.getLoc(), type);
    rewriter.replaceOpWithNewOp<kernel::NormalizeOp>(
        op, TypeRange(type), op.getInput(), op.getScale(), op.getBias(), init,
        rows, /*row_period=*/1, /*positions=*/1, op.getEpsilon());
    return success();
  }

  LogicalResult normalizeChannels(cnn::LayerNormOp op,
                                  PatternRewriter &rewriter) const {
    Location location = op.getLoc();
    auto plain = cast<RankedTensorType>(op.getInput().getType());
    RankedTensorType type = getBlockedType(plain, lanes);
    Value input = pack(rewriter, location, op.getInput(), lanes);
    Value scale = packChannels(rewriter, location, op.getScale(), lanes);
    Value bias = packChannels(rewriter, location, op.getBias(), lanes);
    Value init = createEmpty(rewriter, location, type);
    auto normalize = kernel::NormalizeChannelsOp::create(
        rewriter, location, TypeRange(type), input, scale, bias, init,
        plain.getDimSize(1), op.getEpsilon());
    rewriter.replaceOp(
        op, unpack(rewriter, location, normalize->getResult(0), plain));
    return success();
  }
};

struct ConvertLrn : OpRewritePattern<cnn::LrnOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(cnn::LrnOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    Value init = createEmpty(rewriter, op.getLoc(), type);
    rewriter.replaceOpWithNewOp<kernel::LrnOp>(
        op, TypeRange(type), op.getInput(), init, op.getSizeAttr(),
        op.getAlphaAttr(), op.getBetaAttr(), op.getKAttr());
    return success();
  }
};

struct ConvertSoftmax : OpRewritePattern<cnn::SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(cnn::SoftmaxOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    Value init = createEmpty(rewriter, op.getLoc(), type);
    rewriter.replaceOpWithNewOp<kernel::SoftmaxOp>(
        op, TypeRange(type), op.getInput(), /*addend=*/Value(), init,
        op.getAxis(), op.getLog(), /*scale=*/APFloat(1.0f));
    return success();
  }
};

} // namespace

/// The factor and the tensor of a product with a constant. A quotient is one
/// where the divisor's reciprocal is exact.
static std::pair<float, Value> takeScale(Value value) {
  if (!value.hasOneUse())
    return {1.0f, value};
  if (auto product = value.getDefiningOp<arith::MulFOp>()) {
    if (std::optional<APFloat> scale = readNumber(product.getRhs()))
      return {scale->convertToFloat(), product.getLhs()};
    if (std::optional<APFloat> scale = readNumber(product.getLhs()))
      return {scale->convertToFloat(), product.getRhs()};
  }
  if (auto quotient = value.getDefiningOp<arith::DivFOp>())
    if (std::optional<APFloat> divisor = readNumber(quotient.getRhs())) {
      APFloat inverse(0.0f);
      if (divisor->getExactInverse(&inverse))
        return {inverse.convertToFloat(), quotient.getLhs()};
    }
  return {1.0f, value};
}

/// The summand that repeats, or is a constant, and the other one.
static std::pair<Value, Value> takeAddend(Value value) {
  auto sum = value.getDefiningOp<arith::AddFOp>();
  if (!sum || !value.hasOneUse())
    return {nullptr, value};
  auto find = [](Value summand) -> Value {
    if (auto broadcast = summand.getDefiningOp<cnn::BroadcastOp>())
      return broadcast.getInput();
    return matchPattern(summand, m_Constant()) ? summand : nullptr;
  };
  if (Value addend = find(sum.getRhs()))
    return {addend, sum.getLhs()};
  if (Value addend = find(sum.getLhs()))
    return {addend, sum.getRhs()};
  return {nullptr, value};
}

void toeplitz::convertScaledSoftmax(RewriterBase &rewriter, cnn::SoftmaxOp op) {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  if (static_cast<int64_t>(op.getAxis()) + 1 != type.getRank())
    return;
  auto [addend, sum] = takeAddend(op.getInput());
  auto [scale, input] = takeScale(sum);
  if (!addend && scale == 1.0f)
    return;
  rewriter.setInsertionPoint(op);
  Value init = createEmpty(rewriter, op.getLoc(), type);
  rewriter.replaceOpWithNewOp<kernel::SoftmaxOp>(op, TypeRange(type), input,
                                                 addend, init, op.getAxis(),
                                                 op.getLog(), APFloat(scale));
}

void toeplitz::populateNormalizationPatterns(RewritePatternSet &patterns,
                                             int64_t lanes) {
  patterns.add<ConvertLrn, ConvertSoftmax>(patterns.getContext());
  patterns.add<ConvertGroupNorm, ConvertLayerNorm>(patterns.getContext(),
                                                   lanes);
}
