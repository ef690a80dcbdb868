// Running the programs of other projects that this room needs.

#ifndef TOEPLITZ_COMPILER_TARGET_COMMAND_H
#define TOEPLITZ_COMPILER_TARGET_COMMAND_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace toeplitz {

/// Runs a program whose messages are wanted only when it fails: they follow
/// `failure`, which says what that means. They are kept in a temporary file
/// beside `destination`. `printCommand` writes the command to stderr.
llvm::Error runProgram(const std::string &failure, const std::string &program,
                       llvm::ArrayRef<std::string> arguments,
                       const std::string &destination, bool printCommand);

} // namespace toeplitz

#endif
