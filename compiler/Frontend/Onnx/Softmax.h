// Normalised exponentials.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_SOFTMAX_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_SOFTMAX_H

#include "compiler/Frontend/Onnx/Reduction.h"

namespace toeplitz {

/// exp(x - max) / sum(exp(x - max)) along a dimension, or its logarithm, of f32
/// or f64.
OnnxValue emitSoftmax(OnnxNode &node, OnnxValue input, int64_t axis,
                      bool isLogarithm);

} // namespace toeplitz

#endif
