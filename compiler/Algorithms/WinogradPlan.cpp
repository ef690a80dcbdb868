#include "compiler/Algorithms/WinogradPlan.h"
#include "compiler/Algorithms/FilterStream.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

WinogradPlan::WinogradPlan(const Convolution &convolution,
                           const ConvolutionSchedule &schedule)
    : batch(convolution.batch), groups(schedule.groups),
      inChannels(convolution.inChannels / schedule.groups),
      outChannels(convolution.outChannels / schedule.groups), lanes(1),
      transform{1, 1, 1}, tilePositions(schedule.tilePositions),
      tileVectors(schedule.tileVectors),
      transformsFilter(schedule.transformsFilter) {
  dimensions = getDepthRowsColumns(getDimensions(convolution));
  llvm::copy(schedule.transform, transform.end() - schedule.transform.size());
  chooseOrder();
  countTiles();
}

WinogradPlan::WinogradPlan(const Convolution &convolution,
                           const ConvolutionSchedule &schedule,
                           kernel::TargetAttr target)
    : WinogradPlan(convolution, schedule) {
  lanes = target.getLanes();
  divide(target);
}

WinogradPlan::WinogradPlan(kernel::ConvOp op)
    : groups(op.getGroups()), inChannels(op.getInChannels() / groups),
      outChannels(op.getOutChannels() / groups), transform{1, 1, 1},
      tilePositions(op.getTile()[0]), tileVectors(op.getTile()[1]),
      transformsFilter(op.getTransformsFilter()) {
  kernel::TargetAttr target = kernel::getTarget(op);
  lanes = target.getLanes();
  batch = cast<ShapedType>(op.getInput().getType()).getDimSize(0);
  SmallVector<Dimension> given = getDimensions(op);
  dimensions = getDepthRowsColumns(given);
  size_t missing = 3 - given.size();
  for (auto [d, dimension] : llvm::enumerate(given))
    // (Without, the emitter reports an error.)
    transform[missing + d] =
        op.getTransform() ? (*op.getTransform())[d] : dimension.kernel;
  chooseOrder();
  countTiles();
  divide(target);
}

/// What comes first is one position of the kernel, so the taps of the others
/// still follow each other in the filter as before.
void WinogradPlan::chooseOrder() {
  if (!isTransformed(0))
    return;
  int64_t first = isTransformed(1) ? 2 : 1;
  auto moveToFront = [&](auto &array) {
    std::rotate(array.begin(), array.begin() + first,
                array.begin() + first + 1);
  };
  moveToFront(order);
  moveToFront(dimensions);
  moveToFront(transform);
}

void WinogradPlan::countTiles() {
  tiles = batch;
  for (int64_t d = 0; d < 3; ++d) {
    int64_t largestPhase = llvm::divideCeil(dimensions[d].output, getStep(d));
    tileCounts[d] =
        countPhases(d) * llvm::divideCeil(largestPhase, getTileOutputs(d));
    tiles *= tileCounts[d];
  }
}

/// Tasks, for a few threads. Results are the same for any number of threads, so
/// this isn't theirs.
static constexpr int64_t wantedTasks = 16, mostTasks = 32, leastTasks = 4;

/// Products of a layer that several threads share: 30 microseconds. Of one that
/// would be a single task: 15. (320 -> 16 channels of 8 x 8 with two threads 29
/// -> 17 microseconds; a step before tasks that are two or four already makes
/// layers of 9 to 18 microseconds take 1.2 to 1.6 times as long. Emerald
/// Rapids.)
static constexpr double leastWork = 3e6, leastSingleWork = 1e6;

double WinogradPlan::countProducts() const {
  return static_cast<double>(getValues()) * tiles * groups * outChannels *
         inChannels * getSummedTaps();
}

/// Whether products should ask for what the transforms will touch of an image:
/// not if it stays in the second-level cache, nor if memory has no time for it,
/// since the filter comes from there for few tiles: 8 bytes a cycle for 16 of
/// them. (Measured on Zen 5.)
bool WinogradPlan::asksFor(double imageBytes, kernel::TargetAttr target) const {
  constexpr int64_t leastTiles = 24;
  if (blockTiles * tilePositions < leastTiles &&
      isFar(4.0 * getFilterSize() / groups, target))
    return false;
  return imageBytes > static_cast<double>(target.getL2());
}

/// Cycles of multiplying between the request for a matrix and its use. (A
/// layer of 32 groups of 16 channels, whose matrices take 110 cycles each: F(3,
/// 3) 201 us without requests, 173 one matrix ahead, 160 four or more ahead;
/// F(5, 3) 235, 214, 178. Emerald Rapids.)
static constexpr double leastLead = 1000;

void WinogradPlan::divide(kernel::TargetAttr target) {
  channelParts = sumTasks = 1;
  registerTiles = llvm::divideCeil(tiles, tilePositions);
  vectorTiles =
      llvm::divideCeil(llvm::divideCeil(outChannels, lanes), tileVectors);

  asksForFilter = isStreamed(4.0 * getFilterSize(), target);
  double inputBytes = 4.0 * groups * getChannelBlocks() * lanes *
                      countInputPositions(dimensions);
  streamsInput = isStreamed(inputBytes, target);
  chooseRounds(target);
  chooseBlocks(target);
  chooseTasks();
  double matrixCycles = static_cast<double>(blockTiles * inChannels) /
                        static_cast<double>(channelParts) * getSummedTaps() *
                        getStepCycles(tilePositions, tileVectors, target);
  matricesAhead = static_cast<int64_t>(std::ceil(leastLead / matrixCycles));
  streamsTransformed =
      isStreamed(4.0 * static_cast<double>(getInputSize()), target);

  asksForInput = preparationTasks == 0 && !hasParts() && blocks > 1 &&
                 asksFor(inputBytes, target);
  double outputBytes = 4.0 * groups * vectorTiles * tileVectors * lanes;
  for (const Dimension &dimension : dimensions)
    outputBytes *= static_cast<double>(dimension.output);
  asksForOutput = !hasParts() && asksFor(outputBytes, target);
}

void WinogradPlan::chooseTasks() {
  // Few blocks are shared by tasks with different filters, if there is enough
  // to do for several threads (30 microseconds): their input is transformed
  // once, in a step before.
  int64_t others = groups * tileTasks;
  bool shared = countProducts() >= (others == 1 ? leastSingleWork : leastWork);
  outputTasks = !shared ? 1 : std::max<int64_t>(1, wantedTasks / others);
  outputTasks = withoutEmpty(vectorTiles, std::min(vectorTiles, outputTasks));
  preparationTasks = 0;
  auto divideTiles = [&] {
    int64_t blockSize = blockTiles * tilePositions;
    int64_t wanted = std::max<int64_t>(1, wantedTasks / (groups * blocks));
    return withoutEmpty(blockSize, std::min(blockSize, wanted));
  };
  if (outputTasks > 1)
    preparationTasks = divideTiles();

  // Where that leaves too few tasks, they share the channels. The products of
  // each part are stored and loaded again, vectors that `summed` channels take
  // half a cycle each to compute: a tenth of the time at most.
  int64_t tasks = countTasks();
  int64_t unit = transformsFilter ? roundBlocks : 1;
  int64_t units = getChannelBlocks() / unit;
  double summed = static_cast<double>(inChannels) * getSummedTaps();
  auto affordable =
      1 + static_cast<int64_t>(summed / (10 * 2 * partialSumCycles));
  int64_t parts = std::min({leastTasks / (groups * blocks), affordable, units});
  if (inChannels % lanes != 0 || !shared || groups * blocks * parts <= tasks)
    return;
  channelParts = withoutEmpty(units, parts);
  partBlocks = llvm::divideCeil(units, channelParts) * unit;
  preparationTasks = 0;
  sumTasks = divideTiles();
}

/// A third of the second-level cache is for the part of the filter that was
/// transformed last. (1024 -> 1024 channels of 16 x 16 by F(4, 3) 12.3 ms with
/// rounds of 32 channels, 11.8 and 11.6 with 64 and 128, 14.0 with 256; 1024 ->
/// 512 of 32 x 32 20.4, 19.2, 20.0 and 21.3. Emerald Rapids.)
void WinogradPlan::chooseRounds(kernel::TargetAttr target) {
  roundBlocks = std::max<int64_t>(1, getChannelBlocks());
  partBlocks = roundBlocks;
  if (!transformsFilter)
    return;
  int64_t blockBytes = 4 * getValues() * lanes * tileVectors * lanes;
  int64_t fitting = std::max<int64_t>(1, target.getL2() / 3 / blockBytes);
  while (roundBlocks > fitting || getChannelBlocks() % roundBlocks != 0)
    --roundBlocks;
}

/// Blocks whose transformed input stays in the second-level cache, and as many
/// as there shall be tasks if that is more. A filter that doesn't stay there is
/// read again for each block, which only hides behind the products of blocks of
/// some size: 24 tiles; 48 where they don't stay in the cache anyway (measured
/// on 256 channels of 56 x 56 and 512 of 28 x 28); all where they do. Where
/// reading on hides memory and there are fewer than 16 tiles to a task, the
/// filter is read as seldom as blocks that stay in a core's share of the third
/// level allow, or those of 64 tiles, with which memory easily keeps up: 2048
/// channels of 32 x 32 take 0.91 of the time in one block instead of two. (Of
/// more tiles, the blocks' transformed inputs don't stay there all together:
/// preparing them costs more than reading the filter again. All measured on Zen
/// 5.) Blocks take half of the second-level cache there, a fourth on Emerald
/// Rapids: 64 channels of 56 x 56 0.86 of the time, 128 of 56 x 56 to 32 0.99,
/// others the same, as with an eighth.
void WinogradPlan::chooseBlocks(kernel::TargetAttr target) {
  constexpr int64_t fewTiles = 16;
  double perRegisterTile =
      4.0 * getValues() * (getInputTileSize() + getProductTileSize());
  int64_t parts = target.getHidesMemory() ? 2 : 4;
  auto fitting = static_cast<int64_t>(target.getL2() / parts / perRegisterTile);
  int64_t perTask = llvm::divideCeil(registerTiles, wantedTasks);
  int64_t least = 1;
  if (transformsFilter) {
    // The filter is transformed anew for each block: as many tiles as have
    // products that stay in half of the second-level cache.
    int64_t perRegisterTile = 4 * getValues() * getProductTileSize();
    least = std::max<int64_t>(1, target.getL2() / 2 / perRegisterTile);
  } else if (isStreamed(4.0 * getFilterSize() / groups, target)) {
    int64_t whole = 4 * getValues() * getInputTileSize() * registerTiles;
    least = whole <= target.getL2()
                ? registerTiles
                : llvm::divideCeil(fitting * tilePositions < 24 ? 48 : 24,
                                   tilePositions);
    if (target.getHidesMemory() && isFar(4.0 * getFilterSize(), target)) {
      if (tiles < fewTiles * wantedTasks) {
        int64_t manyTiles = llvm::divideCeil(64, tilePositions);
        least = std::max(
            {least, manyTiles,
             getThirdLevel(target) / (4 * getValues() * getInputTileSize())});
      } else {
        least = llvm::divideCeil(fewTiles, tilePositions);
      }
    }
  }
  // Of few vectors of output channels several threads have something to do only
  // in several blocks. (128 -> 112 channels of 26 x 26 with one thread and two,
  // in one task 390 and 390 us, in several 430 and 240. Emerald Rapids.)
  int64_t others = groups * vectorTiles;
  if (!transformsFilter && others < leastTasks &&
      countProducts() >= leastWork) {
    int64_t some = llvm::divideCeil(24, tilePositions);
    least =
        std::min(least, std::max(some, registerTiles * others / leastTasks));
  }
  blockTiles =
      std::min(std::max(std::min(fitting, perTask), least), registerTiles);
  // Equal ones.
  blocks = llvm::divideCeil(registerTiles, blockTiles);
  blockTiles = llvm::divideCeil(registerTiles, blocks);
  blocks = llvm::divideCeil(registerTiles, blockTiles);
  tileTasks = blocks <= mostTasks
                  ? blocks
                  : withoutEmpty(blocks, std::min(blocks, wantedTasks));
}

CookToom toeplitz::getCookToom(const WinogradPlan &plan, int64_t d) {
  return buildCookToom(plan.getTileOutputs(d), plan.dimensions[d].kernel);
}
