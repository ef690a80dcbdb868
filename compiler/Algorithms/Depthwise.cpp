// depthwise: every channel is convolved with its own kernel,
//
//   y[n, c, o] = sum over k of w[c, k] x[n, c, o * stride + k * dilation -
//   padding],
//
// a vector of channels at a time. There is no reduction over channels, so loads
// weigh as much as multiply-adds: a row of weights stays in registers, and each
// input vector is loaded once for all the taps of the innermost dimension that
// read it.

#include "compiler/Algorithms/Grouped.h"
#include "compiler/Algorithms/GroupedKernel.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Table.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr) {
  if (convolution.groups != convolution.inChannels ||
      convolution.inChannels != convolution.outChannels)
    return "input channels, output channels and groups are " +
           std::to_string(convolution.inChannels) + ", " +
           std::to_string(convolution.outChannels) + " and " +
           std::to_string(convolution.groups) + ", expected one number";
  if (convolution.kernel.empty())
    return "there is no spatial dimension";
  if (convolution.groups == 1)
    return "there is only one channel, less than a vector";
  return std::nullopt;
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  return {scheduleGrouped(convolution, target)};
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr target) {
  ConvolutionCost cost;
  double vectorOperations =
      static_cast<double>(convolution.batch) * convolution.getPositions() *
      convolution.getTaps() *
      llvm::divideCeil(convolution.outChannels, target.getLanes());
  cost.multiplyAdds = vectorOperations * target.getLanes();
  // One load for each multiply-add, two loads a cycle.
  cost.cycles = vectorOperations / 2.0 *
                getBorderSlowdown(getDimensions(convolution).back(),
                                  schedule.tilePositions);
  return cost;
}

const Algorithm toeplitz::depthwiseAlgorithm = {
    "depthwise",          declines,          getSchedules,
    estimateCost,         boundSumError,     estimateTypicalSumError,
    getGroupedFilterSize, packGroupedFilter, countGroupedTasks,
    emitGrouped};
