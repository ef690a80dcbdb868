// What the files of the kernel of inverted residual blocks share: the first and
// the last step of InvertedResidual.cpp, and the tasks of
// InvertedResidualTask.cpp.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_INVERTEDRESIDUALKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_INVERTEDRESIDUALKERNEL_H

#include "compiler/Algorithms/InvertedResidualPlan.h"
#include "compiler/Algorithms/SeparableBuffers.h"
#include "compiler/Algorithms/SplitBfloat16Tiles.h"

namespace toeplitz {

/// Writes the loops of one kernel: see InvertedResidual.cpp.
class InvertedResidualKernel : SplitBfloat16Tiles {
public:
  InvertedResidualKernel(kernel::InvertedResidualOp op, KernelBuilder &kernel)
      : InvertedResidualKernel(op, kernel, InvertedResidualPlan(op)) {}

  void emitPreparation();
  void emitTask();
  void emitCompletion();

private:
  InvertedResidualKernel(kernel::InvertedResidualOp op, KernelBuilder &kernel,
                         const InvertedResidualPlan &plan)
      : SplitBfloat16Tiles(kernel, plan.tilePositions), op(op), plan(plan),
        layers(getSeparableBuffers(op, kernel)) {}

  /// Steps [first, end) of the last reduction.
  struct Chunk {
    Index first, end;
  };
  void expand(const Chunk &chunk);
  void expandStep(const Chunk &chunk, Index step, int64_t vectors);
  void convolve(const Chunk &chunk);
  void project(const Chunk &chunk, bool isFirst);
  void projectTiles(const Chunk &chunk, bool isFirst, Index vector,
                    int64_t vectors, Index tile, int64_t tiles);
  PackedFilter getExpansionFilter() {
    return {static_cast<int64_t>(op.getExpansionVectors()),
            plan.countInputSteps()};
  }
  PackedFilter getProjectionFilter() {
    return {static_cast<int64_t>(op.getVectors()), plan.countSteps()};
  }

  /// Asks for a share of the filter of the step behind this one, or of the
  /// vectors behind these, which comes from beyond the second-level cache.
  void requestExpansion(Index step, int64_t vectors, Index tile,
                        Index inputStep);
  void requestProjection(const Chunk &chunk, Index vector, int64_t vectors,
                         Index tile, Index step);
  /// Request `number_` of `count` that make up `size` numbers of a filter.
  void request(mlir::Value filter, Index start, int64_t size, Index number_,
               int64_t count);

  /// `count` elements of the first dimension, from `first` on.
  mlir::Value viewPart(mlir::Value memory, Index first, Index count);

  /// The first one of part `part` of `parts` of [0, count).
  Index getPartStart(Index part, int64_t parts, int64_t count) {
    return kernel.div(scale(part, count), number(parts));
  }

  kernel::InvertedResidualOp op;
  InvertedResidualPlan plan;
  SeparableBuffers layers;
  /// The accumulators of an expansion, on their way to the scratch memory.
  mlir::Value accumulated;
  Index image;
  /// Where the sums of the task begin.
  Index sumsStart;
};

} // namespace toeplitz

#endif
