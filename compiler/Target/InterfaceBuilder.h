// What builds the functions and the descriptor of one network: Interface.cpp
// and Descriptor.cpp.

#ifndef TOEPLITZ_COMPILER_TARGET_INTERFACEBUILDER_H
#define TOEPLITZ_COMPILER_TARGET_INTERFACEBUILDER_H

#include "compiler/Target/Interface.h"

#include "llvm/IR/IRBuilder.h"

namespace toeplitz {

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
  /// Kernels may become symbols of several objects: those of variants are told
  /// apart.
  void qualifyFunctions();
  void buildDescriptor(bool exportsFunctions, const Processor &processor);
  /// The functions that getExportedSymbols lists.
  void buildFunctions(ArtifactKind kind, int threads);
  /// A function that returns the descriptor.
  llvm::Function *buildAccessor(const std::string &name);
  /// NAME_workspace_size.
  llvm::Function *buildBatchWorkspaceSize(bool exported);
  /// In the place of a descriptor: the functions are those of one of these
  /// variants, chosen when they are called.
  void setVariants(llvm::ArrayRef<VariantSymbols> symbols);

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
    llvm::Constant *program, *create, *runChecked, *errorText, *runDevice;
  };
  GpuFunctions buildGpuFunctions();
  llvm::Function *buildRunOnGpu();
  llvm::Function *buildCreateOnGpu(const std::string &name, bool exported);
  llvm::Function *buildRunBatch();
  llvm::Constant *getWeights();
  void buildThreads(int threads);
  void buildLibraryFunctions();
  llvm::Value *getDescriptor();
  void buildThreadFunctions();
  void buildChosenThreads();
  llvm::Value *gatherParameters(llvm::Function &function, unsigned first,
                                size_t count);
  void buildRun(bool threaded);
  void buildRunDevice();
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
  /// Where there are variants: an array of toeplitz_variant, and the descriptor
  /// that was chosen, or null.
  llvm::Constant *variants = nullptr;
  llvm::GlobalVariable *chosen = nullptr;
};

} // namespace toeplitz

#endif
