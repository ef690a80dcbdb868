// `toeplitz verify`: whether every algorithm computes what the network says.

#include "compiler/Schedule/Explanation.h"
#include "compiler/Verification/CompiledModule.h"
#include "compiler/Verification/Verification.h"
#include "tools/toeplitz/CheckEquivariance.h"
#include "tools/toeplitz/CommandLine.h"
#include "tools/toeplitz/Compilation.h"
#include "tools/toeplitz/Messages.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace toeplitz;

namespace {

struct VerifyOptions {
  std::string network;
  std::string layer, faultyLayer;
  int64_t seed = 1;
  double boundScale = 1;
  unsigned optimizationLevel = 3;
  bool json = false;
  CompilationOptions compilation;
};

using Groups = std::vector<std::vector<const LayerSelection *>>;

bool hasName(const std::vector<const LayerSelection *> &group,
             llvm::StringRef name) {
  return llvm::any_of(
      group, [&](const LayerSelection *layer) { return layer->name == name; });
}

/// Verifies the layers that were asked for.
llvm::FailureOr<std::vector<LayerCheck>>
verifyGroups(Compilation &compilation, const Groups &groups,
             const VerifyOptions &options) {
  VerificationOptions verification;
  verification.target = compilation.getTarget();
  verification.seed = static_cast<uint64_t>(options.seed);
  verification.boundScale = options.boundScale;
  verification.optimizationLevel = options.optimizationLevel;
  Groups wanted;
  for (const std::vector<const LayerSelection *> &group : groups)
    if (options.layer.empty() || hasName(group, options.layer))
      wanted.push_back(group);
  std::vector<const LayerSelection *> layers;
  for (const std::vector<const LayerSelection *> &group : wanted) {
    layers.push_back(group.front());
    if (!options.faultyLayer.empty() && hasName(group, options.faultyLayer))
      verification.faultyLayer = group.front();
  }
  auto checks = verifyLayers(layers, verification, [&](size_t done) {
    compilation.getProgress().report("verifying, layer", done, layers.size());
  });
  if (failed(checks))
    return llvm::failure();
  for (auto [check, group] : llvm::zip_equal(*checks, wanted)) {
    check.shape = describeLayer(*group.front());
    for (const LayerSelection *layer : group)
      check.names.push_back(layer->name);
  }
  return checks;
}

/// What the analysis says of shifted inputs, tested on the whole compiled
/// network.
llvm::FailureOr<std::vector<NetworkCheck>>
verifyEquivariance(const VerifyOptions &options) {
  Compilation compilation(options.compilation);
  if (failed(compilation.load(options.network)) ||
      failed(compilation.advanceTo(Stage::Cnn)))
    return llvm::failure();
  auto main = compilation.getModule().lookupSymbol<mlir::func::FuncOp>("main");
  EquivarianceClaims claims = analyzeEquivariance(main);
  EquivarianceCheckOptions checkOptions;
  checkOptions.seed = static_cast<uint64_t>(options.seed);
  auto tests = testEquivariance(options.network, compilation,
                                options.compilation, claims, checkOptions);
  if (failed(tests))
    return llvm::failure();
  std::vector<NetworkCheck> checks;
  for (const EquivarianceCheck &test : *tests)
    checks.push_back({"shifted along " + describeCheck(test, claims),
                      test.holds ? "" : "it doesn't shift as claimed"});
  return checks;
}

int verify(const VerifyOptions &options) {
  Compilation compilation(options.compilation);
  if (failed(compilation.load(options.network)))
    return 1;
  if (compilation.getTarget().isGpu()) {
    (void)reportError("--target=cuda: verify runs single kernels on the "
                      "processor; compare the outputs of 'toeplitz run' with "
                      "and without it instead");
    return 1;
  }
  if (auto reason = whyNotRunnable(compilation.getTarget())) {
    (void)reportError(*reason);
    return 1;
  }
  for (const std::string &layer : {options.layer, options.faultyLayer})
    if (!layer.empty() &&
        failed(compilation.checkLayerName(
            layer == options.layer ? "--layer" : "--inject-fault", layer)))
      return 1;
  if (failed(compilation.simplify()))
    return 1;
  auto layers = selectAlgorithms(compilation.getModule(),
                                 compilation.getSelectionRules());
  if (failed(layers))
    return 1;
  auto checks = verifyGroups(compilation, groupEqualLayers(*layers), options);
  if (failed(checks))
    return 1;

  VerificationReport report;
  report.network = compilation.getModule().getSymName().value_or("").str();
  report.processor = compilation.getTarget().cpu;
  report.seed = static_cast<uint64_t>(options.seed);
  report.layers = std::move(*checks);
  if (options.layer.empty()) {
    compilation.getProgress().report("verifying how outputs shift");
    auto claims = verifyEquivariance(options);
    if (failed(claims))
      return 1;
    report.claims = std::move(*claims);
  }
  compilation.getProgress().clear();
  (options.json ? writeVerificationJson : writeVerificationText)(report,
                                                                 llvm::outs());
  return report.countFailures() ? 1 : 0;
}

} // namespace

Command toeplitz::addVerifyCommand(CLI::App &application) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App *parser = application.add_subcommand(
      "verify", "Check that every algorithm computes what the network says");
  parser
      ->add_option("NETWORK", options->network,
                   "ONNX model (.onnx), network description (.json) or "
                   "module as written (.mlir)")
      ->required();
  parser
      ->add_option("--layer", options->layer,
                   "Verify this convolution alone; the default is all")
      ->option_text("NAME");
  parser
      ->add_option("--seed", options->seed,
                   "Seed of the random inputs; the default is 1")
      ->option_text("N")
      ->check(wholeNumber(0, std::numeric_limits<int64_t>::max()));
  parser->add_flag("--json", options->json, "Print a JSON object");
  // For tests of the checks themselves: not in the help.
  parser->add_option("--bound-scale", options->boundScale)
      ->check(positiveNumber())
      ->group("");
  parser->add_option("--inject-fault", options->faultyLayer)->group("");
  parser->add_option("--llvm-level", options->optimizationLevel)
      ->check(CLI::Range(0, 3))
      ->group("");
  addCompilationOptions(*parser, options->compilation);
  parser->footer(
      R"(Each convolution is computed by every algorithm that doesn't decline it:
identity     that it is the same linear map: "exact" if the compiled kernel gives
             the exact result on whole numbers, "proven" if its transforms were
             multiplied out in exact rational arithmetic
error        its largest difference from the definition on random inputs in
             [-1, 1], with the layer's own weights
bound        what is certified for such inputs; error/bound is at most 1
The exit status is 1 if anything fails. With --algorithm only the named one is
verified, with --max-error only those that satisfy it. Without --layer the whole
network is compiled, too, and run on shifted inputs: what
'toeplitz equivariance' claims of it must hold.

Examples:
  toeplitz verify lenet.json
  toeplitz verify resnet50.onnx --layer conv1 --mcpu x86-64-v3 --json)");
  return {parser, [options] { return verify(*options); }};
}
