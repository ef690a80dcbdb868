// The register tile: how many output positions and vectors of output channels a
// kernel keeps in registers.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_REGISTERTILE_H
#define TOEPLITZ_COMPILER_ALGORITHMS_REGISTERTILE_H

#include "compiler/Algorithms/Algorithm.h"

namespace toeplitz {

/// A tile of `positions` output positions by `vectors` vectors of output
/// channels, and what it costs.
struct RegisterTile {
  int64_t positions = 1;
  int64_t vectors = 1;
  /// Of all groups and rows.
  double cycles = 0;
};

/// The positions' loads in one step of the reduction: a vector of channels has
/// the factors of several steps where multiply-adds take them by element.
double countInputLoads(int64_t positions, kernel::TargetAttr target);

/// Cycles of one step of the reduction in a tile of `positions` x `vectors`.
double getStepCycles(int64_t positions, int64_t vectors,
                     kernel::TargetAttr target);

/// Whether the tile's accumulators and operands fit into the registers.
bool fitsRegisters(int64_t positions, int64_t vectors,
                   kernel::TargetAttr target);

/// What is multiplied by register tiles: `groups` matrices of `groupVectors`
/// vectors x `steps`, each with `rows` rows of `rowPositions` positions.
struct TiledProduct {
  int64_t groups = 1, groupVectors = 1, steps = 1;
  /// Those of a round: see BlockedKernel.
  int64_t roundSteps = 1;
  double rows = 1;
  int64_t rowPositions = 1;
  /// Rows that are gone through for one block of vectors before the next: see
  /// countRowsTogether.
  double rowsTogether = 1;
  /// The part of the steps that are computed: others multiply with padding and
  /// are left out.
  double computedShare = 1;
  /// Whether every tile reads the whole matrix, not one block of vectors after
  /// the other.
  bool rereadsFilter = false;
};

/// The tile with the fewest cycles, remainders and waiting for the filter
/// included.
RegisterTile chooseRegisterTile(const TiledProduct &product,
                                kernel::TargetAttr target);

/// The positions of the tile with so many vectors that computes a row of
/// `columns` positions in the fewest cycles.
int64_t chooseRowTile(int64_t columns, int64_t vectors,
                      kernel::TargetAttr target);

/// How many groups to merge into one: see compiler/Analysis/MergedGroups.h.
int64_t countMergedGroups(const Convolution &convolution, int64_t lanes);

/// How direct, pointwise and im2col go through a convolution.
struct BlockedLoops {
  /// Output positions of a row, which are cut into register tiles.
  int64_t rowPositions = 1;
  /// Channels of all groups that are summed up before the next position.
  int64_t roundChannels = 1;
  /// As in TiledProduct.
  double computedShare = 1;
  bool rereadsFilter = false;
};

/// The channels of each of so many rounds: whole vectors.
int64_t getRoundChannels(int64_t channels, int64_t rounds,
                         kernel::TargetAttr target);

/// The blocked schedule that direct, pointwise and im2col share.
ConvolutionSchedule scheduleBlocked(const Convolution &convolution,
                                    const BlockedLoops &loops,
                                    kernel::TargetAttr target);

/// Estimated cycles of the multiplication that direct, pointwise and im2col
/// share.
double estimateBlockedCycles(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             const BlockedLoops &loops,
                             kernel::TargetAttr target);

/// The cost of direct and pointwise, which read their input where it lies.
ConvolutionCost estimateBlockedCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    const BlockedLoops &loops,
                                    kernel::TargetAttr target);

/// The packed filter that they share: for each group, for each block of
/// `tileVectors` vectors of output channels (the last may have fewer), channel
/// block by channel block, tap by tap, channel by channel: a row of output
/// channels, the vectors side by side.
int64_t getBlockedFilterSize(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr target);
void packBlockedFilter(const Convolution &convolution,
                       const ConvolutionSchedule &schedule,
                       kernel::TargetAttr target, llvm::ArrayRef<float> filter,
                       llvm::MutableArrayRef<float> packed);

} // namespace toeplitz

#endif
