// What goes into a network and what comes out, as far as its user sees it.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_SIGNATURE_H
#define TOEPLITZ_TOOLS_TOEPLITZ_SIGNATURE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <string>
#include <vector>

namespace toeplitz {

/// The name and the shape of one tensor of f32.
struct TensorSignature {
  std::string name;
  llvm::SmallVector<int64_t> shape;
};

struct Signature {
  /// The network's own name, a C identifier.
  std::string name;
  std::vector<TensorSignature> inputs;
  std::vector<TensorSignature> outputs;
};

/// The number of elements of a tensor.
int64_t countTensorElements(llvm::ArrayRef<int64_t> shape);

/// "(1, 3, 224, 224)", as NumPy writes it.
std::string formatTensorShape(llvm::ArrayRef<int64_t> shape);

/// "x (1, 3, 224, 224), y (1, 10)".
std::string describeTensors(llvm::ArrayRef<TensorSignature> tensors);

} // namespace toeplitz

#endif
