// What the blocks of threads of implicit-gemm and of those on tensor cores do
// alike: they find the elements of the data's matrix in the image, go through
// the steps of a sum, and store results.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_IMPLICITGEMMBLOCK_H
#define TOEPLITZ_COMPILER_ALGORITHMS_IMPLICITGEMMBLOCK_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/ImplicitGemmPlan.h"
#include "compiler/Algorithms/StagedSums.h"

namespace toeplitz {

/// An output position as a thread sees it: its image and coordinates, and
/// whether it exists (null where it does).
struct GemmPosition {
  KernelBuilder::Index column, image;
  llvm::SmallVector<KernelBuilder::Index> output;
  mlir::Value exists;
};

class ImplicitGemmBlock {
public:
  using Index = KernelBuilder::Index;

  /// Makes the tasks of `kernel` blocks of `threads` threads and finds the
  /// task's tile.
  ImplicitGemmBlock(KernelBuilder &kernel, const ImplicitGemm &gemm,
                    const ConvolutionBuffers &buffers, int64_t threads);

  /// The place of the tile in the results: the group, its first channel in that
  /// group, its first column (output position of all images).
  Index group, firstChannel, firstColumn;
  BlockBuilder block;

  /// The position of a column; the last one in the place of those that don't
  /// exist.
  GemmPosition locate(Index column);

  /// Elements of a column of the data's matrix: of each run, which begins at
  /// that row of the step, `length` rows one behind the other. Zeros where
  /// there is nothing.
  llvm::SmallVector<mlir::Value> loadColumn(const GemmPosition &position,
                                            Index step,
                                            llvm::ArrayRef<Index> runs,
                                            int64_t length);

  /// Begins to copy 16 bytes of a column of the data's matrix, a run of rows
  /// from `run` of the step on, which lie together in `flat`, all of the input,
  /// to `to` of `destination`; zeros where there is nothing.
  void startCopy(const GemmPosition &position, Index step, Index run,
                 mlir::Value flat, mlir::Value destination, Index to);

  /// Where the packed filter has what the tile needs of it in a step; a tile
  /// takes `size` elements there.
  Index getFilterTile(Index step, int64_t size);

  /// Goes through all steps of the block's part of the sums.
  llvm::SmallVector<mlir::Value> addUp(int64_t countSums,
                                       const StagedStep &step);
  llvm::SmallVector<mlir::Value> addUp(int64_t stages, int64_t countSums,
                                       const PipelinedStep &step);

  /// Stores a sum: the result, or a part of it where there are several splits.
  void store(mlir::Value sum, Index channel, const GemmPosition &position);
  /// Writes `body` for a channel of the group and a column that exist.
  void ifExists(Index channel, Index column, llvm::function_ref<void()> body);
  /// Where a part of a sum lies.
  Index getPartialSumPlace(Index channel, Index column);

private:
  /// A row of the data's matrix at a position: where it lies in the image, and
  /// whether it lies in it (null where it does).
  struct Row {
    Index channel;
    llvm::SmallVector<Index> place;
    mlir::Value inside;
  };
  Row findRow(const GemmPosition &position, Index row);
  void locateTap(const GemmPosition &position, Index tap, Row &row);
  /// The element `further` channels behind a row's: its indices, the first
  /// element's where it doesn't exist; and the element, or zero.
  llvm::SmallVector<Index> getIndices(const GemmPosition &position,
                                      const Row &row, Index further);
  mlir::Value load(const GemmPosition &position, const Row &row, Index further);
  /// The block's part of the steps: the first one, and how many.
  std::pair<Index, Index> getSteps();

  /// Whether the last tile has columns that don't exist.
  bool hasCutTiles() const {
    return gemm.countPositions() % gemm.tile.positions != 0;
  }
  /// Null where all columns exist.
  mlir::Value columnExists(Index column);
  void ifExists(Index channel, mlir::Value columnExists,
                llvm::function_ref<void()> body);
  Index number(int64_t value) { return kernel.constant(value); }
  mlir::Value both(mlir::Value a, mlir::Value b);

  KernelBuilder &kernel;
  const ImplicitGemm &gemm;
  const ConvolutionBuffers &buffers;
  Index split, channelTile;
};

/// Whether threads can copy such an input 16 bytes at a time: numbers of the
/// target's precision, of which the channels of a position lie together, eight
/// at a time at a multiple of 16 bytes if the buffer begins at one.
bool hasCopyableRuns(const ImplicitGemm &gemm, mlir::MemRefType input,
                     kernel::TargetAttr target);

/// The tasks of the kernel that writes the results.
int64_t countGemmTasks(const ImplicitGemm &gemm, kernel::TargetAttr target);
/// Writes the kernel of which `emitBlock` writes what a block does, or, where
/// there are several splits, the second one, which adds up their sums.
void emitGemm(KernelBuilder &kernel, const ImplicitGemm &gemm,
              const ConvolutionBuffers &buffers,
              llvm::function_ref<void()> emitBlock);

} // namespace toeplitz

#endif
