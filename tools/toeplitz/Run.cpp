// `toeplitz run`: feeds arrays to a network and shows or writes what comes out.

#include "compiler/Reference/Evaluator.h"
#include "tools/toeplitz/CommandLine.h"
#include "tools/toeplitz/Compilation.h"
#include "tools/toeplitz/EntryFunction.h"
#include "tools/toeplitz/NativeNetwork.h"

using namespace toeplitz;

namespace {

struct RunOptions {
  std::string network;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  bool reference = false;
  int threads = 1;
  CompilationOptions compilation;
};

using Results = llvm::FailureOr<std::vector<TensorValues>>;

/// Runs what is behind `compute` on the inputs that the user named, and
/// delivers the results.
int runWith(const Signature &signature, const RunOptions &options,
            llvm::function_ref<Results(llvm::ArrayRef<TensorValues>)> compute) {
  auto inputs = readInputs(signature, options.inputs);
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
    if (failed(writeNpy(file.path, signature.outputs[file.output].shape,
                        (*outputs)[file.output])))
      return 1;
  if (files->empty())
    for (auto [output, values] : llvm::zip(signature.outputs, *outputs))
      printSummary(llvm::outs(), output, values);
  return 0;
}

Results evaluate(Compilation &compilation, const Signature &signature,
                 llvm::ArrayRef<TensorValues> inputs) {
  std::vector<reference::Tensor> arguments;
  for (auto [input, values] : llvm::zip(signature.inputs, inputs)) {
    reference::Tensor &argument = arguments.emplace_back();
    argument.shape = input.shape;
    argument.values.assign(values.begin(), values.end());
  }
  auto results = reference::evaluate(compilation.getModule(), arguments);
  if (failed(results))
    return llvm::failure();
  std::vector<TensorValues> outputs;
  for (const reference::Tensor &result : *results)
    outputs.emplace_back(result.values.begin(), result.values.end());
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
  parser
      ->add_option("NETWORK", options->network,
                   "Network description (.json), module (.mlir) or compiled "
                   "shared library (.so)")
      ->required();
  parser
      ->add_option("--input", options->inputs,
                   "Values of an input: a .npy file, or random:SEED for "
                   "reproducible values in [-1, 1); without NAME: of the next "
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
