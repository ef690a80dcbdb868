// LRN.

#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/WindowAttributes.h"
#include "compiler/Frontend/Shape.h"
#include "dialects/CNN/CNNDialect.h"

using namespace mlir;

namespace toeplitz {

static LogicalResult buildLocalResponseNormalization(OnnxNode &node) {
  // The standard of alpha and beta, and of the bias.
  double alpha = 1e-4, beta = 0.75, bias = 1;
  int64_t size = 0;
  if (failed(node.getAttributes()
                 .number("alpha", alpha)
                 .number("beta", beta)
                 .number("bias", bias)
                 .integer("size", size, 1, maximumSize)
                 .required()
                 .finish()) ||
      failed(node.checkRank(0, 2, maximumTensorRank)) ||
      failed(checkFloats(node)))
    return failure();
  // Of what is empty so is the result.
  if (llvm::is_contained(node.getShape(), 0)) {
    node.setResult(node.getInput());
    return success();
  }
  auto number = [](double value) {
    return llvm::APFloat(static_cast<float>(value));
  };
  auto result = node.create<cnn::LrnOp>(
      toWindowType(node, node.getInput()).value, static_cast<uint64_t>(size),
      number(alpha), number(beta), number(bias));
  if (failed(result))
    return failure();
  node.setResult(
      convert(node, {*result, ElementType::Float32}, node.getType()));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxLocalResponseNormalizationOperators() {
  static const OnnxOperator operators[] = {
      {"LRN", 1, newestOpset, 1, 1, 1, buildLocalResponseNormalization}};
  return operators;
}

} // namespace toeplitz
