// The descriptor of a network, toeplitz_network of runtime/toeplitz.h, and the
// functions that it points to.

#include "compiler/Target/GpuInterface.h"
#include "compiler/Target/InterfaceBuilder.h"
#include "compiler/Target/WeightsObject.h"

#include "runtime/toeplitz.h"

using namespace toeplitz;

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
    return {none, none, none, none, none};
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
          function("toeplitz_gpu_error", pointer, pointer),
          function("toeplitz_gpu_run_device_batch",
                   {pointer, pointer, int64, pointer, pointer, pointer},
                   int32)};
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
  if (network.gpu)
    builder.CreateCall(
        declareRuntime("toeplitz_gpu_run_batch", int32,
                       {pointer, pointer, int64, pointer, pointer}),
        {getDescriptor(), run->getArg(0), run->getArg(4), run->getArg(2),
         run->getArg(3)});
  else
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
      context,
      {pointer, int32,   int32,   pointer, pointer, int64,   pointer, pointer,
       pointer, pointer, pointer, int64,   pointer, pointer, pointer, pointer,
       pointer, pointer, int64,   pointer, pointer, pointer});
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
       buildString(processor.name),
       gpu.runDevice}));
}

/// Where the section of the weights begins: they stand there in their order.
/// No run reads those of a GPU's network there, which has copies.
llvm::Constant *InterfaceBuilder::getWeights() {
  if (network.weights.empty() || network.gpu)
    return llvm::ConstantPointerNull::get(pointer);
  return module.getGlobalVariable(network.weights.front().objectSymbol);
}
