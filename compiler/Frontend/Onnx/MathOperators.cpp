// Mathematical functions of each element.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/ElementBuilder.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace toeplitz {

template <typename Operation>
static LogicalResult buildFunction(OnnxNode &node) {
  if (failed(node.getAttributes().finish()))
    return failure();
  return buildFloatFunction(node,
                            [](ElementBuilder &code, ValueRange elements) {
                              return code.apply<Operation>(elements[0]);
                            });
}

static LogicalResult buildReciprocal(OnnxNode &node) {
  if (failed(node.getAttributes().finish()))
    return failure();
  return buildFloatFunction(node,
                            [](ElementBuilder &code, ValueRange elements) {
                              return code.divide(code.number(1), elements[0]);
                            });
}

// --- powers -----------------------------------------------------------------

/// Whether integers of this type are exact in a float32.
static bool isExactInFloat(ElementType type) {
  return type == ElementType::Float32 || getBitWidth(type) <= 16;
}

/// The one number that an exponent is known to be, or nothing.
static std::optional<double> findExponent(OnnxNode &node) {
  if (!node.isConstant(1) ||
      node.getInput(1).getTensorType().getNumElements() != 1)
    return std::nullopt;
  auto number = node.getNumber(1);
  if (failed(number))
    return std::nullopt;
  return *number;
}

/// Small whole exponents of floating-point bases are products.
static LogicalResult buildProduct(OnnxNode &node, OnnxValue base,
                                  llvm::ArrayRef<int64_t> shape, int factors) {
  OnnxValue result = emitArithmetic(
      node, base, shape, [&](ElementBuilder &code, ValueRange elements) {
        Value product = elements[0];
        for (int factor = 1; factor < factors; ++factor)
          product = code.multiply(product, elements[0]);
        return product;
      });
  node.setResult(convert(node, result, node.getType()));
  return success();
}

static LogicalResult buildPow(OnnxNode &node) {
  if (failed(node.getAttributes().finish()) ||
      failed(node.checkType(0, isNumeric, "a type of numbers")) ||
      failed(node.checkType(1, isNumeric, "a type of numbers")))
    return failure();
  auto shape = broadcastShapes(node, node.getInputs());
  if (failed(shape))
    return failure();
  ElementType type = node.getType(), exponentType = node.getType(1);
  if (isFloatingPoint(type)) {
    OnnxValue base = toComputeType(node, node.getInput());
    std::optional<double> exponent = findExponent(node);
    if (exponent && (*exponent == 1 || *exponent == 2 || *exponent == 3))
      return buildProduct(node, base, *shape, static_cast<int>(*exponent));
  }
  if (isInteger(type) && isInteger(exponentType)) {
    // Negative exponents give what is left of a fraction: 0, but for 1 and -1.
    constexpr ElementType wide = ElementType::Int64;
    node.setResult(emitElementwise(
        node, node.getInputs(), *shape, type,
        [&](OpBuilder &builder, Location location, ValueRange elements) {
          Value base = emitCast(builder, location, elements[0], type, wide);
          Value exponent =
              emitCast(builder, location, elements[1], exponentType, wide);
          Value power =
              math::IPowIOp::create(builder, location, base, exponent);
          return emitCast(builder, location, power, wide, type);
        }));
    return success();
  }
  // Both in the precision that holds both.
  ElementType computed = isExactInFloat(type) && isExactInFloat(exponentType)
                             ? ElementType::Float32
                             : ElementType::Float64;
  OnnxValue result = emitArithmetic(
      node,
      {convert(node, node.getInput(), computed),
       convert(node, node.getInput(1), computed)},
      *shape, [](ElementBuilder &code, ValueRange elements) {
        return code.apply<math::PowFOp>(elements[0], elements[1]);
      });
  node.setResult(convert(node, result, type));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxMathOperators() {
  static const OnnxOperator operators[] = {
      {"Acos", 7, newestOpset, 1, 1, 1, buildFunction<math::AcosOp>},
      {"Acosh", 9, newestOpset, 1, 1, 1, buildFunction<math::AcoshOp>},
      {"Asin", 7, newestOpset, 1, 1, 1, buildFunction<math::AsinOp>},
      {"Asinh", 9, newestOpset, 1, 1, 1, buildFunction<math::AsinhOp>},
      {"Atan", 7, newestOpset, 1, 1, 1, buildFunction<math::AtanOp>},
      {"Atanh", 9, newestOpset, 1, 1, 1, buildFunction<math::AtanhOp>},
      {"Ceil", 6, newestOpset, 1, 1, 1, buildFunction<math::CeilOp>},
      {"Cos", 7, newestOpset, 1, 1, 1, buildFunction<math::CosOp>},
      {"Cosh", 9, newestOpset, 1, 1, 1, buildFunction<math::CoshOp>},
      {"Erf", 9, newestOpset, 1, 1, 1, buildFunction<math::ErfOp>},
      {"Exp", 6, newestOpset, 1, 1, 1, buildFunction<math::ExpOp>},
      {"Floor", 6, newestOpset, 1, 1, 1, buildFunction<math::FloorOp>},
      {"Log", 6, newestOpset, 1, 1, 1, buildFunction<math::LogOp>},
      {"Pow", 7, newestOpset, 2, 2, 1, buildPow},
      {"Reciprocal", 6, newestOpset, 1, 1, 1, buildReciprocal},
      {"Round", 11, newestOpset, 1, 1, 1, buildFunction<math::RoundEvenOp>},
      {"Sin", 7, newestOpset, 1, 1, 1, buildFunction<math::SinOp>},
      {"Sinh", 9, newestOpset, 1, 1, 1, buildFunction<math::SinhOp>},
      {"Sqrt", 6, newestOpset, 1, 1, 1, buildFunction<math::SqrtOp>},
      {"Tan", 7, newestOpset, 1, 1, 1, buildFunction<math::TanOp>}};
  return operators;
}

} // namespace toeplitz
