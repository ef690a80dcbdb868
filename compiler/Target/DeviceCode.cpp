#include "compiler/Target/DeviceCode.h"

#include "compiler/Analysis/DeviceFunctions.h"
#include "compiler/Target/CodeObject.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace toeplitz;

static std::unique_ptr<llvm::TargetMachine>
createMachine(const TargetDescription &target, std::string &error) {
  llvm::Triple triple("nvptx64-nvidia-cuda");
  const llvm::Target *backend =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend)
    return nullptr;
  llvm::TargetOptions options;
  // A product that is added to something may be added as it is.
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  return std::unique_ptr<llvm::TargetMachine>(backend->createTargetMachine(
      triple, target.gpuArchitecture, /*Features=*/"", options, std::nullopt,
      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

/// PTX of the kernels.
static std::optional<std::string>
writeDeviceCode(ModuleOp module, const TargetDescription &target,
                const EmitOptions &options) {
  auto kernels =
      dyn_cast_or_null<gpu::GPUModuleOp>(module.lookupSymbol("kernels"));
  if (!kernels) {
    module.emitError("the lowered module has no module @kernels, those of the "
                     "GPU");
    return std::nullopt;
  }
  if (failed(checkDeviceFunctions(kernels)))
    return std::nullopt;
  std::string error;
  auto machine = createMachine(target, error);
  if (!machine) {
    module.emitError(error);
    return std::nullopt;
  }
  registerBuiltinDialectTranslation(*module.getContext());
  registerGPUDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  registerNVVMDialectTranslation(*module.getContext());
  llvm::LLVMContext context;
  keepFirstError(context, error);
  std::unique_ptr<llvm::Module> code =
      translateModuleToLLVMIR(kernels, context, "kernels");
  if (!code) {
    module.emitError("the kernels can't be translated to LLVM's IR");
    return std::nullopt;
  }
  code->setTargetTriple(machine->getTargetTriple());
  code->setDataLayout(machine->createDataLayout());
  optimizeCode(*code, *machine, options.optimizationLevel);
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  if (llvm::Error failed = writeMachineCode(
          *code, *machine, llvm::CodeGenFileType::AssemblyFile, stream))
    error = llvm::toString(std::move(failed));
  if (!error.empty()) {
    module.emitError(error);
    return std::nullopt;
  }
  return text.str().str();
}

static OwningOpRef<ModuleOp> cloneHostModule(ModuleOp module) {
  OwningOpRef<ModuleOp> host(module.cloneWithoutRegions());
  Region &body = host->getBodyRegion();
  body.push_back(new Block);
  IRMapping mapping;
  for (Operation &op : *module.getBody())
    if (!isa<gpu::GPUModuleOp>(op))
      body.front().push_back(op.clone(mapping));
  return host;
}

FailureOr<OwningOpRef<ModuleOp>>
toeplitz::separateKernels(ModuleOp &module, const TargetDescription &target,
                          const EmitOptions &options, Network &network) {
  if (!network.gpu || target.isEmulated())
    return OwningOpRef<ModuleOp>();
  std::optional<std::string> image = writeDeviceCode(module, target, options);
  if (!image)
    return failure();
  network.gpu->image = std::move(*image);
  network.gpu->capability = static_cast<int32_t>(target.gpuCapability);
  network.gpu->exactCapability =
      llvm::StringRef(target.gpuArchitecture).ends_with("a");
  if (!options.cubins.architectures.empty()) {
    auto cubins = assembleCubins(network.gpu->image, target.gpuArchitecture,
                                 options.cubins, options.printCommands);
    if (!cubins) {
      module.emitError(llvm::toString(cubins.takeError()));
      return failure();
    }
    network.gpu->cubins = std::move(*cubins);
  }
  OwningOpRef<ModuleOp> host = cloneHostModule(module);
  module = *host;
  return host;
}
