#include "compiler/Algorithms/StrassenPlan.h"
#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/FilterStream.h"
#include "compiler/Algorithms/RegisterTile.h"

#include "llvm/Support/MathExtras.h"
#include <utility>

using namespace mlir;
using namespace toeplitz;

StrassenPlan::StrassenPlan(const Convolution &convolution,
                           const ConvolutionSchedule &schedule,
                           kernel::TargetAttr target)
    : batch(convolution.batch), inChannels(convolution.inChannels),
      outChannels(convolution.outChannels), lanes(target.getLanes()),
      tilePositions(schedule.tilePositions), tileVectors(schedule.tileVectors) {
  halveChannels();
  if (convolution.kernel.empty())
    takeBatchAsPositions();
  else
    fold(convolution.getPositions(), target);
  divide(target);
}

StrassenPlan::StrassenPlan(kernel::ConvOp op)
    : batch(cast<ShapedType>(op.getInput().getType()).getDimSize(0)),
      inChannels(op.getInChannels()), outChannels(op.getOutChannels()),
      lanes(kernel::getTarget(op).getLanes()), tilePositions(op.getTile()[0]),
      tileVectors(op.getTile()[1]) {
  halveChannels();
  kernel::TargetAttr target = kernel::getTarget(op);
  SmallVector<Dimension> given = getDimensions(op);
  isFolded = canFoldPositions(op);
  if (op.getKernel().empty()) {
    takeBatchAsPositions();
  } else if (isFolded) {
    int64_t positions = 1;
    for (const Dimension &dimension : given)
      positions *= dimension.output;
    fold(positions, target);
  } else {
    dimensions = given;
    setColumns(given.back().output);
    for (const Dimension &dimension : ArrayRef(given).drop_back())
      rows *= dimension.output;
  }
  divide(target);
}

void StrassenPlan::halveChannels() {
  int64_t blocksOfChannels = inChannels / lanes;
  halfChannels = blocksOfChannels / 2 * lanes;
  restChannels = inChannels - 2 * halfChannels;
  vectors = llvm::divideCeil(outChannels, lanes);
  pairs = vectors / (2 * tileVectors);
  plainVectors = vectors - 2 * tileVectors * pairs;
}

void StrassenPlan::setColumns(int64_t count) {
  columns = count;
  halfPositions = llvm::divideCeil(count, 2);
}

/// The images are one row.
void StrassenPlan::takeBatchAsPositions() {
  setColumns(std::exchange(batch, 1));
  Dimension dimension;
  dimension.input = dimension.output = columns;
  dimensions = {dimension};
}

/// Cycles of the products and results of a row.
double StrassenPlan::getProductCycles(kernel::TargetAttr target) const {
  // Those of one step of the reduction for `count` positions in a row. Weights
  // come from the second-level cache, where `pointwise` has them in the first;
  // with one vector there is a load for each multiplication, too. (Measured on
  // Zen 5.)
  auto getTileCycles = [&](int64_t positions, int64_t vectors) {
    return getStepCycles(positions, vectors, target) +
           (vectors == 1 ? 0.7 : 0.2 * static_cast<double>(vectors));
  };
  auto getCycles = [&](int64_t count, int64_t vectors) {
    double cycles = static_cast<double>(count / tilePositions) *
                    getTileCycles(tilePositions, vectors);
    if (int64_t rest = count % tilePositions)
      cycles += getTileCycles(rest, vectors);
    return cycles;
  };
  double cycles = static_cast<double>(
                      pairs * (products * halfChannels + 4 * restChannels)) *
                  getCycles(halfPositions, tileVectors);
  for (int64_t left = plainVectors; left > 0; left -= tileVectors)
    cycles += static_cast<double>(inChannels) *
              getCycles(columns, std::min(left, tileVectors));
  // Products, written and read again, and results. (Measured on Zen 5.)
  constexpr double resultCycles = 12;
  return cycles + resultCycles * static_cast<double>(pairs * tileVectors) *
                      static_cast<double>(halfPositions);
}

/// Cycles of a row's sums: four loads, subtractions and stores each, which
/// don't stay in the first-level cache. (Measured on Zen 5.)
double StrassenPlan::getSumCycles() const {
  return 12.0 * static_cast<double>(getChannelBlocks() * halfPositions);
}

/// What so many tasks cost threads that wait, as a factor.
double StrassenPlan::weighTasks(int64_t tasks) const {
  // (Some ten microseconds of one thread.)
  constexpr double leastShared = 1e6;
  if (static_cast<double>(batch * rows * columns) *
          static_cast<double>(inChannels * outChannels) <
      leastShared)
    return 1;
  return getImbalance(tasks);
}

/// The tasks that share a block's output channels, of equal size, so that
/// threads have equal shares: each adds up the block's input anew. Returns the
/// cycles, those of threads that wait included.
StrassenPlan::UnitTasks
StrassenPlan::chooseUnitTasks(kernel::TargetAttr target) const {
  constexpr int64_t mostTasks = 16;
  auto allRows = static_cast<double>(batch * rows);
  UnitTasks best;
  for (int64_t count = 1; count <= countUnits() &&
                          (count == 1 || batch * blocks * count <= mostTasks);
       ++count) {
    if (countUnits() % count != 0)
      continue;
    double cycles = allRows * (getProductCycles(target) +
                               getSumCycles() * static_cast<double>(count));
    cycles *= weighTasks(batch * blocks * count);
    if (best.cycles == 0 || cycles < best.cycles)
      best = {count, cycles};
  }
  return best;
}

/// Rows of fewer positions aren't made, and images of no more are small.
static constexpr int64_t shortestRow = 24, smallImage = 448;

/// Rows of up to so many positions are made where none that is short enough
/// divides the image. (2048 -> 512 channels of 32 x 32 on Zen 3: 63 ms in one
/// row, 26 in rows of 32.)
static constexpr int64_t longerRow = 48;

/// Long rows read the filter seldom; but what they read and the sums take at
/// most half of the second-level cache, and threads need several.
static int64_t getLongestRow(int64_t positions, int64_t channels,
                             kernel::TargetAttr target) {
  constexpr int64_t wantedRows = 16;
  int64_t longest =
      std::max<int64_t>(shortestRow, target.getL2() / (16 * channels));
  return positions > smallImage
             ? std::min(longest,
                        std::max(smallImage / 4, positions / wantedRows))
             : longest;
}

/// The cycles of the whole batch, for rows as they are. A small image in one
/// long row costs a little, the sums of a large one stay in no cache.
double StrassenPlan::getAllCycles(kernel::TargetAttr target) const {
  int64_t positions = rows * columns;
  double cycles = chooseUnitTasks(target).cycles;
  if (!isFolded || columns <= getLongestRow(positions, inChannels, target))
    return cycles;
  bool isShort = columns <= longerRow || positions <= smallImage;
  return cycles * (isShort ? 1.05 : 1.5);
}

/// Folds the positions into rows whose halves cut no register tile, if there
/// are such rows, and of which threads have equal shares.
void StrassenPlan::fold(int64_t positions, kernel::TargetAttr target) {
  SmallVector<int64_t> candidates = {positions};
  int64_t longest = getLongestRow(positions, inChannels, target);
  auto addRows = [&](int64_t least, int64_t most) {
    for (int64_t count = least; count <= std::min(most, positions - 1); ++count)
      if (positions % count == 0)
        candidates.push_back(count);
  };
  addRows(shortestRow, longest);
  if (candidates.size() == 1)
    addRows(longest + 1, longerRow);
  double best = 0;
  int64_t chosen = positions;
  for (int64_t count : candidates) {
    setColumns(count);
    rows = blocks = positions / count;
    // Reading the filter again costs something, too.
    double cycles = getAllCycles(target) +
                    0.01 * 4 * static_cast<double>(getFilterSize() * rows);
    if (best != 0 && cycles >= best)
      continue;
    best = cycles;
    chosen = count;
  }
  setColumns(chosen);
  rows = positions / chosen;
  Dimension rowDimension, columnDimension;
  rowDimension.input = rowDimension.output = rows;
  columnDimension.input = columnDimension.output = chosen;
  dimensions = {rowDimension, columnDimension};
}

void StrassenPlan::divide(kernel::TargetAttr target) {
  // Input and sums, 8 bytes of either for each channel of two positions.
  // (Folded rows are as long as a block is large.)
  int64_t rowBytes = 16 * inChannels * halfPositions;
  blockRows = isFolded
                  ? 1
                  : std::clamp<int64_t>(target.getL2() / 2 / rowBytes, 1, rows);
  blocks = llvm::divideCeil(rows, blockRows);
  blockRows = llvm::divideCeil(rows, blocks);
  blocks = llvm::divideCeil(rows, blockRows);

  streamsFilter =
      isStreamed(4.0 * static_cast<double>(getFilterSize()), target);
  asksForInput =
      isFolded && rows > 1 &&
      isStreamed(4.0 * static_cast<double>(rows * columns * inChannels),
                 target);
  // One product of all tiles after another leaves the time of them all to fetch
  // the next matrix, where the filter comes from beyond the second level.
  tileByTile =
      !streamsFilter && products * 4 * getMatrixSize() <= target.getL2() / 4;

  unitTasks = chooseUnitTasks(target).count;
}

double StrassenPlan::estimateCycles(kernel::TargetAttr target) const {
  // Sums cost more on Emerald Rapids (30 layers of ResNet-50 and DenseNet-121).
  double cycles = getAllCycles(target) * (target.getHidesMemory() ? 1 : 1.08);
  double filterBytes = 4.0 * static_cast<double>(getFilterSize());
  return cycles +
         estimateMatrixWait(
             {filterBytes, filterBytes * static_cast<double>(batch * blocks)},
             cycles, target);
}
