// Softmax and its relatives. Before opset 13 they see their input as a matrix,
// whose columns are the dimensions from the axis on; since then they work along
// one dimension.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Softmax.h"
#include "compiler/Frontend/Shape.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace toeplitz {

namespace {

/// The input as the operator sees it, and the dimension to work along.
struct SoftmaxInput {
  OnnxValue value;
  int64_t axis = 0;
};

} // namespace

static llvm::FailureOr<SoftmaxInput> readInput(OnnxNode &node) {
  bool isMatrix = node.getVersion() < 13;
  int64_t axis = isMatrix ? 1 : -1;
  if (failed(node.getAttributes().integer("axis", axis).finish()) ||
      failed(node.checkFloat(0)) || failed(node.checkRank(0, 1, maximumRank)))
    return failure();
  SoftmaxInput input{toComputeType(node, node.getInput())};
  int64_t rank = node.getRank();
  if (!isMatrix || axis != rank) {
    auto dimension = node.normalizeAxis(axis, rank, "attribute 'axis'");
    if (failed(dimension))
      return failure();
    axis = *dimension;
  }
  input.axis = axis;
  if (!isMatrix || llvm::is_contained(node.getShape(), 0))
    return input;
  int64_t rows = 1, columns = 1;
  for (auto [d, size] : llvm::enumerate(node.getShape()))
    (static_cast<int64_t>(d) < axis ? rows : columns) *= size;
  input.value.value = node.reshape(input.value.value, {rows, columns});
  input.axis = 1;
  return input;
}

/// The result in the shape and the type of the node's input.
static LogicalResult finish(OnnxNode &node, OnnxValue result) {
  result.value = node.reshape(result.value, node.getShape());
  node.setResult(convert(node, result, node.getType()));
  return success();
}

template <bool isLogarithm> static LogicalResult buildSoftmax(OnnxNode &node) {
  auto input = readInput(node);
  if (failed(input))
    return failure();
  return finish(node,
                emitSoftmax(node, input->value, input->axis, isLogarithm));
}

/// 1 where the largest element is, the first one of several; 0 elsewhere.
static LogicalResult buildHardmax(OnnxNode &node) {
  auto input = readInput(node);
  if (failed(input))
    return failure();
  ElementType type = input->value.type;
  if (llvm::is_contained(node.getShape(), 0))
    return finish(node, input->value);
  int64_t axis = input->axis;
  OnnxValue largest = emitLargestOf(node, input->value, axis, true);
  // The first position that has the largest element.
  OpBuilder &builder = node.getBuilder();
  OnnxValue positions = emitElementwise(
      node, {input->value, largest}, input->value.getShape(),
      ElementType::Int64,
      [&](OpBuilder &inner, Location location, ValueRange elements) -> Value {
        Value isLargest = emitCompare(inner, location, Comparison::Equal,
                                      elements[0], elements[1], type);
        Value index = linalg::IndexOp::create(inner, location, axis);
        Value position = arith::IndexCastOp::create(inner, location,
                                                    inner.getI64Type(), index);
        return arith::SelectOp::create(
            inner, location, isLargest, position,
            emitLargest(inner, location, ElementType::Int64));
      });
  Value none = emitLargest(builder, node.getLocation(), ElementType::Int64);
  OnnxValue first = emitReduction(
      node, positions, axis, /*keepDimensions=*/true, ElementType::Int64, none,
      [](OpBuilder &inner, Location location, Value element, Value sofar) {
        return emitMinimum(inner, location, element, sofar, ElementType::Int64);
      });
  return finish(
      node,
      emitElementwise(
          node, llvm::ArrayRef<OnnxValue>(first), input->value.getShape(), type,
          [&](OpBuilder &inner, Location location,
              ValueRange elements) -> Value {
            Value index = linalg::IndexOp::create(inner, location, axis);
            Value position = arith::IndexCastOp::create(
                inner, location, inner.getI64Type(), index);
            Value isFirst =
                emitCompare(inner, location, Comparison::Equal, position,
                            elements[0], ElementType::Int64);
            return arith::SelectOp::create(
                inner, location, isFirst, emitNumber(inner, location, type, 1),
                emitNumber(inner, location, type, 0));
          }));
}

llvm::ArrayRef<OnnxOperator> getOnnxSoftmaxOperators() {
  static const OnnxOperator operators[] = {
      {"Hardmax", 1, newestOpset, 1, 1, 1, buildHardmax},
      {"LogSoftmax", 1, newestOpset, 1, 1, 1, buildSoftmax<true>},
      {"Softmax", 1, newestOpset, 1, 1, 1, buildSoftmax<false>}};
  return operators;
}

} // namespace toeplitz
