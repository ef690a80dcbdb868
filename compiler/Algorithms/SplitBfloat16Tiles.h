// Products of split numbers in tile registers: what kernels of several
// convolutions by bf16x3 (see SplitBfloat16.cpp) have in common.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_SPLITBFLOAT16TILES_H
#define TOEPLITZ_COMPILER_ALGORITHMS_SPLITBFLOAT16TILES_H

#include "compiler/Algorithms/SplitBfloat16Plan.h"
#include "compiler/Lowering/KernelBuilder.h"

#include "llvm/ADT/STLExtras.h"

namespace toeplitz {

/// Writes loads, products and stores of tiles. Split numbers lie position by
/// position: 32 bfloat16 numbers (16 floats) of each, one part behind the
/// other.
class SplitBfloat16Tiles {
public:
  using Index = KernelBuilder::Index;

  /// `tilePositions` is the same for all products of a function, which has one
  /// configuration of its tile registers.
  SplitBfloat16Tiles(KernelBuilder &kernel, int64_t tilePositions)
      : kernel(kernel), tilePositions(tilePositions) {}

protected:
  /// The packed filter of a pointwise convolution: blocks of `blockVectors`
  /// vectors (the last one may have fewer) x steps x parts x vectors x a tile.
  struct PackedFilter {
    int64_t blockVectors, steps;
  };
  using LoadTile = llvm::function_ref<mlir::Value(int64_t part, int64_t i)>;

  /// Keeps the function that is written from being inlined, with the
  /// configuration of its registers.
  void keepConfiguration();
  /// Memory for the accumulators on their way to vectors: accumulators x
  /// positions of a tile x 16.
  mlir::Value allocateAccumulators();

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

  mlir::Value loadTile(int64_t rows, int64_t columns, mlir::Type element,
                       mlir::Value memory, llvm::ArrayRef<Index> place,
                       int64_t stride);
  mlir::Value loadInputTile(mlir::Value memory, llvm::ArrayRef<Index> place) {
    return loadTile(tilePositions, tileDepth, bfloat16(), memory, place,
                    /*stride=*/tileDepth / 2);
  }
  mlir::Value loadFilterTile(mlir::Value memory, Index place) {
    return loadTile(tileRows, tileDepth, bfloat16(), memory, {place},
                    /*stride=*/tileDepth);
  }
  mlir::Value clearTile();
  void storeTile(mlir::Value tile, mlir::Value memory,
                 llvm::ArrayRef<Index> place);

  /// Calls `finish` for each vector of the accumulators, of some tiles by
  /// `vectors` vectors of the result, with its place among these, its tile, and
  /// its position there. `bias` is that of the vectors, or empty; `accumulated`
  /// is memory of allocateAccumulators.
  void forResults(mlir::ValueRange sums, mlir::Value accumulated,
                  llvm::ArrayRef<mlir::Value> bias, int64_t vectors,
                  int64_t positions,
                  llvm::function_ref<void(mlir::Value sum, int64_t v, int64_t t,
                                          Index inTile)>
                      finish);

  /// Splits 16 numbers and stores their parts, `distance` floats apart.
  void storeSplit(mlir::Value numbers, mlir::Value memory,
                  llvm::ArrayRef<Index> place, int64_t distance);
  void clearSplit(mlir::Value memory, llvm::ArrayRef<Index> place,
                  int64_t distance);

  llvm::SmallVector<mlir::Value> loadBias(mlir::Value bias, Index vector,
                                          int64_t vectors);

  Index number(int64_t value) { return kernel.constant(value); }
  /// a * factor + b
  Index scale(Index a, int64_t factor, Index b) {
    return kernel.add(kernel.mul(a, number(factor)), b);
  }
  Index scale(Index a, int64_t factor) { return scale(a, factor, number(0)); }

  KernelBuilder &kernel;
  int64_t tilePositions;

private:
  void storeParts(llvm::ArrayRef<mlir::Value> parts, mlir::Value memory,
                  llvm::ArrayRef<Index> place, int64_t distance);
  llvm::SmallVector<mlir::Value> values(llvm::ArrayRef<Index> indices) {
    return llvm::map_to_vector(
        indices, [&](Index index) { return kernel.value(index); });
  }
  mlir::Type bfloat16() { return kernel.builder.getBF16Type(); }
};

} // namespace toeplitz

#endif
