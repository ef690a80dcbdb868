// filter-toeplitz: the filter as a sparse Toeplitz matrix. Over all positions a
// convolution is the product of one matrix T with the input,
//
//   y[f, o] = sum over c, i of T[(f, o), (c, i)] x[c, i],
//   T[(f, o), (c, o * stride + k * dilation - padding)] = w[f, c, k],
//
// banded in one dimension, doubly blocked Toeplitz in two: what a weight
// w[f, c, k] stands for is a whole diagonal of it. Each diagonal is stored
// once, as one value and one offset, and multiplied as one:
//
//   for each weight of output channel f that isn't zero:
//     y[f, o] += w x[offset + o]   for all o of a register tile
//
// so that pruned weights (exact zeros) cost nothing. Vectors hold positions
// (SpatialLanes.h), for which a task first transposes its part of the input,
// and its sums back. The weights lie by blocks of input channels, whose part of
// a tile's input stays in the first-level cache while all output channels pass;
// between blocks the sums wait in memory.
//
// A zero weight doesn't meet its input: where that is infinite or NaN, the
// output differs from the formula's.
//
// Sources: Gray, Toeplitz and Circulant Matrices: A Review, 2006; Park et al.,
// Faster CNNs with Direct Sparse Convolutions and Guided Pruning
// (arXiv:1608.01409); Elsen et al., Fast Sparse ConvNets (arXiv:1911.09723).

#include "compiler/Algorithms/FilterStream.h"
#include "compiler/Algorithms/FilterToeplitzKernel.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/SpatialLanes.h"
#include "compiler/Algorithms/Table.h"

#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace toeplitz;

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr target) {
  if (convolution.kernel.empty())
    return "there is no spatial dimension";
  if (!convolution.nonzeroWeights)
    return "it isn't known which weights are zero";
  if (!llvm::isPowerOf2_64(target.getLanes()))
    return "the vector length " + std::to_string(target.getLanes()) +
           " is no power of two";
  SpatialLanes lanes = chooseSpatialLanes(convolution, target).lanes;
  constexpr int64_t largest = std::numeric_limits<int32_t>::max();
  if (lanes.getScratchSize() > largest ||
      *convolution.nonzeroWeights > largest - lanes.countPointers())
    return "offsets into its input or its filter don't fit 32 bits";
  return std::nullopt;
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  ConvolutionSchedule chosen;
  chosen.inputBlock = target.getLanes();
  chosen.groups = convolution.groups;
  chosen.tilePositions =
      chooseSpatialLanes(convolution, target).lanes.countTileVectors() *
      target.getLanes();
  return {chosen};
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &,
                                    kernel::TargetAttr target) {
  ChosenLanes chosen = chooseSpatialLanes(convolution, target);
  ConvolutionCost cost;
  // A weight and the offset of what it multiplies.
  double filterBytes = 8.0 * static_cast<double>(*convolution.nonzeroWeights);
  cost.cycles = chosen.cycles + estimateFilterWait(filterBytes, target);
  cost.level2Bytes = chosen.level2Bytes;
  double positions = convolution.batch * target.getLanes();
  for (const LaneDimension &dimension : chosen.lanes.dimensions)
    positions *= dimension.boxes * dimension.positions;
  cost.multiplyAdds = positions * *convolution.nonzeroWeights;
  return cost;
}

/// Calls `visit` for each row of the sparse matrix (all output channels, those
/// that fill up the last vector included, for each block of input channels) and
/// for each of its nonzeros.
static void forEachNonzero(
    const Convolution &convolution, const SpatialLanes &lanes,
    ArrayRef<float> filter, llvm::function_ref<void()> startRow,
    llvm::function_ref<void(int64_t channel, int64_t tap, float weight)>
        visit) {
  int64_t inputs = convolution.inChannels / convolution.groups;
  int64_t outputs = convolution.outChannels / convolution.groups;
  int64_t taps = convolution.getTaps();
  for (int64_t block = 0; block < lanes.channelBlocks; ++block)
    for (int64_t f = 0; f < lanes.countRows(); ++f) {
      startRow();
      if (f >= convolution.outChannels)
        continue;
      int64_t firstChannel = f / outputs * inputs;
      // (Several blocks there are only without groups.)
      int64_t first = block * lanes.blockChannels;
      int64_t end = std::min(inputs, first + lanes.blockChannels);
      for (int64_t c = first; c < end; ++c)
        for (int64_t tap = 0; tap < taps; ++tap)
          if (float weight = filter[(f * inputs + c) * taps + tap]; weight != 0)
            visit(firstChannel + c, tap, weight);
    }
}

static int64_t getPackedSize(const Convolution &convolution,
                             const ConvolutionSchedule &, kernel::TargetAttr) {
  return *convolution.nonzeroWeights;
}

/// The nonzero weights, row by row.
static void packFilter(const Convolution &convolution,
                       const ConvolutionSchedule &, kernel::TargetAttr target,
                       ArrayRef<float> filter, MutableArrayRef<float> packed) {
  size_t next = 0;
  forEachNonzero(
      convolution, chooseSpatialLanes(convolution, target).lanes, filter, [] {},
      [&](int64_t, int64_t, float weight) { packed[next++] = weight; });
}

/// Where the nonzeros of each row begin (and of the last one end), then the
/// offset of each.
static std::vector<int32_t> packStructure(const Convolution &convolution,
                                          const ConvolutionSchedule &,
                                          kernel::TargetAttr target,
                                          ArrayRef<float> filter) {
  SpatialLanes lanes = chooseSpatialLanes(convolution, target).lanes;
  std::vector<int32_t> pointers, offsets;
  SmallVector<int64_t> taps(convolution.kernel.size());
  forEachNonzero(
      convolution, lanes, filter,
      [&] { pointers.push_back(static_cast<int32_t>(offsets.size())); },
      [&](int64_t channel, int64_t tap, float) {
        for (size_t d = taps.size(); d-- > 0; tap /= convolution.kernel[d])
          taps[d] = tap % convolution.kernel[d];
        offsets.push_back(static_cast<int32_t>(lanes.getOffset(channel, taps)));
      });
  pointers.push_back(static_cast<int32_t>(offsets.size()));
  pointers.insert(pointers.end(), offsets.begin(), offsets.end());
  return pointers;
}

/// As a sum of the products with nonzeros alone.
static double boundError(const Convolution &convolution,
                         const ConvolutionSchedule &, ArrayRef<float> filter,
                         double inputBound) {
  size_t products =
      convolution.inChannels / convolution.groups * convolution.getTaps();
  int64_t most = 0;
  for (int64_t f = 0; f < convolution.outChannels; ++f)
    most = std::max<int64_t>(
        most, llvm::count_if(filter.slice(f * products, products),
                             [](float weight) { return weight != 0; }));
  return getGamma(static_cast<double>(most)) *
         getLargestAbsoluteSum(convolution, filter) * inputBound;
}

/// Of the nonzeros of an output channel, on average.
static double estimateTypicalError(const Convolution &convolution,
                                   const ConvolutionSchedule &schedule) {
  if (!convolution.nonzeroWeights)
    return estimateTypicalSumError(convolution, schedule);
  return estimateSumError(static_cast<double>(*convolution.nonzeroWeights) /
                          static_cast<double>(convolution.outChannels));
}

/// The division of a kernel, from what the operation says.
static SpatialLanes getLanes(kernel::ConvOp op) {
  auto copy = [](SmallVector<int64_t, 3> &to, ArrayRef<int64_t> from) {
    to.assign(from.begin(), from.end());
  };
  auto input = cast<ShapedType>(op.getInput().getType()).getShape();
  Convolution convolution;
  convolution.batch = input[0];
  convolution.inChannels = op.getInChannels();
  convolution.outChannels = op.getOutChannels();
  convolution.groups = op.getGroups();
  copy(convolution.kernel, op.getKernel());
  copy(convolution.strides, op.getStrides());
  copy(convolution.dilations, op.getDilations());
  copy(convolution.paddingLow, op.getPaddingLow());
  copy(convolution.outputSizes, op.getOutputSizes());
  convolution.nonzeroWeights =
      cast<ShapedType>(op.getFilter().getType()).getNumElements();
  return chooseSpatialLanes(convolution, kernel::getTarget(op)).lanes;
}

static int64_t countTasks(kernel::ConvOp op) {
  return cast<ShapedType>(op.getInput().getType()).getDimSize(0) *
         getLanes(op).countTasks();
}

static int64_t getScratchSize(kernel::ConvOp op) {
  return getLanes(op).getScratchSize();
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  if (!op.getStructure() || !op.getScratch())
    return op.emitOpError() << "by filter-toeplitz needs the structure of its "
                               "filter and scratch memory";
  emitFilterToeplitz(op, getLanes(op), kernel);
  return success();
}

const Algorithm toeplitz::filterToeplitzAlgorithm = {"filter-toeplitz",
                                                     declines,
                                                     getSchedules,
                                                     estimateCost,
                                                     boundError,
                                                     estimateTypicalError,
                                                     getPackedSize,
                                                     packFilter,
                                                     countTasks,
                                                     emit,
                                                     getScratchSize,
                                                     /*getPreparation=*/nullptr,
                                                     packStructure};
