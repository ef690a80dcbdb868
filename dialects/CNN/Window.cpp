#include "dialects/CNN/Window.h"

#include <algorithm>
#include <limits>

namespace {

/// Any sum and product of a few 64-bit numbers fits: user input can't overflow
/// the arithmetic below, and too large a size is still too large at the end.
using Wide = __int128;

int64_t saturate(Wide value) {
  return static_cast<int64_t>(
      std::clamp<Wide>(value, std::numeric_limits<int64_t>::min(),
                       std::numeric_limits<int64_t>::max()));
}

Wide floorDivide(Wide numerator, Wide denominator) {
  Wide quotient = numerator / denominator;
  return numerator % denominator < 0 ? quotient - 1 : quotient;
}

Wide wideReach(const toeplitz::cnn::WindowDimension &window) {
  return (Wide(window.kernel) - 1) * window.dilation + 1;
}

} // namespace

namespace toeplitz::cnn {

int64_t WindowDimension::getReach() const { return saturate(wideReach(*this)); }

int64_t windowOutputSize(int64_t input, const WindowDimension &window,
                         bool ceilMode) {
  Wide span =
      Wide(input) + window.paddingLow + window.paddingHigh - wideReach(window);
  if (ceilMode)
    span += window.stride - 1;
  Wide size = floorDivide(span, window.stride) + 1;
  // Rounding up may add a window that sees nothing but the high padding.
  if (ceilMode && (size - 1) * window.stride >= Wide(input) + window.paddingLow)
    --size;
  return saturate(size);
}

int64_t transposedOutputSize(int64_t input, const WindowDimension &window,
                             int64_t outputPadding) {
  return saturate((Wide(input) - 1) * window.stride + wideReach(window) +
                  outputPadding - window.paddingLow - window.paddingHigh);
}

} // namespace toeplitz::cnn
