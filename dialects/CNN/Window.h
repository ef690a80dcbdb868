// The output-shape arithmetic of windows (convolutions and pooling): the only
// place that knows it.

#ifndef TOEPLITZ_DIALECTS_CNN_WINDOW_H
#define TOEPLITZ_DIALECTS_CNN_WINDOW_H

#include <cstdint>

namespace toeplitz::cnn {

/// All sizes are computed without overflow: one that 64 bits cannot hold comes
/// out as the largest (or smallest) that they can.

/// One spatial dimension of a window that slides over an input: all in
/// positions (not bytes).
struct WindowDimension {
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t paddingLow = 0;
  int64_t paddingHigh = 0;

  /// The positions from the first to the last tap of the kernel: (kernel - 1) *
  /// dilation + 1.
  int64_t getReach() const;
};

/// The number of window positions over `input` positions: floor((input +
/// paddings - reach) / stride) + 1. With `ceilMode` the division rounds up,
/// without a window that starts beyond the input and its low padding. Zero or
/// less: no window fits. Source: Dumoulin and Visin, A guide to convolution
/// arithmetic for deep learning (arXiv:1603.07285), relationship 6; PyTorch
/// torch.nn.MaxPool2d for ceil_mode.
int64_t windowOutputSize(int64_t input, const WindowDimension &window,
                         bool ceilMode = false);

/// The output size of the transposed convolution: (input - 1) * stride + reach
/// + outputPadding - paddings. Source: arXiv:1603.07285, relationship 14;
/// PyTorch torch.nn.ConvTranspose2d.
int64_t transposedOutputSize(int64_t input, const WindowDimension &window,
                             int64_t outputPadding);

} // namespace toeplitz::cnn

#endif
