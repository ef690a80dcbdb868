// Weights made from a seed: for measurements and tests of networks whose
// trained weights nobody needs.

#ifndef TOEPLITZ_COMPILER_FRONTEND_RANDOMWEIGHTS_H
#define TOEPLITZ_COMPILER_FRONTEND_RANDOMWEIGHTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace toeplitz {

/// What a weight is for; decides how its random values are distributed.
enum class WeightRole {
  /// Filter of a convolution, matrix of a linear layer.
  Filter,
  /// Scale of a normalisation.
  Scale,
  Bias,
  /// Slope of a prelu.
  Slope,
  Mean,
  Variance
};

/// Fills `values` with the weight `key` ("conv1.weight") of the family `seed`.
/// They depend on nothing else, so that a layer keeps its weights when others
/// come and go. docs/network-format.md states the formula; test/support
/// reproduces it in Python, bit by bit. `fanIn` is the number of products in
/// one output of a filter (Filter only). Filters are pruned by magnitude: the
/// smallest weights, a share of `sparsity` of all, are made zero.
void fillRandomWeights(llvm::MutableArrayRef<float> values, llvm::StringRef key,
                       int64_t seed, WeightRole role, double fanIn,
                       double sparsity = 0);

} // namespace toeplitz

#endif
