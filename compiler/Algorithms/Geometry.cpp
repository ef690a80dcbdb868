// Which taps reach inside the input, and how the work is divided into tasks.

#include "compiler/Algorithms/Geometry.h"
#include "compiler/Algorithms/Algorithm.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

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

std::array<Dimension, 3>
toeplitz::getDepthRowsColumns(ArrayRef<Dimension> dimensions) {
  std::array<Dimension, 3> three;
  llvm::copy(dimensions, three.end() - dimensions.size());
  return three;
}

SmallVector<ColumnRun> toeplitz::cutColumns(const Dimension &dimension,
                                            int64_t tilePositions) {
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
  constexpr int64_t mostBorderTaps = 512;
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

std::pair<Index, Index> toeplitz::getPart(KernelBuilder &kernel, Index part,
                                          int64_t each, int64_t all) {
  Index first = kernel.mul(part, kernel.constant(each));
  Index end = kernel.add(first, kernel.constant(each));
  if (all % each != 0)
    end = kernel.min(end, kernel.constant(all));
  return {first, end};
}

int64_t TaskGrid::countTasks() const {
  return batch * llvm::divideCeil(rows, rowsPerTask) *
         llvm::divideCeil(blocks, blocksPerTask);
}

TaskGrid toeplitz::divideIntoTasks(int64_t batch, int64_t rows, int64_t blocks,
                                   double inputBytesPerRow, double multiplyAdds,
                                   kernel::TargetAttr target) {
  TaskGrid grid;
  grid.batch = batch;
  grid.rows = rows;
  grid.blocks = blocks;
  // About 20 microseconds of work at least, and no more than 32 tasks for their
  // own sake.
  constexpr double smallestTask = 5e5;
  int64_t wanted = std::clamp<int64_t>(
      static_cast<int64_t>(multiplyAdds / smallestTask), 1, 32);
  grid.rowsPerTask = std::clamp<int64_t>(
      static_cast<int64_t>(target.getL2() / 2 / inputBytesPerRow), 1, rows);
  int64_t rowTasks = llvm::divideCeil(rows, grid.rowsPerTask);
  // Rows are divided first, as far as each task still has several: a task then
  // keeps its block of weights for longer.
  int64_t images = batch * rowTasks;
  if (images < wanted) {
    int64_t blockTasks =
        std::min<int64_t>(blocks, llvm::divideCeil(wanted, images));
    grid.blocksPerTask = llvm::divideCeil(blocks, blockTasks);
    blockTasks = llvm::divideCeil(blocks, grid.blocksPerTask);
    int64_t stillWanted = llvm::divideCeil(wanted, batch * blockTasks);
    grid.rowsPerTask =
        std::min(grid.rowsPerTask,
                 std::max<int64_t>(1, llvm::divideCeil(rows, stillWanted)));
  } else {
    grid.blocksPerTask = blocks;
  }
  return grid;
}

TaskRange toeplitz::getTaskRange(KernelBuilder &kernel, const TaskGrid &grid) {
  int64_t rowTasks = llvm::divideCeil(grid.rows, grid.rowsPerTask);
  int64_t blockTasks = llvm::divideCeil(grid.blocks, grid.blocksPerTask);
  SmallVector<Index> task =
      kernel.delinearize(kernel.task, {grid.batch, rowTasks, blockTasks});
  TaskRange range;
  range.image = task[0];
  std::tie(range.firstRow, range.endRow) =
      getPart(kernel, task[1], grid.rowsPerTask, grid.rows);
  std::tie(range.firstBlock, range.endBlock) =
      getPart(kernel, task[2], grid.blocksPerTask, grid.blocks);
  return range;
}
