// Operators about shapes: what they are, and the same elements in others.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/TensorMovement.h"
#include "compiler/Frontend/Shape.h"
#include <cmath>

using namespace mlir;

namespace toeplitz {

/// Shapes that nodes ask for: within the limits, with no negative size.
static LogicalResult checkWrittenShape(OnnxNode &node,
                                       llvm::ArrayRef<int64_t> shape) {
  for (int64_t size : shape)
    if (size < 0)
      return node.error() << "a size of the shape that it asks for is " << size
                          << ", expected 0 or more";
  return node.checkResultShape(shape);
}

// --- what a shape is --------------------------------------------------------

static LogicalResult buildShape(OnnxNode &node) {
  int64_t start = 0, end = std::numeric_limits<int64_t>::max();
  AttributeReader attributes = node.getAttributes();
  if (node.getVersion() >= 15)
    attributes.integer("start", start).integer("end", end);
  if (failed(attributes.finish()))
    return failure();
  llvm::ArrayRef<int64_t> shape = node.getShape();
  int64_t rank = node.getRank();
  auto normalize = [&](int64_t axis) {
    return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  start = normalize(start);
  end = normalize(end);
  shape =
      start < end ? shape.slice(start, end - start) : llvm::ArrayRef<int64_t>();
  node.setResult(makeIntegers(node, shape));
  return success();
}

static LogicalResult buildSize(OnnxNode &node) {
  if (failed(node.getAttributes().finish()))
    return failure();
  int64_t count = getElementCount(node.getShape());
  node.setResult(
      makeTensor(node, {}, ElementType::Int64, llvm::ArrayRef<int64_t>(count)));
  return success();
}

// --- the same elements in another shape -------------------------------------

static LogicalResult buildReshape(OnnxNode &node) {
  bool allowZero = false;
  AttributeReader attributes = node.getAttributes();
  if (node.getVersion() >= 14)
    attributes.boolean("allowzero", allowZero);
  if (failed(attributes.finish()))
    return failure();
  auto shape = node.getIntegers(1);
  if (failed(shape))
    return failure();
  llvm::ArrayRef<int64_t> input = node.getShape();
  int64_t total = getElementCount(input);
  auto fail = [&] {
    return node.error() << "its input of shape " << formatShape(input)
                        << " can't be reshaped to " << formatNumbers(*shape)
                        << ": ";
  };
  llvm::SmallVector<int64_t> result;
  std::optional<size_t> open;
  int64_t known = 1;
  for (auto [index, written] : llvm::enumerate(*shape)) {
    int64_t size = written;
    if (size == -1) {
      if (open)
        return fail() << "only one size may be -1";
      open = index;
      result.push_back(-1);
      continue;
    }
    if (size == 0 && !allowZero) {
      if (index >= input.size())
        return fail() << "the 0 at position " << index
                      << " copies a dimension that the input doesn't have";
      size = input[index];
    }
    if (size < 0)
      return fail() << "sizes are 0 or more, or -1";
    if (size > maximumElementCount ||
        (size != 0 && known > maximumElementCount / size))
      return fail() << "that is more than " << maximumElementCount
                    << " elements";
    known *= size;
    result.push_back(size);
  }
  if (open) {
    if (known == 0 || total % known != 0)
      return fail() << "no size in the place of -1 makes " << total
                    << " elements";
    result[*open] = total / known;
  } else if (known != total) {
    return fail() << "that is " << known << " elements instead of " << total;
  }
  if (failed(node.checkResultShape(result)))
    return failure();
  node.setResult(emitReshape(node, node.getInput(), result));
  return success();
}

static LogicalResult buildFlatten(OnnxNode &node) {
  int64_t axis = 1;
  if (failed(node.getAttributes().integer("axis", axis).finish()))
    return failure();
  int64_t rank = node.getRank();
  // One more than the last dimension: everything before it.
  if (axis < -rank || axis > rank)
    return node.error() << "attribute 'axis' is " << axis << ", expected "
                        << -rank << " to " << rank << " for a tensor of rank "
                        << rank;
  if (axis < 0)
    axis += rank;
  llvm::ArrayRef<int64_t> shape = node.getShape();
  int64_t rows = getElementCount(shape.take_front(axis));
  int64_t columns = getElementCount(shape.drop_front(axis));
  if (failed(node.checkResultShape({rows, columns})))
    return failure();
  node.setResult(emitReshape(node, node.getInput(), {rows, columns}));
  return success();
}

/// The axes of Squeeze and Unsqueeze: an attribute before opset 13, an input
/// since then. Nothing if they are absent.
static llvm::FailureOr<std::optional<llvm::SmallVector<int64_t>>>
readAxes(OnnxNode &node) {
  llvm::SmallVector<int64_t> axes;
  AttributeReader attributes = node.getAttributes();
  if (node.getVersion() < 13)
    attributes.integers("axes", axes);
  if (failed(attributes.finish()))
    return failure();
  if (node.getVersion() < 13) {
    if (!node.hasAttribute("axes"))
      return std::optional<llvm::SmallVector<int64_t>>();
    return std::make_optional(axes);
  }
  if (!node.hasInput(1))
    return std::optional<llvm::SmallVector<int64_t>>();
  auto values = node.getIntegers(1);
  if (failed(values))
    return failure();
  return std::make_optional(*values);
}

static LogicalResult buildSqueeze(OnnxNode &node) {
  auto written = readAxes(node);
  if (failed(written))
    return failure();
  llvm::ArrayRef<int64_t> input = node.getShape();
  llvm::SmallVector<int64_t> shape;
  if (!*written) {
    llvm::copy_if(input, std::back_inserter(shape),
                  [](int64_t size) { return size != 1; });
  } else {
    auto axes = node.normalizeAxes(**written, node.getRank(), "'axes'");
    if (failed(axes))
      return failure();
    for (auto [dimension, size] : llvm::enumerate(input)) {
      if (!llvm::is_contained(*axes, static_cast<int64_t>(dimension))) {
        shape.push_back(size);
      } else if (size != 1) {
        return node.error()
               << "dimension " << dimension << " of its input "
               << formatShape(input) << " can't be removed: its size isn't 1";
      }
    }
  }
  node.setResult(emitReshape(node, node.getInput(), shape));
  return success();
}

static LogicalResult buildUnsqueeze(OnnxNode &node) {
  auto written = readAxes(node);
  if (failed(written))
    return failure();
  if (!*written)
    return node.error() << "'axes' is missing";
  int64_t rank = node.getRank() + static_cast<int64_t>((*written)->size());
  auto axes = node.normalizeAxes(**written, rank, "'axes'");
  if (failed(axes))
    return failure();
  llvm::SmallVector<int64_t> shape;
  const int64_t *next = node.getShape().begin();
  for (int64_t d = 0; d < rank; ++d)
    shape.push_back(llvm::is_contained(*axes, d) ? 1 : *next++);
  if (failed(node.checkResultShape(shape)))
    return failure();
  node.setResult(emitReshape(node, node.getInput(), shape));
  return success();
}

static LogicalResult buildExpand(OnnxNode &node) {
  if (failed(node.getAttributes().finish()))
    return failure();
  auto written = node.getIntegers(1);
  if (failed(written) || failed(checkWrittenShape(node, *written)))
    return failure();
  // The shape may have dimensions of 1 where the input has more.
  llvm::ArrayRef<int64_t> input = node.getShape();
  llvm::SmallVector<int64_t> shape(*written);
  if (shape.size() < input.size())
    shape.insert(shape.begin(), input.size() - shape.size(), 1);
  for (size_t back = 1; back <= input.size(); ++back) {
    int64_t size = input[input.size() - back];
    int64_t &wanted = shape[shape.size() - back];
    if (wanted == 1)
      wanted = size;
    if (size != wanted && size != 1)
      return node.error() << "its input of shape " << formatShape(input)
                          << " doesn't repeat to the shape "
                          << formatNumbers(*written);
  }
  if (failed(node.checkResultShape(shape)))
    return failure();
  if (isEmptyShape(shape))
    node.setResult(makeEmptyTensor(node, shape, node.getType()));
  else if (OnnxValue splat = resizeSplat(node, node.getInput(), shape))
    node.setResult(splat);
  else
    node.setResult(emitBroadcast(node, node.getInput(), shape));
  return success();
}

// --- constants of a shape ---------------------------------------------------

static LogicalResult buildConstantOfShape(OnnxNode &node) {
  OnnxConstant value;
  if (failed(node.getAttributes().tensor("value", value).finish()))
    return failure();
  auto shape = node.getIntegers(0);
  if (failed(shape) || failed(checkWrittenShape(node, *shape)))
    return failure();
  if (!node.hasAttribute("value")) {
    node.setResult(makeSplat(node, *shape, ElementType::Float32, 0));
    return success();
  }
  if (value.attribute.getNumElements() != 1)
    return node.error() << "attribute 'value' has "
                        << value.attribute.getNumElements()
                        << " elements, expected one";
  if (isEmptyShape(*shape)) {
    node.setResult(makeEmptyTensor(node, *shape, value.type));
    return success();
  }
  OnnxValue scalar = {node.makeConstant(value.attribute), value.type};
  if (OnnxValue splat = resizeSplat(node, scalar, *shape))
    node.setResult(splat);
  else
    node.setResult(emitBroadcast(node, emitReshape(node, scalar, {}), *shape));
  return success();
}

/// The numbers of a range, each a multiple of `delta` away from `start`.
template <typename Number>
static LogicalResult setRange(OnnxNode &node, Number start, Number delta,
                              double count) {
  auto size = static_cast<int64_t>(
      std::clamp<double>(count, 0, static_cast<double>(maximumSize) + 1));
  if (failed(node.checkResultShape({size})))
    return failure();
  llvm::SmallVector<Number> numbers;
  numbers.reserve(size);
  for (int64_t i = 0; i < size; ++i)
    numbers.push_back(start + static_cast<Number>(i) * delta);
  node.setResult(makeTensor(node, {size}, node.getType(),
                            llvm::ArrayRef<Number>(numbers)));
  return success();
}

/// Reads the three inputs of Range; the first mistake is reported.
template <typename Number>
static LogicalResult
readLimits(OnnxNode &node, llvm::FailureOr<Number> (OnnxNode::*read)(size_t),
           Number &start, Number &limit, Number &delta) {
  Number *limits[] = {&start, &limit, &delta};
  for (size_t index = 0; index < 3; ++index) {
    llvm::FailureOr<Number> value = (node.*read)(index);
    if (failed(value))
      return failure();
    *limits[index] = *value;
  }
  return success();
}

static LogicalResult buildRange(OnnxNode &node) {
  // The size of the stash, for narrow types: this compiler computes ranges in
  // types that hold them all.
  if (failed(node.getAttributes().ignore("stash_type").finish()) ||
      failed(node.checkSameType(0, 1)) || failed(node.checkSameType(0, 2)))
    return failure();
  if (isFloatingPoint(node.getType())) {
    double start = 0, limit = 0, delta = 0;
    if (failed(readLimits(node, &OnnxNode::getNumber, start, limit, delta)))
      return failure();
    double count = std::ceil((limit - start) / delta);
    if (delta == 0 || std::isnan(count))
      return node.error() << "its step is " << delta;
    return setRange<double>(node, start, delta, count);
  }
  int64_t start = 0, limit = 0, delta = 0;
  if (failed(readLimits(node, &OnnxNode::getInteger, start, limit, delta)))
    return failure();
  if (delta == 0)
    return node.error() << "its step is 0";
  double distance = static_cast<double>(limit) - static_cast<double>(start);
  return setRange<int64_t>(node, start, delta,
                           std::ceil(distance / static_cast<double>(delta)));
}

static LogicalResult buildEyeLike(OnnxNode &node) {
  ElementType type = node.getType();
  int64_t offset = 0;
  if (failed(node.getAttributes()
                 .elementType("dtype", type)
                 .integer("k", offset, -maximumSize, maximumSize)
                 .finish()) ||
      failed(node.checkRank(0, 2, 2)))
    return failure();
  node.setResult(emitElements(
      node, node.getShape(), type, [&](PositionBuilder &element) -> Value {
        Value distance =
            element.subtract(element.position(1), element.position(0));
        Value isOne =
            emitCompare(element.builder, element.location, Comparison::Equal,
                        distance, element.index(offset), ElementType::Int64);
        return element.select(
            isOne, emitNumber(element.builder, element.location, type, 1),
            emitNumber(element.builder, element.location, type, 0));
      }));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxShapeOperators() {
  static const OnnxOperator operators[] = {
      {"ConstantOfShape", 9, newestOpset, 1, 1, 1, buildConstantOfShape},
      {"Expand", 8, newestOpset, 2, 2, 1, buildExpand},
      {"EyeLike", 9, newestOpset, 1, 1, 1, buildEyeLike},
      {"Flatten", 1, newestOpset, 1, 1, 1, buildFlatten},
      {"Range", 11, newestOpset, 3, 3, 1, buildRange},
      {"Reshape", 5, newestOpset, 2, 2, 1, buildReshape},
      {"Shape", 1, newestOpset, 1, 1, 1, buildShape},
      {"Size", 1, newestOpset, 1, 1, 1, buildSize},
      {"Squeeze", 1, newestOpset, 1, 2, 1, buildSqueeze},
      {"Unsqueeze", 1, newestOpset, 1, 2, 1, buildUnsqueeze}};
  return operators;
}

} // namespace toeplitz
