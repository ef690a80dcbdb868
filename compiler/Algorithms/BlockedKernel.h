// The kernel that direct and pointwise convolutions share: a register tile of
// output positions by vectors of output channels.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_BLOCKEDKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_BLOCKEDKERNEL_H

#include "compiler/Algorithms/Geometry.h"
#include "compiler/Algorithms/TileReduction.h"

namespace toeplitz {

/// What the kernel works on. Buffers have the shape batch x channel blocks x
/// dimensions x block.
struct BlockedKernel {
  int64_t batch = 1;
  int64_t groups = 1;
  /// Channels of one group.
  int64_t inChannels = 1;
  int64_t outChannels = 1;
  /// Channels that lie together in the input.
  int64_t inputBlock = 1;
  int64_t tilePositions = 1;
  int64_t tileVectors = 1;
  llvm::SmallVector<Dimension> dimensions;
  /// Channels that are summed up in a round; the rounds add to sums in the
  /// output. 0 for all of them in one. Several rounds are for one group and
  /// whole blocks of channels.
  int64_t roundChannels = 0;
  /// Whether the buffers have no spatial dimension: the only position of
  /// `dimensions` is then not an index.
  bool withoutPositions = false;
  kernel::ActivationAttr activation;

  int64_t getLanes(kernel::TargetAttr target) const {
    return target.getLanes();
  }
  int64_t countGroupVectors(int64_t lanes) const {
    return (outChannels + lanes - 1) / lanes;
  }
  int64_t countGroupBlocks(int64_t lanes) const {
    return (countGroupVectors(lanes) + tileVectors - 1) / tileVectors;
  }
  int64_t getRoundChannels() const {
    return roundChannels ? roundChannels : inChannels;
  }
  int64_t countRounds() const {
    return (inChannels + getRoundChannels() - 1) / getRoundChannels();
  }
  int64_t countTaps() const;
  int64_t countRows() const;
  TaskGrid getTasks(kernel::TargetAttr target) const;
};

/// The kernel of `op` as the network has it.
BlockedKernel getBlockedKernel(kernel::ConvOp op);

/// The buffers of a kernel function; those that the operation may lack are null
/// where it does.
struct ConvolutionBuffers {
  mlir::Value input, filter, bias, residual, structure, output, scratch,
      prepared;
};
ConvolutionBuffers getBuffers(kernel::ConvOp op, const KernelBuilder &kernel);

/// KernelLowering::countSlots of an operation that has scratch memory: its
/// rows.
template <typename Op> int64_t countScratchRows(mlir::Operation *op) {
  mlir::Value scratch = llvm::cast<Op>(op).getScratch();
  return scratch ? llvm::cast<mlir::ShapedType>(scratch.getType()).getDimSize(0)
                 : 0;
}

/// Residual, activation and store of one vector at `indices` of the output.
void finishVector(KernelBuilder &kernel, const ConvolutionBuffers &buffers,
                  kernel::ActivationAttr activation, mlir::Value sum,
                  llvm::ArrayRef<KernelBuilder::Index> indices);

/// Writes the loops over a range of rows and blocks of output channels.
void emitBlockedKernel(KernelBuilder &kernel, const BlockedKernel &blueprint,
                       const ConvolutionBuffers &buffers,
                       const TaskRange &range);

/// Writes the body of one task.
void emitBlockedKernel(KernelBuilder &kernel, const BlockedKernel &blueprint,
                       const ConvolutionBuffers &buffers);

/// Whether the positions of a buffer follow each other at one distance, also
/// from row to row. They do in a part of a concatenation along the channels;
/// those of a phase of an image (every second row and column, say) don't.
bool canFoldPositions(mlir::MemRefType type);

/// Whether those of all buffers of an operation do; they may still be tensors.
bool canFoldPositions(kernel::ConvOp op);

/// N x B x I x V as N x B x rows x columns x V, where canFoldPositions.
mlir::Value foldPositions(KernelBuilder &kernel, mlir::Value buffer,
                          int64_t rows, int64_t columns);

/// N x B x V as 1 x B x N x V: the same elements, with the images as positions.
mlir::Value foldBatch(KernelBuilder &kernel, mlir::Value buffer);

} // namespace toeplitz

#endif
