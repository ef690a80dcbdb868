// Under which shifts of its input along an axis a network's outputs shift: the
// exact subgroup of shifts, the positions for which it holds, and the layers
// that make it smaller or end it. ShiftState.h has the theory.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_EQUIVARIANCE_H
#define TOEPLITZ_COMPILER_ANALYSIS_EQUIVARIANCE_H

#include "compiler/Analysis/ShiftState.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace toeplitz {

/// What is known of one value when the input is shifted.
struct ShiftFacts {
  ShiftState::Kind kind = ShiftState::Fixed;
  /// For each shift of the input by this many positions …
  int64_t inputStep = 1;
  /// … the value shifts by that many, along this dimension of that size.
  int64_t outputStep = 1;
  int64_t dimension = 0;
  int64_t rank = 0;
  int64_t size = 0;
  /// The positions that no border spoils, as far as they are contiguous.
  PositionRange positions;
  /// Whether it shifts cyclically, all positions, when the input does.
  bool isCyclic = false;
  /// Whether contents have to enter the input from the opposite end (the input
  /// is rolled). Otherwise anything may enter.
  bool wraps = false;
  /// With `wraps`: positions that far apart are the same one.
  int64_t period = 0;
  /// Whether the same additions are made in the same order at all positions,
  /// unless the algorithm of a convolution makes them otherwise.
  bool roundsAlike = true;
  /// Where it holds only for inputs that are zero outside of this range of
  /// their axis, before and after the shift.
  std::optional<PositionRange> contents;
  /// The positions of the input that one position depends on, at most.
  int64_t receptiveField = 0;
  /// The layer that ended it, and why.
  std::string culprit;
  std::string reason;
};

struct LayerShift {
  std::string layer;
  std::string operation;
  ShiftFacts facts;
};

/// A claim about one output: with x'[j] = x[j - t] along the axis, for every
/// multiple t of `inputStep`, and S = inputStep / outputStep,
///   y'[i] = y[i - t / S]   for all i in `positions` with i - t / S in it too,
/// along dimension `facts.dimension` of the output; or y' = y if it is
/// Invariant or Fixed.
struct EquivarianceClaim {
  size_t output = 0;
  std::string name;
  ShiftFacts facts;
};

/// One spatial axis: the inputs that have it, all with the same size, are
/// shifted together.
struct AxisEquivariance {
  int64_t dimension = 0;
  int64_t size = 0;
  llvm::SmallVector<size_t> inputs;
  std::vector<LayerShift> layers;
  std::vector<EquivarianceClaim> outputs;
};

struct EquivarianceClaims {
  std::vector<std::string> inputNames;
  std::vector<AxisEquivariance> axes;
};

/// Analyses `main`, a network as written (the cnn stage): the dimensions from 2
/// on of all inputs that have at least two positions there.
EquivarianceClaims analyzeEquivariance(mlir::func::FuncOp main);

/// "equivariant: for the input shifted by any multiple t of 2, output[:, :, i]
/// becomes output[:, :, i - t/2] for …".
std::string describeClaim(const EquivarianceClaim &claim);

/// The claims for people, `withLayers` with a table of all layers.
void printEquivariance(const EquivarianceClaims &claims,
                       llvm::raw_ostream &stream, bool withLayers = true);
/// The same as the attribute "axes" of the JSON object that is being written.
void printEquivarianceJson(const EquivarianceClaims &claims,
                           llvm::json::OStream &json);

} // namespace toeplitz

#endif
