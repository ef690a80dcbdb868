// Reductions of tensors: sums, means, whatever two elements become one by.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_REDUCTION_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_REDUCTION_H

#include "compiler/Frontend/Onnx/Emit.h"

namespace toeplitz {

/// Takes an element of the input and what there is so far together.
using ReductionBody = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &, mlir::Location, mlir::Value element, mlir::Value sofar)>;

/// The shape without the dimensions, or with 1 in their place.
llvm::SmallVector<int64_t> reduceShape(llvm::ArrayRef<int64_t> shape,
                                       llvm::ArrayRef<int64_t> dimensions,
                                       bool keepDimensions);

/// Reduces the dimensions. The result, of element type `type`, begins as the
/// scalar `initial`, which is what a reduction of no elements gives.
OnnxValue emitReduction(OnnxNode &node, OnnxValue input,
                        llvm::ArrayRef<int64_t> dimensions, bool keepDimensions,
                        ElementType type, mlir::Value initial,
                        ReductionBody body);

/// The sum over the dimensions, in the input's type.
OnnxValue emitSum(OnnxNode &node, OnnxValue input,
                  llvm::ArrayRef<int64_t> dimensions, bool keepDimensions);
/// The mean, of a floating-point type; NaN if there is nothing to sum. f32
/// over all spatial dimensions becomes a global pool.
OnnxValue emitMean(OnnxNode &node, OnnxValue input,
                   llvm::ArrayRef<int64_t> dimensions, bool keepDimensions);
/// The largest element.
OnnxValue emitLargestOf(OnnxNode &node, OnnxValue input,
                        llvm::ArrayRef<int64_t> dimensions,
                        bool keepDimensions);

/// A tensor whose elements are all the scalar.
mlir::Value emitFilled(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                       mlir::Value scalar);

/// The value as a constant, if it depends on nothing but constants: what some
/// operations want (filters), but only a part of a node gives.
OnnxValue foldValue(OnnxNode &node, OnnxValue value);

} // namespace toeplitz

#endif
