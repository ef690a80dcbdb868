// Normalisations over dimensions that the node chooses. f32 goes to the cnn
// dialect where that has the operation; everything else is written out.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Standardization.h"
#include "compiler/Frontend/Shape.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace toeplitz {

namespace {

struct LayerParameters {
  int64_t axis = -1;
  double epsilon = 1e-5;
  ElementType stashType = ElementType::Float32;
  llvm::SmallVector<int64_t> dimensions;
};

} // namespace

static llvm::FailureOr<LayerParameters> readLayerParameters(OnnxNode &node) {
  LayerParameters parameters;
  if (failed(node.getAttributes()
                 .integer("axis", parameters.axis)
                 .number("epsilon", parameters.epsilon)
                 .elementType("stash_type", parameters.stashType)
                 .finish()) ||
      failed(node.checkFloat(0)) || failed(node.checkRank(0, 1, maximumRank)))
    return failure();
  if (!isFloatingPoint(parameters.stashType))
    return LogicalResult(node.error() << "attribute 'stash_type' is "
                                      << getName(parameters.stashType)
                                      << ", expected a floating-point type");
  auto axis =
      node.normalizeAxis(parameters.axis, node.getRank(), "attribute 'axis'");
  if (failed(axis))
    return failure();
  parameters.axis = *axis;
  for (int64_t d = *axis; d < node.getRank(); ++d)
    parameters.dimensions.push_back(d);
  for (size_t index = 1; index < node.getInputCount(); ++index) {
    if (!node.hasInput(index))
      continue;
    if (failed(node.checkFloat(index)))
      return failure();
    auto shape =
        broadcastShapes(node, {node.getInput(0), node.getInput(index)});
    if (failed(shape))
      return failure();
    if (llvm::ArrayRef<int64_t>(*shape) != node.getShape())
      return LogicalResult(node.error()
                           << "input " << index << " has shape "
                           << formatShape(node.getShape(index))
                           << ", which doesn't repeat to that of input 0, "
                           << formatShape(node.getShape()));
  }
  return parameters;
}

/// The scale or bias of cnn.layer_norm: of the shape that is normalised. Null
/// if it varies along other dimensions as well.
static Value makeLayerParameter(OnnxNode &node, OnnxValue value,
                                llvm::ArrayRef<int64_t> shape) {
  llvm::ArrayRef<int64_t> own = value.getShape();
  while (own.size() > shape.size()) {
    if (own.front() != 1)
      return nullptr;
    own = own.drop_front();
  }
  value.value = node.reshape(value.value, own);
  if (own != shape)
    value = foldValue(node, emitBroadcast(node, value, shape));
  return value.value;
}

/// cnn.layer_norm, or null if that doesn't say it.
static llvm::FailureOr<OnnxValue>
emitLayerNorm(OnnxNode &node, OnnxValue input,
              const LayerParameters &parameters, OnnxValue scale,
              OnnxValue bias) {
  llvm::ArrayRef<int64_t> shape = input.getShape().drop_front(parameters.axis);
  if (!isNetworkTensor(input) || node.isResultUsed(1) || node.isResultUsed(2))
    return OnnxValue();
  Value scaleValue = makeLayerParameter(node, scale, shape);
  Value biasValue = bias ? makeLayerParameter(node, bias, shape)
                         : node.makeConstant(shape, 0);
  if (!scaleValue || !biasValue)
    return OnnxValue();
  auto normalized = node.create<cnn::LayerNormOp>(
      input.value, scaleValue, biasValue,
      static_cast<uint64_t>(parameters.axis), /*end=*/IntegerAttr(),
      toFloat(parameters.epsilon));
  if (failed(normalized))
    return failure();
  return OnnxValue{*normalized, input.type};
}

static LogicalResult buildLayerNormalization(OnnxNode &node) {
  auto parameters = readLayerParameters(node);
  if (failed(parameters))
    return failure();
  ElementType type = getComputeType(node.getType());
  OnnxValue input = getInputAs(node, 0, type),
            scale = getInputAs(node, 1, type);
  OnnxValue bias = node.hasInput(2) ? getInputAs(node, 2, type) : OnnxValue();
  auto result = emitLayerNorm(node, input, *parameters, scale, bias);
  if (failed(result))
    return failure();
  if (!*result) {
    Standardized standardized = emitStandardized(
        node, input, parameters->dimensions, parameters->epsilon);
    result = emitAffine(node, standardized.value, scale, bias);
    node.setResult(1, convert(node, standardized.mean, parameters->stashType));
    node.setResult(
        2, convert(node, standardized.inverseDeviation, parameters->stashType));
  }
  node.setResult(0, convert(node, *result, node.getType()));
  return success();
}

/// y = x / sqrt(mean(x^2) + epsilon) * scale
static LogicalResult buildRmsNormalization(OnnxNode &node) {
  auto parameters = readLayerParameters(node);
  if (failed(parameters))
    return failure();
  ElementType type = getComputeType(node.getType());
  OnnxValue input = getInputAs(node, 0, type);
  OnnxValue meanSquare =
      emitMean(node, emitSquare(node, input), parameters->dimensions, true);
  OnnxValue inverse =
      emitInverseDeviation(node, meanSquare, parameters->epsilon);
  OnnxValue result = emitAffine(node, emitProduct(node, input, inverse),
                                getInputAs(node, 1, type), OnnxValue());
  // The scale may be of another type, which is the result's.
  node.setResult(convert(node, result, node.getType(1)));
  return success();
}

/// y = (x - mean) / (sqrt(variance) + 1e-9)
static LogicalResult buildMeanVarianceNormalization(OnnxNode &node) {
  llvm::SmallVector<int64_t> axes = {0, 2, 3};
  if (failed(node.getAttributes().integers("axes", axes).finish()) ||
      failed(node.checkFloat(0)))
    return failure();
  auto dimensions =
      node.normalizeAxes(axes, node.getRank(), "attribute 'axes'");
  if (failed(dimensions))
    return failure();
  OnnxValue input = toComputeType(node, node.getInput());
  ElementType type = input.type;
  OnnxValue mean = emitMean(node, input, *dimensions, true);
  OnnxValue centered = emitCentered(node, input, mean);
  OnnxValue variance =
      emitMean(node, emitSquare(node, centered), *dimensions, true);
  OnnxValue result = emitElementwise(
      node, {centered, variance}, input.getShape(), type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        constexpr double epsilon = 1e-9;
        Value deviation = math::SqrtOp::create(builder, location, elements[1]);
        Value divisor =
            emitAdd(builder, location, deviation,
                    emitNumber(builder, location, type, epsilon), type);
        return emitDivide(builder, location, elements[0], divisor, type);
      });
  node.setResult(convert(node, result, node.getType()));
  return success();
}

/// y = x / (sum |x|^p)^(1/p), and 0 where that is 0 / 0.
static LogicalResult buildLpNormalization(OnnxNode &node) {
  int64_t axis = -1, p = 2;
  if (failed(node.getAttributes()
                 .integer("axis", axis)
                 .integer("p", p, 1, 2)
                 .finish()) ||
      failed(node.checkFloat(0)) || failed(node.checkRank(0, 1, maximumRank)))
    return failure();
  auto dimension = node.normalizeAxis(axis, node.getRank(), "attribute 'axis'");
  if (failed(dimension))
    return failure();
  OnnxValue input = toComputeType(node, node.getInput());
  ElementType type = input.type;
  Value zero = emitNumber(node.getBuilder(), node.getLocation(), type, 0);
  OnnxValue sum = emitReduction(
      node, input, *dimension, /*keepDimensions=*/true, type, zero,
      [&](OpBuilder &builder, Location location, Value element, Value sofar) {
        Value term =
            p == 1 ? Value(math::AbsFOp::create(builder, location, element))
                   : emitMultiply(builder, location, element, element, type);
        return emitAdd(builder, location, sofar, term, type);
      });
  OnnxValue result = emitElementwise(
      node, {input, sum}, input.getShape(), type,
      [&](OpBuilder &builder, Location location, ValueRange elements) -> Value {
        Value norm = elements[1];
        if (p == 2)
          norm = math::SqrtOp::create(builder, location, norm);
        Value none = emitNumber(builder, location, type, 0);
        Value isZero =
            emitCompare(builder, location, Comparison::Equal, norm, none, type);
        Value quotient = emitDivide(builder, location, elements[0], norm, type);
        return arith::SelectOp::create(builder, location, isZero, none,
                                       quotient);
      });
  node.setResult(convert(node, result, node.getType()));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxLayerNormalizationOperators() {
  static const OnnxOperator operators[] = {
      {"LayerNormalization", 17, newestOpset, 2, 3, 3, buildLayerNormalization},
      {"LpNormalization", 1, newestOpset, 1, 1, 1, buildLpNormalization},
      {"MeanVarianceNormalization", 9, newestOpset, 1, 1, 1,
       buildMeanVarianceNormalization},
      {"RMSNormalization", 23, newestOpset, 2, 2, 1, buildRmsNormalization}};
  return operators;
}

} // namespace toeplitz
