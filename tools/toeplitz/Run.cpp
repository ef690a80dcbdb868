// `toeplitz run`: feeds arrays to a network and shows or writes what comes out.

#include "compiler/Reference/Evaluator.h"
#include "tools/toeplitz/CommandLine.h"
#include "tools/toeplitz/Compilation.h"
#include "tools/toeplitz/EntryFunction.h"
#include "tools/toeplitz/NativeNetwork.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace toeplitz;

namespace {

struct RunOptions {
  std::string network;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  bool reference = false;
  int threads = 1;
  std::optional<int64_t> samples;
  CompilationOptions compilation;
};

using Results = llvm::FailureOr<std::vector<TensorValues>>;

/// Runs what is behind `compute` on the inputs that the user named, and
/// delivers the results.
int runWith(const Signature &signature, const RunOptions &options,
            llvm::function_ref<Results(llvm::ArrayRef<TensorValues>)> compute) {
  auto inputs = readInputs(signature, options.inputs, options.samples);
  if (failed(inputs))
    return 1;
  // Before the work, so that a mistake in the command line doesn't waste it.
  auto files = matchOutputs(signature, options.outputs);
  if (failed(files))
    return 1;
  Results outputs = compute(*inputs);
  if (failed(outputs))
    return 1;

  for (const OutputFile &file : *files)
    if (failed(writeNpy(file.path, (*outputs)[file.output])))
      return 1;
  if (files->empty())
    for (auto [output, values] : llvm::zip(signature.outputs, *outputs))
      printSummary(llvm::outs(), output.name, values);
  return 0;
}

/// Where the batch is chosen for each run, the network is one for one sample:
/// the elements of a sample in `values`, or all of them.
llvm::MutableArrayRef<char> sampleOf(TensorValues &values, bool hasBatch,
                                     int64_t sample) {
  llvm::MutableArrayRef<char> bytes(values.bytes);
  if (!hasBatch)
    return bytes;
  size_t size = bytes.size() / values.shape.front();
  return bytes.slice(sample * size, size);
}

Results evaluate(Compilation &compilation, const Signature &signature,
                 std::vector<TensorValues> inputs) {
  auto function =
      compilation.getModule().lookupSymbol<mlir::func::FuncOp>("main");
  int64_t batch = getBatch(signature, inputs);
  std::vector<TensorValues> outputs;
  for (const TensorSignature &output : signature.outputs)
    outputs.emplace_back(output.type, output.getShape(batch));
  for (int64_t sample = 0; sample < batch; ++sample) {
    std::vector<reference::Tensor> arguments;
    for (auto [type, input, values] :
         llvm::zip(function.getArgumentTypes(), signature.inputs, inputs))
      arguments.push_back(reference::Tensor::fromBytes(
          *reference::getElementType(type), input.getShape(1),
          sampleOf(values, input.hasBatch(), sample)));
    auto results = reference::evaluate(compilation.getModule(), arguments);
    if (failed(results))
      return llvm::failure();
    for (auto [output, values, result] :
         llvm::zip(signature.outputs, outputs, *results))
      result.toBytes(sampleOf(values, output.hasBatch(), sample));
  }
  return outputs;
}

int runReference(const RunOptions &options) {
  Compilation compilation(options.compilation);
  if (failed(compilation.load(options.network)) ||
      failed(compilation.advanceTo(Stage::Cnn)))
    return 1;
  Signature signature = readSignature(compilation.getModule());
  return runWith(signature, options, [&](auto inputs) {
    return evaluate(compilation, signature, inputs);
  });
}

int run(const RunOptions &options) {
  if (options.reference)
    return runReference(options);
  auto network =
      openNetwork(options.network, options.compilation, options.threads);
  if (!network)
    return 1;
  return runWith(readSignature(*network), options,
                 [&](auto inputs) { return runNetwork(*network, inputs); });
}

} // namespace

Command toeplitz::addRunCommand(CLI::App &application) {
  auto options = std::make_shared<RunOptions>();
  CLI::App *parser = application.add_subcommand(
      "run", "Run a network on .npy files or random values");
  addRunnableNetwork(*parser, options->network);
  parser
      ->add_option("--input", options->inputs,
                   "Values of an input: a .npy file, or random:SEED for "
                   "reproducible values (floats in [-1, 1), any integer of 8 "
                   "bits, 0 or 1 for other types); without NAME: of the next "
                   "input; may be repeated")
      ->option_text("[NAME=]FILE.npy")
      ->allow_extra_args(false)
      ->take_all();
  parser
      ->add_option("--output", options->outputs,
                   "File to write an output to; without NAME: the next output; "
                   "may be repeated. Without --output a summary of each output "
                   "is printed")
      ->option_text("[NAME=]FILE.npy")
      ->allow_extra_args(false)
      ->take_all();
  addSamplesOption(*parser, options->samples);
  CLI::Option *threads =
      parser
          ->add_option("--threads", options->threads,
                       "Threads to compute with; the default is 1, and 0 is "
                       "one for each processor")
          ->option_text("N")
          ->check(wholeNumber(0, 1024));
  parser
      ->add_flag("--reference", options->reference,
                 "Evaluate the network as written, slowly and in double "
                 "precision, instead of compiling it")
      ->excludes(threads);
  addCompilationOptions(*parser, options->compilation);
  parser->footer(R"(Examples:
  toeplitz run lenet.json --input digit.npy
  toeplitz run lenet.json --input x=random:1 --output scores.npy
  toeplitz run lenet.json --input x=random:1 --output exact.npy --reference
  toeplitz run liblenet.so --input digit.npy --threads 4)");
  return {parser, [options] { return run(*options); }};
}
