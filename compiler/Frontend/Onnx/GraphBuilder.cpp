// Building graphs: see GraphBuilder.h.

#include "compiler/Frontend/Onnx/GraphBuilder.h"

#include "compiler/Frontend/Onnx/Folding.h"
#include "compiler/Frontend/Onnx/NodeOrder.h"
#include "compiler/Frontend/Onnx/OlderOpset.h"
#include "compiler/Frontend/Onnx/OnnxModel.h"
#include "compiler/Frontend/Onnx/OnnxNode.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/SaveAndRestore.h"

#include <onnx/onnx_pb.h>

using namespace mlir;

namespace toeplitz {

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

/// Functions that call functions, and subgraphs within subgraphs.
static constexpr unsigned maximumDepth = 64;

/// Functions that call each other twice would be more nodes than there is time
/// for. The largest networks have some ten thousand.
static constexpr unsigned maximumNodes = 1u << 18;

/// Both names stand for the operators of the specification.
static std::string getDomain(llvm::StringRef written) {
  return written == "ai.onnx" ? "" : written.str();
}

static std::string getFullName(llvm::StringRef domain, llvm::StringRef name) {
  return (domain.empty() ? "" : domain.str() + ".") + name.str();
}

static int64_t getVersion(const OnnxOpsets &opsets, llvm::StringRef domain) {
  auto found = opsets.find(domain.str());
  return found == opsets.end() ? 0 : found->second;
}

LogicalResult GraphBuilder::checkOperators(const Nodes &nodes,
                                           const OnnxOpsets &opsets) {
  llvm::SmallVector<std::string> unknown;
  const onnx::NodeProto *first = nullptr;
  for (const onnx::NodeProto &node : nodes) {
    std::string domain = getDomain(node.domain());
    if (functions.count({domain, node.op_type()}) ||
        (domain.empty() && findOnnxOperator(node.op_type())))
      continue;
    if (!first)
      first = &node;
    std::string name = getFullName(domain, node.op_type());
    if (!llvm::is_contained(unknown, name))
      unknown.push_back(name);
  }
  if (!first)
    return success();
  InFlightDiagnostic diagnostic =
      emitError(model.getLocation(getNodeName(*first)));
  diagnostic << "operator '" << unknown.front() << "' is not supported";
  if (unknown.size() > 1)
    diagnostic << ", nor are '" << llvm::join(llvm::drop_begin(unknown), "', '")
               << "'";
  return diagnostic;
}

LogicalResult GraphBuilder::addInitializers(const onnx::GraphProto &graph,
                                            OnnxScope &scope) {
  for (const onnx::TensorProto &tensor : graph.initializer())
    if (!scope.initializers.try_emplace(tensor.name(), &tensor).second)
      return emitError(model.getLocation())
             << "there are two initializers '" << tensor.name() << "'";
  if (graph.sparse_initializer_size() > 0)
    return emitError(model.getLocation())
           << "initializer '" << graph.sparse_initializer(0).values().name()
           << "' is sparse, which is not supported";
  return success();
}

llvm::FailureOr<OnnxValue> GraphBuilder::lookUp(OnnxScope &scope,
                                                llvm::StringRef name) {
  for (OnnxScope *place = &scope; place; place = place->outer) {
    auto value = place->values.find(name);
    if (value != place->values.end())
      return value->second;
    auto initializer = place->initializers.find(name);
    if (initializer == place->initializers.end())
      continue;
    Location location = model.getLocation(name);
    auto constant = model.readTensor(*initializer->second, name, location);
    if (failed(constant))
      return failure();
    // Others may read it behind the branch that reads it first.
    OpBuilder::InsertionGuard guard(builder);
    for (Operation *parent = builder.getInsertionBlock()->getParentOp();
         !isa<FunctionOpInterface>(parent); parent = parent->getParentOp())
      builder.setInsertionPoint(parent);
    auto op = arith::ConstantOp::create(builder, location,
                                        cast<TypedAttr>(constant->attribute));
    return place->values[name] = {op.getResult(), constant->type};
  }
  return OnnxValue();
}

llvm::FailureOr<llvm::SmallVector<OnnxValue>>
GraphBuilder::readInputs(const onnx::NodeProto &node, OnnxScope &scope,
                         Location location) {
  llvm::SmallVector<OnnxValue> inputs;
  for (const std::string &name : node.input()) {
    if (name.empty()) {
      inputs.emplace_back();
      continue;
    }
    llvm::FailureOr<OnnxValue> value = lookUp(scope, name);
    if (failed(value))
      return failure();
    if (!*value)
      return LogicalResult(emitError(location)
                           << node.op_type() << ": its input '" << name
                           << "' is no input, initializer or result of the "
                              "model");
    inputs.push_back(*value);
  }
  return inputs;
}

LogicalResult GraphBuilder::build(const Nodes &nodes, OnnxScope &scope,
                                  const OnnxOpsets &opsets,
                                  llvm::StringRef prefix) {
  auto isKnown = [&](llvm::StringRef name) {
    for (const OnnxScope *place = &scope; place; place = place->outer)
      if (place->values.count(name) || place->initializers.count(name))
        return true;
    return false;
  };
  auto order =
      orderNodes(nodes, isKnown, [&](llvm::StringRef layer) -> Location {
        return model.getLocation(layer);
      });
  if (failed(order))
    return failure();
  for (int index : *order)
    if (failed(buildNode(nodes[index], scope, opsets,
                         (prefix + getNodeName(nodes[index])).str())))
      return failure();
  return success();
}

/// Checks the counts of the operator's row.
static LogicalResult checkCounts(OnnxNode &node, const OnnxOperator &row) {
  for (size_t index = 0; index < row.minimumInputs; ++index) {
    if (node.hasInput(index))
      continue;
    if (index < node.getInputCount())
      return node.error() << "input " << index << " is missing";
    return node.error() << "it has " << node.getInputCount()
                        << " inputs, expected "
                        << (row.minimumInputs == row.maximumInputs
                                ? ""
                                : "at least ")
                        << row.minimumInputs;
  }
  if (node.getInputCount() > row.maximumInputs)
    return node.error() << "it has " << node.getInputCount()
                        << " inputs, expected at most " << row.maximumInputs;
  if (node.getResultCount() > row.maximumOutputs)
    return node.error() << "it has " << node.getResultCount()
                        << " results, expected at most " << row.maximumOutputs;
  return success();
}

LogicalResult GraphBuilder::buildNode(const onnx::NodeProto &proto,
                                      OnnxScope &scope,
                                      const OnnxOpsets &opsets,
                                      llvm::StringRef layer) {
  Location location = model.getLocation(layer);
  if (++nodeCount > maximumNodes)
    return emitError(location)
           << "the model has more than " << maximumNodes
           << " nodes, those of its functions counted at every call";
  auto inputs = readInputs(proto, scope, location);
  if (failed(inputs))
    return failure();
  std::string domain = getDomain(proto.domain());
  auto function = functions.find({domain, proto.op_type()});
  if (function != functions.end())
    return buildFunction(proto, *function->second, *inputs, scope, layer);

  int64_t version = getVersion(opsets, domain);
  if (!domain.empty() || !findOnnxOperator(proto.op_type()))
    return emitError(location)
           << "operator '" << getFullName(domain, proto.op_type())
           << "' is not supported";
  bool isOlder = version == upgradedOpset;
  if (isOlder)
    ++version;
  const OnnxOperator *row = findOnnxOperator(proto.op_type(), version);
  if (!row)
    return emitError(location)
           << "operator '" << proto.op_type() << "' is not supported in opset "
           << version << ", the model's";

  auto importSubgraph = [&](const onnx::GraphProto &graph,
                            llvm::ArrayRef<OnnxValue> values,
                            llvm::SmallVectorImpl<OnnxValue> &results) {
    return buildSubgraph(graph, values, scope, opsets, layer, results);
  };
  OnnxContext context{model, version, importSubgraph};
  Block *block = builder.getInsertionBlock();
  Operation *last = block->empty() ? nullptr : &block->back();
  const onnx::NodeProto *current = &proto;
  OnnxNodeVersion upgraded;
  if (isOlder) {
    OnnxNode older(context, proto, builder, location, *inputs);
    auto result = upgradeFromOpset6(older);
    if (failed(result))
      return failure();
    upgraded = std::move(*result);
    current = &upgraded.proto;
    *inputs = upgraded.inputs;
  }
  OnnxNode node(context, *current, builder, location, *inputs);
  if (failed(checkCounts(node, *row)))
    return failure();
  if (failed(row->build(node)))
    return failure();
  llvm::SmallVector<OnnxValue> results(node.getResults());
  fold(block, last, layer, results);
  for (auto [index, result] : llvm::enumerate(results)) {
    if (!node.isResultUsed(index))
      continue;
    if (!result)
      return node.error() << "result " << index << " is not supported";
    scope.values[proto.output(index)] = result;
  }
  return success();
}

void GraphBuilder::fold(Block *block, Operation *last, llvm::StringRef layer,
                        llvm::MutableArrayRef<OnnxValue> results) {
  llvm::SmallVector<Operation *> operations;
  for (Operation &op :
       llvm::make_range(last ? std::next(last->getIterator()) : block->begin(),
                        block->end()))
    operations.push_back(&op);
  foldConstants(builder, operations, results, layer);
}

LogicalResult
GraphBuilder::buildSubgraph(const onnx::GraphProto &graph,
                            llvm::ArrayRef<OnnxValue> inputs, OnnxScope &outer,
                            const OnnxOpsets &opsets, llvm::StringRef layer,
                            llvm::SmallVectorImpl<OnnxValue> &results) {
  Location location = model.getLocation(layer);
  // (What fails here may be tried in another way.)
  llvm::SaveAndRestore nested(depth, depth + 1);
  if (depth > maximumDepth)
    return emitError(location)
           << "graphs nest more than " << maximumDepth << " deep";
  OnnxScope scope;
  scope.outer = &outer;
  for (auto [input, value] : llvm::zip(graph.input(), inputs))
    scope.values[input.name()] = value;
  if (failed(checkOperators(graph.node(), opsets)) ||
      failed(addInitializers(graph, scope)) ||
      failed(build(graph.node(), scope, opsets, (layer + "/").str())))
    return failure();
  for (const onnx::ValueInfoProto &output : graph.output()) {
    auto value = lookUp(scope, output.name());
    if (failed(value))
      return failure();
    if (!*value)
      return emitError(location)
             << "its subgraph has no value '" << output.name() << "' to return";
    results.push_back(*value);
  }
  return success();
}

/// A function's attributes of a version of the format after that of the
/// library: those with defaults are field 11.
static llvm::SmallVector<onnx::AttributeProto>
getDefaultAttributes(const onnx::FunctionProto &function) {
  constexpr int field = 11;
  llvm::SmallVector<onnx::AttributeProto> attributes;
  const google::protobuf::UnknownFieldSet &unknown =
      function.GetReflection()->GetUnknownFields(function);
  for (int index = 0; index < unknown.field_count(); ++index) {
    const google::protobuf::UnknownField &entry = unknown.field(index);
    onnx::AttributeProto attribute;
    if (entry.number() == field &&
        entry.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED &&
        attribute.ParseFromString(entry.length_delimited()))
      attributes.push_back(attribute);
  }
  return attributes;
}

/// Puts the caller's attributes in the place of references to the function's,
/// in subgraphs too. References to attributes that have no value vanish.
static void
bindAttributes(onnx::NodeProto &node,
               const llvm::StringMap<const onnx::AttributeProto *> &actual) {
  auto *attributes = node.mutable_attribute();
  for (int index = attributes->size() - 1; index >= 0; --index) {
    onnx::AttributeProto &attribute = *attributes->Mutable(index);
    if (!attribute.ref_attr_name().empty()) {
      const onnx::AttributeProto *value =
          actual.lookup(attribute.ref_attr_name());
      if (!value) {
        attributes->DeleteSubrange(index, 1);
        continue;
      }
      std::string name = attribute.name();
      attribute = *value;
      attribute.set_name(name);
      continue;
    }
    if (attribute.has_g())
      for (onnx::NodeProto &nested : *attribute.mutable_g()->mutable_node())
        bindAttributes(nested, actual);
  }
}

LogicalResult GraphBuilder::buildFunction(const onnx::NodeProto &node,
                                          const onnx::FunctionProto &function,
                                          llvm::ArrayRef<OnnxValue> inputs,
                                          OnnxScope &scope,
                                          llvm::StringRef layer) {
  Location location = model.getLocation(layer);
  llvm::SaveAndRestore nested(depth, depth + 1);
  if (depth > maximumDepth)
    return emitError(location)
           << "function '" << function.name()
           << "' calls itself, or nests more than " << maximumDepth << " deep";
  if (static_cast<int>(inputs.size()) > function.input_size() ||
      node.output_size() > function.output_size())
    return emitError(location)
           << "function '" << function.name() << "' has "
           << function.input_size() << " inputs and " << function.output_size()
           << " outputs, called with " << inputs.size() << " and "
           << node.output_size();

  OnnxOpsets opsets;
  for (const onnx::OperatorSetIdProto &opset : function.opset_import())
    opsets[getDomain(opset.domain())] = opset.version();
  // A function sees its inputs and nothing of its caller.
  OnnxScope own;
  for (auto [index, name] : llvm::enumerate(function.input()))
    if (index < inputs.size() && inputs[index])
      own.values[name] = inputs[index];

  llvm::SmallVector<onnx::AttributeProto> defaults =
      getDefaultAttributes(function);
  llvm::StringMap<const onnx::AttributeProto *> actual;
  for (const onnx::AttributeProto &attribute : defaults)
    actual[attribute.name()] = &attribute;
  for (const onnx::AttributeProto &attribute : node.attribute())
    actual[attribute.name()] = &attribute;

  Nodes nodes = function.node();
  for (onnx::NodeProto &nested : nodes) {
    bindAttributes(nested, actual);
    // Inputs that the caller leaves out are left out inside.
    for (std::string &input : *nested.mutable_input())
      if (llvm::is_contained(function.input(), input) &&
          !own.values.count(input))
        input.clear();
  }
  if (failed(checkOperators(nodes, opsets)) ||
      failed(build(nodes, own, opsets, (layer + "/").str())))
    return failure();
  for (auto [index, name] : llvm::enumerate(node.output())) {
    if (name.empty())
      continue;
    auto value = lookUp(own, function.output(index));
    if (failed(value))
      return failure();
    if (!*value)
      return emitError(location)
             << "function '" << function.name() << "' doesn't compute '"
             << function.output(index) << "'";
    scope.values[name] = *value;
  }
  return success();
}

} // namespace toeplitz
