// How an inverted residual block is computed some channels at a time: tiles,
// chunks, tasks, and where everything lies in memory.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_INVERTEDRESIDUALPLAN_H
#define TOEPLITZ_COMPILER_ALGORITHMS_INVERTEDRESIDUALPLAN_H

#include "compiler/Algorithms/Geometry.h"
#include "compiler/Algorithms/SplitBfloat16Plan.h"

namespace toeplitz {

/// The sizes of such a block: a depthwise convolution, of `dimensions`, with a
/// pointwise one before and one behind it.
struct InvertedResidualBlock {
  llvm::SmallVector<Dimension> dimensions;
  int64_t batch = 1;
  int64_t inChannels = 1, channels = 1, outChannels = 1;
};

/// The channels between the convolutions are the steps of the last reduction,
/// 32 in each (the last one may have fewer, in one or two vectors). Some steps
/// at a time are a chunk.
struct InvertedResidualPlan {
  /// Chooses the tile and the number of tasks.
  InvertedResidualPlan(const InvertedResidualBlock &block,
                       kernel::TargetAttr target);
  explicit InvertedResidualPlan(kernel::InvertedResidualOp op);

  InvertedResidualBlock block;
  /// Positions of a tile register: the same of both pointwise convolutions,
  /// since a function has one configuration of its tile registers.
  int64_t tilePositions = 1;
  /// Parts of the steps of an image, each a task with sums of its own.
  int64_t parts = 1;
  /// Steps of a chunk, at most.
  int64_t chunkSteps = 1;
  /// Whether each task has one chunk, so that its sums are written once.
  bool hasOneChunk() const { return chunkSteps >= countMostSteps(); }

  int64_t countInputPositions() const;
  int64_t countOutputPositions() const;
  /// Tiles of the positions of an image, and the positions of these.
  int64_t countInputTiles() const;
  int64_t countOutputTiles() const;
  int64_t countPaddedInput() const { return countInputTiles() * tilePositions; }
  int64_t countPaddedOutput() const {
    return countOutputTiles() * tilePositions;
  }
  /// Vectors of the channels between, and of those of the result.
  int64_t countVectors() const;
  int64_t countOutputVectors() const;
  /// Steps of the last reduction, those that a part has at most, and steps of
  /// the first one.
  int64_t countSteps() const { return (countVectors() + 1) / 2; }
  int64_t countMostSteps() const { return (countSteps() + parts - 1) / parts; }
  int64_t countInputSteps() const;

  // --- memory, in floats
  /// The split input of an image: steps x parts x padded positions x 32
  /// bfloat16 numbers.
  int64_t getInputSize() const {
    return countInputSteps() * blockSplitParts *
           getSplitSize(countPaddedInput());
  }
  /// The sums of a task: vectors x padded positions x 16.
  int64_t getSumsSize() const {
    return countOutputVectors() * countPaddedOutput() * tileColumns;
  }
  int64_t getSumsStart() const { return block.batch * getInputSize(); }
  int64_t getPreparedSize() const {
    return getSumsStart() + block.batch * parts * getSumsSize();
  }
  /// Of a task: a chunk before the depthwise convolution, two vectors of each
  /// step x padded positions x 16, and behind it, split: steps x parts x padded
  /// positions x 32 bfloat16 numbers.
  int64_t getChunkStart() const {
    return chunkSteps * 2 * countPaddedInput() * tileColumns;
  }
  int64_t getScratchSize() const {
    return getChunkStart() +
           chunkSteps * blockSplitParts * getSplitSize(countPaddedOutput());
  }

  // --- tasks
  /// Of the first step: images x steps x parts of the positions.
  int64_t countPreparations() const {
    return block.batch * countInputSteps() * countInputParts();
  }
  int64_t countInputParts() const { return countInputSteps() == 1 ? 4 : 1; }
  int64_t countTasks() const { return block.batch * parts; }
  /// Of the last one: images x parts of the vectors x parts of the positions.
  int64_t countCompletions() const {
    return block.batch * countVectorParts() * countOutputParts();
  }
  int64_t countVectorParts() const;
  int64_t countOutputParts() const {
    return countOutputVectors() < 4 ? 4 / countOutputVectors() : 1;
  }
};

/// Whether computing a block so saves more than it costs: what a task works in
/// stays in the second-level cache, with the sums of all tasks of an image;
/// there are several tasks; and what is added up has fewer channels than what
/// lies between the convolutions.
bool isInvertedResidualWorthwhile(const InvertedResidualBlock &block,
                                  kernel::TargetAttr target);

} // namespace toeplitz

#endif
