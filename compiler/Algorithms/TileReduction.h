// The innermost loops of direct, pointwise and im2col convolutions and of
// Winograd's products: a register tile of sums over channels.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_TILEREDUCTION_H
#define TOEPLITZ_COMPILER_ALGORITHMS_TILEREDUCTION_H

#include "compiler/Algorithms/Geometry.h"

#include <optional>

namespace toeplitz {

/// Vectors of output channels side by side, for several output positions:
/// positions x vectors values.
using Accumulators = llvm::SmallVector<mlir::Value>;

/// The start of a tile's sums: the bias of each vector (or zero) for every
/// position. `vectorIndex` counts vectors over all groups.
Accumulators startAccumulators(KernelBuilder &kernel, mlir::Value bias,
                               KernelBuilder::Index vectorIndex,
                               int64_t positions, int64_t vectors);

/// Loops over the taps of all dimensions but the last that reach the input from
/// the output positions `outer`: `body` takes the number of the tap among them,
/// the input's position in each of these dimensions, and the sums so far.
Accumulators forOuterTaps(
    KernelBuilder &kernel, llvm::ArrayRef<Dimension> dimensions,
    llvm::ArrayRef<KernelBuilder::Index> outer, Accumulators sums,
    llvm::function_ref<Accumulators(KernelBuilder::Index,
                                    llvm::ArrayRef<KernelBuilder::Index>,
                                    Accumulators)>
        body);

/// Where an element of the input lies.
struct InputPlace {
  mlir::Value buffer;
  llvm::SmallVector<KernelBuilder::Index> indices;
};

/// How many steps of `channels` neighbouring channels an iteration has.
int64_t countSteps(int64_t channels, kernel::TargetAttr target);

/// The steps of `channels` neighbouring channels, whose rows of the packed
/// filter begin at `filterStart`. `input(channel, t)` is where position t reads
/// a channel, nothing if that is in the padding; the channels of one position
/// follow each other. `prefetch(channel, step, steps)`, if there is one, is
/// called at each step of an iteration that begins with `channel`.
Accumulators reduceChannels(
    KernelBuilder &kernel, mlir::ValueRange accumulators, mlir::Value filter,
    KernelBuilder::Index filterStart, int64_t channels, int64_t vectors,
    llvm::function_ref<std::optional<InputPlace>(KernelBuilder::Index, int64_t)>
        input,
    llvm::function_ref<void(KernelBuilder::Index, int64_t, int64_t)> prefetch =
        nullptr);

} // namespace toeplitz

#endif
