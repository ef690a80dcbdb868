// depthwise: every channel is convolved with its own kernel,
//
//   y[n, c, o] = sum over k of w[c, k] x[n, c, o * stride + k * dilation -
//   padding],
//
// a vector of channels at a time. There is no reduction over channels, so loads
// weigh as much as multiply-adds: a row of weights stays in registers, and each
// input vector is loaded once for all the taps of the innermost dimension that
// read it.

#include "compiler/Algorithms/DepthwiseKernel.h"
#include "compiler/Algorithms/RegisterTile.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Table.h"

#include "llvm/Support/MathExtras.h"

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

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  ConvolutionSchedule chosen;
  chosen.inputBlock = target.getLanes();
  chosen.groups = convolution.groups;
  Dimension columns;
  columns.kernel = convolution.kernel.back();
  columns.output = convolution.outputSizes.back();
  chosen.tilePositions = chooseDepthwisePositions(columns, target);
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
  // A multiply-add here takes up to twice as long as in a dense convolution.
  double work = 2.0 * batch * channels * rows * dimensions.back().output * taps;
  int64_t blocks = llvm::divideCeil(channels, target.getLanes());
  // (28 x 28 is large, 14 x 14 small.)
  constexpr int64_t largeImage = 400;
  if (rows * dimensions.back().output >= largeImage)
    return divideRowsIntoTasks(batch, rows, blocks, work);
  return divideIntoTasks(batch, rows, blocks,
                         4.0 * target.getLanes() * dimensions.back().input,
                         work, target);
}

static int64_t countTasks(kernel::ConvOp op) {
  return getTasks(op, kernel::getTarget(op)).countTasks();
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  ConvolutionBuffers buffers = getBuffers(op, kernel);
  DepthwiseKernel blueprint = {getDimensions(op), op.getTile()[0]};
  emitDepthwiseKernel(
      kernel, blueprint, buffers,
      getTaskRange(kernel, getTasks(op, kernel.target)),
      [&](Value sum, const DepthwisePosition &place) {
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

const Algorithm toeplitz::depthwiseAlgorithm = {
    "depthwise",   declines,      getSchedules,
    estimateCost,  boundSumError, estimateTypicalSumError,
    getPackedSize, packFilter,    countTasks,
    emit};
