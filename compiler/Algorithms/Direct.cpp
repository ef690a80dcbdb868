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

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

static std::optional<std::string> declines(const Convolution &,
                                           kernel::TargetAttr) {
  return std::nullopt;
}

/// Channels of a round (see BlockedKernel). A block of a filter of many
/// channels and taps that doesn't fit the second-level cache comes from beyond
/// it for each tile anew; by rounds the part that the tiles share stays there.
/// (2048 -> 256 channels of 28 x 28, kernel 3 x 3, dilation 12: 68 ms without,
/// 25 with rounds of 128 to 512 channels; dilation 24: 18 and 10 to 13.
/// Emerald Rapids.)
static int64_t chooseRoundChannels(int64_t channels, int64_t groups,
                                   int64_t taps, int64_t positions,
                                   kernel::TargetAttr target) {
  // Of fewer positions hardly any tiles share what is read.
  constexpr int64_t fewestPositions = 32;
  constexpr int64_t tileVectors = 2;
  int64_t channelBytes = 4 * taps * tileVectors * target.getLanes();
  if (groups > 1 || positions < fewestPositions ||
      channels * channelBytes <= target.getL2())
    return channels;
  int64_t rounds =
      llvm::divideCeil(channels * channelBytes, target.getL2() / 4);
  return getRoundChannels(channels, rounds, target);
}

static BlockedLoops getLoops(const Convolution &convolution,
                             kernel::TargetAttr target) {
  BlockedLoops loops;
  loops.computedShare = getInsideShare(convolution);
  if (!convolution.outputSizes.empty())
    loops.rowPositions = convolution.outputSizes.back();
  loops.roundChannels = chooseRoundChannels(
      convolution.inChannels, convolution.groups, convolution.getTaps(),
      convolution.getPositions(), target);
  return loops;
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  if (target.isGpu())
    return {scheduleDirectOnGpu(convolution)};
  return {scheduleBlocked(convolution, getLoops(convolution, target), target)};
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr target) {
  if (target.isGpu())
    return estimateDirectOnGpu(convolution);
  return estimateBlockedCost(convolution, schedule,
                             getLoops(convolution, target), target);
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
  blueprint.roundChannels = chooseRoundChannels(
      blueprint.inChannels, blueprint.groups, blueprint.countTaps(),
      blueprint.countRows() * blueprint.dimensions.back().output,
      kernel::getTarget(op));
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
