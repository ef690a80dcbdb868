// The values that `run` and `bench` feed to a network and get from it: reading
// them, making them up, writing and summarising them.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_TENSORS_H
#define TOEPLITZ_TOOLS_TOEPLITZ_TENSORS_H

#include "tools/toeplitz/Signature.h"

#include "llvm/Support/LogicalResult.h"
#include "llvm/Support/raw_ostream.h"

namespace toeplitz {

/// The elements of a tensor in row-major order.
using TensorValues = std::vector<float>;

/// The values of the inputs of a network, in its order, from arguments of the
/// form "[NAME=]FILE.npy" or "[NAME=]random:SEED". Those without a name are for
/// the inputs that no other argument names, in their order. Reports what is
/// wrong, a missing input too.
llvm::FailureOr<std::vector<TensorValues>>
readInputs(const Signature &signature, llvm::ArrayRef<std::string> arguments);

/// Uniform values in [-1, 1) that depend on nothing but the tensor's name and
/// `seed`: those that the generator of random weights draws for a weight of
/// that name (docs/network-format.md), not scaled.
TensorValues makeRandomValues(const TensorSignature &tensor, uint64_t seed);

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
llvm::LogicalResult writeNpy(llvm::StringRef path,
                             llvm::ArrayRef<int64_t> shape,
                             llvm::ArrayRef<float> values);

/// Shape, extremes, mean, first values, and for a batch of score vectors where
/// the largest score is.
void printSummary(llvm::raw_ostream &stream, const TensorSignature &tensor,
                  llvm::ArrayRef<float> values);

} // namespace toeplitz

#endif
