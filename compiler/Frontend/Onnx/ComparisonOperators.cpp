// Comparisons, and choices between elements. Results are bools: 0 or 1.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/ElementBuilder.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "dialects/CNN/CNNDialect.h"
#include <limits>

using namespace mlir;

namespace toeplitz {

template <Comparison comparison>
static LogicalResult buildComparison(OnnxNode &node) {
  if (failed(node.getAttributes().finish()) || failed(node.checkSameType(0, 1)))
    return failure();
  // Bools are equal or not, but in no order.
  if (comparison != Comparison::Equal &&
      failed(node.checkType(0, isNumeric, "a type of numbers")))
    return failure();
  auto shape = broadcastShapes(node, node.getInputs());
  if (failed(shape))
    return failure();
  ElementType type = node.getType();
  node.setResult(emitElementwise(
      node, node.getInputs(), *shape, ElementType::Bool,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        return emitFromCondition(builder, location,
                                 emitCompare(builder, location, comparison,
                                             elements[0], elements[1], type));
      }));
  return success();
}

static LogicalResult buildWhere(OnnxNode &node) {
  if (failed(node.getAttributes().finish()) ||
      failed(node.checkType(
          0, [](ElementType type) { return type == ElementType::Bool; },
          "bool")) ||
      failed(node.checkSameType(1, 2)))
    return failure();
  auto shape = broadcastShapes(node, node.getInputs());
  if (failed(shape))
    return failure();
  node.setResult(emitElementwise(
      node, node.getInputs(), *shape, node.getType(1),
      [](OpBuilder &builder, Location location, ValueRange elements) -> Value {
        return arith::SelectOp::create(
            builder, location, emitToCondition(builder, location, elements[0]),
            elements[1], elements[2]);
      }));
  return success();
}

static LogicalResult buildIsNaN(OnnxNode &node) {
  if (failed(node.getAttributes().finish()) || failed(node.checkFloat(0)))
    return failure();
  ElementType type = node.getType();
  node.setResult(emitElementwise(
      node, node.getInput(), ElementType::Bool,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        return emitFromCondition(builder, location,
                                 emitCompare(builder, location,
                                             Comparison::NotEqual, elements[0],
                                             elements[0], type));
      }));
  return success();
}

static LogicalResult buildIsInf(OnnxNode &node) {
  bool detectsNegative = true, detectsPositive = true;
  if (failed(node.getAttributes()
                 .boolean("detect_negative", detectsNegative)
                 .boolean("detect_positive", detectsPositive)
                 .finish()) ||
      failed(node.checkFloat(0)))
    return failure();
  ElementType type = node.getType();
  node.setResult(emitElementwise(
      node, node.getInput(), ElementType::Bool,
      [&](OpBuilder &builder, Location location, ValueRange elements) -> Value {
        auto isEqual = [&](bool detects, Value limit) -> Value {
          if (!detects)
            return emitNumber(builder, location, ElementType::Bool, 0);
          return emitFromCondition(builder, location,
                                   emitCompare(builder, location,
                                               Comparison::Equal, elements[0],
                                               limit, type));
        };
        return arith::OrIOp::create(
            builder, location,
            isEqual(detectsPositive, emitLargest(builder, location, type)),
            isEqual(detectsNegative, emitSmallest(builder, location, type)));
      }));
  return success();
}

// --- Clip -------------------------------------------------------------------

/// The bounds of Clip: values that repeat to the input's shape; absent ones
/// don't bound.
static llvm::FailureOr<std::pair<OnnxValue, OnnxValue>>
readBounds(OnnxNode &node) {
  std::pair<OnnxValue, OnnxValue> bounds;
  if (node.getVersion() < 11) {
    double low = std::numeric_limits<float>::lowest();
    double high = std::numeric_limits<float>::max();
    if (failed(node.getAttributes()
                   .number("min", low)
                   .number("max", high)
                   .finish()))
      return failure();
    if (node.hasAttribute("min"))
      bounds.first = makeSplat(node, {}, node.getType(), low);
    if (node.hasAttribute("max"))
      bounds.second = makeSplat(node, {}, node.getType(), high);
    return bounds;
  }
  if (failed(node.getAttributes().finish()))
    return failure();
  for (size_t index : {1, 2}) {
    if (!node.hasInput(index))
      continue;
    if (failed(node.checkSameType(0, index)))
      return failure();
    if (node.getInput(index).getTensorType().getNumElements() != 1)
      return LogicalResult(
          node.error() << "input " << index << " has "
                       << node.getInput(index).getTensorType().getNumElements()
                       << " elements, expected one");
    OnnxValue bound = {node.reshape(node.getValue(index), {}),
                       node.getType(index)};
    (index == 1 ? bounds.first : bounds.second) = bound;
  }
  return bounds;
}

/// The number that a bound is known to be.
static std::optional<double> findBound(OnnxValue bound, double absent) {
  if (!bound)
    return absent;
  auto numbers = readNumbers(getConstant(bound.value), bound.type);
  if (!numbers || numbers->size() != 1)
    return std::nullopt;
  return numbers->front();
}

static LogicalResult buildClip(OnnxNode &node) {
  if (failed(node.checkType(0, isNumeric, "a type of numbers")))
    return failure();
  auto bounds = readBounds(node);
  if (failed(bounds))
    return failure();
  auto [low, high] = *bounds;
  OnnxValue input = toComputeType(node, node.getInput());
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::optional<double> least = findBound(low, -infinity);
  std::optional<double> most = findBound(high, infinity);
  if (isNetworkTensor(input) && least && most && *least <= *most) {
    if (!low && !high) {
      node.setResult(node.getInput());
      return success();
    }
    auto result = node.create<cnn::ActivationOp>(
        cnn::ActivationKind::Clip, input.value,
        llvm::APFloat(static_cast<float>(*least)),
        llvm::APFloat(static_cast<float>(*most)));
    if (failed(result))
      return failure();
    node.setResult(convert(node, {*result, input.type}, node.getType()));
    return success();
  }
  // Where the bounds contradict each other, the upper one holds.
  OnnxValue result = input;
  auto bound = [&](OnnxValue limit, bool isLower) {
    if (limit)
      result = emitArithmetic(
          node, {result, toComputeType(node, limit)}, input.getShape(),
          [&](ElementBuilder &code, ValueRange elements) {
            return isLower ? code.maximum(elements[0], elements[1])
                           : code.minimum(elements[0], elements[1]);
          });
  };
  bound(low, /*isLower=*/true);
  bound(high, /*isLower=*/false);
  node.setResult(convert(node, result, node.getType()));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxComparisonOperators() {
  static const OnnxOperator operators[] = {
      {"Clip", 6, newestOpset, 1, 3, 1, buildClip},
      {"Equal", 7, newestOpset, 2, 2, 1, buildComparison<Comparison::Equal>},
      {"Greater", 7, newestOpset, 2, 2, 1,
       buildComparison<Comparison::Greater>},
      {"GreaterOrEqual", 12, newestOpset, 2, 2, 1,
       buildComparison<Comparison::GreaterOrEqual>},
      {"IsInf", 10, newestOpset, 1, 1, 1, buildIsInf},
      {"IsNaN", 9, newestOpset, 1, 1, 1, buildIsNaN},
      {"Less", 7, newestOpset, 2, 2, 1, buildComparison<Comparison::Less>},
      {"LessOrEqual", 12, newestOpset, 2, 2, 1,
       buildComparison<Comparison::LessOrEqual>},
      {"Where", 9, newestOpset, 3, 3, 1, buildWhere}};
  return operators;
}

} // namespace toeplitz
