#include "compiler/Target/InterfaceBuilder.h"

#include "llvm/ADT/STLExtras.h"

using namespace toeplitz;

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

void InterfaceBuilder::qualifyFunctions() {
  for (llvm::Function &function : module)
    if (!function.isDeclaration() &&
        !function.getName().starts_with(network.symbolName))
      function.setName(network.symbolName + "_" + function.getName());
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

/// An array of `count` parameters, from `first` on.
llvm::Value *InterfaceBuilder::gatherParameters(llvm::Function &function,
                                                unsigned first, size_t count) {
  llvm::Value *array = builder.CreateAlloca(
      llvm::ArrayType::get(pointer, count), /*ArraySize=*/nullptr);
  for (size_t index = 0; index < count; ++index)
    builder.CreateStore(function.getArg(first + index),
                        builder.CreateConstGEP1_64(pointer, array, index));
  return array;
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
  size_t inputCount = network.inputs.size();
  size_t outputCount = network.outputs.size();
  llvm::Value *inputArray = gatherParameters(*function, parameter, inputCount);
  llvm::Value *outputArray =
      gatherParameters(*function, parameter + inputCount, outputCount);
  llvm::Value *workspace =
      function->getArg(parameter + inputCount + outputCount);
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

/// int NAME_run_device(handle, stream, inputs..., outputs...), with the batch
/// before the inputs where it is chosen for each run.
void InterfaceBuilder::buildRunDevice() {
  size_t inputCount = network.inputs.size();
  size_t outputCount = network.outputs.size();
  std::vector<llvm::Type *> parameters = {pointer, pointer};
  if (network.hasDynamicBatch)
    parameters.push_back(int64);
  parameters.insert(parameters.end(), inputCount + outputCount, pointer);
  llvm::Function *function = startFunction(network.name + "_run_device", int32,
                                           parameters, /*exported=*/true);
  unsigned parameter = 2;
  llvm::Value *batch = builder.getInt64(1);
  if (network.hasDynamicBatch)
    batch = function->getArg(parameter++);
  llvm::Value *inputArray = gatherParameters(*function, parameter, inputCount);
  llvm::Value *outputArray =
      gatherParameters(*function, parameter + inputCount, outputCount);
  builder.CreateRet(builder.CreateCall(
      declareRuntime("toeplitz_network_run_device", int32,
                     {pointer, pointer, int64, pointer, pointer, pointer}),
      {getDescriptor(), function->getArg(0), batch, function->getArg(1),
       inputArray, outputArray}));
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

void InterfaceBuilder::setVariants(llvm::ArrayRef<VariantSymbols> symbols) {
  auto *type = llvm::StructType::get(context, {pointer, pointer});
  std::vector<llvm::Constant *> elements;
  auto declare = [&](const std::string &name, llvm::Type *result,
                     llvm::ArrayRef<llvm::Type *> parameters) {
    return llvm::cast<llvm::Constant>(
        declareRuntime(name, result, parameters).getCallee());
  };
  for (const VariantSymbols &variant : symbols)
    elements.push_back(llvm::ConstantStruct::get(
        type, {declare(variant.accessor, pointer, {}),
               declare(variant.check, int32, pointer)}));
  elements.push_back(llvm::ConstantAggregateZero::get(type));
  variants =
      addConstant(llvm::ConstantArray::get(
                      llvm::ArrayType::get(type, elements.size()), elements),
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

/// NAME_threads_create and NAME_threads_destroy.
void InterfaceBuilder::buildThreadFunctions() {
  if (network.gpu)
    buildCreateOnGpu(network.name + "_threads_create", /*exported=*/true);
  else
    buildForwarder(network.name + "_threads_create", "toeplitz_pool_create",
                   pointer, int32);
  buildForwarder(network.name + "_threads_destroy", poolDestroyName(), nothing,
                 pointer);
}

/// The same of the variant that was chosen.
void InterfaceBuilder::buildChosenThreads() {
  auto build = [&](const std::string &function, llvm::Type *result,
                   llvm::Type *parameter) {
    llvm::Function *forwarder = startFunction(network.name + function, result,
                                              parameter, /*exported=*/true);
    return builder.CreateCall(declareRuntime("toeplitz_network" + function,
                                             result, {pointer, parameter}),
                              {getDescriptor(), forwarder->getArg(0)});
  };
  builder.CreateRet(build("_threads_create", pointer, int32));
  build("_threads_destroy", nothing, pointer);
  builder.CreateRetVoid();
}

void InterfaceBuilder::buildLibraryFunctions() {
  buildRun(/*threaded=*/false);
  buildRun(/*threaded=*/true);
  if (network.hasRunDevice)
    buildRunDevice();
  buildPrepare();
  if (variants)
    buildChosenThreads();
  else
    buildThreadFunctions();
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
  if (network.hasRunDevice)
    symbols.push_back(network.name + "_run_device");
  if (network.hasDynamicBatch)
    symbols.push_back(network.name + "_workspace_size");
  if (kind == ArtifactKind::SharedLibrary)
    symbols.push_back("toeplitz_shared_network");
  return symbols;
}

std::string toeplitz::getRootFunction(const Network &network) {
  return network.symbolName + "_main";
}

VariantSymbols toeplitz::getVariantSymbols(const Network &network) {
  return {network.symbolName + "_network",
          network.gpu ? "toeplitz_gpu_check" : "toeplitz_check_processor"};
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
    hide(*interface.buildAccessor(getVariantSymbols(network).accessor));
    interface.qualifyFunctions();
    return;
  }
  interface.buildDescriptor(kind != ArtifactKind::Executable, processor);
  interface.buildFunctions(kind, threads);
}

void toeplitz::addDispatch(llvm::Module &module, const Network &network,
                           llvm::ArrayRef<VariantSymbols> variants,
                           ArtifactKind kind, int threads) {
  InterfaceBuilder interface(module, network);
  interface.setVariants(variants);
  if (network.hasDynamicBatch && kind != ArtifactKind::Executable)
    interface.buildBatchWorkspaceSize(/*exported=*/true);
  interface.buildFunctions(kind, threads);
}
