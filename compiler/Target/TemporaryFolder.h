// A folder for what a compilation leaves.

#ifndef TOEPLITZ_COMPILER_TARGET_TEMPORARYFOLDER_H
#define TOEPLITZ_COMPILER_TARGET_TEMPORARYFOLDER_H

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"

namespace toeplitz {

/// A folder with a name of its own, removed with all that is in it. `problem`
/// says why there is none.
class TemporaryFolder {
public:
  TemporaryFolder()
      : problem(llvm::sys::fs::createUniqueDirectory("toeplitz", path)) {}
  ~TemporaryFolder() {
    if (!problem)
      llvm::sys::fs::remove_directories(path);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  llvm::SmallString<128> path;
  std::error_code problem;
};

} // namespace toeplitz

#endif
