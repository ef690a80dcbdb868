// Normalisations of channels: of the whole batch, of each image, of groups. f32
// goes to the cnn dialect; everything else is written out.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Standardization.h"
#include "compiler/Frontend/Shape.h"
#include "dialects/CNN/CNNDialect.h"

using namespace mlir;

namespace toeplitz {

/// A value for each channel, as a tensor that repeats to rank `rank`.
static OnnxValue spreadChannels(OnnxNode &node, OnnxValue channels,
                                int64_t rank) {
  llvm::SmallVector<int64_t> shape(rank, 1);
  shape[1] = channels.getShape()[0];
  return {node.reshape(channels.value, shape), channels.type};
}

/// Checks that inputs `first` to `last` have a value for each of `count`
/// channels (or groups, as `what` says).
static LogicalResult checkChannels(OnnxNode &node, size_t first, size_t last,
                                   int64_t count, llvm::StringRef what) {
  for (size_t index = first; index <= last; ++index) {
    if (failed(node.checkFloat(index)))
      return failure();
    if (node.getShape(index) != llvm::ArrayRef<int64_t>(count))
      return node.error() << "input " << index << " has shape "
                          << formatShape(node.getShape(index)) << ", expected "
                          << count << ", one for each " << what;
  }
  return success();
}

// --- batch normalisation ----------------------------------------------------

/// new = old * momentum + current * (1 - momentum)
static OnnxValue emitRunning(OnnxNode &node, OnnxValue old, OnnxValue current,
                             double momentum) {
  ElementType type = current.type;
  return emitElementwise(
      node, {old, current}, old.getShape(), type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        auto scaled = [&](Value value, double factor) {
          return emitMultiply(builder, location, value,
                              emitNumber(builder, location, type, factor),
                              type);
        };
        return emitAdd(builder, location, scaled(elements[0], momentum),
                       scaled(elements[1], 1 - momentum), type);
      });
}

/// y = x * factor + offset, with statistics that are computed once for each
/// channel.
static OnnxValue emitBatchNorm(OnnxNode &node, OnnxValue input,
                               llvm::ArrayRef<OnnxValue> parameters,
                               double epsilon) {
  int64_t rank = input.getRank();
  OnnxValue inverse = emitInverseDeviation(node, parameters[3], epsilon);
  OnnxValue factor = emitProduct(node, parameters[0], inverse);
  OnnxValue centered =
      emitCentered(node, input, spreadChannels(node, parameters[2], rank));
  return emitAffine(node, centered, spreadChannels(node, factor, rank),
                    spreadChannels(node, parameters[1], rank));
}

static LogicalResult buildBatchNormalization(OnnxNode &node) {
  double epsilon = 1e-5, momentum = 0.9;
  bool isTraining = false, isSpatial = true;
  AttributeReader attributes = node.getAttributes();
  attributes.number("epsilon", epsilon).number("momentum", momentum);
  if (node.getVersion() < 9)
    attributes.boolean("spatial", isSpatial);
  if (node.getVersion() >= 14)
    attributes.boolean("training_mode", isTraining);
  if (failed(attributes.finish()) || failed(node.checkFloat(0)) ||
      failed(node.checkRank(0, 1, maximumRank)))
    return failure();
  if (!isSpatial)
    return node.error() << "attribute 'spatial' is 0, which is not supported";
  for (size_t index = isTraining ? 3 : 1; index < node.getResultCount();
       ++index)
    if (node.isResultUsed(index))
      return node.error() << "result " << index
                          << " is for training, which is not supported";

  llvm::SmallVector<int64_t> shape(node.getShape());
  // A tensor of rank 1 has one channel.
  llvm::SmallVector<int64_t> ranked = shape;
  if (ranked.size() == 1)
    ranked.push_back(1);
  if (failed(checkChannels(node, 1, 4, ranked[1], "channel")))
    return failure();
  ElementType type = getComputeType(node.getType());
  OnnxValue input = getInputAs(node, 0, type);
  input.value = node.reshape(input.value, ranked);
  // Scale, bias, mean and variance.
  llvm::SmallVector<OnnxValue> parameters;
  for (size_t index = 1; index <= 4; ++index)
    parameters.push_back(foldValue(node, getInputAs(node, index, type)));

  if (isTraining) {
    llvm::SmallVector<int64_t> dimensions;
    for (int64_t d = 0; d < input.getRank(); ++d)
      if (d != 1)
        dimensions.push_back(d);
    OnnxValue mean = emitMean(node, input, dimensions, false);
    OnnxValue centered =
        emitCentered(node, input, spreadChannels(node, mean, input.getRank()));
    OnnxValue variance =
        emitMean(node, emitSquare(node, centered), dimensions, false);
    node.setResult(1, convert(node,
                              emitRunning(node, parameters[2], mean, momentum),
                              node.getType(3)));
    node.setResult(
        2, convert(node, emitRunning(node, parameters[3], variance, momentum),
                   node.getType(4)));
    parameters[2] = mean;
    parameters[3] = variance;
  }

  OnnxValue result;
  if (isNetworkTensor(input) && !isTraining) {
    auto normalized = node.create<cnn::BatchNormOp>(
        input.value, parameters[0].value, parameters[1].value,
        parameters[2].value, parameters[3].value, toFloat(epsilon));
    if (failed(normalized))
      return failure();
    result = {*normalized, type};
  } else {
    result = emitBatchNorm(node, input, parameters, epsilon);
  }
  result.value = node.reshape(result.value, shape);
  node.setResult(0, convert(node, result, node.getType()));
  return success();
}

// --- instance and group normalisation ---------------------------------------

/// Normalises each of `groups` groups of channels; scale and bias have a value
/// for each channel.
static llvm::FailureOr<OnnxValue> emitGroupNorm(OnnxNode &node, OnnxValue input,
                                                OnnxValue scale, OnnxValue bias,
                                                int64_t groups,
                                                double epsilon) {
  if (isNetworkTensor(input)) {
    auto normalized = node.create<cnn::GroupNormOp>(
        input.value, scale.value, bias.value, static_cast<uint64_t>(groups),
        toFloat(epsilon));
    if (failed(normalized))
      return failure();
    return OnnxValue{*normalized, input.type};
  }
  llvm::SmallVector<int64_t> shape(input.getShape());
  if (llvm::is_contained(shape, 0))
    return input;
  int64_t rest = input.getTensorType().getNumElements() / (shape[0] * groups);
  OnnxValue grouped{node.reshape(input.value, {shape[0], groups, rest}),
                    input.type};
  Standardized standardized = emitStandardized(node, grouped, {2}, epsilon);
  OnnxValue value{node.reshape(standardized.value.value, shape), input.type};
  return emitAffine(node, value, spreadChannels(node, scale, input.getRank()),
                    spreadChannels(node, bias, input.getRank()));
}

static LogicalResult buildInstanceNormalization(OnnxNode &node) {
  double epsilon = 1e-5;
  if (failed(node.getAttributes().number("epsilon", epsilon).finish()) ||
      failed(node.checkFloat(0)) || failed(node.checkRank(0, 3, maximumRank)) ||
      failed(checkChannels(node, 1, 2, node.getShape()[1], "channel")))
    return failure();
  ElementType type = getComputeType(node.getType());
  auto result =
      emitGroupNorm(node, getInputAs(node, 0, type), getInputAs(node, 1, type),
                    getInputAs(node, 2, type), node.getShape()[1], epsilon);
  if (failed(result))
    return failure();
  node.setResult(convert(node, *result, node.getType()));
  return success();
}

/// A value for each group becomes one for each of its channels.
static OnnxValue repeatGroups(OnnxNode &node, OnnxValue groups,
                              int64_t channels) {
  int64_t count = groups.getShape()[0];
  OnnxValue column{node.reshape(groups.value, {count, 1}), groups.type};
  OnnxValue repeated = emitElementwise(
      node, llvm::ArrayRef<OnnxValue>(column), {count, channels / count},
      groups.type,
      [](OpBuilder &, Location, ValueRange elements) { return elements[0]; });
  repeated.value = node.reshape(repeated.value, {channels});
  return foldValue(node, repeated);
}

static LogicalResult buildGroupNormalization(OnnxNode &node) {
  double epsilon = 1e-5;
  int64_t groups = 1;
  AttributeReader attributes = node.getAttributes();
  attributes.number("epsilon", epsilon).integer("num_groups", groups, 1);
  attributes.required();
  // The precision of the sums; they have at least that of f32 here.
  if (node.getVersion() >= 21)
    attributes.ignore("stash_type");
  if (failed(attributes.finish()) || failed(node.checkFloat(0)) ||
      failed(node.checkRank(0, 2, maximumRank)))
    return failure();
  int64_t channels = node.getShape()[1];
  if (channels % groups != 0)
    return node.error() << "attribute 'num_groups' is " << groups
                        << ", which doesn't divide the " << channels
                        << " channels";
  // The first version has a scale for each group.
  bool isForGroups = node.getVersion() < 21;
  if (failed(checkChannels(node, 1, 2, isForGroups ? groups : channels,
                           isForGroups ? "group" : "channel")))
    return failure();
  ElementType type = getComputeType(node.getType());
  OnnxValue scale = getInputAs(node, 1, type), bias = getInputAs(node, 2, type);
  if (isForGroups && groups != channels) {
    scale = repeatGroups(node, scale, channels);
    bias = repeatGroups(node, bias, channels);
  }
  auto result = emitGroupNorm(node, getInputAs(node, 0, type), scale, bias,
                              groups, epsilon);
  if (failed(result))
    return failure();
  node.setResult(convert(node, *result, node.getType()));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxNormalizationOperators() {
  static const OnnxOperator operators[] = {
      {"BatchNormalization", 7, newestOpset, 5, 5, 5, buildBatchNormalization},
      {"GroupNormalization", 18, newestOpset, 3, 3, 1, buildGroupNormalization},
      {"InstanceNormalization", 6, newestOpset, 3, 3, 1,
       buildInstanceNormalization}};
  return operators;
}

} // namespace toeplitz
