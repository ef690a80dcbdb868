// How a convolution by split bfloat16 is divided: steps of the reduction,
// panels of the input that stay in the second-level cache, tasks, and where
// everything lies in memory.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_SPLITBFLOAT16PLAN_H
#define TOEPLITZ_COMPILER_ALGORITHMS_SPLITBFLOAT16PLAN_H

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Algorithms/Geometry.h"

#include <array>

namespace toeplitz {

/// A tile register of x86's AMX: 16 rows of 64 bytes. Source: Intel
/// Architecture Instruction Set Extensions Programming Reference, chapter 3.
constexpr int64_t tileRows = 16;
/// bfloat16 numbers in a row of a tile: what one product sums up.
constexpr int64_t tileDepth = 32;
/// f32 numbers in a row: the output channels of a vector.
constexpr int64_t tileColumns = 16;
/// bfloat16 numbers of a tile.
constexpr int64_t tileSize = tileRows * tileDepth;

/// Accumulators that a step of the reduction has, at most.
constexpr int64_t mostAccumulators = 4;

/// The rows of tiles that hold a row of positions: the fewest tiles, all alike.
/// Where the tiles follow each other (`folded`), those that take the least
/// time together.
int64_t chooseTilePositions(int64_t positions, bool folded);

/// Cycles of a product of two tiles, the first of which has so many rows.
double getProductCycles(int64_t rows);

/// The bfloat16 numbers whose sum stands for an f32 number: 2 (bf16x3) or 3
/// (bf16x6). Part p is about 2^-8p of the number.
constexpr int64_t mostParts = 3;
/// The products of parts p and q that count, p + q < parts: 3 of 4, or 6 of 9.
constexpr int64_t countPartProducts(int64_t parts) {
  return parts * (parts + 1) / 2;
}
/// Some microseconds, which estimates count for each layer: what saves less
/// isn't worth another kernel, or rounding more.
constexpr double leastSplitCycles = 10000;
/// The parts in kernels of several convolutions, which are by bf16x3.
constexpr int64_t blockSplitParts = 2;
/// The floats that a part of 32 channels takes there, position by position.
constexpr int64_t getSplitSize(int64_t positions) {
  return positions * tileDepth / 2;
}
/// The name of the algorithm that splits numbers into so many parts.
llvm::StringRef getSplitName(int64_t parts);

/// Whether the kernel reads the network's input as it is: with a few channels,
/// as first layers have, most of a vector would be empty.
bool takesPlainInput(const Convolution &convolution);

/// A convolution with its spatial dimensions as depth, rows and columns (those
/// that it lacks have one position).
struct SplitBfloat16Plan {
  SplitBfloat16Plan(const Convolution &convolution,
                    const ConvolutionSchedule &schedule,
                    kernel::TargetAttr target, int64_t parts);
  explicit SplitBfloat16Plan(kernel::ConvOp op);

  /// Of each number (see mostParts).
  int64_t parts;
  int64_t batch, groups;
  /// Channels of one group.
  int64_t inChannels, outChannels;
  std::array<Dimension, 3> dimensions;
  /// Whether the positions, which have no neighbours, are columns of one row.
  bool isFolded;
  /// Whether the rows of a panel are one: position q of it is column q % pitch
  /// of row q / pitch, and tiles go through the padding between two rows, whose
  /// results nobody needs. That fills tiles where rows are short. (The tile
  /// says so: it is larger than one that rows are cut into.)
  bool isJoined;
  /// Whether there is no spatial dimension: the images are the columns.
  bool isDense;
  /// Whether the input is in plain layout: a few channels (see
  /// takesPlainInput).
  bool isPlain;

  // --- the reduction
  /// Channels of a step, and neighbouring taps of the last dimension: 32 x 1 or
  /// 16 x 2, of a plain input 8 x 4 or 4 x 8.
  int64_t stepChannels, stepTaps;
  /// Steps over the channels of a group, and over the last dimension's taps.
  int64_t channelSteps, columnSteps;
  /// Steps over all taps, for each of those over the channels.
  int64_t countTapSteps() const {
    return dimensions[0].kernel * dimensions[1].kernel * columnSteps;
  }
  int64_t countSteps() const { return countTapSteps() * channelSteps; }

  // --- rounds
  /// Channel steps of a round. Several rounds add to sums in memory, so that
  /// panels with a part of many channels have more positions, and the filter is
  /// read for fewer panels.
  int64_t roundSteps;
  int64_t countRounds() const {
    return (channelSteps + roundSteps - 1) / roundSteps;
  }

  // --- the register tile
  /// Positions of a tile.
  int64_t tilePositions;
  /// Vectors of output channels of a group; those that are computed at a time,
  /// as the tile says, and the tiles of positions.
  int64_t groupVectors, blockVectors, blockTiles;
  /// The best number of vectors for this tile: four accumulators, and as few
  /// loads as possible. A filter that isn't at hand is read once for up to four
  /// tiles of positions, if these are all there are.
  int64_t chooseBlockVectors(kernel::TargetAttr target) const;
  int64_t countGroupBlocks() const {
    return (groupVectors + blockVectors - 1) / blockVectors;
  }

  // --- panels: what is converted at a time
  /// Rows of outputs, and tiles of each row.
  int64_t panelRows, panelTiles;
  int64_t rowPanels, columnPanels;
  int64_t countPanels() const {
    return batch * dimensions[0].output * rowPanels * columnPanels;
  }
  int64_t countRowTiles() const;
  /// The last panels may be smaller than others.
  int64_t getRowsOfPanel(int64_t rowPanel) const {
    return std::min(panelRows, dimensions[1].output - rowPanel * panelRows);
  }
  int64_t getTilesOfPanel(int64_t columnPanel) const {
    return std::min(panelTiles, countRowTiles() - columnPanel * panelTiles);
  }
  /// Sets the rows of a panel, or of a single row its tiles.
  void setPanels(int64_t size);
  /// The tiles of a panel of so many rows and tiles of each row, and of the
  /// largest one.
  int64_t countPanelTiles(int64_t rows, int64_t tiles) const;
  int64_t countPanelTiles() const {
    return countPanelTiles(panelRows, panelTiles);
  }
  /// Those of all panels.
  double countTiles() const;
  /// The positions of joined rows, those between them included.
  int64_t countJoined(int64_t rows) const {
    return (rows - 1) * getPitch() + dimensions[2].output;
  }

  /// A dimension of a panel: the distance of the inputs of neighbouring output
  /// positions in the panel, and that of neighbouring positions of the panel
  /// in the input. (With one tap, only what is read is converted.)
  int64_t getPanelStride(int64_t d) const {
    return dimensions[d].kernel > 1 ? dimensions[d].stride : 1;
  }
  int64_t getInputStep(int64_t d) const {
    return dimensions[d].kernel > 1 ? 1 : dimensions[d].stride;
  }
  /// Positions of a panel: taps of the depth x rows of the input x columns of
  /// the input.
  int64_t getInputRows() const {
    return (panelRows - 1) * getPanelStride(1) +
           (dimensions[1].kernel - 1) * dimensions[1].dilation + 1;
  }
  int64_t getInputColumns() const {
    int64_t positions =
        isJoined ? dimensions[2].output : panelTiles * tilePositions;
    return (positions - 1) * getPanelStride(2) +
           (columnSteps * stepTaps - 1) * dimensions[2].dilation + 1;
  }
  /// How far neighbouring rows of the input lie apart. The padding behind a
  /// joined row is that before the next one, too.
  int64_t getPitch() const;
  /// bfloat16 numbers: a part of the channels of one step, and a panel: groups
  /// x channel steps x parts x depth taps x rows x columns x channels.
  int64_t getPartSize() const;
  int64_t getPanelSize() const {
    return groups * channelSteps * parts * getPartSize();
  }
  /// What of a panel one round reads.
  int64_t getRoundSize() const {
    return groups * roundSteps * parts * getPartSize();
  }

  /// The same of a panel of another size.
  int64_t getPanelSize(int64_t rows, int64_t tiles) const;
  /// Numbers that are split, those of neighbouring panels' overlaps twice.
  double countConverted() const;

  /// How often an element of the input is split, on average: more than once in
  /// the overlaps of panels, and not where a stride leaves positions out.
  double countSplits() const;

  /// Sets of tiles that go through a block's filter one after the other, each
  /// in one pass.
  int64_t countPasses(int64_t vectors) const {
    return (countPanelTiles() * vectors + mostAccumulators - 1) /
           mostAccumulators;
  }
  /// Cache lines of a block's filter in one step: all parts, each row of a tile
  /// a line.
  int64_t countStepLines(int64_t vectors) const {
    return parts * vectors * tileRows;
  }
  /// Products of a step, for a tile of positions and a vector.
  int64_t countProducts() const { return countPartProducts(parts); }
  /// Cycles of splitting 16 numbers and storing their parts.
  double getSplitCycles() const;
  /// Cache lines of the next block's filter that each step asks for, so that
  /// memory isn't idle in the passes over a filter that is in the second-level
  /// cache by then. None where the filter is at hand anyway. (`vectors`: of the
  /// block.)
  int64_t countRequestedLines(int64_t vectors) const;
  /// How much of the filter was asked for when its turn comes.
  double getRequestedShare() const;
  /// Whether the filter is worth asking for before it is needed: it doesn't fit
  /// the first-level cache many times over, two blocks of it are in the second
  /// level beside a panel, and most passes don't find all of it there.
  bool streamsFilter;
  /// Whether such a filter is gone through once, by three or four tiles at a
  /// time, which take long enough for what is asked for meanwhile to come.
  bool hasOnePass() const {
    return streamsFilter && blockVectors == 1 && countPanelTiles() > 2 &&
           countPasses(blockVectors) == 1;
  }
  /// Bytes of the filter that a round's passes over a block read.
  int64_t getBlockBytes() const {
    return countTapSteps() * roundSteps * countStepLines(blockVectors) *
           tileDepth * 2;
  }

  // --- tasks
  /// Parts of the blocks of output channels: each is a task for each panel. If
  /// there are several, panels are converted in a step before.
  int64_t blockTasks = 1;
  void setBlockTasks(int64_t tasks);
  bool isPrepared() const { return blockTasks > 1; }
  int64_t countBlocks() const { return groups * countGroupBlocks(); }
  int64_t countTasks() const { return countPanels() * blockTasks; }
  /// Parts of the channel steps of a panel, each a task of the step before.
  int64_t preparationTasks = 1;

  /// The packed filter: groups x blocks x steps x parts x vectors x tiles, in
  /// floats (two bfloat16 numbers).
  int64_t getFilterSize() const {
    return groups * groupVectors * countSteps() * parts * tileRows * tileDepth /
           2;
  }
  /// The memory of a task, in floats: what it converts, and its sums.
  int64_t getConvertedSize() const {
    return isPrepared() ? 0 : getRoundSize() / 2;
  }
  int64_t getScratchSize() const { return getConvertedSize() + getSumsSize(); }

  // --- the sums of several rounds: blocks of a task x sets x accumulators x
  // positions x lanes
  /// What is accumulated at a time, for all tiles of a panel: whole sets of
  /// tiles, and those that are left one by one.
  int64_t countSets() const;
  int64_t getSetSize() const {
    return mostAccumulators * tilePositions * tileColumns;
  }
  int64_t getSumsSize() const;
  /// Bytes of sums that are read and written for a panel.
  double getSumsTraffic() const;

  /// Cycles of the caches: the filter that is read for each panel but the first
  /// (see estimateCost), and the sums of several rounds.
  double getTrafficCycles(kernel::TargetAttr target) const;
  Preparation getPreparation() const {
    if (!isPrepared())
      return {};
    return {countPanels() * getPanelSize() / 2,
            countPanels() * preparationTasks};
  }

private:
  /// Whether a tile may go on from one row to the next: neighbouring outputs
  /// read neighbours of the panel, within a row and from row to row.
  bool canJoin() const;
  void divide(int64_t tileVectors, kernel::TargetAttr target);
  /// Chooses panels for rounds of `steps`.
  void divideRounds(int64_t steps, kernel::TargetAttr target);
  void foldDimensions();
  void chooseSteps(int64_t tileVectors);
  void chooseRounds(kernel::TargetAttr target);
  void choosePanels(kernel::TargetAttr target);
};

} // namespace toeplitz

#endif
