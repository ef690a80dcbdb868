// From a model to a module: see OnnxImporter.h.

#include "compiler/Frontend/Onnx/OnnxImporter.h"

#include "compiler/Frontend/Onnx/GraphBuilder.h"
#include "compiler/Frontend/Onnx/NetworkInputs.h"
#include "compiler/Frontend/Onnx/OnnxModel.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

#include <onnx/onnx_pb.h>

using namespace mlir;

namespace toeplitz {

namespace {

class OnnxImporter {
public:
  OnnxImporter(OnnxModel &model, const ImportOptions &options)
      : model(model), options(options), builder(&model.getContext()) {}

  OwningOpRef<ModuleOp> run();

private:
  LogicalResult readOpsets();
  LogicalResult readFunctions();
  LogicalResult startFunction(ModuleOp module);
  LogicalResult finishFunction(GraphBuilder &graph);
  void nameTensor(llvm::StringRef name, ElementType type,
                  llvm::function_ref<void(DictionaryAttr)> setAttributes);

  OnnxModel &model;
  const ImportOptions &options;
  OpBuilder builder;
  OnnxOpsets opsets;
  OnnxFunctions functions;
  OnnxScope scope;
  func::FuncOp function;
};

} // namespace

/// The file's name as a C identifier.
static std::string getNetworkName(llvm::StringRef path) {
  std::string name;
  for (char c : llvm::sys::path::stem(path))
    name += llvm::isAlnum(c) ? c : '_';
  if (name.empty() || llvm::isDigit(name.front()))
    name.insert(0, "network_");
  return name;
}

LogicalResult OnnxImporter::readOpsets() {
  for (const onnx::OperatorSetIdProto &opset :
       model.getProto().opset_import()) {
    bool isDefault = opset.domain().empty() || opset.domain() == "ai.onnx";
    opsets[isDefault ? "" : opset.domain()] = opset.version();
  }
  auto found = opsets.find("");
  if (found == opsets.end()) {
    // Models of functions alone may do without.
    return success();
  }
  if (found->second < oldestOpset || found->second > newestOpset)
    return emitError(model.getLocation())
           << "the model is in opset " << found->second << ", expected "
           << oldestOpset << " to " << newestOpset;
  return success();
}

LogicalResult OnnxImporter::readFunctions() {
  for (const onnx::FunctionProto &entry : model.getProto().functions()) {
    std::string domain = entry.domain() == "ai.onnx" ? "" : entry.domain();
    if (!functions.try_emplace({domain, entry.name()}, &entry).second)
      return emitError(model.getLocation())
             << "there are two functions '" << domain << "." << entry.name()
             << "'";
  }
  return success();
}

void OnnxImporter::nameTensor(
    llvm::StringRef name, ElementType type,
    llvm::function_ref<void(DictionaryAttr)> setAttributes) {
  llvm::SmallVector<NamedAttribute> attributes = {
      builder.getNamedAttr("toeplitz.name", builder.getStringAttr(name))};
  if (type != ElementType::Float32)
    attributes.push_back(builder.getNamedAttr(
        "toeplitz.type", builder.getStringAttr(getName(type))));
  setAttributes(builder.getDictionaryAttr(attributes));
}

LogicalResult OnnxImporter::startFunction(ModuleOp module) {
  auto inputs = readNetworkInputs(model, options);
  if (failed(inputs))
    return failure();
  builder.setInsertionPointToEnd(module.getBody());
  llvm::SmallVector<Type> types;
  for (const NetworkInput &input : *inputs)
    if (!input.constant)
      types.push_back(input.getTensorType(builder.getContext()));
  function = func::FuncOp::create(builder, model.getLocation(), "main",
                                  builder.getFunctionType(types, {}));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  unsigned position = 0;
  for (const NetworkInput &input : *inputs) {
    if (input.constant) {
      auto constant =
          arith::ConstantOp::create(builder, model.getLocation(input.name),
                                    cast<TypedAttr>(input.constant));
      scope.values[input.name] = {constant.getResult(), input.type};
      continue;
    }
    nameTensor(input.name, input.type, [&](DictionaryAttr attributes) {
      function.setArgAttrs(position, attributes);
    });
    BlockArgument argument = body->getArgument(position++);
    argument.setLoc(model.getLocation());
    scope.values[input.name] = {argument, input.type};
  }
  return success();
}

LogicalResult OnnxImporter::finishFunction(GraphBuilder &graph) {
  const onnx::GraphProto &proto = model.getProto().graph();
  if (proto.output_size() == 0)
    return emitError(model.getLocation()) << "the model has no outputs";
  llvm::SmallVector<Value> results;
  llvm::SmallVector<Type> resultTypes;
  llvm::SmallVector<DictionaryAttr> attributes;
  for (const onnx::ValueInfoProto &output : proto.output()) {
    auto value = graph.lookUp(scope, output.name());
    if (failed(value))
      return failure();
    if (!*value)
      return emitError(model.getLocation())
             << "output '" << output.name()
             << "' is no input, initializer or result of the model";
    int32_t declared = output.type().tensor_type().elem_type();
    if (declared != 0 && declared != static_cast<int32_t>(value->type))
      return emitError(model.getLocation())
             << "output '" << output.name() << "' is declared as "
             << describeElementType(declared) << ", but computed as "
             << getName(value->type);
    results.push_back(value->value);
    resultTypes.push_back(value->value.getType());
    nameTensor(output.name(), value->type, [&](DictionaryAttr dictionary) {
      attributes.push_back(dictionary);
    });
  }
  func::ReturnOp::create(builder, model.getLocation(), results);
  function.setType(
      builder.getFunctionType(function.getArgumentTypes(), resultTypes));
  for (auto [index, dictionary] : llvm::enumerate(attributes))
    function.setResultAttrs(index, dictionary);
  return success();
}

OwningOpRef<ModuleOp> OnnxImporter::run() {
  const onnx::GraphProto &proto = model.getProto().graph();
  GraphBuilder graph(model, builder, functions);
  if (failed(readOpsets()) || failed(readFunctions()) ||
      failed(graph.checkOperators(proto.node(), opsets)))
    return nullptr;
  OwningOpRef<ModuleOp> module = ModuleOp::create(
      builder, model.getLocation(), getNetworkName(model.getPath()));
  if (failed(startFunction(*module)) ||
      failed(graph.addInitializers(proto, scope)) ||
      failed(graph.build(proto.node(), scope, opsets)) ||
      failed(finishFunction(graph)) || failed(verify(*module)))
    return nullptr;
  return module;
}

OwningOpRef<ModuleOp> importOnnx(llvm::StringRef path, MLIRContext &context,
                                 const ImportOptions &options) {
  std::unique_ptr<OnnxModel> model = OnnxModel::open(path, context);
  if (!model)
    return nullptr;
  return OnnxImporter(*model, options).run();
}

} // namespace toeplitz
