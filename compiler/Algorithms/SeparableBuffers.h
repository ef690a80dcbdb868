// The buffers of operations that are a depthwise convolution with the pointwise
// ones around it: those of the operands, and views of the memory of a task.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_SEPARABLEBUFFERS_H
#define TOEPLITZ_COMPILER_ALGORITHMS_SEPARABLEBUFFERS_H

#include "compiler/Algorithms/ConvolutionBuffers.h"

namespace toeplitz {

/// Those of each convolution; what the operation lacks is null.
struct SeparableBuffers {
  ConvolutionBuffers expansion, depthwise, projection;
  /// What comes behind the destination: scratch and prepared memory.
  mlir::Value scratch, prepared;
};

/// `op` has the operands of kernel.separable_conv or kernel.inverted_residual.
template <typename Op>
SeparableBuffers getSeparableBuffers(Op op, const KernelBuilder &kernel) {
  SeparableBuffers buffers;
  auto next = kernel.buffers.begin();
  buffers.expansion.input = buffers.depthwise.input = *next++;
  if (op.getExpansionFilter())
    buffers.expansion.filter = *next++;
  if (op.getExpansionBias())
    buffers.expansion.bias = *next++;
  buffers.depthwise.filter = *next++;
  if (op.getDepthwiseBias())
    buffers.depthwise.bias = *next++;
  if (op.getFilter())
    buffers.projection.filter = *next++;
  if (op.getBias())
    buffers.projection.bias = *next++;
  if (op.getResidual())
    buffers.projection.residual = *next++;
  buffers.projection.output = *next++;
  for (mlir::Value *memory : {&buffers.scratch, &buffers.prepared})
    if (next != kernel.buffers.end())
      *memory = *next++;
  return buffers;
}

/// A part of the task's row of `scratch` (rows x floats), from float `offset`
/// on.
mlir::Value viewScratch(KernelBuilder &kernel, mlir::Value scratch,
                        int64_t offset, llvm::ArrayRef<int64_t> shape,
                        llvm::ArrayRef<int64_t> strides);

} // namespace toeplitz

#endif
