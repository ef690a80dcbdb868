#include "tools/toeplitz/Compilation.h"
#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Frontend/Frontend.h"
#include "compiler/Frontend/Suggestion.h"
#include "compiler/Registration.h"
#include "compiler/Transforms/Folds.h"
#include "dialects/CNN/CNNDialect.h"
#include "tools/toeplitz/EntryFunction.h"
#include "tools/toeplitz/Messages.h"
#include "tools/toeplitz/NetworkOptions.h"
#include "tools/toeplitz/Printing.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
using namespace toeplitz;

namespace {

/// The names of the passes of a pipeline, nested ones included.
SmallVector<std::string> passNames(OpPassManager &manager) {
  // The one public way to what nested managers hold is the textual form,
  // ANCHOR(PASS{OPTIONS},ANCHOR(PASS,PASS)).
  std::string text;
  llvm::raw_string_ostream stream(text);
  manager.printAsTextualPipeline(stream);
  SmallVector<std::string> names;
  std::string word;
  int braces = 0;
  for (char c : text) {
    if (c == '{')
      ++braces;
    else if (c == '}')
      --braces;
    else if (braces > 0)
      continue;
    else if (c == '(') // the word was an anchor
      word.clear();
    else if (c != ',' && c != ')')
      word += c;
    else if (!word.empty())
      names.push_back(std::exchange(word, ""));
  }
  return names;
}

} // namespace

SmallVector<StringRef> toeplitz::algorithmNames() {
  SmallVector<StringRef> names;
  for (const Algorithm *algorithm : getAlgorithms())
    names.push_back(algorithm->name);
  return names;
}

SmallVector<StringRef> toeplitz::foldNames() {
  SmallVector<StringRef> names(getLayerFolds());
  names.push_back("none");
  return names;
}

LogicalResult toeplitz::reportNoGpu() {
  return reportError("--gpu-arch: only --target=cuda is for a GPU");
}

Compilation::Compilation(const CompilationOptions &options)
    : options(options), diagnostics(context), progress(options.progress) {
  DialectRegistry registry;
  registerToeplitzDialects(registry);
  context.appendDialectRegistry(registry);
  // A user's mistake is told by its place, not by a dump of the whole module.
  context.printOpOnDiagnostic(false);
  timing.setEnabled(options.timePasses);
  rootTiming = timing.getRootScope();
}

LogicalResult Compilation::load(StringRef inputPath) {
  path = inputPath.str();
  std::string error;
  if (StringRef(options.targetCpu).contains(','))
    return reportError("--mcpu: '" + options.targetCpu +
                       "': only 'toeplitz compile' to a binary or its header "
                       "is for several processors");
  if (options.target == bothTargets)
    return reportError("--target: '" + options.target +
                       "': only 'toeplitz compile' to a binary or its header "
                       "is for both");
  std::optional<TargetDescription> target =
      describeTarget(options.targetTriple, options.targetCpu, error);
  if (!target)
    return reportError(error);
  if (options.target != "cuda" && !options.gpuArchitecture.empty())
    return reportNoGpu();
  if (options.target == "cuda" &&
      !describeGpu(*target, options.gpuArchitecture, error))
    return reportError("--gpu-arch: " + error);
  if (failed(readPrecision()))
    return failure();
  pipeline.target = *target;
  pipeline.maxError = options.maxError;
  pipeline.precise = options.precise;
  pipeline.typicalError = options.typicalError;
  pipeline.inputRange = options.inputRange;
  pipeline.tunedPath = options.tuned;
  pipeline.timeKernels = options.timeKernels;

  if (failed(readAlgorithms()) || failed(readFolds()) ||
      failed(readModule(path)))
    return failure();
  stage = findStage(*module);
  if (failed(checkWeights()) || failed(checkLayerNames()))
    return failure();
  return nameNetwork();
}

LogicalResult Compilation::nameNetwork() {
  if (failed(completeEntryFunction(*module, stage, path)))
    return failure();
  if (options.name.empty())
    return success();
  if (stage != Stage::Cnn)
    return reportError("--name: '" + path +
                       "' has its name already, it is at "
                       "the stage '" +
                       stageName(stage) + "'");
  module->setSymName(options.name);
  return success();
}

LogicalResult Compilation::readPrecision() {
  StringRef given = !options.precision.empty() ? "--precision" : "--tf32";
  if (options.tf32 && !options.precision.empty() && options.precision != "tf32")
    return reportError("--tf32: it is the same as --precision=tf32, and "
                       "--precision=" +
                       options.precision + " says something else");
  if (options.tf32 || !options.precision.empty())
    pipeline.precision = options.tf32 ? "tf32" : options.precision;
  if (pipeline.precision == "f32")
    return success();
  if (options.target != "cuda")
    return reportError(given + ": only the tensor cores of a GPU "
                               "(--target=cuda) round the factors of products");
  if (options.precise)
    return reportError("--precise: it allows no algorithm that rounds more "
                       "than a sum of products, as " +
                       given + " asks for");
  return success();
}

LogicalResult Compilation::readAlgorithms() {
  SmallVector<StringRef> known = algorithmNames();
  for (StringRef argument : options.algorithms)
    for (StringRef choice : llvm::split(argument, ',')) {
      // A layer's name may have an equals sign in it, an algorithm's never.
      auto [layer, algorithm] = choice.rsplit('=');
      bool isForOneLayer = choice.contains('=');
      if (!isForOneLayer)
        std::swap(layer, algorithm);
      if (!parseAlgorithmChoice(algorithm))
        return reportError("--algorithm: unknown algorithm '" + algorithm +
                           "'; expected " + listOfChoices(known) +
                           suggest(algorithm, known));
      if (isForOneLayer)
        pipeline.layerAlgorithms[layer.str()] = algorithm.str();
      else
        pipeline.algorithm = algorithm.str();
    }
  return success();
}

LogicalResult Compilation::readFolds() {
  SmallVector<StringRef> known = foldNames();
  for (StringRef argument : options.folds)
    for (StringRef choice : llvm::split(argument, ',')) {
      // A layer's name may have an equals sign in it, a fold's never.
      auto [layer, folds] = choice.rsplit('=');
      bool isForOneLayer = choice.contains('=');
      if (!isForOneLayer)
        std::swap(layer, folds);
      for (StringRef fold : llvm::split(folds, '+')) {
        if (!llvm::is_contained(known, fold))
          return reportError("--fold: unknown fold '" + fold + "'; expected " +
                             listOfChoices(known) + suggest(fold, known));
        std::string &chosen =
            isForOneLayer ? pipeline.layerFolds[layer.str()] : pipeline.fold;
        if (chosen == "none" || (fold == "none" && !chosen.empty()))
          return reportError("--fold: 'none' forbids all folds, it cannot "
                             "stand beside others");
        chosen += (chosen.empty() ? "" : "+") + fold.str();
      }
    }
  return success();
}

LogicalResult Compilation::readModule(StringRef path) {
  llvm::sys::fs::file_status status;
  if (std::error_code problem = llvm::sys::fs::status(path, status))
    return reportError("cannot open '" + path + "': " + problem.message());
  if (status.type() == llvm::sys::fs::file_type::directory_file)
    return reportError("cannot open '" + path + "': it is a directory");

  progress.report("reading the network");
  TimingScope scope = nestTiming("Read the network");
  unsigned errorsBefore = diagnostics.getErrorCount();
  llvm::FailureOr<ImportOptions> inputs = readNetworkOptions(options);
  if (failed(inputs))
    return failure();
  if (isNetworkPath(path))
    module = importNetwork(path, context, *inputs);
  else if (!options.shapes.empty() || !options.constants.empty() ||
           !options.batch.empty())
    return reportError("'" + path +
                       "': --shape, --batch and --constant are for ONNX "
                       "models");
  else if (path.ends_with(".mlir"))
    module = parseSourceFile<ModuleOp>(path, ParserConfig(&context));
  else
    return reportError("'" + path +
                       "': expected an ONNX model (.onnx), a network "
                       "description (.json) or a module of the compiler "
                       "(.mlir)");
  if (module)
    return success();
  // The reader has said why, with the place in the file.
  if (diagnostics.getErrorCount() == errorsBefore)
    (void)reportError("cannot read '" + path + "'");
  return failure();
}

LogicalResult Compilation::checkWeights() {
  // IR printed for reading leaves weights out. Without this check, what needs
  // their values would find none.
  std::string missing;
  module->walk([&](Operation *operation) {
    for (NamedAttribute attribute : operation->getAttrs())
      if (auto weight =
              dyn_cast<DenseResourceElementsAttr>(attribute.getValue()))
        if (!weight.getRawHandle().getBlob()) {
          missing = weight.getRawHandle().getKey().str();
          return WalkResult::interrupt();
        }
    return WalkResult::advance();
  });
  if (missing.empty())
    return success();
  // Constants that stood in the text itself have all lost their names.
  std::string weight =
      missing == "__elided__" ? "a weight" : "weight '" + missing + "'";
  return reportError("'" + path + "': the values of " + weight +
                     " are not in the file; write it with --complete to "
                     "compile it further");
}

LogicalResult Compilation::checkLayerNames() {
  if (options.timeKernels && stage > Stage::Schedule)
    return reportError("the layers of '" + path +
                       "' can't be told apart any more, it is at the stage '" +
                       stageName(stage) + "'");
  if (stage != Stage::Cnn) {
    StringRef option = !options.algorithms.empty()  ? "--algorithm"
                       : !options.folds.empty()     ? "--fold"
                       : options.maxError           ? "--max-error"
                       : options.inputRange         ? "--input-range"
                       : options.precise            ? "--precise"
                       : options.tf32               ? "--tf32"
                       : !options.precision.empty() ? "--precision"
                       : options.typicalError       ? "--typical-error"
                       : !options.tuned.empty()     ? "--tuned"
                                                    : "";
    if (!option.empty())
      return reportError(option + ": the algorithms of '" + path +
                         "' are already chosen, it is at the stage '" +
                         stageName(stage) + "'");
    return success();
  }
  for (const auto &[layer, algorithm] : pipeline.layerAlgorithms)
    if (failed(checkLayerName("--algorithm", layer)))
      return failure();
  for (const auto &[layer, folds] : pipeline.layerFolds)
    if (failed(checkLayerName("--fold", layer, "it is never folded")))
      return failure();
  return success();
}

LogicalResult Compilation::checkLayerName(StringRef option, StringRef layer,
                                          StringRef onlyWay) {
  llvm::SetVector<StringRef> layers, others;
  module->walk([&](Operation *operation) {
    auto name = dyn_cast<NameLoc>(operation->getLoc());
    if (!name)
      return;
    bool isConvolution = isa<cnn::ConvOp, cnn::ConvTransposeOp>(operation);
    (isConvolution ? layers : others).insert(name.getName());
  });
  if (layers.contains(layer))
    return success();
  if (others.contains(layer))
    return reportError(option + ": layer '" + layer +
                       "' is not a convolution, " + onlyWay);
  return reportError(option + ": '" + path + "' has no layer '" + layer + "'" +
                     suggest(layer, layers.getArrayRef()));
}

LogicalResult Compilation::enablePrinting(PassManager &manager) {
  if (options.printAfter.empty() && !options.printAfterAll)
    return success();
  SmallVector<std::string> names = passNames(manager);
  SmallVector<StringRef> known(names.begin(), names.end());
  llvm::sort(known);
  known.erase(llvm::unique(known), known.end());
  for (StringRef name : options.printAfter)
    if (!llvm::is_contained(known, name))
      return reportError("--print-ir-after: no pass '" + name +
                         "' runs here; expected " +
                         (known.empty() ? "none" : listOfChoices(known)) +
                         suggest(name, known));

  // MLIR prints whole modules from one thread only.
  context.disableMultithreading();
  manager.enableIRPrinting(
      /*shouldPrintBeforePass=*/[](Pass *, Operation *) { return false; },
      /*shouldPrintAfterPass=*/
      [this](Pass *pass, Operation *) {
        return options.printAfterAll ||
               llvm::is_contained(options.printAfter, pass->getArgument());
      },
      /*printModuleScope=*/true,
      /*printAfterOnlyOnChange=*/options.printAfterAll,
      /*printAfterOnlyOnFailure=*/false, llvm::errs(), briefPrinting());
  return success();
}

LogicalResult Compilation::runPasses(PassManager &manager, ModuleOp module) {
  TimingScope scope = nestTiming("Passes");
  manager.enableTiming(scope);
  progress.follow(manager);

  unsigned errorsBefore = diagnostics.getErrorCount();
  if (succeeded(manager.run(module)))
    return success();
  if (diagnostics.getErrorCount() == errorsBefore)
    (void)reportError("compiling '" + path + "' failed");
  return failure();
}

LogicalResult Compilation::advanceTo(Stage target) {
  if (stage > target)
    return reportError("'" + path + "' is at the stage '" + stageName(stage) +
                       "', which is past '" + stageName(target) + "'");
  PassManager manager(&context, ModuleOp::getOperationName());
  // The context is this compilation's own.
  pipeline.releaseWeights = true;
  buildPipeline(manager, stage, target, pipeline);
  if (failed(enablePrinting(manager)) || failed(runPasses(manager, *module)))
    return failure();
  stage = target;
  return success();
}

LogicalResult Compilation::simplify() {
  if (stage != Stage::Cnn)
    return reportError("the algorithms of '" + path +
                       "' are already chosen, it is at the stage '" +
                       stageName(stage) + "'");
  PassManager manager(&context, ModuleOp::getOperationName());
  buildCnnPipeline(manager, pipeline);
  buildTargetPipeline(manager, pipeline);
  if (failed(enablePrinting(manager)))
    return failure();
  return runPasses(manager, *module);
}

FailureOr<MemoryUse> Compilation::planMemory() {
  OwningOpRef<ModuleOp> planned = module->clone();
  PassManager manager(&context, ModuleOp::getOperationName());
  pipeline.releaseWeights = true;
  buildChoicePipeline(manager, pipeline);
  if (failed(runPasses(manager, *planned)))
    return failure();
  auto getBytes = [&](StringRef name) {
    return (*planned)->getAttrOfType<IntegerAttr>(name).getInt();
  };
  return MemoryUse{getBytes("toeplitz.workspace_size"),
                   getBytes("toeplitz.workspace_bound")};
}

SelectionRules Compilation::getSelectionRules() const {
  SelectionRules rules;
  rules.algorithm = pipeline.algorithm;
  for (const auto &[layer, name] : pipeline.layerAlgorithms)
    rules.layers.push_back(layer + "=" + name);
  rules.maxError = pipeline.maxError;
  rules.precise = pipeline.precise;
  rules.typicalError = pipeline.getTypicalErrorLimit();
  rules.inputRange = pipeline.inputRange;
  rules.cpu = pipeline.target.cpu;
  return rules;
}

FailureOr<TunedTimes> toeplitz::readTunedTimes(StringRef path) {
  llvm::Expected<TunedTimes> times = TunedTimes::read(path);
  if (!times)
    return reportError("--tuned: " + llvm::toString(times.takeError()));
  if (times->isStale())
    llvm::errs() << "warning: --tuned: '" << path
                 << "' was measured with other algorithms than this "
                    "compiler's; its times are not used, tune again\n";
  return std::move(*times);
}
