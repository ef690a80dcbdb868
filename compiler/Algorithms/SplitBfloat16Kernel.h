// What the files of the kernel of bf16x3 and bf16x6 share: the tasks and
// products of SplitBfloat16Kernel.cpp, the input's conversion of
// SplitBfloat16Input.cpp, and the results of SplitBfloat16Results.cpp.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_SPLITBFLOAT16KERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_SPLITBFLOAT16KERNEL_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/Geometry.h"
#include "compiler/Algorithms/SplitBfloat16Plan.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

namespace toeplitz {

/// Writes the loops of one kernel: see SplitBfloat16Kernel.cpp.
class SplitBfloat16Kernel {
public:
  using Index = KernelBuilder::Index;

  SplitBfloat16Kernel(kernel::ConvOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), plan(op), depths(plan.dimensions[0]),
        rows(plan.dimensions[1]), columns(plan.dimensions[2]),
        buffers(getBuffers(op, kernel)), activation(op.getActivationAttr()) {}

  void emit();

private:
  /// A panel's place: the image, the position of the depth, and the first row
  /// and tile.
  struct Panel {
    Index number, image, depth, firstRow, endRow, firstTile, endTile;
  };
  /// What is multiplied at a time.
  struct Block {
    Index group;
    /// The first vector in its group, and where the block's filter begins.
    Index groupVector, filterStart;
    int64_t vectors;
    /// Its number among those of the task.
    Index number;
    /// How often it was gone through for other tiles, and the number of these
    /// tiles among the sets of the panel.
    Index pass, set;
  };
  /// A tile of positions: its row in the panel, and its first column in the
  /// panel and in the image. (Of joined rows, the first one's, and its first
  /// position among those of all rows.)
  struct Tile {
    Index row, panelColumn, column;
  };

  /// Factors and shifts of 16 channels of the input; null where there are none.
  struct ChannelPrologue {
    mlir::Value scale, shift;
  };

  /// bfloat16 numbers of a block's filter in one step.
  int64_t getStepSize(const Block &block) const {
    return plan.parts * block.vectors * tileSize;
  }
  void foldBuffers();
  Panel getPanel(Index number);
  void convert(const Panel &panel, Index firstStep, Index endStep);
  void convertRow(const Panel &panel, Index step, Index depthTap, Index row);
  void storeParts(Index step, Index position,
                  llvm::ArrayRef<mlir::Value> parts);
  void
  convertColumns(Index step, Index begin, Index end,
                 llvm::function_ref<Index(Index)> position,
                 llvm::function_ref<llvm::SmallVector<Index>(int64_t channel,
                                                             Index column)>
                     place);
  void convertChannels(Index step, int64_t blocks, Index position,
                       llvm::function_ref<mlir::Value(int64_t block)> load);
  llvm::SmallVector<ChannelPrologue> loadPrologue(Index image, Index firstBlock,
                                                  int64_t blocks);
  mlir::Value applyPrologue(mlir::Value numbers,
                            const ChannelPrologue &channels);
  void multiply(const Panel &panel, Index firstBlock, Index endBlock);
  void multiplyInRounds(const Panel &panel, Index firstBlock, Index endBlock);
  void forBlocks(Index firstBlock, Index endBlock,
                 llvm::function_ref<void(const Block &)> body);
  /// Calls `body` for the tiles of a panel that are accumulated together.
  void
  forSets(const Panel &panel, const Block &block,
          llvm::function_ref<void(const Block &, llvm::ArrayRef<Tile>)> body);
  /// The accumulators of each sum. A product takes 16 cycles but is done after
  /// 52: with fewer than four sums, a sum's products are apart.
  static int64_t countChains(size_t tiles, int64_t vectors);
  void reduce(const Panel &panel, const Block &block,
              llvm::ArrayRef<Tile> tiles);
  llvm::SmallVector<mlir::Value> multiplyStep(const Block &block,
                                              llvm::ArrayRef<Tile> tiles,
                                              Index step, Index inputPosition,
                                              Index filterStep, int64_t chains,
                                              mlir::ValueRange accumulators);
  void prefetchFilter(const Block &block, Index filterStep, int64_t product,
                      int64_t products);
  void requestAhead(const Block &block, Index filterStep, int64_t product,
                    int64_t products);
  void finish(const Panel &panel, const Block &block,
              llvm::ArrayRef<Tile> tiles);
  TapRange getTaps(int64_t d, Index first, Index last);
  /// The positions of a panel's joined rows.
  Index countJoined(const Panel &panel);
  /// The row of the image in which a position of a tile lies.
  Index getRow(const Panel &panel, const Tile &tile, Index position);
  /// Calls `body` for the positions of a tile that are results, with the row
  /// and the column of each.
  void forPositions(const Panel &panel, const Tile &tile,
                    llvm::function_ref<void(Index, Index, Index)> body);

  /// The dimensions of positions that the buffers have, the last ones of the
  /// plan's.
  size_t countPositions() {
    return plan.isDense ? 1 : plan.isFolded ? 2 : op.getKernel().size();
  }
  /// Accumulator i in `sums`, and a position in it.
  llvm::SmallVector<Index> getSumPlace(const Block &block, int64_t i,
                                       Index position);
  /// The distance of the positions of an accumulator.
  mlir::Value sumStride();
  mlir::Value loadSum(const Block &block, int64_t i, Index position);
  /// The split input: channel step, part, and the number of an element there.
  llvm::SmallVector<Index> getPlace(Index step, int64_t part, Index element);
  /// The type of a tile.
  mlir::Type getTile(int64_t rows, int64_t columns, mlir::Type element) {
    return mlir::amx::TileType::get({rows, columns}, element);
  }
  mlir::Value loadTile(int64_t rows, mlir::Value memory,
                       llvm::ArrayRef<Index> place, int64_t stride);
  llvm::SmallVector<mlir::Value> toValues(llvm::ArrayRef<Index> indices) {
    return llvm::map_to_vector(
        indices, [&](Index index) { return kernel.value(index); });
  }
  std::pair<Index, Index> span(Index part, int64_t all, int64_t parts) {
    return getPart(kernel, part, llvm::divideCeil(all, parts), all);
  }
  /// Zeros of any part.
  mlir::Value zeros(int64_t lanes);
  /// a * factor + b
  Index scale(Index a, int64_t factor, Index b) {
    return kernel.add(kernel.mul(a, number(factor)), b);
  }
  Index number(int64_t value) { return kernel.constant(value); }
  mlir::Type bfloat16() { return kernel.builder.getBF16Type(); }

  kernel::ConvOp op;
  KernelBuilder &kernel;
  SplitBfloat16Plan plan;
  const Dimension &depths, &rows, &columns;
  ConvolutionBuffers buffers;
  kernel::ActivationAttr activation;
  /// The panel's number where it was prepared; else nothing.
  Index preparedPanel;
  /// The channel steps that are multiplied now.
  Index firstStep, endStep;
  /// Accumulators on their way to the result: memory of their own, or of
  /// bfloat16 numbers where they stay from one round to the next.
  mlir::Value sums;
};

} // namespace toeplitz

#endif
