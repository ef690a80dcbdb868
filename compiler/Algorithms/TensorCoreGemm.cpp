// tensor-core-gemm: implicit-gemm on a GPU's tensor cores, which multiply
// numbers of fewer bits than f32's and add up in f32.
//
//   Y (F x P) = round(W) (F x K) round(X~) (K x P),
//
// as in ImplicitGemm.cpp, with each factor rounded to the nearest of the
// precision that the target allows: TF32, bf16 or f16. Filters are rounded when
// the network is compiled, the data when it comes into the block's memory.

#include "compiler/Algorithms/ImplicitGemmBlock.h"
#include "compiler/Algorithms/ReducedPrecision.h"
#include "compiler/Algorithms/Table.h"
#include "compiler/Algorithms/TensorCoreError.h"
#include "compiler/Algorithms/TensorCoreGemmKernel.h"
#include "compiler/Lowering/Kernels/BufferView.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using kernel::Precision;

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr target) {
  if (!target.isGpu())
    return "the target isn't a GPU";
  if (target.getPrecision() == Precision::F32)
    return "factors of products may not be rounded (--tf32, --precision)";
  if (convolution.getTaps() == 0)
    return "the kernel has no position";
  return std::nullopt;
}

// --- the cost ---------------------------------------------------------------

static double estimateCycles(const Convolution &convolution,
                             const TensorCoreTile &tile) {
  // Multiply-adds of an A100's multiprocessor in a cycle: 512 of TF32, 1024 of
  // 16 bits.
  auto rate = static_cast<double>(512 * countFactors(tile.precision));
  // Two microseconds: what takes less isn't worth rounding more.
  constexpr double leastCycles = 3000;
  return leastCycles +
         estimateGemmCycles(
             convolution, tile,
             getGemmSpeed(tile.getThreads(), rate * tile.getEfficiency()));
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  SmallVector<TensorCoreTile> tiles = getTensorCoreTiles(target.getPrecision());
  const TensorCoreTile &best = *llvm::min_element(
      tiles, [&](const TensorCoreTile &left, const TensorCoreTile &right) {
        return estimateCycles(convolution, left) <
               estimateCycles(convolution, right);
      });
  ConvolutionSchedule schedule = getGemmSchedule(convolution, best);
  schedule.variant = kernel::stringifyPrecision(target.getPrecision()).str();
  return {schedule};
}

static TensorCoreTile getTile(const ConvolutionSchedule &schedule) {
  return *findTensorCoreTile(getFactorPrecision(schedule),
                             schedule.tilePositions, schedule.tileVectors);
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr) {
  TensorCoreTile tile = getTile(schedule);
  ConvolutionCost cost;
  cost.multiplyAdds = countGemmMultiplyAdds(convolution, tile);
  cost.cycles = estimateCycles(convolution, tile);
  return cost;
}

// --- the filter -------------------------------------------------------------

static int64_t getPackedSize(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr) {
  TensorCoreTile tile = getTile(schedule);
  return convolution.groups * countGemmChannelTiles(convolution, tile) *
         countGemmSteps(convolution, tile) * tile.getFilterWords();
}

/// Group by group, tile by tile of output channels, step by step: the words of
/// the tile as the lanes of warps load them.
static void packFilter(const Convolution &convolution,
                       const ConvolutionSchedule &schedule, kernel::TargetAttr,
                       ArrayRef<float> filter, MutableArrayRef<float> packed) {
  TensorCoreTile tile = getTile(schedule);
  llvm::fill(packed, 0.0f);
  auto *words = reinterpret_cast<uint32_t *>(packed.data());
  forGemmWeights(convolution, tile, filter,
                 [&](float weight, int64_t step, int64_t channel, int64_t row) {
                   PackedFactor factor = getPackedFactor(tile, channel, row);
                   uint32_t bits = roundToPrecision(weight, tile.precision);
                   words[step * tile.getFilterWords() + factor.word] |=
                       factor.isUpper ? bits << 16 : bits;
                 });
}

// --- the kernel -------------------------------------------------------------

/// The problem with the operation's tile; with the first one where that is none
/// (which `emit` reports).
static ImplicitGemm getGemm(kernel::ConvOp op) {
  Precision precision = kernel::getTarget(op).getPrecision();
  std::optional<TensorCoreTile> tile =
      findTensorCoreTile(precision, op.getTile()[0], op.getTile()[1]);
  return getImplicitGemm(op,
                         tile ? *tile : getTensorCoreTiles(precision).front());
}

static Preparation getPreparation(kernel::ConvOp op) {
  return getGemm(op).getPreparation();
}

static int64_t countTasks(kernel::ConvOp op) {
  return countGemmTasks(getGemm(op), kernel::getTarget(op));
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  Precision precision = kernel.target.getPrecision();
  if (precision == Precision::F32)
    return op.emitOpError() << "by 'tensor-core-gemm' needs a target that "
                               "rounds factors to tf32, bf16 or f16";
  std::optional<TensorCoreTile> tile =
      findTensorCoreTile(precision, op.getTile()[0], op.getTile()[1]);
  FailureOr<ImplicitGemm> gemm = checkImplicitGemm(op, tile ? &*tile : nullptr);
  if (failed(gemm))
    return failure();
  ConvolutionBuffers buffers = getBuffers(op, kernel);
  emitGemm(kernel, *gemm, buffers,
           [&] { emitTensorCoreGemm(kernel, *gemm, *tile, buffers); });
  return success();
}

/// Any numbers of 16 bits; channels that lie together as far as threads can
/// copy them 16 bytes at a time.
static bool takesNarrowInput(kernel::ConvOp op, MemRefType type) {
  return !hasChannelsLast(type) ||
         hasCopyableRuns(getGemm(op), type, kernel::getTarget(op));
}

const Algorithm toeplitz::tensorCoreGemmAlgorithm = [] {
  Algorithm algorithm = {"tensor-core-gemm",   declines,
                         getSchedules,         estimateCost,
                         boundTensorCoreError, estimateTypicalTensorCoreError,
                         getPackedSize,        packFilter,
                         countTasks,           emit};
  algorithm.getPreparation = getPreparation;
  algorithm.roundsFactors = true;
  algorithm.runsOnGpu = true;
  algorithm.takesNarrowInput = takesNarrowInput;
  return algorithm;
}();
