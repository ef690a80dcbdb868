// Conv, ConvTranspose and CausalConvWithState.

#include "compiler/Frontend/Onnx/Convolution.h"
#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Padding.h"
#include "compiler/Frontend/Onnx/WindowAttributes.h"
#include "compiler/Frontend/Shape.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

static LogicalResult buildConv(OnnxNode &node) {
  WindowAttributes window;
  int64_t groups = 1;
  AttributeReader reader = node.getAttributes();
  bindWindow(reader, window);
  reader.integer("group", groups, 1);
  if (failed(reader.finish()) || failed(checkFloats(node)) ||
      failed(checkConvolutionFilter(node, 1, groups)) ||
      failed(checkBias(node, 2, node.getShape(1)[0])) ||
      failed(completeWindow(node, window, node.getRank() - 2,
                            node.getShape(1).drop_front(2))))
    return failure();
  llvm::ArrayRef<int64_t> sizes = node.getShape().drop_front(2);
  resolveSamePadding(window, sizes);
  auto output = getWindowOutput(node, window, sizes);
  if (failed(output))
    return failure();
  ElementType type = node.getType();
  OnnxNode::Shape shape = {node.getShape()[0], node.getShape(1)[0]};
  llvm::append_range(shape, *output);
  if (llvm::is_contained(shape, 0)) {
    node.setResult(makeEmpty(node, shape, type), type);
    return success();
  }
  ConvolutionOperands operands = getConvolutionOperands(node, 2);
  auto input = cropWindowInput(node, operands.input, window);
  if (failed(input))
    return failure();
  operands.input = *input;
  auto result = emitConvolution(node, operands, window, groups);
  if (failed(result))
    return failure();
  node.setResult(convert(node, *result, type));
  return success();
}

/// Paddings and output paddings of a transposed convolution, from those that
/// are written or from the size that the output shall have.
static void resolveTransposedPadding(OnnxNode &node, WindowAttributes &window,
                                     llvm::ArrayRef<int64_t> outputPadding,
                                     llvm::ArrayRef<int64_t> outputShape) {
  for (size_t d = 0; d < window.getRank(); ++d) {
    int64_t size = node.getShape()[d + 2];
    if (outputShape.empty() && !window.isSame())
      continue;
    int64_t wanted =
        outputShape.empty() ? size * window.strides[d] : outputShape[d];
    cnn::WindowDimension unpadded = window.getDimension(d);
    unpadded.paddingLow = unpadded.paddingHigh = 0;
    int64_t natural =
        cnn::transposedOutputSize(size, unpadded, outputPadding[d]);
    window.distribute(d, std::max<int64_t>(natural - wanted, 0));
    // An output beyond what the input reaches has its rest at the end.
    if (!outputShape.empty())
      window.high[d] += std::min<int64_t>(natural - wanted, 0);
  }
}

/// output_shape, which may have the batch and the channels as well.
static LogicalResult readOutputShape(OnnxNode &node, size_t rank,
                                     llvm::SmallVector<int64_t> &outputShape) {
  if (outputShape.size() == rank + 2)
    outputShape.erase(outputShape.begin(), outputShape.begin() + 2);
  if (!outputShape.empty() && outputShape.size() != rank)
    return node.error() << "attribute 'output_shape' has " << outputShape.size()
                        << " numbers, expected " << rank;
  for (int64_t size : outputShape)
    if (size > maximumSize)
      return node.error() << "attribute 'output_shape' has " << size
                          << ", beyond the limit of " << maximumSize;
  return success();
}

static LogicalResult buildConvTranspose(OnnxNode &node) {
  WindowAttributes window;
  int64_t groups = 1;
  llvm::SmallVector<int64_t> outputPadding, outputShape;
  AttributeReader reader = node.getAttributes();
  bindWindow(reader, window);
  reader.integer("group", groups, 1)
      .integers("output_padding", outputPadding, 0)
      .integers("output_shape", outputShape, 1);
  size_t rank = std::max<int64_t>(node.getRank() - 2, 0);
  if (failed(reader.finish()) || failed(checkFloats(node)) ||
      failed(checkConvolutionShapes(node, 1, groups)) ||
      failed(
          completeWindow(node, window, rank, node.getShape(1).drop_front(2))) ||
      failed(readOutputShape(node, rank, outputShape)))
    return failure();
  if (outputPadding.empty())
    outputPadding.assign(rank, 0);
  if (outputPadding.size() != rank)
    return node.error() << "attribute 'output_padding' has "
                        << outputPadding.size() << " numbers, expected "
                        << rank;
  if (node.getShape(1)[0] != node.getShape()[1])
    return node.error() << "input 1 has shape " << formatShape(node.getShape(1))
                        << ", expected its first dimension to be "
                        << node.getShape()[1] << ", the input's channels";
  int64_t channels = node.getShape(1)[1] * groups;
  if (failed(checkBias(node, 2, channels)))
    return failure();
  resolveTransposedPadding(node, window, outputPadding, outputShape);

  // Output padding is what the high padding doesn't take away.
  OnnxNode::Shape spatial, high, beyond;
  bool isWithinDialect = true;
  for (size_t d = 0; d < rank; ++d) {
    int64_t output = cnn::transposedOutputSize(
        node.getShape()[d + 2], window.getDimension(d), outputPadding[d]);
    if (output < 1)
      return node.error() << "the output would be empty: its size in spatial "
                             "dimension "
                          << d << " is " << output << " after padding "
                          << window.low[d] << " + " << window.high[d]
                          << " is taken away";
    spatial.push_back(output);
    high.push_back(std::max<int64_t>(window.high[d] - outputPadding[d], 0));
    beyond.push_back(std::max<int64_t>(outputPadding[d] - window.high[d], 0));
    isWithinDialect &=
        window.low[d] >= 0 &&
        beyond[d] < std::max(window.strides[d], window.dilations[d]);
  }
  ElementType type = node.getType();
  OnnxNode::Shape shape = {node.getShape()[0], channels};
  llvm::append_range(shape, spatial);
  if (failed(node.checkResultShape(shape)))
    return failure();
  if (llvm::is_contained(shape, 0)) {
    node.setResult(makeEmpty(node, shape, type), type);
    return success();
  }
  ConvolutionOperands operands = getConvolutionOperands(node, 2);
  // The dialect's operation has filters that are known, and positions that the
  // input doesn't reach only within a stride after the last.
  if (!isWithinDialect || !getConstant(operands.filter.value)) {
    OnnxValue sum = emitGeneralTransposed(node, operands.input, operands.filter,
                                          window, groups, spatial);
    node.setResult(convert(node, emitBias(node, sum, operands.bias), type));
    return success();
  }
  auto result = node.create<cnn::ConvTransposeOp>(
      operands.input.value, operands.filter.value, operands.bias.value,
      window.strides, window.dilations, window.low, high, beyond,
      static_cast<uint64_t>(groups));
  if (failed(result))
    return failure();
  node.setResult(convert(node, {*result, ElementType::Float32}, type));
  return success();
}

/// A depthwise convolution over a sequence, of which this is one part: the
/// positions before it come from the part before.
static LogicalResult buildCausalConvWithState(OnnxNode &node) {
  std::string activation = "none";
  if (failed(node.getAttributes()
                 .word("activation", activation, {"none", "silu", "swish"})
                 .finish()) ||
      failed(checkFloats(node)) || failed(checkWindowInput(node, 3, 3)) ||
      failed(node.checkRank(1, 3, 3)))
    return failure();
  ElementType type = node.getType();
  llvm::ArrayRef<int64_t> sizes = node.getShape(), filter = node.getShape(1);
  if (filter[0] != sizes[1] || filter[1] != 1 || filter[2] < 1)
    return node.error() << "input 1 has shape " << formatShape(filter)
                        << ", expected " << sizes[1]
                        << "x1 and the kernel's size";
  if (failed(checkBias(node, 2, sizes[1])))
    return failure();
  OnnxNode::Shape before = {sizes[0], sizes[1], filter[2] - 1};
  if (node.hasInput(3) && node.getShape(3) != llvm::ArrayRef<int64_t>(before))
    return node.error() << "input 3 has shape " << formatShape(node.getShape(3))
                        << ", expected " << formatShape(before);
  if (sizes[0] == 0) {
    node.setResult(0, node.getInput());
    node.setResult(1, {makeEmpty(node, before, type), type});
    return success();
  }
  OnnxValue sequence = node.getInput();
  if (before[2] > 0) {
    OnnxValue state =
        node.hasInput(3) ? node.getInput(3) : makeSplat(node, before, type, 0);
    sequence.value = tensor::ConcatOp::create(
        node.getBuilder(), node.getLocation(), /*dim=*/2,
        ValueRange{state.value, sequence.value});
  }
  if (node.isResultUsed(1))
    node.setResult(1, emitCrop(node, sequence, {0, 0, sizes[2]}, {0, 0, 0}));
  WindowAttributes window;
  window.kernel = {filter[2]};
  window.strides = window.dilations = {1};
  window.low = window.high = {0};
  ConvolutionOperands operands = getConvolutionOperands(node, 2);
  operands.input = toWindowType(node, sequence);
  auto result = emitConvolution(node, operands, window, /*groups=*/sizes[1]);
  if (failed(result))
    return failure();
  // The reference rounds before the activation.
  OnnxValue rounded = convert(node, *result, type);
  if (activation != "none") {
    auto activated = node.create<cnn::ActivationOp>(
        cnn::ActivationKind::Silu, toWindowType(node, rounded).value,
        llvm::APFloat(0.0f), llvm::APFloat(0.0f));
    if (failed(activated))
      return failure();
    rounded = convert(node, {*activated, ElementType::Float32}, type);
  }
  node.setResult(rounded);
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxConvolutionOperators() {
  static const OnnxOperator operators[] = {
      {"CausalConvWithState", 27, newestOpset, 2, 4, 2,
       buildCausalConvWithState},
      {"Conv", 1, newestOpset, 2, 3, 1, buildConv},
      {"ConvTranspose", 1, newestOpset, 2, 3, 1, buildConvTranspose}};
  return operators;
}

} // namespace toeplitz
