// `toeplitz compile`: from a network to a file of the kind that the user wants.

#include "compiler/Frontend/Frontend.h"
#include "compiler/Target/Header.h"
#include "tools/toeplitz/CommandLine.h"
#include "tools/toeplitz/Compilation.h"
#include "tools/toeplitz/CompileVariants.h"
#include "tools/toeplitz/Matrix.h"
#include "tools/toeplitz/Messages.h"
#include "tools/toeplitz/OutputFile.h"
#include "tools/toeplitz/OutputKind.h"
#include "tools/toeplitz/Printing.h"
#include "tools/toeplitz/Tune.h"

#include "llvm/Support/Path.h"

using namespace toeplitz;

namespace {

struct CompileOptions {
  std::string network;
  std::string output;
  std::string emit;
  std::string runtimeDirectory;
  MatrixOptions matrix;
  bool brief = false;
  bool complete = false;
  bool printCommands = false;
  int threads = 1;
  bool tune = false;
  CubinOptions cubins;
  CompilationOptions compilation;
};

/// Stages as text: on a terminal for reading, in a file for going on with.
llvm::LogicalResult writeStage(Compilation &compilation, Stage stage,
                               llvm::StringRef path,
                               const CompileOptions &options) {
  if (failed(compilation.advanceTo(stage)))
    return llvm::failure();
  bool isComplete = options.complete || (path != "-" && !options.brief);
  return writeText(path, [&](llvm::raw_ostream &stream) {
    if (isComplete) {
      compilation.getModule()->print(stream, completePrinting());
      return true;
    }
    // Without the values of the weights their section at the end is empty.
    std::string text;
    llvm::raw_string_ostream textStream(text);
    compilation.getModule()->print(textStream, briefPrinting());
    stream << llvm::StringRef(text).substr(0, text.find("\n{-#"));
    return true;
  });
}

EmitOptions getEmitOptions(Compilation &compilation,
                           const CompileOptions &options) {
  EmitOptions emitOptions;
  emitOptions.runtimeDirectory = options.runtimeDirectory;
  emitOptions.printCommands = options.printCommands;
  emitOptions.executableThreads = options.threads;
  // The context is this compilation's own.
  emitOptions.releaseWeights = true;
  emitOptions.cubins = options.cubins;
  emitOptions.reportPart = [&](size_t done, size_t parts) {
    compilation.getProgress().report("machine code, part", done, parts);
    if (done == parts)
      compilation.getProgress().report("linking");
  };
  return emitOptions;
}

llvm::LogicalResult writeArtifact(Compilation &compilation, ArtifactKind kind,
                                  llvm::StringRef path,
                                  const CompileOptions &options) {
  if (failed(compilation.advanceTo(Stage::LLVM)))
    return llvm::failure();
  mlir::TimingScope scope = compilation.nestTiming("Machine code");
  return emitArtifact(compilation.getModule(), compilation.getTarget(), kind,
                      path, getEmitOptions(compilation, options));
}

/// A binary, or its header, for several processors. Texts are of one.
llvm::LogicalResult writeVariants(const OutputKind &kind, llvm::StringRef path,
                                  const CompileOptions &options) {
  if (std::holds_alternative<Header>(kind.what))
    return writeVariantsHeader(options.compilation, options.network, path);
  return compileVariants(options.compilation, options.network,
                         std::get<ArtifactKind>(kind.what), path,
                         [&](Compilation &compilation) {
                           return getEmitOptions(compilation, options);
                         });
}

llvm::LogicalResult writeHeaderFile(Compilation &compilation,
                                    llvm::StringRef path) {
  if (failed(compilation.advanceTo(Stage::LLVM)))
    return llvm::failure();
  std::optional<Network> network = readNetwork(compilation.getModule());
  if (!network)
    return llvm::failure();
  return writeText(path, [&](llvm::raw_ostream &stream) {
    writeHeader(*network, stream);
    return true;
  });
}

llvm::LogicalResult writeMatrixFile(Compilation &compilation,
                                    llvm::StringRef path,
                                    const CompileOptions &options) {
  if (failed(compilation.advanceTo(Stage::Cnn)))
    return llvm::failure();
  return writeText(path, [&](llvm::raw_ostream &stream) {
    return succeeded(writeMatrix(compilation.getModule(), options.matrix,
                                 llvm::sys::path::extension(path), stream));
  });
}

llvm::LogicalResult writeDescription(const CompileOptions &options,
                                     llvm::StringRef path) {
  if (!llvm::StringRef(options.network).ends_with(".json"))
    return reportError("'" + options.network +
                       "': only a network description (.json) can be written "
                       "as one");
  mlir::MLIRContext context;
  ConsoleDiagnostics diagnostics(context);
  return writeText(path, [&](llvm::raw_ostream &stream) {
    return exportDescription(options.network, stream, context);
  });
}

/// Whether the kind can be for several processors.
bool takesVariants(const OutputKind &kind) {
  return std::holds_alternative<Header>(kind.what) || !kind.isText;
}

/// Measures the algorithms of the network's layers into the file of --tuned.
llvm::LogicalResult tune(const CompileOptions &options) {
  if (options.compilation.target != "cpu")
    return reportError("--tune: kernels are measured on the processor, not "
                       "with --target=" +
                       options.compilation.target);
  llvm::StringRef path = options.compilation.tuned;
  if (failed(checkOutputPath(path, options.network)))
    return llvm::failure();
  CompilationOptions withoutTimes = options.compilation;
  withoutTimes.tuned.clear();
  Compilation compilation(withoutTimes);
  if (failed(compilation.load(options.network)) ||
      failed(compilation.simplify()))
    return llvm::failure();
  auto layers = selectAlgorithms(compilation.getModule(),
                                 compilation.getSelectionRules());
  return llvm::success(succeeded(layers) &&
                       succeeded(tuneNetwork(compilation, *layers, path)));
}

/// Reports what is wrong with --cubin, before minutes of compilation.
llvm::LogicalResult checkCubinOptions(const CompileOptions &options,
                                      const OutputKind &kind) {
  if (options.cubins.architectures.empty()) {
    if (!options.cubins.assembler.empty())
      return reportError("--ptxas: it is for --cubin, which isn't given");
    return llvm::success();
  }
  if (options.compilation.target == "cpu")
    return reportError("--cubin: only --target=cuda is for a GPU");
  if (kind.isText)
    return reportError(
        "--cubin: only a binary holds machine code, not --emit=" + kind.name);
  TargetDescription gpu;
  std::string error;
  if (!describeGpu(gpu, options.compilation.gpuArchitecture, error))
    return reportError("--gpu-arch: " + error);
  if (llvm::Error error = checkCubins(options.cubins, gpu.gpuArchitecture))
    return reportError("--cubin: " + llvm::toString(std::move(error)));
  return llvm::success();
}

int compile(CompileOptions options) {
  const OutputKind *kind = chooseOutputKind(options.emit, options.output);
  if (!kind)
    return 1;
  std::string path = options.output.empty() ? kind->defaultPath(options.network)
                                            : options.output;
  if (path == "-" && !kind->isText) {
    (void)reportError("--emit=" + kind->name +
                      " is no text, name a file for it with -o");
    return 1;
  }
  if (!options.matrix.layers.empty() &&
      !std::holds_alternative<Matrix>(kind->what)) {
    (void)reportError("--layer: only --emit=matrix is of a layer");
    return 1;
  }
  if (failed(checkCubinOptions(options, *kind)) ||
      failed(checkOutputPath(path, options.network)))
    return 1;
  if (std::holds_alternative<Description>(kind->what))
    return failed(writeDescription(options, path));

  if (options.tune) {
    if (options.compilation.tuned.empty())
      options.compilation.tuned = getDefaultTunedPath(options.network);
    if (failed(tune(options)))
      return 1;
  }
  if (hasVariants(options.compilation) && takesVariants(*kind))
    return failed(writeVariants(*kind, path, options));
  Compilation compilation(options.compilation);
  if (failed(compilation.load(options.network)))
    return 1;
  if (auto *stage = std::get_if<Stage>(&kind->what))
    return failed(writeStage(compilation, *stage, path, options));
  if (std::holds_alternative<Header>(kind->what))
    return failed(writeHeaderFile(compilation, path));
  if (std::holds_alternative<Matrix>(kind->what))
    return failed(writeMatrixFile(compilation, path, options));
  return failed(writeArtifact(compilation, std::get<ArtifactKind>(kind->what),
                              path, options));
}

void addMatrixOptions(CLI::App &parser, MatrixOptions &options) {
  parser
      .add_option("--layer", options.layers,
                  "Convolution whose matrix --emit=matrix writes; with a "
                  "second one, whether their matrices commute. The default is "
                  "the only convolution of the network")
      ->option_text("NAME[,NAME]")
      ->delimiter(',')
      ->group("Inspection");
  parser
      .add_option("--view", options.view,
                  "Which matrix: of the filter (y = T x), of the data (Y = W "
                  "X), or both, the default")
      ->option_text("filter | data | both")
      ->check(CLI::IsMember({"filter", "data", "both"}).description(""))
      ->group("Inspection");
}

std::string helpOnKinds() {
  std::string text = "Kinds of output (--emit) and their suffixes:\n";
  llvm::raw_string_ostream stream(text);
  for (const OutputKind &kind : outputKinds())
    stream << "  " << llvm::left_justify(kind.name, 10)
           << llvm::left_justify(kind.suffix, 7) << kind.description << "\n";
  return text;
}

} // namespace

Command toeplitz::addCompileCommand(CLI::App &application) {
  auto options = std::make_shared<CompileOptions>();
  CLI::App *parser = application.add_subcommand(
      "compile", "Compile a network to a program, a library or a text");
  parser
      ->add_option("NETWORK", options->network,
                   "ONNX model (.onnx), network description (.json), or "
                   "module of any stage (.mlir), which goes on from there")
      ->required();
  parser
      ->add_option("-o,--output", options->output,
                   "File to write; the default is one named after NETWORK in "
                   "the current folder, or the standard output for texts")
      ->option_text("FILE");
  parser
      ->add_option("--emit", options->emit,
                   "What to write, see below; the default follows from the "
                   "suffix of FILE, and is an executable without one")
      ->option_text("KIND");
  CLI::Option *brief =
      parser->add_flag("--brief", options->brief,
                       "Leave the values of weights and the places in the "
                       "source out of MLIR text; the default on the standard "
                       "output");
  parser
      ->add_flag("--complete", options->complete,
                 "Write them, so that the text can be compiled further; the "
                 "default in files")
      ->excludes(brief);
  parser
      ->add_option("--threads", options->threads,
                   "Threads that the executable computes with unless its user "
                   "says otherwise; the default is 1, and 0 is one for each "
                   "processor. Libraries are told at run time")
      ->option_text("N")
      ->check(wholeNumber(0, 1024));
  parser
      ->add_option("--cubin", options->cubins.architectures,
                   "With --target=cuda: GPUs whose machine code the binary "
                   "holds beside the PTX, so that the driver needn't compile "
                   "for them, by their architectures, such as sm_80,sm_90. It "
                   "takes NVIDIA's ptxas; the default is none")
      ->option_text("ARCH[,ARCH...]")
      ->delimiter(',')
      ->group("Target");
  parser
      ->add_option("--ptxas", options->cubins.assembler,
                   "NVIDIA's assembler for --cubin; the default is the ptxas "
                   "on PATH")
      ->option_text("FILE")
      ->group("Target");
  parser->add_flag("--tune", options->tune,
                   "Measure the algorithms of each layer on this machine "
                   "first; the times are kept in the file of --tuned, or "
                   "NETWORK.tuned.json in the current folder, which later "
                   "compilations can read");
  addCompilationOptions(*parser, options->compilation);
  parser
      ->add_option("--runtime", options->runtimeDirectory,
                   "Folder of the runtime's libraries for the target; the "
                   "default is that of this installation")
      ->option_text("FOLDER")
      ->group("Target");
  addMatrixOptions(*parser, options->matrix);
  parser
      ->add_flag("--print-commands", options->printCommands,
                 "Print the linker's command to stderr")
      ->group("Inspection");
  parser->footer(helpOnKinds() + R"(
Examples:
  toeplitz compile lenet.json                            the program ./lenet
  toeplitz compile lenet.json -o liblenet.so             and lenet.h
  toeplitz compile lenet.json --mcpu x86-64-v3 -o lenet  for any recent x86
  toeplitz compile lenet.json --mcpu x86-64,x86-64-v3,sapphirerapids -o lenet
                                                         the best of three
  toeplitz compile lenet.json --mtriple aarch64-linux-gnu -o lenet  for AArch64
  toeplitz compile lenet.json --emit=schedule            what was chosen, to read
  toeplitz compile lenet.json --algorithm conv1=im2col,conv2=direct -o lenet
  toeplitz compile lenet.json --emit=matrix --layer conv3 -o conv3.svg
  toeplitz compile lenet.json --emit=loops -o lenet.mlir
  toeplitz compile lenet.mlir -o lenet                   goes on from the loops)");
  return {parser, [options] { return compile(*options); }};
}
