// Keeping the typical rounding error of a network's outputs below a limit.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_TYPICALERRORLIMIT_H
#define TOEPLITZ_COMPILER_SCHEDULE_TYPICALERRORLIMIT_H

#include "compiler/Schedule/Selection.h"

namespace toeplitz {

/// What the chosen algorithm of a layer contributes to the square of the
/// network's typical error.
double getErrorShare(const LayerSelection &layer);

/// The typical largest error of the network's outputs with the chosen
/// algorithms, relative to the largest output.
double estimateTypicalError(llvm::ArrayRef<LayerSelection> layers);

/// While the estimate is above `limit`, gives another algorithm to the layer
/// that takes most of the error away for a cycle more. Where no choice reaches
/// the limit, until the estimate is within a seventh of the least. Layers whose
/// algorithm the user has chosen stay, and all do where the estimate isn't
/// known.
void limitTypicalError(llvm::MutableArrayRef<LayerSelection> layers,
                       double limit);

} // namespace toeplitz

#endif
