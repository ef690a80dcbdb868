// Sums of products over common dimensions: matrix products and what Einsum
// writes.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_CONTRACTION_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_CONTRACTION_H

#include "compiler/Frontend/Onnx/Emit.h"

namespace toeplitz {

/// A tensor, and for each of its dimensions a number that stands for an index:
/// "i, k". Dimensions of size 1 repeat where others with the index are larger.
struct ContractionOperand {
  OnnxValue value;
  llvm::SmallVector<int64_t> indices;
};

/// For each position of the result's indices, the sum over all other indices
/// of what `product` makes of the operands' elements, in element type `type`.
/// Fails, with an error, if sizes of an index differ.
llvm::FailureOr<OnnxValue>
emitContraction(OnnxNode &node, llvm::ArrayRef<ContractionOperand> operands,
                llvm::ArrayRef<int64_t> resultIndices, ElementType type,
                ElementBody product);
/// The same with the product of elements that are of the type themselves.
llvm::FailureOr<OnnxValue>
emitContraction(OnnxNode &node, llvm::ArrayRef<ContractionOperand> operands,
                llvm::ArrayRef<int64_t> resultIndices, ElementType type);

/// The indices of numpy's matmul of two tensors, by their ranks.
struct MatrixIndices {
  llvm::SmallVector<int64_t> left, right, result;
};
MatrixIndices getMatrixIndices(int64_t leftRank, int64_t rightRank);

/// Whether a product with the matrix `right` can be a dense layer: f32 matrices
/// that are not empty, the right one known.
bool isDense(OnnxValue left, OnnxValue right);
/// left [M, K] times a constant right [K, N], or [N, K] if it's `transposed`,
/// as a dense layer: the fast kernels. `scale` multiplies the product; the
/// bias is a constant of shape N, or null.
llvm::FailureOr<OnnxValue> emitDense(OnnxNode &node, OnnxValue left,
                                     OnnxValue right, bool transposed,
                                     double scale = 1,
                                     mlir::Value bias = nullptr);

} // namespace toeplitz

#endif
