// Reductions over sliding windows, of any element type: what cnn.pool doesn't
// say.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_WINDOWREDUCTION_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_WINDOWREDUCTION_H

#include "compiler/Frontend/Onnx/IndexArithmetic.h"
#include "compiler/Frontend/Onnx/WindowAttributes.h"

namespace toeplitz {

/// The largest value of each window, NaN if it has one. `indices`, unless null,
/// becomes the int64 position of it in the whole input in row-major order, or,
/// with `columnMajor`, as if the spatial dimensions were stored the first
/// first; of equal values the one that comes first in the window.
OnnxValue emitWindowMaximum(OnnxNode &node, OnnxValue input,
                            const WindowAttributes &window,
                            llvm::ArrayRef<int64_t> output, OnnxValue *indices,
                            bool columnMajor);

/// A linalg.generic with results of this shape (one for each of `starts`, the
/// values that the reductions begin with), whose last iterators run over the
/// taps of a window and are reductions. The body gets the elements of `starts`.
using WindowBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;
mlir::ValueRange emitWindowReduction(OnnxNode &node, mlir::ValueRange starts,
                                     llvm::ArrayRef<int64_t> kernel,
                                     WindowBody body);

/// Where a tap at this offset from a window's first comes from: window number
/// offset / stride, if that is whole and one of `count`. The position is one
/// that can be read in any case.
struct TransposedPosition {
  mlir::Value position, isInside;
};
TransposedPosition emitTransposedPosition(IndexArithmetic &index,
                                          mlir::Value offset, int64_t stride,
                                          int64_t count);

} // namespace toeplitz

#endif
