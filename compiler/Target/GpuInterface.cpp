#include "compiler/Target/GpuInterface.h"

#include "runtime/gpu.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"

using namespace toeplitz;

namespace {

/// The C declarations of what is built here are in runtime/gpu.h.
class ProgramBuilder {
public:
  ProgramBuilder(llvm::Module &module, const Network &network)
      : module(module), network(network), gpu(*network.gpu),
        context(module.getContext()),
        pointer(llvm::PointerType::get(context, 0)),
        int32(llvm::Type::getInt32Ty(context)),
        int64(llvm::Type::getInt64Ty(context)) {}

  llvm::Constant *build(llvm::Function &main);

private:
  llvm::Constant *addConstant(llvm::Constant *value, llvm::StringRef name) {
    return new llvm::GlobalVariable(
        module, value->getType(),
        /*isConstant=*/true, llvm::GlobalValue::InternalLinkage, value, name);
  }
  llvm::Constant *addText(llvm::StringRef text, llvm::StringRef name) {
    return addConstant(llvm::ConstantDataArray::getString(context, text), name);
  }
  llvm::Constant *addArray(llvm::StructType *type,
                           const std::vector<llvm::Constant *> &elements,
                           llvm::StringRef name) {
    return addConstant(
        llvm::ConstantArray::get(llvm::ArrayType::get(type, elements.size()),
                                 elements),
        name);
  }
  llvm::Constant *buildTensorMaps(const GpuKernel &kernel);
  llvm::Constant *buildKernels();
  llvm::Constant *buildCubins();
  llvm::Constant *buildWeights();
  llvm::Constant *buildLaunchAll(llvm::Function &main);

  llvm::Module &module;
  const Network &network;
  const GpuNetwork &gpu;
  llvm::LLVMContext &context;
  llvm::PointerType *pointer;
  llvm::Type *int32, *int64;
};

} // namespace

/// An array of toeplitz_gpu_tensor_map; null where there is none.
llvm::Constant *ProgramBuilder::buildTensorMaps(const GpuKernel &kernel) {
  if (kernel.tensorMaps.empty())
    return llvm::ConstantPointerNull::get(pointer);
  constexpr uint64_t dimensions = TOEPLITZ_GPU_MOST_DIMENSIONS;
  auto number = [](llvm::Type *type, uint64_t value) {
    return llvm::ConstantInt::get(type, value);
  };
  auto array = [&](llvm::Type *type, const auto &values) {
    std::vector<llvm::Constant *> elements(dimensions, number(type, 0));
    for (auto [place, value] : llvm::enumerate(values))
      elements[place] = number(type, value);
    return llvm::ConstantArray::get(llvm::ArrayType::get(type, dimensions),
                                    elements);
  };
  auto *wide = llvm::ArrayType::get(int64, dimensions);
  auto *type = llvm::StructType::get(
      context, {int32, int32, int64, int32, int32, wide, wide,
                llvm::ArrayType::get(int32, dimensions)});
  std::vector<llvm::Constant *> maps;
  for (const GpuTensorMap &map : kernel.tensorMaps)
    maps.push_back(llvm::ConstantStruct::get(
        type, {llvm::ConstantInt::getSigned(int32, map.argument),
               llvm::ConstantInt::getSigned(int32, map.sampleStride),
               number(int64, map.offset), number(int32, map.sizes.size()),
               number(int32, map.elementBytes), array(int64, map.sizes),
               array(int64, map.strides), array(int32, map.box)}));
  return addArray(type, maps, "toeplitz_tensor_maps");
}

/// An array of toeplitz_gpu_kernel.
llvm::Constant *ProgramBuilder::buildKernels() {
  auto *type = llvm::StructType::get(
      context, {pointer, int32, int32, pointer, int32, int32, pointer});
  std::vector<llvm::Constant *> kernels;
  for (const GpuKernel &kernel : gpu.kernels) {
    llvm::Constant *emulated = llvm::ConstantPointerNull::get(pointer);
    if (gpu.image.empty())
      emulated = module.getFunction(kernel.name + ".emulated");
    kernels.push_back(llvm::ConstantStruct::get(
        type, {addText(kernel.name, "toeplitz_kernel_name"),
               llvm::ConstantInt::get(int32, kernel.threads),
               llvm::ConstantInt::get(int32, kernel.sharedBytes), emulated,
               llvm::ConstantInt::get(int32, kernel.waits ? 1 : 0),
               llvm::ConstantInt::get(int32, kernel.tensorMaps.size()),
               buildTensorMaps(kernel)}));
  }
  return addArray(type, kernels, "toeplitz_kernels");
}

/// An array of toeplitz_gpu_cubin; null where there is none.
llvm::Constant *ProgramBuilder::buildCubins() {
  if (gpu.cubins.empty())
    return llvm::ConstantPointerNull::get(pointer);
  auto *type = llvm::StructType::get(context, {int32, int32, int64, pointer});
  std::vector<llvm::Constant *> cubins;
  for (const Cubin &cubin : gpu.cubins) {
    auto *code = llvm::cast<llvm::GlobalVariable>(
        addConstant(llvm::ConstantDataArray::getString(context, cubin.code,
                                                       /*AddNull=*/false),
                    "toeplitz_cubin"));
    // It is a file of the ELF format.
    code->setAlignment(llvm::Align(TOEPLITZ_ALIGNMENT));
    cubins.push_back(llvm::ConstantStruct::get(
        type, {llvm::ConstantInt::get(int32, cubin.capability),
               llvm::ConstantInt::get(int32, cubin.exactCapability ? 1 : 0),
               llvm::ConstantInt::get(int64, cubin.code.size()), code}));
  }
  return addArray(type, cubins, "toeplitz_cubins");
}

/// An array of toeplitz_gpu_weights.
llvm::Constant *ProgramBuilder::buildWeights() {
  auto *type = llvm::StructType::get(context, {pointer, int64, int64});
  std::vector<llvm::Constant *> places;
  for (const auto &place : gpu.weightPlaces) {
    const std::string &symbol = place.first;
    auto external =
        llvm::find_if(network.weights, [&](const NetworkWeights &weights) {
          return weights.symbol == symbol;
        });
    llvm::GlobalVariable *global = module.getGlobalVariable(
        external == network.weights.end() ? symbol : external->objectSymbol,
        /*AllowInternal=*/true);
    uint64_t bytes =
        module.getDataLayout().getTypeAllocSize(global->getValueType());
    places.push_back(llvm::ConstantStruct::get(
        type, {global, llvm::ConstantInt::get(int64, bytes),
               llvm::ConstantInt::get(int64, place.second)}));
  }
  return addArray(type, places, "toeplitz_device_weights");
}

/// void launch_all(queue, arena, weights, inputs, outputs): `main` with its
/// pointers taken out of the arrays.
llvm::Constant *ProgramBuilder::buildLaunchAll(llvm::Function &main) {
  llvm::IRBuilder<> builder(context);
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(builder.getVoidTy(),
                              {pointer, pointer, pointer, pointer, pointer},
                              /*isVarArg=*/false),
      llvm::GlobalValue::InternalLinkage, network.symbolName + "_launch_all",
      module);
  function->setDoesNotThrow();
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", function));
  std::vector<llvm::Value *> arguments = {function->getArg(0),
                                          function->getArg(1)};
  auto load = [&](llvm::Value *array, size_t count) {
    for (size_t index = 0; index < count; ++index)
      arguments.push_back(builder.CreateLoad(
          pointer, builder.CreateConstGEP1_64(pointer, array, index)));
  };
  load(function->getArg(3), network.inputs.size());
  load(function->getArg(4), network.outputs.size());
  arguments.push_back(function->getArg(2));
  builder.CreateCall(&main, arguments);
  builder.CreateRetVoid();
  return function;
}

llvm::Constant *ProgramBuilder::build(llvm::Function &main) {
  llvm::Constant *image = llvm::ConstantPointerNull::get(pointer);
  if (!gpu.image.empty())
    image = addText(gpu.image, "toeplitz_image");
  auto number = [&](llvm::Type *type, uint64_t value) {
    return llvm::ConstantInt::get(type, value);
  };
  auto *type = llvm::StructType::get(
      context, {pointer, int32, int32, int32, int32, pointer, pointer, int64,
                int64, pointer, pointer, int32, int32});
  return addConstant(
      llvm::ConstantStruct::get(
          type, {image, number(int32, gpu.capability),
                 number(int32, gpu.exactCapability ? 1 : 0),
                 number(int32, gpu.kernels.size()),
                 number(int32, gpu.weightPlaces.size()), buildKernels(),
                 buildWeights(), number(int64, gpu.weightsBytes),
                 number(int64, gpu.arenaBytes), buildLaunchAll(main),
                 buildCubins(), number(int32, gpu.cubins.size()),
                 number(int32, gpu.readsElements ? 1 : 0)}),
      "toeplitz_program");
}

llvm::Constant *toeplitz::buildGpuProgram(llvm::Module &module,
                                          const Network &network,
                                          llvm::Function &main) {
  return ProgramBuilder(module, network).build(main);
}
