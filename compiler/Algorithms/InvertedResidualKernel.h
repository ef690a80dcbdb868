// What the files of the kernel of inverted residual blocks share: the first and
// the last step of InvertedResidual.cpp, and the tasks of
// InvertedResidualTask.cpp.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_INVERTEDRESIDUALKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_INVERTEDRESIDUALKERNEL_H

#include "compiler/Algorithms/InvertedResidualPlan.h"
#include "compiler/Algorithms/SeparableBuffers.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "llvm/ADT/STLExtras.h"

namespace toeplitz {

/// Writes the loops of one kernel: see InvertedResidual.cpp.
class InvertedResidualKernel {
public:
  using Index = KernelBuilder::Index;

  InvertedResidualKernel(kernel::InvertedResidualOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), plan(op),
        layers(getSeparableBuffers(op, kernel)) {}

  void emitPreparation();
  void emitTask();
  void emitCompletion();

private:
  /// Steps [first, end) of the last reduction.
  struct Chunk {
    Index first, end;
  };
  /// The packed filter of a pointwise convolution: blocks of `blockVectors`
  /// vectors (the last one may have fewer) x steps x parts x vectors x a tile.
  struct PackedFilter {
    int64_t blockVectors, steps;
  };
  using LoadTile = llvm::function_ref<mlir::Value(int64_t part, int64_t i)>;

  void expand(const Chunk &chunk);
  void expandStep(const Chunk &chunk, Index step, int64_t vectors);
  void convolve(const Chunk &chunk);
  void project(const Chunk &chunk, bool isFirst);
  void projectTiles(const Chunk &chunk, bool isFirst, Index vector,
                    int64_t vectors, Index tile, int64_t tiles);
  /// Calls `body` for pairs of [0, count) and for what is left alone.
  void forPairs(int64_t count, llvm::function_ref<void(Index, int64_t)> body);
  /// The products of one step: tiles of positions by vectors.
  llvm::SmallVector<mlir::Value> multiply(int64_t tiles, int64_t vectors,
                                          LoadTile loadInput,
                                          LoadTile loadFilter,
                                          mlir::ValueRange sums);

  /// Where the tile of a filter begins: vector `vector` + `i` of all, the block
  /// of which begins at `vector` or is its own.
  Index getFilterPlace(const PackedFilter &filter, Index vector, int64_t i,
                       int64_t vectors, Index step, int64_t part);
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

  mlir::Value loadTile(int64_t rows, int64_t columns, mlir::Type element,
                       mlir::Value memory, llvm::ArrayRef<Index> place,
                       int64_t stride) {
    return mlir::amx::TileLoadOp::create(
        kernel.builder, kernel.location,
        mlir::amx::TileType::get({rows, columns}, element), memory,
        values(place), kernel.value(number(stride)));
  }
  mlir::Value loadInputTile(mlir::Value memory, llvm::ArrayRef<Index> place) {
    return loadTile(plan.tilePositions, tileDepth, bfloat16(), memory, place,
                    /*stride=*/tileDepth / 2);
  }
  mlir::Value loadFilterTile(mlir::Value memory, Index place) {
    return loadTile(tileRows, tileDepth, bfloat16(), memory, {place},
                    /*stride=*/tileDepth);
  }
  mlir::Value clearTile() {
    return mlir::amx::TileZeroOp::create(
        kernel.builder, kernel.location,
        mlir::amx::TileType::get({plan.tilePositions, tileColumns},
                                 kernel.builder.getF32Type()));
  }
  void storeTile(mlir::Value tile, mlir::Value memory,
                 llvm::ArrayRef<Index> place) {
    mlir::amx::TileStoreOp::create(kernel.builder, kernel.location, memory,
                                   values(place), tile,
                                   kernel.value(number(tileColumns)));
  }
  llvm::SmallVector<mlir::Value> values(llvm::ArrayRef<Index> indices) {
    return llvm::map_to_vector(
        indices, [&](Index index) { return kernel.value(index); });
  }
  /// Splits 16 numbers and stores their parts, `distance` floats apart.
  void storeSplit(mlir::Value numbers, mlir::Value memory,
                  llvm::ArrayRef<Index> place, int64_t distance);
  void clearSplit(mlir::Value memory, llvm::ArrayRef<Index> place,
                  int64_t distance);
  void storeParts(llvm::ArrayRef<mlir::Value> parts, mlir::Value memory,
                  llvm::ArrayRef<Index> place, int64_t distance);
  /// `count` elements of the first dimension, from `first` on.
  mlir::Value viewPart(mlir::Value memory, Index first, Index count);
  llvm::SmallVector<mlir::Value> loadBias(mlir::Value bias, Index vector,
                                          int64_t vectors);

  Index number(int64_t value) { return kernel.constant(value); }
  /// a * factor + b
  Index scale(Index a, int64_t factor, Index b) {
    return kernel.add(kernel.mul(a, number(factor)), b);
  }
  Index scale(Index a, int64_t factor) { return scale(a, factor, number(0)); }
  /// The first one of part `part` of `parts` of [0, count).
  Index getPartStart(Index part, int64_t parts, int64_t count) {
    return kernel.div(scale(part, count), number(parts));
  }
  mlir::Type bfloat16() { return kernel.builder.getBF16Type(); }

  kernel::InvertedResidualOp op;
  KernelBuilder &kernel;
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
