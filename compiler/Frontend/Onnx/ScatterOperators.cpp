// Operators that write updates to places that other tensors name. Several
// updates may name one place, so they are written one after the other.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/TensorMovement.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

namespace {

/// How an update goes together with what is there.
enum class Reduction { None, Add, Multiply, Maximum, Minimum };

} // namespace

/// Reads 'reduction', which came in opset 16, with max and min in 18.
static llvm::FailureOr<Reduction> readReduction(OnnxNode &node,
                                                AttributeReader &attributes) {
  std::string word = "none";
  if (node.getVersion() >= 18)
    attributes.word("reduction", word, {"none", "add", "mul", "max", "min"});
  else if (node.getVersion() >= 16)
    attributes.word("reduction", word, {"none", "add", "mul"});
  if (failed(attributes.finish()))
    return failure();
  return word == "add"   ? Reduction::Add
         : word == "mul" ? Reduction::Multiply
         : word == "max" ? Reduction::Maximum
         : word == "min" ? Reduction::Minimum
                         : Reduction::None;
}

static Value reduce(PositionBuilder &element, Reduction reduction, Value old,
                    Value update, ElementType type) {
  OpBuilder &builder = element.builder;
  Location location = element.location;
  // Half-precision numbers are computed in float32.
  ElementType computed = isHalfPrecision(type) ? ElementType::Float32 : type;
  Value a = emitCast(builder, location, old, type, computed);
  Value b = emitCast(builder, location, update, type, computed);
  bool isBool = type == ElementType::Bool;
  auto combine = [&]() -> Value {
    switch (reduction) {
    case Reduction::None:
      return b;
    case Reduction::Add:
      return isBool ? emitMaximum(builder, location, a, b, computed)
                    : emitAdd(builder, location, a, b, computed);
    case Reduction::Multiply:
      return isBool ? emitMinimum(builder, location, a, b, computed)
                    : emitMultiply(builder, location, a, b, computed);
    case Reduction::Maximum:
      return emitMaximum(builder, location, a, b, computed);
    case Reduction::Minimum:
      return emitMinimum(builder, location, a, b, computed);
    }
    llvm_unreachable("a reduction without a definition");
  };
  return emitCast(builder, location, combine(), computed, type);
}

/// Where the update at a position goes in the data.
using Destination = llvm::function_ref<llvm::SmallVector<Value>(
    PositionBuilder &, llvm::ArrayRef<Value>)>;

/// The position of an element in row-major order.
static llvm::SmallVector<Value> findPosition(PositionBuilder &element,
                                             Value place,
                                             llvm::ArrayRef<int64_t> shape) {
  llvm::SmallVector<Value> position(shape.size());
  Value rest = place;
  for (size_t d = shape.size(); d-- > 0;) {
    if (getElementCount(shape.take_front(d)) == 1) {
      // Whatever is left, and nothing in front of it.
      position[d] = rest;
      rest = element.index(0);
      continue;
    }
    Value size = element.index(shape[d]);
    position[d] =
        arith::RemUIOp::create(element.builder, element.location, rest, size);
    rest =
        arith::DivUIOp::create(element.builder, element.location, rest, size);
  }
  return position;
}

/// Goes through the updates in row-major order, and carries the data along.
static OnnxValue emitScatter(OnnxNode &node, OnnxValue data, OnnxValue updates,
                             Reduction reduction, Destination destination) {
  llvm::ArrayRef<int64_t> shape = updates.getShape();
  if (isEmptyShape(shape))
    return data;
  OpBuilder &builder = node.getBuilder();
  OpBuilder::InsertionGuard guard(builder);
  Location location = node.getLocation();
  PositionBuilder outside(builder, location);
  auto loop = scf::ForOp::create(builder, location, outside.index(0),
                                 outside.index(getElementCount(shape)),
                                 outside.index(1), data.value);
  builder.setInsertionPointToEnd(loop.getBody());
  PositionBuilder element(builder, location);
  OnnxValue current = {loop.getRegionIterArg(0), data.type};
  llvm::SmallVector<Value> position =
      findPosition(element, loop.getInductionVar(), shape);
  llvm::SmallVector<Value> to = destination(element, position);
  Value update = element.extract(updates, position);
  if (reduction != Reduction::None) {
    Value old = element.extract(current, to);
    update = reduce(element, reduction, old, update, data.type);
  }
  Value result =
      tensor::InsertOp::create(builder, location, update, current.value, to);
  scf::YieldOp::create(builder, location, result);
  return {loop.getResult(0), data.type};
}

/// data[…, indices[i, j, k], …] = updates[i, j, k].
static LogicalResult buildScatterElements(OnnxNode &node) {
  int64_t axis = 0;
  AttributeReader attributes = node.getAttributes();
  attributes.integer("axis", axis);
  auto reduction = readReduction(node, attributes);
  if (failed(reduction) ||
      failed(node.checkType(1, isInteger, "an integer type")) ||
      failed(node.checkSameType(0, 2)))
    return failure();
  OnnxValue data = node.getInput(0), indices = node.getInput(1),
            updates = node.getInput(2);
  auto dimension = node.normalizeAxis(axis, data.getRank(), "attribute 'axis'");
  if (failed(dimension))
    return failure();
  if (indices.getShape() != updates.getShape())
    return node.error() << "indices of shape "
                        << formatShape(indices.getShape())
                        << " don't go with updates of shape "
                        << formatShape(updates.getShape());
  bool isEmpty = isEmptyShape(updates.getShape());
  bool fits = indices.getRank() == data.getRank();
  for (int64_t d = 0; fits && !isEmpty && d < data.getRank(); ++d)
    fits = d == *dimension ? data.getShape()[d] > 0
                           : indices.getShape()[d] <= data.getShape()[d];
  if (!fits)
    return node.error() << "indices of shape "
                        << formatShape(indices.getShape())
                        << " reach beyond its input "
                        << formatShape(data.getShape());
  int64_t size = data.getShape()[*dimension];
  if (failed(checkIndices(node, 1, {size})))
    return failure();
  node.setResult(emitScatter(
      node, data, updates, *reduction,
      [&](PositionBuilder &element, llvm::ArrayRef<Value> position) {
        llvm::SmallVector<Value> to(position);
        to[*dimension] = element.toPosition(element.extract(indices, position),
                                            indices.type, size);
        return to;
      }));
  return success();
}

/// data[indices[i, j], …] = updates[i, j, …]: the last dimension of the indices
/// names places in the first dimensions of the data.
static LogicalResult buildScatterNd(OnnxNode &node) {
  AttributeReader attributes = node.getAttributes();
  auto reduction = readReduction(node, attributes);
  if (failed(reduction) ||
      failed(node.checkType(1, isInteger, "an integer type")) ||
      failed(node.checkSameType(0, 2)))
    return failure();
  OnnxValue data = node.getInput(0), indices = node.getInput(1),
            updates = node.getInput(2);
  llvm::ArrayRef<int64_t> places = indices.getShape();
  int64_t tuple = places.empty() ? 0 : places.back();
  bool fits = !places.empty() && tuple <= data.getRank();
  llvm::SmallVector<int64_t> expected;
  if (fits) {
    llvm::append_range(expected, places.drop_back());
    llvm::append_range(expected, data.getShape().drop_front(tuple));
    fits = updates.getShape() == llvm::ArrayRef<int64_t>(expected);
  }
  llvm::ArrayRef<int64_t> sizes =
      fits ? data.getShape().take_front(tuple) : llvm::ArrayRef<int64_t>();
  if (!fits || (isEmptyShape(sizes) && !isEmptyShape(expected)))
    return node.error() << "indices of shape " << formatShape(places)
                        << " and updates of shape "
                        << formatShape(updates.getShape())
                        << " don't fit its input "
                        << formatShape(data.getShape());
  if (tuple > 0 && failed(checkIndices(node, 1, sizes)))
    return failure();
  int64_t outer = indices.getRank() - 1;
  node.setResult(emitScatter(
      node, data, updates, *reduction,
      [&](PositionBuilder &element, llvm::ArrayRef<Value> position) {
        llvm::SmallVector<Value> at(position.take_front(outer));
        at.push_back({});
        llvm::SmallVector<Value> to;
        for (int64_t d = 0; d < tuple; ++d) {
          at.back() = element.index(d);
          to.push_back(element.toPosition(element.extract(indices, at),
                                          indices.type, sizes[d]));
        }
        llvm::append_range(to, position.drop_front(outer));
        return to;
      }));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxScatterOperators() {
  static const OnnxOperator operators[] = {
      {"Scatter", 9, 10, 3, 3, 1, buildScatterElements},
      {"ScatterElements", 11, newestOpset, 3, 3, 1, buildScatterElements},
      {"ScatterND", 11, newestOpset, 3, 3, 1, buildScatterNd}};
  return operators;
}

} // namespace toeplitz
