// Values of an input at positions that are computed when the network runs:
// GridSample, and AffineGrid, which makes its positions.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/ElementBuilder.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

namespace {

enum class SampleMode { Nearest, Linear, Cubic };
enum class SamplePadding { Zeros, Border, Reflection };

/// The positions from `low` to `high` lie in the input along one dimension.
struct Border {
  double low, high;
  bool isPoint() const { return low == high; }
};

/// Emits the code of GridSample for one dimension of size `size`.
class AxisSampler {
public:
  AxisSampler(ElementBuilder &code, OpBuilder &builder, Location location,
              int64_t size, bool alignsCorners, SamplePadding padding)
      : code(code), builder(builder), location(location), size(size),
        alignsCorners(alignsCorners), padding(padding),
        border(alignsCorners ? Border{0, static_cast<double>(size - 1)}
                             : Border{-0.5, static_cast<double>(size) - 0.5}) {}

  /// The position in the input for one of the grid, between -1 and 1.
  Value locate(Value normalized);
  /// Moves a position outside of the border inside, as the padding has it.
  Value moveInside(Value position);
  /// A position that is whole: its index, and whether the input has an element
  /// there (null if it always has).
  std::pair<Value, Value> getIndex(Value position);

private:
  Value reflect(Value position);
  Value clamp(Value position, double low, double high);

  ElementBuilder &code;
  OpBuilder &builder;
  Location location;
  int64_t size;
  bool alignsCorners;
  SamplePadding padding;
  Border border;
};

} // namespace

/// NaN becomes `low`.
Value AxisSampler::clamp(Value position, double low, double high) {
  Value raised = code.apply<arith::MaxNumFOp>(position, code.number(low));
  return code.apply<arith::MinNumFOp>(raised, code.number(high));
}

Value AxisSampler::locate(Value normalized) {
  Value shifted = code.add(normalized, code.number(1));
  double length = static_cast<double>(size);
  Value half = code.number(0.5);
  if (alignsCorners)
    return code.multiply(code.multiply(shifted, half), code.number(length - 1));
  return code.multiply(
      code.subtract(code.multiply(shifted, code.number(length)),
                    code.number(1)),
      half);
}

/// Mirrors what lies outside at the nearer border until it lies inside: the
/// distance from that border, folded at each multiple of the length.
Value AxisSampler::reflect(Value position) {
  if (border.isPoint())
    return code.number(border.low);
  Value low = code.number(border.low), high = code.number(border.high);
  Value length = code.number(border.high - border.low);
  Value isBelow = code.compare(Comparison::Less, position, low);
  Value isAbove = code.compare(Comparison::Greater, position, high);
  Value distance = code.select(isBelow, code.subtract(low, position),
                               code.subtract(position, high));
  Value folds = code.apply<math::FloorOp>(code.divide(distance, length));
  Value rest = code.subtract(distance, code.multiply(folds, length));
  Value halved = code.multiply(folds, code.number(0.5));
  Value isEven = code.compare(Comparison::Equal, halved,
                              code.apply<math::FloorOp>(halved));
  Value fromLow = code.add(low, rest), fromHigh = code.subtract(high, rest);
  Value below = code.select(isEven, fromLow, fromHigh);
  Value above = code.select(isEven, fromHigh, fromLow);
  return code.select(isBelow, below, code.select(isAbove, above, position));
}

Value AxisSampler::moveInside(Value position) {
  if (padding == SamplePadding::Reflection)
    position = reflect(position);
  if (padding == SamplePadding::Border) {
    Value isOutside = code.apply<arith::OrIOp>(
        code.compare(Comparison::Less, position, code.number(border.low)),
        code.compare(Comparison::Greater, position, code.number(border.high)));
    position = code.select(
        isOutside, clamp(position, 0, static_cast<double>(size - 1)), position);
  }
  // Beyond these, no interpolation reads the input, and integers would
  // overflow.
  return clamp(position, -3, static_cast<double>(size) + 2);
}

std::pair<Value, Value> AxisSampler::getIndex(Value position) {
  double last = static_cast<double>(size - 1);
  Value isInside;
  if (padding == SamplePadding::Zeros)
    isInside = code.apply<arith::AndIOp>(
        code.compare(Comparison::GreaterOrEqual, position, code.number(0)),
        code.compare(Comparison::LessOrEqual, position, code.number(last)));
  if (padding == SamplePadding::Reflection)
    position = reflect(position);
  Value integer = arith::FPToSIOp::create(
      builder, location, builder.getI64Type(), clamp(position, 0, last));
  Value index = arith::IndexCastOp::create(builder, location,
                                           builder.getIndexType(), integer);
  return {index, isInside};
}

// --- interpolation ----------------------------------------------------------

/// One of the positions that an interpolation reads along a dimension.
namespace {
struct Tap {
  Value index;
  Value isInside;
  /// Null for a weight of 1.
  Value weight;
};
} // namespace

/// The weights of the four positions around a fraction. Keys 1981,
/// "Cubic convolution interpolation for digital image processing", a = -3/4.
static llvm::SmallVector<Value> getCubicWeights(ElementBuilder &code,
                                                Value fraction) {
  constexpr double a = -0.75;
  auto number = [&](double value) { return code.number(value); };
  // ((p x + q) x + r) x + s
  auto polynomial = [&](Value x, double p, double q, double r, double s) {
    Value sum = code.add(code.multiply(number(p), x), number(q));
    sum = code.add(code.multiply(sum, x), number(r));
    return code.add(code.multiply(sum, x), number(s));
  };
  auto far = [&](Value x) { return polynomial(x, a, -5 * a, 8 * a, -4 * a); };
  auto near = [&](Value x) { return polynomial(x, a + 2, -(a + 3), 0, 1); };
  Value one = number(1);
  Value rest = code.subtract(one, fraction);
  return {far(code.add(fraction, one)), near(fraction), near(rest),
          far(code.add(rest, one))};
}

static llvm::SmallVector<Tap> getTaps(ElementBuilder &code, AxisSampler &axis,
                                      Value position, SampleMode mode) {
  auto makeTap = [&](Value at, Value weight) {
    auto [index, isInside] = axis.getIndex(at);
    return Tap{index, isInside, weight};
  };
  if (mode == SampleMode::Nearest)
    return {makeTap(position, Value())};
  Value base = code.apply<math::FloorOp>(position);
  Value fraction = code.subtract(position, base);
  llvm::SmallVector<Value> weights;
  int first = 0;
  if (mode == SampleMode::Cubic) {
    weights = getCubicWeights(code, fraction);
    first = -1;
  } else {
    weights = {code.subtract(code.number(1), fraction), fraction};
  }
  llvm::SmallVector<Tap> taps;
  for (auto [offset, weight] : llvm::enumerate(weights))
    taps.push_back(makeTap(
        code.add(base, code.number(static_cast<double>(offset) + first)),
        weight));
  return taps;
}

namespace {

/// Sums the elements at all combinations of the dimensions' taps.
class Interpolation {
public:
  Interpolation(ElementBuilder &code, OpBuilder &builder, Location location,
                OnnxValue input, ElementType positionType)
      : code(code), builder(builder), location(location), input(input),
        positionType(positionType) {}

  /// `position` has the indices of the batch and the channel.
  Value compute(llvm::SmallVector<Value> position,
                llvm::ArrayRef<llvm::SmallVector<Tap>> taps, Value isInside);

private:
  Value read(llvm::ArrayRef<Value> position, Value isInside);

  /// Of the type in which the result is computed.
  ElementBuilder &code;
  OpBuilder &builder;
  Location location;
  OnnxValue input;
  ElementType positionType;
};

} // namespace

Value Interpolation::read(llvm::ArrayRef<Value> position, Value isInside) {
  Value element =
      tensor::ExtractOp::create(builder, location, input.value, position);
  element = emitCast(builder, location, element, input.type, code.getType());
  return isInside ? code.select(isInside, element, code.number(0)) : element;
}

Value Interpolation::compute(llvm::SmallVector<Value> position,
                             llvm::ArrayRef<llvm::SmallVector<Tap>> taps,
                             Value isInside) {
  if (taps.empty())
    return read(position, isInside);
  Value sum;
  for (const Tap &tap : taps.front()) {
    llvm::SmallVector<Value> next(position);
    next.push_back(tap.index);
    Value inside = isInside && tap.isInside
                       ? code.apply<arith::AndIOp>(isInside, tap.isInside)
                   : isInside ? isInside
                              : tap.isInside;
    Value value = compute(next, taps.drop_front(), inside);
    if (tap.weight)
      value = code.multiply(
          emitCast(builder, location, tap.weight, positionType, code.getType()),
          value);
    sum = sum ? code.add(sum, value) : value;
  }
  return sum;
}

// --- GridSample -------------------------------------------------------------

namespace {
struct GridSampleAttributes {
  SampleMode mode = SampleMode::Linear;
  SamplePadding padding = SamplePadding::Zeros;
  bool alignsCorners = false;
};
} // namespace

static LogicalResult readAttributes(OnnxNode &node,
                                    GridSampleAttributes &attributes) {
  bool hasOldNames = node.getVersion() < 20;
  std::string linear = hasOldNames ? "bilinear" : "linear";
  std::string cubic = hasOldNames ? "bicubic" : "cubic";
  std::string mode = linear, padding = "zeros";
  if (failed(
          node.getAttributes()
              .word("mode", mode, {linear, "nearest", cubic})
              .word("padding_mode", padding, {"zeros", "border", "reflection"})
              .boolean("align_corners", attributes.alignsCorners)
              .finish()))
    return failure();
  attributes.mode = mode == "nearest" ? SampleMode::Nearest
                    : mode == cubic   ? SampleMode::Cubic
                                      : SampleMode::Linear;
  attributes.padding = padding == "zeros"    ? SamplePadding::Zeros
                       : padding == "border" ? SamplePadding::Border
                                             : SamplePadding::Reflection;
  return success();
}

static LogicalResult checkGrid(OnnxNode &node) {
  if (failed(node.checkRank(0, 3, 5)) ||
      failed(node.checkRank(1, node.getRank(), node.getRank())) ||
      failed(node.checkFloat(1)))
    return failure();
  llvm::ArrayRef<int64_t> input = node.getShape(0), grid = node.getShape(1);
  if (grid.front() != input.front() || grid.back() != node.getRank() - 2)
    return node.error() << "input 1 has shape " << formatShape(grid)
                        << ", expected " << input.front() << " x ... x "
                        << node.getRank() - 2 << " for an input of shape "
                        << formatShape(input);
  return success();
}

static LogicalResult buildGridSample(OnnxNode &node) {
  GridSampleAttributes attributes;
  if (failed(readAttributes(node, attributes)) || failed(checkGrid(node)))
    return failure();
  // Elements between others have to be computed.
  if (attributes.mode != SampleMode::Nearest && failed(node.checkFloat(0)))
    return failure();
  OnnxValue input = node.getInput();
  OnnxValue grid = toComputeType(node, node.getInput(1));
  ElementType computed =
      isHalfPrecision(input.type) ? ElementType::Float32 : input.type;
  llvm::SmallVector<int64_t> shape(node.getShape(0).take_front(2));
  llvm::append_range(shape, node.getShape(1).drop_front().drop_back());
  if (failed(node.checkResultShape(shape)))
    return failure();
  if (!llvm::is_contained(shape, 0) && llvm::is_contained(node.getShape(0), 0))
    return node.error() << "input 0 has shape " << formatShape(node.getShape(0))
                        << ": there is nothing to sample";
  size_t spatialRank = node.getRank() - 2;
  node.setResult(emitElementwise(
      node, llvm::ArrayRef<OnnxValue>(), shape, input.type,
      [&](OpBuilder &builder, Location location, ValueRange) -> Value {
        llvm::SmallVector<Value> here;
        for (size_t d = 0; d < shape.size(); ++d)
          here.push_back(linalg::IndexOp::create(builder, location, d));
        llvm::SmallVector<Value> gridPosition = {here[0]};
        llvm::append_range(gridPosition, llvm::drop_begin(here, 2));
        gridPosition.push_back(Value());

        ElementBuilder code(builder, location, grid.type,
                            getMlirType(grid.type, builder.getContext()));
        llvm::SmallVector<llvm::SmallVector<Tap>> taps;
        for (size_t d = 0; d < spatialRank; ++d) {
          // The last dimension comes first in the grid.
          gridPosition.back() = arith::ConstantIndexOp::create(
              builder, location, spatialRank - 1 - d);
          Value normalized = tensor::ExtractOp::create(
              builder, location, grid.value, gridPosition);
          AxisSampler axis(code, builder, location, node.getShape(0)[2 + d],
                           attributes.alignsCorners, attributes.padding);
          Value position = axis.locate(normalized);
          if (attributes.mode == SampleMode::Nearest)
            position = code.apply<math::RoundEvenOp>(position);
          taps.push_back(
              getTaps(code, axis, axis.moveInside(position), attributes.mode));
        }
        ElementBuilder result(builder, location, computed,
                              getMlirType(computed, builder.getContext()));
        Interpolation interpolation(result, builder, location, input,
                                    grid.type);
        Value sum = interpolation.compute({here[0], here[1]}, taps, Value());
        return emitCast(builder, location, sum, computed, input.type);
      }));
  return success();
}

// --- AffineGrid -------------------------------------------------------------

/// The positions along a dimension, from -1 to 1: of its elements' centers, or
/// with the first and the last one at the ends.
static OnnxValue makePositions(OnnxNode &node, int64_t size,
                               bool alignsCorners) {
  llvm::SmallVector<double> positions;
  for (int64_t i = 0; i < size; ++i) {
    double position = static_cast<double>(i), count = static_cast<double>(size);
    if (alignsCorners)
      positions.push_back(size == 1 ? -1 : 2 * position / (count - 1) - 1);
    else
      positions.push_back((2 * position + 1) / count - 1);
  }
  auto type = RankedTensorType::get(size, node.getBuilder().getF64Type());
  return {node.makeConstant(
              DenseElementsAttr::get(type, llvm::ArrayRef<double>(positions))),
          ElementType::Float64};
}

static LogicalResult buildAffineGrid(OnnxNode &node) {
  bool alignsCorners = false;
  if (failed(node.getAttributes()
                 .boolean("align_corners", alignsCorners)
                 .finish()))
    return failure();
  if (failed(node.checkFloat(0)) || failed(node.checkRank(0, 3, 3)))
    return failure();
  auto size = node.getIntegers(1);
  if (failed(size))
    return failure();
  if (size->size() < 4 || size->size() > 5)
    return node.error() << "input 1 has " << size->size()
                        << " numbers, expected 4 or 5: N, C and two or three "
                           "sizes";
  int64_t dimensions = static_cast<int64_t>(size->size()) - 2;
  if (node.getShape() !=
      llvm::ArrayRef<int64_t>({size->front(), dimensions, dimensions + 1}))
    return node.error() << "input 0 has shape " << formatShape(node.getShape())
                        << ", expected " << size->front() << "x" << dimensions
                        << "x" << dimensions + 1 << " for size "
                        << formatShape(*size);
  for (int64_t number : *size)
    if (number < 0)
      return node.error() << "input 1 has " << number
                          << ", expected sizes of at least 0";
  llvm::SmallVector<int64_t> shape = {size->front()};
  llvm::append_range(shape, llvm::drop_begin(*size, 2));
  shape.push_back(dimensions);
  if (failed(node.checkResultShape(shape)))
    return failure();
  OnnxValue theta = toComputeType(node, node.getInput());
  // Along the last dimension first, as theta's columns.
  llvm::SmallVector<OnnxValue> positions;
  for (int64_t d = dimensions; d >= 1; --d)
    positions.push_back(convert(
        node, makePositions(node, shape[d], alignsCorners), theta.type));
  OnnxValue grid = emitElementwise(
      node, llvm::ArrayRef<OnnxValue>(), shape, theta.type,
      [&](OpBuilder &builder, Location location, ValueRange) -> Value {
        ElementBuilder code(builder, location, theta.type,
                            getMlirType(theta.type, builder.getContext()));
        auto index = [&](int64_t d) -> Value {
          return linalg::IndexOp::create(builder, location, d);
        };
        auto extract = [&](OnnxValue from, ValueRange at) -> Value {
          return tensor::ExtractOp::create(builder, location, from.value, at);
        };
        Value sum;
        for (int64_t column = 0; column <= dimensions; ++column) {
          Value constant =
              arith::ConstantIndexOp::create(builder, location, column);
          Value term =
              extract(theta, {index(0), index(dimensions + 1), constant});
          if (column < dimensions)
            term = code.multiply(
                term, extract(positions[column], index(dimensions - column)));
          sum = sum ? code.add(sum, term) : term;
        }
        return sum;
      });
  node.setResult(convert(node, grid, node.getType()));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxSamplingOperators() {
  static const OnnxOperator operators[] = {
      {"AffineGrid", 20, newestOpset, 2, 2, 1, buildAffineGrid},
      {"GridSample", 16, newestOpset, 2, 2, 1, buildGridSample}};
  return operators;
}

} // namespace toeplitz
