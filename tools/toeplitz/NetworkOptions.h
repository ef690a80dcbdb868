// What the command line says about a network's inputs, as frontends take it.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_NETWORKOPTIONS_H
#define TOEPLITZ_TOOLS_TOEPLITZ_NETWORKOPTIONS_H

#include "compiler/Frontend/ImportOptions.h"
#include "tools/toeplitz/CompilationOptions.h"

#include "llvm/Support/LogicalResult.h"

namespace toeplitz {

/// Reads --shape, --batch and --constant. Reports what is wrong with them.
llvm::FailureOr<ImportOptions>
readNetworkOptions(const CompilationOptions &options);

} // namespace toeplitz

#endif
