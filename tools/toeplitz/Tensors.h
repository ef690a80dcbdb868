// The values that `run` and `bench` feed to a network and get from it: reading
// them, making them up, writing and summarising them.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_TENSORS_H
#define TOEPLITZ_TOOLS_TOEPLITZ_TENSORS_H

#include "tools/toeplitz/Signature.h"

#include "llvm/Support/LogicalResult.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>

namespace toeplitz {

/// A tensor's elements in row-major order, as they lie in memory.
struct TensorValues {
  TensorValues() = default;
  /// Of zeros.
  TensorValues(int32_t type, llvm::ArrayRef<int64_t> shape);

  int64_t getCount() const { return countTensorElements(shape); }

  int32_t type = TOEPLITZ_FLOAT32;
  llvm::SmallVector<int64_t> shape;
  std::vector<char> bytes;
};

/// The values of the inputs of a network, in its order, from arguments of the
/// form "[NAME=]FILE.npy" or "[NAME=]random:SEED". Those without a name are for
/// the inputs that no other argument names, in their order. Where the batch is
/// open, the files say how many samples there are; `batch` does when they have
/// none. Reports what is wrong, a missing input too.
llvm::FailureOr<std::vector<TensorValues>>
readInputs(const Signature &signature, llvm::ArrayRef<std::string> arguments,
           std::optional<int64_t> batch = std::nullopt);

/// The number of samples in the inputs; 1 for a batch that isn't open.
int64_t getBatch(const Signature &signature,
                 llvm::ArrayRef<TensorValues> inputs);

/// Values that depend on nothing but the tensor's name, its type and `seed`.
/// Floats are uniform in [-1, 1): those that the generator of random weights
/// draws for a weight of that name (docs/network-format.md), not scaled.
/// Integers of 8 bits have their whole range, all others and bools are 0 or 1,
/// because wider integers are most often indices.
TensorValues makeRandomValues(const TensorSignature &tensor, uint64_t seed,
                              int64_t batch = 1);

/// The output that each argument of the form "[NAME=]FILE.npy" asks for.
/// Reports what is wrong. Separate from writing them, so that a mistake is
/// found before the network runs.
struct OutputFile {
  size_t output;
  std::string path;
};
llvm::FailureOr<std::vector<OutputFile>>
matchOutputs(const Signature &signature, llvm::ArrayRef<std::string> arguments);

/// Writes a .npy file, which appears complete or not at all. Reports what is
/// wrong.
llvm::LogicalResult writeNpy(llvm::StringRef path, const TensorValues &values);

/// Shape, extremes, mean, first values, and for a batch of score vectors where
/// the largest score is.
void printSummary(llvm::raw_ostream &stream, llvm::StringRef name,
                  const TensorValues &tensor);

} // namespace toeplitz

#endif
