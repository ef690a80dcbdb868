// Frees the weights of a network while they are replaced by packed ones, so
// that both are not in memory at once.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_WEIGHTRELEASE_H
#define TOEPLITZ_COMPILER_SCHEDULE_WEIGHTRELEASE_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

namespace toeplitz {

/// For a module that alone uses the blobs of its context: what it doesn't read
/// any more is gone.
class WeightRelease {
public:
  /// Counts who reads which blob, and frees those that nobody does (the earlier
  /// passes have replaced them).
  explicit WeightRelease(mlir::ModuleOp module);

  /// Erases the constant that makes this value and frees its blob, if the value
  /// has no reader left and no other constant has the same blob.
  void drop(mlir::Value value);

private:
  /// Operations with an attribute that holds the blob.
  llvm::DenseMap<mlir::Attribute, int64_t> uses;
};

} // namespace toeplitz

#endif
