// The certified rounding error of a convolution layer.
//
// An algorithm bounds the error of its sums, |s^ - s| <= B, where |s| <= S =
// A R with A the largest sum of absolute weights and R the largest input. The
// bias b comes in at one of two places:
//
//   at the end:    one more rounding, u (S + B + |b|);
//   at the start:  n + 1 instead of n roundings reach each product, and n + 1
//                  the bias itself: (gamma(n+1) - gamma(n)) S + gamma(n+1) |b|,
//                  and gamma(n+1) - gamma(n) <= 2 u while n u <= 1/4.
//
// 2 u (S + B + |b|) + gamma(n+1) |b| covers both. Source: Higham, Accuracy and
// Stability of Numerical Algorithms (2nd edition, 2002), sections 2.2 and 3.1.

#include "compiler/Schedule/ErrorBound.h"

#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Epilogue.h"
#include "dialects/CNN/CNNDialect.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace toeplitz;

LayerErrorBounds::LayerErrorBounds(Operation *layer,
                                   ArrayRef<ConvolutionPart> layerParts,
                                   double inputBound)
    : inputBound(inputBound) {
  std::optional<ConstantValues> filter = readConstant(layer->getOperand(1));
  if (!filter || !std::isfinite(inputBound))
    return;
  if (Value bias = getLayerBias(layer)) {
    std::optional<ConstantValues> values = readConstant(bias);
    if (!values)
      return;
    hasBias = true;
    for (float number : values->get())
      largestBias = std::max(largestBias, std::fabs(double(number)));
  }
  isKnown = true;
  for (const ConvolutionPart &part : layerParts) {
    Part known = {part.convolution, {}, 0};
    if (isa<cnn::ConvTransposeOp>(layer))
      known.filter = gatherFilter(layer, part, filter->get());
    else
      known.filter.assign(filter->get().begin(), filter->get().end());
    known.absoluteSum = getLargestAbsoluteSum(known.convolution, known.filter);
    parts.push_back(std::move(known));
  }
}

double LayerErrorBounds::bound(const AlgorithmChoice &choice,
                               kernel::TargetAttr target) const {
  if (!isKnown)
    return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (const Part &part : parts) {
    double error = choice.algorithm->boundError(
        part.convolution, getSchedule(choice, part.convolution, target),
        part.filter, inputBound);
    if (hasBias) {
      double products = static_cast<double>(part.convolution.getTaps()) *
                        part.convolution.inChannels / part.convolution.groups;
      error += getGamma(products + 1) * largestBias +
               2 * unitRoundoff *
                   (part.absoluteSum * inputBound + error + largestBias);
    }
    // (NaN weights have no bound.)
    if (!(error <= largest))
      largest =
          std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
  }
  return largest;
}

double LayerErrorBounds::getLargestResult() const {
  if (!isKnown)
    return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (const Part &part : parts)
    largest = std::max(largest, part.absoluteSum * inputBound);
  return largest + largestBias;
}
