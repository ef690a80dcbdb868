// inner-product: each output as the inner product of the inputs and the weights
// that it reads,
//
//   y[f, o] = sum over lanes of
//             [ sum over blocks b of channels, k of w[f, b, k] x[b, i(o, k)] ],
//
// a vector of input channels at a time, for few output channels: `direct`, a
// vector of output channels at a time, would leave most lanes empty. A result
// is there as the sum over the lanes of a vector, which takes a few shuffles,
// shared by neighbouring positions (LaneSums.h), so results are written in
// plain layout.

#include "compiler/Algorithms/FilterStream.h"
#include "compiler/Algorithms/InnerProductKernel.h"
#include "compiler/Algorithms/LaneSums.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Table.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

/// The most output channels of a register tile.
static constexpr int64_t mostTileChannels = 8;

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr target) {
  if (convolution.kernel.empty())
    return "there is no spatial dimension";
  if (convolution.groups != 1)
    return "it has " + std::to_string(convolution.groups) +
           " groups, expected 1";
  if (convolution.getPositions() == 1)
    return "it has one output position, expected several";
  int64_t lanes = target.getLanes();
  // The input is read again for every tile of output channels, and of more
  // channels `direct` fills most lanes.
  if (convolution.outChannels > 2 * lanes)
    return "it has " + std::to_string(convolution.outChannels) +
           " output channels, expected two vectors of " +
           std::to_string(lanes) + " at most";
  if (lanes < 4 || !llvm::isPowerOf2_64(lanes))
    return "the vector length is " + std::to_string(lanes) +
           ", expected a power of two, 4 at least";
  return std::nullopt;
}

/// Cycles of one tap of one block of input channels in a tile: two
/// multiply-adds and two loads a cycle, and as many sums as keep them busy.
/// Every tile reads its channels' weights, which come from the second level at
/// half a line a cycle if the first one doesn't hold them.
static double getTapCycles(const Convolution &convolution, int64_t positions,
                           int64_t channels, kernel::TargetAttr target) {
  double multiplyAdds = positions * channels / 2.0;
  double loads = (positions + channels) / 2.0;
  double weightBytes = 4.0 * channels * target.getLanes();
  double filterBytes =
      weightBytes * static_cast<double>(convolution.getTaps() *
                                        llvm::divideCeil(convolution.inChannels,
                                                         target.getLanes()));
  double waiting = 2 * filterBytes > target.getL1() ? weightBytes / 32 : 0;
  return std::max({multiplyAdds, loads + waiting, 4.5}) + 0.5;
}

/// Cycles that a tile waits for its part of the input, which comes from the
/// second level for each tile of output channels: 0.5 a vector. The rows that
/// the tile of the row before has read are still in the first one if a tile's
/// fit there. (Measured on Emerald Rapids: 320 -> 24 channels of 13 x 13, 2 x
/// 2, took 1.6 times what the multiply-adds take.)
static double getInputWait(const Convolution &convolution,
                           ArrayRef<Dimension> dimensions, int64_t positions,
                           int64_t channels, kernel::TargetAttr target) {
  double lanes = target.getLanes();
  double blocks = llvm::divideCeil(convolution.inChannels, target.getLanes());
  if (channels >= convolution.outChannels ||
      4.0 * lanes * blocks * countInputPositions(dimensions) <=
          target.getL1() / 2.0)
    return 0;
  const Dimension &columns = dimensions.back();
  auto read =
      blocks * static_cast<double>((positions - 1) * columns.stride +
                                   (columns.kernel - 1) * columns.dilation + 1);
  double readNow = read;
  for (const Dimension &outer : dimensions.drop_back()) {
    read *= static_cast<double>(outer.kernel);
    readNow *= static_cast<double>(std::min(outer.stride, outer.kernel));
  }
  return 0.5 * (4.0 * lanes * read <= target.getL1() / 2.0 ? readNow : read);
}

/// Cycles of a row's tiles, for all output channels.
static double getRowCycles(const Convolution &convolution, int64_t positions,
                           int64_t channels, kernel::TargetAttr target) {
  SmallVector<Dimension> dimensions = getDimensions(convolution);
  const Dimension &columns = dimensions.back();
  // Blocks of input channels and taps of the outer dimensions, those with
  // padding left out.
  double steps = static_cast<double>(
      llvm::divideCeil(convolution.inChannels, target.getLanes()));
  ArrayRef<Dimension> outerDimensions = ArrayRef(dimensions).drop_back();
  steps *= getInsideShare(outerDimensions);
  for (const Dimension &outer : outerDimensions)
    steps *= static_cast<double>(outer.kernel);
  double cycles = 0;
  for (const ColumnRun &run : cutColumns(columns, positions)) {
    double tapCycles = 0;
    for (int64_t tap = 0; tap < columns.kernel; ++tap) {
      int64_t reached = 0;
      for (int64_t t = 0; t < run.positions; ++t)
        reached += run.reachesInput(columns, t, tap) ? 1 : 0;
      if (reached > 0)
        tapCycles += getTapCycles(convolution, reached, channels, target);
    }
    // (Shuffles and additions, two a cycle; bias, store and the loops.)
    double finishing =
        countSumInstructions(run.positions, target.getLanes()) / 2.0 + 4 +
        static_cast<double>(run.positions) / 4;
    double tiles = static_cast<double>(run.end - run.begin) /
                   static_cast<double>(run.positions);
    cycles += tiles * (steps * tapCycles + 10 +
                       getInputWait(convolution, dimensions, run.positions,
                                    channels, target) +
                       finishing * static_cast<double>(channels));
  }
  return cycles * static_cast<double>(
                      llvm::divideCeil(convolution.outChannels, channels));
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  ConvolutionSchedule best;
  best.inputBlock = target.getLanes();
  best.outputBlock = 1;
  double bestCycles = 0;
  int64_t spare = target.getRegisters() / 16 + (target.getFma() ? 0 : 1);
  int64_t mostChannels = std::min(convolution.outChannels, mostTileChannels);
  for (int64_t channels = 1; channels <= mostChannels; ++channels)
    for (int64_t positions = 1;
         positions <= target.getLanes() &&
         (positions == 1 ||
          positions * channels + channels + 1 + spare <= target.getRegisters());
         ++positions) {
      double cycles = getRowCycles(convolution, positions, channels, target);
      if (bestCycles != 0 && cycles >= bestCycles)
        continue;
      bestCycles = cycles;
      best.tilePositions = positions;
      best.tileVectors = channels;
    }
  return {best};
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr target) {
  InnerProductPlan plan(convolution, schedule, target);
  double rows = static_cast<double>(plan.batch * plan.countRows());
  ConvolutionCost cost;
  cost.cycles = rows * getRowCycles(convolution, plan.tilePositions,
                                    plan.tileChannels, target);
  cost.cycles += estimateFilterWait(
      4.0 * static_cast<double>(plan.getFilterSize()), target);
  cost.multiplyAdds =
      rows * getInsideShare(convolution) *
      static_cast<double>(plan.getFilterSize() * plan.dimensions.back().output);
  return cost;
}

static int64_t getPackedSize(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr target) {
  return InnerProductPlan(convolution, schedule, target).getFilterSize();
}

static void packFilter(const Convolution &convolution,
                       const ConvolutionSchedule &schedule,
                       kernel::TargetAttr target, ArrayRef<float> filter,
                       MutableArrayRef<float> packed) {
  InnerProductPlan plan(convolution, schedule, target);
  int64_t taps = plan.countTaps();
  llvm::fill(packed, 0.0f);
  for (int64_t f = 0; f < plan.outChannels; ++f)
    for (int64_t c = 0; c < plan.inChannels; ++c)
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t row =
            (f / plan.tileChannels * plan.countInputBlocks() + c / plan.lanes) *
                taps +
            tap;
        int64_t vector = row * plan.tileChannels + f % plan.tileChannels;
        packed[vector * plan.lanes + c % plan.lanes] =
            filter[(f * plan.inChannels + c) * taps + tap];
      }
}

static int64_t countTasks(kernel::ConvOp op) {
  return InnerProductPlan(op).getTasks(kernel::getTarget(op)).countTasks();
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  emitInnerProduct(op, kernel);
  return success();
}

const Algorithm toeplitz::innerProductAlgorithm = {
    "inner-product", declines,
    getSchedules,    estimateCost,
    boundSumError,   estimateTypicalSumError,
    getPackedSize,   packFilter,
    countTasks,      emit};
