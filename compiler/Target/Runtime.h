// Where the runtime's archives are.

#ifndef TOEPLITZ_COMPILER_TARGET_RUNTIME_H
#define TOEPLITZ_COMPILER_TARGET_RUNTIME_H

#include "compiler/Target/Target.h"

#include "llvm/Support/Error.h"
#include <string>

namespace toeplitz {

/// The archives that binaries are linked with.
struct Runtime {
  /// Threads, checks, errors: part of every binary.
  std::string library;
  /// `main`, .npy files, the benchmark: part of executables.
  std::string executableLibrary;
};

/// Finds the archives, in the first of these places that has them:
///   1. options.runtimeDirectory;
///   2. the folder that the environment variable TOEPLITZ_RUNTIME names;
///   3. lib/toeplitz in the folder of the running executable, or in one of the
///   three folders above it. That is where the build
///      tree has them and where an installation puts them: PREFIX/bin/toeplitz,
///      PREFIX/lib/toeplitz/libtoeplitz_runtime.a. Those for another kind of
///      machine than the compiler's lie in a folder of its name there:
///      lib/toeplitz/aarch64-linux-gnu.
llvm::Expected<Runtime> findRuntime(const TargetDescription &target,
                                    const EmitOptions &options);

} // namespace toeplitz

#endif
