// Determinants of square matrices.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_DETERMINANT_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_DETERMINANT_H

#include "compiler/Frontend/Onnx/Emit.h"

namespace toeplitz {

/// The determinant of each matrix of a tensor [..., M, M] of f32 or f64.
OnnxValue emitDeterminant(OnnxNode &node, OnnxValue matrices);

} // namespace toeplitz

#endif
