// warpgroup-gemm: tensor-core-gemm with the products of matrices by warpgroups
// that GPUs of the architecture sm_90a have (see Warpgroup.h), which read both
// factors from the block's memory:
//
//   Y (F x P) = round(W) (F x K) round(X~) (K x P).

#include "compiler/Algorithms/ImplicitGemmBlock.h"
#include "compiler/Algorithms/ReducedPrecision.h"
#include "compiler/Algorithms/Table.h"
#include "compiler/Algorithms/TensorCoreError.h"
#include "compiler/Algorithms/WarpgroupGemmKernel.h"
#include "compiler/Lowering/Kernels/BufferView.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using kernel::Precision;

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr target) {
  if (!target.isGpu())
    return "the target isn't a GPU";
  if (!target.getWarpgroups())
    return "the GPU has no products by warpgroups (--gpu-arch=sm_90a)";
  if (target.getPrecision() == Precision::F32)
    return "factors of products may not be rounded (--tf32, --precision)";
  if (convolution.getTaps() == 0)
    return "the kernel has no position";
  return std::nullopt;
}

// --- the cost ---------------------------------------------------------------

/// Multiply-adds of an H100's multiprocessor in a cycle: 1024 of TF32, 2048 of
/// 16 bits.
static double getPeak(const WarpgroupTile &tile) {
  return static_cast<double>(1024 * countFactors(tile.precision));
}

/// A step takes as long as its products, or as copying its tiles from the
/// second-level cache, and a little more. Measured on an H200 with loops of
/// such steps in CUDA C++ (a block's threads begin the products, then the
/// copies, and wait for both): of 961 TFLOP/s without copies, tiles of 256 x
/// 128 reached 741, 128 x 128 592, 64 x 128 394, 64 x 64 299, in this order 40
/// bytes in a cycle of each multiprocessor but for the first one. (Copies
/// before products: 609 of the first; products that go on while the next ones
/// begin: 631.) The kernels themselves haven't been measured.
static double getEfficiency(const WarpgroupTile &tile) {
  constexpr double bytesPerCycle = 40, reached = 0.95;
  double copies = static_cast<double>(tile.channels + tile.positions) *
                  WarpgroupProduct::rowBytes / bytesPerCycle;
  double products =
      static_cast<double>(tile.channels * tile.positions * tile.depth) /
      getPeak(tile);
  return reached * std::min(1.0, products / copies);
}

/// Blocks that share the 227 KiB of an H100's multiprocessor (a block takes 1
/// KiB for itself) and its 65536 registers: the sums, and as many for the rest,
/// at least 64.
static int64_t countBlocks(const WarpgroupTile &tile) {
  constexpr int64_t kibibyte = 1024, registers = 65536;
  int64_t sums = WarpgroupProduct::countSums(tile.groupPositions);
  return std::min(
      228 * kibibyte / (tile.getMemoryBytes() + kibibyte),
      registers / (tile.getThreads() * (sums + std::max<int64_t>(sums, 64))));
}

static double estimateCycles(const Convolution &convolution,
                             const WarpgroupTile &tile) {
  // As for tensor-core-gemm: what takes less isn't worth rounding more.
  constexpr double leastCycles = 3000;
  return leastCycles +
         estimateGemmCycles(convolution, tile,
                            {static_cast<double>(countBlocks(tile)),
                             getPeak(tile) * getEfficiency(tile)});
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  SmallVector<WarpgroupTile> tiles = getWarpgroupTiles(target.getPrecision());
  // Where nothing but waiting counts, the one that computes least.
  auto getCost = [&](const WarpgroupTile &tile) {
    return std::pair(estimateCycles(convolution, tile),
                     countGemmMultiplyAdds(convolution, tile));
  };
  const WarpgroupTile &best = *llvm::min_element(
      tiles, [&](const WarpgroupTile &left, const WarpgroupTile &right) {
        return getCost(left) < getCost(right);
      });
  ConvolutionSchedule schedule = getGemmSchedule(convolution, best);
  schedule.variant = kernel::stringifyPrecision(target.getPrecision()).str();
  return {schedule};
}

static WarpgroupTile getTile(const ConvolutionSchedule &schedule) {
  return *findWarpgroupTile(getFactorPrecision(schedule),
                            schedule.tilePositions, schedule.tileVectors);
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr) {
  WarpgroupTile tile = getTile(schedule);
  ConvolutionCost cost;
  cost.multiplyAdds = countGemmMultiplyAdds(convolution, tile);
  cost.cycles = estimateCycles(convolution, tile);
  return cost;
}

// --- the filter -------------------------------------------------------------

static int64_t getPackedSize(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr) {
  WarpgroupTile tile = getTile(schedule);
  return convolution.groups * countGemmChannelTiles(convolution, tile) *
         countGemmSteps(convolution, tile) * tile.getFilterWords();
}

/// Group by group, tile by tile of output channels, step by step: the rows of a
/// left factor, a channel each.
static void packFilter(const Convolution &convolution,
                       const ConvolutionSchedule &schedule, kernel::TargetAttr,
                       ArrayRef<float> filter, MutableArrayRef<float> packed) {
  WarpgroupTile tile = getTile(schedule);
  int64_t perWord = countFactors(tile.precision);
  constexpr int64_t pieceWords = 4;
  llvm::fill(packed, 0.0f);
  auto *words = reinterpret_cast<uint32_t *>(packed.data());
  forGemmWeights(convolution, tile, filter,
                 [&](float weight, int64_t step, int64_t channel, int64_t row) {
                   int64_t word = row / perWord;
                   int64_t place =
                       channel * WarpgroupTile::depthWords +
                       WarpgroupProduct::getPlace(channel, word / pieceWords) *
                           pieceWords +
                       word % pieceWords;
                   uint32_t bits = roundToPrecision(weight, tile.precision);
                   words[step * tile.getFilterWords() + place] |=
                       row % perWord != 0 ? bits << 16 : bits;
                 });
}

// --- the kernel -------------------------------------------------------------

/// The problem with the operation's tile; with the first one where that is none
/// (which `emit` reports).
static ImplicitGemm getGemm(kernel::ConvOp op) {
  Precision precision = kernel::getTarget(op).getPrecision();
  std::optional<WarpgroupTile> tile =
      findWarpgroupTile(precision, op.getTile()[0], op.getTile()[1]);
  return getImplicitGemm(op,
                         tile ? *tile : getWarpgroupTiles(precision).front());
}

static Preparation getPreparation(kernel::ConvOp op) {
  return getGemm(op).getPreparation();
}

static int64_t countTasks(kernel::ConvOp op) {
  return countGemmTasks(getGemm(op), kernel::getTarget(op));
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  Precision precision = kernel.target.getPrecision();
  if (precision == Precision::F32 || !kernel.target.getWarpgroups())
    return op.emitOpError()
           << "by 'warpgroup-gemm' needs a target that has products by "
              "warpgroups and rounds factors to tf32, bf16 or f16";
  std::optional<WarpgroupTile> tile =
      findWarpgroupTile(precision, op.getTile()[0], op.getTile()[1]);
  FailureOr<ImplicitGemm> gemm = checkImplicitGemm(op, tile ? &*tile : nullptr);
  if (failed(gemm))
    return failure();
  ConvolutionBuffers buffers = getBuffers(op, kernel);
  emitGemm(kernel, *gemm, buffers,
           [&] { emitWarpgroupGemm(kernel, *gemm, *tile, buffers); });
  return success();
}

/// Any numbers of 16 bits; channels that lie together as far as threads can
/// copy them 16 bytes at a time.
static bool takesNarrowInput(kernel::ConvOp op, MemRefType type) {
  return !hasChannelsLast(type) ||
         hasCopyableRuns(getGemm(op), type, kernel::getTarget(op));
}

const Algorithm toeplitz::warpgroupGemmAlgorithm = [] {
  Algorithm algorithm = {"warpgroup-gemm",     declines,
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
