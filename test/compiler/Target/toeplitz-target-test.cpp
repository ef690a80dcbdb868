// Drives compiler/Target on its own: reads a lowered module, emits an artifact
// of it, or runs a shared library.
//
//   toeplitz-target-test emit KIND IN.mlir OUT [--mtriple T] [--mcpu C]
//   [--large-weights BYTES] [--optimize 0..3] [--runtime DIR] [--print-commands
//   1] toeplitz-target-test describe [--mtriple T] [--mcpu C]
//   toeplitz-target-test run LIBRARY.so [--threads N] [--bench RUNS]
//
// `run` gives every input the values 0, 1, 2, ... and prints the outputs.

#include "compiler/Target/LoadedNetwork.h"
#include "compiler/Target/Target.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/SourceMgr.h"
#include <numeric>

using namespace toeplitz;

static int fail(const llvm::Twine &message) {
  llvm::errs() << "error: " << message << "\n";
  return 1;
}

namespace {

struct Arguments {
  std::vector<llvm::StringRef> words;
  std::string triple, cpu;
  EmitOptions emit;
  int threads = 1;
  int64_t benchRuns = 0;
};

} // namespace

static std::optional<Arguments> readArguments(int argc, char **argv) {
  Arguments arguments;
  for (int index = 1; index < argc; ++index) {
    llvm::StringRef word = argv[index];
    if (!word.starts_with("--")) {
      arguments.words.push_back(word);
      continue;
    }
    if (++index == argc)
      return std::nullopt;
    llvm::StringRef value = argv[index];
    bool bad = false;
    if (word == "--mtriple")
      arguments.triple = value.str();
    else if (word == "--mcpu")
      arguments.cpu = value.str();
    else if (word == "--runtime")
      arguments.emit.runtimeDirectory = value.str();
    else if (word == "--large-weights")
      bad = value.getAsInteger(10, arguments.emit.largeWeightsBytes);
    else if (word == "--optimize")
      bad = value.getAsInteger(10, arguments.emit.optimizationLevel);
    else if (word == "--print-commands")
      bad = value.getAsInteger(10, arguments.emit.printCommands);
    else if (word == "--threads")
      bad = value.getAsInteger(10, arguments.threads);
    else if (word == "--bench")
      bad = value.getAsInteger(10, arguments.benchRuns);
    else
      bad = true;
    if (bad)
      return std::nullopt;
  }
  return arguments;
}

static int emit(const Arguments &arguments) {
  std::string error;
  std::optional<TargetDescription> target =
      describeTarget(arguments.triple, arguments.cpu, error);
  if (!target)
    return fail(error);
  auto kind =
      llvm::StringSwitch<std::optional<ArtifactKind>>(arguments.words[1])
          .Case("llvm", ArtifactKind::LLVMIR)
          .Case("asm", ArtifactKind::Assembly)
          .Case("obj", ArtifactKind::Object)
          .Case("static", ArtifactKind::StaticLibrary)
          .Case("shared", ArtifactKind::SharedLibrary)
          .Case("exe", ArtifactKind::Executable)
          .Default(std::nullopt);
  if (!kind)
    return fail("unknown kind " + arguments.words[1]);
  mlir::MLIRContext context;
  context.loadDialect<mlir::LLVM::LLVMDialect>();
  // Modules of the whole compiler have attributes of its dialects.
  context.allowUnregisteredDialects();
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(
      arguments.words[2], mlir::ParserConfig(&context));
  if (!module)
    return 1;
  return mlir::failed(emitArtifact(*module, *target, *kind, arguments.words[3],
                                   arguments.emit));
}

static int describe(const Arguments &arguments) {
  std::string error;
  std::optional<TargetDescription> target =
      describeTarget(arguments.triple, arguments.cpu, error);
  if (!target)
    return fail(error);
  llvm::outs() << "triple " << target->triple << "\ncpu " << target->cpu
               << "\nfeatures '" << target->features << "'\nlanes "
               << target->vectorLanes << "\nregisters "
               << target->vectorRegisters << "\nfused multiply-add "
               << (target->hasFusedMultiplyAdd ? "yes" : "no")
               << "\nproducts by element "
               << (target->hasProductsByElement ? "yes" : "no") << "\ncaches "
               << target->level1CacheBytes / 1024 << " and "
               << target->level2CacheBytes / 1024 << " KiB\n";
  return 0;
}

static int run(const Arguments &arguments) {
  auto loaded = LoadedNetwork::open(arguments.words[1], arguments.threads);
  if (!loaded)
    return fail(llvm::toString(loaded.takeError()));
  const toeplitz_network &network = (*loaded)->getDescription();
  std::vector<std::vector<float>> tensors;
  std::vector<const void *> inputs;
  std::vector<void *> outputs;
  for (int32_t index = 0; index < network.input_count; ++index) {
    tensors.emplace_back(getElementCount(network.inputs[index]));
    std::iota(tensors.back().begin(), tensors.back().end(), 0.0f);
    inputs.push_back(tensors.back().data());
  }
  for (int32_t index = 0; index < network.output_count; ++index) {
    tensors.emplace_back(getElementCount(network.outputs[index]), -1.0f);
    outputs.push_back(tensors.back().data());
  }
  if (arguments.benchRuns) {
    auto timing = (*loaded)->bench(inputs, outputs, arguments.benchRuns);
    if (!timing)
      return fail(llvm::toString(timing.takeError()));
    llvm::outs() << timing->runs << " runs, in order: "
                 << (timing->minimum >= 0 &&
                     timing->minimum <= timing->median &&
                     timing->minimum <= timing->mean)
                 << "\n";
  }
  if (llvm::Error error = (*loaded)->run(inputs, outputs))
    return fail(llvm::toString(std::move(error)));
  llvm::outs() << network.name << " with " << (*loaded)->getThreads()
               << " threads, workspace " << network.workspace_size << "\n";
  for (int32_t index = 0; index < network.output_count; ++index) {
    llvm::outs() << network.outputs[index].name << ":";
    int64_t count = getElementCount(network.outputs[index]);
    for (int64_t element = 0; element < count; ++element)
      llvm::outs() << llvm::format(
          " %g", double(static_cast<float *>(outputs[index])[element]));
    llvm::outs() << "\n";
  }
  // What doesn't fit is refused.
  inputs.push_back(nullptr);
  llvm::Error error = (*loaded)->run(inputs, outputs);
  if (!error)
    return fail("a run with one input too many went through");
  llvm::outs() << llvm::toString(std::move(error)) << "\n";
  return 0;
}

int main(int argc, char **argv) {
  std::optional<Arguments> arguments = readArguments(argc, argv);
  size_t count = arguments ? arguments->words.size() : 0;
  llvm::StringRef command = count ? arguments->words[0] : "";
  if (command == "emit" && count == 4)
    return emit(*arguments);
  if (command == "describe" && count == 1)
    return describe(*arguments);
  if (command == "run" && count == 2)
    return run(*arguments);
  return fail("see the top of toeplitz-target-test.cpp");
}
