#include "tools/toeplitz/CommandLine.h"
#include "compiler/Frontend/Suggestion.h"
#include "tools/toeplitz/Messages.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"

#include <cmath>

using namespace toeplitz;

namespace {

/// Lays the help out for a terminal of 80 columns.
class HelpFormatter : public CLI::Formatter {
public:
  HelpFormatter() {
    column_width(kTextColumn);
    label("Positionals", "Arguments");
  }

  std::string make_description(const CLI::App *parser) const override {
    return parser->get_description() + ".\n\n";
  }

  std::string make_usage(const CLI::App *parser,
                         std::string name) const override {
    return "Usage: " + name +
           (parser->get_parent() ? " NETWORK [options]\n"
                                 : " COMMAND [options]\n");
  }

  std::string make_option_opts(const CLI::Option *option) const override {
    return option->get_option_text().empty() ? ""
                                             : " " + option->get_option_text();
  }

  /// Breaks lines between words; CLI11 indents what follows a line break.
  std::string make_option_desc(const CLI::Option *option) const override {
    std::string text;
    size_t column = 0;
    for (llvm::StringRef word : llvm::split(option->get_description(), ' ')) {
      bool fits = column + 1 + word.size() <= kColumns - kTextColumn;
      if (column > 0)
        text += fits ? " " : "\n";
      column = (column > 0 && fits ? column + 1 : 0) + word.size();
      text += word;
    }
    return text;
  }

  std::string make_help(const CLI::App *parser, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string text = CLI::Formatter::make_help(parser, name, mode);
    return CLI::detail::find_and_replace(text, "\n\n\n", "\n\n");
  }

private:
  static constexpr size_t kColumns = 80;
  static constexpr size_t kTextColumn = 28;
};

/// The words of the options of `parser`, for guesses at what was meant.
std::vector<std::string> optionNames(const CLI::App &parser) {
  std::vector<std::string> names;
  for (const CLI::Option *option : parser.get_options())
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
  return names;
}

/// "; see 'toeplitz compile --help'".
std::string seeHelp(const CLI::App &part) {
  return "; see 'toeplitz " +
         (part.get_parent() ? part.get_name() + " " : std::string()) +
         "--help'";
}

/// What `word` was probably meant to be, or where to find what there is.
std::string adviseOn(const CLI::App &part, llvm::StringRef word,
                     const std::vector<std::string> &candidates) {
  std::string suggestion =
      suggest(word, llvm::SmallVector<llvm::StringRef>(candidates.begin(),
                                                       candidates.end()));
  return suggestion.empty() ? seeHelp(part) : suggestion;
}

/// The subcommand that the command line named, or the application itself.
const CLI::App &parsedPart(const CLI::App &application) {
  auto subcommands = application.get_subcommands();
  return subcommands.empty() ? application : *subcommands.front();
}

/// What is wrong with the first word that no option or argument took.
std::string describeUnknownWord(const CLI::App &part, llvm::StringRef word) {
  if (word.starts_with("-")) {
    llvm::StringRef name = word.split('=').first;
    return ("unknown option '" + name + "'" +
            adviseOn(part, name, optionNames(part)))
        .str();
  }
  if (part.get_parent())
    return ("unexpected argument '" + word + "'" + seeHelp(part)).str();

  std::vector<std::string> names;
  for (const CLI::App *subcommand : part.get_subcommands({}))
    names.push_back(subcommand->get_name());
  return ("unknown command '" + word + "'" + adviseOn(part, word, names)).str();
}

/// Accepts C identifiers.
CLI::Validator identifier() {
  return CLI::Validator(
      [](std::string &text) -> std::string {
        auto mayStand = [](char c) { return llvm::isAlnum(c) || c == '_'; };
        if (!text.empty() && !llvm::isDigit(text.front()) &&
            llvm::all_of(text, mayStand))
          return "";
        return "expected a C identifier, found '" + text + "'";
      },
      "");
}

/// Reads the argument of --progress, which CLI11 then takes as the number of an
/// enumerator.
CLI::Validator progressMode() {
  return CLI::Validator(
      [](std::string &text) -> std::string {
        const llvm::StringRef names[] = {"auto", "always", "never"};
        auto found = llvm::find(names, text);
        if (found == std::end(names))
          return "expected auto, always or never, found '" + text + "'";
        text = std::to_string(found - names);
        return "";
      },
      "");
}

} // namespace

std::unique_ptr<CLI::App> toeplitz::createApplication() {
  auto application = std::make_unique<CLI::App>(
      "Compiles convolutional networks ahead of time to native code",
      "toeplitz");
  application->formatter(std::make_shared<HelpFormatter>());
  application->set_help_flag("-h,--help", "Print this help");
  application->set_version_flag(
      "--version",
      "toeplitz " TOEPLITZ_VERSION " (LLVM " LLVM_VERSION_STRING ")",
      "Print the versions of the compiler and of LLVM");
  // Words that nobody takes are reported by readCommandLine, with a guess at
  // what was meant. When an option stands twice, the last one counts, as with
  // other compilers.
  application->allow_extras();
  application->require_subcommand(0, 1);
  application->option_defaults()->take_last();
  application->footer(R"(Examples:
  toeplitz compile lenet.json -o lenet          an executable
  toeplitz compile lenet.json -o liblenet.so    a shared library and lenet.h
  toeplitz run lenet.json --input x.npy         compile, run, summarise the output
  toeplitz bench liblenet.so --threads 2        time a compiled network

'toeplitz COMMAND --help' explains a command.)");
  return application;
}

std::optional<int> toeplitz::readCommandLine(CLI::App &application, int argc,
                                             const char *const *argv) {
  for (CLI::App *subcommand : application.get_subcommands({}))
    subcommand->group("Commands");
  std::string error;
  try {
    application.parse(argc, argv);
  } catch (const CLI::Success &success) { // --help and --version
    return application.exit(success);
  } catch (const CLI::Error &parseError) {
    error = parseError.what();
  }

  const CLI::App &part = parsedPart(application);
  for (const CLI::App *holder :
       {&part, static_cast<const CLI::App *>(&application)})
    if (auto words = holder->remaining(); !words.empty()) {
      (void)reportError(describeUnknownWord(part, words.front()));
      return 1;
    }
  if (error.empty() && !part.get_parent())
    error = "no command was given";
  if (!error.empty()) {
    (void)reportError(error + seeHelp(part));
    return 1;
  }
  return std::nullopt;
}

void toeplitz::addCompilationOptions(CLI::App &parser,
                                     CompilationOptions &options) {
  parser
      .add_option("--name", options.name,
                  "Name of the network in C, an identifier; the default is the "
                  "one in its file, or that of an ONNX file")
      ->option_text("NAME")
      ->check(identifier())
      ->group("Network");
  parser
      .add_option("--shape", options.shapes,
                  "Shape of an input whose shape the ONNX model leaves open; "
                  "may be repeated")
      ->option_text("NAME=1x3x224x224")
      ->allow_extra_args(false)
      ->take_all()
      ->group("Network");
  parser
      .add_option("--batch", options.batch,
                  "Size of leading dimensions that the ONNX model leaves open; "
                  "the default is 1. With 'dynamic', the leading dimensions "
                  "of a model or description are chosen for each run")
      ->option_text("N | dynamic")
      ->group("Network");
  parser
      .add_option("--constant", options.constants,
                  "Make an input of the ONNX model a constant, with the value "
                  "in the file: what other shapes depend on must be known "
                  "when compiling; may be repeated")
      ->option_text("NAME=FILE.npy")
      ->allow_extra_args(false)
      ->take_all()
      ->group("Network");
  parser
      .add_option("--mcpu", options.targetCpu,
                  "Processor to compile for, by LLVM's name, such as "
                  "x86-64-v3, znver4 or neoverse-n1; 'native' (the default) "
                  "is this one. 'toeplitz compile' takes several for one "
                  "binary: the code for the best of them that the machine "
                  "can run is chosen there")
      ->option_text("CPU[,CPU...]")
      ->group("Target");
  parser
      .add_option("--mtriple", options.targetTriple,
                  "Target triple, such as aarch64-linux-gnu, whose --mcpu is "
                  "'generic' unless it is named; the default is this "
                  "machine's")
      ->option_text("TRIPLE")
      ->group("Target");
  parser
      .add_option("--target", options.target,
                  "What the kernels run on: the processor, or an NVIDIA GPU "
                  "that the driver's library starts them on; the default is "
                  "cpu. With both, 'toeplitz compile' makes a binary that uses "
                  "the processor where there is no such GPU")
      ->option_text("cpu | cuda | cuda,cpu")
      ->check(
          CLI::IsMember({"cpu", "cuda", bothTargets.data()}).description(""))
      ->group("Target");
  parser
      .add_option("--gpu-arch", options.gpuArchitecture,
                  "Oldest GPU to compile for, by its architecture: sm_80 (the "
                  "default), sm_90 and newer; the driver translates for the "
                  "one that is there. sm_90a is for an H100 or H200 alone, "
                  "with its products of matrices by warpgroups. 'emulated' "
                  "runs the same kernels on the CPU, slowly, "
                  "'emulated-checked' looks for races too, and with '-sm_90a' "
                  "behind they play that GPU")
      ->option_text("ARCH")
      ->group("Target");
  parser
      .add_option("--algorithm", options.algorithms,
                  "Algorithm of every convolution that it can compute, or of "
                  "the named layers: " +
                      listOfChoices(algorithmNames()) +
                      "; the default is the cheapest for each")
      ->option_text("NAME | LAYER=NAME,...")
      ->allow_extra_args(false)
      ->take_all()
      ->group("Target");
  parser
      .add_option("--max-error", options.maxError,
                  "Leave out algorithms whose certified rounding error for a "
                  "layer may be larger, given its weights and --input-range")
      ->option_text("E")
      ->check(positiveNumber())
      ->group("Target");
  parser
      .add_option("--typical-error", options.typicalError,
                  "Keep the estimated rounding error of the network's outputs "
                  "below E, relative to the largest output, by slower "
                  "algorithms where needed; the default is 6e-5, 'none' "
                  "sets no limit")
      ->option_text("E | none")
      ->transform(positiveNumberOrNone())
      ->group("Target");
  parser
      .add_flag("--precise", options.precise,
                "Leave out algorithms that round more than a sum of products: "
                "winograd, strassen, fft and bf16x3")
      ->group("Target");
  parser
      .add_option("--precision", options.precision,
                  "With --target=cuda: what convolutions may round the factors "
                  "of products to, so that tensor cores multiply them; sums "
                  "stay f32. The default is f32, not at all; with another one "
                  "--typical-error has no limit unless it is given")
      ->option_text("f32 | tf32 | bf16 | f16")
      ->check(CLI::IsMember({"f32", "tf32", "bf16", "f16"}).description(""))
      ->group("Target");
  parser.add_flag("--tf32", options.tf32, "The same as --precision=tf32")
      ->group("Target");
  parser
      .add_option("--input-range", options.inputRange,
                  "Largest absolute value of the network's inputs, for the "
                  "certified error that the header states; the default is 1")
      ->option_text("R")
      ->check(positiveNumber())
      ->group("Target");
  parser
      .add_option("--tuned", options.tuned,
                  "File of times that --tune has measured, which count before "
                  "the compiler's estimates")
      ->option_text("FILE.json")
      ->group("Target");
  parser
      .add_option("--fold", options.folds,
                  "Ways of taking convolutions apart into simpler ones: " +
                      listOfChoices(foldNames()) +
                      "; for every convolution to which they apply, or for "
                      "the named layers, as LAYER=NAME or LAYER=NAME+NAME. The "
                      "default is to fold where it is cheaper")
      ->option_text("NAME | LAYER=NAME,...")
      ->allow_extra_args(false)
      ->take_all()
      ->group("Target");
  parser
      .add_option("--print-ir-after", options.printAfter,
                  "Print the IR to stderr after the pass; may be repeated")
      ->option_text("PASS")
      ->allow_extra_args(false)
      ->take_all()
      ->group("Inspection");
  parser
      .add_flag("--print-ir-after-all", options.printAfterAll,
                "Print the IR to stderr after each pass that changed it")
      ->group("Inspection");
  parser
      .add_option("--progress", options.progress,
                  "Report on stderr how far the compilation is: auto (the "
                  "default), on a terminal and after two seconds; always; "
                  "never")
      ->option_text("WHEN")
      ->transform(progressMode())
      ->group("Inspection");
  parser
      .add_flag("--time-passes", options.timePasses,
                "Print to stderr how long each pass took")
      ->group("Inspection");
}

void toeplitz::addRunnableNetwork(CLI::App &parser, std::string &path) {
  parser
      .add_option("NETWORK", path,
                  "ONNX model (.onnx), network description (.json), module "
                  "(.mlir) or compiled shared library (.so)")
      ->required();
}

void toeplitz::addSamplesOption(CLI::App &parser,
                                std::optional<int64_t> &samples) {
  parser
      .add_option("--samples", samples,
                  "Samples of random inputs, where the batch is dynamic; the "
                  "default is as many as the other inputs have, or 1")
      ->option_text("N")
      ->check(wholeNumber(0, 1000000));
}

CLI::Validator toeplitz::positiveNumber() {
  return CLI::Validator(
      [](std::string &text) -> std::string {
        double number;
        if (!llvm::StringRef(text).getAsDouble(number) &&
            std::isfinite(number) && number > 0)
          return "";
        return "expected a positive number, found '" + text + "'";
      },
      "");
}

CLI::Validator toeplitz::positiveNumberOrNone() {
  return CLI::Validator(
      [](std::string &text) -> std::string {
        if (text == "none") {
          text = "inf";
          return "";
        }
        double number;
        if (!llvm::StringRef(text).getAsDouble(number) &&
            std::isfinite(number) && number > 0)
          return "";
        return "expected a positive number or 'none', found '" + text + "'";
      },
      "");
}

CLI::Validator toeplitz::wholeNumber(int64_t lowest, int64_t highest) {
  return CLI::Validator(
      [=](std::string &text) -> std::string {
        int64_t number;
        if (!llvm::StringRef(text).getAsInteger(10, number) &&
            number >= lowest && number <= highest)
          return "";
        return "expected a whole number from " + std::to_string(lowest) +
               " to " + std::to_string(highest) + ", found '" + text + "'";
      },
      "");
}
