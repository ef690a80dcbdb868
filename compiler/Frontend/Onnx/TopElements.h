// The positions of the largest elements of lines of numbers.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_TOPELEMENTS_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_TOPELEMENTS_H

#include "compiler/Frontend/Onnx/Emit.h"

namespace toeplitz {

/// For each line of a tensor [lines, size], neither of them 0, the positions of
/// its `count` largest (or smallest) elements, in their order: [lines, count]
/// of int64. Of equal elements the first comes first; NaN is above infinity,
/// and the zeros of both signs are equal.
OnnxValue emitTopPositions(OnnxNode &node, OnnxValue lines, int64_t count,
                           bool isLargest);

} // namespace toeplitz

#endif
