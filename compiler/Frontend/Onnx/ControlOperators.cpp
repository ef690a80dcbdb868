// Operators that compute nothing: constants, names, and choices that are made
// when compiling.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"

using namespace mlir;

namespace toeplitz {

static LogicalResult buildConstant(OnnxNode &node) {
  OnnxConstant tensor;
  int64_t integer = 0;
  double number = 0;
  llvm::SmallVector<int64_t> integers;
  llvm::SmallVector<double> numbers;
  if (failed(node.getAttributes()
                 .tensor("value", tensor)
                 .integer("value_int", integer)
                 .number("value_float", number)
                 .integers("value_ints", integers)
                 .numbers("value_floats", numbers)
                 .finish()))
    return failure();
  OpBuilder &builder = node.getBuilder();
  if (node.hasAttribute("value")) {
    node.setResult(node.makeConstant(tensor.attribute), tensor.type);
  } else if (node.hasAttribute("value_int")) {
    auto type = RankedTensorType::get({}, builder.getI64Type());
    node.setResult(node.makeConstant(DenseElementsAttr::get(type, integer)),
                   ElementType::Int64);
  } else if (node.hasAttribute("value_float")) {
    node.setResult(makeSplat(node, {}, ElementType::Float32, number));
  } else if (node.hasAttribute("value_ints")) {
    node.setResult(makeIntegers(node, integers));
  } else if (node.hasAttribute("value_floats")) {
    llvm::SmallVector<float> floats(numbers.begin(), numbers.end());
    auto type = RankedTensorType::get({static_cast<int64_t>(floats.size())},
                                      builder.getF32Type());
    node.setResult(node.makeConstant(DenseElementsAttr::get(
                       type, llvm::ArrayRef<float>(floats))),
                   ElementType::Float32);
  } else {
    return node.error() << "it has no value";
  }
  return success();
}

static LogicalResult buildIdentity(OnnxNode &node) {
  if (failed(node.getAttributes().finish()))
    return failure();
  node.setResult(node.getInput());
  return success();
}

/// Nothing is dropped when a network runs: the result is the input, and the
/// mask says that every element is kept.
static LogicalResult buildDropout(OnnxNode &node) {
  bool hasAttributeRatio = node.getVersion() < 12;
  double ratio = 0.5;
  AttributeReader attributes = node.getAttributes();
  if (hasAttributeRatio)
    attributes.number("ratio", ratio);
  else
    attributes.ignore("seed");
  if (failed(attributes.finish()))
    return failure();
  if (!hasAttributeRatio && node.hasInput(2)) {
    llvm::FailureOr<double> training = node.getNumber(2);
    if (failed(training))
      return failure();
    if (*training != 0 && node.hasInput(1)) {
      llvm::FailureOr<double> known = node.getNumber(1);
      if (failed(known))
        return failure();
      ratio = *known;
    }
    if (*training != 0 && ratio != 0)
      return node.error() << "input 2, training_mode, is true, expected false: "
                             "networks are compiled to run, not to train";
  }
  node.setResult(node.getInput());
  // Before opset 10 the mask had the type of the data.
  ElementType maskType =
      node.getVersion() < 10 ? node.getType() : ElementType::Bool;
  if (node.isResultUsed(1))
    node.setResult(1, makeSplat(node, node.getShape(), maskType, 1));
  return success();
}

/// The branch that is taken must be known: shapes depend on it.
static LogicalResult buildIf(OnnxNode &node) {
  const onnx::GraphProto *thenBranch = nullptr, *elseBranch = nullptr;
  if (failed(node.getAttributes()
                 .graph("then_branch", thenBranch)
                 .required()
                 .graph("else_branch", elseBranch)
                 .required()
                 .finish()))
    return failure();
  llvm::FailureOr<double> condition = node.getNumber(0);
  if (failed(condition))
    return failure();
  llvm::SmallVector<OnnxValue> results;
  if (failed(node.getContext().importSubgraph(
          *condition != 0 ? *thenBranch : *elseBranch, results)))
    return failure();
  if (results.size() != node.getResultCount())
    return node.error() << "the branch that is taken has " << results.size()
                        << " results, expected " << node.getResultCount();
  for (auto [index, result] : llvm::enumerate(results))
    node.setResult(index, result);
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxControlOperators() {
  static const OnnxOperator operators[] = {
      {"Constant", 1, newestOpset, 0, 0, 1, buildConstant},
      {"Dropout", 7, newestOpset, 1, 3, 2, buildDropout},
      {"Identity", 1, newestOpset, 1, 1, 1, buildIdentity},
      {"If", 1, newestOpset, 1, 1, anyCount, buildIf}};
  return operators;
}

} // namespace toeplitz
