// What goes into a network and what comes out, as far as its user sees it.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_SIGNATURE_H
#define TOEPLITZ_TOOLS_TOEPLITZ_SIGNATURE_H

#include "runtime/toeplitz.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <string>
#include <vector>

namespace toeplitz {

/// The name, the shape and the type of elements of one tensor.
struct TensorSignature {
  std::string name;
  /// The first size is -1 where the batch is chosen for each run.
  llvm::SmallVector<int64_t> shape;
  /// TOEPLITZ_FLOAT32 or one of its kin.
  int32_t type = TOEPLITZ_FLOAT32;

  bool hasBatch() const { return !shape.empty() && shape.front() < 0; }
  /// The shape for that number of samples.
  llvm::SmallVector<int64_t> getShape(int64_t batch) const;
};

struct Signature {
  /// The network's own name, a C identifier.
  std::string name;
  std::vector<TensorSignature> inputs;
  std::vector<TensorSignature> outputs;

  /// Whether the batch is chosen for each run.
  bool hasDynamicBatch() const;
};

/// The number of elements of a tensor.
int64_t countTensorElements(llvm::ArrayRef<int64_t> shape);

/// "(1, 3, 224, 224)", as NumPy writes it; "(batch, 3)".
std::string formatTensorShape(llvm::ArrayRef<int64_t> shape);

/// NumPy's name of a type: "float32".
llvm::StringRef getTypeName(int32_t type);

/// "x (1, 3, 224, 224), ids (1, 10) int64": floats aren't mentioned.
std::string describeTensors(llvm::ArrayRef<TensorSignature> tensors);

} // namespace toeplitz

#endif
