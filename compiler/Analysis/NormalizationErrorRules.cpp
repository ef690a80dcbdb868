// Typical values and errors through normalisations, pooling and softmax.
//
// A norm over many elements divides by a standard deviation that errors don't
// change much, so it is a linear function of each element, as for a batch norm
// with fixed statistics. Source: Yang et al., A Mean Field Theory of Batch
// Normalization (arXiv:1902.08129).

#include "compiler/Analysis/ErrorRules.h"

#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace toeplitz;

namespace {
/// y = factor x + offset in each channel.
struct LinearFunction {
  double factor = 1, offset = 0;
};
} // namespace

static ErrorRule
applyLinear(const ChannelMoments &input, size_t channels,
            llvm::function_ref<LinearFunction(size_t)> getChannel) {
  ErrorRule rule;
  rule.result = ChannelMoments(channels);
  rule.paths.resize(1);
  for (size_t c = 0; c < channels; ++c) {
    LinearFunction linear = getChannel(c);
    double gain = linear.factor * linear.factor;
    rule.result[c] = {linear.factor * input[c].mean + linear.offset,
                      gain * input[c].variance, input[c].active};
    rule.paths[0].push_back({static_cast<uint32_t>(input.getEntry(c)),
                             static_cast<uint32_t>(c), gain, gain});
  }
  return rule;
}

static std::optional<ErrorRule> applyBatchNorm(cnn::BatchNormOp op,
                                               OperandMoments operands) {
  for (Value parameter : op->getOperands().drop_front())
    if (!parameter.getDefiningOp<arith::ConstantOp>())
      return std::nullopt;
  const ChannelMoments &scale = *operands[1], &bias = *operands[2],
                       &mean = *operands[3], &variance = *operands[4];
  return applyLinear(*operands[0], countChannels(op.getResult()),
                     [&](size_t c) -> LinearFunction {
                       double factor =
                           scale[c].mean /
                           std::sqrt(variance[c].mean +
                                     op.getEpsilon().convertToDouble());
                       return {factor, bias[c].mean - factor * mean[c].mean};
                     });
}

/// The moments of `count` channels from `first` on, taken together.
static Moments joinChannels(const ChannelMoments &input, size_t first,
                            size_t count) {
  if (input.size() == 1)
    return input[0];
  ChannelMoments group(count);
  for (size_t c = 0; c < count; ++c)
    group[c] = input[first + c];
  return group.join();
}

/// Normalises groups of channels, all positions of them or each for itself: the
/// same for typical values.
static ErrorRule applyChannelNorm(OperandMoments operands, size_t channels,
                                  size_t groups, double epsilon) {
  size_t size = channels / groups;
  std::vector<Moments> joined;
  for (size_t group = 0; group < groups; ++group)
    joined.push_back(joinChannels(*operands[0], group * size, size));
  return applyLinear(*operands[0], channels, [&](size_t c) -> LinearFunction {
    const Moments &group = joined[c / size];
    double factor = std::sqrt((*operands[1])[c].getSquare()) /
                    std::sqrt(std::max(group.variance + epsilon, 1e-30));
    return {factor, (*operands[2])[c].mean - factor * group.mean};
  });
}

static ErrorRule applyGroupNorm(cnn::GroupNormOp op, OperandMoments operands) {
  return applyChannelNorm(operands, countChannels(op.getResult()),
                          op.getGroups(), op.getEpsilon().convertToDouble());
}

static ErrorRule applyLayerNorm(cnn::LayerNormOp op, OperandMoments operands) {
  double epsilon = op.getEpsilon().convertToDouble();
  size_t channels = countChannels(op.getResult());
  auto axis = static_cast<int64_t>(op.getAxis());
  bool normalisesChannels = axis <= 1 && op.getEndAxis() > 1;
  // Otherwise scale and bias have other elements than one for each channel.
  if (axis == 1 && op.getEndAxis() == 2)
    return applyChannelNorm(operands, channels, 1, epsilon);
  ChannelMoments scale(1, operands[1]->join()), bias(1, operands[2]->join());
  return applyChannelNorm({operands[0], &scale, &bias}, channels,
                          normalisesChannels ? 1 : channels, epsilon);
}

static ErrorRule applyLrn(cnn::LrnOp op, OperandMoments operands) {
  double alpha = op.getAlpha().convertToDouble(),
         beta = op.getBeta().convertToDouble(), k = op.getK().convertToDouble();
  double square = operands[0]->join().getSquare();
  double factor = std::pow(std::max(k + alpha * square, 1e-30), -beta);
  return applyLinear(*operands[0], operands[0]->size(),
                     [&](size_t) { return LinearFunction{factor, 0}; });
}

static double countWindow(cnn::PoolOp op) {
  double window = 1;
  for (int64_t size : op.getKernel())
    window *= static_cast<double>(size);
  return window;
}

/// Neighbouring values are alike: a window of n positions counts as sqrt(n)
/// independent ones. Errors of single positions aren't, so that their mean over
/// n has a variance of one n-th. (Measured behind the last layers of ResNet-50:
/// n = 49, one 52nd.)
static ErrorRule applyAveragePool(const ChannelMoments &input, double window) {
  ErrorRule rule;
  rule.result = ChannelMoments(input.size());
  rule.paths.resize(1);
  for (size_t c = 0; c < input.size(); ++c) {
    rule.result[c] = {input[c].mean, input[c].variance / std::sqrt(window)};
    auto entry = static_cast<uint32_t>(c);
    rule.paths[0].push_back({entry, entry, 1 / window, 1});
  }
  return rule;
}

/// The largest of a window of n positions is like that of n^(3/4) independent
/// ones. (Measured in nine networks: n^0.53 to n^0.99, most of them n^0.7 for
/// smooth inputs and n^0.8 for noise.) Its error remains. Where elements are
/// zeros without errors, the largest is one of the others more often than they
/// are among all.
static ErrorRule applyMaxPool(const ChannelMoments &input, double window) {
  double independent = std::pow(window, 0.75);
  ErrorRule rule;
  rule.result = ChannelMoments(input.size());
  rule.paths.resize(1);
  for (size_t c = 0; c < input.size(); ++c) {
    Moments largest = getLargestOfMany(input[c], independent);
    double gain = input[c].active > 0 ? largest.active / input[c].active : 1;
    rule.result[c] = largest;
    auto entry = static_cast<uint32_t>(c);
    rule.paths[0].push_back({entry, entry, gain, gain});
  }
  return rule;
}

static std::optional<ErrorRule> applyPool(cnn::PoolOp op,
                                          const ChannelMoments &input) {
  switch (op.getKind()) {
  case cnn::PoolKind::Average:
    return applyAveragePool(input, countWindow(op));
  case cnn::PoolKind::Max:
    return applyMaxPool(input, countWindow(op));
  case cnn::PoolKind::Lp:
    return std::nullopt;
  }
  return std::nullopt;
}

/// p = exp(x) / sum of exp(x), with the log-normal mean exp(m + v / 2) for each
/// exponential. An error reaches its own result with the slope p (1 - p), at
/// most 1/4; of log p, with 1 - p.
static ErrorRule applySoftmax(cnn::SoftmaxOp op, const ChannelMoments &input) {
  ArrayRef<int64_t> shape = op.getInput().getType().getShape();
  bool isAcrossChannels =
      op.getAxis() == 1 && input.size() == static_cast<size_t>(shape[1]);
  double largest = 0;
  for (size_t c = 0; c < input.size(); ++c)
    largest = std::max(largest, input[c].mean + input[c].variance / 2);
  auto getWeight = [&](size_t c) {
    return std::exp(input[c].mean + input[c].variance / 2 - largest);
  };
  double sum = 0;
  for (size_t c = 0; c < input.size(); ++c)
    sum += getWeight(c);
  ErrorRule rule;
  rule.result = ChannelMoments(input.size());
  rule.paths.resize(1);
  for (size_t c = 0; c < input.size(); ++c) {
    double share = isAcrossChannels
                       ? getWeight(c) / sum
                       : 1 / static_cast<double>(shape[op.getAxis()]);
    // (A probability varies between 0 and 1.)
    double spread =
        std::min(std::expm1(std::min(input[c].variance, 50.0)), 1 / share - 1);
    double slope = share * std::sqrt(1 + spread) * (1 - share);
    rule.result[c] = op.getLog() ? Moments{std::log(share), input[c].variance}
                                 : Moments{share, share * share * spread};
    auto entry = static_cast<uint32_t>(c);
    double gain = op.getLog() ? 1.0 : std::min(slope * slope, 1.0 / 16);
    rule.paths[0].push_back({entry, entry, gain, gain});
  }
  return rule;
}

std::optional<ErrorRule>
toeplitz::applyNormalizationRule(Operation *op, OperandMoments operands) {
  using Result = std::optional<ErrorRule>;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](cnn::BatchNormOp op) { return applyBatchNorm(op, operands); })
      .Case([&](cnn::GroupNormOp op) { return applyGroupNorm(op, operands); })
      .Case([&](cnn::LayerNormOp op) { return applyLayerNorm(op, operands); })
      .Case([&](cnn::LrnOp op) { return applyLrn(op, operands); })
      .Case([&](cnn::PoolOp op) { return applyPool(op, *operands[0]); })
      .Case([&](cnn::SoftmaxOp op) { return applySoftmax(op, *operands[0]); })
      .Default([](Operation *) { return Result(); });
}
