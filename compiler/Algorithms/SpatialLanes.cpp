#include "compiler/Algorithms/SpatialLanes.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace toeplitz;

int64_t LaneDimension::countPhases() const {
  return std::min(kernel, stride / std::gcd(stride, dilation));
}

int64_t LaneDimension::getPhase(int64_t tap) const {
  return tap % (stride / std::gcd(stride, dilation));
}

int64_t SpatialLanes::countPlaneVectors() const {
  int64_t vectors = 1;
  for (const LaneDimension &dimension : dimensions)
    vectors *= dimension.countPhases() * dimension.getExtent();
  return vectors;
}

int64_t SpatialLanes::countTileVectors() const {
  int64_t vectors = 1;
  for (const LaneDimension &dimension : dimensions)
    vectors *= dimension.tile;
  return vectors;
}

int64_t SpatialLanes::countOutputBlocks() const {
  return llvm::divideCeil(outChannels, vectorLanes);
}

int64_t SpatialLanes::countAccumulatorRows() const {
  return vectorLanes * (channelBlocks == 1 ? 1 : outputBlocksPerTask);
}

int64_t SpatialLanes::countOutputTasks() const {
  return llvm::divideCeil(countOutputBlocks(), outputBlocksPerTask);
}

int64_t SpatialLanes::countTasks() const {
  return dimensions.front().boxes * countOutputTasks();
}

int64_t SpatialLanes::getScratchSize() const {
  return (inChannels * countPlaneVectors() +
          countAccumulatorRows() * countTileVectors()) *
         vectorLanes;
}

int64_t SpatialLanes::getOffset(int64_t channel, ArrayRef<int64_t> taps) const {
  int64_t phase = 0, shift = 0, extents = 1;
  for (auto [dimension, tap] : llvm::zip(dimensions, taps)) {
    phase = phase * dimension.countPhases() + dimension.getPhase(tap);
    shift = shift * dimension.getExtent() + dimension.getShift(tap);
    extents *= dimension.getExtent();
  }
  return (channel * countPlaneVectors() + phase * extents + shift) *
         vectorLanes;
}

namespace {

/// The model of the core by which divisions are compared.
class Estimate {
public:
  Estimate(const Convolution &convolution, kernel::TargetAttr target)
      : convolution(convolution), target(target),
        nonzeros(std::max<double>(
            1, static_cast<double>(convolution.nonzeroWeights.value_or(1)))) {}

  /// Chooses the register tile and the blocks of channels of a division into
  /// lanes and tasks.
  ChosenLanes complete(SpatialLanes lanes) const;

private:
  struct Cost {
    double cycles = 0;
    double level2Bytes = 0;
  };
  /// Divides the channels into blocks for a register tile; the cost of the
  /// whole batch.
  Cost evaluate(SpatialLanes &lanes) const;
  /// Vectors that the taps of one channel read for a tile.
  static int64_t countTileInput(const SpatialLanes &lanes);

  const Convolution &convolution;
  kernel::TargetAttr target;
  double nonzeros;
};

} // namespace

/// Cycles of one nonzero weight in a tile of `vectors`: the cores that we
/// schedule for start two loads a cycle, one for each multiply-add, one for the
/// weight and one for its offset; a multiply-add's result is there after 4
/// cycles, in which small tiles work on two weights.
static double getStepCycles(int64_t vectors) {
  double latency = vectors < SpatialLanes::fewVectors ? 2.0 : 4.0;
  return std::max((vectors + 2) / 2.0, latency) + 0.3;
}

/// Cycles of transposing a square of vectors: a shuffle a cycle, and loads with
/// their bounds checks and stores.
static double getTransposeCycles(int64_t lanes) {
  return static_cast<double>(lanes * llvm::Log2_64(lanes) + 3 * lanes);
}

/// A loop over a row's nonzeros ends where the branch predictor doesn't know.
static constexpr double rowCycles = 14;
/// What the second-level cache and what lies beyond give a cycle, beside the
/// multiply-adds, which most of it hides behind.
static constexpr double level2BytesPerCycle = 120, memoryBytesPerCycle = 20;

int64_t Estimate::countTileInput(const SpatialLanes &lanes) {
  int64_t vectors = 1;
  for (const LaneDimension &dimension : lanes.dimensions)
    vectors *= std::min(
        dimension.countPhases() *
            (dimension.tile + dimension.getExtent() - dimension.positions),
        dimension.kernel * dimension.tile);
  return std::max<int64_t>(vectors, 1);
}

Estimate::Cost Estimate::evaluate(SpatialLanes &lanes) const {
  int64_t width = target.getLanes(), vectorBytes = 4 * width;
  int64_t tileInput = countTileInput(lanes) * vectorBytes;
  // Half of the first-level cache: weights and accumulators pass through it.
  // Output channels of a group read few channels anyway.
  lanes.channelBlocks = 1;
  if (convolution.groups == 1)
    lanes.channelBlocks = llvm::divideCeil(
        lanes.inChannels, std::clamp<int64_t>(target.getL1() / 2 / tileInput, 1,
                                              lanes.inChannels));
  lanes.blockChannels = llvm::divideCeil(lanes.inChannels, lanes.channelBlocks);
  lanes.channelBlocks = llvm::divideCeil(lanes.inChannels, lanes.blockChannels);

  // Tiles by their sizes: the last one of each dimension may be smaller.
  SmallVector<std::pair<int64_t, double>> tiles = {{1, 1.0}};
  for (const LaneDimension &dimension : lanes.dimensions) {
    SmallVector<std::pair<int64_t, double>> extended;
    for (auto [vectors, count] : tiles) {
      extended.push_back({vectors * dimension.tile,
                          count * (dimension.positions / dimension.tile)});
      if (int64_t rest = dimension.positions % dimension.tile)
        extended.push_back({vectors * rest, count});
    }
    tiles = std::move(extended);
  }
  double outputTasks = lanes.countOutputTasks();
  double rows = static_cast<double>(lanes.countOutputBlocks()) * width;
  double square = getTransposeCycles(width);
  double inputVectors =
      static_cast<double>(lanes.inChannels) * lanes.countPlaneVectors();
  bool fits = inputVectors * vectorBytes <= target.getL2() * 0.75;
  double bandwidth = fits ? level2BytesPerCycle : memoryBytesPerCycle;

  Cost cost;
  // Of one box of positions, all its tasks of output channels together.
  double cycles = outputTasks * square * lanes.countPlaneVectors() *
                  llvm::divideCeil(lanes.inChannels, width);
  for (auto [vectors, count] : tiles) {
    double bytes =
        outputTasks * lanes.inChannels * tileInput +
        2.0 * (lanes.channelBlocks - 1) * rows * vectors * vectorBytes;
    cycles += count * (nonzeros * getStepCycles(vectors) +
                       lanes.channelBlocks * rows * (rowCycles + vectors) +
                       square * vectors * lanes.countOutputBlocks() +
                       bytes / bandwidth);
    cost.level2Bytes += count * bytes;
  }
  double boxes =
      static_cast<double>(convolution.batch) * lanes.dimensions.front().boxes;
  cost.cycles = cycles * boxes;
  cost.level2Bytes *= boxes;
  return cost;
}

/// The sizes of tiles that cut `positions` evenly, at most `most`.
static SmallVector<int64_t> getEvenTiles(int64_t positions, int64_t most) {
  SmallVector<int64_t> sizes;
  for (int64_t size = std::min(positions, most); size > 0; --size) {
    size = llvm::divideCeil(positions, llvm::divideCeil(positions, size));
    sizes.push_back(size);
  }
  return sizes;
}

ChosenLanes Estimate::complete(SpatialLanes lanes) const {
  // One register for the weight, and some stay free as in fitsRegisters of
  // RegisterTile.cpp.
  int64_t most = std::max<int64_t>(1, target.getRegisters() - 2 -
                                          target.getRegisters() / 16 -
                                          (target.getFma() ? 0 : 1));
  ChosenLanes best;
  best.lanes = std::move(lanes);
  LaneDimension &last = best.lanes.dimensions.back();
  bool single = best.lanes.dimensions.size() == 1;
  LaneDimension none;
  LaneDimension &outer = single ? none : *std::prev(&last);
  int64_t rows = 1, columns = 1;
  for (int64_t r : getEvenTiles(outer.positions, most))
    for (int64_t c : getEvenTiles(last.positions, most / r)) {
      outer.tile = r;
      last.tile = c;
      Cost cost = evaluate(best.lanes);
      if (best.cycles == 0 || cost.cycles < best.cycles) {
        best.cycles = cost.cycles;
        rows = r;
        columns = c;
      }
    }
  outer.tile = rows;
  last.tile = columns;
  best.level2Bytes = evaluate(best.lanes).level2Bytes;
  return best;
}

/// Every way of writing a power of two as a product of powers of two, one for
/// each dimension.
static void factorLanes(int64_t lanes, size_t dimensions,
                        SmallVector<int64_t, 3> factors,
                        SmallVectorImpl<SmallVector<int64_t, 3>> &all) {
  if (factors.size() + 1 == dimensions) {
    factors.push_back(lanes);
    all.push_back(std::move(factors));
    return;
  }
  for (int64_t factor = 1; factor <= lanes; factor *= 2) {
    SmallVector<int64_t, 3> next = factors;
    next.push_back(factor);
    factorLanes(lanes / factor, dimensions, std::move(next), all);
  }
}

ChosenLanes toeplitz::chooseSpatialLanes(const Convolution &convolution,
                                         kernel::TargetAttr target) {
  size_t rank = convolution.kernel.size();
  Estimate estimate(convolution, target);
  SmallVector<SmallVector<int64_t, 3>> splits;
  factorLanes(target.getLanes(), rank, {}, splits);

  ChosenLanes best;
  double bestScore = 0;
  auto consider = [&](const SpatialLanes &lanes) {
    ChosenLanes candidate = estimate.complete(lanes);
    // As many tasks as a few threads want, none too small to start. A task
    // repeats the work on the halo or on the whole input, so that twice as many
    // must cost less than a tenth more.
    double wanted = std::clamp(candidate.cycles / 5e4, 1.0, 16.0);
    double tasks =
        static_cast<double>(convolution.batch) * candidate.lanes.countTasks();
    double score = candidate.cycles *
                   std::pow(1.1, std::log2(std::max(1.0, wanted / tasks)));
    if (bestScore == 0 || score < bestScore) {
      bestScore = score;
      best = std::move(candidate);
    }
  };
  for (ArrayRef<int64_t> split : splits) {
    SpatialLanes lanes;
    lanes.inChannels = convolution.inChannels;
    lanes.outChannels = convolution.outChannels;
    lanes.vectorLanes = target.getLanes();
    for (size_t d = 0; d < rank; ++d) {
      LaneDimension dimension;
      dimension.output = convolution.outputSizes[d];
      dimension.kernel = convolution.kernel[d];
      dimension.stride = convolution.strides[d];
      dimension.dilation = convolution.dilations[d];
      dimension.lanes = split[d];
      dimension.positions = llvm::divideCeil(dimension.output, split[d]);
      lanes.dimensions.push_back(dimension);
    }
    LaneDimension &first = lanes.dimensions.front();
    int64_t stretch = first.positions;
    for (int64_t parts = 1; parts <= stretch; parts += (parts + 3) / 4) {
      first.positions = llvm::divideCeil(stretch, parts);
      first.boxes =
          llvm::divideCeil(first.output, first.lanes * first.positions);
      int64_t blocks = lanes.countOutputBlocks();
      for (int64_t tasks = 1; tasks <= std::min<int64_t>(blocks, 8);
           tasks *= 2) {
        lanes.outputBlocksPerTask = llvm::divideCeil(blocks, tasks);
        consider(lanes);
      }
    }
  }
  return best;
}
