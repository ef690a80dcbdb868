// DeformConv: every tap of the kernel reads where an offset, which the network
// computes, moves it to, between positions if need be. What the taps read
// becomes the channels of a convolution with a kernel of size 1:
//   columns[n, c, k, o] = mask[n, k, o] * x~[n, c, o * stride + k * dilation -
//                         low + offset[n, k, o]]
//   y[n, f, o] = b[f] + sum over c, k of w[f, c, k] * columns[n, c, k, o]
// where x~ is x interpolated linearly, and 0 outside. Source: Dai et al. 2017
// (arXiv:1703.06211); the mask Zhu et al. 2018 (arXiv:1811.11168).

#include "compiler/Frontend/Onnx/Convolution.h"
#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/IndexArithmetic.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Reduction.h"
#include "compiler/Frontend/Onnx/WindowAttributes.h"
#include "compiler/Frontend/Shape.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

namespace {

/// The inputs in float32, their shapes split into what the columns index.
struct DeformableInputs {
  /// N x C x I.
  OnnxValue data;
  /// N x offset groups x K x D x O.
  Value offset;
  /// N x offset groups x K x O; may be null.
  Value mask;
  int64_t offsetGroups = 1;
};

/// The position below a coordinate in one dimension, and how much of the one
/// above is taken.
struct Between {
  Value below, fraction;
};

} // namespace

/// Coordinates are numbers of the network, which may be anything: they are
/// moved to just outside of the dimension, where there are zeros, if they are
/// beyond it. A coordinate that is no number goes there too.
static Between emitBetween(OpBuilder &builder, Location location,
                           Value coordinate, int64_t size) {
  auto number = [&](double value) {
    return emitNumber(builder, location, ElementType::Float32, value);
  };
  Value limited =
      arith::MaxNumFOp::create(builder, location, coordinate, number(-1));
  limited = arith::MinNumFOp::create(builder, location, limited,
                                     number(static_cast<double>(size)));
  Value floor = math::FloorOp::create(builder, location, limited);
  Value whole =
      arith::FPToSIOp::create(builder, location, builder.getI64Type(), floor);
  return {arith::IndexCastOp::create(builder, location, builder.getIndexType(),
                                     whole),
          arith::SubFOp::create(builder, location, limited, floor)};
}

/// x~ at the coordinates: the sum over the 2^D positions around them.
static Value emitInterpolation(OpBuilder &builder, Location location,
                               const DeformableInputs &inputs, Value image,
                               Value channel,
                               llvm::ArrayRef<Between> coordinates) {
  IndexArithmetic index(builder, location);
  Value zero = emitNumber(builder, location, ElementType::Float32, 0);
  Value one = emitNumber(builder, location, ElementType::Float32, 1);
  Value sum = zero;
  for (unsigned corner = 0; corner < 1u << coordinates.size(); ++corner) {
    llvm::SmallVector<Value> position = {image, channel};
    Value isInside, weight = one;
    for (auto [d, between] : llvm::enumerate(coordinates)) {
      bool isAbove = corner >> d & 1;
      int64_t size = inputs.data.getShape()[d + 2];
      Value at = index.add(between.below, isAbove);
      isInside = index.both(isInside, index.isInside(at, size));
      position.push_back(index.clamp(at, size));
      Value part = isAbove ? between.fraction
                           : Value(arith::SubFOp::create(builder, location, one,
                                                         between.fraction));
      weight = arith::MulFOp::create(builder, location, weight, part);
    }
    Value element = tensor::ExtractOp::create(builder, location,
                                              inputs.data.value, position);
    Value product = arith::MulFOp::create(builder, location, element, weight);
    Value added = arith::AddFOp::create(builder, location, sum, product);
    sum = arith::SelectOp::create(builder, location, isInside, added, sum);
  }
  return sum;
}

/// What the taps read: N x C x K x O.
static OnnxValue emitColumns(OnnxNode &node, const DeformableInputs &inputs,
                             const WindowAttributes &window,
                             llvm::ArrayRef<int64_t> output) {
  size_t rank = window.getRank();
  llvm::ArrayRef<int64_t> data = inputs.data.getShape();
  OnnxNode::Shape shape = {data[0], data[1]};
  llvm::append_range(shape, window.kernel);
  llvm::append_range(shape, output);
  return emitElementwise(
      node, llvm::ArrayRef<OnnxValue>(), shape, ElementType::Float32,
      [&](OpBuilder &builder, Location location, ValueRange) -> Value {
        IndexArithmetic index(builder, location);
        Value image = index.iteration(0), channel = index.iteration(1);
        // Where the offset and the mask are.
        llvm::SmallVector<Value> at = {
            image, index.divide(channel, data[1] / inputs.offsetGroups)};
        for (size_t d = 0; d < rank; ++d)
          at.push_back(index.iteration(2 + d));
        size_t component = at.size();
        for (size_t d = 0; d < rank; ++d)
          at.push_back(index.iteration(2 + rank + d));
        llvm::SmallVector<Between> coordinates;
        for (size_t d = 0; d < rank; ++d) {
          llvm::SmallVector<Value> place = at;
          place.insert(place.begin() + component, index.constant(d));
          Value offset = tensor::ExtractOp::create(builder, location,
                                                   inputs.offset, place);
          Value regular = index.add(
              index.add(index.multiply(at[component + d], window.strides[d]),
                        index.multiply(at[2 + d], window.dilations[d])),
              -window.low[d]);
          Value whole = arith::IndexCastOp::create(
              builder, location, builder.getI64Type(), regular);
          Value start = arith::SIToFPOp::create(builder, location,
                                                builder.getF32Type(), whole);
          Value coordinate =
              arith::AddFOp::create(builder, location, start, offset);
          coordinates.push_back(
              emitBetween(builder, location, coordinate, data[d + 2]));
        }
        Value element = emitInterpolation(builder, location, inputs, image,
                                          channel, coordinates);
        if (!inputs.mask)
          return element;
        Value factor =
            tensor::ExtractOp::create(builder, location, inputs.mask, at);
        return arith::MulFOp::create(builder, location, element, factor);
      });
}

/// Checks the shape of the offset or the mask, which have `components` numbers
/// for each tap, and splits its dimension of taps.
static llvm::FailureOr<Value> splitTaps(OnnxNode &node, size_t index,
                                        int64_t groups, int64_t components,
                                        const WindowAttributes &window,
                                        llvm::ArrayRef<int64_t> output) {
  OnnxNode::Shape split = {node.getShape()[0], groups};
  llvm::append_range(split, window.kernel);
  if (index == 2)
    split.push_back(components);
  OnnxNode::Shape expected = {node.getShape()[0], groups * components};
  for (int64_t size : window.kernel)
    expected[1] *= size;
  llvm::append_range(split, output);
  llvm::append_range(expected, output);
  if (node.getShape(index) != llvm::ArrayRef<int64_t>(expected))
    return LogicalResult(node.error()
                         << "input " << index << " has shape "
                         << formatShape(node.getShape(index)) << ", expected "
                         << formatShape(expected));
  return node.reshape(toWindowType(node, node.getInput(index)).value, split);
}

static LogicalResult buildDeformConv(OnnxNode &node) {
  enum : size_t { Filter = 1, Offset = 2, Bias = 3, Mask = 4 };
  WindowAttributes window;
  int64_t groups = 1, offsetGroups = 1;
  AttributeReader reader = node.getAttributes();
  bindExplicitWindow(reader, window);
  reader.integer("group", groups, 1).integer("offset_group", offsetGroups, 1);
  if (failed(reader.finish()) || failed(checkFloats(node)) ||
      failed(checkConvolutionFilter(node, Filter, groups)) ||
      failed(checkBias(node, Bias, node.getShape(Filter)[0])) ||
      failed(completeWindow(node, window, node.getRank() - 2,
                            node.getShape(Filter).drop_front(2))))
    return failure();
  int64_t batch = node.getShape()[0], channels = node.getShape()[1];
  if (channels % offsetGroups != 0)
    return node.error() << "attribute 'offset_group' is " << offsetGroups
                        << ", which doesn't divide the " << channels
                        << " input channels";
  auto output = getWindowOutput(node, window, node.getShape().drop_front(2));
  if (failed(output))
    return failure();
  OnnxNode::Shape shape = {batch, node.getShape(Filter)[0]};
  llvm::append_range(shape, *output);
  ElementType type = node.getType();
  if (llvm::is_contained(shape, 0)) {
    node.setResult(makeEmpty(node, shape, type), type);
    return success();
  }
  DeformableInputs inputs;
  inputs.data = toWindowType(node, node.getInput());
  inputs.offsetGroups = offsetGroups;
  int64_t rank = window.getRank();
  auto offset = splitTaps(node, Offset, offsetGroups, rank, window, *output);
  if (failed(offset))
    return failure();
  inputs.offset = *offset;
  if (node.hasInput(Mask)) {
    auto mask = splitTaps(node, Mask, offsetGroups, 1, window, *output);
    if (failed(mask))
      return failure();
    inputs.mask = *mask;
  }
  // The taps become channels, those of one channel side by side, as in the
  // filter.
  int64_t taps = *countElements(window.kernel);
  OnnxNode::Shape columns = {batch, channels * taps};
  llvm::append_range(columns, *output);
  OnnxNode::Shape kernel(node.getRank(), 1);
  kernel[0] = shape[1];
  kernel[1] = channels / groups * taps;
  if (failed(node.checkResultShape(columns)))
    return failure();
  OnnxValue read = emitColumns(node, inputs, window, *output);
  ConvolutionOperands operands = getConvolutionOperands(node, Bias);
  operands.input = {node.reshape(read.value, columns), read.type};
  operands.filter =
      foldValue(node, {node.reshape(operands.filter.value, kernel), read.type});
  llvm::SmallVector<int64_t> ones(rank, 1), zeros(rank, 0);
  WindowAttributes pointwise;
  pointwise.kernel = pointwise.strides = pointwise.dilations = ones;
  pointwise.low = pointwise.high = zeros;
  auto result = emitConvolution(node, operands, pointwise, groups);
  if (failed(result))
    return failure();
  node.setResult(convert(node, *result, type));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxDeformableConvolutionOperators() {
  static const OnnxOperator operators[] = {
      {"DeformConv", 19, newestOpset, 3, 5, 1, buildDeformConv}};
  return operators;
}

} // namespace toeplitz
