// The words that all subcommands of `toeplitz` share, and the way a command
// line is read. The subcommands themselves are in the files of their names.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_COMMANDLINE_H
#define TOEPLITZ_TOOLS_TOEPLITZ_COMMANDLINE_H

#include "tools/toeplitz/CompilationOptions.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>

namespace toeplitz {

/// A subcommand: the options that it reads, and what it then does. `execute`
/// returns the exit status and has reported its errors itself.
struct Command {
  CLI::App *parser;
  std::function<int()> execute;
};

Command addCompileCommand(CLI::App &application);
Command addExplainCommand(CLI::App &application);
Command addRunCommand(CLI::App &application);
Command addBenchCommand(CLI::App &application);
Command addEquivarianceCommand(CLI::App &application);
Command addOperatorsCommand(CLI::App &application);
Command addVerifyCommand(CLI::App &application);

/// The parser of `toeplitz`, still without subcommands.
std::unique_ptr<CLI::App> createApplication();

/// Reads the command line. Returns the exit status when there is nothing left
/// to do, because it asked for help or has an error, which is then reported.
std::optional<int> readCommandLine(CLI::App &application, int argc,
                                   const char *const *argv);

/// Adds the options about the target, the algorithms and the inspection of the
/// compiler, which every subcommand that compiles has.
void addCompilationOptions(CLI::App &parser, CompilationOptions &options);

/// Adds the argument for a network that is to be run: one to compile, or one
/// that is compiled.
void addRunnableNetwork(CLI::App &parser, std::string &path);

/// Adds the option that says how many samples made-up inputs have.
void addSamplesOption(CLI::App &parser, std::optional<int64_t> &samples);

/// Accepts positive numbers.
CLI::Validator positiveNumber();
/// The same, or "none" for infinity.
CLI::Validator positiveNumberOrNone();

/// Accepts whole numbers from `lowest` to `highest`.
CLI::Validator wholeNumber(int64_t lowest, int64_t highest);

} // namespace toeplitz

#endif
