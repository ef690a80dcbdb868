// Layer normalisation that a network writes as arithmetic, as exporters of
// versions without an operator for it do, and as modules of their own that
// normalise the channels at each position. With m = mean(x), d = x - m and
// r = sqrt(mean(d^2) + epsilon):
//
//   d / r, d * (1 / r)                      PyTorch
//   x * s + (b - m * s), s = (1 / r) * g    TensorFlow
//
// The mean is over the trailing dimensions, or over the channels, dimension 1.
// A product with numbers for each normalised element behind it becomes its
// scale, a sum with such its bias. What is normalised over all positions of an
// image is a group normalisation, of all channels or of each.
//
// Source: Ba et al. 2016 (arXiv:1607.06450).

#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Reshapes.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_RECOGNIZELAYERNORM
#include "compiler/Transforms/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

Value skipBroadcasts(Value value) {
  while (auto broadcast = value.getDefiningOp<cnn::BroadcastOp>())
    value = broadcast.getInput();
  return value;
}

bool isZero(int64_t number) { return number == 0; }

/// A mean of x over some dimensions, which have one element afterwards.
struct Mean {
  Value x;
  SmallVector<unsigned> dimensions;
};

/// The only operation of a body that isn't a constant, if it computes what is
/// yielded; null otherwise.
Operation *getOnlyOperation(linalg::GenericOp generic) {
  Operation *yielded =
      generic.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  for (Operation &op : generic.getBody()->without_terminator())
    if (&op != yielded && !isa<arith::ConstantOp>(op))
      return nullptr;
  return yielded && yielded->getBlock() == generic.getBody() ? yielded
                                                             : nullptr;
}

/// A sum over some dimensions, divided by as many numbers as they have, or what
/// the importer has made of one over all dimensions from the third on.
std::optional<Mean> matchMean(Value value) {
  if (auto pool = value.getDefiningOp<cnn::PoolOp>()) {
    ArrayRef<int64_t> shape = typeOf(pool.getInput()).getShape();
    bool isMean = pool.getKind() == cnn::PoolKind::Average &&
                  pool.getKernel() == shape.drop_front(2) &&
                  typeOf(value).getNumElements() == shape[0] * shape[1] &&
                  llvm::all_of(pool.getPaddingLow(), isZero) &&
                  llvm::all_of(pool.getPaddingHigh(), isZero);
    if (!isMean)
      return std::nullopt;
    unsigned rank = shape.size();
    return Mean{pool.getInput(), llvm::to_vector(llvm::seq(2u, rank))};
  }
  auto quotient = value.getDefiningOp<linalg::GenericOp>();
  if (!quotient || quotient.getNumDpsInputs() != 1 ||
      quotient.getNumDpsInits() != 1 ||
      !llvm::all_of(quotient.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isIdentity(); }))
    return std::nullopt;
  auto division = dyn_cast_or_null<arith::DivFOp>(getOnlyOperation(quotient));
  FloatAttr count;
  if (!division || division.getLhs() != quotient.getBody()->getArgument(0) ||
      !matchPattern(division.getRhs(), m_Constant(&count)))
    return std::nullopt;

  auto sum =
      skipReshapes(quotient.getInputs()[0]).getDefiningOp<linalg::GenericOp>();
  if (!sum || sum.getNumDpsInputs() != 1 || sum.getNumDpsInits() != 1)
    return std::nullopt;
  auto addition = dyn_cast_or_null<arith::AddFOp>(getOnlyOperation(sum));
  auto fill = sum.getOutputs()[0].getDefiningOp<linalg::FillOp>();
  if (!addition || !fill ||
      !matchPattern(fill.getInputs()[0], m_AnyZeroFloat()) ||
      addition.getLhs() == addition.getRhs() ||
      !llvm::all_of(addition->getOperands(), [&](Value operand) {
        return llvm::is_contained(sum.getBody()->getArguments(), operand);
      }))
    return std::nullopt;
  Mean mean = {sum.getInputs()[0], {}};
  SmallVector<unsigned> kept;
  sum.getReductionDims(mean.dimensions);
  sum.getParallelDims(kept);
  SmallVector<AffineMap> maps = sum.getIndexingMapsArray();
  if (!maps[0].isIdentity() ||
      maps[1] != AffineMap::getMultiDimMapWithTargets(sum.getNumLoops(), kept,
                                                      sum.getContext()))
    return std::nullopt;
  SmallVector<int64_t> shape(typeOf(mean.x).getShape());
  int64_t elements = 1;
  for (unsigned dimension : mean.dimensions) {
    elements *= shape[dimension];
    shape[dimension] = 1;
  }
  if (typeOf(value).getShape() != ArrayRef(shape) ||
      count.getValueAsDouble() != static_cast<double>(elements))
    return std::nullopt;
  return mean;
}

/// x - mean(x)
std::optional<Mean> matchCentered(Value value) {
  auto difference = value.getDefiningOp<arith::SubFOp>();
  if (!difference)
    return std::nullopt;
  std::optional<Mean> mean = matchMean(skipBroadcasts(difference.getRhs()));
  if (!mean || mean->x != difference.getLhs())
    return std::nullopt;
  return mean;
}

/// Of x over some dimensions.
struct Deviation {
  Mean mean;
  APFloat epsilon;
};

/// variance + epsilon
std::optional<Deviation> matchVariance(Value value) {
  auto sum = value.getDefiningOp<arith::AddFOp>();
  if (!sum)
    return std::nullopt;
  for (auto [variance, number] : {std::pair(sum.getLhs(), sum.getRhs()),
                                  std::pair(sum.getRhs(), sum.getLhs())}) {
    std::optional<APFloat> epsilon = readNumber(number);
    std::optional<Mean> square = matchMean(variance);
    auto product = square ? square->x.getDefiningOp<arith::MulFOp>() : nullptr;
    if (!epsilon || epsilon->isNegative() || !product ||
        product.getLhs() != product.getRhs())
      continue;
    std::optional<Mean> centered = matchCentered(product.getLhs());
    if (centered && centered->dimensions == square->dimensions)
      return Deviation{*centered, *epsilon};
  }
  return std::nullopt;
}

/// sqrt(variance + epsilon)
std::optional<Deviation> matchDeviation(Value value) {
  auto root = value.getDefiningOp<math::SqrtOp>();
  return root ? matchVariance(root.getOperand()) : std::nullopt;
}

/// One by that.
std::optional<Deviation> matchInverse(Value value) {
  if (auto root = value.getDefiningOp<math::RsqrtOp>())
    return matchVariance(root.getOperand());
  auto quotient = value.getDefiningOp<arith::DivFOp>();
  std::optional<APFloat> one =
      quotient ? readNumber(quotient.getLhs()) : std::nullopt;
  if (!one || !one->isExactlyValue(1))
    return std::nullopt;
  return matchDeviation(skipBroadcasts(quotient.getRhs()));
}

/// (x - mean(x)) / deviation, or times one by it.
std::optional<Deviation> matchQuotient(Value value) {
  std::optional<Deviation> found;
  Value centered;
  if (auto quotient = value.getDefiningOp<arith::DivFOp>()) {
    found = matchDeviation(skipBroadcasts(quotient.getRhs()));
    centered = quotient.getLhs();
  } else if (auto product = value.getDefiningOp<arith::MulFOp>()) {
    found = matchInverse(skipBroadcasts(product.getRhs()));
    centered = product.getLhs();
    if (!found) {
      found = matchInverse(skipBroadcasts(product.getLhs()));
      centered = product.getRhs();
    }
  }
  std::optional<Mean> mean = found ? matchCentered(centered) : std::nullopt;
  if (!mean || mean->x != found->mean.x ||
      mean->dimensions != found->mean.dimensions)
    return std::nullopt;
  return found;
}

/// The other factor of a product with `factor`, which both may be repeated.
Value getOtherFactor(Value product, Value factor) {
  auto op = product.getDefiningOp<arith::MulFOp>();
  if (!op)
    return {};
  if (op.getLhs() == factor || skipBroadcasts(op.getLhs()) == factor)
    return op.getRhs();
  if (op.getRhs() == factor || skipBroadcasts(op.getRhs()) == factor)
    return op.getLhs();
  return {};
}

/// A normalisation with its scale and bias, which are null where there is none.
struct Affine {
  Deviation deviation;
  Value scale, bias;
};

/// x * s + (bias - mean(x) * s), s = scale / deviation. The sum is `value`.
std::optional<Affine> matchShifted(Value value) {
  auto sum = value.getDefiningOp<arith::AddFOp>();
  if (!sum)
    return std::nullopt;
  for (auto [scaled, shift] : {std::pair(sum.getLhs(), sum.getRhs()),
                               std::pair(sum.getRhs(), sum.getLhs())}) {
    auto product = scaled.getDefiningOp<arith::MulFOp>();
    auto difference = skipBroadcasts(shift).getDefiningOp<arith::SubFOp>();
    if (!product || !difference)
      continue;
    for (auto [x, factor] : {std::pair(product.getLhs(), product.getRhs()),
                             std::pair(product.getRhs(), product.getLhs())}) {
      Value scale, numbers = skipBroadcasts(factor);
      std::optional<Deviation> deviation = matchInverse(numbers);
      if (auto scaledInverse = numbers.getDefiningOp<arith::MulFOp>();
          scaledInverse && !deviation) {
        deviation = matchInverse(skipBroadcasts(scaledInverse.getLhs()));
        scale = scaledInverse.getRhs();
        if (!deviation) {
          deviation = matchInverse(skipBroadcasts(scaledInverse.getRhs()));
          scale = scaledInverse.getLhs();
        }
      }
      if (!deviation || deviation->mean.x != x)
        continue;
      Value mean = getOtherFactor(difference.getRhs(), numbers);
      std::optional<Mean> found =
          mean ? matchMean(skipBroadcasts(mean)) : std::nullopt;
      if (found && found->x == x &&
          found->dimensions == deviation->mean.dimensions)
        return Affine{*deviation, scale, difference.getLhs()};
    }
  }
  return std::nullopt;
}

/// The dimensions that cnn.layer_norm normalises: from `axis` to `end` - 1.
struct Range {
  int64_t axis, end;
};

std::optional<Range> getRange(const Deviation &deviation) {
  ArrayRef<unsigned> dimensions = deviation.mean.dimensions;
  int64_t rank = typeOf(deviation.mean.x).getRank();
  if (dimensions.empty() ||
      dimensions.back() - dimensions.front() + 1 != dimensions.size())
    return std::nullopt;
  Range range = {dimensions.front(), dimensions.back() + 1};
  if (range.end != rank && !(range.axis == 1 && range.end == 2))
    return std::nullopt;
  return range;
}

/// A factor or a summand that has a number for each normalised element alone,
/// as a tensor of these; null for another.
Value getParameter(IRRewriter &rewriter, Value value, Range range,
                   ArrayRef<int64_t> shape) {
  Value numbers = skipBroadcasts(value);
  RankedTensorType type = typeOf(numbers);
  if (type.getRank() != int64_t(shape.size()))
    return {};
  for (auto [d, size] : llvm::enumerate(type.getShape())) {
    bool isNormalised = int64_t(d) >= range.axis && int64_t(d) < range.end;
    if (size != (isNormalised ? shape[d] : 1))
      return {};
  }
  auto wanted = type.clone(shape.slice(range.axis, range.end - range.axis));
  Value source = skipReshapes(numbers);
  if (source.getType() == wanted)
    return source;
  SmallVector<ReassociationIndices> groups(wanted.getRank());
  for (int64_t d = 0; d < type.getRank(); ++d)
    groups[std::clamp<int64_t>(d - range.axis, 0, wanted.getRank() - 1)]
        .push_back(d);
  return tensor::CollapseShapeOp::create(rewriter, numbers.getLoc(), numbers,
                                         groups);
}

Value makeConstant(IRRewriter &rewriter, Location location,
                   RankedTensorType type, float number) {
  return arith::ConstantOp::create(rewriter, location,
                                   DenseElementsAttr::get(type, number));
}

bool isSplatOf(Value value, double number) {
  std::optional<APFloat> found = readNumber(value);
  return found && found->isExactlyValue(number);
}

struct RecognizeLayerNorm : impl::RecognizeLayerNormBase<RecognizeLayerNorm> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> operations;
    getOperation().walk([&](Operation *op) {
      if (isa<arith::MulFOp, arith::DivFOp, arith::AddFOp>(op) &&
          isNetworkTensor(op->getResult(0).getType()))
        operations.push_back(op);
    });
    for (Operation *op : operations) {
      rewriter.setInsertionPoint(op);
      if (!recognize(rewriter, op))
        takeInto(rewriter, op);
    }
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
  }

private:
  static bool isNetworkTensor(Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape() && tensor.getNumElements() > 0 &&
           tensor.getElementType().isF32();
  }

  /// Replaces the last operation of a normalisation.
  static bool recognize(IRRewriter &rewriter, Operation *op) {
    Value result = op->getResult(0);
    std::optional<Affine> affine = matchShifted(result);
    if (!affine) {
      std::optional<Deviation> quotient = matchQuotient(result);
      if (!quotient)
        return false;
      affine = Affine{*quotient, {}, {}};
    }
    const Deviation &deviation = affine->deviation;
    std::optional<Range> range = getRange(deviation);
    Value x = deviation.mean.x;
    if (!range || x.getType() != result.getType())
      return false;
    ArrayRef<int64_t> shape = typeOf(x).getShape();
    auto type =
        typeOf(x).clone(shape.slice(range->axis, range->end - range->axis));
    Location location = op->getLoc();
    Value scale = affine->scale
                      ? getParameter(rewriter, affine->scale, *range, shape)
                      : makeConstant(rewriter, location, type, 1);
    Value bias = affine->bias
                     ? getParameter(rewriter, affine->bias, *range, shape)
                     : makeConstant(rewriter, location, type, 0);
    if (!scale || !bias)
      return false;
    if (!affine->bias && type.getRank() > 1 && range->axis <= 2) {
      auto channels = typeOf(x).clone({shape[1]});
      rewriter.replaceOpWithNewOp<cnn::GroupNormOp>(
          op, x, makeConstant(rewriter, location, channels, 1),
          makeConstant(rewriter, location, channels, 0),
          range->axis == 1 ? 1 : shape[1], deviation.epsilon);
      return true;
    }
    IntegerAttr end;
    if (range->end != typeOf(x).getRank())
      end = rewriter.getI64IntegerAttr(range->end);
    rewriter.replaceOpWithNewOp<cnn::LayerNormOp>(
        op, x, scale, bias, static_cast<uint64_t>(range->axis), end,
        deviation.epsilon);
    return true;
  }

  /// Makes a factor the scale of the normalisation before it, a summand its
  /// bias.
  static void takeInto(IRRewriter &rewriter, Operation *op) {
    if (!isa<arith::MulFOp, arith::AddFOp>(op))
      return;
    bool isProduct = isa<arith::MulFOp>(op);
    for (unsigned i = 0; i < 2; ++i) {
      auto norm = op->getOperand(i).getDefiningOp<cnn::LayerNormOp>();
      if (!norm || !norm->hasOneUse() || !isSplatOf(norm.getBias(), 0) ||
          (isProduct && !isSplatOf(norm.getScale(), 1)))
        continue;
      Range range = {static_cast<int64_t>(norm.getAxis()), norm.getEndAxis()};
      Value parameter = getParameter(rewriter, op->getOperand(1 - i), range,
                                     typeOf(norm.getInput()).getShape());
      if (!parameter)
        continue;
      rewriter.replaceOpWithNewOp<cnn::LayerNormOp>(
          op, norm.getInput(), isProduct ? parameter : norm.getScale(),
          isProduct ? norm.getBias() : parameter, norm.getAxis(),
          norm.getEndAttr(), norm.getEpsilon());
      return;
    }
  }
};

} // namespace
} // namespace toeplitz
