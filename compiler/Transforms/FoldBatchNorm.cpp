// Batch normalisation with fixed statistics is y = s[c] x + t[c] with
//   s = scale / sqrt(variance + epsilon),  t = bias - mean s,
// and a convolution before it takes both in: w'[f] = s[f] w[f], b' = s b + t.
// So does a group normalisation, whose scale and bias are w and b.
// Numbers that are added to the channels or multiplied with them by arithmetic
// are a t or an s alone.
// Source: Jacob et al. 2018 (arXiv:1712.05877), section 3.2.

#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Folds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Reshapes.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

#include <cmath>

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_FOLDBATCHNORM
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// s and t of each channel, not yet rounded to single precision.
struct ScaleAndShift {
  std::vector<double> scale, shift;
};

/// Nothing if an operand isn't constant.
std::optional<ScaleAndShift> computeScaleAndShift(cnn::BatchNormOp norm) {
  auto scale = readConstant(norm.getScale());
  auto bias = readConstant(norm.getBias());
  auto mean = readConstant(norm.getMean());
  auto variance = readConstant(norm.getVariance());
  if (!scale || !bias || !mean || !variance)
    return std::nullopt;
  double epsilon = norm.getEpsilon().convertToFloat();
  ScaleAndShift result;
  for (size_t c = 0; c < scale->size(); ++c) {
    double s = (*scale)[c] / std::sqrt((*variance)[c] + epsilon);
    result.scale.push_back(s);
    result.shift.push_back((*bias)[c] - (*mean)[c] * s);
  }
  return result;
}

/// The numbers of a constant that is repeated along everything but the
/// channels, in double precision; nothing for another value.
std::optional<std::vector<double>> readChannels(Value value,
                                                RankedTensorType type) {
  // Dimensions of size 1 may have been added before it was repeated.
  if (auto broadcast = value.getDefiningOp<cnn::BroadcastOp>())
    value = broadcast.getInput();
  auto shape = cast<RankedTensorType>(value.getType()).getShape();
  int64_t channels = type.getDimSize(1);
  if (int64_t(shape.size()) != type.getRank())
    return std::nullopt;
  value = skipReshapes(value);
  DenseFPElementsAttr splat;
  if (matchPattern(value, m_Constant(&splat)) && splat.isSplat())
    return std::vector<double>(
        channels, splat.getSplatValue<APFloat>().convertToDouble());
  for (auto [d, size] : llvm::enumerate(shape))
    if (size != (d == 1 ? channels : 1))
      return std::nullopt;
  auto values = readConstant(value);
  if (!values)
    return std::nullopt;
  return std::vector<double>(values->get().begin(), values->get().end());
}

/// s and t of arithmetic on x, its operand at `place`, and numbers for the
/// channels.
std::optional<ScaleAndShift> computeScaleAndShift(Operation *op,
                                                  unsigned place) {
  if (!isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp>(op))
    return std::nullopt;
  auto type = cast<RankedTensorType>(op->getOperand(place).getType());
  auto numbers = readChannels(op->getOperand(1 - place), type);
  if (!numbers || (isa<arith::DivFOp>(op) && place == 1))
    return std::nullopt;
  ScaleAndShift result;
  for (double number : *numbers) {
    bool subtracted = isa<arith::SubFOp>(op);
    bool isProduct = isa<arith::MulFOp, arith::DivFOp>(op);
    if (isProduct)
      result.scale.push_back(isa<arith::DivFOp>(op) ? 1 / number : number);
    else
      result.scale.push_back(subtracted && place == 1 ? -1 : 1);
    double shift = subtracted && place == 0 ? -number : number;
    result.shift.push_back(isProduct ? 0 : shift);
  }
  return result;
}

/// Whether the values of a constant are all the given one. Looks at splats
/// alone, which is how this pass writes them.
bool isSplatOf(float value, Value constant) {
  DenseFPElementsAttr attribute;
  return matchPattern(constant, m_Constant(&attribute)) &&
         attribute.isSplat() && attribute.getSplatValue<float>() == value;
}

/// Scales the filter of output channel f by s[f]. In memory the filter is a
/// sequence of rows of `rowSize` taps; `channelOfRow` tells whose they are.
Value scaleFilter(IRRewriter &rewriter, Location location, Value filter,
                  const ConstantValues &values, int64_t rowSize,
                  function_ref<int64_t(int64_t)> channelOfRow,
                  const ScaleAndShift &affine, StringRef layer) {
  WeightBuffer scaled(values.size());
  ArrayRef<float> source = values.get();
  for (int64_t row = 0, rows = source.size() / rowSize; row < rows; ++row) {
    double factor = affine.scale[channelOfRow(row)];
    for (int64_t i = row * rowSize; i < (row + 1) * rowSize; ++i)
      scaled[i] = static_cast<float>(source[i] * factor);
  }
  return createConstant(
      rewriter, location, cast<RankedTensorType>(filter.getType()),
      std::move(scaled),
      getConstantName(filter, (layer + ".weight").str()) + ".folded");
}

Value shiftBias(IRRewriter &rewriter, Location location, Value bias,
                const std::optional<ConstantValues> &values,
                const ScaleAndShift &affine, StringRef layer) {
  int64_t channels = affine.shift.size();
  WeightBuffer shifted(channels);
  for (int64_t f = 0; f < channels; ++f) {
    double before = values ? (*values)[f] : 0.0;
    shifted[f] = static_cast<float>(before * affine.scale[f] + affine.shift[f]);
  }
  return createConstant(rewriter, location,
                        RankedTensorType::get(channels, rewriter.getF32Type()),
                        std::move(shifted),
                        getConstantName(bias, (layer + ".bias").str()) +
                            ".folded");
}

/// Gives a convolution the scaled filter and shifted bias. Fails, and changes
/// nothing, if they aren't constant.
template <typename Op>
LogicalResult foldIntoFilter(Op conv, Operation *norm,
                             const ScaleAndShift &affine, int64_t rowSize,
                             function_ref<int64_t(int64_t)> channelOfRow,
                             IRRewriter &rewriter) {
  auto filter = readConstant(conv.getFilter());
  auto bias = readConstant(conv.getBias());
  if (!filter || (conv.getBias() && !bias))
    return failure();
  std::string layer = getLayerName(conv.getLoc(), "conv");
  rewriter.setInsertionPoint(conv);
  Value newFilter = conv.getFilter();
  if (llvm::any_of(affine.scale, [](double s) { return s != 1; }))
    newFilter = scaleFilter(rewriter, conv.getLoc(), conv.getFilter(), *filter,
                            rowSize, channelOfRow, affine, layer);
  Value newBias =
      shiftBias(rewriter, conv.getLoc(), conv.getBias(), bias, affine, layer);
  rewriter.modifyOpInPlace(conv, [&] {
    conv.getFilterMutable().assign(newFilter);
    conv.getBiasMutable().assign(newBias);
  });
  rewriter.replaceOp(norm, conv.getResult());
  return success();
}

/// A group normalisation ends with a scale and a shift of each channel of its
/// own. Fails, and changes nothing, if they aren't constant.
LogicalResult foldIntoGroupNorm(cnn::GroupNormOp group, Operation *norm,
                                const ScaleAndShift &affine,
                                IRRewriter &rewriter) {
  auto scale = readConstant(group.getScale());
  auto bias = readConstant(group.getBias());
  if (!scale || !bias)
    return failure();
  std::string layer = getLayerName(group.getLoc(), "group_norm");
  constexpr int64_t rowSize = 1;
  auto channelOfRow = [](int64_t row) { return row; };
  rewriter.setInsertionPoint(group);
  Value newScale = scaleFilter(rewriter, group.getLoc(), group.getScale(),
                               *scale, rowSize, channelOfRow, affine, layer);
  Value newBias =
      shiftBias(rewriter, group.getLoc(), group.getBias(), bias, affine, layer);
  rewriter.modifyOpInPlace(group, [&] {
    group.getScaleMutable().assign(newScale);
    group.getBiasMutable().assign(newBias);
  });
  rewriter.replaceOp(norm, group.getResult());
  return success();
}

/// `norm` computes s[c] x + t[c] of x.
LogicalResult foldIntoProducer(Operation *norm, Value x,
                               const ScaleAndShift &affine,
                               IRRewriter &rewriter) {
  Operation *producer = x.getDefiningOp();
  if (!producer || !producer->hasOneUse())
    return failure();
  if (auto group = dyn_cast<cnn::GroupNormOp>(producer))
    return foldIntoGroupNorm(group, norm, affine, rewriter);
  if (auto conv = dyn_cast<cnn::ConvOp>(producer)) {
    // The filter is F x C/G x K: all that follows the first dimension is one
    // output channel's.
    RankedTensorType type = conv.getFilter().getType();
    int64_t rowSize = type.getNumElements() / type.getDimSize(0);
    auto channelOfRow = [](int64_t row) { return row; };
    return foldIntoFilter(conv, norm, affine, rowSize, channelOfRow, rewriter);
  }
  if (auto conv = dyn_cast<cnn::ConvTransposeOp>(producer)) {
    // The filter is C x F/G x K, where input channel c belongs to group
    // c / (C/G): row (c, f') is output channel group * F/G + f'.
    RankedTensorType type = conv.getFilter().getType();
    int64_t channels = type.getDimSize(0), groupOutputs = type.getDimSize(1);
    int64_t groupInputs = channels / conv.getGroupsAttr().getInt();
    int64_t rowSize = type.getNumElements() / (channels * groupOutputs);
    auto channelOfRow = [=](int64_t row) {
      int64_t group = row / groupOutputs / groupInputs;
      return group * groupOutputs + row % groupOutputs;
    };
    return foldIntoFilter(conv, norm, affine, rowSize, channelOfRow, rewriter);
  }
  return failure();
}

/// Rewrites the normalisation to a scale and a shift: mean 0, variance 1 and
/// epsilon 0.
void simplify(cnn::BatchNormOp norm, const ScaleAndShift &affine,
              IRRewriter &rewriter) {
  if (norm.getEpsilon().isZero() && isSplatOf(0.0f, norm.getMean()) &&
      isSplatOf(1.0f, norm.getVariance()))
    return;
  int64_t channels = affine.scale.size();
  WeightBuffer scale(channels), shift(channels);
  for (int64_t c = 0; c < channels; ++c) {
    scale[c] = static_cast<float>(affine.scale[c]);
    shift[c] = static_cast<float>(affine.shift[c]);
  }
  Location location = norm.getLoc();
  std::string layer = getLayerName(location, "batch_norm");
  RankedTensorType type = norm.getScale().getType();
  rewriter.setInsertionPoint(norm);
  Value newScale = createConstant(
      rewriter, location, type, std::move(scale),
      getConstantName(norm.getScale(), layer + ".weight") + ".folded");
  Value newShift = createConstant(
      rewriter, location, type, std::move(shift),
      getConstantName(norm.getBias(), layer + ".bias") + ".folded");
  Value zero = arith::ConstantOp::create(rewriter, location,
                                         DenseElementsAttr::get(type, 0.0f));
  Value one = arith::ConstantOp::create(rewriter, location,
                                        DenseElementsAttr::get(type, 1.0f));
  rewriter.modifyOpInPlace(norm, [&] {
    norm.getScaleMutable().assign(newScale);
    norm.getBiasMutable().assign(newShift);
    norm.getMeanMutable().assign(zero);
    norm.getVarianceMutable().assign(one);
    norm.setEpsilon(APFloat(0.0f));
  });
}

struct FoldBatchNorm : impl::FoldBatchNormBase<FoldBatchNorm> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    // In the order of the program, so that two in a row fold one after the
    // other, and new constants always get the same names.
    getOperation().walk([&](Operation *op) {
      if (auto norm = dyn_cast<cnn::BatchNormOp>(op))
        foldNorm(norm, rewriter);
      else
        foldArithmetic(op, rewriter);
    });
    // The constants that were folded have no users any more.
    eraseUnusedConstants(getOperation());
  }

private:
  static void foldNorm(cnn::BatchNormOp norm, IRRewriter &rewriter) {
    std::optional<ScaleAndShift> affine = computeScaleAndShift(norm);
    if (!affine)
      return;
    if (failed(foldIntoProducer(norm, norm.getInput(), *affine, rewriter)))
      simplify(norm, *affine, rewriter);
  }

  static void foldArithmetic(Operation *op, IRRewriter &rewriter) {
    if (op->getNumOperands() != 2)
      return;
    for (unsigned place : {0, 1})
      if (isa_and_nonnull<cnn::ConvOp, cnn::ConvTransposeOp, cnn::GroupNormOp>(
              op->getOperand(place).getDefiningOp()))
        if (std::optional<ScaleAndShift> affine =
                computeScaleAndShift(op, place))
          if (succeeded(foldIntoProducer(op, op->getOperand(place), *affine,
                                         rewriter)))
            return;
  }
};

} // namespace
} // namespace toeplitz
