// Operators whose result's shape depends on values. Networks have static
// shapes, so those values must be known: what is left is computed here.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/TensorMovement.h"
#include "compiler/Frontend/Shape.h"
#include <cmath>
#include <numeric>

using namespace mlir;

namespace toeplitz {

/// Keeps the elements, or the slices along an axis, at which the condition is
/// true. Only the condition must be known.
static LogicalResult buildCompress(OnnxNode &node) {
  int64_t axis = 0;
  if (failed(node.getAttributes().integer("axis", axis).finish()) ||
      failed(node.checkType(
          1, [](ElementType type) { return type == ElementType::Bool; },
          "bool")) ||
      failed(node.checkRank(1, 1, 1)))
    return failure();
  auto condition = node.getIntegers(1);
  if (failed(condition))
    return failure();
  OnnxValue data = node.getInput();
  // Without an axis, all elements in one dimension.
  if (!node.hasAttribute("axis"))
    data = emitReshape(node, data, {getElementCount(data.getShape())});
  auto dimension = node.normalizeAxis(axis, data.getRank(), "attribute 'axis'");
  if (failed(dimension))
    return failure();
  int64_t size = data.getShape()[*dimension];
  llvm::SmallVector<int64_t> kept;
  for (auto [index, isKept] : llvm::enumerate(*condition))
    if (isKept != 0)
      kept.push_back(static_cast<int64_t>(index));
  if (!kept.empty() && kept.back() >= size)
    return node.error() << "the condition keeps position " << kept.back()
                        << " of a dimension of " << size;
  llvm::SmallVector<int64_t> shape(data.getShape());
  shape[*dimension] = static_cast<int64_t>(kept.size());
  OnnxValue places = makeTensor(node, {shape[*dimension]}, ElementType::Int64,
                                llvm::ArrayRef<int64_t>(kept));
  node.setResult(emitElements(
      node, shape, data.type, [&](PositionBuilder &element) -> Value {
        llvm::SmallVector<Value> from;
        for (int64_t d = 0; d < data.getRank(); ++d)
          from.push_back(element.position(d));
        from[*dimension] = element.toIndex(
            element.extract(places, from[*dimension]), ElementType::Int64);
        return element.extract(data, from);
      }));
  return success();
}

/// The positions of the elements that aren't zero: a column for each.
static LogicalResult buildNonZero(OnnxNode &node) {
  if (failed(node.getAttributes().finish()))
    return failure();
  auto values = node.getNumbers(0);
  if (failed(values))
    return failure();
  // A scalar is a tensor of one element.
  llvm::SmallVector<int64_t> shape(node.getShape());
  if (shape.empty())
    shape.push_back(1);
  llvm::SmallVector<int64_t> found;
  for (auto [place, value] : llvm::enumerate(*values))
    if (value != 0)
      found.push_back(static_cast<int64_t>(place));
  auto rank = static_cast<int64_t>(shape.size());
  auto count = static_cast<int64_t>(found.size());
  llvm::SmallVector<int64_t> positions(rank * count);
  for (auto [column, place] : llvm::enumerate(found)) {
    int64_t rest = place;
    for (int64_t d = rank - 1; d >= 0; --d) {
      positions[d * count + static_cast<int64_t>(column)] = rest % shape[d];
      rest /= shape[d];
    }
  }
  node.setResult(makeTensor(node, {rank, count}, ElementType::Int64,
                            llvm::ArrayRef<int64_t>(positions)));
  return success();
}

// --- Unique -----------------------------------------------------------------

namespace {

/// The elements of a constant, to be compared and taken apart.
struct KnownElements {
  ElementType type = ElementType::Float32;
  llvm::SmallVector<int64_t> integers;
  llvm::SmallVector<double> numbers;

  bool isLess(int64_t a, int64_t b) const {
    if (type == ElementType::UInt64)
      return static_cast<uint64_t>(integers[a]) <
             static_cast<uint64_t>(integers[b]);
    if (!isFloatingPoint(type))
      return integers[a] < integers[b];
    // NaN comes last.
    return numbers[a] < numbers[b] ||
           (!std::isnan(numbers[a]) && std::isnan(numbers[b]));
  }
};

} // namespace

static llvm::FailureOr<KnownElements> readElements(OnnxNode &node) {
  KnownElements elements;
  elements.type = node.getType();
  // Reports values that aren't known.
  auto numbers = node.getNumbers(0);
  if (failed(numbers))
    return failure();
  elements.numbers = *numbers;
  if (!isFloatingPoint(elements.type) && !numbers->empty())
    elements.integers =
        *readIntegers(getConstant(node.getValue()), elements.type);
  return elements;
}

/// Each different slice along an axis once, where it is first, which one each
/// slice is, and how many there are of it.
static LogicalResult buildUnique(OnnxNode &node) {
  int64_t axis = 0;
  bool isSorted = true;
  if (failed(node.getAttributes()
                 .integer("axis", axis)
                 .boolean("sorted", isSorted)
                 .finish()))
    return failure();
  auto elements = readElements(node);
  if (failed(elements))
    return failure();
  llvm::SmallVector<int64_t> shape(node.getShape());
  if (!node.hasAttribute("axis"))
    shape = {getElementCount(shape)};
  auto dimension = node.normalizeAxis(axis, static_cast<int64_t>(shape.size()),
                                      "attribute 'axis'");
  if (failed(dimension))
    return failure();
  // The tensor as [outer, size, inner].
  llvm::ArrayRef<int64_t> sizes(shape);
  int64_t size = shape[*dimension];
  int64_t outer = getElementCount(sizes.take_front(*dimension));
  int64_t inner = getElementCount(sizes.drop_front(*dimension + 1));
  auto getPlace = [&](int64_t slice, int64_t index) {
    return (index / inner * size + slice) * inner + index % inner;
  };
  auto isLess = [&](int64_t a, int64_t b) {
    for (int64_t index = 0; index < outer * inner; ++index) {
      int64_t first = getPlace(a, index), second = getPlace(b, index);
      if (elements->isLess(first, second))
        return true;
      if (elements->isLess(second, first))
        return false;
    }
    return false;
  };
  llvm::SmallVector<int64_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](int64_t a, int64_t b) {
    return isLess(a, b) || (!isLess(b, a) && a < b);
  });
  // Groups of equal slices; the first of each is the first in the tensor.
  llvm::SmallVector<int64_t> first, counts, inverse(size);
  for (int64_t slice : order) {
    if (first.empty() || isLess(first.back(), slice)) {
      first.push_back(slice);
      counts.push_back(0);
    }
    ++counts.back();
    inverse[slice] = static_cast<int64_t>(first.size()) - 1;
  }
  if (!isSorted) {
    llvm::SmallVector<int64_t> groups(first.size());
    std::iota(groups.begin(), groups.end(), 0);
    llvm::sort(groups,
               [&](int64_t a, int64_t b) { return first[a] < first[b]; });
    llvm::SmallVector<int64_t> oldFirst(first), oldCounts(counts);
    llvm::SmallVector<int64_t> newNumber(first.size());
    for (auto [number, group] : llvm::enumerate(groups)) {
      first[number] = oldFirst[group];
      counts[number] = oldCounts[group];
      newNumber[group] = static_cast<int64_t>(number);
    }
    for (int64_t &group : inverse)
      group = newNumber[group];
  }
  auto count = static_cast<int64_t>(first.size());
  shape[*dimension] = count;
  llvm::SmallVector<int64_t> integers;
  llvm::SmallVector<double> numbers;
  bool isFloat = isFloatingPoint(elements->type);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t slice : first)
      for (int64_t i = 0; i < inner; ++i) {
        int64_t place = getPlace(slice, o * inner + i);
        if (isFloat)
          numbers.push_back(elements->numbers[place]);
        else
          integers.push_back(elements->integers[place]);
      }
  node.setResult(0, isFloat ? makeTensor(node, shape, elements->type,
                                         llvm::ArrayRef<double>(numbers))
                            : makeTensor(node, shape, elements->type,
                                         llvm::ArrayRef<int64_t>(integers)));
  node.setResult(1, makeIntegers(node, first));
  node.setResult(2, makeIntegers(node, inverse));
  node.setResult(3, makeIntegers(node, counts));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxSelectionOperators() {
  static const OnnxOperator operators[] = {
      {"Compress", 9, newestOpset, 2, 2, 1, buildCompress},
      {"NonZero", 9, newestOpset, 1, 1, 1, buildNonZero},
      {"Unique", 11, newestOpset, 1, 1, 4, buildUnique}};
  return operators;
}

} // namespace toeplitz
