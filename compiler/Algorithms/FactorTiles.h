// The tiles of a convolution's filter and data in the memory of a block that
// multiplies on tensor cores, and how its threads bring them there.
//
// The filter is packed, when the network is compiled, as the products want it,
// and copied as it lies. The data comes in pieces of 16 bytes: of a column of
// its matrix 4 rows of TF32 numbers, 8 of 16 bits. Where it lies in memory as
// it is needed, rounded, with the channels of each position together, pieces
// are copied; else threads round what they load, once for all warps.
//
// Where the hardware copies in bulk, one thread begins to bring whole tiles: of
// the filter, and of data that is a tensor in memory (see BulkFactors.h).

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_FACTORTILES_H
#define TOEPLITZ_COMPILER_ALGORITHMS_FACTORTILES_H

#include "compiler/Algorithms/BulkFactors.h"
#include "compiler/Algorithms/ImplicitGemmBlock.h"
#include "compiler/Lowering/BulkCopies.h"

#include <functional>

namespace toeplitz {

/// What the kernels on tensor cores differ in.
struct FactorLayout {
  using Index = KernelBuilder::Index;

  kernel::Precision precision;
  /// Steps whose tiles are in the block's memory at once.
  int64_t stages;
  /// Words of the block's memory for the filter's tiles, of all stages or more;
  /// and a multiple of bytes at which both factors begin, 0 for any.
  int64_t filterMemoryWords, alignment;
  /// The place of a piece of a column among all pieces of the data's tiles.
  std::function<Index(Index stage, Index piece, Index column)> getPiecePlace;
  /// Whether tiles may be copied in bulk: pieces are then placed as by
  /// swizzling of 128 bytes.
  bool inBulk = false;
};

class FactorTiles {
public:
  using Index = KernelBuilder::Index;

  /// Words of a piece.
  static constexpr int64_t pieceBytes = 16;
  static constexpr int64_t pieceWords = pieceBytes / int64_t(sizeof(uint32_t));

  /// Declares the memory, and divides what `threads` threads bring.
  FactorTiles(KernelBuilder &kernel, const ImplicitGemm &gemm,
              const ConvolutionBuffers &buffers, ImplicitGemmBlock &common,
              int64_t threads, FactorLayout layout);

  /// A tile of each for each stage: words of the filter, words or numbers of 16
  /// bits of the data.
  mlir::Value filter, data;

  /// Whether threads round the data.
  bool roundsData() const { return !flatInput && !tensor; }
  /// Whether all threads copy, each in groups of its own copies; whether they
  /// bring anything themselves; and whether one of them copies in bulk for all.
  bool groupsCopies() const { return flatInput || !bulk; }
  bool sharesWork() const { return !tensor; }
  bool copiesInBulk() const { return bulk.has_value(); }
  /// A thread waits for what is copied to a stage in bulk: see BulkCopies.
  void waitForArrival(Index stage, Index parity) { bulk->wait(stage, parity); }
  /// Begins to copy the tiles of a step, and gives the numbers of the data that
  /// the thread has to round.
  llvm::SmallVector<mlir::Value> begin(Index step, Index stage);
  /// Rounds these numbers to their places.
  void store(llvm::ArrayRef<mlir::Value> numbers, Index stage);
  /// The place of a piece of a column, in elements of `data`.
  Index getDataPlace(Index stage, Index piece, Index column);

private:
  void createMemory();
  void findTensor(mlir::MemRefType input);
  void divideLoads();
  void copyInBulk(Index step, Index stage);
  void copyFilter(Index step, Index stage);
  void copyData(Index step, Index stage);
  llvm::SmallVector<mlir::Value> loadData(Index step);

  Index number(int64_t value) { return kernel.constant(value); }

  KernelBuilder &kernel;
  const ImplicitGemm &gemm;
  const ConvolutionBuffers &buffers;
  ImplicitGemmBlock &common;
  int64_t threads;
  FactorLayout layout;
  /// Pieces of a column, and words of the filter's tile.
  int64_t pieces, filterWords;
  /// The input as one row of elements, where it is copied; else null.
  mlir::Value flatInput;
  /// The same as the tensor of which boxes are copied; else null.
  mlir::Value tensor;
  llvm::SmallVector<int64_t> box;
  std::optional<BulkCopies> bulk;
  /// Elements of `data` in a piece.
  int64_t pieceElements = pieceWords;
  /// What a thread brings: pieces of one column, `loadPieces` apart; where they
  /// are copied, one of each of some columns, `loadColumns` apart.
  Index loadPiece, loadColumn;
  int64_t loadPieces = 1, loadColumns = 1, dataLoads = 1, filterLoads = 1;
  llvm::SmallVector<GemmPosition> loadPositions;
};

} // namespace toeplitz

#endif
