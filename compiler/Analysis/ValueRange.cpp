// Interval arithmetic over the cnn stage. With x in [l, h], a sum of products
// lies in
//
//   [sum of min(w l, w h) + b, sum of max(w l, w h) + b],
//
// the largest over the output channels. Every other operation has the exact
// range of its function, widened by what its own roundings can add. Source:
// Moore, Kearfott and Cloud, Introduction to Interval Analysis (2009), section
// 2.3.

#include "compiler/Analysis/ValueRange.h"

#include "compiler/Transforms/Constants.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace toeplitz;

/// What the roundings of one operation other than a convolution may add,
/// relative to its largest operand or result: 256 units roundoff, far above
/// what the few roundings and the approximated functions of any have.
static constexpr double operationError = 1.0 / (1 << 16);
/// The roundings of the analysis itself, which computes in double.
static constexpr double analysisError = 1e-9;

double Interval::getMagnitude() const {
  return std::max(std::fabs(low), std::fabs(high));
}

bool Interval::isBounded() const {
  return std::isfinite(low) && std::isfinite(high);
}

Interval Interval::join(Interval other) const {
  return {std::min(low, other.low), std::max(high, other.high)};
}

Interval Interval::widen(double error) const {
  return {low - error, high + error};
}

static Interval scale(Interval a, double factor) {
  if (factor == 0)
    return {0, 0};
  return {std::min(a.low * factor, a.high * factor),
          std::max(a.low * factor, a.high * factor)};
}

static Interval add(Interval a, Interval b) {
  return {a.low + b.low, a.high + b.high};
}

static Interval multiply(Interval a, Interval b) {
  if (!a.isBounded() || !b.isBounded())
    return {};
  return scale(a, b.low).join(scale(a, b.high));
}

Interval toeplitz::getConvolutionRange(ArrayRef<float> filter,
                                       ArrayRef<float> bias, Interval input) {
  Interval result = {0, 0};
  size_t outputs = bias.size();
  size_t products = filter.size() / outputs;
  for (size_t f = 0; f < outputs; ++f) {
    double positive = 0, negative = 0;
    for (float weight : filter.slice(f * products, products))
      (weight > 0 ? positive : negative) += weight;
    Interval sum = add(scale(input, positive), scale(input, negative));
    sum = add(sum, {bias[f], bias[f]});
    result = f == 0 ? sum : result.join(sum);
  }
  return result.widen(analysisError * result.getMagnitude());
}

/// The values of a constant's elements.
static Interval getConstantRange(Value value) {
  std::optional<ConstantValues> values = readConstant(value);
  if (!values || values->size() == 0)
    return {};
  Interval range = {(*values)[0], (*values)[0]};
  for (float number : values->get()) {
    if (std::isnan(number))
      return {};
    range = range.join({number, number});
  }
  return range;
}

static std::vector<float> getBias(Value bias, int64_t channels) {
  if (!bias)
    return std::vector<float>(channels, 0.0f);
  std::optional<ConstantValues> values = readConstant(bias);
  if (!values)
    return {};
  return std::vector<float>(values->get().begin(), values->get().end());
}

static Interval getConvRange(cnn::ConvOp op, Interval input) {
  std::optional<ConstantValues> filter = readConstant(op.getFilter());
  int64_t channels = op.getResult().getType().getShape()[1];
  std::vector<float> bias = getBias(op.getBias(), channels);
  if (!filter || bias.empty() || !input.isBounded())
    return {};
  auto isPadded = [](int64_t padding) { return padding != 0; };
  if (llvm::any_of(op.getPaddingLow(), isPadded) ||
      llvm::any_of(op.getPaddingHigh(), isPadded))
    input = input.join({0, 0});
  return getConvolutionRange(filter->get(), bias, input);
}

static Interval getConvTransposeRange(cnn::ConvTransposeOp op, Interval input) {
  std::optional<ConstantValues> filter = readConstant(op.getFilter());
  int64_t channels = op.getResult().getType().getShape()[1];
  std::vector<float> bias = getBias(op.getBias(), channels);
  if (!filter || bias.empty() || !input.isBounded())
    return {};
  // An output is reached by some of its channel's taps.
  input = input.join({0, 0});
  auto shape = op.getFilter().getType().getShape();
  int64_t outputs = shape[1], inputs = shape[0] / int64_t(op.getGroups());
  int64_t taps = int64_t(filter->size()) / (shape[0] * outputs);
  std::vector<float> gathered;
  gathered.reserve(filter->size());
  for (int64_t f = 0; f < channels; ++f)
    for (int64_t c = 0; c < inputs; ++c)
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t row = (f / outputs * inputs + c) * outputs + f % outputs;
        gathered.push_back((*filter)[row * taps + tap]);
      }
  return getConvolutionRange(gathered, bias, input);
}

static Interval getActivationRange(cnn::ActivationOp op, Interval x) {
  using Kind = cnn::ActivationKind;
  double alpha = op.getAlpha().convertToFloat();
  double beta = op.getBeta().convertToFloat();
  // Of functions between 0 and the identity for positive numbers, which dip to
  // `dip` at most for negative ones.
  auto dipping = [&](double dip) -> Interval {
    return {x.low >= 0 ? 0.0 : std::max(x.low, -dip), std::max(x.high, 0.0)};
  };
  Interval positive = {std::max(x.low, 0.0), std::max(x.high, 0.0)};
  Interval negative = {std::min(x.low, 0.0), std::min(x.high, 0.0)};
  switch (op.getKind()) {
  case Kind::Relu:
    return positive;
  case Kind::LeakyRelu:
    return x.isBounded() ? positive.join(scale(negative, alpha)) : Interval();
  case Kind::Clip:
    return {std::min(std::max(x.low, alpha), beta),
            std::min(std::max(x.high, alpha), beta)};
  case Kind::Sigmoid:
  case Kind::HardSigmoid:
    return {0, 1};
  case Kind::Tanh:
  case Kind::Softsign:
    return {-1, 1};
  case Kind::Elu:
    return {std::min(x.low >= 0 ? 0.0 : -alpha, 0.0),
            std::max({x.high, 0.0, -alpha})};
  case Kind::Selu:
    return scale({std::min(-alpha, 0.0), std::max({x.high, 0.0, -alpha})},
                 beta);
  case Kind::Celu:
    return alpha > 0 ? Interval{-alpha, std::max(x.high, 0.0)} : Interval();
  case Kind::Gelu:
  case Kind::GeluTanh:
    return dipping(0.1701);
  case Kind::Silu:
    return dipping(0.2785);
  case Kind::Mish:
    return dipping(0.3089);
  case Kind::HardSwish:
    return dipping(0.3751);
  case Kind::Softplus:
    return {0, std::max(x.high, 0.0) + 0.6932};
  }
  return {};
}

static Interval getPreluRange(cnn::PreluOp op, Interval x) {
  Interval slope = getConstantRange(op.getSlope());
  if (!x.isBounded())
    return {};
  Interval positive = {std::max(x.low, 0.0), std::max(x.high, 0.0)};
  Interval negative = {std::min(x.low, 0.0), std::min(x.high, 0.0)};
  return positive.join(multiply(negative, slope));
}

static Interval getPoolRange(cnn::PoolOp op, Interval x) {
  double window = 1;
  for (int64_t size : op.getKernel())
    window *= static_cast<double>(size);
  switch (op.getKind()) {
  case cnn::PoolKind::Max:
    return x;
  case cnn::PoolKind::Average:
    return x.join({0, 0}).widen(window * operationError / 256 *
                                x.getMagnitude());
  case cnn::PoolKind::Lp:
    return {0, (1 + window * operationError / 128) * x.getMagnitude() *
                   std::pow(window, 1.0 / static_cast<double>(op.getP()))};
  }
  return {};
}

static Interval getBatchNormRange(cnn::BatchNormOp op, Interval x) {
  std::optional<ConstantValues> scales = readConstant(op.getScale()),
                                biases = readConstant(op.getBias()),
                                means = readConstant(op.getMean()),
                                variances = readConstant(op.getVariance());
  if (!scales || !biases || !means || !variances || !x.isBounded())
    return {};
  Interval result = {0, 0};
  for (size_t c = 0; c < scales->size(); ++c) {
    double factor = (*scales)[c] / std::sqrt((*variances)[c] +
                                             op.getEpsilon().convertToDouble());
    if (!std::isfinite(factor))
      return {};
    double mean = (*means)[c], bias = (*biases)[c];
    Interval channel = add(scale(add(x, {-mean, -mean}), factor), {bias, bias});
    // Large intermediate values may cancel; their roundings don't.
    channel = channel.widen(
        operationError *
        (std::fabs(factor) * (x.getMagnitude() + std::fabs(mean)) +
         std::fabs(bias)));
    result = c == 0 ? channel : result.join(channel);
  }
  return result;
}

/// Of n numbers none is further from their mean than sqrt(n - 1) standard
/// deviations.
static Interval getNormalizedRange(double count, Value scales, Value biases) {
  return add(
      multiply({-std::sqrt(count), std::sqrt(count)}, getConstantRange(scales)),
      getConstantRange(biases));
}

static double countElements(Value tensor, int64_t firstDimension) {
  double count = 1;
  for (int64_t size : cast<RankedTensorType>(tensor.getType())
                          .getShape()
                          .drop_front(firstDimension))
    count *= static_cast<double>(size);
  return count;
}

static Interval getLrnRange(cnn::LrnOp op, Interval x) {
  double k = op.getK().convertToDouble(), beta = op.getBeta().convertToDouble();
  if (k <= 0 || beta < 0 || op.getAlpha().isNegative())
    return {};
  // The divisor is k^beta at least.
  double bound = x.getMagnitude() / std::pow(k, beta);
  return {-bound, bound};
}

/// The range of an operation that isn't a convolution, before its own
/// roundings.
static Interval getRange(Operation *op, ArrayRef<Interval> operands) {
  auto first = [&] { return operands[0]; };
  return llvm::TypeSwitch<Operation *, Interval>(op)
      .Case<arith::ConstantOp>(
          [](auto op) { return getConstantRange(op.getResult()); })
      .Case(
          [&](cnn::ActivationOp op) { return getActivationRange(op, first()); })
      .Case([&](cnn::PreluOp op) { return getPreluRange(op, first()); })
      .Case([&](cnn::PoolOp op) { return getPoolRange(op, first()); })
      .Case([&](cnn::GlobalPoolOp op) {
        // (Canonicalised to cnn.pool, which is exact.)
        return op.getKind() == cnn::PoolKind::Max ? first() : Interval();
      })
      .Case([&](cnn::PadOp op) {
        double value = op.getValue().convertToDouble();
        return op.getMode() == cnn::PaddingMode::Zeros
                   ? first().join({value, value})
                   : first();
      })
      .Case([&](cnn::BatchNormOp op) { return getBatchNormRange(op, first()); })
      .Case([&](cnn::GroupNormOp op) {
        double count = countElements(op.getInput(), 1) /
                       static_cast<double>(op.getGroups());
        return getNormalizedRange(count, op.getScale(), op.getBias());
      })
      .Case([&](cnn::LayerNormOp op) {
        double count = countElements(op.getScale(), 0);
        return getNormalizedRange(count, op.getScale(), op.getBias());
      })
      .Case([&](cnn::LrnOp op) { return getLrnRange(op, first()); })
      .Case([&](cnn::SoftmaxOp op) {
        return op.getLog() ? Interval() : Interval{0, 1};
      })
      .Case<cnn::ResizeOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp,
            tensor::ExtractSliceOp, tensor::ReshapeOp, tensor::CastOp,
            linalg::TransposeOp, linalg::BroadcastOp>(
          [&](auto) { return first(); })
      .Case([&](tensor::ConcatOp) {
        Interval range = first();
        for (Interval operand : operands.drop_front())
          range = range.join(operand);
        return range;
      })
      .Case([&](arith::AddFOp) { return add(operands[0], operands[1]); })
      .Case([&](arith::SubFOp) {
        return add(operands[0], {-operands[1].high, -operands[1].low});
      })
      .Case([&](arith::MulFOp) { return multiply(operands[0], operands[1]); })
      .Case(
          [&](arith::NegFOp) { return Interval{-first().high, -first().low}; })
      .Case([&](arith::MaximumFOp) {
        return Interval{std::max(operands[0].low, operands[1].low),
                        std::max(operands[0].high, operands[1].high)};
      })
      .Case([&](arith::MinimumFOp) {
        return Interval{std::min(operands[0].low, operands[1].low),
                        std::min(operands[0].high, operands[1].high)};
      })
      .Case([&](math::AbsFOp) { return Interval{0, first().getMagnitude()}; })
      .Case<math::TanhOp, math::ErfOp, math::SinOp, math::CosOp>(
          [&](auto) { return Interval{-1, 1}; })
      .Default([](Operation *) { return Interval(); });
}

/// Whether an operation only moves or chooses among numbers.
static bool isExact(Operation *op) {
  if (auto pool = dyn_cast<cnn::PoolOp>(op))
    return pool.getKind() == cnn::PoolKind::Max;
  if (auto activation = dyn_cast<cnn::ActivationOp>(op))
    return activation.getKind() == cnn::ActivationKind::Relu ||
           activation.getKind() == cnn::ActivationKind::Clip;
  return isa<arith::ConstantOp, cnn::PadOp, tensor::CollapseShapeOp,
             tensor::ExpandShapeOp, tensor::ExtractSliceOp, tensor::ReshapeOp,
             tensor::CastOp, tensor::ConcatOp, linalg::TransposeOp,
             linalg::BroadcastOp, arith::NegFOp, arith::MaximumFOp,
             arith::MinimumFOp, math::AbsFOp>(op);
}

/// Whether the roundings of a function are relative to its results alone,
/// however large its operands are.
static bool forgetsMagnitude(Operation *op) {
  if (auto activation = dyn_cast<cnn::ActivationOp>(op))
    return llvm::is_contained(
        {cnn::ActivationKind::Sigmoid, cnn::ActivationKind::HardSigmoid,
         cnn::ActivationKind::Tanh, cnn::ActivationKind::Softsign},
        activation.getKind());
  // (A norm divides by a root of the sum of the squares of the same rounded
  // differences.)
  return isa<cnn::SoftmaxOp, cnn::GroupNormOp, cnn::LayerNormOp, arith::MulFOp,
             math::TanhOp, math::ErfOp, math::SinOp, math::CosOp>(op);
}

Interval ValueRanges::get(Value value) const {
  auto found = ranges.find(value);
  if (found != ranges.end())
    return found->second;
  auto argument = dyn_cast<BlockArgument>(value);
  if (argument &&
      isa<FunctionOpInterface>(argument.getOwner()->getParentOp()) &&
      isa<FloatType>(getElementTypeOrSelf(value.getType())))
    return {-inputRange, inputRange};
  return {};
}

void ValueRanges::compute(Operation *op) {
  if (op->getNumResults() != 1 ||
      !isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType())))
    return;
  SmallVector<Interval> operands;
  for (Value operand : op->getOperands())
    operands.push_back(get(operand));
  Interval range;
  if (auto conv = dyn_cast<cnn::ConvOp>(op)) {
    range = getConvRange(conv, operands[0]);
  } else if (auto transposed = dyn_cast<cnn::ConvTransposeOp>(op)) {
    range = getConvTransposeRange(transposed, operands[0]);
  } else {
    range = getRange(op, operands);
    if (!isExact(op)) {
      double magnitude = range.getMagnitude();
      if (!forgetsMagnitude(op))
        for (Interval operand : operands)
          magnitude = std::max(magnitude, operand.getMagnitude());
      range = range.widen(operationError * magnitude);
    }
  }
  // (Differences of infinities.)
  if (std::isnan(range.low) || std::isnan(range.high))
    range = {};
  ranges[op->getResult(0)] = range;
}

void ValueRanges::addError(Value value, double error) {
  ranges[value] = get(value).widen(error);
}
