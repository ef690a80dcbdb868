// Operators that compute nothing: constants, names and choices.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

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

static LogicalResult checkResultCount(OnnxNode &node, llvm::StringRef which,
                                      size_t count) {
  if (count == node.getResultCount())
    return success();
  return node.error() << which << " has " << count << " results, expected "
                      << node.getResultCount();
}

/// Imports a branch into a block. What is wrong with it is the reason why the
/// condition must be known: the branch that isn't taken need not fit.
static LogicalResult importBranch(OnnxNode &node, llvm::StringRef which,
                                  const onnx::GraphProto &graph, Block &block,
                                  llvm::SmallVectorImpl<OnnxValue> &results) {
  OpBuilder &builder = node.getBuilder();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&block);
  std::string problem;
  bool isImported;
  {
    ScopedDiagnosticHandler handler(
        builder.getContext(), [&](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
            return failure();
          if (problem.empty())
            problem = diagnostic.str();
          return success();
        });
    isImported = succeeded(
        node.getContext().importSubgraph(graph, /*inputs=*/{}, results));
  }
  if (!isImported)
    return node.reportUnknown(0, (which + ": " + problem).str());
  return checkResultCount(node, which, results.size());
}

/// Both branches, one of which is taken when the network runs. Their results
/// have the same types, since the code that follows is for fixed shapes.
static LogicalResult buildBranches(OnnxNode &node,
                                   const onnx::GraphProto &thenGraph,
                                   const onnx::GraphProto &elseGraph) {
  llvm::FailureOr<Value> condition = readCondition(node, 0);
  if (failed(condition))
    return failure();
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  // The types of the results are known when the branches are.
  auto draft = scf::IfOp::create(builder, location, TypeRange(), *condition,
                                 /*addThenBlock=*/true, /*addElseBlock=*/true);
  llvm::SmallVector<OnnxValue> thenResults, elseResults;
  if (failed(importBranch(node, "then_branch", thenGraph, *draft.thenBlock(),
                          thenResults)) ||
      failed(importBranch(node, "else_branch", elseGraph, *draft.elseBlock(),
                          elseResults)))
    return failure();
  llvm::SmallVector<Type> types;
  llvm::SmallVector<Value> thenValues, elseValues;
  for (auto [index, yes, no] : llvm::enumerate(thenResults, elseResults)) {
    if (yes.type != no.type)
      return node.error() << "result " << index << " has type "
                          << getName(yes.type) << " in then_branch and "
                          << getName(no.type) << " in else_branch";
    if (yes.getShape() != no.getShape())
      return node.reportUnknown(
          0, ("result " + llvm::Twine(index) + " has shape " +
              formatShape(yes.getShape()) + " in then_branch and " +
              formatShape(no.getShape()) + " in else_branch")
                 .str());
    types.push_back(yes.value.getType());
    thenValues.push_back(yes.value);
    elseValues.push_back(no.value);
  }
  auto branches = scf::IfOp::create(builder, location, types, *condition,
                                    /*addThenBlock=*/false,
                                    /*addElseBlock=*/false);
  branches.getThenRegion().takeBody(draft.getThenRegion());
  branches.getElseRegion().takeBody(draft.getElseRegion());
  draft.erase();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(branches.thenBlock());
  scf::YieldOp::create(builder, location, thenValues);
  builder.setInsertionPointToEnd(branches.elseBlock());
  scf::YieldOp::create(builder, location, elseValues);
  for (auto [index, result] : llvm::enumerate(branches.getResults()))
    node.setResult(index, {result, thenResults[index].type});
  return success();
}

/// A condition that is known leaves one branch, which alone has to fit.
static LogicalResult buildIf(OnnxNode &node) {
  const onnx::GraphProto *thenBranch = nullptr, *elseBranch = nullptr;
  if (failed(node.getAttributes()
                 .graph("then_branch", thenBranch)
                 .required()
                 .graph("else_branch", elseBranch)
                 .required()
                 .finish()))
    return failure();
  if (!node.isConstant(0))
    return buildBranches(node, *thenBranch, *elseBranch);
  llvm::FailureOr<double> condition = node.getNumber(0);
  if (failed(condition))
    return failure();
  llvm::SmallVector<OnnxValue> results;
  if (failed(node.getContext().importSubgraph(*condition != 0 ? *thenBranch
                                                              : *elseBranch,
                                              /*inputs=*/{}, results)) ||
      failed(
          checkResultCount(node, "the branch that is taken", results.size())))
    return failure();
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
