// One convolution layer of a network, taken out of it: its parameters and
// weights, apart from any module, and the modules that are made of it.

#ifndef TOEPLITZ_COMPILER_VERIFICATION_CONVOLUTIONLAYER_H
#define TOEPLITZ_COMPILER_VERIFICATION_CONVOLUTIONLAYER_H

#include "compiler/Schedule/Selection.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/IR/OwningOpRef.h"

namespace toeplitz {

struct LayerActivation {
  cnn::ActivationKind kind;
  float alpha, beta;
};

/// A cnn.conv with padding by zeros or a cnn.conv_transpose, with what its
/// kernel does beside the sums. Arrays have one element for each spatial
/// dimension, but for the shapes.
struct ConvolutionLayer {
  std::string name;
  bool isTransposed = false;
  /// Whether the input (without halo) is one of the network's, which comes in
  /// plain layout.
  bool inputIsPlain = false;
  llvm::SmallVector<int64_t> inputShape, filterShape, strides, dilations,
      paddingLow, paddingHigh, outputPadding;
  /// The circular padding around the input (`inputShape` is without it), before
  /// the padding by zeros; empty for none.
  llvm::SmallVector<int64_t> haloLow, haloHigh;
  int64_t groups = 1;
  std::vector<float> filter;
  /// Empty for none.
  std::vector<float> bias;
  bool hasResidual = false;
  std::optional<LayerActivation> activation;

  double getMultiplyAdds() const;
};

/// Nothing when the weights aren't constants.
std::optional<ConvolutionLayer> extractLayer(mlir::Operation *layer);

/// Makes the layer small enough for the naive evaluator, keeping its weights,
/// its borders and every remainder of tiles: rows are left out in multiples
/// of all usual tile sizes, the innermost dimension last. Returns what was
/// done, "input 64x224x224 reduced to 64x32x224", or nothing.
std::optional<std::string> reduceLayer(ConvolutionLayer &layer,
                                       double maximumMultiplyAdds);

/// The layer as the operations of the cnn dialect: the convolution, and behind
/// it the residual addition and the activation where there are any.
mlir::Operation *buildLayer(mlir::OpBuilder &builder,
                            const ConvolutionLayer &layer, mlir::Value input,
                            mlir::Value residual, mlir::Value filter,
                            mlir::Value bias);

/// A constant with these values.
mlir::Value buildConstant(mlir::OpBuilder &builder,
                          llvm::ArrayRef<int64_t> shape,
                          llvm::ArrayRef<float> values, llvm::StringRef name);

/// A module whose @main is the layer: the inputs are the layer's and, where
/// there is one, the residual.
mlir::OwningOpRef<mlir::ModuleOp>
buildReferenceModule(mlir::MLIRContext &context, const ConvolutionLayer &layer);

/// A layer with a choice of algorithm.
struct LayerCopy {
  const ConvolutionLayer *layer;
  AlgorithmChoice choice;
};

/// A module whose @main computes each of the copies, which have the same shapes
/// but may have different weights, residuals and choices: a result for each.
/// Layers that have an input of their own among the copies, in the order of
/// their first copies, give the arguments: its input and, where there is one,
/// its residual. An input that isn't plain is an argument in blocks of the
/// target's lanes; results are plain, or as they are stored with
/// `blockedResults`. Ready for buildKernelPipeline.
mlir::OwningOpRef<mlir::ModuleOp>
buildCompiledModule(mlir::MLIRContext &context,
                    llvm::ArrayRef<LayerCopy> copies, kernel::TargetAttr target,
                    bool blockedResults = false);

/// The elements of a plain N x C x I tensor as they lie in blocks of `lanes`
/// channels.
std::vector<float> packValues(llvm::ArrayRef<float> plain,
                              llvm::ArrayRef<int64_t> shape, int64_t lanes);

} // namespace toeplitz

#endif
