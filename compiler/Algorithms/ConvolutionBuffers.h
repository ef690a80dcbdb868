// The buffers of a convolution's kernel: which ones it has, how a vector of the
// result is finished, and how their positions are folded.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_CONVOLUTIONBUFFERS_H
#define TOEPLITZ_COMPILER_ALGORITHMS_CONVOLUTIONBUFFERS_H

#include "compiler/Algorithms/Geometry.h"
#include "compiler/Lowering/KernelBuilder.h"
#include "dialects/Kernel/KernelDialect.h"

namespace toeplitz {

/// The buffers of a kernel function; those that the operation may lack are null
/// where it does.
struct ConvolutionBuffers {
  mlir::Value input, filter, bias, residual, structure, inputScale, inputShift,
      output, unpooled, scratch, prepared;
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

/// Bias, residual, activation and store of one element of a plain result
/// N x C x I x 1: output position `position` of `dimensions` in an image.
void finishElement(KernelBuilder &kernel, const ConvolutionBuffers &buffers,
                   kernel::ActivationAttr activation, mlir::Value sum,
                   KernelBuilder::Index image, KernelBuilder::Index channel,
                   llvm::ArrayRef<Dimension> dimensions,
                   llvm::ArrayRef<KernelBuilder::Index> position);

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

/// The buffers of an operation with positions, each folded as one of the above:
/// images as positions where it has no spatial dimension.
void foldPositions(KernelBuilder &kernel, kernel::ConvOp op,
                   ConvolutionBuffers &buffers, int64_t rows, int64_t columns);

} // namespace toeplitz

#endif
