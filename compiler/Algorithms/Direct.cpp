// direct: the convolution as tiled loops over the blocked layout, with the taps
// walked one after the other.
//
//   y[n, f, o] = sum over c, k of w[f, c, k] x[n, c, o * stride + k * dilation
//   - padding]
//
// for a tile of neighbouring output positions (innermost dimension) and vectors
// of output channels in registers. Any stride, dilation, grouping and padding;
// the reference among the algorithms.

#include "compiler/Algorithms/BlockedKernel.h"
#include "compiler/Algorithms/DirectOnGpu.h"
#include "compiler/Algorithms/RegisterTile.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Table.h"

using namespace mlir;
using namespace toeplitz;

static std::optional<std::string> declines(const Convolution &,
                                           kernel::TargetAttr) {
  return std::nullopt;
}

static BlockedLoops getLoops(const Convolution &convolution) {
  BlockedLoops loops;
  loops.computedShare = getInsideShare(convolution);
  if (!convolution.outputSizes.empty())
    loops.rowPositions = convolution.outputSizes.back();
  loops.roundChannels = convolution.inChannels;
  return loops;
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  if (target.isGpu())
    return {scheduleDirectOnGpu(convolution)};
  return {scheduleBlocked(convolution, getLoops(convolution), target)};
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr target) {
  if (target.isGpu())
    return estimateDirectOnGpu(convolution);
  return estimateBlockedCost(convolution, schedule, getLoops(convolution),
                             target);
}

static int64_t getPackedSize(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr target) {
  return target.isGpu() ? getDirectFilterSizeOnGpu(convolution)
                        : getBlockedFilterSize(convolution, schedule, target);
}

static void packFilter(const Convolution &convolution,
                       const ConvolutionSchedule &schedule,
                       kernel::TargetAttr target, ArrayRef<float> filter,
                       MutableArrayRef<float> packed) {
  if (target.isGpu())
    llvm::copy(filter, packed.begin());
  else
    packBlockedFilter(convolution, schedule, target, filter, packed);
}

static BlockedKernel getKernel(kernel::ConvOp op) {
  BlockedKernel blueprint = getBlockedKernel(op);
  blueprint.cutSingleRow();
  return blueprint;
}

static int64_t countTasks(kernel::ConvOp op) {
  if (kernel::getTarget(op).isGpu())
    return countDirectTasksOnGpu(op);
  return getKernel(op).getTasks(kernel::getTarget(op)).countTasks();
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  if (kernel.target.isGpu()) {
    emitDirectOnGpu(op, kernel);
    return success();
  }
  emitBlockedKernel(kernel, getKernel(op), getBuffers(op, kernel));
  return success();
}

const Algorithm toeplitz::directAlgorithm = [] {
  Algorithm algorithm = {"direct",      declines,      getSchedules,
                         estimateCost,  boundSumError, estimateTypicalSumError,
                         getPackedSize, packFilter,    countTasks,
                         emit};
  algorithm.runsOnGpu = true;
  algorithm.takesNarrowInput = [](kernel::ConvOp, MemRefType) { return true; };
  return algorithm;
}();
