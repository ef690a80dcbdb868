// implicit-gemm: the data as a Toeplitz matrix that is never stored, on a GPU.
//
//   Y (F x P) = W (F x K) X~ (K x P),   X~[(tap, c), (n, o)] =
//   x[n, c, o * stride + tap * dilation - padding],
//
// with P positions of all images and K = taps x channels. A block of threads
// computes a tile of Y; it brings the tiles of W and X~ that it needs next into
// the block's memory, finding each element of X~ in the image. Source: Chetlur
// et al., cuDNN: Efficient Primitives for Deep Learning (arXiv:1410.0759),
// section 3.

#include "compiler/Algorithms/ImplicitGemmBlock.h"
#include "compiler/Algorithms/ImplicitGemmKernel.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Table.h"
#include "compiler/Lowering/Kernels/BufferView.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr target) {
  if (!target.isGpu())
    return "the target isn't a GPU";
  if (convolution.getTaps() == 0)
    return "the kernel has no position";
  return std::nullopt;
}

static double estimateCycles(const Convolution &convolution,
                             const ImplicitGemmTile &tile) {
  // Multiply-adds of a multiprocessor in a cycle, of f32.
  constexpr double multiplyAddsPerCycle = 128;
  return estimateGemmCycles(
      convolution, tile,
      getGemmSpeed(tile.getThreads(),
                   multiplyAddsPerCycle * tile.getEfficiency()));
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr) {
  return {getGemmSchedule(
      convolution,
      *llvm::min_element(
          getImplicitGemmTiles(),
          [&](const ImplicitGemmTile &left, const ImplicitGemmTile &right) {
            return estimateCycles(convolution, left) <
                   estimateCycles(convolution, right);
          }))};
}

static const ImplicitGemmTile &getTile(const ConvolutionSchedule &schedule) {
  return *findImplicitGemmTile(schedule.tilePositions, schedule.tileVectors);
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr) {
  const ImplicitGemmTile &tile = getTile(schedule);
  ConvolutionCost cost;
  cost.multiplyAdds = countGemmMultiplyAdds(convolution, tile);
  cost.cycles = estimateCycles(convolution, tile);
  return cost;
}

static int64_t getPackedSize(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr) {
  const ImplicitGemmTile &tile = getTile(schedule);
  return convolution.groups * countGemmChannelTiles(convolution, tile) *
         countGemmSteps(convolution, tile) * tile.depth * tile.channels;
}

/// Group by group, tile by tile of output channels: for each tap and input
/// channel the tile's weights.
static void packFilter(const Convolution &convolution,
                       const ConvolutionSchedule &schedule, kernel::TargetAttr,
                       ArrayRef<float> filter, MutableArrayRef<float> packed) {
  const ImplicitGemmTile &tile = getTile(schedule);
  llvm::fill(packed, 0.0f);
  forGemmWeights(convolution, tile, filter,
                 [&](float weight, int64_t step, int64_t channel, int64_t row) {
                   packed[(step * tile.depth + row) * tile.channels + channel] =
                       weight;
                 });
}

/// The tile of an operation; null where it names none.
static const ImplicitGemmTile *findTile(kernel::ConvOp op) {
  return findImplicitGemmTile(op.getTile()[0], op.getTile()[1]);
}

/// The problem with the operation's tile; with the first one where that is none
/// (which `emit` reports).
static ImplicitGemm getGemm(kernel::ConvOp op) {
  const ImplicitGemmTile *tile = findTile(op);
  return getImplicitGemm(op, tile ? *tile : getImplicitGemmTiles().front());
}

static Preparation getPreparation(kernel::ConvOp op) {
  return getGemm(op).getPreparation();
}

static int64_t countTasks(kernel::ConvOp op) {
  return countGemmTasks(getGemm(op), kernel::getTarget(op));
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  const ImplicitGemmTile *tile = findTile(op);
  FailureOr<ImplicitGemm> gemm = checkImplicitGemm(op, tile);
  if (failed(gemm))
    return failure();
  ConvolutionBuffers buffers = getBuffers(op, kernel);
  emitGemm(kernel, *gemm, buffers,
           [&] { emitImplicitGemm(kernel, *gemm, *tile, buffers); });
  return success();
}

const Algorithm toeplitz::implicitGemmAlgorithm = [] {
  Algorithm algorithm = {"implicit-gemm", declines,
                         getSchedules,    estimateCost,
                         boundSumError,   estimateTypicalSumError,
                         getPackedSize,   packFilter,
                         countTasks,      emit};
  algorithm.getPreparation = getPreparation;
  algorithm.runsOnGpu = true;
  // (Neighbouring threads bring neighbouring positions.)
  algorithm.takesNarrowInput = [](kernel::ConvOp, MemRefType type) {
    return !hasChannelsLast(type);
  };
  return algorithm;
}();
