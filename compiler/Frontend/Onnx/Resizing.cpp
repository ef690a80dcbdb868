// Resizing by tables: see Resizing.h.
//
// Nearest takes one element, wherever it is in all dimensions at once;
// interpolation goes one dimension after the other. What cnn.resize does is
// left to it.

#include "compiler/Frontend/Onnx/Resizing.h"

#include "compiler/Frontend/Onnx/TensorMovement.h"
#include "compiler/Frontend/Shape.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace toeplitz {

/// The plan as a cnn.resize, if that reads the same elements with the same
/// weights; null if it doesn't.
static llvm::FailureOr<OnnxValue>
emitNetworkResize(OnnxNode &node, OnnxValue input, const ResizePlan &plan,
                  llvm::ArrayRef<ResizeTable> tables) {
  int64_t rank = input.getRank();
  if (!isNetworkTensor(input) || rank < 3 || rank > 5 ||
      plan.rule.mode == ResizeMode::Cubic ||
      !tables[0].isIdentity(input.getShape()[0]) ||
      !tables[1].isIdentity(input.getShape()[1]))
    return OnnxValue();
  auto matches = [&](ResizeRule rule) {
    for (int64_t d = 2; d < rank; ++d) {
      const ResizeDimension &dimension = plan.dimensions[d];
      if (!areSame(tables[d], makeResizeTable(rule, ResizeDimension::ofSizes(
                                                        dimension.input,
                                                        dimension.output))))
        return false;
    }
    return true;
  };
  ResizeRule rule;
  rule.mode = plan.rule.mode;
  bool alignCorners = false;
  if (rule.mode == ResizeMode::Nearest) {
    rule.coordinates = CoordinateMode::Asymmetric;
    rule.nearest = NearestMode::Floor;
    if (!matches(rule))
      return OnnxValue();
  } else if (!matches(rule)) {
    rule.coordinates = CoordinateMode::AlignCorners;
    alignCorners = true;
    if (!matches(rule))
      return OnnxValue();
  }
  llvm::SmallVector<int64_t> shape = plan.getShape();
  auto result = node.create<cnn::ResizeOp>(
      input.value, llvm::ArrayRef<int64_t>(shape).drop_front(2),
      rule.mode == ResizeMode::Nearest ? cnn::ResizeMode::Nearest
                                       : cnn::ResizeMode::Linear,
      alignCorners);
  if (failed(result))
    return failure();
  return OnnxValue{*result, input.type};
}

/// Tables of one element per position, in all dimensions at once.
static OnnxValue emitNearest(OnnxNode &node, OnnxValue input,
                             llvm::ArrayRef<int64_t> shape,
                             llvm::ArrayRef<ResizeTable> tables) {
  llvm::SmallVector<OnnxValue> places(shape.size());
  for (auto [d, table] : llvm::enumerate(tables)) {
    if (table.isIdentity(input.getShape()[d]))
      continue;
    llvm::SmallVector<int64_t> elements;
    for (const ResizeTable::Taps &taps : table.positions)
      elements.push_back(taps.front().first);
    places[d] = makeTensor(node, {shape[d]}, ElementType::Int32,
                           llvm::ArrayRef<int64_t>(elements));
  }
  return emitElements(
      node, shape, input.type, [&](PositionBuilder &element) -> Value {
        llvm::SmallVector<Value> from;
        for (auto [d, place] : llvm::enumerate(places)) {
          Value position = element.position(static_cast<int64_t>(d));
          from.push_back(place
                             ? element.toIndex(element.extract(place, position),
                                               ElementType::Int32)
                             : position);
        }
        return element.extract(input, from);
      });
}

/// result[…, o, …] = sum over t of weights[o, t] * input[…, places[o, t], …],
/// in the input's floating-point type.
static OnnxValue emitWeightedSum(OnnxNode &node, OnnxValue input,
                                 int64_t dimension, const ResizeTable &table) {
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  auto size = static_cast<int64_t>(table.positions.size());
  int64_t tapCount = table.getTapCount();
  llvm::SmallVector<int64_t> elements;
  llvm::SmallVector<double> weights;
  for (const ResizeTable::Taps &taps : table.positions)
    for (int64_t t = 0; t < tapCount; ++t) {
      // Unused taps read what another one reads.
      bool isUsed = t < static_cast<int64_t>(taps.size());
      elements.push_back(taps[isUsed ? t : 0].first);
      weights.push_back(isUsed ? taps[t].second : 0);
    }
  Value places = makeTensor(node, {size, tapCount}, ElementType::Int32,
                            llvm::ArrayRef<int64_t>(elements))
                     .value;
  Value factors = makeTensor(node, {size, tapCount}, input.type,
                             llvm::ArrayRef<double>(weights))
                      .value;
  llvm::SmallVector<int64_t> shape(input.getShape());
  shape[dimension] = size;
  int64_t rank = input.getRank();
  Value zero = emitNumber(builder, location, input.type, 0);
  Value start = linalg::FillOp::create(builder, location, zero,
                                       makeEmpty(node, shape, input.type))
                    .getResult(0);
  MLIRContext *context = builder.getContext();
  AffineMap tableMap = AffineMap::get(
      rank + 1, 0,
      {builder.getAffineDimExpr(dimension), builder.getAffineDimExpr(rank)},
      context);
  AffineMap resultMap =
      AffineMap::getMultiDimIdentityMap(rank + 1, context).getMajorSubMap(rank);
  llvm::SmallVector<utils::IteratorType> iterators(
      rank, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  auto generic = linalg::GenericOp::create(
      builder, location, TypeRange(start.getType()),
      ValueRange{places, factors}, ValueRange(start),
      {tableMap, tableMap, resultMap}, iterators,
      [&](OpBuilder &inner, Location, ValueRange elements) {
        PositionBuilder element(inner, location);
        llvm::SmallVector<Value> from;
        for (int64_t d = 0; d < rank; ++d)
          from.push_back(d == dimension
                             ? element.toIndex(elements[0], ElementType::Int32)
                             : element.position(d));
        Value product = arith::MulFOp::create(
            inner, location, element.extract(input, from), elements[1]);
        Value sum =
            arith::AddFOp::create(inner, location, elements[2], product);
        linalg::YieldOp::create(inner, location, sum);
      });
  return {generic.getResult(0), input.type};
}

static OnnxValue emitInterpolation(OnnxNode &node, OnnxValue input,
                                   llvm::ArrayRef<ResizeTable> tables) {
  // Wide integers need a double to be exact in.
  bool isWide = isInteger(input.type) && getBitWidth(input.type) > 16;
  ElementType computed = input.type == ElementType::Float64 || isWide
                             ? ElementType::Float64
                             : ElementType::Float32;
  OnnxValue result = convert(node, input, computed);
  // Those first that make the tensor smaller.
  llvm::SmallVector<int64_t> order;
  for (int64_t d = 0; d < input.getRank(); ++d)
    if (!tables[d].isIdentity(input.getShape()[d]))
      order.push_back(d);
  auto growth = [&](int64_t d) {
    return static_cast<double>(tables[d].positions.size()) /
           static_cast<double>(input.getShape()[d]);
  };
  llvm::sort(order, [&](int64_t a, int64_t b) {
    return std::make_pair(growth(a), a) < std::make_pair(growth(b), b);
  });
  for (int64_t d : order)
    result = emitWeightedSum(node, result, d, tables[d]);
  if (isFloatingPoint(input.type))
    return convert(node, result, input.type);
  // To the nearest integer of the type.
  return emitElementwise(
      node, result, input.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        Value rounded =
            math::RoundEvenOp::create(builder, location, elements[0]);
        return emitCast(builder, location, rounded, computed, input.type);
      });
}

/// Puts the extrapolation value where a coordinate is outside of the input.
static OnnxValue emitExtrapolation(OnnxNode &node, OnnxValue value,
                                   const ResizePlan &plan,
                                   llvm::ArrayRef<ResizeTable> tables) {
  llvm::SmallVector<std::pair<int64_t, OnnxValue>> masks;
  for (auto [d, table] : llvm::enumerate(tables)) {
    if (table.isOutside.empty())
      continue;
    llvm::SmallVector<int64_t> mask(table.isOutside.begin(),
                                    table.isOutside.end());
    masks.push_back(
        {d, makeTensor(node, {static_cast<int64_t>(mask.size())},
                       ElementType::Bool, llvm::ArrayRef<int64_t>(mask))});
  }
  if (masks.empty())
    return value;
  return emitElements(
      node, value.getShape(), value.type,
      [&](PositionBuilder &element) -> Value {
        OpBuilder &builder = element.builder;
        Location location = element.location;
        llvm::SmallVector<Value> at;
        for (int64_t d = 0; d < value.getRank(); ++d)
          at.push_back(element.position(d));
        Value result = element.extract(value, at);
        Value outside =
            emitNumber(builder, location, value.type, plan.extrapolationValue);
        for (auto [d, mask] : masks) {
          Value isOutside =
              emitToCondition(builder, location, element.extract(mask, at[d]));
          result = element.select(isOutside, outside, result);
        }
        return result;
      });
}

LogicalResult emitResize(OnnxNode &node, const ResizePlan &plan) {
  OnnxValue input = node.getInput();
  llvm::SmallVector<int64_t> shape = plan.getShape();
  if (failed(node.checkResultShape(shape)))
    return failure();
  if (isEmptyShape(shape)) {
    node.setResult(makeEmptyTensor(node, shape, input.type));
    return success();
  }
  if (isEmptyShape(input.getShape()))
    return node.error() << "its input " << formatShape(input.getShape())
                        << " is empty, but its result " << formatShape(shape)
                        << " isn't";
  llvm::SmallVector<ResizeTable> tables;
  for (const ResizeDimension &dimension : plan.dimensions)
    tables.push_back(makeResizeTable(plan.rule, dimension));
  auto result = emitNetworkResize(node, input, plan, tables);
  if (failed(result))
    return failure();
  if (!*result) {
    OnnxValue value = plan.rule.mode == ResizeMode::Nearest
                          ? emitNearest(node, input, shape, tables)
                          : emitInterpolation(node, input, tables);
    result = emitExtrapolation(node, value, plan, tables);
  }
  node.setResult(*result);
  return success();
}

} // namespace toeplitz
