// The attributes that every operator with a sliding window has: kernel_shape,
// strides, dilations, pads and auto_pad.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_WINDOWATTRIBUTES_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_WINDOWATTRIBUTES_H

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "dialects/CNN/Window.h"

namespace toeplitz {

struct WindowAttributes {
  /// One number for each spatial dimension. Paddings may be negative.
  llvm::SmallVector<int64_t> kernel, strides, dilations, low, high;
  /// As the model has it: all low paddings, then all high ones.
  llvm::SmallVector<int64_t> pads;
  std::string autoPad = "NOTSET";

  size_t getRank() const { return kernel.size(); }
  cnn::WindowDimension getDimension(size_t d) const {
    return {kernel[d], strides[d], dilations[d], low[d], high[d]};
  }
  /// Padding that is computed from the sizes, so that the output depends on
  /// them and the strides alone.
  bool isSame() const {
    return autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
  }
  /// Divides a padding among both ends of a dimension: an odd position goes to
  /// the end that `autoPad` says.
  void distribute(size_t d, int64_t total);
};

/// Binds the attributes; dilations only if the operator has them.
void bindWindow(AttributeReader &reader, WindowAttributes &window,
                bool hasDilations = true);
/// The attributes but auto_pad.
void bindExplicitWindow(AttributeReader &reader, WindowAttributes &window,
                        bool hasDilations = true);

/// Checks what was read and fills in what was not. `kernel` is the one that the
/// filter has; empty if there is no filter and kernel_shape is required.
/// Paddings of SAME_UPPER and SAME_LOWER are left at 0.
llvm::LogicalResult completeWindow(OnnxNode &node, WindowAttributes &window,
                                   size_t rank,
                                   llvm::ArrayRef<int64_t> kernel = {});

/// Computes the paddings of SAME_UPPER and SAME_LOWER for a window that slides
/// over an input of these spatial sizes.
void resolveSamePadding(WindowAttributes &window,
                        llvm::ArrayRef<int64_t> sizes);

/// The spatial sizes of the result of a window that slides over an input of
/// these; reports a dimension in which no window fits.
llvm::FailureOr<llvm::SmallVector<int64_t>>
getWindowOutput(OnnxNode &node, const WindowAttributes &window,
                llvm::ArrayRef<int64_t> sizes, bool ceilMode = false);

/// Applies the negative paddings to the spatial dimensions of a value, and sets
/// them to 0; reports one that leaves nothing.
llvm::FailureOr<OnnxValue> cropWindowInput(OnnxNode &node, OnnxValue value,
                                           WindowAttributes &window);

/// Checks that a window operator can compute its input 0: its rank, and that no
/// dimension but the batch is empty.
llvm::LogicalResult checkWindowInput(OnnxNode &node, int64_t minimumRank,
                                     int64_t maximumRank);

/// Checks that all inputs have the floating-point type of the first. Windows
/// are computed in float32: doubles lose digits, which is warned of.
llvm::LogicalResult checkFloats(OnnxNode &node);
/// A value of that type as float32.
OnnxValue toWindowType(OnnxNode &node, OnnxValue value);

} // namespace toeplitz

#endif
