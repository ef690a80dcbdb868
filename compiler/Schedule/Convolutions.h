// Convolution layers of a network as the convolutions that kernels compute: one
// for cnn.conv, one for each sub-pixel phase of cnn.conv_transpose.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVOLUTIONS_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVOLUTIONS_H

#include "compiler/Algorithms/Algorithm.h"
#include "dialects/CNN/CNNDialect.h"

#include <vector>

namespace toeplitz {

/// A convolution that computes some of the output positions of a layer.
struct ConvolutionPart {
  Convolution convolution;
  /// Output position o of the part is position o * outputStrides +
  /// outputOffsets of the layer.
  llvm::SmallVector<int64_t, 3> outputStrides, outputOffsets;
  /// Tap j of the part is tap firstTaps + j * tapSteps of the layer's filter.
  llvm::SmallVector<int64_t, 3> firstTaps, tapSteps;
};

/// The parts of a cnn.conv or cnn.conv_transpose. Together they write every
/// output position once; for those of a transposed one see
/// getTransposedPhases.
std::vector<ConvolutionPart> getParts(mlir::Operation *layer);

/// The operation that repeats the opposite borders around the input of a
/// cnn.conv, or null: circular padding, after `expand-padding`.
cnn::PadOp getHalo(mlir::Operation *layer);

/// The filter of a part as outputs x inputs / groups x taps, gathered from the
/// layer's filter.
std::vector<float> gatherFilter(mlir::Operation *layer,
                                const ConvolutionPart &part,
                                llvm::ArrayRef<float> filter);

/// The bias of a cnn.conv or cnn.conv_transpose, or null.
mlir::Value getLayerBias(mlir::Operation *layer);

/// Why an algorithm can't compute a layer, if it can't.
std::optional<std::string> declinesLayer(const AlgorithmChoice &choice,
                                         llvm::ArrayRef<ConvolutionPart> parts,
                                         kernel::TargetAttr target);

/// The name of the attribute that holds a layer's algorithm, with its variant
/// where one was asked for: "winograd:f4".
constexpr llvm::StringLiteral algorithmAttribute = "toeplitz.algorithm";

/// The name of the module's attribute that holds the largest certified rounding
/// error of a layer, where it was asked for: {bound = f64, input_range = f64,
/// layer = "conv1"}.
constexpr llvm::StringLiteral errorBoundAttribute = "toeplitz.error_bound";

} // namespace toeplitz

#endif
