// `toeplitz bench`: how long a network takes.

#include "tools/toeplitz/CommandLine.h"
#include "tools/toeplitz/NativeNetwork.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

using namespace toeplitz;

namespace {

struct BenchOptions {
  std::string network;
  std::vector<std::string> inputs;
  int threads = 1;
  int64_t runs = 0;
  bool json = false;
  std::optional<int64_t> samples;
  CompilationOptions compilation;
};

/// The given inputs, and reproducible random values for the others: what the
/// values are hardly matters to the time, as long as they are ordinary numbers.
llvm::FailureOr<std::vector<TensorValues>>
chooseInputs(const Signature &signature, const BenchOptions &options) {
  std::vector<std::string> arguments = options.inputs;
  if (arguments.empty())
    arguments.assign(signature.inputs.size(), "random:1");
  return readInputs(signature, arguments, options.samples);
}

void printText(const LoadedNetwork &network, const toeplitz_timing &timing) {
  int threads = network.getThreads();
  llvm::outs() << network.getDescription().name << ": " << threads << " thread"
               << (threads == 1 ? "" : "s") << ", " << timing.runs
               << " runs: minimum " << llvm::format("%.4f", timing.minimum)
               << " ms, median " << llvm::format("%.4f", timing.median)
               << " ms, mean " << llvm::format("%.4f", timing.mean) << " ms\n";
}

void printJson(const LoadedNetwork &network, const toeplitz_timing &timing) {
  llvm::json::OStream json(llvm::outs(), /*IndentSize=*/2);
  json.object([&] {
    json.attribute("network", network.getDescription().name);
    json.attribute("threads", network.getThreads());
    json.attribute("runs", timing.runs);
    json.attribute("minimum_ms", timing.minimum);
    json.attribute("median_ms", timing.median);
    json.attribute("mean_ms", timing.mean);
    json.attribute("workspace_bytes",
                   int64_t(network.getDescription().workspace_size));
  });
  llvm::outs() << "\n";
}

int bench(const BenchOptions &options) {
  auto network =
      openNetwork(options.network, options.compilation, options.threads);
  if (!network)
    return 1;
  auto inputs = chooseInputs(readSignature(*network), options);
  if (failed(inputs))
    return 1;
  auto timing = timeNetwork(*network, *inputs, options.runs);
  if (failed(timing))
    return 1;
  (options.json ? printJson : printText)(*network, *timing);
  return 0;
}

} // namespace

Command toeplitz::addBenchCommand(CLI::App &application) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App *parser = application.add_subcommand(
      "bench", "Measure how long a run of a network takes");
  addRunnableNetwork(*parser, options->network);
  parser
      ->add_option("--threads", options->threads,
                   "Threads to compute with; the default is 1, and 0 is one "
                   "for each processor")
      ->option_text("N")
      ->check(wholeNumber(0, 1024));
  parser
      ->add_option("--runs", options->runs,
                   "Runs to measure; the default is two seconds' worth")
      ->option_text("N")
      ->check(wholeNumber(1, TOEPLITZ_MAXIMUM_TIMED_RUNS));
  parser
      ->add_option("--input", options->inputs,
                   "Values of an input, as with 'toeplitz run'; the default is "
                   "random values")
      ->option_text("[NAME=]FILE.npy")
      ->allow_extra_args(false)
      ->take_all();
  addSamplesOption(*parser, options->samples);
  parser->add_flag("--json", options->json,
                   "Print the result as a JSON object, times in milliseconds");
  addCompilationOptions(*parser, options->compilation);
  parser->footer(
      R"(Warm-up runs come first and are not counted. Compare minima: they are what the
machine can do when nothing else disturbs it.

Examples:
  toeplitz bench resnet50.json
  toeplitz bench resnet50.json --algorithm conv1=im2col
  toeplitz bench libresnet50.so --threads 4 --runs 100 --json)");
  return {parser, [options] { return bench(*options); }};
}
