// What the lanes of a vector of output channels multiply their weights with,
// where a vector holds channels of several groups.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_LANEINPUTS_H
#define TOEPLITZ_COMPILER_ALGORITHMS_LANEINPUTS_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

/// Groups of channels: output channel f is a sum over the input channels
/// f / outputs * inputs + step, for each step from 0 to inputs - 1.
struct ChannelGroups {
  int64_t groups = 1;
  /// The channels of one.
  int64_t inputs = 1;
  int64_t outputs = 1;

  /// The most groups that a vector of output channels has a part of.
  int64_t countInVector(int64_t lanes) const;
  /// Whether a vector's lanes are brought to their groups by shuffles: where
  /// all vectors of output channels read vectors of input channels alike. With
  /// two groups to a vector, shuffles cross its halves, which takes longer
  /// than to choose.
  bool isShuffle(int64_t lanes) const {
    return inputs == outputs && lanes % outputs == 0 && lanes > 2 * outputs;
  }
};

/// The vectors of inputs of one block of output channels.
class LaneInputs {
public:
  /// `parts` is how many groups the block has a part of, at most. `image` and
  /// `block` say which block of which image it is.
  LaneInputs(KernelBuilder &kernel, const ChannelGroups &groups,
             mlir::Value input, KernelBuilder::Index image,
             KernelBuilder::Index block, int64_t parts);

  /// `length` input positions from a position on, in the last dimension.
  class Run {
  public:
    /// What every lane multiplies at the position so far from the first one.
    mlir::Value load(int64_t offset) const;

  private:
    friend class LaneInputs;
    Run(const LaneInputs &inputs) : inputs(inputs) {}

    const LaneInputs &inputs;
    /// For each part of the lanes its channel's positions; of shuffled lanes
    /// those of all their channels.
    llvm::SmallVector<mlir::Value> positions;
    /// What lanes are shuffled to; empty if they aren't.
    llvm::SmallVector<int64_t> shuffle;
  };
  /// What is multiplied in a step. Those of shuffled lanes are constants.
  Run getRun(KernelBuilder::Index step,
             llvm::ArrayRef<KernelBuilder::Index> firstPosition,
             int64_t length) const;

private:
  /// A part of the lanes: those before its first one belong to other groups.
  struct Part {
    KernelBuilder::Index firstChannel;
    /// Null for the first part.
    mlir::Value lanes;
  };

  KernelBuilder &kernel;
  ChannelGroups groups;
  mlir::Value input;
  KernelBuilder::Index image, block;
  /// None where the lanes are shuffled.
  llvm::SmallVector<Part> parts;
};

/// Whether a block of output channels belongs to one group, which is asked
/// when the kernel runs.
mlir::Value isOneGroup(KernelBuilder &kernel, const ChannelGroups &groups,
                       KernelBuilder::Index block);

} // namespace toeplitz

#endif
