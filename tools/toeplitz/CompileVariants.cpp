#include "tools/toeplitz/CompileVariants.h"
#include "compiler/Target/Header.h"
#include "compiler/Target/Variants.h"
#include "tools/toeplitz/Messages.h"
#include "tools/toeplitz/OutputFile.h"

#include "llvm/ADT/StringExtras.h"

using namespace toeplitz;

bool toeplitz::hasVariants(const CompilationOptions &options) {
  return llvm::StringRef(options.targetCpu).contains(',') ||
         options.target == bothTargets;
}

static llvm::LogicalResult reportCpus(const CompilationOptions &options,
                                      const llvm::Twine &problem) {
  return reportError(
      ("--mcpu: '" + llvm::Twine(options.targetCpu) + "': " + problem).str());
}

/// The processors that --mcpu names, sorted.
static llvm::FailureOr<std::vector<VariantTarget>>
readCpus(const CompilationOptions &options) {
  std::vector<VariantTarget> targets;
  llvm::StringRef names = "native";
  if (!options.targetCpu.empty())
    names = options.targetCpu;
  for (llvm::StringRef cpu : llvm::split(names, ',')) {
    if (cpu.empty())
      return reportCpus(options, "a processor without a name; expected "
                                 "CPU,CPU,...");
    for (const VariantTarget &other : targets)
      if (other.cpu == cpu)
        return reportCpus(options, "'" + cpu + "' is named twice");
    std::string error;
    std::optional<TargetDescription> description =
        describeTarget(options.targetTriple, cpu, error);
    if (!description)
      return reportError(error);
    targets.push_back({cpu.str(), cpu.str(), std::move(*description)});
  }
  if (llvm::Error error = sortVariants(targets))
    return reportCpus(options, llvm::toString(std::move(error)));
  return targets;
}

/// All that the user names, in the order in which a machine tries them.
static llvm::FailureOr<std::vector<VariantTarget>>
readTargets(const CompilationOptions &options) {
  if (options.target == "cuda")
    return reportCpus(options, "a network of a GPU is for one processor");
  llvm::FailureOr<std::vector<VariantTarget>> targets = readCpus(options);
  if (failed(targets))
    return llvm::failure();
  if (options.target == "cpu") {
    if (!options.gpuArchitecture.empty())
      return reportNoGpu();
    return targets;
  }
  // Any processor of them can be the GPU's host.
  VariantTarget gpu = targets->back();
  gpu.name = "cuda";
  std::string error;
  if (!describeGpu(gpu.description, options.gpuArchitecture, error))
    return reportError("--gpu-arch: " + error);
  targets->insert(targets->begin(), std::move(gpu));
  return targets;
}

/// Calls `use` with the network, lowered for each processor in their order.
static llvm::LogicalResult
forEachVariant(const CompilationOptions &options, llvm::StringRef network,
               llvm::ArrayRef<VariantTarget> targets,
               llvm::function_ref<llvm::LogicalResult(Compilation &)> use) {
  for (const VariantTarget &target : targets) {
    CompilationOptions ofVariant = options;
    ofVariant.targetCpu = target.cpu;
    ofVariant.target = target.description.isGpu() ? "cuda" : "cpu";
    if (!target.description.isGpu())
      ofVariant.gpuArchitecture.clear();
    // Beside a GPU, processors compute in f32 whatever its tensor cores may do.
    if (!target.description.isGpu() && options.target == bothTargets) {
      ofVariant.tf32 = false;
      ofVariant.precision.clear();
    }
    Compilation compilation(ofVariant);
    if (failed(compilation.load(network)))
      return llvm::failure();
    if (compilation.getStage() != Stage::Cnn)
      return reportError("'" + network + "' is at the stage '" +
                         stageName(compilation.getStage()) +
                         "', which is for one processor");
    if (failed(compilation.advanceTo(Stage::LLVM)) || failed(use(compilation)))
      return llvm::failure();
  }
  return llvm::success();
}

llvm::LogicalResult toeplitz::compileVariants(
    const CompilationOptions &options, llvm::StringRef network,
    ArtifactKind kind, llvm::StringRef path,
    const std::function<EmitOptions(Compilation &)> &getEmitOptions) {
  llvm::FailureOr<std::vector<VariantTarget>> targets = readTargets(options);
  if (failed(targets))
    return llvm::failure();
  std::optional<VariantsEmitter> emitter;
  if (failed(forEachVariant(
          options, network, *targets, [&](Compilation &compilation) {
            EmitOptions emitOptions = getEmitOptions(compilation);
            if (!emitter)
              emitter.emplace(*targets, kind, path, emitOptions);
            mlir::TimingScope scope = compilation.nestTiming("Machine code");
            return emitter->add(compilation.getModule(),
                                emitOptions.reportPart);
          })))
    return llvm::failure();
  if (llvm::Error error = emitter->finish())
    return reportError(llvm::toString(std::move(error)));
  return llvm::success();
}

llvm::LogicalResult
toeplitz::writeVariantsHeader(const CompilationOptions &options,
                              llvm::StringRef network, llvm::StringRef path) {
  llvm::FailureOr<std::vector<VariantTarget>> targets = readTargets(options);
  if (failed(targets))
    return llvm::failure();
  std::optional<Network> common;
  if (failed(forEachVariant(options, network, *targets,
                            [&](Compilation &compilation) {
                              std::optional<Network> variant =
                                  readNetwork(compilation.getModule());
                              if (!variant)
                                return llvm::failure();
                              includeVariant(common, *variant);
                              return llvm::success();
                            })))
    return llvm::failure();
  return writeText(path, [&](llvm::raw_ostream &stream) {
    writeHeader(*common, stream);
    return true;
  });
}
