// What normalisations are written out with:
//
//   y = (x - mean) / sqrt(variance + epsilon) * scale + bias

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_STANDARDIZATION_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_STANDARDIZATION_H

#include "compiler/Frontend/Onnx/Reduction.h"

namespace toeplitz {

/// The type that numbers of a type are computed in.
ElementType getComputeType(ElementType type);
/// An input of the node, converted.
OnnxValue getInputAs(OnnxNode &node, size_t index, ElementType type);
/// An attribute's number as operations of the cnn dialect take it.
llvm::APFloat toFloat(double number);

/// x^2
OnnxValue emitSquare(OnnxNode &node, OnnxValue value);
/// x - mean, which repeats to x.
OnnxValue emitCentered(OnnxNode &node, OnnxValue input, OnnxValue mean);
/// 1 / sqrt(variance + epsilon)
OnnxValue emitInverseDeviation(OnnxNode &node, OnnxValue variance,
                               double epsilon);
/// value * scale + bias, where both repeat to the value; the bias may be null.
OnnxValue emitAffine(OnnxNode &node, OnnxValue value, OnnxValue scale,
                     OnnxValue bias);
/// a * b, which repeats to a.
OnnxValue emitProduct(OnnxNode &node, OnnxValue a, OnnxValue b);

/// A tensor with a mean of 0 and a variance of 1 over some dimensions, and what
/// that took.
struct Standardized {
  OnnxValue value, mean, inverseDeviation;
};

Standardized emitStandardized(OnnxNode &node, OnnxValue input,
                              llvm::ArrayRef<int64_t> dimensions,
                              double epsilon);

} // namespace toeplitz

#endif
