// MaxUnpool and Col2Im: windows back to the tensor that they were taken from.

#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/IndexArithmetic.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Padding.h"
#include "compiler/Frontend/Onnx/Reduction.h"
#include "compiler/Frontend/Onnx/WindowAttributes.h"
#include "compiler/Frontend/Onnx/WindowReduction.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

/// Writes value i of the flat tensor `values` to position `numbers`[i] of a
/// flat tensor of `size` zeros, in order: of several for one position the last
/// stays. Numbers that are no position are left out.
static Value emitScatter(OnnxNode &node, OnnxValue values, Value numbers,
                         int64_t size) {
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  Value zero = emitNumber(builder, location, values.type, 0);
  Value start = emitFilled(node, size, zero);
  IndexArithmetic bounds(builder, location);
  auto loop = scf::ForOp::create(
      builder, location, bounds.constant(0),
      bounds.constant(values.getTensorType().getNumElements()),
      bounds.constant(1), ValueRange(start),
      [&](OpBuilder &body, Location place, Value iteration, ValueRange state) {
        IndexArithmetic index(body, place);
        Value value =
            tensor::ExtractOp::create(body, place, values.value, iteration);
        Value number =
            tensor::ExtractOp::create(body, place, numbers, iteration);
        Value position = arith::IndexCastOp::create(
            body, place, body.getIndexType(), number);
        Value isInside = index.isInside(position, size);
        Value target = index.clamp(position, size);
        Value old =
            tensor::ExtractOp::create(body, place, state.front(), target);
        Value written =
            arith::SelectOp::create(body, place, isInside, value, old);
        Value next = tensor::InsertOp::create(body, place, written,
                                              state.front(), target);
        scf::YieldOp::create(body, place, next);
      });
  return loop.getResult(0);
}

static LogicalResult buildMaxUnpool(OnnxNode &node) {
  WindowAttributes window;
  AttributeReader reader = node.getAttributes();
  bindExplicitWindow(reader, window, /*hasDilations=*/false);
  if (failed(reader.finish()) || failed(node.checkFloat(0)) ||
      failed(checkWindowInput(node, 3, maximumTensorRank)) ||
      failed(node.checkType(
          1, [](ElementType type) { return type == ElementType::Int64; },
          "int64")) ||
      failed(completeWindow(node, window, node.getRank() - 2)))
    return failure();
  if (node.getShape(1) != node.getShape())
    return node.error() << "input 1 has shape " << formatShape(node.getShape(1))
                        << ", expected " << formatShape(node.getShape())
                        << ", a position for each value of input 0";
  OnnxNode::Shape shape(node.getShape().take_front(2));
  for (size_t d = 0; d < window.getRank(); ++d) {
    shape.push_back(cnn::transposedOutputSize(node.getShape()[d + 2],
                                              window.getDimension(d),
                                              /*outputPadding=*/0));
    if (shape.back() < 1)
      return node.error() << "the output would be empty: its size in spatial "
                             "dimension "
                          << d << " is " << shape.back();
  }
  // A larger output has its rest after what the positions count in.
  OnnxNode::Shape extended = shape;
  if (node.hasInput(2)) {
    auto written = node.getIntegers(2);
    if (failed(written))
      return failure();
    extended = *written;
    bool isLarger = extended.size() == shape.size();
    for (size_t d = 0; isLarger && d < shape.size(); ++d)
      isLarger = d < 2 ? extended[d] == shape[d] : extended[d] >= shape[d];
    if (!isLarger)
      return node.error() << "input 2, the output's shape, is "
                          << formatShape(extended) << ", expected at least "
                          << formatShape(shape);
  }
  if (failed(node.checkResultShape(extended)))
    return failure();
  ElementType type = node.getType();
  if (llvm::is_contained(extended, 0)) {
    node.setResult(makeEmpty(node, extended, type), type);
    return success();
  }
  int64_t count = node.getInput().getTensorType().getNumElements();
  Value values = node.reshape(node.getValue(), llvm::ArrayRef<int64_t>(count));
  Value numbers =
      node.reshape(node.getValue(1), llvm::ArrayRef<int64_t>(count));
  int64_t size = *countElements(shape);
  Value scattered = emitScatter(node, {values, type}, numbers, size);
  OnnxNode::Shape low(shape.size(), 0), high;
  for (auto [larger, smaller] : llvm::zip(extended, shape))
    high.push_back(larger - smaller);
  Value zero = emitNumber(node.getBuilder(), node.getLocation(), type, 0);
  node.setResult(emitPad(node, {node.reshape(scattered, shape), type}, low,
                         high, cnn::PaddingMode::Zeros, zero));
  return success();
}

/// Adds up, for each position of the image, the taps that lie on it:
///   y[n, c, i] = sum over k with l * stride = i + low - k * dilation of
///                x[n, c * K + k, l].
static OnnxValue emitImage(OnnxNode &node, OnnxValue columns,
                           const WindowAttributes &window,
                           llvm::ArrayRef<int64_t> shape,
                           llvm::ArrayRef<int64_t> blocks) {
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  ElementType type = columns.type;
  OnnxNode::Shape split(shape.take_front(2));
  llvm::append_range(split, window.kernel);
  llvm::append_range(split, blocks);
  Value source = node.reshape(columns.value, split);
  Value zero = emitNumber(builder, location, type, 0);
  Value start = emitFilled(node, shape, zero);
  ValueRange results = emitWindowReduction(
      node, start, window.kernel,
      [&](OpBuilder &body, Location place,
          ValueRange sum) -> llvm::SmallVector<Value> {
        IndexArithmetic index(body, place);
        llvm::SmallVector<Value> taps, positions;
        Value isInside;
        for (size_t d = 0; d < window.getRank(); ++d) {
          Value tap = index.iteration(shape.size() + d);
          taps.push_back(tap);
          Value offset =
              index.subtract(index.add(index.iteration(d + 2), window.low[d]),
                             index.multiply(tap, window.dilations[d]));
          TransposedPosition block = emitTransposedPosition(
              index, offset, window.strides[d], blocks[d]);
          isInside = index.both(isInside, block.isInside);
          positions.push_back(block.position);
        }
        llvm::SmallVector<Value> at = {index.iteration(0), index.iteration(1)};
        llvm::append_range(at, taps);
        llvm::append_range(at, positions);
        Value element = tensor::ExtractOp::create(body, place, source, at);
        Value added = emitAdd(body, place, sum.front(), element, type);
        return {
            arith::SelectOp::create(body, place, isInside, added, sum.front())};
      });
  return {results.front(), type};
}

static LogicalResult buildCol2Im(OnnxNode &node) {
  WindowAttributes window;
  AttributeReader reader = node.getAttributes();
  reader.integers("strides", window.strides, 1)
      .integers("pads", window.pads, 0)
      .integers("dilations", window.dilations, 1);
  auto isNumber = [](ElementType type) { return type != ElementType::Bool; };
  if (failed(reader.finish()) || failed(checkWindowInput(node, 3, 3)) ||
      failed(node.checkType(0, isNumber, "numbers")))
    return failure();
  auto image = node.getIntegers(1), kernel = node.getIntegers(2);
  if (failed(image) || failed(kernel))
    return failure();
  if (image->empty() || image->size() != kernel->size())
    return node.error() << "its image has " << image->size()
                        << " dimensions and its block " << kernel->size()
                        << ", expected as many, at least 1";
  if (image->size() > maximumRank - 2)
    return node.error() << "its image has " << image->size()
                        << " dimensions, expected at most " << maximumRank - 2;
  for (int64_t size : llvm::concat<int64_t>(*image, *kernel))
    if (size < 1 || size > maximumSize)
      return node.error() << "a size of its image or block is " << size
                          << ", expected 1 to " << maximumSize;
  if (failed(completeWindow(node, window, image->size(), *kernel)))
    return failure();
  auto blocks = getWindowOutput(node, window, *image);
  if (failed(blocks))
    return failure();
  auto taps = countElements(window.kernel), count = countElements(*blocks);
  llvm::ArrayRef<int64_t> columns = node.getShape();
  if (!taps || columns[1] % *taps != 0)
    return node.error() << "input 0 has shape " << formatShape(columns)
                        << ", expected the block " << formatShape(*kernel)
                        << " to divide its dimension 1";
  if (!count || columns[2] != *count)
    return node.error() << "input 0 has shape " << formatShape(columns)
                        << ", expected its dimension 2 to be the number of "
                           "blocks in the image, "
                        << formatShape(*blocks);
  OnnxNode::Shape shape = {columns[0], columns[1] / *taps};
  llvm::append_range(shape, *image);
  ElementType type = node.getType();
  if (failed(node.checkResultShape(shape)))
    return failure();
  if (shape[0] == 0) {
    node.setResult(makeEmpty(node, shape, type), type);
    return success();
  }
  OnnxValue result = emitImage(node, toComputeType(node, node.getInput()),
                               window, shape, *blocks);
  node.setResult(convert(node, result, type));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxUnpoolingOperators() {
  static const OnnxOperator operators[] = {
      {"Col2Im", 18, newestOpset, 3, 3, 1, buildCol2Im},
      {"MaxUnpool", 9, newestOpset, 2, 3, 1, buildMaxUnpool}};
  return operators;
}

} // namespace toeplitz
