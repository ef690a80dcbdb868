// The kernel of depthwise convolutions, alone and in front of a pointwise one.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_DEPTHWISEKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_DEPTHWISEKERNEL_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/Geometry.h"
#include "compiler/Algorithms/TileReduction.h"

namespace toeplitz {

/// What the kernel works on, beside its buffers.
struct DepthwiseKernel {
  llvm::SmallVector<Dimension> dimensions;
  /// Output positions of a tile.
  int64_t tilePositions = 1;
};

/// As many positions as registers hold beside a row of weights and one input
/// vector, in rows that are cut evenly.
int64_t chooseDepthwisePositions(const Dimension &columns,
                                 kernel::TargetAttr target);

/// A vector of results: a block of channels at one output position.
struct DepthwisePosition {
  KernelBuilder::Index image, block;
  /// The row of output positions, counted over all dimensions but the last, its
  /// coordinates, and the position in it.
  KernelBuilder::Index row;
  llvm::SmallVector<KernelBuilder::Index> outer;
  KernelBuilder::Index column;
};

/// Writes the loops over a range of rows and blocks of channels; `store` takes
/// each sum, which starts with the bias.
void emitDepthwiseKernel(
    KernelBuilder &kernel, const DepthwiseKernel &blueprint,
    const ConvolutionBuffers &buffers, const TaskRange &range,
    llvm::function_ref<void(mlir::Value, const DepthwisePosition &)> store);

} // namespace toeplitz

#endif
