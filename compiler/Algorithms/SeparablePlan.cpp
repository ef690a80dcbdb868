#include "compiler/Algorithms/SeparablePlan.h"
#include "compiler/Algorithms/SplitBfloat16Plan.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;
using namespace toeplitz;

int64_t SeparableBlock::countRows() const {
  int64_t rows = 1;
  for (const Dimension &dimension : ArrayRef(dimensions).drop_back())
    rows *= dimension.output;
  return rows;
}

int64_t SeparableBlock::countInputRows(int64_t rows) const {
  const Dimension &dimension = dimensions.front();
  return (rows - 1) * dimension.stride +
         (dimension.kernel - 1) * dimension.dilation + 1;
}

int64_t SeparableBlock::countSharedRows() const {
  return std::max<int64_t>(0, countInputRows(1) - dimensions.front().stride);
}

int64_t SeparableBlock::countPaddedPositions(int64_t rows) const {
  int64_t positions = rows * dimensions.back().output;
  return splits() ? llvm::alignTo(positions, tilePositions) : positions;
}

SeparableBlock toeplitz::getSeparableBlock(kernel::SeparableConvOp op) {
  SeparableBlock block;
  block.dimensions = getWindowDimensions(op);
  block.batch = cast<ShapedType>(op.getInput().getType()).getDimSize(0);
  block.channels = op.getChannels();
  block.inChannels = op.getInChannels().value_or(0);
  if (Value filter = op.getFilter()) {
    block.outChannels = op.getOutChannels();
    if (cast<ShapedType>(filter.getType()).getElementType().isBF16())
      block.tilePositions = (*op.getTile())[0];
  }
  return block;
}

SeparableScratch toeplitz::getSeparableScratch(const SeparableBlock &block,
                                               int64_t rows,
                                               kernel::TargetAttr target) {
  int64_t channels = llvm::alignTo(block.channels, target.getLanes());
  const Dimension &columns = block.dimensions.back();
  SeparableScratch scratch;
  if (block.expands())
    scratch.ringFloats = channels * block.countInputRows(rows) * columns.input;
  int64_t positions = block.countPaddedPositions(rows);
  if (block.splits())
    scratch.middleFloats = llvm::divideCeil(channels, tileDepth) *
                           blockSplitParts * getSplitSize(positions);
  else if (block.projects())
    scratch.middleFloats = channels * positions;
  return scratch;
}

/// Whether the pointwise convolution behind may multiply what fills up the last
/// vector of channels: one by bf16x3 does, by zeros, and an infinity times zero
/// would be a NaN. What fills up the network's tensors may be anything; behind
/// an expansion there is no infinity that the channels hadn't.
static bool hasFiniteLanes(const SeparableBlock &block) {
  return !block.splits() || block.expands() ||
         block.channels % tileColumns == 0;
}

/// Whether computing the depthwise convolution and the pointwise one behind it
/// together saves more than it costs: what would lie between them is too large
/// to stay in the second-level cache, and the pointwise filter, which is read
/// again for every chunk of rows, is not. A single row is no chunk. Where there
/// is an expansion, so that rows are computed in chunks anyway, the filter
/// decides.
static bool isProjectionWorthwhile(const SeparableBlock &block,
                                   kernel::TargetAttr target) {
  int64_t cache = target.getL2();
  if (block.countRows() == 1 ||
      4 * block.channels * block.outChannels > cache / 4)
    return false;
  // (Measured with 2 MiB: below half the cache there is nothing to gain.)
  return block.expands() || 4 * block.countRows() *
                                    block.dimensions.back().output *
                                    block.channels >
                                cache / 2;
}

/// Tasks begin with rows that the one before has read, or computed, too: as
/// many tasks of an image as recompute no more than a part of the rows.
static int64_t countMostTasks(const SeparableBlock &block) {
  if (!block.expands())
    return 16;
  constexpr int64_t mostTasks = 8, recomputedPart = 8;
  int64_t shared = std::max<int64_t>(1, block.countSharedRows());
  return std::min(mostTasks, 1 + block.dimensions.front().input /
                                     (recomputedPart * shared));
}

/// The fewest of so many chunks of an image that a task must have for that.
static int64_t countLeastChunks(const SeparableBlock &block, int64_t chunks) {
  return llvm::divideCeil(
      chunks, std::max<int64_t>(1, countMostTasks(block) / block.batch));
}

/// With an expansion: `rows` at a time, of which each task has some times.
/// Tasks that follow each other compute rows twice, so they are few and as
/// equal as can be.
static TaskGrid divideExpanded(const SeparableBlock &block, int64_t rows) {
  TaskGrid grid;
  grid.batch = block.batch;
  grid.rows = llvm::divideCeil(block.countRows(), rows);
  grid.rowsPerTask = countLeastChunks(block, grid.rows);
  return grid;
}

static double countVectors(int64_t channels, kernel::TargetAttr target) {
  return static_cast<double>(llvm::divideCeil(channels, target.getLanes()));
}

double toeplitz::estimateProjection(const SeparableBlock &block,
                                    kernel::TargetAttr target) {
  double positions =
      static_cast<double>(block.countRows()) * block.dimensions.back().output;
  double results = countVectors(block.outChannels, target);
  if (!block.splits())
    // Two multiply-adds a cycle.
    return positions * results * static_cast<double>(block.channels) / 2;
  // (Measured: a vector of results takes 14 cycles from the tile registers, one
  // of what lies between 7 to split and to load again, more than a store.)
  constexpr double resultCycles = 14, splitCycles = 7;
  auto steps = static_cast<double>(llvm::divideCeil(block.channels, tileDepth));
  double products = static_cast<double>(countPartProducts(blockSplitParts)) *
                    steps * getProductCycles(block.tilePositions) /
                    static_cast<double>(block.tilePositions);
  return positions * (results * (products + resultCycles) +
                      countVectors(block.channels, target) * splitCycles);
}

namespace {
/// Estimated cycles of an image of a block with an expansion.
struct ExpandedCycles {
  ExpandedCycles(const SeparableBlock &block, int64_t rows,
                 kernel::TargetAttr target) {
    double vectors = countVectors(block.channels, target);
    double taps = 1;
    for (const Dimension &dimension : block.dimensions)
      taps *= static_cast<double>(dimension.kernel);
    double positions =
        static_cast<double>(block.countRows()) * block.dimensions.back().output;
    // Two multiply-adds a cycle.
    double expansion = countInputPositions(block.dimensions) * vectors *
                       static_cast<double>(block.inChannels) / 2;
    work = expansion + positions * vectors * taps / 2;
    if (block.projects())
      work += estimateProjection(block, target);
    double again =
        static_cast<double>((divideExpanded(block, rows).countRowTasks() - 1) *
                            block.countSharedRows());
    // (Measured: a row at a time takes 8 % longer than many, two 4 %.)
    lost = again / static_cast<double>(block.dimensions.front().input) *
               expansion +
           0.08 / static_cast<double>(rows) * work;
  }
  /// What is to be computed, and what chunks and tasks add to that.
  double work = 0, lost = 0;
};
} // namespace

/// The most rows at a time with which what lies between stays in a part of the
/// second-level cache: a quarter, since the input's rows and the weights of a
/// block of output channels want to stay there too, or half of it with what is
/// expanded, whose shared rows would be most of it otherwise.
static int64_t countMostRows(const SeparableBlock &block,
                             kernel::TargetAttr target) {
  int64_t limit = target.getL2() / (block.expands() ? 2 : 4);
  int64_t most = 1;
  while (most < block.countRows() &&
         4 * getSeparableScratch(block, most + 1, target).getFloats() <= limit)
    ++most;
  return most;
}

static int64_t chooseExpandedRows(const SeparableBlock &block,
                                  kernel::TargetAttr target) {
  auto getCost = [&](int64_t rows) {
    TaskGrid grid = divideExpanded(block, rows);
    // The last task may have fewer.
    double others =
        static_cast<double>(grid.countRowTasks() * grid.rowsPerTask * rows) /
        static_cast<double>(block.countRows());
    double used =
        4.0 * static_cast<double>(
                  getSeparableScratch(block, rows, target).getFloats());
    ExpandedCycles cycles(block, rows, target);
    // (What memory costs is to tell the like apart.)
    return (cycles.work + cycles.lost) * getImbalance(grid.countTasks()) *
           others * (1 + 0.03 * used / static_cast<double>(target.getL2()));
  };
  int64_t best = 1, most = countMostRows(block, target);
  double least = getCost(best);
  for (int64_t rows = 2; rows <= most; ++rows)
    if (double cost = getCost(rows); cost < least) {
      best = rows;
      least = cost;
    }
  return best;
}

/// The same of the pointwise convolution before it, whose filter is read again
/// for every row: what it makes doesn't stay in the cache, the rows of it that
/// one row of results reads do, and what is saved is more than what tasks lose
/// that begin with rows that others compute, too.
static bool isExpansionWorthwhile(const SeparableBlock &block,
                                  kernel::TargetAttr target) {
  constexpr int64_t fewestTasks = 4, fewestColumns = 24;
  if (block.dimensions.size() != 2 ||
      block.dimensions.back().input < fewestColumns ||
      countMostTasks(block) < fewestTasks)
    return false;
  int64_t cache = target.getL2();
  double bytes = 4 * countInputPositions(block.dimensions) *
                 static_cast<double>(block.channels);
  if (bytes <= static_cast<double>(cache / 2) ||
      4 * block.inChannels * block.channels > cache / 8 ||
      4 * getSeparableScratch(block, /*rows=*/1, target).getFloats() >
          cache / 2)
    return false;
  // What writing it and reading it again takes. (Measured on Emerald Rapids;
  // where it is larger than the cache, up to 0.085.)
  constexpr double cyclesPerByte = 0.05;
  int64_t rows = chooseExpandedRows(block, target);
  return ExpandedCycles(block, rows, target).lost < cyclesPerByte * bytes;
}

SeparableBlock toeplitz::chooseSeparable(const SeparableBlock &block,
                                         kernel::TargetAttr target) {
  auto chooseProjection = [&](SeparableBlock part) {
    if (part.projects() &&
        (!hasFiniteLanes(part) || !isProjectionWorthwhile(part, target)))
      part.outChannels = part.tilePositions = 0;
    return part;
  };
  if (block.expands()) {
    SeparableBlock expanded = chooseProjection(block);
    if (isExpansionWorthwhile(expanded, target))
      return expanded;
  }
  SeparableBlock rest = block;
  rest.inChannels = 0;
  return chooseProjection(rest);
}

int64_t toeplitz::chooseSeparableRows(const SeparableBlock &block,
                                      kernel::TargetAttr target) {
  if (block.expands())
    return chooseExpandedRows(block, target);
  int64_t rows = block.countRows();
  int64_t columns = block.dimensions.back().output;
  // Work for a few threads, if there is enough (about 100 microseconds for
  // each), but no chunk so small that streaming the weights for it matters.
  constexpr double chunkWork = 2.5e6;
  constexpr int64_t fewestPositions = 24, chunksForThreads = 4;
  double work =
      static_cast<double>(rows) * columns * block.channels * block.outChannels;
  int64_t wanted = std::clamp<int64_t>(static_cast<int64_t>(work / chunkWork),
                                       1, std::min(chunksForThreads, rows));
  int64_t fewest =
      std::min<int64_t>(rows, llvm::divideCeil(fewestPositions, columns));
  int64_t most = std::min<int64_t>(
      countMostRows(block, target),
      std::max<int64_t>(fewest, llvm::divideCeil(rows, wanted)));
  // Chunks of about the same size.
  return llvm::divideCeil(rows, llvm::divideCeil(rows, most));
}

TaskGrid toeplitz::getSeparableTasks(kernel::SeparableConvOp op,
                                     kernel::TargetAttr target) {
  SeparableBlock block = getSeparableBlock(op);
  if (block.expands())
    return divideExpanded(block, op.getRows());
  int64_t chunks = llvm::divideCeil(block.countRows(), op.getRows());
  double positions = static_cast<double>(block.batch) * block.countRows() *
                     block.dimensions.back().output;
  TaskGrid grid =
      divideIntoTasks(block.batch, chunks, /*blocks=*/1, /*inputBytesPerRow=*/1,
                      positions * block.channels * block.outChannels, target);
  grid.rowsPerTask =
      std::max(grid.rowsPerTask, countLeastChunks(block, chunks));
  return grid;
}
