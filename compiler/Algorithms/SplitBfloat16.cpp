// bf16x3 and bf16x6: convolution of f32 numbers on a unit that multiplies
// bfloat16 matrices. bf16x3 splits each number into two bfloat16 numbers,
//
//   x = high(x) + low(x) + error,   |error| <= 2^-17 |x|,
//
// high(x) being x rounded to the nearest and low(x) the rest likewise, and of
// the four products three are added up in f32:
//
//   w x ~ high(w) high(x) + high(w) low(x) + low(w) high(x).
//
// What is left out, low(w) low(x), is at most 2^-16 |w x| (the unit roundoff of
// bfloat16, 2^-8, squared). Products of bfloat16 numbers are exact in f32.
//
// bf16x6 has three parts, which hold all 24 bits of x, and six of the nine
// products; the other three are 2^-24 |w x| together:
//
//   w x ~ high high + (high middle + middle high)
//       + (high low + middle middle + low high).
//
// So it rounds as a sum of products in f32 does. Source: Henry, Tang and
// Heinecke, Leveraging the bfloat16 Artificial Intelligence Datatype For
// Higher-Precision Computations (arXiv:1904.06376), section 2, the variants of
// two parts and three products, and of three parts and six.
//
// The convolution itself is direct: the input, split and with its padding, lies
// in panels in the second-level cache, from which tiles of neighbouring
// positions x 32 channels are loaded once for each tap. Filters are split when
// the network is compiled.
//
// An infinity or a NaN makes NaNs of all outputs that it reaches (its low part
// is inf - inf), with 16 channels and fewer also of a neighbour. Denormal
// numbers, and denormal parts, count as zeros (parts of numbers from 2^-103 on
// aren't denormal).

#include "compiler/Algorithms/SplitBfloat16.h"
#include "compiler/Algorithms/FilterStream.h"
#include "compiler/Algorithms/ReducedPrecision.h"
#include "compiler/Algorithms/RegisterTile.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/SplitBfloat16Tasks.h"
#include "compiler/Algorithms/Table.h"

#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace toeplitz;

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr target) {
  if (!target.getAmx())
    return "the target has no tile registers (AMX)";
  if (target.getLanes() != tileColumns)
    return "vectors have " + std::to_string(target.getLanes()) +
           " lanes, expected " + std::to_string(tileColumns);
  for (size_t d = 0; d < convolution.kernel.size(); ++d)
    if (convolution.kernel[d] == 0)
      return "the kernel has no positions in spatial dimension " +
             std::to_string(d);
  return std::nullopt;
}

template <int64_t parts>
static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  ConvolutionSchedule schedule;
  schedule.inputBlock = takesPlainInput(convolution) ? 1 : target.getLanes();
  schedule.groups =
      convolution.groups / countMergedGroups(convolution, target.getLanes());
  std::vector<ConvolutionSchedule> schedules;
  auto add = [&](int64_t tilePositions) {
    schedule.tilePositions = tilePositions;
    schedule.tileVectors =
        SplitBfloat16Plan(convolution, schedule, target, parts)
            .chooseBlockVectors(target);
    schedules.push_back(schedule);
  };
  // (The plan says what a row is; the tile follows from it.)
  schedule.tilePositions = 1;
  SplitBfloat16Plan plan(convolution, schedule, target, parts);
  int64_t ofRow = chooseTilePositions(plan.dimensions[2].output, plan.isFolded);
  add(ofRow);
  schedule.tilePositions = tileRows;
  SplitBfloat16Plan joined(convolution, schedule, target, parts);
  if (!joined.isJoined)
    return schedules;
  int64_t ofRows = chooseTilePositions(joined.countJoined(joined.panelRows),
                                       /*folded=*/true);
  if (ofRows > ofRow)
    add(ofRows);
  return schedules;
}

template <int64_t parts>
static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr target) {
  SplitBfloat16Plan plan(convolution, schedule, target, parts);
  ConvolutionCost cost;
  auto panels = static_cast<double>(plan.countPanels());
  double results = plan.countTiles() * plan.groups * plan.groupVectors;
  double steps = static_cast<double>(plan.countSteps());
  double products = static_cast<double>(plan.countProducts()) * results * steps;
  double compute = products * getProductCycles(plan.tilePositions);
  cost.multiplyAdds = products * plan.tilePositions * tileDepth * tileColumns;

  cost.cycles = leastSplitCycles + compute + plan.getTrafficCycles(target) +
                results * plan.tilePositions * splitVectorCycles;
  double converted = plan.countConverted() / tileColumns;
  cost.otherOperations = converted * tileColumns * (2 * parts - 1);

  // The filter comes from memory once; for the other panels it is nearer.
  double filterBytes = 4.0 * static_cast<double>(plan.getFilterSize());
  auto passes = static_cast<double>(plan.countPasses(plan.blockVectors));
  cost.cycles += estimateFilterWait(
      filterBytes, passes, plan.getRequestedShare(), compute / panels, target);
  (isStreamed(filterBytes, target) ? cost.memoryBytes : cost.level2Bytes) +=
      filterBytes * panels;
  cost.level2Bytes +=
      2 * panels * static_cast<double>(plan.getPanelSize()) * plan.groupVectors;
  return cost;
}

/// See above: what is left out and what the splits lose, 2^-16 + 2 * 2^-17 with
/// a little for products of those, or of three parts 2^-24, and the sum of as
/// many times more products.
template <int64_t parts>
static double boundError(const Convolution &convolution,
                         const ConvolutionSchedule &, ArrayRef<float> filter,
                         double inputBound) {
  constexpr int64_t count = countPartProducts(parts);
  double products = static_cast<double>(
      count * (convolution.inChannels / convolution.groups) *
      convolution.getTaps());
  // Left out of three parts: 2 * 2^-8 * 2^-17, and 2^-34.
  double split = parts == 2 ? std::ldexp(1.01, -16) + 2 * std::ldexp(1.01, -17)
                            : std::ldexp(1.01, -24);
  // Parts of a sum are at most 1 + 2^-7 times as large as what they make up.
  double growth = 1 + std::ldexp(1.0, -7);
  return (split + getGamma(products + count) * growth) *
         getLargestAbsoluteSum(convolution, filter) * inputBound;
}

/// What is left out of each product, low(w) low(x), and what the splits lose
/// are independent of each other, and so relative to the root of the sum of
/// their squares whatever their number: measured, 4.4e-6. Of three parts
/// nothing counts but the sum: each product of tiles sums up its own elements,
/// even and odd ones apart, and adds that to the accumulator.
template <int64_t parts>
static double estimateTypicalError(const Convolution &convolution,
                                   const ConvolutionSchedule &) {
  auto products = static_cast<double>(
      convolution.inChannels / convolution.groups * convolution.getTaps());
  double additions =
      countPartProducts(parts) * products / tileDepth + tileDepth / 2;
  return std::hypot(parts == 2 ? 4.4e-6 : 0, estimateSumError(additions));
}

template <int64_t parts>
static int64_t getPackedSize(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr target) {
  return SplitBfloat16Plan(convolution, schedule, target, parts)
      .getFilterSize();
}

/// The order of packed filters: groups x blocks of vectors x channel steps x
/// depth taps x row taps x column steps x parts x vectors of the block x tile.
/// Row r of a tile holds elements 2 r and 2 r + 1 of the step for each of 16
/// output channels.
template <int64_t parts>
static void packFilter(const Convolution &convolution,
                       const ConvolutionSchedule &schedule,
                       kernel::TargetAttr target, ArrayRef<float> filter,
                       MutableArrayRef<float> packed) {
  SplitBfloat16Plan plan(convolution, schedule, target, parts);
  // Channels of one group, as the network has it.
  int64_t filterChannels = convolution.inChannels / convolution.groups;
  int64_t filterOutputs = convolution.outChannels / convolution.groups;
  int64_t taps = convolution.getTaps();
  int64_t columnTaps = plan.dimensions[2].kernel;
  int64_t outerTaps = taps / columnTaps;

  // The weight of a group's output and input channel, zero outside of the
  // diagonal blocks of a merged group.
  auto getWeight = [&](int64_t group, int64_t output, int64_t channel,
                       int64_t outerTap, int64_t columnTap) {
    if (output >= plan.outChannels || channel >= plan.inChannels ||
        columnTap >= columnTaps ||
        output / filterOutputs != channel / filterChannels)
      return 0.0f;
    int64_t f = group * plan.outChannels + output;
    return filter[(f * filterChannels + channel % filterChannels) * taps +
                  outerTap * columnTaps + columnTap];
  };

  auto *next = reinterpret_cast<uint16_t *>(packed.data());
  for (int64_t group = 0; group < plan.groups; ++group)
    for (int64_t vector = 0; vector < plan.groupVectors;
         vector += plan.blockVectors) {
      int64_t vectors = std::min(plan.blockVectors, plan.groupVectors - vector);
      for (int64_t step = 0; step < plan.channelSteps; ++step)
        for (int64_t outerTap = 0; outerTap < outerTaps; ++outerTap)
          for (int64_t columnStep = 0; columnStep < plan.columnSteps;
               ++columnStep) {
            for (int64_t v = 0; v < vectors; ++v)
              for (int64_t row = 0; row < tileRows; ++row)
                for (int64_t lane = 0; lane < tileColumns; ++lane)
                  for (int64_t e = 2 * row; e < 2 * row + 2; ++e) {
                    float weight = getWeight(
                        group, (vector + v) * tileColumns + lane,
                        step * plan.stepChannels + e % plan.stepChannels,
                        outerTap,
                        columnStep * plan.stepTaps + e / plan.stepChannels);
                    for (int64_t part = 0; part < parts; ++part) {
                      uint16_t rounded = roundToBfloat16(weight);
                      next[part * vectors * tileSize] = rounded;
                      weight -= fromBfloat16(rounded);
                    }
                    ++next;
                  }
            next += (parts - 1) * vectors * tileSize;
          }
    }
}

static int64_t countTasks(kernel::ConvOp op) {
  return SplitBfloat16Plan(op).countTasks();
}

static int64_t getScratchSize(kernel::ConvOp op) {
  return SplitBfloat16Plan(op).getScratchSize();
}

static Preparation getPreparation(kernel::ConvOp op) {
  return SplitBfloat16Plan(op).getPreparation();
}

/// Where blocks of channels are read position by position. (A plain input has
/// its channels elsewhere, and without positions the images are columns.)
static bool takesPrologue(const SplitBfloat16Plan &plan) {
  return !plan.isPlain && !plan.isDense;
}

/// As often as an element is split.
template <int64_t parts>
static std::optional<double> countPrologues(const Convolution &convolution,
                                            const ConvolutionSchedule &schedule,
                                            kernel::TargetAttr target) {
  SplitBfloat16Plan plan(convolution, schedule, target, parts);
  if (!takesPrologue(plan))
    return std::nullopt;
  return plan.countSplits();
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  if (!kernel.target.getAmx())
    return op.emitOpError() << "by '" << op.getAlgorithm()
                            << "' needs a target with tile registers";
  SplitBfloat16Plan plan(op);
  if ((plan.isPrepared() && !op.getPrepared()) ||
      (plan.getScratchSize() > 0 && !op.getScratch()))
    return op.emitOpError() << "by '" << op.getAlgorithm()
                            << "' has no memory for its split input";
  if (op.hasPrologue() && !takesPrologue(plan))
    return op.emitOpError()
           << "by '" << op.getAlgorithm()
           << "' has a scale, a shift or an activation of its input, expected "
              "an input with positions and blocks of channels";
  emitSplitBfloat16(op, kernel);
  return success();
}

template <int64_t parts> static Algorithm makeAlgorithm() {
  Algorithm algorithm = {
      getSplitName(parts),  declines,
      getSchedules<parts>,  estimateCost<parts>,
      boundError<parts>,    estimateTypicalError<parts>,
      getPackedSize<parts>, packFilter<parts>,
      countTasks,           emit,
      getScratchSize,       getPreparation,
  };
  algorithm.worksOnBfloat16 = true;
  algorithm.holdsAllBits = parts == 3;
  algorithm.countPrologues = countPrologues<parts>;
  return algorithm;
}

const Algorithm toeplitz::splitBfloat16Algorithm = makeAlgorithm<2>();
const Algorithm toeplitz::exactSplitBfloat16Algorithm = makeAlgorithm<3>();
