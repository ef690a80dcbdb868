// Where the texts that subcommands write go.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_OUTPUTFILE_H
#define TOEPLITZ_TOOLS_TOEPLITZ_OUTPUTFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"
#include "llvm/Support/raw_ostream.h"

namespace toeplitz {

/// Finds out before the work whether there is a place for its result: a file
/// other than the input in a folder that can be written, or "-". Reports what
/// is wrong.
llvm::LogicalResult checkOutputPath(llvm::StringRef path,
                                    llvm::StringRef inputPath);

/// Writes text to the standard output ("-") or to a file that appears complete
/// or not at all. `write` returns false when it has failed and reported why.
llvm::LogicalResult
writeText(llvm::StringRef path,
          llvm::function_ref<bool(llvm::raw_ostream &)> write);

} // namespace toeplitz

#endif
