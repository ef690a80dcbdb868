// The kernel of convolutions of small groups, of depthwise ones among them:
// alone, and in front of a pointwise one.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_GROUPEDKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_GROUPEDKERNEL_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/Geometry.h"
#include "compiler/Algorithms/LaneInputs.h"
#include "compiler/Algorithms/TileReduction.h"

namespace toeplitz {

/// What the kernel works on, beside its buffers.
struct GroupedKernel {
  llvm::SmallVector<Dimension> dimensions;
  /// Output positions of a tile.
  int64_t tilePositions = 1;
  /// Those of a depthwise convolution, whose number doesn't matter, by default.
  ChannelGroups groups;
  /// Where the input is a ring of so many rows of one image (the first
  /// dimension): row i lies at place i modulo their number. 0 for an image as
  /// a whole.
  int64_t ringRows = 0;
};

/// As many positions as registers hold beside a row of weights and the vectors
/// that make one of inputs, in rows that are cut evenly.
int64_t chooseGroupedPositions(const Dimension &columns,
                               const ChannelGroups &groups,
                               kernel::TargetAttr target);

/// By how much a row takes longer because the taps of positions at its borders
/// aren't written out: from 1 on.
double getBorderSlowdown(const Dimension &columns, int64_t tilePositions);

/// A vector of results: a block of channels at one output position.
struct GroupedPosition {
  KernelBuilder::Index image, block;
  /// The row of output positions, counted over all dimensions but the last, its
  /// coordinates, and the position in it.
  KernelBuilder::Index row;
  llvm::SmallVector<KernelBuilder::Index> outer;
  KernelBuilder::Index column;
};

/// Writes the loops over a range of rows and blocks of channels; `store` takes
/// each sum, which starts with the bias.
void emitGroupedKernel(
    KernelBuilder &kernel, const GroupedKernel &blueprint,
    const ConvolutionBuffers &buffers, const TaskRange &range,
    llvm::function_ref<void(mlir::Value, const GroupedPosition &)> store);

} // namespace toeplitz

#endif
