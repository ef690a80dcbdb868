// Padding and cropping tensors of any type.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_PADDING_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_PADDING_H

#include "compiler/Frontend/Onnx/OnnxNode.h"
#include "dialects/CNN/CNNDialect.h"

namespace toeplitz {

/// Takes `low` positions from the beginning and `high` from the end of each
/// dimension; at least none, and at most all of them.
OnnxValue emitCrop(OnnxNode &node, OnnxValue value, llvm::ArrayRef<int64_t> low,
                   llvm::ArrayRef<int64_t> high);

/// Extends each dimension by `low` positions before and `high` after it: at
/// least none. They are `fill`, a scalar of the element type, in mode `zeros`;
/// the other modes read from the tensor, however long the padding is, and need
/// an element to read.
OnnxValue emitPad(OnnxNode &node, OnnxValue value, llvm::ArrayRef<int64_t> low,
                  llvm::ArrayRef<int64_t> high, cnn::PaddingMode mode,
                  mlir::Value fill = {});

} // namespace toeplitz

#endif
