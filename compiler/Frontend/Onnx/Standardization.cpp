// Normalisations written out: see Standardization.h.

#include "compiler/Frontend/Onnx/Standardization.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace toeplitz {

ElementType getComputeType(ElementType type) {
  return isHalfPrecision(type) ? ElementType::Float32 : type;
}

OnnxValue getInputAs(OnnxNode &node, size_t index, ElementType type) {
  return convert(node, node.getInput(index), type);
}

llvm::APFloat toFloat(double number) {
  return llvm::APFloat(static_cast<float>(number));
}

OnnxValue emitSquare(OnnxNode &node, OnnxValue value) {
  return emitElementwise(
      node, value, value.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        return emitMultiply(builder, location, elements[0], elements[0],
                            value.type);
      });
}

OnnxValue emitCentered(OnnxNode &node, OnnxValue input, OnnxValue mean) {
  return emitElementwise(
      node, {input, mean}, input.getShape(), input.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        return emitSubtract(builder, location, elements[0], elements[1],
                            input.type);
      });
}

OnnxValue emitInverseDeviation(OnnxNode &node, OnnxValue variance,
                               double epsilon) {
  return emitElementwise(
      node, variance, variance.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        Value shifted =
            emitAdd(builder, location, elements[0],
                    emitNumber(builder, location, variance.type, epsilon),
                    variance.type);
        Value deviation = math::SqrtOp::create(builder, location, shifted);
        return emitDivide(builder, location,
                          emitNumber(builder, location, variance.type, 1),
                          deviation, variance.type);
      });
}

OnnxValue emitAffine(OnnxNode &node, OnnxValue value, OnnxValue scale,
                     OnnxValue bias) {
  llvm::SmallVector<OnnxValue> inputs = {value, scale};
  if (bias)
    inputs.push_back(bias);
  return emitElementwise(
      node, inputs, value.getShape(), value.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        Value result = emitMultiply(builder, location, elements[0], elements[1],
                                    value.type);
        return elements.size() < 3 ? result
                                   : emitAdd(builder, location, result,
                                             elements[2], value.type);
      });
}

OnnxValue emitProduct(OnnxNode &node, OnnxValue a, OnnxValue b) {
  return emitAffine(node, a, b, OnnxValue());
}

Standardized emitStandardized(OnnxNode &node, OnnxValue input,
                              llvm::ArrayRef<int64_t> dimensions,
                              double epsilon) {
  OnnxValue mean = emitMean(node, input, dimensions, /*keepDimensions=*/true);
  OnnxValue centered = emitCentered(node, input, mean);
  OnnxValue variance = emitMean(node, emitSquare(node, centered), dimensions,
                                /*keepDimensions=*/true);
  OnnxValue inverse = emitInverseDeviation(node, variance, epsilon);
  return {emitProduct(node, centered, inverse), mean, inverse};
}

} // namespace toeplitz
