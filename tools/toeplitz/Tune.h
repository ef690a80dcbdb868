// `--tune`: measures the algorithms of a network's layers and keeps the times.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_TUNE_H
#define TOEPLITZ_TOOLS_TOEPLITZ_TUNE_H

#include "tools/toeplitz/Compilation.h"

namespace toeplitz {

/// The file for a network's times when the user names none.
std::string getDefaultTunedPath(llvm::StringRef network);

/// Measures what the file at `path` doesn't know yet about the layers of a
/// simplified network, and writes the file anew; an empty path stands for no
/// file. Reports what is wrong.
llvm::FailureOr<TunedTimes> tuneNetwork(Compilation &compilation,
                                        llvm::ArrayRef<LayerSelection> layers,
                                        llvm::StringRef path);

} // namespace toeplitz

#endif
