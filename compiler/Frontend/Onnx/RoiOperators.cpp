// Pooling over regions of interest: rectangles that are computed when the
// network runs.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/ElementBuilder.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <array>

using namespace mlir;

namespace toeplitz {

/// Samples along one dimension of a bin: what regions of any size that an image
/// has room for need. Others would keep the network busy for days.
static constexpr int64_t largestSampleCount = 16384;

namespace {

struct RoiAlignAttributes {
  std::string mode = "avg";
  /// Subtracted from the corners of a region, in elements.
  double offset = 0;
  int64_t outputHeight = 1;
  int64_t outputWidth = 1;
  /// Samples along each dimension of a bin; 0: as many as elements.
  int64_t samplingRatio = 0;
  double spatialScale = 1;
};

/// The bin of one output element along one dimension.
struct Bin {
  Value start;
  Value size;
  /// The number of samples, an i64.
  Value samples;
};

/// Emits the code of RoiAlign for one element of the result.
class RoiAligner {
public:
  RoiAligner(OnnxNode &node, const RoiAlignAttributes &attributes,
             OpBuilder &builder, Location location, ElementType type)
      : node(node), attributes(attributes), builder(builder),
        location(location),
        code(builder, location, type, getMlirType(type, builder.getContext())) {
    // Here, since linalg.index doesn't stand in loops.
    for (unsigned dimension = 0; dimension < 4; ++dimension)
      indices[dimension] =
          linalg::IndexOp::create(builder, location, dimension);
  }

  Value compute();

private:
  Value constantIndex(int64_t number) {
    return arith::ConstantIndexOp::create(builder, location, number);
  }
  Value extract(size_t input, ValueRange position);
  Value toIndex(Value integer);
  Value toNumber(Value position);
  Bin makeBin(int64_t dimension, int64_t outputs);
  Value findBatch();
  Value loop(Value count, Value initial,
             llvm::function_ref<Value(Value, Value)> body);
  Value locate(const Bin &bin, Value sample);
  Value sample(Value batch, Value y, Value x);

  OnnxNode &node;
  const RoiAlignAttributes &attributes;
  OpBuilder &builder;
  Location location;
  ElementBuilder code;
  /// The position in the result.
  std::array<Value, 4> indices;
};

} // namespace

/// An element of an input as a number of the computed type.
Value RoiAligner::extract(size_t input, ValueRange position) {
  Value element = tensor::ExtractOp::create(builder, location,
                                            node.getValue(input), position);
  return emitCast(builder, location, element, node.getType(input),
                  code.getType());
}

Value RoiAligner::toIndex(Value integer) {
  return arith::IndexCastOp::create(builder, location, builder.getIndexType(),
                                    integer);
}

Value RoiAligner::toNumber(Value position) {
  Value integer = arith::IndexCastOp::create(builder, location,
                                             builder.getI64Type(), position);
  return emitCast(builder, location, integer, ElementType::Int64,
                  code.getType());
}

/// `dimension` is the result's, 2 or 3: rows come second in a region's corners.
Bin RoiAligner::makeBin(int64_t dimension, int64_t outputs) {
  int64_t column = dimension == 2 ? 1 : 0;
  auto corner = [&](int64_t position) {
    Value number = extract(1, {indices[0], constantIndex(position)});
    return code.subtract(
        code.multiply(number, code.number(attributes.spatialScale)),
        code.number(attributes.offset));
  };
  Value start = corner(column);
  Value length = code.subtract(corner(column + 2), start);
  // Without the offset, a region has at least one element.
  if (attributes.offset == 0)
    length = code.maximum(length, code.number(1));
  Bin bin;
  bin.size = code.divide(length, code.number(static_cast<double>(outputs)));
  bin.start =
      code.add(start, code.multiply(toNumber(indices[dimension]), bin.size));
  Value samples =
      attributes.samplingRatio > 0
          ? emitNumber(builder, location, ElementType::Int64,
                       static_cast<double>(attributes.samplingRatio))
          : emitCast(builder, location, code.apply<math::CeilOp>(bin.size),
                     code.getType(), ElementType::Int64);
  samples = arith::MaxSIOp::create(
      builder, location, samples,
      emitNumber(builder, location, ElementType::Int64, 0));
  bin.samples = arith::MinSIOp::create(
      builder, location, samples,
      emitNumber(builder, location, ElementType::Int64, largestSampleCount));
  return bin;
}

/// The image of the region; one that isn't there would be read from elsewhere.
Value RoiAligner::findBatch() {
  Value number = tensor::ExtractOp::create(builder, location, node.getValue(2),
                                           indices[0]);
  auto limit = [&](int64_t value) {
    return emitNumber(builder, location, ElementType::Int64,
                      static_cast<double>(value));
  };
  number = arith::MaxSIOp::create(builder, location, number, limit(0));
  number = arith::MinSIOp::create(builder, location, number,
                                  limit(node.getShape()[0] - 1));
  return toIndex(number);
}

/// Carries a number through `count` steps.
Value RoiAligner::loop(Value count, Value initial,
                       llvm::function_ref<Value(Value, Value)> body) {
  auto loop = scf::ForOp::create(builder, location, constantIndex(0),
                                 toIndex(count), constantIndex(1), initial);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value next = body(loop.getInductionVar(), loop.getRegionIterArg(0));
  scf::YieldOp::create(builder, location, next);
  return loop.getResult(0);
}

/// The position of a sample: the center of its part of the bin.
Value RoiAligner::locate(const Bin &bin, Value sample) {
  Value middle = code.add(toNumber(sample), code.number(0.5));
  Value count = emitCast(builder, location, bin.samples, ElementType::Int64,
                         code.getType());
  return code.add(bin.start,
                  code.divide(code.multiply(middle, bin.size), count));
}

/// The input between four elements: their weighted sum, or the largest of the
/// weighted elements. Further than one element outside of the input: 0.
Value RoiAligner::sample(Value batch, Value y, Value x) {
  struct Neighbours {
    Value low, high, weightLow, weightHigh, isInside;
  };
  auto findNeighbours = [&](Value position, int64_t size) {
    Value last = code.number(static_cast<double>(size - 1));
    Neighbours found;
    found.isInside = code.apply<arith::AndIOp>(
        code.compare(Comparison::GreaterOrEqual, position, code.number(-1)),
        code.compare(Comparison::LessOrEqual, position,
                     code.number(static_cast<double>(size))));
    // NaN becomes 0.
    Value inside = code.apply<arith::MinNumFOp>(
        code.apply<arith::MaxNumFOp>(position, code.number(0)), last);
    Value low = code.apply<math::FloorOp>(inside);
    Value high = code.minimum(code.add(low, code.number(1)), last);
    found.weightHigh = code.subtract(inside, low);
    found.weightLow = code.subtract(code.number(1), found.weightHigh);
    auto convert = [&](Value number) {
      return toIndex(arith::FPToSIOp::create(builder, location,
                                             builder.getI64Type(), number));
    };
    found.low = convert(low);
    found.high = convert(high);
    return found;
  };
  Neighbours rows = findNeighbours(y, node.getShape()[2]);
  Neighbours columns = findNeighbours(x, node.getShape()[3]);
  auto read = [&](Value row, Value column, Value rowWeight,
                  Value columnWeight) {
    Value element = extract(0, {batch, indices[1], row, column});
    return code.multiply(code.multiply(rowWeight, columnWeight), element);
  };
  auto join = [&](Value a, Value b) {
    return attributes.mode == "avg" ? code.add(a, b) : code.maximum(a, b);
  };
  Value top =
      join(read(rows.low, columns.low, rows.weightLow, columns.weightLow),
           read(rows.low, columns.high, rows.weightLow, columns.weightHigh));
  Value bottom =
      join(read(rows.high, columns.low, rows.weightHigh, columns.weightLow),
           read(rows.high, columns.high, rows.weightHigh, columns.weightHigh));
  Value isInside = code.apply<arith::AndIOp>(rows.isInside, columns.isInside);
  return code.select(isInside, join(top, bottom), code.number(0));
}

Value RoiAligner::compute() {
  Bin rows = makeBin(2, attributes.outputHeight);
  Bin columns = makeBin(3, attributes.outputWidth);
  Value batch = findBatch();
  bool isAverage = attributes.mode == "avg";
  Value initial = isAverage ? code.number(0)
                            : emitSmallest(builder, location, code.getType());
  Value total = loop(rows.samples, initial, [&](Value row, Value outer) {
    Value y = locate(rows, row);
    return loop(columns.samples, outer, [&](Value column, Value inner) {
      Value value = sample(batch, y, locate(columns, column));
      return isAverage ? code.add(inner, value) : code.maximum(inner, value);
    });
  });
  Value count = code.multiply(emitCast(builder, location, rows.samples,
                                       ElementType::Int64, code.getType()),
                              emitCast(builder, location, columns.samples,
                                       ElementType::Int64, code.getType()));
  if (isAverage)
    return code.divide(total, code.maximum(count, code.number(1)));
  Value isEmpty = code.compare(Comparison::Equal, count, code.number(0));
  return code.select(isEmpty, code.number(0), total);
}

static LogicalResult readAttributes(OnnxNode &node,
                                    RoiAlignAttributes &attributes) {
  // Before opset 16 corners were taken as they are.
  std::string coordinates =
      node.getVersion() < 16 ? "output_half_pixel" : "half_pixel";
  AttributeReader reader = node.getAttributes();
  if (node.getVersion() >= 16)
    reader.word("coordinate_transformation_mode", coordinates,
                {"half_pixel", "output_half_pixel"});
  if (failed(reader.word("mode", attributes.mode, {"avg", "max"})
                 .integer("output_height", attributes.outputHeight, 1)
                 .integer("output_width", attributes.outputWidth, 1)
                 .integer("sampling_ratio", attributes.samplingRatio, 0,
                          largestSampleCount)
                 .number("spatial_scale", attributes.spatialScale)
                 .finish()))
    return failure();
  attributes.offset = coordinates == "half_pixel" ? 0.5 : 0;
  return success();
}

static LogicalResult checkInputs(OnnxNode &node) {
  if (failed(node.checkFloat(0)) || failed(node.checkSameType(0, 1)) ||
      failed(node.checkType(
          2, [](ElementType type) { return type == ElementType::Int64; },
          "int64")) ||
      failed(node.checkRank(0, 4, 4)) || failed(node.checkRank(1, 2, 2)) ||
      failed(node.checkRank(2, 1, 1)))
    return failure();
  if (node.getShape(1)[1] != 4)
    return node.error() << "input 1 has shape " << formatShape(node.getShape(1))
                        << ", expected four numbers for each region";
  if (node.getShape(1)[0] != node.getShape(2)[0])
    return node.error() << "input 2 has shape " << formatShape(node.getShape(2))
                        << ", expected " << node.getShape(1)[0]
                        << ", one number for each region";
  if (llvm::is_contained(node.getShape(), 0))
    return node.error() << "input 0 has shape " << formatShape(node.getShape())
                        << ": there is nothing to sample";
  return success();
}

static LogicalResult buildRoiAlign(OnnxNode &node) {
  RoiAlignAttributes attributes;
  if (failed(readAttributes(node, attributes)) || failed(checkInputs(node)))
    return failure();
  llvm::SmallVector<int64_t> shape = {node.getShape(1)[0], node.getShape()[1],
                                      attributes.outputHeight,
                                      attributes.outputWidth};
  if (failed(node.checkResultShape(shape)))
    return failure();
  ElementType type = node.getType();
  ElementType computed = isHalfPrecision(type) ? ElementType::Float32 : type;
  node.setResult(emitElementwise(
      node, llvm::ArrayRef<OnnxValue>(), shape, type,
      [&](OpBuilder &builder, Location location, ValueRange) {
        RoiAligner aligner(node, attributes, builder, location, computed);
        return emitCast(builder, location, aligner.compute(), computed, type);
      }));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxRoiOperators() {
  static const OnnxOperator operators[] = {
      {"RoiAlign", 10, newestOpset, 3, 3, 1, buildRoiAlign}};
  return operators;
}

} // namespace toeplitz
