#include "compiler/Algorithms/RoundingError.h"

#include <cmath>
#include <limits>

using namespace toeplitz;

double toeplitz::getGamma(double roundings) {
  double error = roundings * unitRoundoff;
  return error < 1 ? error / (1 - error)
                   : std::numeric_limits<double>::infinity();
}

double toeplitz::getLargestAbsoluteSum(const Convolution &convolution,
                                       llvm::ArrayRef<float> filter) {
  size_t products =
      convolution.inChannels / convolution.groups * convolution.getTaps();
  double largest = 0;
  for (int64_t f = 0; f < convolution.outChannels; ++f) {
    double sum = 0;
    for (float weight : filter.slice(f * products, products))
      sum += std::fabs(weight);
    largest = std::max(largest, sum);
  }
  return largest;
}

double toeplitz::boundSumError(const Convolution &convolution,
                               const ConvolutionSchedule &,
                               llvm::ArrayRef<float> filter,
                               double inputBound) {
  int64_t products =
      convolution.inChannels / convolution.groups * convolution.getTaps();
  return getGamma(static_cast<double>(products)) *
         getLargestAbsoluteSum(convolution, filter) * inputBound;
}

double toeplitz::estimateSumError(double products) {
  return 0.25 * unitRoundoff * std::sqrt(products + 2);
}

double toeplitz::estimateTypicalSumError(const Convolution &convolution,
                                         const ConvolutionSchedule &) {
  return estimateSumError(static_cast<double>(convolution.getTaps()) *
                          (convolution.inChannels / convolution.groups));
}
