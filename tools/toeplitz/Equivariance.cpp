// `toeplitz equivariance`: how a network's outputs move when its inputs are
// shifted, and whether the compiled network does so.

#include "tools/toeplitz/CheckEquivariance.h"
#include "tools/toeplitz/CommandLine.h"
#include "tools/toeplitz/Compilation.h"
#include "tools/toeplitz/Messages.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace toeplitz;

namespace {

struct EquivarianceOptions {
  std::string network;
  bool json = false;
  bool brief = false;
  bool test = false;
  int threads = 1;
  int64_t seed = 1;
  int64_t widening = 0;
  CompilationOptions compilation;
};

using Checks = std::vector<EquivarianceCheck>;

void printJson(const EquivarianceClaims &claims, const Checks *checks) {
  llvm::json::OStream json(llvm::outs(), /*IndentSize=*/2);
  json.object([&] {
    printEquivarianceJson(claims, json);
    if (!checks)
      return;
    json.attributeArray("tests", [&] {
      for (const EquivarianceCheck &check : *checks)
        json.object([&] {
          const AxisEquivariance &axis = claims.axes[check.axis];
          json.attribute("dimension", axis.dimension);
          json.attribute("output", axis.outputs[check.output].name);
          json.attribute("shift", check.shift);
          json.attribute("positions", check.positions);
          json.attribute("elements", check.elements);
          json.attribute("differing", check.differing);
          json.attribute("largest_difference", check.largestDifference);
          json.attribute("largest_output", check.largestOutput);
          json.attribute("exact", check.isExact);
          json.attribute("holds", check.holds);
        });
    });
  });
  llvm::outs() << "\n";
}

void printText(const EquivarianceClaims &claims, const Checks *checks,
               const EquivarianceOptions &options) {
  printEquivariance(claims, llvm::outs(), !options.brief);
  if (!checks)
    return;
  llvm::outs() << "the compiled network, shifted along\n";
  for (const EquivarianceCheck &check : *checks)
    llvm::outs() << "  " << describeCheck(check, claims) << "\n";
  if (checks->empty())
    llvm::outs() << "  nothing: no output is claimed to shift\n";
}

int execute(const EquivarianceOptions &options) {
  Compilation compilation(options.compilation);
  if (failed(compilation.load(options.network)) ||
      failed(compilation.advanceTo(Stage::Cnn)))
    return 1;
  auto main = compilation.getModule().lookupSymbol<mlir::func::FuncOp>("main");
  if (!main || main.isExternal()) {
    (void)reportError("'" + options.network + "': there is no function @main");
    return 1;
  }
  EquivarianceClaims claims = analyzeEquivariance(main);
  std::optional<Checks> checks;
  if (options.test) {
    EquivarianceCheckOptions checkOptions;
    checkOptions.seed = options.seed;
    checkOptions.widening = options.widening;
    auto tested =
        testEquivariance(options.network, compilation, options.compilation,
                         claims, checkOptions, options.threads);
    if (failed(tested))
      return 1;
    checks = std::move(*tested);
  }
  options.json ? printJson(claims, checks ? &*checks : nullptr)
               : printText(claims, checks ? &*checks : nullptr, options);
  if (!checks || llvm::all_of(*checks, [](const EquivarianceCheck &check) {
        return check.holds;
      }))
    return 0;
  (void)reportError("'" + options.network +
                    "': the compiled network doesn't shift as claimed");
  return 1;
}

} // namespace

Command toeplitz::addEquivarianceCommand(CLI::App &application) {
  auto options = std::make_shared<EquivarianceOptions>();
  CLI::App *parser = application.add_subcommand(
      "equivariance",
      "Tell how the outputs move when the inputs are shifted, and test it");
  parser
      ->add_option("NETWORK", options->network,
                   "ONNX model (.onnx), network description (.json) or module "
                   "of the stage cnn (.mlir)")
      ->required();
  parser->add_flag("--json", options->json, "Print JSON");
  parser->add_flag("--brief", options->brief, "Leave out the table of layers");
  CLI::Option *test = parser->add_flag(
      "--test", options->test,
      "Compile the network, run it on random inputs and on these shifted, and "
      "fail unless the outputs shift as claimed: to the bit where all "
      "positions are computed alike, else within 1e-4 of the largest output");
  parser
      ->add_option("--seed", options->seed,
                   "Seed of the random inputs; the default is 1")
      ->option_text("N")
      ->check(wholeNumber(0, 1000000000))
      ->needs(test);
  parser
      ->add_option("--widen", options->widening,
                   "Test N positions more at both ends than are claimed, "
                   "which fails if the claim leaves nothing out")
      ->option_text("N")
      ->check(wholeNumber(0, 1000000000))
      ->needs(test);
  parser
      ->add_option("--threads", options->threads,
                   "Threads to compute with; the default is 1, and 0 is one "
                   "for each processor")
      ->option_text("N")
      ->check(wholeNumber(0, 1024))
      ->needs(test);
  addCompilationOptions(*parser, options->compilation);
  parser->footer(R"(Examples:
  toeplitz equivariance unet.json               what is claimed, and each layer
  toeplitz equivariance unet.json --brief --test
  toeplitz equivariance unet.json --json)");
  return {parser, [options] { return execute(*options); }};
}
