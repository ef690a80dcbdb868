#include "compiler/Algorithms/SplitBfloat16Plan.h"
#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/FilterStream.h"
#include "compiler/Algorithms/SplitBfloat16Tasks.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

/// Measured on Sapphire Rapids: a cycle for each row, and never fewer than 10.
double toeplitz::getProductCycles(int64_t rows) {
  return std::max<double>(10, static_cast<double>(rows) + 1);
}

StringRef toeplitz::getSplitName(int64_t parts) {
  assert(parts == 2 || parts == 3);
  return parts == 2 ? "bf16x3" : "bf16x6";
}

/// Of two parts measured; of three by their instructions.
double SplitBfloat16Plan::getSplitCycles() const {
  return parts == 2 ? splitVectorCycles : 1.7 * splitVectorCycles;
}

int64_t toeplitz::chooseTilePositions(int64_t positions, bool folded) {
  int64_t fewest = llvm::divideCeil(positions, tileRows);
  if (!folded)
    return llvm::divideCeil(positions, fewest);
  int64_t best = 1;
  double bestCycles = 0;
  for (int64_t tiles = fewest; tiles <= fewest + 2; ++tiles) {
    int64_t rows = llvm::divideCeil(positions, tiles);
    // A tile that has no neighbour takes more than half the time of two.
    auto filled = static_cast<double>(llvm::divideCeil(positions, rows));
    if (llvm::divideCeil(positions, rows) % 2 != 0)
      filled += 0.5;
    double cycles = filled * getProductCycles(rows);
    if (bestCycles == 0 || cycles < bestCycles) {
      bestCycles = cycles;
      best = rows;
    }
  }
  return best;
}

int64_t SplitBfloat16Plan::countRowTiles() const {
  return isJoined ? 1 : llvm::divideCeil(dimensions[2].output, tilePositions);
}

int64_t SplitBfloat16Plan::countPanelTiles(int64_t rows, int64_t tiles) const {
  return isJoined ? llvm::divideCeil(countJoined(rows), tilePositions)
                  : rows * tiles;
}

double SplitBfloat16Plan::countTiles() const {
  int64_t tiles = 0;
  for (int64_t row = 0; row < rowPanels; ++row)
    for (int64_t column = 0; column < columnPanels; ++column)
      tiles += countPanelTiles(getRowsOfPanel(row), getTilesOfPanel(column));
  return static_cast<double>(batch * dimensions[0].output * tiles);
}

int64_t SplitBfloat16Plan::getPitch() const {
  int64_t length = getInputColumns();
  if (!isJoined || getInputStep(2) != 1)
    return length;
  const Dimension &columns = dimensions[2];
  int64_t behind = length - columns.paddingLow - columns.input;
  int64_t shared = std::min<int64_t>(columns.paddingLow, behind);
  // (Outputs of two rows have different places.)
  return std::max(columns.output, length - std::max<int64_t>(0, shared));
}

int64_t SplitBfloat16Plan::getPartSize() const {
  int64_t positions = dimensions[0].kernel * getInputRows() * getPitch();
  // What the last row has beyond the pitch, and what the last tile reads beyond
  // that row.
  if (isJoined)
    positions += getInputColumns() - getPitch() +
                 countPanelTiles() * tilePositions - countJoined(panelRows);
  return positions * stepChannels;
}

bool SplitBfloat16Plan::canJoin() const {
  return !isFolded && !isDense && !isPlain && dimensions[1].output > 1 &&
         getPanelStride(1) == 1 && getPanelStride(2) == 1;
}

bool toeplitz::takesPlainInput(const Convolution &convolution) {
  constexpr int64_t mostChannels = 8;
  return convolution.inputIsPlain && convolution.inChannels <= mostChannels &&
         !convolution.kernel.empty() &&
         (convolution.kernel.back() == 1 || convolution.dilations.back() == 1);
}

SplitBfloat16Plan::SplitBfloat16Plan(const Convolution &convolution,
                                     const ConvolutionSchedule &schedule,
                                     kernel::TargetAttr target, int64_t parts)
    : parts(parts), batch(convolution.batch), groups(schedule.groups),
      inChannels(convolution.inChannels / schedule.groups),
      outChannels(convolution.outChannels / schedule.groups),
      dimensions(getDepthRowsColumns(getDimensions(convolution))),
      isFolded(!convolution.outputIsStrided && hasNoNeighbours(dimensions)),
      isDense(convolution.kernel.empty()), isPlain(schedule.inputBlock == 1),
      tilePositions(schedule.tilePositions) {
  divide(schedule.tileVectors, target);
}

SplitBfloat16Plan::SplitBfloat16Plan(kernel::ConvOp op)
    : parts(op.getAlgorithm() == getSplitName(3) ? 3 : 2),
      groups(op.getGroups()), inChannels(op.getInChannels() / groups),
      outChannels(op.getOutChannels() / groups),
      dimensions(getDepthRowsColumns(getDimensions(op))),
      isFolded(canFoldPositions(op) && hasNoNeighbours(dimensions)),
      isDense(op.getKernel().empty()), tilePositions(op.getTile()[0]) {
  auto input = cast<ShapedType>(op.getInput().getType());
  batch = input.getDimSize(0);
  isPlain = input.getShape().back() == 1;
  divide(op.getTile()[1], kernel::getTarget(op));
}

/// Bytes of a filter that doesn't fit the first-level cache many times over.
static int64_t getLeastStreamed(kernel::TargetAttr target) {
  return target.getL2() / 16;
}

void SplitBfloat16Plan::divide(int64_t tileVectors, kernel::TargetAttr target) {
  isJoined =
      canJoin() && tilePositions > chooseTilePositions(dimensions[2].output,
                                                       /*folded=*/false);
  foldDimensions();
  chooseSteps(tileVectors);
  chooseRounds(target);
  divideIntoTasks(*this, target);
  // A filter that stays in the second-level cache is asked for in vain in all
  // passes but the first ones.
  constexpr int64_t mostPasses = 16;
  int64_t filterBytes = 4 * getFilterSize();
  streamsFilter = filterBytes > getLeastStreamed(target) &&
                  getBlockBytes() <= target.getL2() * 3 / 8 &&
                  (isStreamed(static_cast<double>(filterBytes), target) ||
                   countPanels() * countPasses(blockVectors) <= mostPasses);
}

int64_t SplitBfloat16Plan::countRequestedLines(int64_t vectors) const {
  int64_t passes = countPasses(vectors);
  // The first pass reads what nobody has asked for in time. That comes faster
  // without requests beside it (29 instead of 20 GB/s, on one core of a Xeon
  // with 480 MB of third level): the loads of tiles are in the order of memory.
  if (!streamsFilter || passes == 1)
    return 0;
  // What doesn't delay a step, of twelve products in bf16x3. (1 to 2 for each,
  // 8 to 27 % of 7 x 7 and 4 x 4, 5 % of 14 x 14; 36 in such a step take 1.5
  // times as long.)
  int64_t mostLines = 6 * countProducts();
  return std::min<int64_t>(
      mostLines, llvm::divideCeil(countStepLines(vectors), passes - 1));
}

double SplitBfloat16Plan::getRequestedShare() const {
  if (hasOnePass())
    return 1;
  auto requested = static_cast<double>((countPasses(blockVectors) - 1) *
                                       countRequestedLines(blockVectors));
  return std::min(1.0, requested /
                           static_cast<double>(countStepLines(blockVectors)));
}

/// Fewer steps in a round as long as that saves time.
void SplitBfloat16Plan::chooseRounds(kernel::TargetAttr target) {
  divideRounds(channelSteps, target);
  // (Groups that are many have few channels.)
  if (groups > 1)
    return;
  constexpr int64_t fewestSteps = 2;
  int64_t best = channelSteps;
  double bestCycles = getTrafficCycles(target);
  for (int64_t rounds = 2; rounds * fewestSteps <= channelSteps; rounds *= 2) {
    int64_t steps = llvm::divideCeil(channelSteps, rounds);
    divideRounds(steps, target);
    if (double cycles = getTrafficCycles(target); cycles < bestCycles) {
      best = steps;
      bestCycles = cycles;
    }
  }
  divideRounds(best, target);
}

void SplitBfloat16Plan::divideRounds(int64_t steps, kernel::TargetAttr target) {
  roundSteps = steps;
  choosePanels(target);
}

int64_t SplitBfloat16Plan::countSets() const {
  int64_t tiles = countPanelTiles(), most = 0;
  for (int64_t vectors = 1; vectors <= blockVectors; ++vectors) {
    int64_t together = mostAccumulators / vectors;
    most = std::max(most, tiles / together + tiles % together);
  }
  // (The last panel may have fewer tiles, of which more are left over.)
  return most + mostAccumulators;
}

int64_t SplitBfloat16Plan::getSumsSize() const {
  if (countRounds() == 1)
    return 0;
  return llvm::divideCeil(countBlocks(), blockTasks) * countSets() *
         getSetSize();
}

double SplitBfloat16Plan::getSumsTraffic() const {
  int64_t rounds = countRounds();
  if (rounds == 1)
    return 0;
  // Cleared, read and written in each round, read at the end.
  return static_cast<double>(countBlocks() * countSets()) *
         static_cast<double>(getSetSize() * 4 * 2 * (rounds + 1));
}

double SplitBfloat16Plan::getTrafficCycles(kernel::TargetAttr target) const {
  constexpr double cyclesPerByte = 0.1;
  auto panels = static_cast<double>(countPanels());
  double filterBytes = 4.0 * static_cast<double>(getFilterSize());
  double bytes =
      isStreamed(filterBytes, target) ? filterBytes * (panels - 1) : 0;
  // A block that doesn't stay in the second-level cache comes from afar in each
  // pass. (512 channels of 2 x 7 x 7, 3 x 3 x 3: 6.9 ms, in two rounds 4.9.)
  if (getBlockBytes() > target.getL2() / 2)
    bytes += filterBytes * panels *
             static_cast<double>(countPasses(blockVectors) - 1);
  bytes += panels * getSumsTraffic();
  // What a panel has in common with its neighbours is converted again.
  double converted = countConverted() / tileColumns;
  return bytes * cyclesPerByte + converted * getSplitCycles();
}

void SplitBfloat16Plan::foldDimensions() {
  if (isDense)
    std::swap(batch, dimensions[2].input);
  if (isFolded) {
    for (int64_t d : {0, 1})
      dimensions[2].input *= std::exchange(dimensions[d].input, 1);
    dimensions[0].output = dimensions[1].output = 1;
    dimensions[2].output = dimensions[2].input;
  }
}

void SplitBfloat16Plan::chooseSteps(int64_t tileVectors) {
  const Dimension &columns = dimensions[2];
  // Neighbouring taps fill a step that few channels leave empty.
  stepTaps = inChannels <= tileDepth / 2 &&
                     (columns.dilation == 1 || columns.kernel == 1)
                 ? 2
                 : 1;
  if (isPlain)
    stepTaps = inChannels <= 4 ? 8 : 4;
  stepChannels = tileDepth / stepTaps;
  channelSteps = llvm::divideCeil(inChannels, stepChannels);
  columnSteps = llvm::divideCeil(columns.kernel, stepTaps);
  groupVectors = llvm::divideCeil(outChannels, tileColumns);
  blockVectors =
      std::clamp<int64_t>(tileVectors, 1, std::min<int64_t>(2, groupVectors));
  blockTiles = mostAccumulators / blockVectors;
}

int64_t SplitBfloat16Plan::chooseBlockVectors(kernel::TargetAttr target) const {
  int64_t tiles = batch * dimensions[0].output *
                  countPanelTiles(dimensions[1].output, countRowTiles());
  int64_t filterBytes = 4 * getFilterSize();
  // (Where rows needn't be joined, and the filter comes from memory, a second
  // pass asks for the next block's sooner: 512 -> 2048 channels of 7 x 7 take
  // 375 us in ResNet-50, 440 in one pass.)
  bool inOnePass =
      tiles > mostAccumulators / 2 && tiles <= mostAccumulators &&
      filterBytes > getLeastStreamed(target) &&
      (isJoined || !isStreamed(static_cast<double>(filterBytes), target));
  return groupVectors == 1 || inOnePass ? 1 : 2;
}

/// The largest panels that take up to a quarter of the second-level cache.
void SplitBfloat16Plan::choosePanels(kernel::TargetAttr target) {
  int64_t rows = dimensions[1].output;
  auto largest = target.getL2() / 4;
  panelTiles = countRowTiles();
  panelRows = 1;
  auto fits = [&] { return 2 * getRoundSize() <= largest; };
  while (panelTiles > 1 && !fits())
    panelTiles = llvm::divideCeil(panelTiles, 2);
  if (panelTiles == countRowTiles())
    while (panelRows < rows) {
      ++panelRows;
      if (fits())
        continue;
      --panelRows;
      break;
    }
  setPanels(rows > 1 ? panelRows : panelTiles);
}

void SplitBfloat16Plan::setPanels(int64_t size) {
  int64_t rows = dimensions[1].output;
  (rows > 1 ? panelRows : panelTiles) = size;
  // As many as before, but of about the same size.
  rowPanels = llvm::divideCeil(rows, panelRows);
  panelRows = llvm::divideCeil(rows, rowPanels);
  columnPanels = llvm::divideCeil(countRowTiles(), panelTiles);
}

int64_t SplitBfloat16Plan::getPanelSize(int64_t rows, int64_t tiles) const {
  SplitBfloat16Plan part = *this;
  part.panelRows = rows;
  part.panelTiles = tiles;
  return part.getPanelSize();
}

double SplitBfloat16Plan::countConverted() const {
  double sizes = 0;
  for (int64_t row = 0; row < rowPanels; ++row)
    for (int64_t column = 0; column < columnPanels; ++column)
      sizes += static_cast<double>(
          getPanelSize(getRowsOfPanel(row), getTilesOfPanel(column)));
  return sizes / static_cast<double>(parts) *
         static_cast<double>(batch * dimensions[0].output);
}

/// Of `count` positions from `first` on, `step` apart, those that lie in the
/// input.
static int64_t countInside(int64_t first, int64_t count, int64_t step,
                           int64_t input) {
  int64_t inside = 0;
  for (int64_t i = 0; i < count; ++i) {
    int64_t position = first + i * step;
    inside += position >= 0 && position < input;
  }
  return inside;
}

double SplitBfloat16Plan::countSplits() const {
  const auto &[depths, rows, columns] = dimensions;
  int64_t splitDepths = 0, splitRows = 0, splitColumns = 0;
  for (int64_t depth = 0; depth < depths.output; ++depth)
    splitDepths += countInside(depth * depths.stride - depths.paddingLow,
                               depths.kernel, depths.dilation, depths.input);
  for (int64_t panel = 0; panel < rowPanels; ++panel)
    splitRows += countInside(panel * panelRows * rows.stride - rows.paddingLow,
                             (getRowsOfPanel(panel) - 1) * getPanelStride(1) +
                                 (rows.kernel - 1) * rows.dilation + 1,
                             getInputStep(1), rows.input);
  for (int64_t panel = 0; panel < columnPanels; ++panel)
    splitColumns +=
        countInside(panel * panelTiles * tilePositions * columns.stride -
                        columns.paddingLow,
                    getInputColumns(), getInputStep(2), columns.input);
  return static_cast<double>(splitDepths) / depths.input *
         static_cast<double>(splitRows) / rows.input *
         static_cast<double>(splitColumns) / columns.input;
}

void SplitBfloat16Plan::setBlockTasks(int64_t tasks) {
  blockTasks = withoutEmpty(countBlocks(), tasks);
  // A task of the step before converts some hundreds of vectors.
  constexpr int64_t taskNumbers = 8192;
  int64_t steps = groups * channelSteps;
  preparationTasks = 1;
  while (2 * preparationTasks <= steps &&
         getPanelSize() >= parts * taskNumbers * 2 * preparationTasks)
    preparationTasks *= 2;
  preparationTasks = withoutEmpty(steps, preparationTasks);
}
