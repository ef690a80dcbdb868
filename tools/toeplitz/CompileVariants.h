// `toeplitz compile` for several processors at once.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_COMPILEVARIANTS_H
#define TOEPLITZ_TOOLS_TOEPLITZ_COMPILEVARIANTS_H

#include "compiler/Target/Target.h"
#include "tools/toeplitz/Compilation.h"

namespace toeplitz {

/// Whether --mcpu names several processors, or --target a GPU beside them.
bool hasVariants(const CompilationOptions &options);

/// Compiles the network for each of them, one after the other, and
/// writes a binary that has the code of all. `getEmitOptions` completes what a
/// compilation reports. Reports what is wrong.
llvm::LogicalResult compileVariants(
    const CompilationOptions &options, llvm::StringRef network,
    ArtifactKind kind, llvm::StringRef path,
    const std::function<EmitOptions(Compilation &)> &getEmitOptions);

/// Writes the header of such a binary.
llvm::LogicalResult writeVariantsHeader(const CompilationOptions &options,
                                        llvm::StringRef network,
                                        llvm::StringRef path);

} // namespace toeplitz

#endif
