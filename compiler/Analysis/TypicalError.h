// The typical rounding error of a network's outputs.
//
// Moments of the values, then of small errors in them, are propagated through
// the network as in the mean field theory of deep networks: each value has a
// mean and a variance in each channel, each error two variances (of what all
// positions of a channel have in common, and of the rest), all of them
// independent. What a layer's rounding adds to the errors of its result, the
// layers behind it pass on as a linear map of the variances, so one pass
// backward, by the adjoint of this map, tells what each layer contributes to
// the outputs. Sources: Poole et al., Exponential Expressivity in Deep Neural
// Networks through Transient Chaos (arXiv:1606.05340); Schoenholz et al., Deep
// Information Propagation (arXiv:1611.01232), for the growth of small
// differences with depth; Yang et al., A Mean Field Theory of Batch
// Normalization (arXiv:1902.08129).
//
// It is an estimate and no bound: see docs/verification.md for what it assumes
// and how it compared with measured errors.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_TYPICALERROR_H
#define TOEPLITZ_COMPILER_ANALYSIS_TYPICALERROR_H

#include "compiler/Analysis/ErrorRules.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"

namespace toeplitz {

/// What a convolution layer contributes to the square of the outputs' largest
/// error, relative to the largest output, for each unit of its algorithm's
/// squared relative error.
struct ErrorContribution {
  /// Of an algorithm that rounds each result for itself.
  double ofResults = 0;
  /// What is to be added, or taken away, for one that rounds the weights as
  /// much as anything else: a part of its errors is the same at all positions.
  double ofWeights = 0;

  double get(bool roundsWeights) const {
    return ofResults + (roundsWeights ? ofWeights : 0);
  }
};

class TypicalErrors {
public:
  /// The network's floating-point inputs have mean 0 and `inputVariance`.
  TypicalErrors(mlir::ModuleOp module, double inputVariance);

  /// Contributions add up. Not finite where the network's values aren't.
  ErrorContribution getContribution(mlir::Operation *layer) const;

  /// The moments of a value, and how much the variance of an error in each
  /// entry counts; the latter empty where it doesn't reach an output. For
  /// tests and the curious.
  const ChannelMoments &getMoments(mlir::Value value);
  llvm::ArrayRef<ErrorParts> getSensitivities(mlir::Value value) const;

private:
  void visitForward(mlir::Operation *op);
  void visitOutputs(mlir::Operation *terminator);
  void visitOutput(mlir::Value output);
  void visitBackward(mlir::Operation *op);
  void addSensitivities(mlir::Value value, llvm::ArrayRef<ErrorParts> added);
  void followPaths(mlir::Value result, const ErrorRule &rule);

  double inputVariance;
  llvm::DenseMap<mlir::Value, ChannelMoments> moments;
  /// Of operations other than convolutions.
  llvm::DenseMap<mlir::Value, ErrorRule> rules;
  /// Of convolutions: the sums of the mean squares of their products.
  llvm::DenseMap<mlir::Operation *, std::vector<ErrorParts>> productSquares;
  llvm::DenseMap<mlir::Value, std::vector<ErrorParts>> sensitivities;
  llvm::DenseMap<mlir::Operation *, ErrorContribution> contributions;
};

} // namespace toeplitz

#endif
