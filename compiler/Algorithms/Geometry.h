// The static geometry of a convolution kernel: which taps reach inside the
// input, and how the work is divided into tasks.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_GEOMETRY_H
#define TOEPLITZ_COMPILER_ALGORITHMS_GEOMETRY_H

#include "compiler/Lowering/KernelBuilder.h"

#include <array>

namespace toeplitz {

struct Convolution;

/// One spatial dimension of a convolution, in positions.
struct Dimension {
  int64_t input = 1;
  int64_t output = 1;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t paddingLow = 0;
  /// Where output position o lies in the destination: o * outputStride +
  /// outputOffset.
  int64_t outputStride = 1;
  int64_t outputOffset = 0;

  /// The input position that output position `o` reads through `tap`; outside
  /// of [0, input) it is padding.
  int64_t getInputPosition(int64_t o, int64_t tap) const {
    return o * stride - paddingLow + tap * dilation;
  }
  bool reachesInput(int64_t o, int64_t tap) const {
    int64_t position = getInputPosition(o, tap);
    return position >= 0 && position < input;
  }
  /// How many output positions read the input through `tap`, not padding.
  int64_t countReaching(int64_t tap) const;
  /// Whether every tap of every output position lies in the input.
  bool alwaysReachesInput() const {
    return getInputPosition(0, 0) >= 0 &&
           getInputPosition(output - 1, kernel - 1) < input;
  }
};

/// The spatial dimensions of kernel.conv, at least one: a convolution without
/// any has one dimension of one position.
llvm::SmallVector<Dimension> getDimensions(kernel::ConvOp op);

/// Those of a convolution that isn't one on buffers yet; none if it has none.
llvm::SmallVector<Dimension> getDimensions(const Convolution &convolution);

/// Whether each output is of the input at its own position.
bool hasNoNeighbours(llvm::ArrayRef<Dimension> dimensions);

/// The positions of the input: the product of its extents.
double countInputPositions(llvm::ArrayRef<Dimension> dimensions);

/// The part of all pairs of an output position and a tap that don't lie in the
/// padding.
double getInsideShare(const Convolution &convolution);
double getInsideShare(llvm::ArrayRef<Dimension> dimensions);

/// Up to three dimensions as depth, rows and columns: those that are missing
/// have one position.
std::array<Dimension, 3>
getDepthRowsColumns(llvm::ArrayRef<Dimension> dimensions);

/// The spatial dimensions of any convolution on buffers, which writes all of
/// its destination: `op` has the attributes of kernel.conv.
template <typename Op> llvm::SmallVector<Dimension> getWindowDimensions(Op op) {
  auto input = llvm::cast<mlir::ShapedType>(op.getInput().getType()).getShape();
  llvm::SmallVector<Dimension> dimensions;
  for (size_t d = 0; d < op.getKernel().size(); ++d) {
    Dimension dimension;
    dimension.input = input[2 + d];
    dimension.output = op.getOutputSizes()[d];
    dimension.kernel = op.getKernel()[d];
    dimension.stride = op.getStrides()[d];
    dimension.dilation = op.getDilations()[d];
    dimension.paddingLow = op.getPaddingLow()[d];
    dimensions.push_back(dimension);
  }
  return dimensions;
}

/// A run of tiles of output positions in one row, all with `positions`
/// positions that start `positions` apart and see the padding alike, so that
/// one loop serves them.
struct ColumnRun {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t positions = 1;
  /// Whether each of the positions (one at a time) finds out when it is
  /// computed which taps reach the input.
  bool hasDynamicTaps = false;

  /// Whether `tap` of position `t` of the run's tiles lies in the input.
  bool reachesInput(const Dimension &dimension, int64_t t, int64_t tap) const {
    return dimension.reachesInput(begin + t, tap);
  }
};

/// Cuts a row into runs: the borders, where taps fall into the padding, and the
/// interior. The taps of borders are written out, each run's on their own;
/// where that would be too much code (a long kernel has as many kinds of border
/// tiles as it has taps), or where no taps are to be written out, border
/// positions are computed one by one with a loop over the taps.
llvm::SmallVector<ColumnRun> cutColumns(const Dimension &dimension,
                                        int64_t tilePositions,
                                        bool writesTaps = true);

/// Where a convolution has but one row, as in one dimension, its tasks share
/// the row by pieces as they share rows otherwise; a tile belongs to the piece
/// in which it begins. The positions of a piece; 0 if the row stays whole.
int64_t choosePieceColumns(const Dimension &columns, int64_t tilePositions);

/// How many pieces a row has; 1 where it stays whole.
int64_t countPieces(const Dimension &columns, int64_t pieceColumns);

/// The tiles of a run in the piece that begins with `firstColumn`, or of all of
/// the row: calls `body` with the first position of each.
void forTilesOfPiece(KernelBuilder &kernel, const ColumnRun &run,
                     KernelBuilder::Index firstColumn, int64_t pieceColumns,
                     llvm::function_ref<void(KernelBuilder::Index)> body);

/// The taps [first, end) of one dimension that reach the input from output
/// position `o`.
struct TapRange {
  KernelBuilder::Index first, end;
};
TapRange getTapRange(KernelBuilder &kernel, const Dimension &dimension,
                     KernelBuilder::Index o);

/// The number of parts when things are divided into parts of equal size, at
/// most `parts` of them, less those that would be empty.
int64_t withoutEmpty(int64_t things, int64_t parts);

/// Floats of a cache line.
constexpr int64_t lineFloats = 16;

/// Cycles of starting a parallel loop and waiting for its end (measured, a
/// microsecond).
constexpr double loopCycles = 3000;

/// By how much the thread with most of so many equal tasks exceeds its share,
/// for two threads, and a part of it for four: a factor from 1 on.
double getImbalance(int64_t tasks);

/// Part `part` of [0, all), of which each has `each` and the last one what is
/// left: its first one and its end.
std::pair<KernelBuilder::Index, KernelBuilder::Index>
getPart(KernelBuilder &kernel, KernelBuilder::Index part, int64_t each,
        int64_t all);

/// A division of batch x rows x blocks of output channels into tasks, numbered
/// in this order, the last fastest; or batch x blocks x rows.
struct TaskGrid {
  int64_t batch = 1;
  int64_t rows = 1;
  int64_t rowsPerTask = 1;
  int64_t blocks = 1;
  int64_t blocksPerTask = 1;
  bool rowsFastest = false;

  /// Parts of the rows and of the blocks, and all tasks.
  int64_t countRowTasks() const;
  int64_t countBlockTasks() const;
  int64_t countTasks() const;
};

/// Rows whose input stays in half of the second-level cache; one at least.
double countRowsTogether(double rows, double inputBytesPerRow,
                         kernel::TargetAttr target);

/// Tasks of some microseconds of work at least, and no more than 32 of them for
/// their own sake.
int64_t countWantedTasks(double multiplyAdds);

/// Rows of a task are limited so that what they read of the input stays in the
/// second-level cache while the blocks of output channels are worked through;
/// then tasks are divided further until there are enough of them for a few
/// threads, but none is so small that starting it matters. Blocks are divided
/// before rows: where two threads write rows of one block, they write
/// neighbouring cache lines, which the cores take from each other (two threads
/// compute a depthwise layer of 192 channels, 28x28, in 9 microseconds by
/// blocks, in 16 by rows, and one in 16). Sizes are those that give two, four
/// and eight threads the most equal shares.
///
/// A filter of `filterBytes` that doesn't stay in the second-level cache isn't
/// read anew for the rows of each task: tasks with one block follow each other,
/// if reading the input anew for each block takes less than half of the bytes.
TaskGrid divideIntoTasks(int64_t batch, int64_t rows, int64_t blocks,
                         double inputBytesPerRow, double multiplyAdds,
                         kernel::TargetAttr target, double filterBytes = 0);

/// The same for kernels that keep nothing of a block for the next row, and
/// share no weights between positions: rows of large images are divided before
/// blocks, as pointwise convolutions divide them, so that a thread has its
/// input in its own caches. (Measured with two threads between pointwise
/// convolutions, 144 channels, 28x28: 10 microseconds by rows, 18 by blocks, 15
/// by one thread.)
TaskGrid divideRowsIntoTasks(int64_t batch, int64_t rows, int64_t blocks,
                             double multiplyAdds);

/// The ranges of one task.
struct TaskRange {
  KernelBuilder::Index image, firstRow, endRow, firstBlock, endBlock;
};
TaskRange getTaskRange(KernelBuilder &kernel, const TaskGrid &grid);

} // namespace toeplitz

#endif
