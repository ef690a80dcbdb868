// `toeplitz explain`: which algorithm each convolution gets, what it costs, and
// why not another one.

#include "compiler/Schedule/Explanation.h"
#include "compiler/Verification/Tuning.h"
#include "tools/toeplitz/CommandLine.h"
#include "tools/toeplitz/Compilation.h"
#include "tools/toeplitz/Messages.h"
#include "tools/toeplitz/OutputFile.h"
#include "tools/toeplitz/Tune.h"

using namespace toeplitz;

namespace {

struct ExplainOptions {
  std::string network;
  std::string html;
  bool json = false;
  bool tune = false;
  CompilationOptions compilation;
};

int explain(const ExplainOptions &options) {
  if (!options.html.empty() &&
      failed(checkOutputPath(options.html, options.network)))
    return 1;
  Compilation compilation(options.compilation);
  if (failed(compilation.load(options.network)) ||
      failed(compilation.simplify()))
    return 1;

  SelectionRules rules = compilation.getSelectionRules();
  rules.withBounds = true;
  TunedTimes times;
  // With --tune the choice by estimates is to be compared with the times.
  if (!options.compilation.tuned.empty() && !options.tune) {
    auto read = readTunedTimes(options.compilation.tuned);
    if (failed(read))
      return 1;
    times = std::move(*read);
    rules.tuned = &times;
  }
  auto layers = selectAlgorithms(compilation.getModule(), rules);
  if (failed(layers))
    return 1;

  if (options.tune) {
    auto tuned = tuneNetwork(compilation, *layers, options.compilation.tuned);
    if (failed(tuned))
      return 1;
    attachTimes(*layers, compilation.getTarget(), *tuned);
  }

  auto memory = compilation.planMemory();
  if (failed(memory))
    return 1;

  Explanation explanation;
  explanation.memory = *memory;
  explanation.network = compilation.getModule().getSymName().value_or("").str();
  const TargetDescription &target = compilation.getTarget();
  explanation.processor = target.isGpu() ? target.gpuArchitecture : target.cpu;
  explanation.lanes = compilation.getTarget().vectorLanes;
  explanation.registers = compilation.getTarget().vectorRegisters;
  explanation.maxError = rules.maxError;
  explanation.typicalErrorLimit = rules.typicalError;
  explanation.inputRange = rules.getCertifiedRange();
  explanation.layers = std::move(*layers);
  compilation.getProgress().clear();
  if (!options.html.empty() &&
      failed(writeText(options.html, [&](llvm::raw_ostream &stream) {
        writeExplanationHtml(explanation, stream);
        return true;
      })))
    return 1;
  if (options.html != "-")
    (options.json ? writeExplanationJson : writeExplanationText)(explanation,
                                                                 llvm::outs());
  return 0;
}

} // namespace

Command toeplitz::addExplainCommand(CLI::App &application) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App *parser = application.add_subcommand(
      "explain", "Show which algorithm each convolution gets, and why");
  parser
      ->add_option("NETWORK", options->network,
                   "ONNX model (.onnx), network description (.json) or "
                   "module as written (.mlir)")
      ->required();
  parser->add_flag("--json", options->json, "Print a JSON object");
  parser
      ->add_option("--html", options->html,
                   "Write a page that needs no other file, too")
      ->option_text("FILE.html");
  parser->add_flag("--tune", options->tune,
                   "Measure all algorithms on this machine, too, and show how "
                   "the estimates' choices compare; with --tuned, keep the "
                   "times there");
  addCompilationOptions(*parser, options->compilation);
  parser->footer(
      R"(For each convolution, best first: estimated cycles; multiply-adds that are
executed, and what that is beyond the layer's own ("waste", negative where an
algorithm needs fewer); other operations; bytes from the second-level cache and
from beyond it; the certified rounding error; and how it compares with the
choice, or why the algorithm declines. Beside each layer's sizes ("error"), what
its rounding has of the squared typical error of the outputs. In the end, the
whole network: also the memory for values between layers, beside what is alive
at once, at most.

Examples:
  toeplitz explain resnet50.json
  toeplitz explain resnet50.json --mcpu x86-64-v3 --html resnet50.html
  toeplitz explain resnet50.json --max-error 1e-3 --input-range 2.7 --json)");
  return {parser, [options] { return explain(*options); }};
}
