// The non-linear functions of cnn.activation and cnn.prelu. Comparisons are
// written so that a NaN stays one.

#include "compiler/Reference/Operators.h"

#include <cmath>

using namespace mlir;
using namespace toeplitz;
using namespace toeplitz::reference;

static double clip(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}

static double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

/// log(1 + exp(x)) without overflow.
static double softplus(double x) {
  return x > 0.0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

static double activate(cnn::ActivationKind kind, double x, double alpha,
                       double beta) {
  switch (kind) {
  case cnn::ActivationKind::Relu:
    return x < 0.0 ? 0.0 : x;
  case cnn::ActivationKind::LeakyRelu:
    return x >= 0.0 ? x : alpha * x;
  case cnn::ActivationKind::Clip:
    return clip(x, alpha, beta);
  case cnn::ActivationKind::Sigmoid:
    return sigmoid(x);
  case cnn::ActivationKind::Tanh:
    return std::tanh(x);
  case cnn::ActivationKind::Elu:
    return x > 0.0 ? x : alpha * std::expm1(x);
  case cnn::ActivationKind::Selu:
    return beta * (x > 0.0 ? x : alpha * std::expm1(x));
  case cnn::ActivationKind::Celu:
    return (x < 0.0 ? 0.0 : x) + std::min(0.0, alpha * std::expm1(x / alpha));
  case cnn::ActivationKind::Gelu:
    return x / 2.0 * (1.0 + std::erf(x / std::sqrt(2.0)));
  case cnn::ActivationKind::GeluTanh: {
    double inner = std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x);
    return x / 2.0 * (1.0 + std::tanh(inner));
  }
  case cnn::ActivationKind::Silu:
    return x * sigmoid(x);
  case cnn::ActivationKind::Mish:
    return x * std::tanh(softplus(x));
  case cnn::ActivationKind::Softplus:
    return softplus(x);
  case cnn::ActivationKind::Softsign:
    return x / (1.0 + std::abs(x));
  case cnn::ActivationKind::HardSigmoid:
    return clip(alpha * x + beta, 0.0, 1.0);
  case cnn::ActivationKind::HardSwish:
    return x * clip(x / 6.0 + 0.5, 0.0, 1.0);
  }
  llvm_unreachable("an activation without a definition");
}

static Tensor prelu(const Tensor &input, const Tensor &slope) {
  Tensor result = input;
  int64_t planeSize = product(ArrayRef(input.shape).drop_front(2));
  for (size_t i = 0; i < result.values.size(); ++i)
    if (result.values[i] < 0.0)
      result.values[i] *= slope.values[i / planeSize % input.shape[1]];
  return result;
}

std::optional<Tensor>
toeplitz::reference::evaluateActivation(Operation *op, Operands operands) {
  if (isa<cnn::PreluOp>(op))
    return prelu(*operands[0], *operands[1]);
  auto activation = dyn_cast<cnn::ActivationOp>(op);
  if (!activation)
    return std::nullopt;
  Tensor result = *operands[0];
  double alpha = activation.getAlpha().convertToDouble();
  double beta = activation.getBeta().convertToDouble();
  for (double &value : result.values)
    value = activate(activation.getKind(), value, alpha, beta);
  return result;
}
