// Non-linear functions of each element, and softmax.

#include "compiler/Frontend/LayerBuilder.h"
#include "compiler/Frontend/Operators.h"
#include <cstring>
#include <limits>

using namespace mlir;

namespace toeplitz {

using cnn::ActivationKind;

static llvm::FailureOr<Value> createActivation(LayerBuilder &layer,
                                               ActivationKind kind,
                                               double alpha = 0,
                                               double beta = 0) {
  return layer.create<cnn::ActivationOp>(
      kind, layer.getInput(), llvm::APFloat(static_cast<float>(alpha)),
      llvm::APFloat(static_cast<float>(beta)));
}

/// The functions without parameters.
template <ActivationKind kind>
static llvm::FailureOr<Value> buildPlain(LayerBuilder &layer) {
  return createActivation(layer, kind);
}

static llvm::FailureOr<Value> buildRelu6(LayerBuilder &layer) {
  return createActivation(layer, ActivationKind::Clip, 0, 6);
}

static llvm::FailureOr<Value> buildLeakyRelu(LayerBuilder &layer) {
  return createActivation(layer, ActivationKind::LeakyRelu,
                          layer.getNumber("negative_slope", 0.01));
}

static llvm::FailureOr<Value> buildElu(LayerBuilder &layer) {
  return createActivation(layer, ActivationKind::Elu,
                          layer.getNumber("alpha", 1));
}

static llvm::FailureOr<Value> buildCelu(LayerBuilder &layer) {
  double alpha = layer.getNumber("alpha", 1);
  // What counts is the value as f32.
  if (static_cast<float>(alpha) == 0) {
    layer.error("alpha") << "'alpha' must not be 0";
    return failure();
  }
  return createActivation(layer, ActivationKind::Celu, alpha);
}

/// Source of the constants: Klambauer et al. 2017, arXiv:1706.02515,
/// equation 14.
static llvm::FailureOr<Value> buildSelu(LayerBuilder &layer) {
  return createActivation(layer, ActivationKind::Selu,
                          1.6732632423543772848170429916717,
                          1.0507009873554804934193349852946);
}

static llvm::FailureOr<Value> buildGelu(LayerBuilder &layer) {
  return createActivation(layer, layer.getWord("approximate", "none") == "tanh"
                                     ? ActivationKind::GeluTanh
                                     : ActivationKind::Gelu);
}

/// PyTorch's relu6(x + 3) / 6.
static llvm::FailureOr<Value> buildHardSigmoid(LayerBuilder &layer) {
  return createActivation(layer, ActivationKind::HardSigmoid, 1.0 / 6, 0.5);
}

static llvm::FailureOr<Value> buildClamp(LayerBuilder &layer) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  double low = layer.getNumber("min", -infinity);
  double high = layer.getNumber("max", infinity);
  if (!layer.has("min") && !layer.has("max")) {
    layer.error() << "operator 'clamp' needs 'min', 'max' or both";
    return failure();
  }
  if (low > high) {
    layer.error("min") << "'min' is " << formatNumber(low)
                       << ", more than 'max', which is " << formatNumber(high);
    return failure();
  }
  return createActivation(layer, ActivationKind::Clip, low, high);
}

static llvm::FailureOr<Value> buildPrelu(LayerBuilder &layer) {
  auto channels = layer.getChannels();
  if (failed(channels))
    return failure();
  int64_t count = layer.getInteger("num_parameters", 1);
  if (count != 1 && count != *channels) {
    layer.error("num_parameters")
        << "'num_parameters' must be 1 or the number of channels, " << *channels
        << "; found " << count;
    return failure();
  }
  auto slope = layer.getWeightAttribute({"weight", {count}, WeightRole::Slope});
  if (failed(slope))
    return failure();
  if (count == 1) {
    // One slope for all channels.
    float number = 0;
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(*slope))
      memcpy(&number, resource.getData().data(), sizeof(number));
    else
      number = *(*slope).value_begin<float>();
    return createActivation(layer, ActivationKind::LeakyRelu, number);
  }
  return layer.create<cnn::PreluOp>(layer.getInput(),
                                    layer.makeConstant(*slope));
}

template <bool isLogarithm>
static llvm::FailureOr<Value> buildSoftmax(LayerBuilder &layer) {
  int64_t rank = layer.getShape().size();
  // A vector has no channels.
  auto dimension = layer.getDimension("dim", rank > 1 ? 1 : 0, rank);
  if (failed(dimension))
    return failure();
  return layer.create<cnn::SoftmaxOp>(
      layer.getInput(), static_cast<uint64_t>(*dimension), isLogarithm);
}

llvm::ArrayRef<OperatorRule> getActivationOperators() {
  using Type = ParameterType;
  static const ParameterRule leakyRelu[] = {{"negative_slope", Type::Number}};
  static const ParameterRule alpha[] = {{"alpha", Type::Number}};
  static const ParameterRule gelu[] = {
      {"approximate", Type::Word, Presence::Optional, "none|tanh"}};
  static const ParameterRule clamp[] = {{"min", Type::Number},
                                        {"max", Type::Number}};
  static const ParameterRule prelu[] = {{"num_parameters", Type::Size},
                                        {"weight", Type::Weights}};
  static const ParameterRule softmax[] = {{"dim", Type::Position}};
  static const OperatorRule operators[] = {
      {"relu", 1, 1, {}, buildPlain<ActivationKind::Relu>},
      {"relu6", 1, 1, {}, buildRelu6},
      {"leaky_relu", 1, 1, leakyRelu, buildLeakyRelu},
      {"prelu", 1, 1, prelu, buildPrelu},
      {"elu", 1, 1, alpha, buildElu},
      {"selu", 1, 1, {}, buildSelu},
      {"celu", 1, 1, alpha, buildCelu},
      {"gelu", 1, 1, gelu, buildGelu},
      {"silu", 1, 1, {}, buildPlain<ActivationKind::Silu>},
      {"mish", 1, 1, {}, buildPlain<ActivationKind::Mish>},
      {"sigmoid", 1, 1, {}, buildPlain<ActivationKind::Sigmoid>},
      {"tanh", 1, 1, {}, buildPlain<ActivationKind::Tanh>},
      {"softplus", 1, 1, {}, buildPlain<ActivationKind::Softplus>},
      {"softsign", 1, 1, {}, buildPlain<ActivationKind::Softsign>},
      {"hardsigmoid", 1, 1, {}, buildHardSigmoid},
      {"hardswish", 1, 1, {}, buildPlain<ActivationKind::HardSwish>},
      {"clamp", 1, 1, clamp, buildClamp},
      {"softmax", 1, 1, softmax, buildSoftmax<false>},
      {"log_softmax", 1, 1, softmax, buildSoftmax<true>}};
  return operators;
}

} // namespace toeplitz
