// How a convolution by Winograd's algorithm is divided: the tiles and their
// transforms, the blocks that stay in the caches, the tasks, and where the
// transformed input and the products lie in a task's memory.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_WINOGRADPLAN_H
#define TOEPLITZ_COMPILER_ALGORITHMS_WINOGRADPLAN_H

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Algorithms/Geometry.h"
#include "compiler/Algorithms/LinearProgram.h"
#include "compiler/Algorithms/RegisterTile.h"

#include <array>

namespace toeplitz {

/// A convolution with its spatial dimensions as depth, rows and columns (those
/// that it lacks have one position), cut into tiles. A tile has
/// getTileOutputs(d) output positions in dimension d, which are computed from
/// `transform[d]` values. Tiles are numbered batch x depth x rows x columns;
/// `tilePositions` neighbours are multiplied at a time.
///
/// Rows and columns are transformed. A depth that is to be, as of a kernel of
/// 3 x 1 x 1, changes places with a dimension that isn't.
///
/// With a dilation of D, positions with one remainder by D, a phase, depend on
/// inputs of one phase alone, as in a convolution without dilation. So the
/// values of a tile are D apart, and along a dimension the tiles of each phase
/// follow those of the phase before.
struct WinogradPlan {
  WinogradPlan(const Convolution &convolution,
               const ConvolutionSchedule &schedule, kernel::TargetAttr target);
  /// The tiles alone, which depend on no target.
  WinogradPlan(const Convolution &convolution,
               const ConvolutionSchedule &schedule);
  explicit WinogradPlan(kernel::ConvOp op);

  int64_t batch, groups;
  /// Channels of one group.
  int64_t inChannels, outChannels;
  int64_t lanes;
  std::array<Dimension, 3> dimensions;
  std::array<int64_t, 3> transform;
  /// Which dimension of the convolution's depth, rows and columns each of them
  /// is.
  std::array<int64_t, 3> order{0, 1, 2};
  int64_t tilePositions, tileVectors;
  /// Whether the kernel transforms the filter, which is packed as it is then.
  /// (That is several times smaller, so a large one is worth it where few tiles
  /// are multiplied by it.)
  bool transformsFilter;

  // --- the division
  /// Tiles in each dimension of an image, and all of them.
  std::array<int64_t, 3> tileCounts;
  int64_t tiles;
  /// Register tiles that hold all tiles, and those of one block.
  int64_t registerTiles, blockTiles;
  int64_t blocks;
  /// Tiles of output vectors (`tileVectors` each) in a group.
  int64_t vectorTiles;
  /// Blocks of channels (of `lanes` each) that are multiplied before the next
  /// ones: all of a tap, or those whose part of the filter stays in the
  /// second-level cache once it is transformed.
  int64_t roundBlocks;
  /// Whether an image of the input, or a block of the transformed input is too
  /// large for the second-level cache.
  bool streamsInput, streamsTransformed;
  /// Whether products ask memory for the filter, and how many matrices ahead.
  bool asksForFilter;
  int64_t matricesAhead;
  /// Whether products ask memory for what the transforms will touch: a block's
  /// for the input of the next one, and for its outputs. See
  /// WinogradRequests.cpp.
  bool asksForInput, asksForOutput;
  /// Tasks: groups x tileTasks x outputTasks.
  int64_t tileTasks, outputTasks;
  /// Tasks that transform the input of a block before these begin, where
  /// several of them multiply it with filters of their own; else 0, and each
  /// task transforms its blocks itself.
  int64_t preparationTasks;
  /// Parts of the channels. Where there is one block of few output channels,
  /// there are several: a step before the tasks transforms and multiplies each
  /// for itself, and the tasks, `sumTasks` to a block, sum up the products and
  /// transform them. Each part reads a filter of its own, so that all of it is
  /// still read once. See WinogradParts.cpp.
  int64_t channelParts, sumTasks;
  /// Cycles of storing and loading a vector of a part's products.
  static constexpr double partialSumCycles = 7;
  /// Blocks of channels in one part: all of a tap, or what is left in the last
  /// part.
  int64_t partBlocks;

  bool hasParts() const { return channelParts > 1; }
  bool isTransformed(int64_t d) const {
    return transform[d] > dimensions[d].kernel;
  }
  int64_t getTileOutputs(int64_t d) const {
    return transform[d] - dimensions[d].kernel + 1;
  }
  /// Positions from one value of a tile to the next.
  int64_t getStep(int64_t d) const {
    return isTransformed(d) ? dimensions[d].dilation : 1;
  }
  int64_t countPhases(int64_t d) const {
    return std::min(getStep(d), dimensions[d].output);
  }
  int64_t countPhaseTiles(int64_t d) const {
    return tileCounts[d] / countPhases(d);
  }
  /// Whether there are tiles that have fewer outputs than others, and such that
  /// have none: phases differ by one position.
  bool hasCutTiles(int64_t d) const {
    return dimensions[d].output % (getTileOutputs(d) * getStep(d)) != 0;
  }
  bool hasEmptyTiles(int64_t d) const {
    return dimensions[d].output / countPhases(d) <=
           (countPhaseTiles(d) - 1) * getTileOutputs(d);
  }
  bool changesOrder() const { return order[0] != 0; }
  /// The values of a transformed tile: a matrix of rows x columns. (The depth
  /// isn't transformed.)
  int64_t getRows() const { return isTransformed(1) ? transform[1] : 1; }
  int64_t getColumns() const { return isTransformed(2) ? transform[2] : 1; }
  int64_t getValues() const { return getRows() * getColumns(); }
  /// Taps over which products are summed up after the transform.
  int64_t getSummedTaps() const { return dimensions[0].kernel; }
  /// Blocks of channels of one tap.
  int64_t getChannelBlocks() const { return (inChannels + lanes - 1) / lanes; }
  /// Rounds of blocks of channels, over all summed taps; those of a part.
  int64_t countRounds() const {
    return getSummedTaps() * (getChannelBlocks() / roundBlocks);
  }
  int64_t countPartRounds() const {
    return getSummedTaps() * (partBlocks / roundBlocks);
  }
  int64_t countTasks() const {
    return hasParts() ? groups * blocks * sumTasks
                      : groups * tileTasks * outputTasks;
  }
  /// The tasks that multiply.
  int64_t countProductTasks() const {
    return hasParts() ? groups * blocks * channelParts : countTasks();
  }

  // --- memory, in floats
  /// The channels of a register tile: summed taps x channel blocks x positions
  /// x lanes.
  int64_t getInputTileSize() const {
    return getSummedTaps() * partBlocks * tilePositions * lanes;
  }
  /// Where the kernel transforms the filter, the transformed input lies round
  /// by round, as it is read.
  int64_t countInputRounds() const {
    return transformsFilter ? countPartRounds() : 1;
  }
  int64_t getRoundTileSize() const {
    return getInputTileSize() / countInputRounds();
  }
  /// One of the values for a block of tiles: register tiles x the above. A
  /// vector more than that, so that the values of one tile don't all fall into
  /// the same set of the cache.
  int64_t getInputPlane() const {
    return blockTiles * getRoundTileSize() + lanes;
  }
  /// The products of a register tile: positions x vectors x lanes.
  int64_t getProductTileSize() const {
    return tilePositions * tileVectors * lanes;
  }
  /// One of the values for a block and one vector tile: register tiles x the
  /// above, and a vector more likewise.
  int64_t getProductPlane() const {
    return blockTiles * getProductTileSize() + lanes;
  }
  /// The transformed input of a block: rounds x values x the plane above.
  int64_t getInputSize() const {
    return countInputRounds() * getValues() * getInputPlane();
  }
  /// One of the values of the filter for a round and one vector tile: channels
  /// x vectors x lanes, and a vector more likewise.
  int64_t getFilterPlane() const {
    return (roundBlocks * lanes * tileVectors + 1) * lanes;
  }
  /// The products of a block and one vector tile.
  int64_t getProductsSize() const { return getValues() * getProductPlane(); }
  /// The memory of a task that multiplies: the transformed input, unless it was
  /// prepared, the products, and the transformed filter, unless that was
  /// packed.
  int64_t getProductsStart() const {
    return preparationTasks > 0 ? 0 : getInputSize();
  }
  int64_t getFilterStart() const {
    return getProductsStart() +
           (hasParts() ? vectorTiles : 1) * getProductsSize();
  }
  int64_t getTaskSize() const {
    return getFilterStart() +
           (transformsFilter ? getValues() * getFilterPlane() : 0);
  }
  int64_t getScratchSize() const { return hasParts() ? 0 : getTaskSize(); }
  /// Groups x blocks, their transformed inputs one behind the other; with parts
  /// of the channels groups x blocks x parts, the memory of each.
  Preparation getPreparation() const {
    if (hasParts())
      return {countProductTasks() * getTaskSize(), countProductTasks()};
    if (preparationTasks == 0)
      return {};
    return {groups * blocks * getInputSize(),
            groups * blocks * preparationTasks};
  }
  /// The packed filter: groups x vector tiles x values x summed taps x input
  /// channels x vectors x lanes; where the kernel transforms it, groups x
  /// vector tiles x summed taps x input channels x taps x vectors x lanes.
  int64_t getFilterTileSize() const {
    return getSummedTaps() * inChannels * tileVectors * lanes;
  }
  int64_t getFilterSize() const {
    return groups * vectorTiles *
           (transformsFilter ? countTaps() : getValues()) * getFilterTileSize();
  }
  /// Taps that are transformed, and those of one round and one vector tile in
  /// the packed filter.
  int64_t countTaps() const {
    return dimensions[1].kernel * dimensions[2].kernel;
  }
  int64_t getRoundTaps() const {
    return roundBlocks * lanes * countTaps() * tileVectors * lanes;
  }

  /// The vectors of the transformed filter, packed or not.
  double countFilterVectors() const {
    return static_cast<double>(groups * vectorTiles * getValues()) *
           static_cast<double>(getFilterTileSize() / lanes);
  }

private:
  double countProducts() const;
  void chooseOrder();
  void countTiles();
  void divide(kernel::TargetAttr target);
  void chooseRounds(kernel::TargetAttr target);
  void chooseBlocks(kernel::TargetAttr target);
  void chooseTasks();
  bool asksFor(double imageBytes, kernel::TargetAttr target) const;
};

/// The transforms of dimension d, which is transformed.
CookToom getCookToom(const WinogradPlan &plan, int64_t d);

} // namespace toeplitz

#endif
