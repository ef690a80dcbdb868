// `toeplitz bench`: how long a network takes, by how many threads, and where
// the time goes.

#include "compiler/Verification/CompiledModule.h"
#include "tools/toeplitz/CommandLine.h"
#include "tools/toeplitz/LayerTimes.h"
#include "tools/toeplitz/Messages.h"
#include "tools/toeplitz/NativeNetwork.h"
#include "tools/toeplitz/OutputFile.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

using namespace toeplitz;

namespace {

struct BenchOptions {
  std::string network;
  std::vector<std::string> inputs;
  std::vector<int> threads = {1};
  int64_t runs = 0;
  bool json = false;
  bool layers = false;
  /// Where the roofline picture goes; empty for nowhere.
  std::string svg;
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

void printTiming(llvm::json::OStream &json, const LoadedNetwork &network,
                 const toeplitz_timing &timing) {
  json.attribute("threads", network.getThreads());
  json.attribute("runs", timing.runs);
  json.attribute("minimum_ms", timing.minimum);
  json.attribute("median_ms", timing.median);
  json.attribute("mean_ms", timing.mean);
}

void printJson(const LoadedNetwork &network, const toeplitz_timing &timing) {
  llvm::json::OStream json(llvm::outs(), /*IndentSize=*/2);
  json.object([&] {
    json.attribute("network", network.getDescription().name);
    printTiming(json, network, timing);
    json.attribute("workspace_bytes",
                   int64_t(network.getDescription().workspace_size));
  });
  llvm::outs() << "\n";
}

// --- several numbers of threads

/// One number of threads in the comparison.
struct Contestant {
  std::unique_ptr<LoadedNetwork> network;
  toeplitz_timing timing = {};
};

double getSpeedup(const std::vector<Contestant> &contestants,
                  const Contestant &contestant) {
  // (The clock's resolution, so that nothing is divided by zero.)
  constexpr double nanosecond = 1e-6;
  return std::max(contestants.front().timing.minimum, nanosecond) /
         std::max(contestant.timing.minimum, nanosecond);
}

/// The part of the first one's work that each thread does in the same time.
double getEfficiency(const std::vector<Contestant> &contestants,
                     const Contestant &contestant) {
  return getSpeedup(contestants, contestant) *
         contestants.front().network->getThreads() /
         contestant.network->getThreads();
}

void printComparisonText(const std::vector<Contestant> &contestants) {
  llvm::outs() << contestants.front().network->getDescription().name << "\n"
               << "threads  minimum ms   median ms     mean ms    runs  "
                  "speed-up  efficiency\n";
  for (const Contestant &contestant : contestants) {
    const toeplitz_timing &timing = contestant.timing;
    llvm::outs() << llvm::format("%7d %11.4f %11.4f %11.4f %7lld",
                                 contestant.network->getThreads(),
                                 timing.minimum, timing.median, timing.mean,
                                 static_cast<long long>(timing.runs))
                 << llvm::format("%10.2f %10.0f %%\n",
                                 getSpeedup(contestants, contestant),
                                 100 * getEfficiency(contestants, contestant));
  }
}

void printComparisonJson(const std::vector<Contestant> &contestants) {
  const toeplitz_network &network =
      contestants.front().network->getDescription();
  llvm::json::OStream json(llvm::outs(), /*IndentSize=*/2);
  json.object([&] {
    json.attribute("network", network.name);
    json.attribute("workspace_bytes", int64_t(network.workspace_size));
    json.attributeArray("threads", [&] {
      for (const Contestant &contestant : contestants)
        json.object([&] {
          printTiming(json, *contestant.network, contestant.timing);
          json.attribute("speedup", getSpeedup(contestants, contestant));
          json.attribute("efficiency", getEfficiency(contestants, contestant));
        });
    });
  });
  llvm::outs() << "\n";
}

/// In rounds, each number of threads once in every round: what disturbs the
/// machine for a while then disturbs all of them.
int compareThreads(const NetworkLibrary &library, const BenchOptions &options) {
  std::vector<Contestant> contestants;
  for (int threads : options.threads) {
    contestants.push_back({library.load(threads)});
    if (!contestants.back().network)
      return 1;
  }
  auto inputs =
      chooseInputs(readSignature(*contestants.front().network), options);
  if (failed(inputs))
    return 1;
  constexpr int64_t mostRounds = 5;
  constexpr double roundMilliseconds = 400;
  int64_t rounds =
      options.runs ? std::min(options.runs, mostRounds) : mostRounds;
  for (Contestant &contestant : contestants)
    contestant.timing.minimum = std::numeric_limits<double>::infinity();
  for (int64_t round = 0; round < rounds; ++round)
    for (Contestant &contestant : contestants) {
      // The first round tells how many runs a later one should have.
      int64_t runs = options.runs / rounds + (round < options.runs % rounds);
      if (options.runs == 0)
        runs = round == 0 ? 3
                          : std::clamp<int64_t>(roundMilliseconds /
                                                    contestant.timing.minimum,
                                                2, 100000);
      auto timing = timeNetwork(*contestant.network, *inputs, runs);
      if (failed(timing))
        return 1;
      toeplitz_timing &all = contestant.timing;
      all.minimum = std::min(all.minimum, timing->minimum);
      // Of the rounds, weighted by their runs.
      double weight = double(timing->runs) / double(all.runs + timing->runs);
      all.median += (timing->median - all.median) * weight;
      all.mean += (timing->mean - all.mean) * weight;
      all.runs += timing->runs;
    }
  (options.json ? printComparisonJson : printComparisonText)(contestants);
  return 0;
}

// --- layers

/// Each layer by several numbers of threads.
int compareLayers(const NetworkLibrary &library, const BenchOptions &options) {
  LayerScaling scaling;
  scaling.processor = library.getTarget()->cpu;
  scaling.kernels = library.getKernels();
  for (int threads : options.threads) {
    auto network = library.load(threads);
    if (!network)
      return 1;
    scaling.network = network->getDescription().name;
    auto inputs = chooseInputs(readSignature(*network), options);
    if (failed(inputs))
      return 1;
    auto times = timeKernels(*network, *inputs, options.runs);
    if (failed(times))
      return 1;
    scaling.times.push_back({network->getThreads(), std::move(*times)});
  }
  (options.json ? writeLayerScalingJson : writeLayerScalingText)(scaling,
                                                                 llvm::outs());
  return 0;
}

int benchLayers(const NetworkLibrary &library, const BenchOptions &options) {
  if (auto reason = whyNotRunnable(*library.getTarget())) {
    (void)reportError("--layers: " + *reason);
    return 1;
  }
  if (options.threads.size() > 1)
    return compareLayers(library, options);
  auto network = library.load(options.threads.front());
  if (!network)
    return 1;
  auto inputs = chooseInputs(readSignature(*network), options);
  if (failed(inputs))
    return 1;
  LayerTimes layers;
  layers.network = network->getDescription().name;
  layers.processor = library.getTarget()->cpu;
  layers.threads = network->getThreads();
  layers.kernels = library.getKernels();
  auto times = timeKernels(*network, *inputs, options.runs);
  if (failed(times))
    return 1;
  layers.times = std::move(*times);
  auto peak = measureMachinePeak(*library.getTarget(), layers.threads);
  if (failed(peak))
    return 1;
  layers.peak = *peak;
  if (!options.svg.empty() &&
      failed(writeText(options.svg, [&](llvm::raw_ostream &stream) {
        writeRoofline(layers, stream);
        return true;
      })))
    return 1;
  if (options.svg != "-")
    (options.json ? writeLayerTimesJson : writeLayerTimesText)(layers,
                                                               llvm::outs());
  return 0;
}

/// Options that don't go together.
llvm::LogicalResult checkOptions(const BenchOptions &options) {
  if (!options.layers && !options.svg.empty())
    return reportError("--svg: the picture is one of --layers");
  if (!options.svg.empty() && options.threads.size() > 1)
    return reportError("--svg: the picture is one of one number of threads");
  if (options.layers && options.samples)
    return reportError("--layers: the times of layers are those of one "
                       "sample, --samples can't be given");
  if (options.svg == "-" && options.json)
    return reportError("--svg: the standard output is that of --json; name a "
                       "file");
  if (!options.svg.empty())
    return checkOutputPath(options.svg, options.network);
  return llvm::success();
}

int bench(BenchOptions &options) {
  if (failed(checkOptions(options)))
    return 1;
  options.compilation.timeKernels = options.layers;
  auto library = NetworkLibrary::open(options.network, options.compilation);
  if (!library)
    return 1;
  if (options.layers)
    return benchLayers(*library, options);
  if (options.threads.size() > 1)
    return compareThreads(*library, options);
  auto network = library->load(options.threads.front());
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
                   "for each processor. Several numbers are compared with the "
                   "first one")
      ->option_text("N[,N...]")
      ->delimiter(',')
      ->allow_extra_args(false)
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
  parser->add_flag("--layers", options->layers,
                   "Measure each layer: its shortest time, operations a "
                   "second, bytes, and its percentage of the peak, which is "
                   "measured too; or with several numbers of threads, its "
                   "times by each");
  parser
      ->add_option("--svg", options->svg,
                   "With --layers: write a roofline picture, '-' for the "
                   "standard output")
      ->option_text("FILE");
  parser->add_flag("--json", options->json,
                   "Print the result as a JSON object, times in milliseconds");
  addCompilationOptions(*parser, options->compilation);
  parser->footer(
      R"(Warm-up runs come first and are not counted. Compare minima: they are what the
machine can do when nothing else disturbs it.

--layers counts the operations of the definition, also for algorithms that need
fewer: winograd, strassen and fft can exceed the peak. Bytes are those that a layer has to
read and write at least: input, weights and result once.

Examples:
  toeplitz bench resnet50.json
  toeplitz bench resnet50.json --algorithm conv1=im2col
  toeplitz bench resnet50.json --mcpu native --layers --svg resnet50.svg
  toeplitz bench resnet50.json --layers --threads 1,2
  toeplitz bench libresnet50.so --threads 1,2,4
  toeplitz bench libresnet50.so --threads 4 --runs 100 --json)");
  return {parser, [options] { return bench(*options); }};
}
