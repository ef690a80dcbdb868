// A module compiled and loaded into this process, or evaluated naively.

#include "compiler/Verification/CompiledModule.h"

#include "compiler/Frontend/Diagnostics.h"
#include "compiler/Pipeline.h"
#include "compiler/Reference/Evaluator.h"
#include "compiler/Registration.h"
#include "compiler/Target/Target.h"
#include "compiler/Target/TemporaryFolder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace toeplitz;

std::optional<std::string>
toeplitz::whyNotRunnable(const TargetDescription &target) {
  std::string error;
  std::optional<TargetDescription> host = describeTarget("", "", error);
  if (!host)
    return error;
  auto isSame = [&](auto get) {
    return get(llvm::Triple(host->triple)) == get(llvm::Triple(target.triple));
  };
  if (isSame([](const llvm::Triple &triple) { return triple.getArch(); }) &&
      isSame([](const llvm::Triple &triple) { return triple.getOS(); }) &&
      target.vectorLanes <= host->vectorLanes &&
      (host->hasFusedMultiplyAdd || !target.hasFusedMultiplyAdd))
    return std::nullopt;
  return "this machine, a " + host->cpu + " (" + host->triple +
         "), can't run code for " + target.cpu + " (" + target.triple + ")";
}

LayerContext::LayerContext()
    : context(
          [] {
            DialectRegistry registry;
            registerToeplitzDialects(registry);
            return registry;
          }(),
          MLIRContext::Threading::DISABLED) {
  context.printOpOnDiagnostic(false);
  context.loadAllAvailableDialects();
  diagnostics = std::make_shared<ConsoleDiagnostics>(context);
}

static FailureOr<std::unique_ptr<LoadedNetwork>>
link(ModuleOp module, const TargetDescription &target,
     unsigned optimizationLevel, int threads = 1) {
  auto report = [&](const llvm::Twine &problem) {
    module.emitError() << problem;
    return failure();
  };
  // The library stays mapped when its file is gone.
  TemporaryFolder folder;
  if (folder.problem)
    return report("cannot create a temporary folder: " +
                  folder.problem.message());
  llvm::SmallString<128> path(folder.path);
  llvm::sys::path::append(path, "layer.so");
  EmitOptions options;
  options.optimizationLevel = optimizationLevel;
  if (failed(emitArtifact(module, target, ArtifactKind::SharedLibrary, path,
                          options)))
    return failure();
  auto loaded = LoadedNetwork::open(path, threads);
  if (!loaded)
    return report(llvm::toString(loaded.takeError()));
  return std::move(*loaded);
}

FailureOr<std::unique_ptr<LoadedNetwork>>
toeplitz::compileLayers(ModuleOp module, const TargetDescription &target,
                        unsigned optimizationLevel) {
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  PipelineOptions options;
  options.target = target;
  buildKernelPipeline(manager);
  buildLoopsPipeline(manager, options);
  buildLLVMPipeline(manager, options);
  if (failed(manager.run(module)))
    return failure();
  return link(module, target, optimizationLevel);
}

FailureOr<std::unique_ptr<LoadedNetwork>>
toeplitz::compileLoops(ModuleOp module, const TargetDescription &target,
                       int threads) {
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  PipelineOptions options;
  options.target = target;
  buildLLVMPipeline(manager, options);
  if (failed(manager.run(module)))
    return failure();
  return link(module, target, /*optimizationLevel=*/3, threads);
}

FailureOr<std::unique_ptr<LoadedNetwork>>
toeplitz::compileNetwork(ModuleOp module, const TargetDescription &target,
                         StringRef algorithm, unsigned optimizationLevel) {
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  PipelineOptions options;
  options.target = target;
  options.algorithm = algorithm.str();
  buildPipeline(manager, Stage::Cnn, Stage::LLVM, options);
  if (failed(manager.run(module)))
    return failure();
  return link(module, target, optimizationLevel);
}

FailureOr<reference::Tensor>
toeplitz::evaluateOnce(ModuleOp module, ArrayRef<std::vector<float>> inputs) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  SmallVector<reference::Tensor> arguments;
  for (auto [type, values] : llvm::zip_equal(main.getArgumentTypes(), inputs))
    arguments.push_back(reference::Tensor::fromBytes(
        reference::ElementType::Float32,
        cast<RankedTensorType>(type).getShape(),
        ArrayRef(reinterpret_cast<const char *>(values.data()),
                 values.size() * sizeof(float))));
  auto results = reference::evaluate(module, arguments);
  if (failed(results))
    return failure();
  return std::move(results->front());
}

FailureOr<std::vector<std::vector<float>>>
toeplitz::runOnce(LoadedNetwork &network, ArrayRef<std::vector<float>> inputs) {
  const toeplitz_network &description = network.getDescription();
  std::vector<std::vector<float>> outputs;
  SmallVector<const void *> inputAddresses;
  SmallVector<void *> outputAddresses;
  for (const std::vector<float> &input : inputs)
    inputAddresses.push_back(input.data());
  for (int32_t index = 0; index < description.output_count; ++index)
    outputs.emplace_back(getElementCount(description.outputs[index]));
  for (std::vector<float> &output : outputs)
    outputAddresses.push_back(output.data());
  if (llvm::Error error = network.run(inputAddresses, outputAddresses)) {
    llvm::errs() << "error: " << llvm::toString(std::move(error)) << "\n";
    return failure();
  }
  return std::move(outputs);
}
