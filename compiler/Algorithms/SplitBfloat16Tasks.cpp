// Divides bf16x3 into tasks: every division that is worth considering is
// estimated for one, two, four and eight threads.

#include "compiler/Algorithms/SplitBfloat16Tasks.h"
#include "compiler/Algorithms/FilterStream.h"

#include "llvm/Support/MathExtras.h"
#include <vector>

using namespace mlir;
using namespace toeplitz;

/// Measured on Emerald Rapids: weights come from beyond the second-level cache
/// at 27 GB/s, and what another core has written at 22 GB/s.
static constexpr double filterBytesPerCycle = 10;
static constexpr double cachedFilterBytesPerCycle = 30;
static constexpr double otherCoreBytesPerCycle = 7;
/// Images with as many positions are mostly divided by positions (14 x 14 is
/// large, 7 x 7 small).
static constexpr int64_t leastPositions = 128;
/// More tasks than this help nobody.
static constexpr int64_t mostTasks = 32;

namespace {

/// What a panel takes: its conversion, and its products with all blocks.
struct PanelWork {
  double convert = 0;
  double multiply = 0;
};

class TimeEstimate {
public:
  TimeEstimate(const SplitBfloat16Plan &plan, kernel::TargetAttr target);

  double getCycles(int64_t threads) const;

private:
  PanelWork getWork(int64_t rows, int64_t tiles) const;
  double getPreparation(int64_t threads) const;
  /// The time of one thread, which has tasks [first, end).
  double getShare(int64_t first, int64_t end, int64_t threads) const;
  double getMismatch(int64_t threads) const;

  const SplitBfloat16Plan &plan;
  /// Of one image and depth; all are alike.
  SmallVector<PanelWork> panels;
  double filterBytes;
  bool streamsFilter;
};

} // namespace

TimeEstimate::TimeEstimate(const SplitBfloat16Plan &plan,
                           kernel::TargetAttr target)
    : plan(plan), filterBytes(4.0 * static_cast<double>(plan.getFilterSize())),
      streamsFilter(isStreamed(filterBytes, target)) {
  for (int64_t row = 0; row < plan.rowPanels; ++row)
    for (int64_t column = 0; column < plan.columnPanels; ++column)
      panels.push_back(
          getWork(plan.getRowsOfPanel(row), plan.getTilesOfPanel(column)));
}

PanelWork TimeEstimate::getWork(int64_t rows, int64_t tiles) const {
  PanelWork work;
  work.convert = static_cast<double>(plan.getPanelSize(rows, tiles)) /
                 static_cast<double>(plan.parts * tileColumns) *
                 plan.getSplitCycles();
  int64_t count = plan.countPanelTiles(rows, tiles);
  int64_t alone = count % plan.blockTiles;
  auto vectors = static_cast<double>(plan.groups * plan.groupVectors);
  // (See chooseTilePositions: a tile without neighbours.)
  double products = static_cast<double>(plan.countProducts()) * vectors *
                    static_cast<double>(plan.countSteps()) *
                    (static_cast<double>(count) + 0.5 * alone);
  work.multiply = products * getProductCycles(plan.tilePositions) +
                  vectors * static_cast<double>(count * plan.tilePositions) *
                      splitVectorCycles +
                  plan.getSumsTraffic() / filterBytesPerCycle;
  return work;
}

double TimeEstimate::getPreparation(int64_t threads) const {
  double all = 0;
  for (const PanelWork &panel : panels)
    all += panel.convert;
  auto copies = static_cast<double>(plan.countPanels() / panels.size());
  int64_t tasks = plan.countPanels() * plan.preparationTasks;
  double largest = static_cast<double>(llvm::divideCeil(tasks, threads)) /
                   static_cast<double>(tasks);
  return all * copies * largest + (threads > 1 && tasks > 1 ? loopCycles : 0);
}

double TimeEstimate::getShare(int64_t first, int64_t end,
                              int64_t threads) const {
  double cycles = 0, part = 1.0 / static_cast<double>(plan.blockTasks);
  // A block of the filter comes from afar once, or for each panel.
  int64_t tasks = end - first;
  int64_t blocksRead = streamsFilter ? tasks : std::min(tasks, plan.blockTasks);
  cycles +=
      filterBytes * part *
      (static_cast<double>(blocksRead) / filterBytesPerCycle +
       static_cast<double>(tasks - blocksRead) / cachedFilterBytesPerCycle);
  for (int64_t task = first; task < end; ++task) {
    const PanelWork &panel = panels[task / plan.blockTasks % panels.size()];
    cycles += panel.multiply * part;
    if (!plan.isPrepared())
      cycles += panel.convert;
  }
  if (plan.isPrepared()) {
    double elsewhere = 1 - 1.0 / static_cast<double>(threads);
    int64_t read =
        llvm::divideCeil(end, plan.blockTasks) - first / plan.blockTasks;
    cycles += elsewhere * 2.0 *
              static_cast<double>(read * plan.getPanelSize()) /
              otherCoreBytesPerCycle;
  }
  return cycles;
}

/// What a thread of the next layer reads from other cores, where that one is
/// divided otherwise.
double TimeEstimate::getMismatch(int64_t threads) const {
  int64_t positions = 1;
  for (const Dimension &dimension : plan.dimensions)
    positions *= dimension.output;
  bool byPositions = plan.countPanels() >= threads;
  if (byPositions == (positions >= leastPositions))
    return 0;
  auto share = 1.0 / static_cast<double>(threads);
  double bytes =
      4.0 * static_cast<double>(plan.groups * plan.outChannels * positions);
  return bytes * share * (1 - share) / otherCoreBytesPerCycle;
}

double TimeEstimate::getCycles(int64_t threads) const {
  int64_t tasks = plan.countTasks(), shares = std::min(threads, tasks);
  double slowest = 0;
  int64_t first = 0;
  for (int64_t share = 0; share < shares; ++share) {
    int64_t end = first + tasks / shares + (share < tasks % shares ? 1 : 0);
    slowest = std::max(slowest, getShare(first, end, threads));
    first = end;
  }
  slowest += getMismatch(threads) + (shares > 1 ? loopCycles : 0);
  return plan.isPrepared() ? slowest + getPreparation(threads) : slowest;
}

/// The sizes of panels in the dimension that is divided: rows, or the tiles of
/// a single row.
static SmallVector<int64_t> getPanelSizes(const SplitBfloat16Plan &plan) {
  bool byRows = plan.dimensions[1].output > 1;
  int64_t largest = byRows ? plan.panelRows : plan.panelTiles;
  int64_t all = byRows ? plan.dimensions[1].output : plan.countRowTiles();
  SmallVector<int64_t> sizes = {largest};
  if (byRows && plan.panelTiles < plan.countRowTiles())
    return sizes;
  // A panel has several tiles for each block of the filter.
  int64_t least =
      llvm::divideCeil(2 * plan.blockTiles, byRows ? plan.panelTiles : 1);
  int64_t others = plan.batch * plan.dimensions[0].output;
  for (int64_t parts = 2; parts * others <= mostTasks; ++parts) {
    int64_t size = llvm::divideCeil(all, parts);
    for (int64_t each :
         {size, byRows ? size : int64_t(llvm::alignTo(size, plan.blockTiles))})
      if (each >= least && each < largest && !llvm::is_contained(sizes, each))
        sizes.push_back(each);
  }
  return sizes;
}

/// The threads' work and waiting together, that of few threads counted more.
static double getBusyCycles(const TimeEstimate &estimate) {
  double cycles = 0;
  for (int64_t threads : {2, 2, 4, 8})
    cycles += static_cast<double>(threads) * estimate.getCycles(threads);
  return cycles;
}

void toeplitz::divideIntoTasks(SplitBfloat16Plan &plan,
                               kernel::TargetAttr target) {
  // One thread may lose this much to what several gain.
  constexpr double mostLoss = 1.05;
  std::vector<SplitBfloat16Plan> candidates;
  SmallVector<double> alone;
  for (int64_t size : getPanelSizes(plan))
    for (int64_t parts = 1; parts <= plan.countBlocks(); ++parts) {
      SplitBfloat16Plan candidate = plan;
      candidate.setPanels(size);
      candidate.setBlockTasks(parts);
      if (candidate.countTasks() > mostTasks && parts > 1)
        break;
      if (candidate.blockTasks != parts)
        continue;
      candidates.push_back(candidate);
      alone.push_back(TimeEstimate(candidate, target).getCycles(1));
    }
  double limit = *llvm::min_element(alone) * mostLoss, least = 0;
  for (auto [candidate, cycles] : llvm::zip(candidates, alone)) {
    if (cycles > limit)
      continue;
    double busy = getBusyCycles(TimeEstimate(candidate, target));
    if (least != 0 && busy >= least)
      continue;
    least = busy;
    plan = candidate;
  }
}
