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
#include "compiler/Algorithms/FilterStream.h"
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

namespace {
/// What rounds depend on: of one group, where there are several.
struct LoopSizes {
  int64_t groups, inChannels, outChannels, taps;
  /// Of one image: the result's and the input's.
  int64_t positions;
  double inputPositions;
};

/// See BlockedKernel.
struct Rounds {
  int64_t channels;
  bool blocksFirst = false;
};
} // namespace

/// Of fewer positions hardly any tiles share what is read of the filter, and
/// memory alone limits them.
static constexpr int64_t fewestPositions = 32;

/// Whether memory limits a convolution with few positions: its filter comes
/// from beyond the second-level cache, where its input stays. Then one block
/// after the other is multiplied with all rows, a round of channels at a time,
/// while the next round's part of the filter is asked for. (512 -> 512 channels
/// of 7 x 7, 3 x 3: 1.07 ms where all channels of a block took 1.75, and F(2,
/// 3) 1.3; 256 -> 512 with stride 2 0.59 instead of 0.68. ResNet-18, Emerald
/// Rapids. Rounds of 32 to 128 channels are equally fast.)
static bool isLimitedByFilter(const LoopSizes &sizes,
                              kernel::TargetAttr target) {
  constexpr int64_t leastVectors = 16;
  double filterBytes = 4.0 * static_cast<double>(sizes.inChannels) *
                       static_cast<double>(sizes.outChannels * sizes.taps);
  double inputBytes =
      4.0 * static_cast<double>(sizes.inChannels) * sizes.inputPositions;
  return sizes.groups == 1 && sizes.taps > 1 &&
         sizes.positions >= fewestPositions &&
         sizes.outChannels >= leastVectors * target.getLanes() &&
         isStreamed(filterBytes, target) && !isStreamed(inputBytes, target);
}

/// Where many positions share it, a block of a filter of many channels and taps
/// that doesn't fit the second-level cache comes from beyond it for each tile
/// anew; by rounds the part that the tiles share stays there. (2048 -> 256
/// channels of 28 x 28, kernel 3 x 3, dilation 12: 68 ms without, 25 with
/// rounds of 128 to 512 channels; dilation 24: 18 and 10 to 13. Emerald
/// Rapids.)
static Rounds chooseRounds(const LoopSizes &sizes, kernel::TargetAttr target) {
  bool blocksFirst = isLimitedByFilter(sizes, target);
  int64_t tileVectors = blocksFirst ? 3 : 2;
  int64_t bytes =
      sizes.inChannels * 4 * sizes.taps * tileVectors * target.getLanes();
  int64_t part = target.getL2() / 4;
  int64_t mostInOne = blocksFirst ? part : target.getL2();
  if (sizes.groups > 1 || sizes.positions < fewestPositions ||
      bytes <= mostInOne)
    return {sizes.inChannels, blocksFirst};
  return {
      getRoundChannels(sizes.inChannels, llvm::divideCeil(bytes, part), target),
      blocksFirst};
}

static Rounds chooseRounds(const Convolution &convolution,
                           kernel::TargetAttr target) {
  return chooseRounds({convolution.groups, convolution.inChannels,
                       convolution.outChannels, convolution.getTaps(),
                       convolution.getPositions(),
                       countInputPositions(getDimensions(convolution))},
                      target);
}

static BlockedLoops getLoops(const Convolution &convolution,
                             kernel::TargetAttr target) {
  BlockedLoops loops;
  loops.computedShare = getInsideShare(convolution);
  if (!convolution.outputSizes.empty())
    loops.rowPositions = convolution.outputSizes.back();
  loops.roundChannels = chooseRounds(convolution, target).channels;
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
  Rounds rounds =
      chooseRounds({blueprint.groups, blueprint.inChannels,
                    blueprint.outChannels, blueprint.countTaps(),
                    blueprint.countRows() * blueprint.dimensions.back().output,
                    countInputPositions(blueprint.dimensions)},
                   kernel::getTarget(op));
  blueprint.roundChannels = rounds.channels;
  blueprint.blocksFirst = rounds.blocksFirst;
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
