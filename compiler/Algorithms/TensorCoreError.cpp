#include "compiler/Algorithms/TensorCoreError.h"
#include "compiler/Algorithms/ReducedPrecision.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Lowering/TensorCore.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace toeplitz;
using kernel::Precision;

Precision toeplitz::getFactorPrecision(const ConvolutionSchedule &schedule) {
  return *kernel::symbolizePrecision(schedule.variant);
}

/// With |x'| <= (1 + u) |x| + t, |x' - x| <= u |x| + t for both factors (t for
/// f16's small numbers, multiples of 2^-24), a product is off by
///
///   |w' x' - w x| <= |w'| |x' - x| + |w' - w| |x|
///                 <= (2 u + u^2) |w| |x| + t ((1 + u) |w| + |x|) + t^2 + u t
///                 |x|.
///
/// Cut off, each part of a sum is off by at most 2 u' of the largest one, with
/// f32's u'. Where k products are added to a sum at once there are k + 1 parts
/// and the result, k at least 4: (k + 2) / k 2 u' <= 3 u' for a product. The
/// last products of a sum may be fewer, and the partial sums of splits are
/// added.
double toeplitz::boundTensorCoreError(const Convolution &convolution,
                                      const ConvolutionSchedule &schedule,
                                      ArrayRef<float> filter,
                                      double inputBound) {
  Precision precision = getFactorPrecision(schedule);
  double largest = getLargestNumber(precision);
  for (float weight : filter)
    if (!(std::fabs(weight) <= largest))
      return std::numeric_limits<double>::infinity();
  if (!(inputBound <= largest))
    return std::numeric_limits<double>::infinity();
  double u = getUnitRoundoff(precision);
  double tiny = precision == Precision::F16 ? std::ldexp(1.0, -25) : 0;
  double products = static_cast<double>(convolution.inChannels) /
                    convolution.groups * convolution.getTaps();
  double sum = getLargestAbsoluteSum(convolution, filter);
  double factors = (2 * u + u * u) * sum * inputBound +
                   tiny * ((1 + u) * sum + products * (1 + u) * inputBound +
                           products * tiny);
  constexpr double others = 64;
  return factors +
         getGamma(3 * products + others) * (sum * inputBound + factors);
}

/// Both factors are rounded, with relative errors of 0.43 u (see
/// RoundingError.h) that are independent of each other, and so of all products.
/// An input of 16 bits may lie in memory like that, where other layers read it
/// too: what they are off by for it is counted here, as a third rounding. The
/// sum is rounded to zero, with twice the error, and in one direction.
double
toeplitz::estimateTypicalTensorCoreError(const Convolution &convolution,
                                         const ConvolutionSchedule &schedule) {
  double products = static_cast<double>(convolution.getTaps()) *
                    (convolution.inChannels / convolution.groups);
  Precision precision = getFactorPrecision(schedule);
  double roundings = countFactors(precision) == 1 ? 2 : 3;
  double factors = std::sqrt(roundings) * 0.43 * getUnitRoundoff(precision);
  return std::hypot(factors, 4 * estimateSumError(products));
}
