#include "compiler/Target/CodeObject.h"
#include "compiler/Target/Interface.h"
#include "runtime/processor_features.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/MemoryBufferRef.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace toeplitz;

void toeplitz::keepFirstError(llvm::LLVMContext &context, std::string &error) {
  context.setDiagnosticHandlerCallBack(
      [](const llvm::DiagnosticInfo *info, void *text) {
        std::string &error = *static_cast<std::string *>(text);
        if (info->getSeverity() != llvm::DS_Error || !error.empty())
          return;
        llvm::raw_string_ostream stream(error);
        llvm::DiagnosticPrinterRawOStream printer(stream);
        info->print(printer);
      },
      &error);
}

NetworkCode::NetworkCode() { keepFirstError(context, diagnostic); }

NetworkCode::~NetworkCode() = default;

static std::unique_ptr<llvm::TargetMachine>
createMachine(const TargetDescription &target, unsigned level,
              std::string &error) {
  llvm::Triple triple(target.triple);
  const llvm::Target *backend =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend)
    return nullptr;
  llvm::TargetOptions options;
  // One section a function: what the linker finds unused it can leave out.
  options.FunctionSections = true;
  options.DataSections = true;
  // LLVM allocates tile registers across the branches of a loop from the first
  // level on; without it crashes.
  if (target.hasTileProducts)
    level = std::max(level, 1U);
  auto codegenLevel = llvm::CodeGenOpt::getLevel(int(level));
  std::unique_ptr<llvm::TargetMachine> machine(backend->createTargetMachine(
      triple, target.cpu, target.features, options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small,
      codegenLevel.value_or(llvm::CodeGenOptLevel::Aggressive)));
  if (!machine)
    error = "LLVM has no code generator for " + target.triple;
  return machine;
}

static uint64_t getProcessorFeatures(const llvm::TargetMachine &machine) {
#define X(name, ...) name,
  static constexpr llvm::StringLiteral x86Features[] = {
      TOEPLITZ_X86_FEATURES(X)};
  static constexpr llvm::StringLiteral aarch64Features[] = {
      TOEPLITZ_AARCH64_FEATURES(X)};
#undef X
  ArrayRef<llvm::StringLiteral> names = x86Features;
  if (machine.getTargetTriple().getArch() == llvm::Triple::aarch64)
    names = aarch64Features;
  const llvm::MCSubtargetInfo &subtarget = *machine.getMCSubtargetInfo();
  uint64_t features = 0;
  for (auto [number, name] : llvm::enumerate(names))
    features |= uint64_t(subtarget.checkFeatures(("+" + name).str())) << number;
  return features;
}

std::optional<uint64_t>
toeplitz::getProcessorFeatures(const TargetDescription &target) {
  std::string error;
  std::unique_ptr<llvm::TargetMachine> machine =
      createMachine(target, /*level=*/0, error);
  if (!machine)
    return std::nullopt;
  return ::getProcessorFeatures(*machine);
}

/// Tells LLVM what the schedules decided: vectors of this width are welcome.
/// Its own guess for some CPUs is half of it.
static void preferVectorWidth(llvm::Module &module,
                              const TargetDescription &target) {
  std::string bits = std::to_string(target.vectorLanes * 32);
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.addFnAttr("prefer-vector-width", bits);
}

/// Schedules instructions for no AArch64 core in particular, whichever the code
/// may use the features of. LLVM's models of single cores (Neoverse N1, Cortex
/// A72, Apple's) move the loads of several taps so far ahead that accumulators
/// are spilled: in a fifth of the innermost loops of direct convolutions. Cores
/// that look ahead themselves don't need it, the others (A55) are like the
/// generic one.
static void scheduleForAnyCore(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.addFnAttr("tune-cpu", "generic");
}

/// 32-bit offsets don't reach weights of gigabytes.
static void addressLargeWeights(llvm::Module &module, const Network &network) {
  for (const NetworkWeights &weights : network.weights)
    module.getGlobalVariable(weights.objectSymbol)
        ->setCodeModel(llvm::CodeModel::Large);
}

void NetworkCode::setTarget() {
  module->setSourceFileName(module->getName());
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  module->setPICLevel(llvm::PICLevel::BigPIC);
}

std::unique_ptr<NetworkCode>
NetworkCode::translate(ModuleOp module, const Network &network,
                       const TargetDescription &target, ArtifactKind kind,
                       const EmitOptions &options) {
  std::unique_ptr<NetworkCode> code(new NetworkCode);
  code->level = options.optimizationLevel;
  std::string error;
  code->machine = createMachine(target, code->level, error);
  if (!code->machine) {
    module.emitError(error);
    return nullptr;
  }
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  code->module = translateModuleToLLVMIR(module, code->context, network.name);
  if (!code->module) {
    // Mostly this has been said by the translation itself, at the operation
    // that it stumbled over.
    module.emitError("the module can't be translated to LLVM's IR");
    return nullptr;
  }
  code->setTarget();
  for (const NetworkWeights &weights : network.weights) {
    llvm::GlobalVariable *global =
        code->module->getGlobalVariable(weights.symbol);
    uint64_t bytes =
        code->module->getDataLayout().getTypeAllocSize(global->getValueType());
    if (bytes == weights.bytes) {
      global->setAlignment(llvm::Align(64));
      continue;
    }
    module.lookupSymbol(weights.symbol)->emitError("the global has ")
        << bytes << " bytes, its attribute 'toeplitz.blob' " << weights.bytes;
    return nullptr;
  }
  addInterface(*code->module, network, kind, options.executableThreads,
               {target.isGpu() ? target.gpuArchitecture : target.cpu,
                ::getProcessorFeatures(*code->machine)});
  code->root = getRootFunction(network);
  preferVectorWidth(*code->module, target);
  if (code->machine->getTargetTriple().getArch() == llvm::Triple::aarch64)
    scheduleForAnyCore(*code->module);
  if (code->machine->getTargetTriple().getArch() == llvm::Triple::x86_64 &&
      network.totalWeightsBytes() >= options.largeWeightsBytes)
    addressLargeWeights(*code->module, network);
  std::string broken;
  llvm::raw_string_ostream stream(broken);
  if (llvm::verifyModule(*code->module, &stream)) {
    module.emitError("the interface of the network is invalid: ") << broken;
    return nullptr;
  }
  return code;
}

std::unique_ptr<NetworkCode>
NetworkCode::dispatch(const Network &network,
                      llvm::ArrayRef<VariantSymbols> variants,
                      const TargetDescription &target, ArtifactKind kind,
                      const EmitOptions &options, std::string &error) {
  std::unique_ptr<NetworkCode> code(new NetworkCode);
  code->level = options.optimizationLevel;
  code->machine = createMachine(target, code->level, error);
  if (!code->machine)
    return nullptr;
  code->module = std::make_unique<llvm::Module>(network.name, code->context);
  code->setTarget();
  addDispatch(*code->module, network, variants, kind,
              options.executableThreads);
  return code;
}

llvm::Expected<std::unique_ptr<NetworkCode>>
NetworkCode::read(const Bitcode &bitcode, const TargetDescription &target,
                  const EmitOptions &options) {
  std::unique_ptr<NetworkCode> code(new NetworkCode);
  code->level = options.optimizationLevel;
  std::string error;
  code->machine = createMachine(target, code->level, error);
  if (!code->machine)
    return llvm::createStringError(error);
  llvm::Expected<std::unique_ptr<llvm::Module>> module = llvm::parseBitcodeFile(
      llvm::MemoryBufferRef(llvm::StringRef(bitcode.data(), bitcode.size()),
                            "part"),
      code->context);
  if (!module)
    return module.takeError();
  code->module = std::move(*module);
  return std::move(code);
}

std::vector<Bitcode> NetworkCode::split() {
  return partitionCode(*module, root);
}

void NetworkCode::optimize() { optimizeCode(*module, *machine, level); }

void toeplitz::optimizeCode(llvm::Module &module, llvm::TargetMachine &machine,
                            unsigned level) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = level > 1;
  // Kernels are unrolled and vectorised as far as their blueprints say. Further
  // unrolling brings loads together that several iterations share; LLVM then
  // keeps them in registers that the accumulators need, and spills.
  tuning.LoopUnrolling = false;
  tuning.SLPVectorization = false;
  llvm::PassBuilder passes(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(callGraph);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, callGraph, modules);
  llvm::ModulePassManager pipeline;
  switch (level) {
  case 0:
    pipeline = passes.buildO0DefaultPipeline(llvm::OptimizationLevel::O0);
    break;
  case 1:
    pipeline =
        passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O1);
    break;
  case 2:
    pipeline =
        passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2);
    break;
  default:
    pipeline =
        passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3);
    break;
  }
  pipeline.run(module, modules);
}

void NetworkCode::writeIR(llvm::raw_ostream &stream) const {
  module->print(stream, /*AAW=*/nullptr);
}

llvm::Error toeplitz::writeMachineCode(llvm::Module &module,
                                       llvm::TargetMachine &machine,
                                       llvm::CodeGenFileType type,
                                       llvm::raw_pwrite_stream &stream) {
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, /*DwoOut=*/nullptr, type))
    return llvm::createStringError("LLVM writes no such file for " +
                                   machine.getTargetTriple().str());
  passes.run(module);
  return llvm::Error::success();
}

llvm::Error NetworkCode::writeCode(llvm::CodeGenFileType type,
                                   llvm::raw_pwrite_stream &stream) {
  if (llvm::Error error = writeMachineCode(*module, *machine, type, stream))
    return error;
  if (!diagnostic.empty())
    return llvm::createStringError(diagnostic);
  return llvm::Error::success();
}
