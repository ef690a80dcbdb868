// depthwise: every channel is convolved with its own kernel,
//
//   y[n, c, o] = sum over k of w[c, k] x[n, c, o * stride + k * dilation -
//   padding],
//
// a vector of channels at a time. There is no reduction over channels, so loads
// weigh as much as multiply-adds: a row of weights stays in registers, and each
// input vector is loaded once for all the taps of the innermost dimension that
// read it.

#include "compiler/Algorithms/BlockedKernel.h"
#include "compiler/Algorithms/RegisterTile.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Table.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <map>

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

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

/// The widest kernel row whose weights stay in registers beside the
/// accumulators. Wider rows load their weights again and again.
static constexpr int64_t widestResidentRow = 5;

/// As many positions as registers hold beside a row of weights and one input
/// vector, in rows that are cut evenly.
static int64_t choosePositions(const Convolution &convolution,
                               kernel::TargetAttr target) {
  int64_t weights = std::min(convolution.kernel.back(), widestResidentRow);
  // A target with fewer registers than that reloads what it can't keep.
  int64_t most =
      std::clamp<int64_t>(target.getRegisters() - 2 - weights, 1, 16);
  int64_t row = convolution.outputSizes.back();
  return llvm::divideCeil(row, llvm::divideCeil(row, most));
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  ConvolutionSchedule chosen;
  chosen.inputBlock = target.getLanes();
  chosen.groups = convolution.groups;
  chosen.tilePositions = choosePositions(convolution, target);
  return {chosen};
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &,
                                    kernel::TargetAttr target) {
  ConvolutionCost cost;
  double vectorOperations =
      static_cast<double>(convolution.batch) * convolution.getPositions() *
      convolution.getTaps() *
      llvm::divideCeil(convolution.outChannels, target.getLanes());
  cost.multiplyAdds = vectorOperations * target.getLanes();
  // One load for each multiply-add, two loads a cycle.
  cost.cycles = vectorOperations / 2.0;
  return cost;
}

static int64_t getPackedSize(const Convolution &convolution,
                             const ConvolutionSchedule &,
                             kernel::TargetAttr target) {
  return llvm::alignTo(convolution.outChannels, target.getLanes()) *
         convolution.getTaps();
}

/// Block by block, tap by tap: a vector of channels.
static void packFilter(const Convolution &convolution,
                       const ConvolutionSchedule &, kernel::TargetAttr target,
                       ArrayRef<float> filter, MutableArrayRef<float> packed) {
  int64_t lanes = target.getLanes(), taps = convolution.getTaps();
  float *next = packed.data();
  for (int64_t block = 0; block < convolution.outChannels; block += lanes)
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t c = block; c < block + lanes; ++c)
        *next++ = c < convolution.outChannels ? filter[c * taps + tap] : 0.0f;
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
  // A multiply-add here costs as much memory traffic as several in a dense
  // convolution.
  double work = 8.0 * batch * channels * rows * dimensions.back().output * taps;
  return divideIntoTasks(
      batch, rows, llvm::divideCeil(channels, target.getLanes()),
      4.0 * target.getLanes() * dimensions.back().input, work, target);
}

static int64_t countTasks(kernel::ConvOp op) {
  return getTasks(op, kernel::getTarget(op)).countTasks();
}

namespace {
struct Place {
  Index image, block;
  SmallVector<Index> outer;
};
} // namespace

/// The taps of the dimensions from `dimension` on, the outer ones as loops.
static Accumulators
emitTaps(KernelBuilder &kernel, ArrayRef<Dimension> dimensions,
         const ConvolutionBuffers &buffers, const Place &place,
         const ColumnRun &run, Index column, Accumulators accumulators,
         size_t dimension, Index tap, SmallVector<Index> inputPosition) {
  auto number = [&](int64_t value) { return kernel.constant(value); };
  int64_t lanes = kernel.target.getLanes();
  if (dimension < place.outer.size()) {
    const Dimension &outer = dimensions[dimension];
    TapRange range = getTapRange(kernel, outer, place.outer[dimension]);
    return kernel.forLoop(
        range.first, range.end, 1, accumulators,
        [&](Index outerTap, ValueRange carried) {
          SmallVector<Index> positions = inputPosition;
          positions.push_back(kernel.sub(
              kernel.add(
                  kernel.mul(place.outer[dimension], number(outer.stride)),
                  kernel.mul(outerTap, number(outer.dilation))),
              number(outer.paddingLow)));
          return emitTaps(
              kernel, dimensions, buffers, place, run, column,
              Accumulators(carried), dimension + 1,
              kernel.add(kernel.mul(tap, number(outer.kernel)), outerTap),
              positions);
        });
  }
  int64_t taps = 1;
  for (const Dimension &each : dimensions)
    taps *= each.kernel;
  const Dimension &columns = dimensions.back();
  auto loadWeights = [&](int64_t columnTap) {
    Index linearTap =
        kernel.add(kernel.mul(tap, number(columns.kernel)), number(columnTap));
    return kernel.loadVector(
        buffers.filter,
        {kernel.mul(
            kernel.add(kernel.mul(place.block, number(taps)), linearTap),
            number(lanes))},
        lanes);
  };
  bool resident = columns.kernel <= widestResidentRow;
  SmallVector<Value> weights;
  for (int64_t columnTap = 0; resident && columnTap < columns.kernel;
       ++columnTap)
    weights.push_back(loadWeights(columnTap));

  // Input vector by input vector: each is loaded once and used by every
  // position and tap that reads it.
  std::map<int64_t, SmallVector<std::pair<int64_t, int64_t>>> readers;
  for (int64_t t = 0; t < run.positions; ++t)
    for (int64_t columnTap = 0; columnTap < columns.kernel; ++columnTap)
      if (run.reachesInput(columns, t, columnTap))
        readers[columns.getInputPosition(t, columnTap)].push_back(
            {t, columnTap});
  for (const auto &[inputColumn, uses] : readers) {
    SmallVector<Index> indices = {place.image, place.block};
    llvm::append_range(indices, inputPosition);
    indices.push_back(kernel.add(kernel.mul(column, number(columns.stride)),
                                 number(inputColumn)));
    indices.push_back(number(0));
    Value input = kernel.loadVector(buffers.input, indices, lanes);
    for (auto [t, columnTap] : uses)
      accumulators[t] = kernel.multiplyAdd(
          input, resident ? weights[columnTap] : loadWeights(columnTap),
          accumulators[t]);
  }
  return accumulators;
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  ConvolutionBuffers buffers = getBuffers(op, kernel);
  SmallVector<Dimension> dimensions = getDimensions(op);
  auto number = [&](int64_t value) { return kernel.constant(value); };
  TaskRange range = getTaskRange(kernel, getTasks(op, kernel.target));
  SmallVector<int64_t> outerSizes;
  for (const Dimension &dimension : ArrayRef(dimensions).drop_back())
    outerSizes.push_back(dimension.output);

  Place place;
  place.image = range.image;
  auto emitTile = [&](const ColumnRun &run, Index column) {
    Accumulators accumulators = startAccumulators(
        kernel, buffers.bias, place.block, run.positions, /*vectors=*/1);
    accumulators =
        emitTaps(kernel, dimensions, buffers, place, run, column,
                 std::move(accumulators), /*dimension=*/0, number(0), {});
    for (int64_t t = 0; t < run.positions; ++t) {
      SmallVector<Index> indices = {place.image, place.block};
      auto addPosition = [&](const Dimension &dimension, Index position) {
        indices.push_back(
            kernel.add(kernel.mul(position, number(dimension.outputStride)),
                       number(dimension.outputOffset)));
      };
      for (auto [dimension, position] : llvm::zip(dimensions, place.outer))
        addPosition(dimension, position);
      addPosition(dimensions.back(), kernel.add(column, number(t)));
      indices.push_back(number(0));
      finishVector(kernel, buffers, op.getActivationAttr(), accumulators[t],
                   indices);
    }
  };
  kernel.forLoop(range.firstBlock, range.endBlock, 1, [&](Index block) {
    place.block = block;
    kernel.forLoop(range.firstRow, range.endRow, 1, [&](Index row) {
      place.outer = kernel.delinearize(row, outerSizes);
      for (const ColumnRun &run :
           cutColumns(dimensions.back(), op.getTile()[0]))
        kernel.forLoop(number(run.begin), number(run.end), run.positions,
                       [&](Index column) { emitTile(run, column); });
    });
  });
  return success();
}

const Algorithm toeplitz::depthwiseAlgorithm = {
    "depthwise",   declines,   getSchedules, estimateCost, boundSumError,
    getPackedSize, packFilter, countTasks,   emit};
