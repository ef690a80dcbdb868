#include "compiler/Transforms/Work.h"

#include "dialects/CNN/Window.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace mlir;

namespace toeplitz {

double estimateWork(RankedTensorType filter, RankedTensorType result) {
  constexpr double multiplicationsForWeight = 32;
  auto weights = static_cast<double>(filter.getNumElements());
  // Every output sums the weights of one output channel.
  double multiplications = static_cast<double>(result.getNumElements()) *
                           weights / static_cast<double>(filter.getDimSize(0));
  return multiplications + multiplicationsForWeight * weights;
}

double getNonzeroShare(llvm::ArrayRef<float> values) {
  return llvm::count_if(values, [](float value) { return value != 0; }) /
         std::max<double>(1, values.size());
}

std::optional<int64_t> findPaddingHigh(int64_t input, int64_t kernel,
                                       int64_t stride, int64_t dilation,
                                       int64_t paddingLow, int64_t outputs) {
  int64_t end = (outputs - 1) * stride + (kernel - 1) * dilation + 1;
  int64_t high = std::max<int64_t>(end - input - paddingLow, 0);
  cnn::WindowDimension window{kernel, stride, dilation, paddingLow, high};
  if (cnn::windowOutputSize(input, window) != outputs)
    return std::nullopt;
  return high;
}

} // namespace toeplitz
