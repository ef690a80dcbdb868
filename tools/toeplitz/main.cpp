// The `toeplitz` command: reads the command line and hands over to the
// subcommand that it names.

#include "tools/toeplitz/CommandLine.h"
#include "tools/toeplitz/Messages.h"

int main(int argc, char **argv) {
  std::unique_ptr<CLI::App> application = toeplitz::createApplication();
  const toeplitz::Command commands[] = {
      toeplitz::addCompileCommand(*application),
      toeplitz::addExplainCommand(*application),
      toeplitz::addRunCommand(*application),
      toeplitz::addBenchCommand(*application),
      toeplitz::addVerifyCommand(*application),
      toeplitz::addEquivarianceCommand(*application),
      toeplitz::addOperatorsCommand(*application),
  };
  if (auto status = toeplitz::readCommandLine(*application, argc, argv))
    return *status;
  for (const toeplitz::Command &command : commands)
    if (command.parser->parsed()) {
      int status = command.execute();
      return failed(toeplitz::flushStandardOutput()) ? 1 : status;
    }
  return 1;
}
