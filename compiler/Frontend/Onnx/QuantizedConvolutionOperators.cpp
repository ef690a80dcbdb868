// Convolutions of 8-bit integers: ConvInteger and QLinearConv. Sums are exact,
// in 32 bits.

#include "compiler/Frontend/Onnx/Convolution.h"
#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Reduction.h"
#include "compiler/Frontend/Onnx/WindowAttributes.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace toeplitz {

namespace {

/// The inputs of an operator that describe its convolution.
struct QuantizedInputs {
  size_t input, filter;
  size_t inputZeroPoint, filterZeroPoint;
};

} // namespace

static bool isByte(ElementType type) {
  return type == ElementType::Int8 || type == ElementType::UInt8;
}

/// Checks that an optional input is one number or, if `channels` isn't 1, one
/// for each channel.
static LogicalResult checkParameter(OnnxNode &node, size_t index,
                                    int64_t channels, ElementType type) {
  if (!node.hasInput(index))
    return success();
  if (node.getType(index) != type)
    return node.error() << "input " << index << " has type "
                        << getName(node.getType(index)) << ", expected "
                        << getName(type);
  if (failed(node.checkRank(index, 0, 1)))
    return failure();
  int64_t count = node.getInput(index).getTensorType().getNumElements();
  if (count == 1 || count == channels)
    return success();
  InFlightDiagnostic diagnostic = node.error();
  diagnostic << "input " << index << " has shape "
             << formatShape(node.getShape(index)) << ", expected one number";
  if (channels != 1)
    diagnostic << " or one for each of the " << channels << " output channels";
  return diagnostic;
}

/// One number, or one for each channel, as a tensor that repeats to one of
/// `rank` with the channels in dimension `channel`.
static OnnxValue alignParameter(OnnxNode &node, size_t index, int64_t rank,
                                int64_t channel) {
  OnnxValue value = node.getInput(index);
  OnnxNode::Shape shape(rank, 1);
  shape[channel] = value.getTensorType().getNumElements();
  return {node.reshape(value.value, shape), value.type};
}

/// The value less its zero point, in 32 bits.
static OnnxValue emitCentered(OnnxNode &node, size_t index, size_t zeroPoint,
                              int64_t channel) {
  OnnxValue value = node.getInput(index);
  llvm::SmallVector<OnnxValue> operands = {value};
  if (node.hasInput(zeroPoint))
    operands.push_back(
        alignParameter(node, zeroPoint, value.getRank(), channel));
  return emitElementwise(
      node, operands, value.getShape(), ElementType::Int32,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        Value wide = emitCast(builder, location, elements[0], value.type,
                              ElementType::Int32);
        if (elements.size() == 1)
          return wide;
        Value zero = emitCast(builder, location, elements[1], value.type,
                              ElementType::Int32);
        return emitSubtract(builder, location, wide, zero, ElementType::Int32);
      });
}

/// Reads the attributes and computes the sums; a null value if there is
/// nothing to sum, because the batch is empty: `shape` is that of the result.
static llvm::FailureOr<OnnxValue>
emitIntegerConvolution(OnnxNode &node, const QuantizedInputs &inputs,
                       OnnxNode::Shape &shape) {
  WindowAttributes window;
  int64_t groups = 1;
  AttributeReader reader = node.getAttributes();
  bindWindow(reader, window);
  reader.integer("group", groups, 1);
  llvm::StringRef bytes = "int8 or uint8";
  if (failed(reader.finish()) ||
      failed(node.checkType(inputs.input, isByte, bytes)) ||
      failed(node.checkType(inputs.filter, isByte, bytes)) ||
      failed(checkConvolutionFilter(node, inputs.filter, groups)))
    return failure();
  llvm::ArrayRef<int64_t> filterShape = node.getShape(inputs.filter);
  if (failed(completeWindow(node, window, node.getRank() - 2,
                            filterShape.drop_front(2))) ||
      failed(checkParameter(node, inputs.inputZeroPoint, 1,
                            node.getType(inputs.input))) ||
      failed(checkParameter(node, inputs.filterZeroPoint, filterShape[0],
                            node.getType(inputs.filter))))
    return failure();
  llvm::ArrayRef<int64_t> sizes = node.getShape().drop_front(2);
  resolveSamePadding(window, sizes);
  auto output = getWindowOutput(node, window, sizes);
  if (failed(output))
    return failure();
  shape = {node.getShape()[0], filterShape[0]};
  llvm::append_range(shape, *output);
  if (failed(node.checkResultShape(shape)))
    return failure();
  if (llvm::is_contained(shape, 0))
    return OnnxValue();

  OnnxValue centered =
      emitCentered(node, inputs.input, inputs.inputZeroPoint, 1);
  auto cropped = cropWindowInput(node, centered, window);
  if (failed(cropped))
    return failure();
  OnnxValue filter = foldValue(
      node, emitCentered(node, inputs.filter, inputs.filterZeroPoint, 0));
  // Padding is the zero point, which is 0 now.
  return emitGeneralConvolution(node, *cropped, filter, window, groups);
}

static LogicalResult buildConvInteger(OnnxNode &node) {
  OnnxNode::Shape shape;
  auto sum = emitIntegerConvolution(node, {0, 1, 2, 3}, shape);
  if (failed(sum))
    return failure();
  node.setResult(*sum ? *sum
                      : OnnxValue{makeEmpty(node, shape, ElementType::Int32),
                                  ElementType::Int32});
  return success();
}

/// y = saturate(round((sum + bias) * (x_scale * w_scale / y_scale)) +
/// y_zero_point): rounded half to even, as QuantizeLinear does.
static LogicalResult buildQLinearConv(OnnxNode &node) {
  enum : size_t {
    InputScale = 1,
    FilterScale = 4,
    ResultScale = 6,
    ResultZeroPoint = 7,
    Bias = 8
  };
  OnnxNode::Shape shape;
  auto sum = emitIntegerConvolution(node, {0, 3, 2, 5}, shape);
  if (failed(sum) ||
      failed(node.checkType(ResultZeroPoint, isByte, "int8 or uint8")))
    return failure();
  ElementType type = node.getType(ResultZeroPoint);
  if (failed(checkParameter(node, InputScale, 1, ElementType::Float32)) ||
      failed(
          checkParameter(node, FilterScale, shape[1], ElementType::Float32)) ||
      failed(checkParameter(node, ResultScale, 1, ElementType::Float32)) ||
      failed(checkParameter(node, ResultZeroPoint, 1, type)) ||
      failed(checkBias(node, Bias, shape[1])))
    return failure();
  if (node.hasInput(Bias) && node.getType(Bias) != ElementType::Int32)
    return node.error() << "input " << size_t(Bias) << " has type "
                        << getName(node.getType(Bias)) << ", expected int32";
  if (!*sum) {
    node.setResult(makeEmpty(node, shape, type), type);
    return success();
  }
  int64_t rank = node.getRank();
  llvm::SmallVector<OnnxValue> operands = {*sum};
  for (size_t index : {InputScale, FilterScale, ResultScale, ResultZeroPoint})
    operands.push_back(alignParameter(node, index, rank, 1));
  if (node.hasInput(Bias))
    operands.push_back(alignParameter(node, Bias, rank, 1));
  node.setResult(emitElementwise(
      node, operands, shape, type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        Value total = elements[0];
        if (elements.size() > 5)
          total = arith::AddIOp::create(builder, location, total, elements[5]);
        Value scale =
            arith::MulFOp::create(builder, location, elements[1], elements[2]);
        scale = arith::DivFOp::create(builder, location, scale, elements[3]);
        Value number = arith::SIToFPOp::create(builder, location,
                                               builder.getF32Type(), total);
        number = arith::MulFOp::create(builder, location, number, scale);
        Value rounded = math::RoundEvenOp::create(builder, location, number);
        // Both the number and its sum with a byte are exact here, or far
        // beyond the range of the result.
        Value zeroPoint = emitCast(builder, location, elements[4], type,
                                   ElementType::Float32);
        Value shifted =
            arith::AddFOp::create(builder, location, rounded, zeroPoint);
        return emitCast(builder, location, shifted, ElementType::Float32, type);
      }));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxQuantizedConvolutionOperators() {
  static const OnnxOperator operators[] = {
      {"ConvInteger", 10, newestOpset, 2, 4, 1, buildConvInteger},
      {"QLinearConv", 10, newestOpset, 8, 9, 1, buildQLinearConv}};
  return operators;
}

} // namespace toeplitz
