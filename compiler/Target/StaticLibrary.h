// Archives of objects, written in one pass.

#ifndef TOEPLITZ_COMPILER_TARGET_STATICLIBRARY_H
#define TOEPLITZ_COMPILER_TARGET_STATICLIBRARY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/raw_ostream.h"
#include <functional>
#include <string>
#include <vector>

namespace toeplitz {

/// An object to be put into an archive. Its contents are asked for when their
/// place in the file is reached, so that weights need neither memory nor a file
/// of their own.
struct ArchiveMember {
  std::string name;
  uint64_t size = 0;
  /// The symbols by which a linker finds the member.
  std::vector<std::string> symbols;
  /// Writes exactly `size` bytes.
  std::function<void(llvm::raw_ostream &)> write;
};

/// Writes an archive in the format of GNU ar, with an index and without times
/// or owners.
void writeStaticLibrary(llvm::ArrayRef<ArchiveMember> members,
                        llvm::raw_ostream &stream);

} // namespace toeplitz

#endif
