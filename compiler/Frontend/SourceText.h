// A description's text, and the places in it.

#ifndef TOEPLITZ_COMPILER_FRONTEND_SOURCETEXT_H
#define TOEPLITZ_COMPILER_FRONTEND_SOURCETEXT_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/StringRef.h"
#include <vector>

namespace toeplitz {

/// Turns byte offsets into locations, and reports errors there.
class SourceText {
public:
  SourceText(mlir::MLIRContext &context, llvm::StringRef path,
             llvm::StringRef text);

  /// The place of a byte. Lines and columns count from 1, columns in bytes.
  mlir::Location getLocation(size_t offset) const;
  /// The same, inside of a layer.
  mlir::Location getLocation(size_t offset, llvm::StringRef layer) const;
  /// The file as a whole.
  mlir::Location getLocation() const;

  llvm::StringRef getPath() const { return path; }
  mlir::MLIRContext &getContext() const { return context; }

private:
  mlir::MLIRContext &context;
  std::string path;
  std::vector<size_t> lineStarts;
};

} // namespace toeplitz

#endif
