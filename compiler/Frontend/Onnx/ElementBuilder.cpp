// Arithmetic on elements and tensors: see ElementBuilder.h.

#include "compiler/Frontend/Onnx/ElementBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace toeplitz {

Value ElementBuilder::number(double number) {
  auto tensorType = dyn_cast<RankedTensorType>(like);
  if (!tensorType)
    return emitNumber(builder, location, type, number);
  auto element = cast<FloatType>(tensorType.getElementType());
  APFloat value(number);
  bool losesInfo = false;
  value.convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return arith::ConstantOp::create(
      builder, location,
      DenseElementsAttr::get(tensorType,
                             Attribute(FloatAttr::get(element, value))));
}

Value ElementBuilder::negate(Value x) {
  if (isFloatingPoint(type))
    return apply<arith::NegFOp>(x);
  return subtract(number(0), x);
}

Value ElementBuilder::sigmoid(Value x) {
  Value power = apply<math::ExpOp>(negate(x));
  return divide(number(1), add(number(1), power));
}

OnnxValue emitArithmetic(OnnxNode &node, llvm::ArrayRef<OnnxValue> inputs,
                         llvm::ArrayRef<int64_t> shape,
                         ElementFunction function) {
  ElementType type = inputs.front().type;
  if (!llvm::all_of(inputs, isNetworkTensor) || llvm::is_contained(shape, 0))
    return emitElementwise(
        node, inputs, shape, type,
        [&](OpBuilder &builder, Location location, ValueRange elements) {
          ElementBuilder code(builder, location, type, elements[0].getType());
          return function(code, elements);
        });
  llvm::SmallVector<Value> operands;
  for (OnnxValue input : inputs)
    operands.push_back(emitBroadcast(node, input, shape).value);
  ElementBuilder code(node.getBuilder(), node.getLocation(), type,
                      operands.front().getType());
  return {function(code, operands), type};
}

LogicalResult buildFloatFunction(OnnxNode &node, ElementFunction function) {
  if (failed(node.checkFloat(0)))
    return failure();
  OnnxValue input = toComputeType(node, node.getInput());
  OnnxValue result = emitArithmetic(node, input, input.getShape(), function);
  node.setResult(convert(node, result, node.getType()));
  return success();
}

bool isNumeric(ElementType type) { return type != ElementType::Bool; }

} // namespace toeplitz
