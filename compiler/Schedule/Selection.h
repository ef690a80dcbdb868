// The ranking of the algorithms for each convolution layer: what selection
// chooses by, what `toeplitz explain` shows, what verification and tuning go
// through.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_SELECTION_H
#define TOEPLITZ_COMPILER_SCHEDULE_SELECTION_H

#include "compiler/Analysis/TypicalError.h"
#include "compiler/Schedule/Convolutions.h"
#include "compiler/Schedule/TunedTimes.h"

#include "mlir/IR/BuiltinOps.h"

namespace toeplitz {

/// One way to compute a layer, or why it isn't one.
struct Candidate {
  /// With its variant, where the algorithm has more than one way. A layer of
  /// several parts may have a choice without variant: the cheapest for each
  /// part.
  AlgorithmChoice choice;
  /// Why it declines the layer, the end of a sentence; nothing else is then
  /// known.
  std::optional<std::string> refusal;
  /// Over all parts of the layer.
  ConvolutionCost cost;
  /// The certified absolute rounding error of a result, where bounds were asked
  /// for; infinite where it isn't known.
  std::optional<double> errorBound;
  /// The typical error relative to the root of the sum of squared products, as
  /// Algorithm::estimateTypicalError: the root of the mean square over all
  /// parts.
  double typicalError = 0;
  /// Whether `errorBound` is above what the user allows.
  bool isTooInexact = false;
  /// What `--tune` has measured.
  std::optional<double> microseconds;

  bool isAllowed() const { return !refusal && !isTooInexact; }
};

enum class SelectionReason {
  /// The fewest estimated cycles.
  Estimated,
  /// The least measured time.
  Measured,
  /// --algorithm, for all layers or for this one.
  Forced,
  ForcedForLayer,
  /// The network's typical error would have been above its limit.
  TypicalError,
};

/// Users are told that without options the largest error of an output is below
/// 1e-4 of the largest output, for networks that single precision doesn't bring
/// near it already. For single inputs estimates may be 1.6 times too low
/// (GoogLeNet, DenseNet), and more in some networks whose errors are far below
/// (docs/verification.md).
constexpr double usualTypicalError = 6e-5;

/// One layer's candidates and the choice among them.
struct LayerSelection {
  /// A cnn.conv or cnn.conv_transpose.
  mlir::Operation *layer;
  /// Its name in the network, or "" without one.
  std::string name;
  std::vector<ConvolutionPart> parts;
  /// No input of the layer is larger; infinite where it isn't known, 0 where
  /// nobody asked.
  double inputBound = 0;
  /// TypicalErrors::getContribution; 0 where nobody asked.
  ErrorContribution errorContribution;
  /// Best first; then those that are too inexact; then, in the order of the
  /// table, those that decline.
  std::vector<Candidate> candidates;
  /// The place of the choice in `candidates`.
  size_t chosen = 0;
  SelectionReason reason = SelectionReason::Estimated;

  const Candidate &getChosen() const { return candidates[chosen]; }
  /// The multiply-adds of the layer's formula.
  double getMultiplyAdds() const;
};

/// What the user may say about the selection.
struct SelectionRules {
  /// An algorithm, perhaps with its variant, for every layer that it can
  /// compute; empty for none.
  std::string algorithm;
  /// The same for single layers, as LAYER=NAME. These come first.
  std::vector<std::string> layers;
  /// The largest certified error of a layer; nothing for any.
  std::optional<double> maxError;
  /// Whether only algorithms are allowed that round as a sum of products does.
  bool precise = false;
  /// The limit of the network's typical error; infinite for none.
  double typicalError = usualTypicalError;
  /// The largest absolute value of the network's inputs. Without one it is 1
  /// for bounds, and for typical errors the inputs have mean 0 and variance 1
  /// or 1/3, whichever makes larger ones.
  std::optional<double> inputRange;
  /// The range that error bounds are certified for.
  double getCertifiedRange() const { return inputRange.value_or(1); }
  /// Whether the error bounds of all candidates and the contributions to the
  /// typical error are to be computed, even if nothing depends on them.
  bool withBounds = false;
  /// Measured times, and the LLVM name of the processor that they are looked up
  /// for. May be null.
  const TunedTimes *tuned = nullptr;
  std::string cpu;
};

/// Every way to compute a layer: each variant of each algorithm, and those that
/// decline. In the order of the table.
std::vector<Candidate> listCandidates(llvm::ArrayRef<ConvolutionPart> parts,
                                      kernel::TargetAttr target);

/// Chooses for every convolution of a simplified network, in their order. Emits
/// an error for a rule that can't be followed.
mlir::FailureOr<std::vector<LayerSelection>>
selectAlgorithms(mlir::ModuleOp module, const SelectionRules &rules);

} // namespace toeplitz

#endif
