// Which taps reach inside the input, and how the work is divided into tasks.

#include "compiler/Algorithms/Geometry.h"
#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Algorithms/FilterStream.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <array>
#include <cmath>

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

SmallVector<Dimension> toeplitz::getDimensions(kernel::ConvOp op) {
  SmallVector<Dimension> dimensions = getWindowDimensions(op);
  for (auto [d, dimension] : llvm::enumerate(dimensions)) {
    dimension.outputStride = op.getOutputStrides()[d];
    dimension.outputOffset = op.getOutputOffsets()[d];
  }
  if (dimensions.empty())
    dimensions.emplace_back();
  return dimensions;
}

SmallVector<Dimension> toeplitz::getDimensions(const Convolution &convolution) {
  SmallVector<Dimension> dimensions;
  for (size_t d = 0; d < convolution.kernel.size(); ++d) {
    Dimension dimension;
    dimension.input = convolution.inputSizes[d];
    dimension.output = convolution.outputSizes[d];
    dimension.kernel = convolution.kernel[d];
    dimension.stride = convolution.strides[d];
    dimension.dilation = convolution.dilations[d];
    dimension.paddingLow = convolution.paddingLow[d];
    dimensions.push_back(dimension);
  }
  return dimensions;
}

bool toeplitz::hasNoNeighbours(ArrayRef<Dimension> dimensions) {
  return llvm::all_of(dimensions, [](const Dimension &dimension) {
    return dimension.kernel == 1 && dimension.stride == 1 &&
           dimension.paddingLow == 0 && dimension.output == dimension.input &&
           dimension.outputStride == 1 && dimension.outputOffset == 0;
  });
}

int64_t Dimension::countReaching(int64_t tap) const {
  // The last output position before the input, and in it.
  int64_t first = paddingLow - tap * dilation;
  int64_t before = llvm::divideFloorSigned(first - 1, stride);
  int64_t last = llvm::divideFloorSigned(first + input - 1, stride);
  return std::max<int64_t>(0, std::min(last, output - 1) -
                                  std::max<int64_t>(before, -1));
}

double toeplitz::countInputPositions(ArrayRef<Dimension> dimensions) {
  double positions = 1;
  for (const Dimension &dimension : dimensions)
    positions *= static_cast<double>(dimension.input);
  return positions;
}

double toeplitz::getInsideShare(const Convolution &convolution) {
  return getInsideShare(getDimensions(convolution));
}

double toeplitz::getInsideShare(ArrayRef<Dimension> dimensions) {
  double share = 1;
  for (const Dimension &dimension : dimensions) {
    if (dimension.output * dimension.kernel == 0)
      continue;
    int64_t inside = 0;
    for (int64_t tap = 0; tap < dimension.kernel; ++tap)
      inside += dimension.countReaching(tap);
    share *= static_cast<double>(inside) /
             static_cast<double>(dimension.output * dimension.kernel);
  }
  return share;
}

std::array<Dimension, 3>
toeplitz::getDepthRowsColumns(ArrayRef<Dimension> dimensions) {
  std::array<Dimension, 3> three;
  llvm::copy(dimensions, three.end() - dimensions.size());
  return three;
}

SmallVector<ColumnRun> toeplitz::cutColumns(const Dimension &dimension,
                                            int64_t tilePositions,
                                            bool writesTaps) {
  // Whether the tile at `a` sees the padding as the one at `b` does.
  auto alike = [&](int64_t a, int64_t b) {
    for (int64_t t = 0; t < tilePositions; ++t)
      for (int64_t tap = 0; tap < dimension.kernel; ++tap)
        if (dimension.reachesInput(a + t, tap) !=
            dimension.reachesInput(b + t, tap))
          return false;
    return true;
  };
  // Taps written out for the borders of one row: more make LLVM slow, and the
  // code larger than the first-level cache.
  const int64_t mostBorderTaps = writesTaps ? 512 : 0;
  int64_t borderTaps = 0;
  auto isInterior = [&](int64_t o) {
    return dimension.kernel == 0 ||
           (dimension.reachesInput(o, 0) &&
            dimension.reachesInput(o, dimension.kernel - 1));
  };
  SmallVector<ColumnRun> runs;
  int64_t wholeTiles = dimension.output / tilePositions * tilePositions;
  for (int64_t begin = 0; begin < wholeTiles; begin += tilePositions) {
    if (!runs.empty() && alike(runs.back().begin, begin))
      runs.back().end += tilePositions;
    else
      runs.push_back({begin, begin + tilePositions, tilePositions});
  }
  if (wholeTiles < dimension.output)
    runs.push_back(
        {wholeTiles, dimension.output, dimension.output - wholeTiles});
  for (const ColumnRun &run : runs)
    if (!isInterior(run.begin) || !isInterior(run.begin + run.positions - 1))
      borderTaps += dimension.kernel;
  if (borderTaps <= mostBorderTaps)
    return runs;

  // (Positions are interior from one on to another one: taps reach further as
  // positions do.)
  int64_t first = 0, end = dimension.output;
  while (first < end && !isInterior(first))
    ++first;
  while (end > first && !isInterior(end - 1))
    --end;
  runs.clear();
  auto add = [&](int64_t from, int64_t to, int64_t positions, bool isDynamic) {
    if (from < to)
      runs.push_back({from, to, positions, isDynamic});
  };
  int64_t tiled = first + (end - first) / tilePositions * tilePositions;
  add(0, first, 1, true);
  add(first, tiled, tilePositions, false);
  add(tiled, end, end - tiled, false);
  add(end, dimension.output, 1, true);
  return runs;
}

int64_t toeplitz::choosePieceColumns(const Dimension &columns,
                                     int64_t tilePositions) {
  constexpr int64_t mostPieces = 32, leastTiles = 4;
  int64_t tiles = llvm::divideCeil(columns.output, tilePositions);
  int64_t pieces = std::min(mostPieces, tiles / leastTiles);
  return pieces > 1 ? llvm::divideCeil(tiles, pieces) * tilePositions : 0;
}

int64_t toeplitz::countPieces(const Dimension &columns, int64_t pieceColumns) {
  return pieceColumns ? llvm::divideCeil(columns.output, pieceColumns) : 1;
}

void toeplitz::forTilesOfPiece(KernelBuilder &kernel, const ColumnRun &run,
                               Index firstColumn, int64_t pieceColumns,
                               llvm::function_ref<void(Index)> body) {
  Index first = kernel.constant(run.begin), end = kernel.constant(run.end);
  if (pieceColumns) {
    // The first tile that begins in the piece, and where it ends.
    Index positions = kernel.constant(run.positions);
    Index before =
        kernel.max(kernel.constant(0), kernel.sub(firstColumn, first));
    first = kernel.add(
        first, kernel.mul(kernel.ceilDiv(before, positions), positions));
    end =
        kernel.min(end, kernel.add(firstColumn, kernel.constant(pieceColumns)));
  }
  kernel.forLoop(first, end, run.positions, body);
}

TapRange toeplitz::getTapRange(KernelBuilder &kernel,
                               const Dimension &dimension, Index o) {
  Index all = kernel.constant(dimension.kernel);
  int64_t last = dimension.output - 1;
  bool lowInside =
      dimension.kernel == 0 || dimension.getInputPosition(0, 0) >= 0;
  bool highInside =
      dimension.kernel == 0 ||
      dimension.getInputPosition(last, dimension.kernel - 1) < dimension.input;
  // start: the input position of tap 0.
  Index start = kernel.sub(kernel.mul(o, kernel.constant(dimension.stride)),
                           kernel.constant(dimension.paddingLow));
  Index dilation = kernel.constant(dimension.dilation);
  Index zero = kernel.constant(0);
  TapRange range = {zero, all};
  if (!lowInside)
    range.first =
        kernel.max(zero, kernel.ceilDiv(kernel.sub(zero, start), dilation));
  if (!highInside)
    range.end = kernel.min(
        all, kernel.ceilDiv(kernel.sub(kernel.constant(dimension.input), start),
                            dilation));
  return range;
}

int64_t toeplitz::withoutEmpty(int64_t things, int64_t parts) {
  return llvm::divideCeil(things, llvm::divideCeil(things, parts));
}

double toeplitz::getImbalance(int64_t tasks) {
  auto get = [&](int64_t threads) {
    return static_cast<double>(llvm::divideCeil(tasks, threads) * threads) /
               static_cast<double>(tasks) -
           1;
  };
  return 1 + get(2) + 0.05 * get(4);
}

std::pair<Index, Index> toeplitz::getPart(KernelBuilder &kernel, Index part,
                                          int64_t each, int64_t all) {
  Index first = kernel.mul(part, kernel.constant(each));
  Index end = kernel.add(first, kernel.constant(each));
  if (all % each != 0)
    end = kernel.min(end, kernel.constant(all));
  return {first, end};
}

int64_t TaskGrid::countRowTasks() const {
  return llvm::divideCeil(rows, rowsPerTask);
}

int64_t TaskGrid::countBlockTasks() const {
  return llvm::divideCeil(blocks, blocksPerTask);
}

int64_t TaskGrid::countTasks() const {
  return batch * countRowTasks() * countBlockTasks();
}

/// The rows x blocks of the thread that has most, when each of `threads` has
/// its share of the tasks.
static int64_t getLargestShare(const TaskGrid &grid, int64_t threads) {
  int64_t tasks = grid.countTasks(), first = 0, largest = 0;
  int64_t rowTasks = grid.countRowTasks(), blockTasks = grid.countBlockTasks();
  threads = std::min(threads, tasks);
  for (int64_t thread = 0; thread < threads; ++thread) {
    int64_t end = first + tasks / threads + (thread < tasks % threads ? 1 : 0);
    int64_t share = 0;
    for (; first < end; ++first) {
      int64_t rowTask =
          grid.rowsFastest ? first % rowTasks : first / blockTasks % rowTasks;
      int64_t blockTask =
          grid.rowsFastest ? first / rowTasks % blockTasks : first % blockTasks;
      int64_t row = rowTask * grid.rowsPerTask;
      int64_t block = blockTask * grid.blocksPerTask;
      share += std::min(grid.rowsPerTask, grid.rows - row) *
               std::min(grid.blocksPerTask, grid.blocks - block);
    }
    largest = std::max(largest, share);
  }
  return largest;
}

/// The work and waiting of two, four and eight threads together.
static int64_t getBusyTime(const TaskGrid &grid) {
  int64_t time = 0;
  for (int64_t threads : {2, 4, 8})
    time += threads * getLargestShare(grid, threads);
  return time;
}

/// Sizes of tasks from half to twice `size` (what isn't divided stays so).
static std::pair<int64_t, int64_t> getSizesAround(int64_t size, int64_t all) {
  if (size >= all)
    return {all, all};
  return {llvm::divideCeil(size, 2), std::min(2 * size, all)};
}

/// Of grids with tasks of about the same size, the one whose shares are most
/// equal; of equal ones the one with the least tasks. Tasks have from
/// `rowSizes.first` to `rowSizes.second` rows.
static TaskGrid balance(const TaskGrid &grid,
                        std::pair<int64_t, int64_t> rowSizes) {
  constexpr int64_t mostTasks = 64;
  int64_t tasks = grid.countTasks();
  if (tasks > mostTasks)
    return grid;
  TaskGrid best = grid;
  int64_t bestTime = getBusyTime(grid);
  auto [leastRows, mostRows] = rowSizes;
  auto [leastBlocks, endBlocks] =
      getSizesAround(grid.blocksPerTask, grid.blocks);
  TaskGrid candidate = grid;
  for (candidate.blocksPerTask = endBlocks;
       candidate.blocksPerTask >= leastBlocks; --candidate.blocksPerTask)
    for (candidate.rowsPerTask = mostRows; candidate.rowsPerTask >= leastRows;
         --candidate.rowsPerTask) {
      int64_t count = candidate.countTasks();
      if (count > mostTasks || 2 * count < tasks || count > 2 * tasks)
        continue;
      int64_t time = getBusyTime(candidate);
      if (time > bestTime || (time == bestTime && count >= best.countTasks()))
        continue;
      bestTime = time;
      best = candidate;
    }
  return best;
}

int64_t toeplitz::countWantedTasks(double multiplyAdds) {
  constexpr double smallestTask = 2.5e5;
  return std::clamp<int64_t>(static_cast<int64_t>(multiplyAdds / smallestTask),
                             1, 32);
}

double toeplitz::countRowsTogether(double rows, double inputBytesPerRow,
                                   kernel::TargetAttr target) {
  return std::clamp(std::floor(target.getL2() / 2 / inputBytesPerRow), 1.0,
                    std::max(1.0, rows));
}

TaskGrid toeplitz::divideIntoTasks(int64_t batch, int64_t rows, int64_t blocks,
                                   double inputBytesPerRow, double multiplyAdds,
                                   kernel::TargetAttr target,
                                   double filterBytes) {
  TaskGrid grid;
  grid.batch = batch;
  grid.rows = rows;
  grid.blocks = blocks;
  int64_t wanted = countWantedTasks(multiplyAdds);
  auto mostRows = static_cast<int64_t>(
      countRowsTogether(static_cast<double>(rows), inputBytesPerRow, target));
  grid.rowsPerTask = mostRows;
  int64_t images = batch * grid.countRowTasks();
  if (images < wanted) {
    int64_t blockTasks =
        std::min<int64_t>(blocks, llvm::divideCeil(wanted, images));
    grid.blocksPerTask = llvm::divideCeil(blocks, blockTasks);
    int64_t stillWanted =
        std::max<int64_t>(1, wanted / (batch * grid.countBlockTasks()));
    grid.rowsPerTask =
        std::min<int64_t>(mostRows, llvm::divideCeil(rows, stillWanted));
  } else {
    grid.blocksPerTask = blocks;
  }
  // What is read again.
  double filterAgain = filterBytes * (grid.countRowTasks() - 1);
  double inputAgain = inputBytesPerRow * rows * (grid.countBlockTasks() - 1);
  grid.rowsFastest =
      isStreamed(filterBytes, target) && filterAgain > 2 * inputAgain;
  auto [leastRows, endRows] = getSizesAround(grid.rowsPerTask, rows);
  return balance(grid, {leastRows, std::min(endRows, mostRows)});
}

TaskGrid toeplitz::divideRowsIntoTasks(int64_t batch, int64_t rows,
                                       int64_t blocks, double multiplyAdds) {
  // More parts slow one thread down, which reads a block piece by piece (of 144
  // channels, 56x56, by a tenth with four).
  constexpr int64_t mostRowTasks = 2;
  TaskGrid grid;
  grid.batch = batch;
  grid.rows = rows;
  grid.blocks = blocks;
  int64_t wanted = llvm::divideCeil(countWantedTasks(multiplyAdds), batch);
  int64_t rowTasks = std::min({wanted, mostRowTasks, rows});
  grid.rowsPerTask = llvm::divideCeil(rows, rowTasks);
  int64_t blockTasks = std::clamp<int64_t>(wanted / rowTasks, 1, blocks);
  grid.blocksPerTask = llvm::divideCeil(blocks, blockTasks);
  return balance(grid, {grid.rowsPerTask, grid.rowsPerTask});
}

TaskRange toeplitz::getTaskRange(KernelBuilder &kernel, const TaskGrid &grid) {
  int64_t rowTasks = grid.countRowTasks(), blockTasks = grid.countBlockTasks();
  std::array<int64_t, 3> sizes = {grid.batch, rowTasks, blockTasks};
  if (grid.rowsFastest)
    std::swap(sizes[1], sizes[2]);
  SmallVector<Index> task = kernel.delinearize(kernel.task, sizes);
  if (grid.rowsFastest)
    std::swap(task[1], task[2]);
  TaskRange range;
  range.image = task[0];
  std::tie(range.firstRow, range.endRow) =
      getPart(kernel, task[1], grid.rowsPerTask, grid.rows);
  std::tie(range.firstBlock, range.endBlock) =
      getPart(kernel, task[2], grid.blocksPerTask, grid.blocks);
  return range;
}
