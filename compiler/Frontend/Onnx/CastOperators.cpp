// Conversions between element types.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace toeplitz {

static LogicalResult buildCast(OnnxNode &node) {
  ElementType to = ElementType::Float32;
  // How floats of 8 bits are rounded and saturated: none of them is compiled.
  if (failed(node.getAttributes()
                 .elementType("to", to)
                 .required()
                 .ignore("saturate")
                 .ignore("round_mode")
                 .finish()))
    return failure();
  node.setResult(convert(node, node.getInput(), to));
  return success();
}

static LogicalResult buildCastLike(OnnxNode &node) {
  if (failed(node.getAttributes()
                 .ignore("saturate")
                 .ignore("round_mode")
                 .finish()))
    return failure();
  node.setResult(convert(node, node.getInput(), node.getType(1)));
  return success();
}

/// The same bits as another type.
static LogicalResult buildBitCast(OnnxNode &node) {
  ElementType to = ElementType::Float32;
  if (failed(node.getAttributes().elementType("to", to).required().finish()))
    return failure();
  ElementType from = node.getType();
  if (getBitWidth(from) != getBitWidth(to))
    return node.error() << "input 0 has type " << getName(from) << " of "
                        << getBitWidth(from)
                        << " bits, expected as many as attribute 'to' has: "
                        << getName(to) << " of " << getBitWidth(to) << " bits";
  // A bool is 0 or 1.
  if (to == ElementType::Bool) {
    node.setResult(convert(node, node.getInput(), to));
    return success();
  }
  Type type = getMlirType(to, node.getBuilder().getContext());
  if (type == node.getInput().getTensorType().getElementType()) {
    node.setResult(node.getValue(), to);
    return success();
  }
  node.setResult(emitElementwise(
      node, node.getInput(), to,
      [&](OpBuilder &builder, Location location, ValueRange elements) -> Value {
        return arith::BitcastOp::create(builder, location, type, elements[0]);
      }));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxCastOperators() {
  static const OnnxOperator operators[] = {
      {"BitCast", 26, newestOpset, 1, 1, 1, buildBitCast},
      {"Cast", 6, newestOpset, 1, 1, 1, buildCast},
      {"CastLike", 15, newestOpset, 2, 2, 1, buildCastLike}};
  return operators;
}

} // namespace toeplitz
