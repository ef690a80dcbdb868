// winograd on a GPU: what it computes, how that is divided into blocks, and
// what it costs. See WinogradOnGpuKernel.cpp for what a block does.
//
// F(2x2, 3x3) is the variant whose sums fit into registers beside tiles that
// are worth their way: of 16 frequencies 64 channels x 32 tiles are 32768 sums,
// half of a multiprocessor's registers, and what comes into the block's memory
// is multiplied by 32 or 64 numbers there. F(4x4, 3x3), of 36 frequencies, is
// left out: as many sums are 32 channels x 28 tiles, so that the input's
// numbers meet half as many others, and a channel takes 36 x (32 + 28) floats
// of the block's memory in place of 16 x (64 + 32): two halves of 48 KiB have
// two channels. In one dimension F(2, 3) saves a third of the products, not
// 5/9. Sources: Lavin and Gray (arXiv:1509.09308), section 5, for a single
// kernel; Yan, Wang and Chu, Optimizing Batched Winograd Convolution on GPUs,
// PPoPP 2020, for blocks of 64 channels x 32 tiles.
//
// A sum of a frequency is added up channel by channel in one register, and rows
// of the input are combined before columns, as on the CPU; both bounds of the
// error are the CPU's, which hold for any order of the channels.

#include "compiler/Algorithms/WinogradOnGpu.h"
#include "compiler/Algorithms/Winograd.h"

#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace toeplitz;

/// The larger one has a multiprocessor's registers for itself; of the smaller
/// one two blocks share them.
static constexpr WinogradBlockTile blockTiles[] = {{64, 4}, {32, 2}};

std::optional<WinogradBlockTile>
toeplitz::findWinogradBlockTile(int64_t channels) {
  for (const WinogradBlockTile &tile : blockTiles)
    if (tile.channels == channels)
      return tile;
  return std::nullopt;
}

std::optional<std::string>
toeplitz::declinesWinogradOnGpu(const Convolution &convolution) {
  size_t rank = convolution.kernel.size();
  if (rank != 2)
    return "the number of spatial dimensions is " + std::to_string(rank) +
           ", expected 2 on a GPU";
  for (size_t d = 0; d < rank; ++d) {
    std::string where = " in spatial dimension " + std::to_string(d);
    if (convolution.kernel[d] != WinogradBlockTile::taps)
      return "the kernel size is " + std::to_string(convolution.kernel[d]) +
             where + ", expected 3 on a GPU";
    if (convolution.strides[d] != 1)
      return "the stride is " + std::to_string(convolution.strides[d]) + where +
             ", expected 1";
    if (convolution.dilations[d] != 1)
      return "the dilation is " + std::to_string(convolution.dilations[d]) +
             where + ", expected 1";
  }
  return std::nullopt;
}

// --- the division -----------------------------------------------------------

int64_t WinogradOnGpu::countTiles(size_t d) const {
  return llvm::divideCeilSigned(dimensions[d].output, tile.outputs);
}

int64_t WinogradOnGpu::countTiles() const {
  return batch * countTiles(0) * countTiles(1);
}

int64_t WinogradOnGpu::countTileBlocks() const {
  return llvm::divideCeilSigned(countTiles(), tile.tiles);
}

int64_t WinogradOnGpu::countChannelBlocks() const {
  return llvm::divideCeilSigned(outChannels, tile.channels);
}

int64_t WinogradOnGpu::countSlices() const {
  return llvm::divideCeilSigned(inChannels, tile.depth);
}

bool WinogradOnGpu::alwaysReachesInput(size_t d) const {
  const Dimension &dimension = dimensions[d];
  int64_t last = countTiles(d) * tile.outputs - 1;
  return dimension.getInputPosition(0, 0) >= 0 &&
         dimension.getInputPosition(last, tile.taps - 1) < dimension.input;
}

WinogradOnGpu toeplitz::getWinogradOnGpu(kernel::ConvOp op,
                                         const WinogradBlockTile &tile) {
  WinogradOnGpu problem;
  problem.batch = cast<ShapedType>(op.getInput().getType()).getDimSize(0);
  problem.groups = op.getGroups();
  problem.inChannels = op.getInChannels() / op.getGroups();
  problem.outChannels = op.getOutChannels() / op.getGroups();
  problem.dimensions = getDimensions(op);
  problem.tile = tile;
  return problem;
}

static WinogradOnGpu getProblem(const Convolution &convolution,
                                const WinogradBlockTile &tile) {
  WinogradOnGpu problem;
  problem.batch = convolution.batch;
  problem.groups = convolution.groups;
  problem.inChannels = convolution.inChannels / convolution.groups;
  problem.outChannels = convolution.outChannels / convolution.groups;
  problem.dimensions = getDimensions(convolution);
  problem.tile = tile;
  return problem;
}

static WinogradOnGpu getProblem(const Convolution &convolution,
                                const ConvolutionSchedule &schedule) {
  return getProblem(convolution, *findWinogradBlockTile(schedule.tileVectors));
}

int64_t toeplitz::countWinogradTasksOnGpu(kernel::ConvOp op) {
  // (Another tile is an error of the emitter's.)
  return getWinogradOnGpu(
             op, findWinogradBlockTile(op.getTile()[1]).value_or(blockTiles[0]))
      .countBlocks();
}

// --- the cost ---------------------------------------------------------------

/// Cycles of a multiprocessor, for blocks and for slices. Nothing of this was
/// measured: instructions are counted in what NVIDIA's assembler makes of the
/// kernel for sm_80 and sm_90, accesses of memory by what one touches.
static double estimateCycles(const WinogradOnGpu &problem) {
  const WinogradBlockTile &tile = problem.tile;
  constexpr double warp = 32, quad = 4;
  double warps = static_cast<double>(tile.getThreads()) / warp;
  auto depth = static_cast<double>(tile.depth);

  // Instructions of a slice: per channel the products, and the loads of their
  // factors; for all of it 50 to 70, to load and transform the input, copy the
  // filter, and find all places. Four warps' start in a cycle.
  constexpr double products =
      WinogradBlockTile::perThread * WinogradBlockTile::perThread;
  constexpr double loads = 2.0 * WinogradBlockTile::perThread / quad;
  constexpr double others = 60, startedPerCycle = 4;
  double instructions =
      warps * (depth * (products + loads) + others) / startedPerCycle;
  // Passes of the block's memory and the first-level cache, 128 bytes each: two
  // for a load of factors; three lines for each of the input's eight loads, of
  // every second number of 256 bytes; four stores of the transformed input; the
  // copy of the filter.
  constexpr double passBytes = 128, inputPasses = 8 * 3 + 4;
  double filterBytes = 4.0 * static_cast<double>(tile.getFilterFloats());
  double passes =
      warps * (depth * loads * 2 + inputPasses) + filterBytes / passBytes;
  // What a multiprocessor gets of the second-level cache in a cycle (an H100;
  // an A100 twice as much), where windows' overlaps are half in the first one.
  constexpr double level2BytesPerCycle = 24, numbersOfWindow = 8;
  double inputBytes = 4.0 * depth * WinogradBlockTile::tiles * numbersOfWindow;
  double level2 = (filterBytes + inputBytes) / level2BytesPerCycle;
  // The part of that rate that is reached.
  constexpr double efficiency = 0.85;
  double slice = std::max({instructions, passes, level2}) / efficiency;
  // The results of a block go through its memory in four parts, for each of
  // which a warp has 4 stores of 16 bytes, 16 loads, and 4 outputs with their
  // residuals, three lines each.
  constexpr double parts = 4, partPasses = 4 * 4 + 16 + 2 * 4 * 3;
  double end = parts * warps * partPasses / efficiency;

  // As implicit-gemm's estimate has them: see estimateGemmCycles.
  constexpr double multiprocessors = 120, latency = 600, together = 512;
  auto slices = static_cast<double>(problem.countSlices());
  double perProcessor =
      std::ceil(static_cast<double>(problem.countBlocks()) / multiprocessors);
  // With 128 registers each, a multiprocessor has room for 512 threads.
  double waves = std::ceil(perProcessor *
                           static_cast<double>(tile.getThreads()) / together);
  double cycles = slices * std::max(perProcessor * slice, waves * latency) +
                  perProcessor * end + 2 * waves * latency;
  // The device's memory: 1.5 TB/s at 1.4 GHz.
  constexpr double memoryBytesPerCycle = 1100;
  double numbers =
      static_cast<double>(problem.countSlices()) *
      static_cast<double>(tile.getFilterFloats()) *
      static_cast<double>(problem.groups * problem.countChannelBlocks());
  for (int64_t isOutput : {0, 1}) {
    double size = static_cast<double>(problem.batch * problem.groups) *
                  static_cast<double>(isOutput ? problem.outChannels
                                               : problem.inChannels);
    for (const Dimension &dimension : problem.dimensions)
      size *=
          static_cast<double>(isOutput ? dimension.output : dimension.input);
    numbers += size;
  }
  return std::max(cycles, 4 * numbers / memoryBytesPerCycle);
}

/// By how much another algorithm's estimate has to be worse: nobody has
/// measured whether this one's is right.
static constexpr double doubt = 1.25;

std::vector<ConvolutionSchedule>
toeplitz::scheduleWinogradOnGpu(const Convolution &convolution) {
  const WinogradBlockTile &best =
      *llvm::min_element(blockTiles, [&](const WinogradBlockTile &left,
                                         const WinogradBlockTile &right) {
        return estimateCycles(getProblem(convolution, left)) <
               estimateCycles(getProblem(convolution, right));
      });
  ConvolutionSchedule schedule;
  schedule.variant = "f2";
  schedule.inputBlock = schedule.outputBlock = 1;
  schedule.groups = convolution.groups;
  schedule.tilePositions = best.tiles;
  schedule.tileVectors = best.channels;
  schedule.transform = {best.size, best.size};
  return {schedule};
}

ConvolutionCost
toeplitz::estimateWinogradOnGpu(const Convolution &convolution,
                                const ConvolutionSchedule &schedule) {
  WinogradOnGpu problem = getProblem(convolution, schedule);
  const WinogradBlockTile &tile = problem.tile;
  ConvolutionCost cost;
  cost.multiplyAdds = static_cast<double>(problem.countBlocks()) *
                      problem.countSlices() * tile.depth * tile.frequencies *
                      tile.channels * tile.tiles;
  cost.cycles = doubt * estimateCycles(problem);
  return cost;
}

// --- the filter -------------------------------------------------------------

int64_t
toeplitz::getWinogradFilterSizeOnGpu(const Convolution &convolution,
                                     const ConvolutionSchedule &schedule) {
  WinogradOnGpu problem = getProblem(convolution, schedule);
  return problem.groups * problem.countChannelBlocks() * problem.countSlices() *
         problem.tile.getFilterFloats();
}

void toeplitz::packWinogradFilterOnGpu(const Convolution &convolution,
                                       const ConvolutionSchedule &schedule,
                                       ArrayRef<float> filter,
                                       MutableArrayRef<float> packed) {
  WinogradOnGpu problem = getProblem(convolution, schedule);
  const WinogradBlockTile &tile = problem.tile;
  llvm::fill(packed, 0.0f);
  transformWinogradFilter(
      WinogradPlan(convolution, schedule), filter,
      [&](int64_t f, int64_t c, int64_t, ArrayRef<double> values) {
        int64_t group = f / problem.outChannels;
        int64_t channel = f % problem.outChannels;
        int64_t block =
            group * problem.countChannelBlocks() + channel / tile.channels;
        float *slice =
            packed.data() + (block * problem.countSlices() + c / tile.depth) *
                                tile.getFilterFloats();
        for (auto [frequency, value] : llvm::enumerate(values)) {
          int64_t row =
              static_cast<int64_t>(frequency) * tile.depth + c % tile.depth;
          slice[row * tile.channels + channel % tile.channels] =
              static_cast<float>(value);
        }
      });
}
