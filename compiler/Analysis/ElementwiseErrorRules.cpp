// Typical values and errors through operations on single elements.
//
// A function f of a number x with a small error e has the error f'(x) e, whose
// variance is E[f'(x)^2] times that of e: a mean over the distribution of x,
// for which that of a normal distribution with its mean and variance is taken,
// as in the mean field theory of deep networks (TypicalError.h).

#include "compiler/Analysis/ErrorRules.h"

#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <functional>

using namespace mlir;
using namespace toeplitz;

using ScalarFunction = std::function<double(double)>;

static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

static double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
}

static double hardSigmoid(double x, double slope, double offset) {
  return std::min(std::max(slope * x + offset, 0.0), 1.0);
}

static ScalarFunction getActivation(cnn::ActivationOp op) {
  using Kind = cnn::ActivationKind;
  double alpha = op.getAlpha().convertToDouble();
  double beta = op.getBeta().convertToDouble();
  switch (op.getKind()) {
  case Kind::Relu:
    return [](double x) { return std::max(x, 0.0); };
  case Kind::LeakyRelu:
    return [=](double x) { return x >= 0 ? x : alpha * x; };
  case Kind::Clip:
    return [=](double x) { return std::min(std::max(x, alpha), beta); };
  case Kind::Sigmoid:
    return sigmoid;
  case Kind::Tanh:
    return [](double x) { return std::tanh(x); };
  case Kind::Elu:
    return [=](double x) { return x > 0 ? x : alpha * std::expm1(x); };
  case Kind::Selu:
    return [=](double x) { return beta * (x > 0 ? x : alpha * std::expm1(x)); };
  case Kind::Celu:
    return [=](double x) {
      return std::max(x, 0.0) + std::min(alpha * std::expm1(x / alpha), 0.0);
    };
  case Kind::Gelu:
  case Kind::GeluTanh: // They differ by a thousandth.
    return [](double x) { return x / 2 * std::erfc(-x / std::sqrt(2.0)); };
  case Kind::Silu:
    return [](double x) { return x * sigmoid(x); };
  case Kind::Mish:
    return [](double x) { return x * std::tanh(softplus(x)); };
  case Kind::Softplus:
    return softplus;
  case Kind::Softsign:
    return [](double x) { return x / (1 + std::fabs(x)); };
  case Kind::HardSigmoid:
    return [=](double x) { return hardSigmoid(x, alpha, beta); };
  case Kind::HardSwish:
    return [](double x) { return x * hardSigmoid(x, 1.0 / 6, 0.5); };
  }
  return {};
}

/// The function of an operation with one operand; null for others.
static ScalarFunction getFunction(Operation *op) {
  using Result = ScalarFunction;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([](cnn::ActivationOp op) { return getActivation(op); })
      .Case([](arith::NegFOp) -> Result { return std::negate<double>(); })
      .Case([](math::AbsFOp) -> Result {
        return [](double x) { return std::fabs(x); };
      })
      .Case([](math::TanhOp) -> Result {
        return [](double x) { return std::tanh(x); };
      })
      .Case([](math::ErfOp) -> Result {
        return [](double x) { return std::erf(x); };
      })
      .Case([](math::SinOp) -> Result {
        return [](double x) { return std::sin(x); };
      })
      .Case([](math::CosOp) -> Result {
        return [](double x) { return std::cos(x); };
      })
      .Case([](math::ExpOp) -> Result {
        return [](double x) { return std::exp(x); };
      })
      .Case([](math::SqrtOp) -> Result {
        return [](double x) { return std::sqrt(std::max(x, 0.0)); };
      })
      .Default([](Operation *) { return Result(); });
}

static ErrorRule applyFunction(const ChannelMoments &argument,
                               const ScalarFunction &function) {
  ErrorRule rule;
  rule.result = ChannelMoments(argument.size());
  rule.paths.resize(1);
  for (size_t c = 0; c < argument.size(); ++c) {
    FunctionMoments moments = applyToNormal(argument[c], function);
    rule.result[c] = moments.result;
    auto entry = static_cast<uint32_t>(c);
    rule.paths[0].push_back(
        {entry, entry, moments.squaredSlope, moments.slope * moments.slope});
  }
  return rule;
}

static ErrorRule applyPrelu(const ChannelMoments &argument,
                            const ChannelMoments &slopes) {
  ErrorRule rule;
  size_t channels = std::max(argument.size(), slopes.size());
  rule.result = ChannelMoments(channels);
  rule.paths.resize(2);
  for (size_t c = 0; c < channels; ++c) {
    double slope = slopes[c].mean;
    FunctionMoments moments = applyToNormal(
        argument[c], [=](double x) { return x >= 0 ? x : slope * x; });
    rule.result[c] = moments.result;
    rule.paths[0].push_back({static_cast<uint32_t>(argument.getEntry(c)),
                             static_cast<uint32_t>(c), moments.squaredSlope,
                             moments.slope * moments.slope});
  }
  return rule;
}

namespace {
/// A function of two independent numbers, and what it makes of the variances of
/// their errors.
struct BinaryMoments {
  Moments result;
  double firstGain = 1, secondGain = 1;
  /// Of errors that all positions have in common.
  double firstCommonGain = 1, secondCommonGain = 1;
};
} // namespace

static BinaryMoments multiply(Moments a, Moments b) {
  double mean = a.mean * b.mean;
  return {{mean, a.getSquare() * b.getSquare() - mean * mean},
          b.getSquare(),
          a.getSquare(),
          b.mean * b.mean,
          a.mean * a.mean};
}

/// To first order: 1 / b has the slope -1 / b^2.
static BinaryMoments divide(Moments a, Moments b) {
  double slope = 1 / (b.mean * b.mean);
  Moments inverse = {1 / b.mean, b.variance * slope * slope};
  BinaryMoments moments = multiply(a, inverse);
  moments.secondGain *= slope * slope;
  moments.secondCommonGain *= slope * slope;
  return moments;
}

static BinaryMoments takeLarger(Moments a, Moments b) {
  LargerOfTwo larger = getLargerOfNormals(a, b);
  double first = larger.probabilityOfFirst, second = 1 - first;
  return {larger.result, first, second, first * first, second * second};
}

static Moments negate(Moments a) { return {-a.mean, a.variance}; }

static BinaryMoments takeSmaller(Moments a, Moments b) {
  BinaryMoments moments = takeLarger(negate(a), negate(b));
  moments.result = negate(moments.result);
  return moments;
}

using BinaryFunction = BinaryMoments (*)(Moments, Moments);

/// The function of an operation with two operands; null for others.
static BinaryFunction getBinaryFunction(Operation *op) {
  using Result = BinaryFunction;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([](arith::AddFOp) -> Result {
        return [](Moments a, Moments b) -> BinaryMoments {
          return {{a.mean + b.mean, a.variance + b.variance}};
        };
      })
      .Case([](arith::SubFOp) -> Result {
        return [](Moments a, Moments b) -> BinaryMoments {
          return {{a.mean - b.mean, a.variance + b.variance}};
        };
      })
      .Case([](arith::MulFOp) -> Result { return multiply; })
      .Case([](arith::DivFOp) -> Result { return divide; })
      .Case([](arith::MaximumFOp) -> Result { return takeLarger; })
      .Case([](arith::MinimumFOp) -> Result { return takeSmaller; })
      .Default([](Operation *) { return Result(); });
}

static ErrorRule applyBinary(const ChannelMoments &first,
                             const ChannelMoments &second,
                             BinaryFunction function) {
  ErrorRule rule;
  size_t channels = std::max(first.size(), second.size());
  rule.result = ChannelMoments(channels);
  rule.paths.resize(2);
  for (size_t c = 0; c < channels; ++c) {
    BinaryMoments moments = function(first[c], second[c]);
    rule.result[c] = moments.result;
    auto to = static_cast<uint32_t>(c);
    rule.paths[0].push_back({static_cast<uint32_t>(first.getEntry(c)), to,
                             moments.firstGain, moments.firstCommonGain});
    rule.paths[1].push_back({static_cast<uint32_t>(second.getEntry(c)), to,
                             moments.secondGain, moments.secondCommonGain});
  }
  return rule;
}

/// The function of an operation whose two operands are the same value.
static ScalarFunction getFunctionOfOne(Operation *op) {
  if (isa<arith::AddFOp>(op))
    return [](double x) { return 2 * x; };
  if (isa<arith::MulFOp>(op))
    return [](double x) { return x * x; };
  return {};
}

/// Whether a divisor stays away from zero.
static bool isDivisor(const ChannelMoments &values) {
  for (size_t c = 0; c < values.size(); ++c)
    if (values[c].mean * values[c].mean <= 4 * values[c].variance)
      return false;
  return true;
}

std::optional<ErrorRule>
toeplitz::applyElementwiseRule(Operation *op, OperandMoments operands) {
  if (ScalarFunction function = getFunction(op))
    return applyFunction(*operands[0], function);
  if (auto prelu = dyn_cast<cnn::PreluOp>(op))
    return applyPrelu(*operands[0], *operands[1]);
  BinaryFunction function = getBinaryFunction(op);
  if (!function || (isa<arith::DivFOp>(op) && !isDivisor(*operands[1])))
    return std::nullopt;
  if (op->getOperand(0) == op->getOperand(1))
    if (ScalarFunction one = getFunctionOfOne(op))
      return applyFunction(*operands[0], one);
  return applyBinary(*operands[0], *operands[1], function);
}
