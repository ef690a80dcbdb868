// Logic on bools, and on the bits of integers.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/ElementBuilder.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"

using namespace mlir;

namespace toeplitz {

static bool isBool(ElementType type) { return type == ElementType::Bool; }

/// Bools are 0 or 1, so that the operations on bits are those on bools.
static LogicalResult checkOperands(OnnxNode &node, bool onBits) {
  return success(
      succeeded(onBits ? node.checkType(0, isInteger, "an integer type")
                       : node.checkType(0, isBool, "bool")) &&
      (node.getInputCount() == 1 || succeeded(node.checkSameType(0, 1))));
}

template <typename Operation, bool onBits>
static LogicalResult buildBinary(OnnxNode &node) {
  if (failed(node.getAttributes().finish()) ||
      failed(checkOperands(node, onBits)))
    return failure();
  auto shape = broadcastShapes(node, node.getInputs());
  if (failed(shape))
    return failure();
  node.setResult(emitArithmetic(node, node.getInputs(), *shape,
                                [](ElementBuilder &code, ValueRange elements) {
                                  return code.apply<Operation>(elements[0],
                                                               elements[1]);
                                }));
  return success();
}

template <bool onBits> static LogicalResult buildNot(OnnxNode &node) {
  if (failed(node.getAttributes().finish()) ||
      failed(checkOperands(node, onBits)))
    return failure();
  node.setResult(emitArithmetic(node, node.getInput(), node.getShape(),
                                [](ElementBuilder &code, ValueRange elements) {
                                  return code.apply<arith::XOrIOp>(
                                      elements[0],
                                      code.number(onBits ? -1 : 1));
                                }));
  return success();
}

/// Shifts by a negative amount, or by the width of the type and more, leave
/// what the sign's extension leaves.
static LogicalResult buildBitShift(OnnxNode &node) {
  std::string direction;
  if (failed(node.getAttributes()
                 .word("direction", direction, {"LEFT", "RIGHT"})
                 .required()
                 .finish()) ||
      failed(checkOperands(node, /*onBits=*/true)))
    return failure();
  auto shape = broadcastShapes(node, node.getInputs());
  if (failed(shape))
    return failure();
  bool isLeft = direction == "LEFT";
  node.setResult(emitArithmetic(
      node, node.getInputs(), *shape,
      [&](ElementBuilder &code, ValueRange elements) -> Value {
        Value bits = elements[0], amount = elements[1];
        bool isSigned = !isUnsigned(code.getType());
        unsigned width = getBitWidth(code.getType());
        // Negative amounts are large ones without a sign.
        Value fits = code.apply<arith::CmpIOp>(arith::CmpIPredicate::ult,
                                               amount, code.number(width));
        Value safe = code.select(fits, amount, code.number(width - 1));
        if (!isLeft && isSigned)
          return code.apply<arith::ShRSIOp>(bits, safe);
        Value shifted = isLeft ? code.apply<arith::ShLIOp>(bits, safe)
                               : code.apply<arith::ShRUIOp>(bits, safe);
        return code.select(fits, shifted, code.number(0));
      }));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxLogicOperators() {
  static const OnnxOperator operators[] = {
      {"And", 7, newestOpset, 2, 2, 1, buildBinary<arith::AndIOp, false>},
      {"BitShift", 11, newestOpset, 2, 2, 1, buildBitShift},
      {"BitwiseAnd", 18, newestOpset, 2, 2, 1,
       buildBinary<arith::AndIOp, true>},
      {"BitwiseNot", 18, newestOpset, 1, 1, 1, buildNot<true>},
      {"BitwiseOr", 18, newestOpset, 2, 2, 1, buildBinary<arith::OrIOp, true>},
      {"BitwiseXor", 18, newestOpset, 2, 2, 1,
       buildBinary<arith::XOrIOp, true>},
      {"Not", 1, newestOpset, 1, 1, 1, buildNot<false>},
      {"Or", 7, newestOpset, 2, 2, 1, buildBinary<arith::OrIOp, false>},
      {"Xor", 7, newestOpset, 2, 2, 1, buildBinary<arith::XOrIOp, false>}};
  return operators;
}

} // namespace toeplitz
