// Files that are made beside the place where they'll stand, so that nobody ever
// sees half of one.

#ifndef TOEPLITZ_COMPILER_TARGET_TEMPORARYFILE_H
#define TOEPLITZ_COMPILER_TARGET_TEMPORARYFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>

namespace toeplitz {

/// A file with a name of its own in the folder of `destination`, which is
/// removed with this object, or when a signal ends the process, unless it has
/// been kept.
class TemporaryFile {
public:
  /// `suffix` is the end of the file's name, for example ".o".
  static llvm::Expected<TemporaryFile> create(llvm::StringRef destination,
                                              llvm::StringRef suffix);
  TemporaryFile(TemporaryFile &&other) : path(std::move(other.path)) {
    other.path.clear();
  }
  TemporaryFile &operator=(TemporaryFile &&other) {
    std::swap(path, other.path);
    return *this;
  }
  ~TemporaryFile();

  const std::string &getPath() const { return path; }

  /// Fills the file.
  llvm::Error
  write(llvm::function_ref<llvm::Error(llvm::raw_fd_ostream &)> writer);
  /// Makes the file `destination`, replacing what was there. Where something
  /// stands that isn't a regular file, such as /dev/null or a pipe, the bytes
  /// are written into it.
  llvm::Error keep(llvm::StringRef destination);

private:
  explicit TemporaryFile(std::string path) : path(std::move(path)) {}

  /// Empty when there is no file to remove any more.
  std::string path;
};

} // namespace toeplitz

#endif
