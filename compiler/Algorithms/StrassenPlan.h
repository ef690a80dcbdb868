// How a convolution by Strassen's algorithm is divided: the halves of channels
// and positions, the blocks that stay in the caches, the tasks, and where sums
// and partial results lie in a task's memory.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_STRASSENPLAN_H
#define TOEPLITZ_COMPILER_ALGORITHMS_STRASSENPLAN_H

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Algorithms/Geometry.h"

namespace toeplitz {

/// A product Y (F x P) = W (F x C) X (C x P), with positions as rows of
/// `columns` positions. Two register tiles of output channels and two of
/// positions make one step of Strassen's algorithm:
///
/// - channels: two halves of `halfChannels`, whole vectors; the `restChannels`
///   after them are multiplied as they are and added to every result;
/// - output channels: `pairs` of blocks of `tileVectors` vectors; the vectors
///   that are left after them are multiplied as they are, block by block;
/// - positions: a row's first `halfPositions` and its last. They share one
///   where a row has an odd number; it is stored by the second half alone.
struct StrassenPlan {
  StrassenPlan(const Convolution &convolution,
               const ConvolutionSchedule &schedule, kernel::TargetAttr target);
  explicit StrassenPlan(kernel::ConvOp op);

  /// Of a pair of blocks of output channels: see Strassen.h.
  static constexpr int64_t products = 7;

  int64_t batch = 1, inChannels = 1, outChannels = 1, lanes = 1;
  int64_t tilePositions = 1, tileVectors = 1;
  /// The dimensions of `rows` and, as the last one, of columns: folded, unless
  /// a buffer's positions don't lie at one distance.
  llvm::SmallVector<Dimension> dimensions;
  bool isFolded = true;

  // --- the halves
  int64_t halfChannels = 0, restChannels = 0;
  int64_t vectors = 1, pairs = 0, plainVectors = 0;
  int64_t rows = 1, columns = 1, halfPositions = 1;
  /// Where a row's second half begins.
  int64_t getSecondStart() const { return columns - halfPositions; }
  bool sharesPosition() const { return columns % 2 != 0; }

  // --- the division
  /// Rows whose input and sums stay in the second-level cache.
  int64_t blockRows = 1, blocks = 1;
  /// Blocks of output channels that are gone through one by one: pairs, then
  /// those of the vectors that are left.
  int64_t countPlainBlocks() const {
    return (plainVectors + tileVectors - 1) / tileVectors;
  }
  int64_t countUnits() const { return pairs + countPlainBlocks(); }
  /// Whether all products of a tile are computed before those of the next one.
  /// Else each of them is for all tiles: what these read of the filter again
  /// should stay in the second-level cache.
  bool tileByTile = true;
  /// Tasks: batch x blocks x unitTasks, each of which adds up the input of its
  /// block.
  int64_t unitTasks = 1;
  /// Whether the filter is too large for the second-level cache.
  bool streamsFilter = false;
  /// Whether the products of a task's last pair ask for the input of the next
  /// row, which comes from beyond the second-level cache. (Earlier, the filter
  /// would drive it out again.)
  bool asksForInput = false;
  int64_t countTasks() const { return batch * blocks * unitTasks; }

  // --- memory, in floats
  int64_t getChannelBlocks() const { return halfChannels / lanes; }
  /// One of the four sums of a block: rows x half positions x half channels.
  int64_t getSumSize() const {
    return blockRows * halfPositions * halfChannels;
  }
  int64_t getSumsSize() const { return 4 * getSumSize(); }
  /// A product of a pair: that of one tile, or of all tiles of half a block.
  /// The rest channels of the four results follow the seven products.
  int64_t getProductSize() const {
    int64_t positions = tileByTile ? tilePositions : blockRows * halfPositions;
    return positions * tileVectors * lanes;
  }
  int64_t countProducts() const {
    return products + (restChannels > 0 ? 4 : 0);
  }
  int64_t getScratchSize() const {
    return getSumsSize() + countProducts() * getProductSize();
  }

  // --- the packed filter, in floats: pair by pair, seven matrices of half
  // channels x a block of output channels and the rest channels of the pair's
  // two blocks; then block by block the channels of those that are left.
  int64_t getMatrixSize() const { return halfChannels * tileVectors * lanes; }
  int64_t getRestSize() const { return restChannels * tileVectors * lanes; }
  int64_t getPairSize() const {
    return products * getMatrixSize() + 2 * getRestSize();
  }
  int64_t getFilterSize() const {
    return pairs * getPairSize() + plainVectors * lanes * inChannels;
  }

  /// Estimated cycles of the whole batch.
  double estimateCycles(kernel::TargetAttr target) const;

private:
  void divide(kernel::TargetAttr target);
  void halveChannels();
  void setColumns(int64_t count);
  void takeBatchAsPositions();
  void fold(int64_t positions, kernel::TargetAttr target);
  double getProductCycles(kernel::TargetAttr target) const;
  double getSumCycles() const;
  double weighTasks(int64_t tasks) const;
  struct UnitTasks {
    int64_t count = 1;
    double cycles = 0;
  };
  UnitTasks chooseUnitTasks(kernel::TargetAttr target) const;
  double getAllCycles(kernel::TargetAttr target) const;
};

} // namespace toeplitz

#endif
