// How the command line speaks to its user.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_MESSAGES_H
#define TOEPLITZ_TOOLS_TOEPLITZ_MESSAGES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/LogicalResult.h"
#include <string>

namespace toeplitz {

/// Writes "error: MESSAGE" as one line of stderr; always a failure, so that a
/// caller can report and return in one statement. Problems with a place in a
/// file go through MLIR's diagnostics instead.
llvm::LogicalResult reportError(const llvm::Twine &message);

/// Writes out what is left for the standard output. Reports that it can't be
/// written, which LLVM would otherwise end the process for.
llvm::LogicalResult flushStandardOutput();

/// "a, b or c".
std::string listOfChoices(llvm::ArrayRef<llvm::StringRef> choices);

} // namespace toeplitz

#endif
