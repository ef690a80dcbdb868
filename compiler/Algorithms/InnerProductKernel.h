// The kernel of convolutions whose lanes are input channels.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_INNERPRODUCTKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_INNERPRODUCTKERNEL_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/Geometry.h"

namespace toeplitz {

/// How such a convolution is divided.
struct InnerProductPlan {
  int64_t batch = 1, inChannels = 1, outChannels = 1, lanes = 1;
  llvm::SmallVector<Dimension> dimensions;
  /// The register tile: output positions of a row x output channels.
  int64_t tilePositions = 1, tileChannels = 1;
  /// See choosePieceColumns.
  int64_t pieceColumns = 0;

  int64_t countTaps() const;
  int64_t countRows() const;
  /// Vectors of input channels.
  int64_t countInputBlocks() const { return (inChannels + lanes - 1) / lanes; }
  /// Tiles of output channels. The last one is computed in full.
  int64_t countChannelTiles() const {
    return (outChannels + tileChannels - 1) / tileChannels;
  }
  /// The packed filter, in floats: channel tile by channel tile, block of input
  /// channels by block, tap by tap, output channel by output channel: a vector
  /// of input channels.
  int64_t getFilterSize() const {
    return countChannelTiles() * tileChannels * countInputBlocks() *
           countTaps() * lanes;
  }
  TaskGrid getTasks(kernel::TargetAttr target) const;
};

/// The division of the operation's convolution.
InnerProductPlan getInnerProductPlan(kernel::ConvOp op);

/// Writes the body of one task.
void emitInnerProduct(kernel::ConvOp op, KernelBuilder &kernel);

} // namespace toeplitz

#endif
