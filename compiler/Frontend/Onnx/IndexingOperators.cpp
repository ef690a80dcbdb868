// Operators that take elements from places that other tensors name. Indices
// that are known are checked; those of a running network outside of their
// dimension, for which ONNX defines nothing, take the nearest element.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/TensorMovement.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace toeplitz {

static LogicalResult checkIndexType(OnnxNode &node, size_t input) {
  return node.checkType(input, isInteger, "an integer type");
}

/// Gather along a dimension by indices that are known and one after the other:
/// a slice, which any layout has.
static std::optional<int64_t> findFirstOfRun(OnnxNode &node, int64_t size) {
  auto values = readIntegers(getConstant(node.getValue(1)), node.getType(1));
  if (!values || values->empty())
    return std::nullopt;
  for (int64_t &value : *values)
    if (value < 0)
      value += size;
  for (size_t place = 1; place < values->size(); ++place)
    if ((*values)[place] != (*values)[place - 1] + 1)
      return std::nullopt;
  return values->front();
}

static LogicalResult buildGather(OnnxNode &node) {
  int64_t axis = 0;
  if (failed(node.getAttributes().integer("axis", axis).finish()) ||
      failed(checkIndexType(node, 1)))
    return failure();
  auto dimension = node.normalizeAxis(axis, node.getRank(), "attribute 'axis'");
  if (failed(dimension))
    return failure();
  OnnxValue data = node.getInput(0), indices = node.getInput(1);
  llvm::ArrayRef<int64_t> input = data.getShape();
  int64_t size = input[*dimension];
  llvm::SmallVector<int64_t> shape(input.take_front(*dimension));
  llvm::append_range(shape, indices.getShape());
  llvm::append_range(shape, input.drop_front(*dimension + 1));
  if (failed(node.checkResultShape(shape)) ||
      failed(checkIndices(node, 1, {size})))
    return failure();
  if (size == 0 && !isEmptyShape(shape))
    return node.error() << "dimension " << *dimension
                        << " of its input has no elements to take";
  if (auto first = findFirstOfRun(node, size)) {
    OnnxValue run = emitSlice(node, data, *dimension, *first,
                              getElementCount(indices.getShape()));
    node.setResult(emitReshape(node, run, shape));
    return success();
  }
  node.setResult(emitElements(
      node, shape, data.type, [&](PositionBuilder &element) -> Value {
        llvm::SmallVector<Value> at, from;
        for (int64_t d = 0; d < indices.getRank(); ++d)
          at.push_back(element.position(*dimension + d));
        for (int64_t d = 0; d < data.getRank(); ++d)
          from.push_back(
              d == *dimension
                  ? element.toPosition(element.extract(indices, at),
                                       indices.type, size)
                  : element.position(
                        d < *dimension ? d : d + indices.getRank() - 1));
        return element.extract(data, from);
      }));
  return success();
}

static LogicalResult buildGatherElements(OnnxNode &node) {
  int64_t axis = 0;
  if (failed(node.getAttributes().integer("axis", axis).finish()) ||
      failed(checkIndexType(node, 1)) ||
      failed(node.checkRank(1, node.getRank(), node.getRank())))
    return failure();
  auto dimension = node.normalizeAxis(axis, node.getRank(), "attribute 'axis'");
  if (failed(dimension))
    return failure();
  OnnxValue data = node.getInput(0), indices = node.getInput(1);
  int64_t size = data.getShape()[*dimension];
  bool isEmpty = isEmptyShape(indices.getShape());
  for (int64_t d = 0; d < data.getRank(); ++d)
    if (!isEmpty &&
        (d == *dimension ? size == 0
                         : indices.getShape()[d] > data.getShape()[d]))
      return node.error() << "indices of shape "
                          << formatShape(indices.getShape())
                          << " reach beyond dimension " << d << " of its input "
                          << formatShape(data.getShape());
  if (failed(checkIndices(node, 1, {size})))
    return failure();
  node.setResult(emitElements(node, indices.getShape(), data.type,
                              [&](PositionBuilder &element) -> Value {
                                llvm::SmallVector<Value> at;
                                for (int64_t d = 0; d < data.getRank(); ++d)
                                  at.push_back(element.position(d));
                                llvm::SmallVector<Value> from(at);
                                from[*dimension] = element.toPosition(
                                    element.extract(indices, at), indices.type,
                                    size);
                                return element.extract(data, from);
                              }));
  return success();
}

/// data [B, I, R] and indices [B, O, k], where k tells the number of dimensions
/// I: result [B, O, R].
static LogicalResult buildGatherNd(OnnxNode &node) {
  int64_t batch = 0;
  AttributeReader attributes = node.getAttributes();
  if (node.getVersion() >= 12)
    attributes.integer("batch_dims", batch, 0);
  if (failed(attributes.finish()) || failed(checkIndexType(node, 1)))
    return failure();
  OnnxValue data = node.getInput(0), indices = node.getInput(1);
  llvm::ArrayRef<int64_t> input = data.getShape();
  llvm::ArrayRef<int64_t> places = indices.getShape();
  int64_t tuple = places.empty() ? 0 : places.back();
  if (places.empty() || batch >= indices.getRank() || batch > data.getRank() ||
      tuple > data.getRank() - batch ||
      input.take_front(batch) != places.take_front(batch))
    return node.error() << "indices of shape " << formatShape(places)
                        << " don't fit its input " << formatShape(input)
                        << " with " << batch << " batch dimensions";
  llvm::ArrayRef<int64_t> sizes = input.slice(batch, tuple);
  llvm::SmallVector<int64_t> shape(places.drop_back());
  llvm::append_range(shape, input.drop_front(batch + tuple));
  if (failed(node.checkResultShape(shape)))
    return failure();
  if (isEmptyShape(sizes) && !isEmptyShape(shape))
    return node.error() << "its input " << formatShape(input)
                        << " has no elements to take";
  if (tuple > 0 && failed(checkIndices(node, 1, sizes)))
    return failure();
  int64_t outer = indices.getRank() - 1;
  node.setResult(emitElements(
      node, shape, data.type, [&](PositionBuilder &element) -> Value {
        llvm::SmallVector<Value> at, from;
        for (int64_t d = 0; d < outer; ++d)
          at.push_back(element.position(d));
        at.push_back({});
        for (int64_t d = 0; d < batch; ++d)
          from.push_back(element.position(d));
        for (int64_t d = 0; d < tuple; ++d) {
          at.back() = element.index(d);
          from.push_back(element.toPosition(element.extract(indices, at),
                                            indices.type, sizes[d]));
        }
        for (int64_t d = batch + tuple; d < data.getRank(); ++d)
          from.push_back(element.position(d - batch - tuple + outer));
        return element.extract(data, from);
      }));
  return success();
}

// --- places that tensors choose ---------------------------------------------

/// 1 at the index, 0 elsewhere; but in the two values of the third input.
static LogicalResult buildOneHot(OnnxNode &node) {
  int64_t axis = -1;
  if (failed(node.getAttributes().integer("axis", axis).finish()) ||
      failed(node.checkType(
          0, [](ElementType type) { return type != ElementType::Bool; },
          "a numeric type")))
    return failure();
  OnnxValue indices = node.getInput(0), values = node.getInput(2);
  auto dimension =
      node.normalizeAxis(axis, indices.getRank() + 1, "attribute 'axis'");
  if (failed(dimension))
    return failure();
  auto depth = node.getNumber(1);
  if (failed(depth))
    return failure();
  if (!(*depth >= 1 && *depth <= static_cast<double>(maximumSize)))
    return node.error() << "'depth' is " << *depth << ", expected 1 to "
                        << maximumSize;
  if (values.getShape() != llvm::ArrayRef<int64_t>{2})
    return node.error() << "input 2 has shape "
                        << formatShape(values.getShape())
                        << ", expected two values: off and on";
  auto size = static_cast<int64_t>(*depth);
  llvm::SmallVector<int64_t> shape(indices.getShape());
  shape.insert(shape.begin() + *dimension, size);
  if (failed(node.checkResultShape(shape)))
    return failure();
  node.setResult(emitElements(
      node, shape, values.type, [&](PositionBuilder &element) -> Value {
        llvm::SmallVector<Value> at;
        for (int64_t d = 0; d < indices.getRank() + 1; ++d)
          if (d != *dimension)
            at.push_back(element.position(d));
        Value wide = emitCast(element.builder, element.location,
                              element.extract(indices, at), indices.type,
                              ElementType::Int64);
        Value place = element.toIndex(wide, ElementType::Int64);
        Value fromEnd = element.add(place, element.index(size));
        Value isNegative = element.less(place, element.index(0));
        place = element.select(isNegative, fromEnd, place);
        Value isOn = emitCompare(
            element.builder, element.location, Comparison::Equal, place,
            element.position(*dimension), ElementType::Int64);
        return element.select(isOn, element.extract(values, element.index(1)),
                              element.extract(values, element.index(0)));
      }));
  return success();
}

/// Keeps the elements on and above (or below) a diagonal of the last two
/// dimensions.
static LogicalResult buildTrilu(OnnxNode &node) {
  bool isUpper = true;
  if (failed(node.getAttributes().boolean("upper", isUpper).finish()) ||
      failed(node.checkRank(0, 2, maximumTensorRank)))
    return failure();
  OnnxValue data = node.getInput(0);
  OnnxValue diagonal;
  if (node.hasInput(1)) {
    diagonal = node.getInput(1);
    if (failed(checkIndexType(node, 1)))
      return failure();
    if (getElementCount(diagonal.getShape()) != 1)
      return node.error() << "input 1 has shape "
                          << formatShape(diagonal.getShape())
                          << ", expected one number";
    diagonal = emitReshape(node, diagonal, {});
  }
  int64_t rank = data.getRank();
  node.setResult(emitElements(
      node, data.getShape(), data.type, [&](PositionBuilder &element) -> Value {
        llvm::SmallVector<Value> at;
        for (int64_t d = 0; d < rank; ++d)
          at.push_back(element.position(d));
        Value distance = element.subtract(at[rank - 1], at[rank - 2]);
        Value offset = diagonal ? element.toIndex(element.extract(diagonal, {}),
                                                  diagonal.type)
                                : element.index(0);
        Value isKept = emitCompare(element.builder, element.location,
                                   isUpper ? Comparison::GreaterOrEqual
                                           : Comparison::LessOrEqual,
                                   distance, offset, ElementType::Int64);
        Value zero =
            emitNumber(element.builder, element.location, data.type, 0);
        return element.select(isKept, element.extract(data, at), zero);
      }));
  return success();
}

/// Turns the first `sequence_lens[b]` positions in time around.
static LogicalResult buildReverseSequence(OnnxNode &node) {
  int64_t batchAxis = 1, timeAxis = 0;
  if (failed(node.getAttributes()
                 .integer("batch_axis", batchAxis, 0, 1)
                 .integer("time_axis", timeAxis, 0, 1)
                 .finish()) ||
      failed(node.checkRank(0, 2, maximumTensorRank)) ||
      failed(checkIndexType(node, 1)))
    return failure();
  if (batchAxis == timeAxis)
    return node.error() << "attributes 'batch_axis' and 'time_axis' are both "
                        << batchAxis;
  OnnxValue data = node.getInput(0), lengths = node.getInput(1);
  int64_t batch = data.getShape()[batchAxis];
  int64_t time = data.getShape()[timeAxis];
  if (lengths.getShape() != llvm::ArrayRef<int64_t>{batch})
    return node.error() << "input 1 has shape "
                        << formatShape(lengths.getShape()) << ", expected "
                        << batch << ", a length for each sequence";
  if (auto known = readIntegers(getConstant(lengths.value), lengths.type))
    for (int64_t length : *known)
      if (length < 0 || length > time)
        return node.error() << "a sequence has length " << length
                            << ", expected 0 to " << time;
  node.setResult(emitElements(
      node, data.getShape(), data.type, [&](PositionBuilder &element) -> Value {
        llvm::SmallVector<Value> at;
        for (int64_t d = 0; d < data.getRank(); ++d)
          at.push_back(element.position(d));
        Value length = element.toIndex(element.extract(lengths, at[batchAxis]),
                                       lengths.type);
        length = element.clamp(length, 0, time);
        Value position = at[timeAxis];
        Value mirrored = element.subtract(
            element.subtract(length, element.index(1)), position);
        Value isInside = element.less(position, length);
        at[timeAxis] = element.select(isInside, mirrored, position);
        return element.extract(data, at);
      }));
  return success();
}

/// Writes `update` into the cache along an axis, from a position of each batch
/// entry's own on; circular caches go on at their beginning.
static LogicalResult buildTensorScatter(OnnxNode &node) {
  int64_t axis = -2;
  std::string mode = "linear";
  if (failed(node.getAttributes()
                 .integer("axis", axis)
                 .word("mode", mode, {"linear", "circular"})
                 .finish()) ||
      failed(node.checkSameType(0, 1)) ||
      failed(node.checkRank(0, 2, maximumTensorRank)))
    return failure();
  OnnxValue cache = node.getInput(0), update = node.getInput(1);
  auto dimension =
      node.normalizeAxis(axis, cache.getRank(), "attribute 'axis'");
  if (failed(dimension))
    return failure();
  if (*dimension == 0)
    return node.error() << "attribute 'axis' names dimension 0, the batch";
  llvm::SmallVector<int64_t> expected(cache.getShape());
  int64_t size = expected[*dimension];
  int64_t length = update.getRank() == cache.getRank()
                       ? update.getShape()[*dimension]
                       : size + 1;
  expected[*dimension] = length;
  if (length > size || update.getShape() != llvm::ArrayRef<int64_t>(expected))
    return node.error() << "an update of shape "
                        << formatShape(update.getShape())
                        << " doesn't fit a cache of shape "
                        << formatShape(cache.getShape()) << " along dimension "
                        << *dimension;
  OnnxValue starts;
  if (node.hasInput(2)) {
    starts = node.getInput(2);
    if (failed(checkIndexType(node, 2)))
      return failure();
    if (starts.getShape() != cache.getShape().take_front())
      return node.error() << "input 2 has shape "
                          << formatShape(starts.getShape())
                          << ", expected a position for each of "
                          << cache.getShape().front() << " batch entries";
  }
  bool isCircular = mode == "circular";
  if (isEmptyShape(update.getShape())) {
    node.setResult(cache);
    return success();
  }
  node.setResult(emitElements(
      node, cache.getShape(), cache.type,
      [&](PositionBuilder &element) -> Value {
        llvm::SmallVector<Value> at;
        for (int64_t d = 0; d < cache.getRank(); ++d)
          at.push_back(element.position(d));
        llvm::SmallVector<Value> from(at);
        Value place = at[*dimension];
        if (starts) {
          Value start =
              element.toIndex(element.extract(starts, at[0]), starts.type);
          if (isCircular)
            start = arith::RemSIOp::create(element.builder, element.location,
                                           start, element.index(size));
          place = element.subtract(place, start);
        }
        if (isCircular) {
          Value wrapped = element.add(place, element.index(size));
          Value isBefore = element.less(place, element.index(0));
          place = element.select(isBefore, wrapped, place);
        }
        Value isInside =
            element.both(element.less(element.index(-1), place),
                         element.less(place, element.index(length)));
        from[*dimension] = element.clamp(place, 0, length - 1);
        return element.select(isInside, element.extract(update, from),
                              element.extract(cache, at));
      }));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxIndexingOperators() {
  static const OnnxOperator operators[] = {
      {"Gather", 1, newestOpset, 2, 2, 1, buildGather},
      {"GatherElements", 11, newestOpset, 2, 2, 1, buildGatherElements},
      {"GatherND", 11, newestOpset, 2, 2, 1, buildGatherNd},
      {"OneHot", 9, newestOpset, 3, 3, 1, buildOneHot},
      {"ReverseSequence", 10, newestOpset, 2, 2, 1, buildReverseSequence},
      {"TensorScatter", 24, newestOpset, 2, 3, 1, buildTensorScatter},
      {"Trilu", 14, newestOpset, 1, 2, 1, buildTrilu}};
  return operators;
}

} // namespace toeplitz
