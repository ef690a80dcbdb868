// What the operators that convolve have in common.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_CONVOLUTION_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_CONVOLUTION_H

#include "compiler/Frontend/Onnx/WindowAttributes.h"

namespace toeplitz {

/// Checks that input 0, N x C and one to three spatial dimensions, and the
/// filter, an input of the same rank, aren't empty but for the batch and the
/// filter's first dimension, and that the groups divide C.
llvm::LogicalResult checkConvolutionShapes(OnnxNode &node, size_t filter,
                                           int64_t groups);
/// The same for a filter of F x C/G and the kernel's size.
llvm::LogicalResult checkConvolutionFilter(OnnxNode &node, size_t filter,
                                           int64_t groups);
/// Checks that an input, if it's there, has one number for each channel.
llvm::LogicalResult checkBias(OnnxNode &node, size_t index, int64_t channels);

/// The operands of a convolution in the type that it is computed in. The bias,
/// one number for each output channel, may be null.
struct ConvolutionOperands {
  OnnxValue input, filter, bias;
};

/// Inputs 0, 1 and, if it's there, `bias` in float32; the filter as a constant
/// if it is known.
ConvolutionOperands getConvolutionOperands(OnnxNode &node, size_t bias);

/// The convolution of float32 with these paddings, which aren't negative: by
/// cnn.conv if the filter is known when compiling, as that wants.
llvm::FailureOr<OnnxValue> emitConvolution(OnnxNode &node,
                                           const ConvolutionOperands &operands,
                                           const WindowAttributes &window,
                                           int64_t groups);

/// The convolution without a bias, for any element type and any filter.
llvm::FailureOr<OnnxValue>
emitGeneralConvolution(OnnxNode &node, OnnxValue input, OnnxValue filter,
                       const WindowAttributes &window, int64_t groups);

/// The same for the transposed convolution with a result of these spatial
/// sizes, whose paddings low may be negative; those high don't matter.
OnnxValue emitGeneralTransposed(OnnxNode &node, OnnxValue input,
                                OnnxValue filter,
                                const WindowAttributes &window, int64_t groups,
                                llvm::ArrayRef<int64_t> output);

/// Adds the bias, if there is one, to float32 values of N x C x I.
OnnxValue emitBias(OnnxNode &node, OnnxValue value, OnnxValue bias);

} // namespace toeplitz

#endif
