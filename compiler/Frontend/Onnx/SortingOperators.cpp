// Operators that look for the largest or the smallest elements.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Reduction.h"
#include "compiler/Frontend/Onnx/TopElements.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

/// The position in a loop dimension as an int64.
static Value emitPosition(OpBuilder &builder, Location location,
                          int64_t dimension) {
  Value index = linalg::IndexOp::create(builder, location, dimension);
  return arith::IndexCastOp::create(builder, location, builder.getI64Type(),
                                    index);
}

/// The maps of a search along `axis`: the tensor's, and that of one value for
/// each line.
static std::pair<AffineMap, AffineMap> getLineMaps(OpBuilder &builder,
                                                   int64_t rank, int64_t axis) {
  llvm::SmallVector<AffineExpr> line;
  for (int64_t d = 0; d < rank; ++d)
    if (d != axis)
      line.push_back(builder.getAffineDimExpr(d));
  return {builder.getMultiDimIdentityMap(rank),
          AffineMap::get(rank, 0, line, builder.getContext())};
}

static llvm::SmallVector<utils::IteratorType> getLineIterators(int64_t rank,
                                                               int64_t axis) {
  llvm::SmallVector<utils::IteratorType> iterators(
      rank, utils::IteratorType::parallel);
  iterators[axis] = utils::IteratorType::reduction;
  return iterators;
}

template <bool isMaximum> static LogicalResult buildArgument(OnnxNode &node) {
  int64_t axis = 0;
  bool keepDimensions = true, selectLast = false;
  AttributeReader attributes = node.getAttributes();
  attributes.integer("axis", axis).boolean("keepdims", keepDimensions);
  if (node.getVersion() >= 12)
    attributes.boolean("select_last_index", selectLast);
  if (failed(attributes.finish()) ||
      failed(node.checkRank(0, 1, maximumTensorRank)))
    return failure();
  auto dimension = node.normalizeAxis(axis, node.getRank(), "attribute 'axis'");
  if (failed(dimension))
    return failure();
  if (node.getShape()[*dimension] == 0)
    return node.error() << "dimension " << *dimension << " of its input "
                        << formatShape(node.getShape())
                        << " is empty: there is no index to return";

  OpBuilder &builder = node.getBuilder();
  OnnxValue input = toComputeType(node, node.getInput());
  ElementType type = input.type;
  int64_t rank = input.getRank();
  llvm::SmallVector<int64_t> lines =
      reduceShape(input.getShape(), *dimension, /*keepDimensions=*/false);
  Value worst = isMaximum ? emitSmallest(builder, node.getLocation(), type)
                          : emitLargest(builder, node.getLocation(), type);
  Value zero = emitNumber(builder, node.getLocation(), ElementType::Int64, 0);
  Value starts[] = {emitFilled(node, lines, worst),
                    emitFilled(node, lines, zero)};
  auto [whole, line] = getLineMaps(builder, rank, *dimension);
  Comparison comparison =
      isMaximum
          ? (selectLast ? Comparison::GreaterOrEqual : Comparison::Greater)
          : (selectLast ? Comparison::LessOrEqual : Comparison::Less);
  auto generic = linalg::GenericOp::create(
      builder, node.getLocation(), TypeRange(ValueRange(starts)),
      ValueRange(input.value), ValueRange(starts),
      llvm::ArrayRef<AffineMap>{whole, line, line},
      getLineIterators(rank, *dimension),
      [&](OpBuilder &inner, Location location, ValueRange elements) {
        Value isBetter = emitCompare(inner, location, comparison, elements[0],
                                     elements[1], type);
        Value position = emitPosition(inner, location, *dimension);
        Value best = arith::SelectOp::create(inner, location, isBetter,
                                             elements[0], elements[1]);
        Value index = arith::SelectOp::create(inner, location, isBetter,
                                              position, elements[2]);
        linalg::YieldOp::create(inner, location, ValueRange{best, index});
      });
  node.setResult(
      node.reshape(generic.getResult(1),
                   reduceShape(input.getShape(), *dimension, keepDimensions)),
      ElementType::Int64);
  return success();
}

/// The elements of lines at positions [lines, count].
static OnnxValue emitGather(OnnxNode &node, OnnxValue lines,
                            OnnxValue positions) {
  return emitElementwise(
      node, positions, lines.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) -> Value {
        Value line = linalg::IndexOp::create(builder, location, 0);
        Value position = arith::IndexCastOp::create(
            builder, location, builder.getIndexType(), elements[0]);
        return tensor::ExtractOp::create(builder, location, lines.value,
                                         ValueRange{line, position});
      });
}

static LogicalResult buildTopK(OnnxNode &node) {
  int64_t axis = -1, count = -1;
  bool isLargest = true, isSorted = true;
  AttributeReader attributes = node.getAttributes();
  attributes.integer("axis", axis);
  if (node.getVersion() < 10)
    attributes.integer("k", count, 1).required();
  if (node.getVersion() >= 11)
    attributes.boolean("largest", isLargest).boolean("sorted", isSorted);
  if (failed(attributes.finish()) ||
      failed(node.checkRank(0, 1, maximumTensorRank)))
    return failure();
  if (node.getVersion() >= 10) {
    if (!node.hasInput(1))
      return node.error() << "it has 1 input, expected 2 since opset 10";
    auto known = node.getInteger(1);
    if (failed(known))
      return failure();
    count = *known;
  }
  auto dimension = node.normalizeAxis(axis, node.getRank(), "attribute 'axis'");
  if (failed(dimension))
    return failure();
  int64_t size = node.getShape()[*dimension];
  if (count < 0 || count > size)
    return node.error() << "k is " << count << ", expected 0 to " << size
                        << ", the size of dimension " << *dimension;
  llvm::SmallVector<int64_t> shape(node.getShape());
  shape[*dimension] = count;
  if (llvm::is_contained(shape, 0)) {
    node.setResult(0, {makeEmpty(node, shape, node.getType()), node.getType()});
    node.setResult(
        1, {makeEmpty(node, shape, ElementType::Int64), ElementType::Int64});
    return success();
  }
  // The axis becomes the last dimension, and the others become one.
  llvm::SmallVector<int64_t> order, back(shape.size());
  for (int64_t d = 0; d < node.getRank(); ++d)
    if (d != *dimension)
      order.push_back(d);
  order.push_back(*dimension);
  llvm::SmallVector<int64_t> ordered;
  for (auto [place, d] : llvm::enumerate(order)) {
    back[d] = static_cast<int64_t>(place);
    ordered.push_back(shape[d]);
  }
  int64_t lineCount = node.getInput().getTensorType().getNumElements() / size;
  OnnxValue lines{node.transpose(node.getValue(), order), node.getType()};
  lines.value = node.reshape(lines.value, {lineCount, size});
  // Unsorted results may be in any order: the sorted one is one.
  OnnxValue positions = emitTopPositions(node, lines, count, isLargest);
  OnnxValue results[] = {emitGather(node, lines, positions), positions};
  for (auto [index, result] : llvm::enumerate(results)) {
    Value value = node.reshape(result.value, ordered);
    node.setResult(index, {node.transpose(value, back), result.type});
  }
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxSortingOperators() {
  static const OnnxOperator operators[] = {
      {"ArgMax", 1, newestOpset, 1, 1, 1, buildArgument<true>},
      {"ArgMin", 1, newestOpset, 1, 1, 1, buildArgument<false>},
      {"TopK", 1, newestOpset, 1, 2, 2, buildTopK}};
  return operators;
}

} // namespace toeplitz
