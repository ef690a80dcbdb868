// Measuring the algorithms of each layer on this machine: `--tune`.

#ifndef TOEPLITZ_COMPILER_VERIFICATION_TUNING_H
#define TOEPLITZ_COMPILER_VERIFICATION_TUNING_H

#include "compiler/Analysis/TargetDescription.h"
#include "compiler/Schedule/Selection.h"

namespace toeplitz {

/// Why this machine can't stand for `target`: it is another processor. Nothing
/// if it can.
std::optional<std::string> whyNotTunable(const TargetDescription &target);

/// Measures every allowed candidate of each distinct layer (by its TuningKey)
/// that `times` doesn't know yet, and adds what it finds there. The layer is
/// computed in one thread, alone, with its epilogue, from and to blocked
/// buffers as in the middle of a network. `report` hears of each layer: its
/// number from 1, and how many there are. Errors of the machinery are reported.
mlir::LogicalResult tuneLayers(llvm::ArrayRef<LayerSelection> layers,
                               const TargetDescription &target,
                               TunedTimes &times,
                               llvm::function_ref<void(size_t, size_t)> report);

/// Gives the candidates the times that `times` knows.
void attachTimes(std::vector<LayerSelection> &layers,
                 const TargetDescription &target, const TunedTimes &times);

} // namespace toeplitz

#endif
