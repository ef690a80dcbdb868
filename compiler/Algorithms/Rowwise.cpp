// rowwise: rows of outputs as sums of shifted rows of inputs,
//
//   y[f, o] = sum over channels c, k of w[f, c, k] x[c, i(o, k)],
//
// a vector of neighbouring positions o of a row at a time, for few output
// channels: `direct`, a vector of output channels at a time, would leave most
// lanes empty. A weight is loaded into every lane, and multiplied with several
// vectors of inputs that begin where the tap's first input lies; each of these
// serves several output channels. Input and result are plain.

#include "compiler/Algorithms/FilterStream.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/RowwiseKernel.h"
#include "compiler/Algorithms/Table.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

/// The largest register tile, in vectors of positions and in output channels.
static constexpr int64_t mostTileVectors = 8, mostTileChannels = 16;

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr target) {
  if (convolution.kernel.empty())
    return "there is no spatial dimension";
  if (convolution.groups != 1)
    return "it has " + std::to_string(convolution.groups) +
           " groups, expected 1";
  int64_t lanes = target.getLanes();
  // The input is read again for every tile of output channels, and of more
  // channels `direct` fills most lanes.
  if (convolution.outChannels > 2 * lanes)
    return "it has " + std::to_string(convolution.outChannels) +
           " output channels, expected two vectors of " +
           std::to_string(lanes) + " at most";
  if (convolution.strides.back() > largestRowStride)
    return "the stride is " + std::to_string(convolution.strides.back()) +
           " in spatial dimension " +
           std::to_string(convolution.strides.size() - 1) + ", expected " +
           std::to_string(largestRowStride) + " at most";
  return std::nullopt;
}

/// Cycles of one tap of one input channel in a tile: two multiply-adds a cycle,
/// as many as keep them busy, and the loads. Vectors of inputs begin anywhere,
/// so that nearly each takes two cache lines, and with them a cycle; weights
/// take half a cycle. Masks take turns with multiply-adds.
static double getTapCycles(const RowwisePlan &plan, const RowTiles &tiles) {
  double multiplyAdds =
      static_cast<double>(tiles.vectors * plan.tileChannels) / 2;
  double loads =
      static_cast<double>(tiles.vectors * plan.dimensions.back().stride) +
      static_cast<double>(plan.tileChannels) / 2;
  double masks =
      tiles.isInside
          ? 0
          : static_cast<double>(tiles.vectors * plan.dimensions.back().stride) /
                2;
  return std::max({multiplyAdds + masks, loads, 4.0}) + 0.5;
}

/// The part of the taps of the outer dimensions that don't lie in the padding.
static double getOuterShare(const RowwisePlan &plan) {
  return getInsideShare(ArrayRef(plan.dimensions).drop_back());
}

/// Cycles of a row's tiles, for all output channels.
static double getRowCycles(const Convolution &convolution,
                           const RowwisePlan &plan) {
  const Dimension &columns = plan.dimensions.back();
  // Rows of taps, of all input channels.
  double tapRows = static_cast<double>(plan.inChannels * plan.countTaps()) /
                   static_cast<double>(std::max<int64_t>(1, columns.kernel)) *
                   getOuterShare(plan);
  // Bias, activation and store of a vector; one by one where its positions are
  // written apart.
  double finishing =
      convolution.outputIsStrided ? 1.5 + static_cast<double>(plan.lanes) : 1.5;
  double cycles = 0;
  for (const RowTiles &tiles : cutRow(columns, plan.lanes, plan.tileVectors)) {
    auto count = static_cast<double>(
        llvm::divideCeil(tiles.run.end - tiles.run.begin, tiles.run.positions));
    auto taps = static_cast<double>(columns.kernel);
    // (Each row of taps starts its loop.)
    cycles +=
        count *
        (tapRows * (taps * getTapCycles(plan, tiles) + 1) + 10 +
         finishing * static_cast<double>(plan.tileChannels * tiles.vectors));
  }
  return cycles * static_cast<double>(plan.countChannelTiles());
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  ConvolutionSchedule best;
  best.inputBlock = 1;
  best.outputBlock = 1;
  double bestCycles = 0;
  // Beside the sums there are the vectors of inputs and a weight.
  int64_t spare = 1 + target.getRegisters() / 16 + (target.getFma() ? 0 : 1);
  for (int64_t channels = 1;
       channels <= std::min(convolution.outChannels, mostTileChannels);
       ++channels)
    for (int64_t vectors = 1;
         vectors <= mostTileVectors &&
         (vectors == 1 ||
          vectors * channels + vectors + spare <= target.getRegisters());
         ++vectors) {
      ConvolutionSchedule schedule = best;
      schedule.tilePositions = vectors;
      schedule.tileVectors = channels;
      double cycles =
          getRowCycles(convolution, RowwisePlan(convolution, schedule, target));
      if (bestCycles != 0 && cycles >= bestCycles)
        continue;
      bestCycles = cycles;
      best = schedule;
    }
  return {best};
}

/// Bytes of the input and of the result.
static std::pair<double, double> countBytes(const Convolution &convolution) {
  double bytes = 4.0 * static_cast<double>(convolution.batch);
  return {bytes * static_cast<double>(convolution.inChannels) *
              countInputPositions(getDimensions(convolution)),
          bytes * static_cast<double>(convolution.outChannels) *
              static_cast<double>(convolution.getPositions())};
}

/// Cycles that it takes to bring what is in plain layout here to that of other
/// layers, or back: 16 bytes a cycle.
static double getReorderCycles(const Convolution &convolution) {
  auto [inputBytes, outputBytes] = countBytes(convolution);
  return ((convolution.inputIsPlain ? 0 : inputBytes) + outputBytes) / 16;
}

/// Cycles in which input and result pass the second-level cache, 20 bytes in
/// each: measured with a kernel of one position.
static double getStreamCycles(const Convolution &convolution) {
  auto [inputBytes, outputBytes] = countBytes(convolution);
  return (inputBytes + outputBytes) / 20;
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr target) {
  RowwisePlan plan(convolution, schedule, target);
  auto rows = static_cast<double>(plan.batch * plan.countRows());
  ConvolutionCost cost;
  cost.cycles = std::max(rows * getRowCycles(convolution, plan),
                         getStreamCycles(convolution)) +
                getReorderCycles(convolution) +
                estimateFilterWait(
                    4.0 * static_cast<double>(plan.getFilterSize()), target);
  double vectors = 0;
  for (const RowTiles &tiles :
       cutRow(plan.dimensions.back(), plan.lanes, plan.tileVectors))
    vectors += static_cast<double>(
        tiles.vectors *
        llvm::divideCeil(tiles.run.end - tiles.run.begin, tiles.run.positions));
  cost.multiplyAdds = rows * getOuterShare(plan) * vectors *
                      static_cast<double>(plan.lanes) *
                      static_cast<double>(plan.getFilterSize());
  return cost;
}

static int64_t getPackedSize(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr target) {
  return RowwisePlan(convolution, schedule, target).getFilterSize();
}

static void packFilter(const Convolution &convolution,
                       const ConvolutionSchedule &schedule,
                       kernel::TargetAttr target, ArrayRef<float> filter,
                       MutableArrayRef<float> packed) {
  RowwisePlan plan(convolution, schedule, target);
  int64_t rows = plan.inChannels * plan.countTaps();
  llvm::fill(packed, 0.0f);
  for (int64_t f = 0; f < plan.outChannels; ++f)
    for (int64_t row = 0; row < rows; ++row)
      packed[(f / plan.tileChannels * rows + row) * plan.tileChannels +
             f % plan.tileChannels] = filter[f * rows + row];
}

static int64_t countTasks(kernel::ConvOp op) {
  return RowwisePlan(op).getTasks(kernel::getTarget(op)).countTasks();
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  emitRowwise(op, kernel);
  return success();
}

const Algorithm toeplitz::rowwiseAlgorithm = {
    "rowwise",     declines,      getSchedules,
    estimateCost,  boundSumError, estimateTypicalSumError,
    getPackedSize, packFilter,    countTasks,
    emit};
