// grouped: groups of channels that don't fill whole vectors,
//
//   y[f, o] = sum over c < C / G, k of
//             w[f, c, k] x[f / (F / G) * (C / G) + c, i(o, k)],
//
// a vector of output channels at a time, whatever groups its channels are of.
// In each step of the sum every lane multiplies a channel of its own group
// (LaneInputs.h), so that nothing is multiplied by zero; it is a depthwise
// convolution for each of the C / G channels of a group, added up. A vector of
// inputs is made once for all the taps of the innermost dimension that read it,
// which hides what making it costs.

#include "compiler/Algorithms/Grouped.h"

#include "compiler/Algorithms/GroupedKernel.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Table.h"

#include "llvm/Support/MathExtras.h"
#include <set>

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

ChannelGroups toeplitz::getChannelGroups(const Convolution &convolution) {
  return {convolution.groups, convolution.inChannels / convolution.groups,
          convolution.outChannels / convolution.groups};
}

ConvolutionSchedule toeplitz::scheduleGrouped(const Convolution &convolution,
                                              kernel::TargetAttr target) {
  ConvolutionSchedule schedule;
  schedule.inputBlock = target.getLanes();
  schedule.groups = convolution.groups;
  Dimension columns;
  columns.kernel = convolution.kernel.back();
  columns.output = convolution.outputSizes.back();
  schedule.tilePositions =
      chooseGroupedPositions(columns, getChannelGroups(convolution), target);
  return schedule;
}

int64_t toeplitz::getGroupedFilterSize(const Convolution &convolution,
                                       const ConvolutionSchedule &,
                                       kernel::TargetAttr target) {
  return llvm::alignTo(convolution.outChannels, target.getLanes()) *
         (convolution.inChannels / convolution.groups) * convolution.getTaps();
}

void toeplitz::packGroupedFilter(const Convolution &convolution,
                                 const ConvolutionSchedule &,
                                 kernel::TargetAttr target,
                                 ArrayRef<float> filter,
                                 MutableArrayRef<float> packed) {
  int64_t lanes = target.getLanes(), taps = convolution.getTaps();
  int64_t inputs = convolution.inChannels / convolution.groups;
  int64_t columnTaps = convolution.kernel.back();
  float *next = packed.data();
  for (int64_t block = 0; block < convolution.outChannels; block += lanes)
    for (int64_t row = 0; row < taps; row += columnTaps)
      for (int64_t c = 0; c < inputs; ++c)
        for (int64_t tap = row; tap < row + columnTaps; ++tap)
          for (int64_t f = block; f < block + lanes; ++f)
            *next++ = f < convolution.outChannels
                          ? filter[(f * inputs + c) * taps + tap]
                          : 0.0f;
}

static TaskGrid getTasks(kernel::ConvOp op, kernel::TargetAttr target) {
  SmallVector<Dimension> dimensions = getDimensions(op);
  int64_t rows = 1, taps = 1;
  for (const Dimension &dimension : dimensions) {
    rows *= dimension.output;
    taps *= dimension.kernel;
  }
  rows /= dimensions.back().output;
  int64_t batch = cast<ShapedType>(op.getInput().getType()).getDimSize(0);
  int64_t channels = op.getOutChannels();
  int64_t groupInputs = op.getInChannels() / op.getGroups();
  // A multiply-add here takes up to twice as long as in a dense convolution.
  double work = 2.0 * batch * channels * rows * dimensions.back().output *
                taps * groupInputs;
  int64_t blocks = llvm::divideCeil(channels, target.getLanes());
  // (28 x 28 is large, 14 x 14 small.)
  constexpr int64_t largeImage = 400;
  if (rows * dimensions.back().output >= largeImage)
    return divideRowsIntoTasks(batch, rows, blocks, work);
  return divideIntoTasks(batch, rows, blocks,
                         4.0 * target.getLanes() * dimensions.back().input,
                         work, target);
}

int64_t toeplitz::countGroupedTasks(kernel::ConvOp op) {
  return getTasks(op, kernel::getTarget(op)).countTasks();
}

LogicalResult toeplitz::emitGrouped(kernel::ConvOp op, KernelBuilder &kernel) {
  ConvolutionBuffers buffers = getBuffers(op, kernel);
  auto groups = static_cast<int64_t>(op.getGroups());
  auto inChannels = static_cast<int64_t>(op.getInChannels());
  auto outChannels = static_cast<int64_t>(op.getOutChannels());
  GroupedKernel blueprint = {
      getDimensions(op),
      op.getTile()[0],
      {groups, inChannels / groups, outChannels / groups}};
  emitGroupedKernel(
      kernel, blueprint, buffers,
      getTaskRange(kernel, getTasks(op, kernel.target)),
      [&](Value sum, const GroupedPosition &place) {
        SmallVector<Index> indices = {place.image, place.block};
        auto addPosition = [&](const Dimension &dimension, Index position) {
          indices.push_back(kernel.add(
              kernel.mul(position, kernel.constant(dimension.outputStride)),
              kernel.constant(dimension.outputOffset)));
        };
        for (auto [dimension, position] :
             llvm::zip(blueprint.dimensions, place.outer))
          addPosition(dimension, position);
        addPosition(blueprint.dimensions.back(), place.column);
        indices.push_back(kernel.constant(0));
        finishVector(kernel, buffers, op.getActivationAttr(), sum, indices);
      });
  return success();
}

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr target) {
  if (convolution.groups == 1)
    return "there is one group";
  if (convolution.kernel.empty())
    return "there is no spatial dimension";
  ChannelGroups groups = getChannelGroups(convolution);
  if (groups.inputs == 1 && groups.outputs == 1)
    return "each group has one channel";
  int64_t lanes = target.getLanes();
  if (groups.inputs % lanes == 0 && groups.outputs % lanes == 0)
    return "groups of " + std::to_string(groups.inputs) + " input and " +
           std::to_string(groups.outputs) +
           " output channels fill whole vectors";
  return std::nullopt;
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  return {scheduleGrouped(convolution, target)};
}

/// The vectors of inputs that a tile's positions read in one step.
static int64_t countTileInputs(const Convolution &convolution,
                               int64_t positions) {
  std::set<int64_t> columns;
  for (int64_t t = 0; t < positions; ++t)
    for (int64_t tap = 0; tap < convolution.kernel.back(); ++tap)
      columns.insert(t * convolution.strides.back() +
                     tap * convolution.dilations.back());
  return static_cast<int64_t>(columns.size());
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr target) {
  int64_t lanes = target.getLanes();
  ChannelGroups groups = getChannelGroups(convolution);
  int64_t blocks = llvm::divideCeil(convolution.outChannels, lanes);
  bool isShuffle = groups.isShuffle(lanes);
  int64_t taps = convolution.kernel.back();
  int64_t positions = schedule.tilePositions;
  int64_t inputs = countTileInputs(convolution, positions);
  // Of one step of a tile, in all blocks: two multiply-adds and two loads a
  // cycle.
  double blockCycles = 0;
  for (int64_t block = 0; block < blocks; ++block) {
    int64_t first = block * lanes;
    int64_t last = std::min(first + lanes, convolution.outChannels) - 1;
    int64_t parts =
        isShuffle ? 1 : last / groups.outputs - first / groups.outputs + 1;
    blockCycles +=
        std::max({positions * taps / 2.0, (taps + inputs * parts) / 2.0, 4.0});
  }
  double rows = getInsideShare(convolution) * convolution.batch *
                convolution.getPositions();
  for (int64_t outerTaps : ArrayRef(convolution.kernel).drop_back())
    rows *= static_cast<double>(outerTaps);
  ConvolutionCost cost;
  cost.multiplyAdds =
      rows * static_cast<double>(taps * groups.inputs * blocks * lanes);
  cost.cycles = rows / static_cast<double>(positions) *
                static_cast<double>(groups.inputs) * blockCycles *
                getBorderSlowdown(getDimensions(convolution).back(), positions);
  return cost;
}

const Algorithm toeplitz::groupedAlgorithm = {"grouped",
                                              declines,
                                              getSchedules,
                                              estimateCost,
                                              boundSumError,
                                              estimateTypicalSumError,
                                              getGroupedFilterSize,
                                              packGroupedFilter,
                                              countGroupedTasks,
                                              emitGrouped};
