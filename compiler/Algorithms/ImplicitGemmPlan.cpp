// What the kernels of implicit-gemm and tensor-core-gemm work on: tiles, steps
// and splits.

#include "compiler/Algorithms/ImplicitGemmPlan.h"

#include "compiler/Lowering/Kernels/BufferView.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace toeplitz;

int64_t ImplicitGemm::countTaps() const {
  int64_t taps = 1;
  for (const Dimension &dimension : dimensions)
    taps *= dimension.kernel;
  return taps;
}

int64_t ImplicitGemm::countPositions() const {
  int64_t positions = batch;
  for (const Dimension &dimension : dimensions)
    positions *= dimension.output;
  return positions;
}

int64_t ImplicitGemm::countSteps() const {
  return llvm::divideCeilSigned(countTaps() * inChannels, tile.depth);
}

/// How many parts sums of `steps` steps are divided into where there are
/// `tiles` tiles.
static int64_t chooseSplits(const GemmTile &tile, int64_t tiles,
                            int64_t steps) {
  // The start and end of a block should be little beside its steps, and the
  // second kernel reads every part.
  constexpr int64_t fewestSteps = 6, mostSplits = 32;
  int64_t splits = std::min({llvm::divideCeilSigned(tile.wantedBlocks, tiles),
                             steps / fewestSteps, mostSplits});
  return std::max<int64_t>(splits, 1);
}

int64_t ImplicitGemm::countStepsOfSplit() const {
  return llvm::divideCeilSigned(countSteps(),
                                chooseSplits(tile, countTiles(), countSteps()));
}

int64_t ImplicitGemm::countSplits() const {
  return llvm::divideCeilSigned(countSteps(), countStepsOfSplit());
}

int64_t ImplicitGemm::countChannelTiles() const {
  return llvm::divideCeilSigned(outChannels, tile.channels);
}

int64_t ImplicitGemm::countTiles() const {
  return groups * countChannelTiles() *
         llvm::divideCeilSigned(countPositions(), tile.positions);
}

Preparation ImplicitGemm::getPreparation() const {
  if (countSplits() == 1)
    return {};
  return {countPartialSums(), countBlocks()};
}

ImplicitGemm toeplitz::getImplicitGemm(kernel::ConvOp op,
                                       const GemmTile &tile) {
  ImplicitGemm gemm;
  gemm.batch = cast<ShapedType>(op.getInput().getType()).getDimSize(0);
  gemm.groups = op.getGroups();
  gemm.inChannels = op.getInChannels() / op.getGroups();
  gemm.outChannels = op.getOutChannels() / op.getGroups();
  gemm.dimensions = getDimensions(op);
  gemm.withoutPositions = op.getKernel().empty();
  if (auto result = dyn_cast<MemRefType>(op.getInit().getType()))
    gemm.channelsLast = hasChannelsLast(result);
  gemm.tile = tile;
  gemm.activation = op.getActivationAttr();
  return gemm;
}

FailureOr<ImplicitGemm> toeplitz::checkImplicitGemm(kernel::ConvOp op,
                                                    const GemmTile *tile) {
  if (!tile)
    return op.emitOpError()
           << "by '" << op.getAlgorithm() << "' has no tile of "
           << op.getTile()[0] << " positions and " << op.getTile()[1]
           << " channels";
  ImplicitGemm gemm = getImplicitGemm(op, *tile);
  if (gemm.countSplits() > 1 && !op.getPrepared())
    return op.emitOpError() << "by '" << op.getAlgorithm()
                            << "' has no memory for its partial sums";
  return gemm;
}

int64_t toeplitz::countGemmChannelTiles(const Convolution &convolution,
                                        const GemmTile &tile) {
  return llvm::divideCeilSigned(convolution.outChannels / convolution.groups,
                                tile.channels);
}

int64_t toeplitz::countGemmSteps(const Convolution &convolution,
                                 const GemmTile &tile) {
  return llvm::divideCeilSigned(convolution.inChannels / convolution.groups *
                                    convolution.getTaps(),
                                tile.depth);
}

void toeplitz::forGemmWeights(
    const Convolution &convolution, const GemmTile &tile,
    ArrayRef<float> filter,
    llvm::function_ref<void(float weight, int64_t step, int64_t channel,
                            int64_t row)>
        take) {
  int64_t taps = convolution.getTaps();
  int64_t inputs = convolution.inChannels / convolution.groups;
  int64_t outputs = convolution.outChannels / convolution.groups;
  int64_t steps = countGemmSteps(convolution, tile);
  int64_t tiles = countGemmChannelTiles(convolution, tile);
  for (int64_t f = 0; f < convolution.outChannels; ++f) {
    int64_t group = f / outputs, channel = f % outputs;
    int64_t firstStep = (group * tiles + channel / tile.channels) * steps;
    for (int64_t c = 0; c < inputs; ++c)
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t row = tap * inputs + c;
        take(filter[(f * inputs + c) * taps + tap],
             firstStep + row / tile.depth, channel % tile.channels,
             row % tile.depth);
      }
  }
}

ConvolutionSchedule toeplitz::getGemmSchedule(const Convolution &convolution,
                                              const GemmTile &tile) {
  ConvolutionSchedule schedule;
  schedule.inputBlock = schedule.outputBlock = 1;
  schedule.groups = convolution.groups;
  schedule.tilePositions = tile.positions;
  schedule.tileVectors = tile.channels;
  return schedule;
}

// --- estimates --------------------------------------------------------------

static double countTiles(const Convolution &convolution, const GemmTile &tile) {
  double positions =
      static_cast<double>(convolution.batch) * convolution.getPositions();
  return convolution.groups *
         std::ceil(static_cast<double>(convolution.outChannels) /
                   convolution.groups / tile.channels) *
         std::ceil(positions / tile.positions);
}

static double getDepth(const Convolution &convolution) {
  return static_cast<double>(convolution.inChannels) / convolution.groups *
         convolution.getTaps();
}

double toeplitz::countGemmMultiplyAdds(const Convolution &convolution,
                                       const GemmTile &tile) {
  return countTiles(convolution, tile) * tile.channels * tile.positions *
         getDepth(convolution);
}

GemmSpeed toeplitz::getGemmSpeed(int64_t threads, double multiplyAddsPerCycle) {
  // A block's threads are a part of the 2048 that a multiprocessor may have.
  return {std::max(1.0, 1024.0 / static_cast<double>(threads)),
          multiplyAddsPerCycle};
}

double toeplitz::estimateGemmCycles(const Convolution &convolution,
                                    const GemmTile &tile,
                                    const GemmSpeed &speed) {
  // The multiprocessors that estimates count with: an A100 has 108, an H100
  // 132.
  constexpr double multiprocessors = 120;
  // Cycles from asking for a tile of the device's memory to its being in the
  // block's.
  constexpr double latency = 600;
  double steps = std::ceil(getDepth(convolution) / tile.depth);
  // What a step takes of a multiprocessor that has blocks enough, and what it
  // takes at least: threads wait for their tile of the next step.
  double work = static_cast<double>(tile.channels) * tile.positions *
                tile.depth / speed.multiplyAddsPerCycle;
  double tiles = countTiles(convolution, tile);
  auto splits = static_cast<double>(chooseSplits(
      tile, static_cast<int64_t>(tiles), static_cast<int64_t>(steps)));
  tiles *= splits;
  steps = std::ceil(steps / splits);
  double perProcessor = std::ceil(tiles / multiprocessors);
  double waves = std::ceil(perProcessor / speed.blocks);
  // The kernel that adds up the parts.
  constexpr double secondKernel = 4000;
  return steps * std::max(perProcessor * work, waves * latency) +
         (splits > 1 ? secondKernel : 0);
}
