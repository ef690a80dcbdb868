// Whether the algorithms that can compute a layer are the same linear map:
// `toeplitz verify`. docs/verification.md says what is proven and what is
// measured.

#ifndef TOEPLITZ_COMPILER_VERIFICATION_VERIFICATION_H
#define TOEPLITZ_COMPILER_VERIFICATION_VERIFICATION_H

#include "compiler/Analysis/TargetDescription.h"
#include "compiler/Schedule/Selection.h"

namespace toeplitz {

struct VerificationOptions {
  TargetDescription target;
  /// Of the random inputs and the whole weights.
  uint64_t seed = 1;
  /// Multiplies every bound; less than 1 for tests that must fail.
  double boundScale = 1;
  /// This layer is compiled with one weight that is off by one; for tests that
  /// must fail.
  const LayerSelection *faultyLayer = nullptr;
  /// Of LLVM: 3 as for a network, less for tests of very many small layers.
  unsigned optimizationLevel = 3;
  /// The naive evaluator gets layers with at most this many multiply-adds.
  double maximumMultiplyAdds = 1.5e8;
};

/// One algorithm's results for a layer.
struct AlgorithmCheck {
  /// With its variant.
  std::string algorithm;
  /// How its identity was checked: by a proof of its own in exact arithmetic,
  /// or by the compiled kernel on whole numbers, bit by bit.
  bool identityByProof = false;
  /// What is wrong with it; empty if nothing.
  std::string identityProblem;
  /// The largest absolute difference between the compiled kernel and the naive
  /// evaluator on random inputs in [-1, 1], and what is certified.
  double error = 0;
  double bound = 0;

  /// Error over bound.
  double getRatio() const;
  bool hasPassed() const { return identityProblem.empty() && getRatio() <= 1; }
};

/// A fold (a pass from cnn to cnn) that changes the layer.
struct FoldCheck {
  std::string fold;
  /// Empty if the folded layer is the same map.
  std::string problem;
};

struct LayerCheck {
  /// Of all layers with this geometry and these weights.
  std::vector<std::string> names;
  std::string shape;
  /// What was left out for the naive evaluator's sake; empty for nothing.
  std::string reduction;
  std::vector<AlgorithmCheck> algorithms;
  std::vector<FoldCheck> folds;
};

/// Verifies layers of one module, as many at a time as there are processors.
/// The results depend on neither their order nor on the number of processors.
/// `reportDone` is called, from any thread, when one is done: how many are by
/// now. An error, which is reported, is of the machinery; that an algorithm is
/// wrong is a result.
mlir::FailureOr<std::vector<LayerCheck>>
verifyLayers(llvm::ArrayRef<const LayerSelection *> layers,
             const VerificationOptions &options,
             llvm::function_ref<void(size_t)> reportDone);

/// Groups layers with the same geometry, epilogue and weights, in the order of
/// their first.
std::vector<std::vector<const LayerSelection *>>
groupEqualLayers(llvm::ArrayRef<LayerSelection> layers);

/// What else is known of the whole network, apart from its layers.
struct NetworkCheck {
  std::string claim;
  /// Empty if it holds.
  std::string problem;
};

struct VerificationReport {
  std::string network, processor;
  uint64_t seed = 1;
  std::vector<LayerCheck> layers;
  std::vector<NetworkCheck> claims;

  size_t countAlgorithms() const;
  size_t countFailures() const;
};

void writeVerificationText(const VerificationReport &report,
                           llvm::raw_ostream &stream);
void writeVerificationJson(const VerificationReport &report,
                           llvm::raw_ostream &stream);

} // namespace toeplitz

#endif
