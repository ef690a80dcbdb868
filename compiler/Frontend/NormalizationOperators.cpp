// Normalisations.

#include "compiler/Frontend/LayerBuilder.h"
#include "compiler/Frontend/Operators.h"

using namespace mlir;

namespace toeplitz {

/// PyTorch's default for what keeps the division from one by zero.
constexpr double defaultEpsilon = 1e-5;

static llvm::APFloat getEpsilon(const LayerBuilder &layer) {
  return llvm::APFloat(
      static_cast<float>(layer.getNumber("eps", defaultEpsilon)));
}

namespace {

/// The scale and shift of a normalisation.
struct Affine {
  Value scale, bias;
};

} // namespace

/// Reads them from the weights if the layer has them; otherwise they are 1 and
/// 0.
static llvm::FailureOr<Affine> getAffine(LayerBuilder &layer,
                                         llvm::ArrayRef<int64_t> shape,
                                         bool hasScale, bool hasBias) {
  Affine affine;
  if (hasScale) {
    auto scale = layer.getWeight(
        {"weight", LayerBuilder::Shape(shape), WeightRole::Scale});
    if (failed(scale))
      return failure();
    affine.scale = *scale;
  } else {
    affine.scale = layer.makeConstant(shape, 1);
  }
  if (hasBias) {
    auto bias =
        layer.getWeight({"bias", LayerBuilder::Shape(shape), WeightRole::Bias});
    if (failed(bias))
      return failure();
    affine.bias = *bias;
  } else {
    affine.bias = layer.makeConstant(shape, 0);
  }
  return affine;
}

/// Scale and shift for each channel: both or none, as `affine` says.
static llvm::FailureOr<Affine>
getChannelAffine(LayerBuilder &layer, int64_t channels, bool isAffineDefault) {
  bool isAffine = layer.getBoolean("affine", isAffineDefault);
  return getAffine(layer, {channels}, isAffine, isAffine);
}

static llvm::FailureOr<Value> buildBatchNorm(LayerBuilder &layer) {
  auto channels = layer.getChannels();
  if (failed(channels) || failed(layer.checkStated("num_features", *channels)))
    return failure();
  auto affine = getChannelAffine(layer, *channels, /*isAffineDefault=*/true);
  if (failed(affine))
    return failure();
  auto mean = layer.getWeight({"running_mean", {*channels}, WeightRole::Mean});
  if (failed(mean))
    return failure();
  auto variance =
      layer.getWeight({"running_var", {*channels}, WeightRole::Variance});
  if (failed(variance))
    return failure();
  return layer.create<cnn::BatchNormOp>(layer.getInput(), affine->scale,
                                        affine->bias, *mean, *variance,
                                        getEpsilon(layer));
}

/// Instance normalisation is group normalisation with a group for each channel.
static llvm::FailureOr<Value> buildInstanceNorm(LayerBuilder &layer) {
  if (failed(layer.getSpatialRank()))
    return failure();
  int64_t channels = layer.getShape()[1];
  if (failed(layer.checkStated("num_features", channels)))
    return failure();
  auto affine = getChannelAffine(layer, channels, /*isAffineDefault=*/false);
  if (failed(affine))
    return failure();
  return layer.create<cnn::GroupNormOp>(
      layer.getInput(), affine->scale, affine->bias,
      static_cast<uint64_t>(channels), getEpsilon(layer));
}

static llvm::FailureOr<Value> buildGroupNorm(LayerBuilder &layer) {
  auto channels = layer.getChannels();
  if (failed(channels) || failed(layer.checkStated("num_channels", *channels)))
    return failure();
  int64_t groups = layer.getInteger("num_groups", 1);
  if (*channels % groups != 0) {
    layer.error("num_groups")
        << "'num_groups' is " << groups << ", which doesn't divide the "
        << *channels << " channels";
    return failure();
  }
  auto affine = getChannelAffine(layer, *channels, /*isAffineDefault=*/true);
  if (failed(affine))
    return failure();
  return layer.create<cnn::GroupNormOp>(
      layer.getInput(), affine->scale, affine->bias,
      static_cast<uint64_t>(groups), getEpsilon(layer));
}

static llvm::FailureOr<Value> buildLayerNorm(LayerBuilder &layer) {
  llvm::SmallVector<int64_t> shape = layer.getIntegers("normalized_shape");
  llvm::ArrayRef<int64_t> input = layer.getShape();
  if (shape.size() > input.size() ||
      input.take_back(shape.size()) != llvm::ArrayRef<int64_t>(shape)) {
    layer.error("normalized_shape")
        << "'normalized_shape' must be the last dimensions of the input "
        << formatShape(layer.getShape());
    return failure();
  }
  bool isAffine = layer.getBoolean("elementwise_affine", true);
  bool hasBias = isAffine && layer.hasBias();
  auto affine = getAffine(layer, shape, isAffine, hasBias);
  if (failed(affine))
    return failure();
  return layer.create<cnn::LayerNormOp>(
      layer.getInput(), affine->scale, affine->bias,
      static_cast<uint64_t>(input.size() - shape.size()),
      /*end=*/IntegerAttr(), getEpsilon(layer));
}

static llvm::FailureOr<Value> buildLocalResponseNorm(LayerBuilder &layer) {
  if (failed(layer.getChannels()))
    return failure();
  int64_t size = layer.getInteger("size", 1);
  // PyTorch puts the larger half of an even window before the channel, ONNX
  // after it.
  if (size % 2 == 0) {
    layer.error("size") << "'size' must be odd, found " << size
                        << ": an even window has no center, and frameworks "
                           "disagree where it lies";
    return failure();
  }
  auto number = [&](llvm::StringRef parameter, double defaultValue) {
    return llvm::APFloat(
        static_cast<float>(layer.getNumber(parameter, defaultValue)));
  };
  return layer.create<cnn::LrnOp>(layer.getInput(), static_cast<uint64_t>(size),
                                  number("alpha", 1e-4), number("beta", 0.75),
                                  number("k", 1));
}

llvm::ArrayRef<OperatorRule> getNormalizationOperators() {
  using Type = ParameterType;
  static const ParameterRule batchNorm[] = {
      {"eps", Type::NonNegative},    {"affine", Type::Boolean},
      {"num_features", Type::Size},  {"weight", Type::Weights},
      {"bias", Type::Weights},       {"running_mean", Type::Weights},
      {"running_var", Type::Weights}};
  static const ParameterRule instanceNorm[] = {{"eps", Type::NonNegative},
                                               {"affine", Type::Boolean},
                                               {"num_features", Type::Size},
                                               {"weight", Type::Weights},
                                               {"bias", Type::Weights}};
  static const ParameterRule groupNorm[] = {
      {"num_groups", Type::Size, Presence::Required},
      {"eps", Type::NonNegative},
      {"affine", Type::Boolean},
      {"num_channels", Type::Size},
      {"weight", Type::Weights},
      {"bias", Type::Weights}};
  static const ParameterRule layerNorm[] = {
      {"normalized_shape", Type::Sizes, Presence::Required},
      {"eps", Type::NonNegative},
      {"elementwise_affine", Type::Boolean},
      {"weight", Type::Weights},
      {"bias", Type::Bias}};
  static const ParameterRule localResponseNorm[] = {
      {"size", Type::Size, Presence::Required},
      {"alpha", Type::Number},
      {"beta", Type::Number},
      {"k", Type::Number}};
  static const OperatorRule operators[] = {
      {"batch_norm", 1, 1, batchNorm, buildBatchNorm},
      {"instance_norm", 1, 1, instanceNorm, buildInstanceNorm},
      {"group_norm", 1, 1, groupNorm, buildGroupNorm},
      {"layer_norm", 1, 1, layerNorm, buildLayerNorm},
      {"local_response_norm", 1, 1, localResponseNorm, buildLocalResponseNorm}};
  return operators;
}

} // namespace toeplitz
