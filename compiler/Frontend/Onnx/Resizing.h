// Resizing a tensor by tables that are known when compiling.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_RESIZING_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_RESIZING_H

#include "compiler/Frontend/Onnx/OnnxNode.h"
#include "compiler/Frontend/Onnx/ResizeTables.h"

namespace toeplitz {

/// What a node asks for: a rule, and each dimension of its input.
struct ResizePlan {
  ResizeRule rule;
  llvm::SmallVector<ResizeDimension> dimensions;
  double extrapolationValue = 0;

  llvm::SmallVector<int64_t> getShape() const {
    llvm::SmallVector<int64_t> shape;
    for (const ResizeDimension &dimension : dimensions)
      shape.push_back(dimension.output);
    return shape;
  }
};

/// Resizes the node's first input. Reports results beyond the limits, and those
/// that have nothing to be made of.
llvm::LogicalResult emitResize(OnnxNode &node, const ResizePlan &plan);

} // namespace toeplitz

#endif
