// Putting objects together, by the linker and the C compiler of the system.

#ifndef TOEPLITZ_COMPILER_TARGET_LINK_H
#define TOEPLITZ_COMPILER_TARGET_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace toeplitz {

/// How commands are run.
struct LinkOptions {
  /// Write each command to stderr.
  bool printCommands = false;
  /// Where temporary files go: beside this file.
  std::string destination;
  /// TargetDescription::getForeignSystem.
  std::string foreignSystem;
};

/// Links objects, and what they need of archives, into one relocatable object.
llvm::Error linkObject(llvm::ArrayRef<std::string> inputs,
                       const std::string &output, const LinkOptions &options);

/// Makes the hidden symbols that the object at `path` defines local to it, so
/// that two such objects can be linked together.
llvm::Error localizeHiddenSymbols(const std::string &path,
                                  const LinkOptions &options);

/// Links a shared library that exports `symbols` alone and is known by the name
/// `soname`.
llvm::Error linkSharedLibrary(llvm::ArrayRef<std::string> inputs,
                              llvm::ArrayRef<std::string> symbols,
                              const std::string &soname,
                              const std::string &output,
                              const LinkOptions &options);

llvm::Error linkExecutable(llvm::ArrayRef<std::string> inputs,
                           const std::string &output,
                           const LinkOptions &options);

} // namespace toeplitz

#endif
