// Normalised exponentials: see Softmax.h.

#include "compiler/Frontend/Onnx/Softmax.h"

#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace toeplitz {

OnnxValue emitSoftmax(OnnxNode &node, OnnxValue input, int64_t axis,
                      bool isLogarithm) {
  if (isNetworkTensor(input))
    return {cnn::SoftmaxOp::create(node.getBuilder(), node.getLocation(),
                                   input.getTensorType(), input.value,
                                   static_cast<uint64_t>(axis), isLogarithm),
            input.type};
  if (llvm::is_contained(input.getShape(), 0))
    return input;
  ElementType type = input.type;
  llvm::ArrayRef<int64_t> shape = input.getShape();
  OnnxValue largest = emitLargestOf(node, input, axis, true);
  OnnxValue shifted = emitElementwise(
      node, {input, largest}, shape, type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        return emitSubtract(builder, location, elements[0], elements[1], type);
      });
  OnnxValue exponentials = emitElementwise(
      node, shifted, type,
      [](OpBuilder &builder, Location location, ValueRange elements) -> Value {
        return math::ExpOp::create(builder, location, elements[0]);
      });
  OnnxValue sum = emitSum(node, exponentials, axis, true);
  return emitElementwise(
      node, {isLogarithm ? shifted : exponentials, sum}, shape, type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        if (!isLogarithm)
          return emitDivide(builder, location, elements[0], elements[1], type);
        Value logarithm = math::LogOp::create(builder, location, elements[1]);
        return emitSubtract(builder, location, elements[0], logarithm, type);
      });
}

} // namespace toeplitz
