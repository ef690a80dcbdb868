// Convolutions: see Convolution.h.

#include "compiler/Frontend/Onnx/Convolution.h"

#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/IndexArithmetic.h"
#include "compiler/Frontend/Onnx/Padding.h"
#include "compiler/Frontend/Onnx/Reduction.h"
#include "compiler/Frontend/Onnx/WindowReduction.h"
#include "compiler/Frontend/Shape.h"
#include "compiler/Transforms/ConvolutionMaps.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

/// Batch, channels and one to three spatial dimensions.
static constexpr int64_t minimumConvolutionRank = 3;
static constexpr int64_t maximumConvolutionRank = 5;

LogicalResult checkConvolutionShapes(OnnxNode &node, size_t filter,
                                     int64_t groups) {
  if (failed(checkWindowInput(node, minimumConvolutionRank,
                              maximumConvolutionRank)) ||
      failed(node.checkRank(filter, node.getRank(), node.getRank())))
    return failure();
  llvm::ArrayRef<int64_t> shape = node.getShape(filter);
  if (llvm::is_contained(shape.drop_front(), 0))
    return node.error() << "input " << filter << " has shape "
                        << formatShape(shape) << ", expected a filter that "
                        << "isn't empty";
  int64_t channels = node.getShape()[1];
  if (channels % groups != 0)
    return node.error() << "attribute 'group' is " << groups
                        << ", which doesn't divide the " << channels
                        << " input channels";
  return success();
}

LogicalResult checkBias(OnnxNode &node, size_t index, int64_t channels) {
  if (!node.hasInput(index) ||
      node.getShape(index) == llvm::ArrayRef<int64_t>(channels))
    return success();
  return node.error() << "input " << index << " has shape "
                      << formatShape(node.getShape(index)) << ", expected "
                      << channels << ", a bias for each output channel";
}

LogicalResult checkConvolutionFilter(OnnxNode &node, size_t filter,
                                     int64_t groups) {
  if (failed(checkConvolutionShapes(node, filter, groups)))
    return failure();
  int64_t channels = node.getShape()[1];
  llvm::ArrayRef<int64_t> shape = node.getShape(filter);
  if (shape[0] % groups != 0)
    return node.error() << "attribute 'group' is " << groups
                        << ", which doesn't divide the " << shape[0]
                        << " output channels";
  if (shape[1] * groups != channels)
    return node.error() << "input " << filter << " has shape "
                        << formatShape(shape) << ", expected " << shape[0]
                        << "x" << channels / groups
                        << " and the kernel's size: the input has " << channels
                        << " channels in " << groups
                        << (groups == 1 ? " group" : " groups");
  return success();
}

ConvolutionOperands getConvolutionOperands(OnnxNode &node, size_t bias) {
  ConvolutionOperands operands;
  operands.input = toWindowType(node, node.getInput(0));
  operands.filter = foldValue(node, toWindowType(node, node.getInput(1)));
  if (node.hasInput(bias))
    operands.bias = foldValue(node, toWindowType(node, node.getInput(bias)));
  return operands;
}

/// Splits a dimension into groups and what each of them has.
static Value splitGroups(OnnxNode &node, Value value, size_t dimension,
                         int64_t groups) {
  OnnxNode::Shape shape(OnnxNode::getShape(value));
  shape[dimension] /= groups;
  shape.insert(shape.begin() + dimension, groups);
  return node.reshape(value, shape);
}

/// Zeros of N x groups x channels x O, and the same shape with the groups
/// merged into the channels.
static Value emitStart(OnnxNode &node, int64_t batch, int64_t groups,
                       int64_t channels, llvm::ArrayRef<int64_t> output,
                       ElementType type, OnnxNode::Shape &merged) {
  OnnxNode::Shape shape = {batch, groups, channels};
  merged = {batch, groups * channels};
  llvm::append_range(shape, output);
  llvm::append_range(merged, output);
  return emitFilled(node, shape,
                    emitNumber(node.getBuilder(), node.getLocation(), type, 0));
}

llvm::FailureOr<OnnxValue>
emitGeneralConvolution(OnnxNode &node, OnnxValue input, OnnxValue filter,
                       const WindowAttributes &window, int64_t groups) {
  OpBuilder &builder = node.getBuilder();
  ElementType type = input.type;
  OnnxNode::Shape low = {0, 0}, high = {0, 0}, padded(input.getShape());
  llvm::append_range(low, window.low);
  llvm::append_range(high, window.high);
  for (auto [size, before, after] : llvm::zip(padded, low, high))
    size += before + after;
  auto output = getWindowOutput(node, window, input.getShape().drop_front(2));
  if (failed(output) || failed(node.checkResultShape(padded)))
    return failure();
  OnnxNode::Shape merged;
  Value start = emitStart(node, input.getShape()[0], groups,
                          filter.getShape()[0] / groups, *output, type, merged);
  if (failed(node.checkResultShape(merged)))
    return failure();
  Value zero = emitNumber(builder, node.getLocation(), type, 0);
  OnnxValue extended =
      emitPad(node, input, low, high, cnn::PaddingMode::Zeros, zero);
  Value data = splitGroups(node, extended.value, 1, groups);
  Value weights = splitGroups(node, filter.value, 0, groups);
  int64_t rank = window.getRank();
  llvm::SmallVector<utils::IteratorType> iterators(
      4 + 2 * rank, utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), 3 + rank, utils::IteratorType::parallel);
  auto sum = linalg::GenericOp::create(
      builder, node.getLocation(), TypeRange(start.getType()),
      ValueRange{data, weights}, ValueRange(start),
      getConvolutionMaps(builder.getContext(), window.strides,
                         window.dilations),
      iterators, [&](OpBuilder &inner, Location location, ValueRange elements) {
        Value product =
            emitMultiply(inner, location, elements[0], elements[1], type);
        Value total = emitAdd(inner, location, elements[2], product, type);
        linalg::YieldOp::create(inner, location, total);
      });
  return OnnxValue{node.reshape(sum.getResult(0), merged), type};
}

OnnxValue emitGeneralTransposed(OnnxNode &node, OnnxValue input,
                                OnnxValue filter,
                                const WindowAttributes &window, int64_t groups,
                                llvm::ArrayRef<int64_t> output) {
  ElementType type = input.type;
  int64_t channels = input.getShape()[1] / groups;
  OnnxNode::Shape merged;
  Value start = emitStart(node, input.getShape()[0], groups,
                          filter.getShape()[1], output, type, merged);
  // Every position gathers what is spread to it: it sums over c and k.
  OnnxNode::Shape taps = {channels};
  llvm::append_range(taps, window.kernel);
  ValueRange results = emitWindowReduction(
      node, start, taps,
      [&](OpBuilder &body, Location place,
          ValueRange sum) -> llvm::SmallVector<Value> {
        IndexArithmetic index(body, place);
        int64_t rank = window.getRank();
        Value channel = index.add(index.multiply(index.iteration(1), channels),
                                  index.iteration(3 + rank));
        llvm::SmallVector<Value> source = {index.iteration(0), channel};
        llvm::SmallVector<Value> tap = {channel, index.iteration(2)};
        Value isInside;
        for (int64_t d = 0; d < rank; ++d) {
          tap.push_back(index.iteration(4 + rank + d));
          Value offset =
              index.subtract(index.add(index.iteration(3 + d), window.low[d]),
                             index.multiply(tap.back(), window.dilations[d]));
          TransposedPosition position = emitTransposedPosition(
              index, offset, window.strides[d], input.getShape()[d + 2]);
          isInside = index.both(isInside, position.isInside);
          source.push_back(position.position);
        }
        Value element =
            tensor::ExtractOp::create(body, place, input.value, source);
        Value weight =
            tensor::ExtractOp::create(body, place, filter.value, tap);
        Value product = emitMultiply(body, place, element, weight, type);
        Value added = emitAdd(body, place, sum.front(), product, type);
        return {
            arith::SelectOp::create(body, place, isInside, added, sum.front())};
      });
  return {node.reshape(results.front(), merged), type};
}

OnnxValue emitBias(OnnxNode &node, OnnxValue value, OnnxValue bias) {
  if (!bias)
    return value;
  OnnxNode::Shape ranked(value.getRank(), 1);
  ranked[1] = value.getShape()[1];
  OnnxValue repeated = emitBroadcast(
      node, {node.reshape(bias.value, ranked), bias.type}, value.getShape());
  return {arith::AddFOp::create(node.getBuilder(), node.getLocation(),
                                value.value, repeated.value),
          value.type};
}

llvm::FailureOr<OnnxValue> emitConvolution(OnnxNode &node,
                                           const ConvolutionOperands &operands,
                                           const WindowAttributes &window,
                                           int64_t groups) {
  if (!getConstant(operands.filter.value)) {
    auto sum = emitGeneralConvolution(node, operands.input, operands.filter,
                                      window, groups);
    if (failed(sum))
      return failure();
    return emitBias(node, *sum, operands.bias);
  }
  auto result = node.create<cnn::ConvOp>(
      operands.input.value, operands.filter.value, operands.bias.value,
      window.strides, window.dilations, window.low, window.high,
      static_cast<uint64_t>(groups), cnn::PaddingMode::Zeros);
  if (failed(result))
    return failure();
  return OnnxValue{*result, ElementType::Float32};
}

} // namespace toeplitz
