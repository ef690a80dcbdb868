// Arithmetic on each element, with broadcasting. float32 is computed by arith
// on whole tensors, which fuses with convolutions and takes any layout;
// everything else by linalg.generic.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/ElementBuilder.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace toeplitz {

using UnaryFunction = Value (*)(ElementBuilder &, Value);
using BinaryFunction = Value (*)(ElementBuilder &, Value, Value);

/// All inputs: numbers of one type.
static LogicalResult checkNumbers(OnnxNode &node) {
  if (failed(node.checkType(0, isNumeric, "a type of numbers")))
    return failure();
  for (size_t index = 1; index < node.getInputCount(); ++index) {
    if (!node.hasInput(index))
      return node.error() << "input " << index << " is missing";
    if (failed(node.checkSameType(0, index)))
      return failure();
  }
  return success();
}

/// Applies a function to all inputs, from the first on.
static llvm::FailureOr<OnnxValue> applyToAll(OnnxNode &node,
                                             BinaryFunction function) {
  if (failed(checkNumbers(node)))
    return failure();
  auto shape = broadcastShapes(node, node.getInputs());
  if (failed(shape))
    return failure();
  OnnxValue result = toComputeType(node, node.getInput());
  for (OnnxValue operand : node.getInputs().drop_front())
    result =
        emitArithmetic(node, {result, toComputeType(node, operand)}, *shape,
                       [&](ElementBuilder &code, ValueRange elements) {
                         return function(code, elements[0], elements[1]);
                       });
  return result;
}

template <BinaryFunction function>
static LogicalResult buildBinary(OnnxNode &node) {
  if (failed(node.getAttributes().finish()))
    return failure();
  auto result = applyToAll(node, function);
  if (failed(result))
    return failure();
  node.setResult(convert(node, *result, node.getType()));
  return success();
}

static Value add(ElementBuilder &code, Value a, Value b) {
  return code.add(a, b);
}
static Value subtract(ElementBuilder &code, Value a, Value b) {
  return code.subtract(a, b);
}
static Value multiply(ElementBuilder &code, Value a, Value b) {
  return code.multiply(a, b);
}
static Value divide(ElementBuilder &code, Value a, Value b) {
  return code.divide(a, b);
}
static Value maximum(ElementBuilder &code, Value a, Value b) {
  return code.maximum(a, b);
}
static Value minimum(ElementBuilder &code, Value a, Value b) {
  return code.minimum(a, b);
}

static LogicalResult buildMean(OnnxNode &node) {
  if (failed(node.getAttributes().finish()) || failed(node.checkFloat(0)))
    return failure();
  auto sum = applyToAll(node, add);
  if (failed(sum))
    return failure();
  OnnxValue mean = emitArithmetic(
      node, *sum, sum->getShape(),
      [&](ElementBuilder &code, ValueRange elements) {
        return code.divide(elements[0], code.number(static_cast<double>(
                                            node.getInputCount())));
      });
  node.setResult(convert(node, mean, node.getType()));
  return success();
}

// --- remainders -------------------------------------------------------------

/// The remainder with the sign of the dividend; of integers by 0: 0.
static Value emitRemainder(ElementBuilder &code, Value a, Value b) {
  ElementType type = code.getType();
  if (isFloatingPoint(type))
    return code.apply<arith::RemFOp>(a, b);
  if (isUnsigned(type))
    return code.apply<arith::RemUIOp>(a, b);
  return code.apply<arith::RemSIOp>(a, b);
}

/// The remainder with the sign of the divisor.
static Value emitModulo(ElementBuilder &code, Value a, Value b) {
  Value remainder = emitRemainder(code, a, b);
  if (isUnsigned(code.getType()))
    return remainder;
  Value zero = code.number(0);
  Value differ =
      code.apply<arith::XOrIOp>(code.compare(Comparison::Less, remainder, zero),
                                code.compare(Comparison::Less, b, zero));
  Value isZero = code.compare(Comparison::Equal, remainder, zero);
  Value moved = code.select(differ, code.add(remainder, b), remainder);
  Value atZero = isFloatingPoint(code.getType())
                     ? code.apply<math::CopySignOp>(remainder, b)
                     : remainder;
  return code.select(isZero, atZero, moved);
}

static LogicalResult buildMod(OnnxNode &node) {
  bool hasDividendSign = false;
  if (failed(node.getAttributes().boolean("fmod", hasDividendSign).finish()))
    return failure();
  auto result = applyToAll(node, hasDividendSign ? emitRemainder : emitModulo);
  if (failed(result))
    return failure();
  node.setResult(convert(node, *result, node.getType()));
  return success();
}

// --- one input --------------------------------------------------------------

template <UnaryFunction function>
static LogicalResult buildUnary(OnnxNode &node) {
  if (failed(node.getAttributes().finish()) || failed(checkNumbers(node)))
    return failure();
  OnnxValue input = toComputeType(node, node.getInput());
  OnnxValue result =
      emitArithmetic(node, input, input.getShape(),
                     [](ElementBuilder &code, ValueRange elements) {
                       return function(code, elements[0]);
                     });
  node.setResult(convert(node, result, node.getType()));
  return success();
}

static Value negate(ElementBuilder &code, Value x) { return code.negate(x); }

static Value absolute(ElementBuilder &code, Value x) {
  if (isFloatingPoint(code.getType()))
    return code.apply<math::AbsFOp>(x);
  if (isUnsigned(code.getType()))
    return x;
  return code.maximum(x, code.negate(x));
}

/// NaN and the zeros stay what they are.
static Value sign(ElementBuilder &code, Value x) {
  Value zero = code.number(0);
  Value result = code.select(code.compare(Comparison::Greater, x, zero),
                             code.number(1), x);
  if (isUnsigned(code.getType()))
    return result;
  return code.select(code.compare(Comparison::Less, x, zero), code.number(-1),
                     result);
}

llvm::ArrayRef<OnnxOperator> getOnnxArithmeticOperators() {
  static const OnnxOperator operators[] = {
      {"Add", 7, newestOpset, 2, 2, 1, buildBinary<add>},
      {"Sub", 7, newestOpset, 2, 2, 1, buildBinary<subtract>},
      {"Mul", 7, newestOpset, 2, 2, 1, buildBinary<multiply>},
      {"Div", 7, newestOpset, 2, 2, 1, buildBinary<divide>},
      {"Max", 6, newestOpset, 1, anyCount, 1, buildBinary<maximum>},
      {"Min", 6, newestOpset, 1, anyCount, 1, buildBinary<minimum>},
      {"Sum", 6, newestOpset, 1, anyCount, 1, buildBinary<add>},
      {"Mean", 6, newestOpset, 1, anyCount, 1, buildMean},
      {"Mod", 10, newestOpset, 2, 2, 1, buildMod},
      {"Neg", 6, newestOpset, 1, 1, 1, buildUnary<negate>},
      {"Abs", 6, newestOpset, 1, 1, 1, buildUnary<absolute>},
      {"Sign", 9, newestOpset, 1, 1, 1, buildUnary<sign>}};
  return operators;
}

} // namespace toeplitz
