#include "compiler/Target/Interface.h"
#include "compiler/Target/GpuInterface.h"
#include "compiler/Target/WeightsObject.h"

#include "runtime/toeplitz.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"

using namespace toeplitz;

namespace {

/// Builds the interface of one network. The C declarations of what is built
/// here are in runtime/toeplitz.h and Header.cpp.
class InterfaceBuilder {
public:
  InterfaceBuilder(llvm::Module &module, const Network &network)
      : module(module), network(network), context(module.getContext()),
        builder(context), pointer(llvm::PointerType::get(context, 0)),
        int32(llvm::Type::getInt32Ty(context)),
        int64(llvm::Type::getInt64Ty(context)),
        nothing(llvm::Type::getVoidTy(context)) {}

  void hideEverything();
  void buildDescriptor(bool exportsFunctions, const Processor &processor);
  /// The functions that getExportedSymbols lists.
  void buildFunctions(ArtifactKind kind, int threads);
  /// A function that returns the descriptor.
  llvm::Function *buildAccessor(const std::string &name);
  /// NAME_workspace_size.
  llvm::Function *buildBatchWorkspaceSize(bool exported);
  /// In the place of a descriptor: the functions are of the network that one
  /// of these returns, chosen when they are called.
  void setVariants(llvm::ArrayRef<std::string> accessors);

private:
  llvm::Function *startFunction(const std::string &name, llvm::Type *result,
                                llvm::ArrayRef<llvm::Type *> parameters,
                                bool exported);
  llvm::FunctionCallee declareRuntime(llvm::StringRef name, llvm::Type *result,
                                      llvm::ArrayRef<llvm::Type *> parameters);
  llvm::Constant *addConstant(llvm::Constant *value, llvm::StringRef name);
  llvm::Constant *buildString(llvm::StringRef text);
  llvm::Constant *buildTensors(llvm::ArrayRef<NetworkTensor> tensors,
                               llvm::StringRef name);
  llvm::Function *buildRunOfArrays();
  /// What only networks of a GPU have; null for others.
  struct GpuFunctions {
    llvm::Constant *program, *create, *runChecked, *errorText;
  };
  GpuFunctions buildGpuFunctions();
  llvm::Function *buildRunOnGpu();
  llvm::Function *buildCreateOnGpu(const std::string &name, bool exported);
  llvm::Function *buildRunBatch();
  llvm::Constant *getWeights();
  void buildThreads(int threads);
  void buildLibraryFunctions();
  llvm::Value *getDescriptor();
  void buildRun(bool threaded);
  void buildPrepare();
  void buildForwarder(const std::string &name, llvm::StringRef runtimeName,
                      llvm::Type *result, llvm::Type *parameter);
  llvm::FunctionCallee poolCreate() {
    return declareRuntime("toeplitz_pool_create", pointer, int32);
  }
  llvm::StringRef poolDestroyName() {
    return network.gpu ? "toeplitz_gpu_destroy" : "toeplitz_pool_destroy";
  }
  llvm::FunctionCallee poolDestroy() {
    return declareRuntime(poolDestroyName(), nothing, pointer);
  }

  llvm::FunctionCallee prepare() {
    return declareRuntime("toeplitz_prepare", nothing,
                          {pointer, pointer, int64});
  }

  llvm::Module &module;
  const Network &network;
  llvm::LLVMContext &context;
  llvm::IRBuilder<> builder;
  llvm::PointerType *pointer;
  llvm::Type *int32, *int64, *nothing;
  llvm::Function *main = nullptr;
  llvm::GlobalVariable *descriptor = nullptr;
  /// Where there are variants: an array of their accessors that ends with null,
  /// and the descriptor that was chosen, or null.
  llvm::Constant *variants = nullptr;
  llvm::GlobalVariable *chosen = nullptr;
};

} // namespace

static void hide(llvm::GlobalValue &value) {
  value.setVisibility(llvm::GlobalValue::HiddenVisibility);
  value.setDSOLocal(true);
}

void InterfaceBuilder::hideEverything() {
  main = module.getFunction("main");
  main->setName(getRootFunction(network));
  for (llvm::Function &function : module) {
    if (function.isIntrinsic())
      continue;
    // Kernels may become symbols of several objects.
    if (network.isVariant() && !function.isDeclaration() && &function != main)
      function.setName(network.symbolName + "_" + function.getName());
    // Generated code doesn't throw; without this every function would carry a
    // table for unwinding.
    function.setDoesNotThrow();
    if (!function.isDeclaration())
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
    else if (function.getName().starts_with("toeplitz_"))
      hide(function);
  }
  for (llvm::GlobalVariable &global : module.globals())
    if (!global.isDeclaration())
      global.setLinkage(llvm::GlobalValue::InternalLinkage);
  for (const NetworkWeights &weights : network.weights) {
    llvm::GlobalVariable *global = module.getGlobalVariable(weights.symbol);
    global->setName(weights.objectSymbol);
    hide(*global);
  }
}

llvm::Function *
InterfaceBuilder::startFunction(const std::string &name, llvm::Type *result,
                                llvm::ArrayRef<llvm::Type *> parameters,
                                bool exported) {
  // A kernel may have taken the name; it's internal by now and can have
  // another.
  if (llvm::GlobalValue *taken = module.getNamedValue(name))
    taken->setName(name + ".kernel");
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(result, parameters, /*isVarArg=*/false),
      exported ? llvm::GlobalValue::ExternalLinkage
               : llvm::GlobalValue::InternalLinkage,
      name, module);
  function->setDoesNotThrow();
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", function));
  return function;
}

llvm::FunctionCallee
InterfaceBuilder::declareRuntime(llvm::StringRef name, llvm::Type *result,
                                 llvm::ArrayRef<llvm::Type *> parameters) {
  llvm::FunctionCallee callee = module.getOrInsertFunction(
      name, llvm::FunctionType::get(result, parameters, /*isVarArg=*/false));
  hide(*llvm::cast<llvm::Function>(callee.getCallee()));
  return callee;
}

llvm::Constant *InterfaceBuilder::addConstant(llvm::Constant *value,
                                              llvm::StringRef name) {
  return new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                  llvm::GlobalValue::InternalLinkage, value,
                                  name);
}

llvm::Constant *InterfaceBuilder::buildString(llvm::StringRef text) {
  return addConstant(llvm::ConstantDataArray::getString(context, text),
                     "toeplitz_text");
}

/// An array of toeplitz_tensor.
llvm::Constant *
InterfaceBuilder::buildTensors(llvm::ArrayRef<NetworkTensor> tensors,
                               llvm::StringRef name) {
  auto *type = llvm::StructType::get(context, {pointer, int32, int32, pointer});
  std::vector<llvm::Constant *> elements;
  for (const NetworkTensor &tensor : tensors) {
    llvm::SmallVector<uint64_t> shape(tensor.shape.begin(), tensor.shape.end());
    elements.push_back(llvm::ConstantStruct::get(
        type,
        {buildString(tensor.name), llvm::ConstantInt::get(int32, shape.size()),
         llvm::ConstantInt::get(int32, tensor.type),
         addConstant(llvm::ConstantDataArray::get(context, shape),
                     "toeplitz_shape")}));
  }
  return addConstant(llvm::ConstantArray::get(
                         llvm::ArrayType::get(type, elements.size()), elements),
                     name);
}

/// void run(pool, workspace, inputs, outputs): `main` with its pointers taken
/// out of the arrays.
llvm::Function *InterfaceBuilder::buildRunOfArrays() {
  llvm::Function *run =
      startFunction(network.symbolName + "_run_arrays", nothing,
                    {pointer, pointer, pointer, pointer}, /*exported=*/false);
  std::vector<llvm::Value *> arguments = {run->getArg(0), run->getArg(1)};
  auto load = [&](llvm::Value *array, size_t count) {
    for (size_t index = 0; index < count; ++index)
      arguments.push_back(builder.CreateLoad(
          pointer, builder.CreateConstGEP1_64(pointer, array, index)));
  };
  load(run->getArg(2), network.inputs.size());
  load(run->getArg(3), network.outputs.size());
  builder.CreateCall(main, arguments);
  builder.CreateRetVoid();
  return run;
}

InterfaceBuilder::GpuFunctions InterfaceBuilder::buildGpuFunctions() {
  llvm::Constant *none = llvm::ConstantPointerNull::get(pointer);
  if (!network.gpu)
    return {none, none, none, none};
  auto function = [&](llvm::StringRef name,
                      llvm::ArrayRef<llvm::Type *> parameters,
                      llvm::Type *result) {
    return llvm::cast<llvm::Constant>(
        declareRuntime(name, result, parameters).getCallee());
  };
  return {buildGpuProgram(module, network, *main),
          function("toeplitz_gpu_create", {pointer, int32, pointer}, int32),
          function("toeplitz_network_run_batch",
                   {pointer, pointer, int64, pointer, pointer, pointer}, int32),
          function("toeplitz_gpu_error", pointer, pointer)};
}

/// void run(pool, workspace, inputs, outputs) on the GPU of `pool`.
llvm::Function *InterfaceBuilder::buildRunOnGpu() {
  llvm::Function *run =
      startFunction(network.symbolName + "_run_arrays", nothing,
                    {pointer, pointer, pointer, pointer}, /*exported=*/false);
  builder.CreateCall(
      declareRuntime("toeplitz_gpu_run", int32,
                     {pointer, pointer, pointer, pointer}),
      {getDescriptor(), run->getArg(0), run->getArg(2), run->getArg(3)});
  builder.CreateRetVoid();
  return run;
}

/// toeplitz_pool *threads_create(int threads): the handle of the first GPU, or
/// null.
llvm::Function *InterfaceBuilder::buildCreateOnGpu(const std::string &name,
                                                   bool exported) {
  llvm::Function *create = startFunction(name, pointer, int32, exported);
  llvm::Value *result = builder.CreateAlloca(pointer);
  builder.CreateCall(
      declareRuntime("toeplitz_gpu_create", int32, {pointer, int32, pointer}),
      {getDescriptor(), builder.getInt32(0), result});
  builder.CreateRet(builder.CreateLoad(pointer, result));
  return create;
}

/// void run_batch(pool, workspace, inputs, outputs, batch).
llvm::Function *InterfaceBuilder::buildRunBatch() {
  llvm::Function *run = startFunction(
      network.symbolName + "_run_batch_arrays", nothing,
      {pointer, pointer, pointer, pointer, int64}, /*exported=*/false);
  builder.CreateCall(
      declareRuntime("toeplitz_run_samples", nothing,
                     {pointer, pointer, pointer, pointer, pointer, int64}),
      {getDescriptor(), run->getArg(0), run->getArg(1), run->getArg(2),
       run->getArg(3), run->getArg(4)});
  builder.CreateRetVoid();
  return run;
}

/// uint64_t NAME_workspace_size(batch).
llvm::Function *InterfaceBuilder::buildBatchWorkspaceSize(bool exported) {
  llvm::Function *size = startFunction(network.symbolName + "_workspace_size",
                                       int64, int64, exported);
  builder.CreateRet(
      builder.CreateCall(declareRuntime("toeplitz_samples_workspace_size",
                                        int64, {pointer, int64}),
                         {getDescriptor(), size->getArg(0)}));
  return size;
}

void InterfaceBuilder::buildDescriptor(bool exportsFunctions,
                                       const Processor &processor) {
  auto *type = llvm::StructType::get(
      context, {pointer, int32,   int32,   pointer, pointer, int64,   pointer,
                pointer, pointer, pointer, pointer, int64,   pointer, pointer,
                pointer, pointer, pointer, pointer, int64,   pointer, pointer});
  // Without its value at first, because functions that stand in it return it.
  descriptor = new llvm::GlobalVariable(
      module, type, /*isConstant=*/true, llvm::GlobalValue::InternalLinkage,
      /*Initializer=*/nullptr, "toeplitz_descriptor");
  llvm::Constant *none = llvm::ConstantPointerNull::get(pointer);
  GpuFunctions gpu = buildGpuFunctions();
  llvm::Constant *run = network.gpu ? buildRunOnGpu() : buildRunOfArrays();
  llvm::Constant *runBatch = network.hasDynamicBatch ? buildRunBatch() : none;
  llvm::Constant *batchWorkspaceSize =
      network.hasDynamicBatch ? buildBatchWorkspaceSize(exportsFunctions)
                              : none;
  descriptor->setInitializer(llvm::ConstantStruct::get(
      type,
      {buildString(network.name),
       llvm::ConstantInt::get(int32, network.inputs.size()),
       llvm::ConstantInt::get(int32, network.outputs.size()),
       buildTensors(network.inputs, "toeplitz_inputs"),
       buildTensors(network.outputs, "toeplitz_outputs"),
       llvm::ConstantInt::get(int64, network.workspaceBytes),
       run,
       network.gpu ? buildCreateOnGpu(network.symbolName + "_create_on_gpu",
                                      /*exported=*/false)
                   : llvm::cast<llvm::Constant>(poolCreate().getCallee()),
       llvm::cast<llvm::Constant>(poolDestroy().getCallee()),
       runBatch,
       batchWorkspaceSize,
       llvm::ConstantInt::get(int64, processor.features),
       llvm::cast<llvm::Constant>(
           declareRuntime("toeplitz_missing_feature", pointer, pointer)
               .getCallee()),
       gpu.program,
       gpu.create,
       gpu.runChecked,
       gpu.errorText,
       getWeights(),
       llvm::ConstantInt::get(int64,
                              network.gpu ? 0 : getWeightsSectionSize(network)),
       llvm::cast<llvm::Constant>(prepare().getCallee()),
       buildString(processor.name)}));
}

/// Where the section of the weights begins: they stand there in their order.
/// No run reads those of a GPU's network there, which has copies.
llvm::Constant *InterfaceBuilder::getWeights() {
  if (network.weights.empty() || network.gpu)
    return llvm::ConstantPointerNull::get(pointer);
  return module.getGlobalVariable(network.weights.front().objectSymbol);
}

/// int NAME_run(inputs..., outputs..., workspace), or NAME_run_threads with the
/// pool first; the batch is before the inputs where it is chosen for each run.
void InterfaceBuilder::buildRun(bool threaded) {
  std::vector<llvm::Type *> parameters;
  if (threaded)
    parameters.push_back(pointer);
  if (network.hasDynamicBatch)
    parameters.push_back(int64);
  parameters.insert(parameters.end(),
                    network.inputs.size() + network.outputs.size() + 1,
                    pointer);
  llvm::Function *function =
      startFunction(network.name + (threaded ? "_run_threads" : "_run"), int32,
                    parameters, /*exported=*/true);
  unsigned parameter = 0;
  llvm::Value *pool = llvm::ConstantPointerNull::get(pointer);
  if (threaded)
    pool = function->getArg(parameter++);
  llvm::Value *batch =
      network.hasDynamicBatch ? function->getArg(parameter++) : nullptr;
  auto gather = [&](size_t count) -> llvm::Value * {
    llvm::Value *array = builder.CreateAlloca(
        llvm::ArrayType::get(pointer, count), /*ArraySize=*/nullptr);
    for (size_t index = 0; index < count; ++index)
      builder.CreateStore(function->getArg(parameter++),
                          builder.CreateConstGEP1_64(pointer, array, index));
    return array;
  };
  llvm::Value *inputArray = gather(network.inputs.size());
  llvm::Value *outputArray = gather(network.outputs.size());
  llvm::Value *workspace = function->getArg(parameter);
  builder.CreateRet(
      network.hasDynamicBatch
          ? builder.CreateCall(declareRuntime("toeplitz_network_run_batch",
                                              int32,
                                              {pointer, pointer, int64, pointer,
                                               pointer, pointer}),
                               {getDescriptor(), pool, batch, inputArray,
                                outputArray, workspace})
          : builder.CreateCall(
                declareRuntime("toeplitz_network_run", int32,
                               {pointer, pointer, pointer, pointer, pointer}),
                {getDescriptor(), pool, inputArray, outputArray, workspace}));
}

/// void NAME_prepare(workspace, size).
void InterfaceBuilder::buildPrepare() {
  llvm::Function *function =
      startFunction(network.name + "_prepare", nothing, {pointer, int64},
                    /*exported=*/true);
  builder.CreateCall(
      prepare(), {getDescriptor(), function->getArg(0), function->getArg(1)});
  builder.CreateRetVoid();
}

/// A function of one parameter that is the runtime's under the network's name.
void InterfaceBuilder::buildForwarder(const std::string &name,
                                      llvm::StringRef runtimeName,
                                      llvm::Type *result,
                                      llvm::Type *parameter) {
  llvm::Function *function =
      startFunction(name, result, parameter, /*exported=*/true);
  llvm::CallInst *call = builder.CreateCall(
      declareRuntime(runtimeName, result, parameter), {function->getArg(0)});
  if (result->isVoidTy())
    builder.CreateRetVoid();
  else
    builder.CreateRet(call);
}

llvm::Function *InterfaceBuilder::buildAccessor(const std::string &name) {
  llvm::Function *accessor =
      startFunction(name, pointer, {}, /*exported=*/true);
  builder.CreateRet(getDescriptor());
  return accessor;
}

void InterfaceBuilder::setVariants(llvm::ArrayRef<std::string> accessors) {
  std::vector<llvm::Constant *> functions;
  for (const std::string &accessor : accessors)
    functions.push_back(llvm::cast<llvm::Constant>(
        declareRuntime(accessor, pointer, {}).getCallee()));
  functions.push_back(llvm::ConstantPointerNull::get(pointer));
  variants = addConstant(
      llvm::ConstantArray::get(llvm::ArrayType::get(pointer, functions.size()),
                               functions),
      "toeplitz_variants");
  chosen = new llvm::GlobalVariable(
      module, pointer, /*isConstant=*/false, llvm::GlobalValue::InternalLinkage,
      llvm::ConstantPointerNull::get(pointer), "toeplitz_chosen");
}

llvm::Value *InterfaceBuilder::getDescriptor() {
  if (!variants)
    return descriptor;
  return builder.CreateCall(
      declareRuntime("toeplitz_choose_variant", pointer, {pointer, pointer}),
      {variants, chosen});
}

void InterfaceBuilder::buildThreads(int threads) {
  startFunction("toeplitz_executable_threads", int32, {}, /*exported=*/true);
  builder.CreateRet(builder.getInt32(static_cast<uint32_t>(threads)));
}

void InterfaceBuilder::buildLibraryFunctions() {
  buildRun(/*threaded=*/false);
  buildRun(/*threaded=*/true);
  buildPrepare();
  if (network.gpu)
    buildCreateOnGpu(network.name + "_threads_create", /*exported=*/true);
  else
    buildForwarder(network.name + "_threads_create", "toeplitz_pool_create",
                   pointer, int32);
  buildForwarder(network.name + "_threads_destroy", poolDestroyName(), nothing,
                 pointer);
  buildForwarder(network.name + "_error_string", "toeplitz_error_string",
                 pointer, int32);
  buildAccessor(network.name + "_network");
}

std::vector<std::string> toeplitz::getExportedSymbols(const Network &network,
                                                      ArtifactKind kind) {
  if (kind == ArtifactKind::Executable)
    return {"toeplitz_executable_network", "toeplitz_executable_threads"};
  std::vector<std::string> symbols;
  for (const char *suffix :
       {"_run", "_run_threads", "_prepare", "_threads_create",
        "_threads_destroy", "_error_string", "_network"})
    symbols.push_back(network.name + suffix);
  if (network.hasDynamicBatch)
    symbols.push_back(network.name + "_workspace_size");
  if (kind == ArtifactKind::SharedLibrary)
    symbols.push_back("toeplitz_shared_network");
  return symbols;
}

std::string toeplitz::getRootFunction(const Network &network) {
  return network.symbolName + "_main";
}

std::string toeplitz::getVariantAccessor(const Network &network) {
  return network.symbolName + "_network";
}

void InterfaceBuilder::buildFunctions(ArtifactKind kind, int threads) {
  if (kind == ArtifactKind::Executable) {
    buildAccessor("toeplitz_executable_network");
    buildThreads(threads);
    return;
  }
  buildLibraryFunctions();
  if (kind == ArtifactKind::SharedLibrary)
    buildAccessor("toeplitz_shared_network");
}

void toeplitz::addInterface(llvm::Module &module, const Network &network,
                            ArtifactKind kind, int threads,
                            const Processor &processor) {
  InterfaceBuilder interface(module, network);
  interface.hideEverything();
  if (network.isVariant()) {
    interface.buildDescriptor(/*exportsFunctions=*/false, processor);
    hide(*interface.buildAccessor(getVariantAccessor(network)));
    return;
  }
  interface.buildDescriptor(kind != ArtifactKind::Executable, processor);
  interface.buildFunctions(kind, threads);
}

void toeplitz::addDispatch(llvm::Module &module, const Network &network,
                           llvm::ArrayRef<std::string> accessors,
                           ArtifactKind kind, int threads) {
  InterfaceBuilder interface(module, network);
  interface.setVariants(accessors);
  if (network.hasDynamicBatch && kind != ArtifactKind::Executable)
    interface.buildBatchWorkspaceSize(/*exported=*/true);
  interface.buildFunctions(kind, threads);
}
