// The programs of the system that link.

#ifndef TOEPLITZ_COMPILER_TARGET_TOOLCHAIN_H
#define TOEPLITZ_COMPILER_TARGET_TOOLCHAIN_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace toeplitz {

/// A C compiler, which knows where libc is, and how it is told what to link for
/// and which linker to use.
struct CompilerDriver {
  std::string program;
  std::vector<std::string> arguments;
};

/// Finds what links executables and shared libraries: what TOEPLITZ_CC names,
/// else the system's compiler, or for a `foreignSystem` (see
/// TargetDescription::getForeignSystem) the first that has a C library for it.
llvm::Expected<CompilerDriver>
findCompilerDriver(llvm::StringRef foreignSystem);

/// Finds what links objects into one.
llvm::Expected<std::string> findLinker(llvm::StringRef foreignSystem);

} // namespace toeplitz

#endif
