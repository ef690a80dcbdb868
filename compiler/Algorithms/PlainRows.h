// What convolutions share whose results are plain, N x C x I x 1: few output
// channels, of which a register tile has several positions of a row.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_PLAINROWS_H
#define TOEPLITZ_COMPILER_ALGORITHMS_PLAINROWS_H

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Algorithms/ConvolutionBuffers.h"

namespace toeplitz {

/// How such a convolution is divided into tasks.
struct PlainRowsPlan {
  int64_t batch, inChannels, outChannels, lanes;
  llvm::SmallVector<Dimension> dimensions;
  /// Output channels of a register tile.
  int64_t tileChannels;
  /// See choosePieceColumns.
  int64_t pieceColumns = 0;

  int64_t countTaps() const;
  int64_t countRows() const;
  /// Tiles of output channels. The last one is computed in full.
  int64_t countChannelTiles() const {
    return (outChannels + tileChannels - 1) / tileChannels;
  }
  TaskGrid getTasks(kernel::TargetAttr target) const;

protected:
  PlainRowsPlan(const Convolution &convolution,
                const ConvolutionSchedule &schedule, kernel::TargetAttr target);
  /// A tile of the operation has so many positions.
  PlainRowsPlan(kernel::ConvOp op, int64_t tilePositions);
};

/// A row of output positions, or a piece of one, in a tile of output channels.
struct PlainRow {
  KernelBuilder::Index image, channelTile;
  /// The output position in each dimension but the last, and where the piece
  /// begins in that.
  llvm::SmallVector<KernelBuilder::Index> outer;
  KernelBuilder::Index firstColumn;
};

/// The rows of this task, for one tile of output channels after the other.
void forRowsOfTask(KernelBuilder &kernel, const PlainRowsPlan &plan,
                   llvm::function_ref<void(const PlainRow &)> body);

/// The output channels of a tile: calls `body` with the number of each in the
/// tile and among all. Of the last tile, only those that there are are
/// computed.
void forChannelsOfTile(
    KernelBuilder &kernel, const PlainRowsPlan &plan,
    KernelBuilder::Index channelTile,
    llvm::function_ref<void(int64_t, KernelBuilder::Index)> body);

/// N x C x I x 1 as N x C x I; null where the positions of a row don't follow
/// each other.
mlir::Value joinRow(KernelBuilder &kernel, mlir::Value buffer);

/// Writes results of a convolution whose result is plain: bias, residual,
/// activation and store of neighbouring positions of a row.
class PlainResults {
public:
  PlainResults(KernelBuilder &kernel, const ConvolutionBuffers &buffers,
               kernel::ActivationAttr activation,
               llvm::ArrayRef<Dimension> dimensions);

  /// The first `positions` lanes of `sums` (there are as many at least): those
  /// of the output channel `channel` in a row, from position `column` on.
  void store(mlir::Value sums, int64_t positions, const PlainRow &row,
             KernelBuilder::Index channel, KernelBuilder::Index column);

private:
  KernelBuilder &kernel;
  const ConvolutionBuffers &buffers;
  kernel::ActivationAttr activation;
  llvm::ArrayRef<Dimension> dimensions;
  /// Output and residual N x C x I, where the positions of a row follow each
  /// other in both; else null.
  mlir::Value outputRows, residualRows;
};

} // namespace toeplitz

#endif
