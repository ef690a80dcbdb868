// pointwise: a convolution whose kernel is one position is a matrix
// multiplication,
//
//   Y (F x P) = W (F x C) X (C x P),
//
// with P positions that have no neighbours. They are folded anew into rows that
// suit the register tile and the caches, whatever the shape of the image was:
// no tile is cut short at the end of an image row.

#include "compiler/Algorithms/BlockedKernel.h"
#include "compiler/Algorithms/FilterStream.h"
#include "compiler/Algorithms/RegisterTile.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Table.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr) {
  if (convolution.getTaps() != 1)
    return "the kernel has " + std::to_string(convolution.getTaps()) +
           " positions, expected 1";
  for (size_t d = 0; d < convolution.kernel.size(); ++d)
    if (convolution.strides[d] != 1 || convolution.paddingLow[d] != 0 ||
        convolution.outputSizes[d] != convolution.inputSizes[d])
      return "stride or padding makes the output positions differ from the "
             "input positions in spatial dimension " +
             std::to_string(d);
  if (convolution.outputIsStrided)
    return "it would write its output positions apart";
  return std::nullopt;
}

/// The longest row whose input takes at most a quarter of the second-level
/// cache. A row that is too long only costs cache misses, one that is too short
/// cuts register tiles, so rows of fewer than 48 positions are not made.
static constexpr int64_t shortestRow = 48;
static int64_t getLongestRow(int64_t positions, int64_t channels,
                             kernel::TargetAttr target) {
  int64_t longest =
      std::max<int64_t>(shortestRow, target.getL2() / 4 / (4 * channels));
  for (int64_t columns = std::min(longest, positions); columns >= shortestRow;
       --columns)
    if (positions % columns == 0)
      return columns;
  return positions;
}

/// How the positions are folded: rows x columns = positions. Threads have whole
/// rows: as many of them as several threads need, if that cuts no tiles.
static int64_t chooseColumns(int64_t positions, int64_t channels,
                             int64_t groupVectors, kernel::TargetAttr target) {
  constexpr int64_t mostRows = 8;
  constexpr double mostLoss = 1.001;
  auto getCycles = [&](int64_t columns) {
    TiledProduct product;
    product.groupVectors = groupVectors;
    product.rows = static_cast<double>(positions / columns);
    product.rowPositions = columns;
    return chooseRegisterTile(product, target).cycles;
  };
  int64_t longest = getLongestRow(positions, channels, target);
  int64_t chosen = longest;
  double limit = getCycles(longest) * mostLoss;
  for (int64_t columns = longest - 1;
       columns >= shortestRow && positions / columns <= mostRows; --columns)
    if (positions % columns == 0 && getCycles(columns) <= limit)
      chosen = columns;
  return chosen;
}

/// Channels of a round (see BlockedKernel). Of many channels the input of a few
/// rows fills the second-level cache, and the filter would come from beyond it
/// for each few rows anew.
static int64_t chooseRoundChannels(int64_t positions, int64_t groups,
                                   int64_t inChannels, int64_t outChannels,
                                   kernel::TargetAttr target) {
  constexpr int64_t mostChannels = 512;
  double filterBytes =
      4.0 * static_cast<double>(inChannels) * static_cast<double>(outChannels);
  double inputBytes =
      4.0 * static_cast<double>(inChannels) * static_cast<double>(positions);
  if (groups > 1 || inChannels < 2 * mostChannels ||
      !isStreamed(filterBytes, target) || !isStreamed(inputBytes, target))
    return inChannels;
  return getRoundChannels(inChannels,
                          llvm::divideCeil(inChannels, mostChannels), target);
}

static int64_t chooseRoundChannels(const Convolution &convolution,
                                   kernel::TargetAttr target) {
  if (convolution.kernel.empty())
    return convolution.inChannels;
  return chooseRoundChannels(convolution.getPositions(), convolution.groups,
                             convolution.inChannels, convolution.outChannels,
                             target);
}

/// A dense layer has no positions of its own: the images of the batch are its
/// columns.
static int64_t chooseColumns(const Convolution &convolution,
                             kernel::TargetAttr target) {
  if (convolution.kernel.empty())
    return convolution.batch;
  int64_t groups =
      convolution.groups / countMergedGroups(convolution, target.getLanes());
  return chooseColumns(
      convolution.getPositions(), chooseRoundChannels(convolution, target),
      llvm::divideCeil(convolution.outChannels / groups, target.getLanes()),
      target);
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  BlockedLoops loops;
  loops.rowPositions = chooseColumns(convolution, target);
  loops.roundChannels = chooseRoundChannels(convolution, target);
  return {scheduleBlocked(convolution, loops, target)};
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr target) {
  BlockedLoops loops;
  loops.roundChannels = chooseRoundChannels(convolution, target);
  // (As if by rows that cut no tile: see chooseColumns.)
  loops.rowPositions = convolution.kernel.empty()
                           ? convolution.batch
                           : getLongestRow(convolution.getPositions(),
                                           loops.roundChannels, target);
  return estimateBlockedCost(convolution, schedule, loops, target);
}

/// The kernel with its positions folded anew, or as it is where they can't be.
static BlockedKernel getFoldedKernel(kernel::ConvOp op,
                                     kernel::TargetAttr target) {
  BlockedKernel blueprint = getBlockedKernel(op);
  Dimension rowDimension, columnDimension;
  if (blueprint.withoutPositions) {
    columnDimension.input = columnDimension.output = blueprint.batch;
    blueprint.batch = 1;
    blueprint.dimensions = {columnDimension};
    blueprint.withoutPositions = false;
    blueprint.cutSingleRow();
    return blueprint;
  }
  if (!canFoldPositions(op))
    return blueprint;
  int64_t positions = 1;
  for (const Dimension &dimension : blueprint.dimensions)
    positions *= dimension.output;
  blueprint.roundChannels =
      chooseRoundChannels(positions, blueprint.groups, blueprint.inChannels,
                          blueprint.outChannels, target);
  int64_t columns =
      chooseColumns(positions, blueprint.groups * blueprint.roundChannels,
                    blueprint.countGroupVectors(target.getLanes()), target);
  rowDimension.input = rowDimension.output = positions / columns;
  columnDimension.input = columnDimension.output = columns;
  blueprint.dimensions = {rowDimension, columnDimension};
  blueprint.cutSingleRow();
  return blueprint;
}

static int64_t countTasks(kernel::ConvOp op) {
  kernel::TargetAttr target = kernel::getTarget(op);
  return getFoldedKernel(op, target).getTasks(target).countTasks();
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  BlockedKernel blueprint = getFoldedKernel(op, kernel.target);
  ConvolutionBuffers buffers = getBuffers(op, kernel);
  if (canFoldPositions(op))
    foldPositions(kernel, op, buffers, blueprint.dimensions.front().output,
                  blueprint.dimensions.back().output);
  emitBlockedKernel(kernel, blueprint, buffers);
  return success();
}

const Algorithm toeplitz::pointwiseAlgorithm = [] {
  Algorithm algorithm = {"pointwise",          declines,
                         getSchedules,         estimateCost,
                         boundSumError,        estimateTypicalSumError,
                         getBlockedFilterSize, packBlockedFilter,
                         countTasks,           emit};
  algorithm.foldsPositions = true;
  return algorithm;
}();
