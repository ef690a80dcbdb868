// From a description to a module of the cnn dialect: read, order, build,
// verify.

#include "compiler/Frontend/Frontend.h"

#include "compiler/Frontend/DynamicBatch.h"

#include "compiler/Frontend/Description.h"
#include "compiler/Frontend/DescriptionWriter.h"
#include "compiler/Frontend/LayerBuilder.h"
#include "compiler/Frontend/LayerOrder.h"
#include "compiler/Frontend/Onnx/OnnxImporter.h"
#include "compiler/Frontend/Operators.h"
#include "compiler/Frontend/Weights.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace toeplitz {

/// The attribute of arguments and results that holds their name in the
/// description.
constexpr llvm::StringLiteral nameAttribute = "toeplitz.name";

void registerFrontendDialects(DialectRegistry &registry) {
  registry.insert<cnn::CNNDialect, arith::ArithDialect, func::FuncDialect,
                  linalg::LinalgDialect, math::MathDialect, scf::SCFDialect,
                  tensor::TensorDialect>();
}

namespace {

/// Builds the module of one network.
class Importer {
public:
  Importer(const SourceText &source, const NetworkDescription &network)
      : source(source), network(network), weights(source, network),
        builder(&source.getContext()) {}

  OwningOpRef<ModuleOp> run();

private:
  void startFunction(ModuleOp module);
  LogicalResult buildLayer(size_t index);
  void finishFunction();
  /// Warns about layers whose results go nowhere: most likely a name was
  /// forgotten.
  void warnAboutUnread() const;
  std::vector<llvm::StringRef> getOutputNames() const;

  DictionaryAttr makeNameAttribute(llvm::StringRef name) {
    return builder.getDictionaryAttr(
        builder.getNamedAttr(nameAttribute, builder.getStringAttr(name)));
  }

  const SourceText &source;
  const NetworkDescription &network;
  WeightStore weights;
  OpBuilder builder;
  func::FuncOp function;
  llvm::StringMap<Value> values;
};

} // namespace

void Importer::startFunction(ModuleOp module) {
  llvm::SmallVector<Type> types;
  for (const InputDescription &input : network.inputs)
    types.push_back(RankedTensorType::get(input.shape, builder.getF32Type()));
  builder.setInsertionPointToEnd(module.getBody());
  function = func::FuncOp::create(builder, source.getLocation(), "main",
                                  builder.getFunctionType(types, {}));
  Block *body = function.addEntryBlock();
  for (auto [index, input] : llvm::enumerate(network.inputs)) {
    function.setArgAttrs(index, makeNameAttribute(input.name));
    body->getArgument(index).setLoc(source.getLocation(input.offset));
    values[input.name] = body->getArgument(index);
  }
  builder.setInsertionPointToEnd(body);
}

LogicalResult Importer::buildLayer(size_t index) {
  const LayerDescription &layer = network.layers[index];
  llvm::SmallVector<Value> inputs;
  for (llvm::StringRef name : getInputNames(network, index))
    inputs.push_back(values.lookup(name));
  LayerBuilder layerBuilder(source, layer, builder, weights, inputs);
  auto result = findOperator(layer.operatorName)->build(layerBuilder);
  if (failed(result))
    return failure();
  values[layer.name] = *result;
  return success();
}

std::vector<llvm::StringRef> Importer::getOutputNames() const {
  if (!network.outputs)
    return {network.layers.back().name};
  std::vector<llvm::StringRef> names;
  for (const Reference &reference : *network.outputs)
    names.push_back(reference.name);
  return names;
}

void Importer::finishFunction() {
  llvm::SmallVector<Value> results;
  llvm::SmallVector<Type> types;
  for (llvm::StringRef name : getOutputNames()) {
    results.push_back(values.lookup(name));
    types.push_back(results.back().getType());
  }
  func::ReturnOp::create(builder, source.getLocation(), results);
  function.setType(builder.getFunctionType(function.getArgumentTypes(), types));
  for (auto [index, name] : llvm::enumerate(getOutputNames()))
    function.setResultAttrs(index, makeNameAttribute(name));
}

void Importer::warnAboutUnread() const {
  llvm::StringSet<> read;
  for (size_t index = 0; index < network.layers.size(); ++index)
    for (llvm::StringRef name : getInputNames(network, index))
      read.insert(name);
  for (llvm::StringRef name : getOutputNames())
    read.insert(name);
  for (const LayerDescription &layer : network.layers)
    if (!read.contains(layer.name))
      emitWarning(source.getLocation(layer.offset, layer.name))
          << "nothing reads its result, and it isn't an output";
}

OwningOpRef<ModuleOp> Importer::run() {
  auto order = orderLayers(source, network);
  if (failed(order) || failed(weights.open()))
    return nullptr;
  OwningOpRef<ModuleOp> module =
      ModuleOp::create(builder, source.getLocation(), network.name);
  startFunction(*module);
  for (size_t index : *order)
    if (failed(buildLayer(index)))
      return nullptr;
  finishFunction();
  weights.warnAboutUnused();
  warnAboutUnread();
  if (failed(verify(*module)))
    return nullptr;
  return module;
}

/// Reads the file; reports an error if that fails.
static std::unique_ptr<llvm::MemoryBuffer> readFile(llvm::StringRef path,
                                                    MLIRContext &context) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (buffer)
    return std::move(*buffer);
  emitError(FileLineColLoc::get(&context, path, 0, 0))
      << "the network description can't be read: "
      << buffer.getError().message();
  return nullptr;
}

bool isNetworkPath(llvm::StringRef path) {
  return path.ends_with(".json") || path.ends_with(".onnx");
}

OwningOpRef<ModuleOp> importNetwork(llvm::StringRef path, MLIRContext &context,
                                    const ImportOptions &options) {
  DialectRegistry registry;
  registerFrontendDialects(registry);
  context.appendDialectRegistry(registry);
  for (llvm::StringRef name : registry.getDialectNames())
    context.getOrLoadDialect(name);
  if (options.isBatchDynamic && !options.batch)
    return importDynamicBatch(path, context, options);
  if (path.ends_with(".onnx"))
    return importOnnx(path, context, options);

  if (!options.shapes.empty() || !options.constants.empty() ||
      (options.batch && !options.isBatchDynamic)) {
    emitError(FileLineColLoc::get(&context, path, 0, 0))
        << "--shape, --constant and a --batch other than dynamic are for ONNX "
           "models: a description states the shapes of its inputs";
    return nullptr;
  }
  std::unique_ptr<llvm::MemoryBuffer> buffer = readFile(path, context);
  if (!buffer)
    return nullptr;
  SourceText source(context, path, buffer->getBuffer());
  NetworkDescription network;
  if (failed(readDescription(source, buffer->getBuffer(), network)))
    return nullptr;
  if (options.isBatchDynamic) {
    llvm::SmallVector<llvm::SmallVectorImpl<int64_t> *> shapes;
    for (InputDescription &input : network.inputs)
      shapes.push_back(&input.shape);
    replaceStatedBatch(shapes, *options.batch);
  }
  return Importer(source, network).run();
}

bool exportDescription(llvm::StringRef path, llvm::raw_ostream &output,
                       MLIRContext &context) {
  std::unique_ptr<llvm::MemoryBuffer> buffer = readFile(path, context);
  if (!buffer)
    return false;
  SourceText source(context, path, buffer->getBuffer());
  NetworkDescription network;
  if (failed(readDescription(source, buffer->getBuffer(), network)) ||
      failed(orderLayers(source, network)))
    return false;
  writeDescription(network, output);
  return true;
}

} // namespace toeplitz
