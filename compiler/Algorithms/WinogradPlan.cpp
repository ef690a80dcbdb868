#include "compiler/Algorithms/WinogradPlan.h"

#include "llvm/Support/MathExtras.h"
#include <cstdlib>

using namespace mlir;
using namespace toeplitz;

WinogradPlan::WinogradPlan(const Convolution &convolution,
                           const ConvolutionSchedule &schedule)
    : batch(convolution.batch), groups(schedule.groups),
      inChannels(convolution.inChannels / schedule.groups),
      outChannels(convolution.outChannels / schedule.groups), lanes(1),
      transform{1, 1, 1}, tilePositions(schedule.tilePositions),
      tileVectors(schedule.tileVectors) {
  size_t missing = 3 - convolution.kernel.size();
  for (size_t d = 0; d < convolution.kernel.size(); ++d) {
    Dimension &dimension = dimensions[missing + d];
    dimension.input = convolution.inputSizes[d];
    dimension.output = convolution.outputSizes[d];
    dimension.kernel = convolution.kernel[d];
    dimension.paddingLow = convolution.paddingLow[d];
    transform[missing + d] = schedule.transform[d];
  }
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
      tilePositions(op.getTile()[0]), tileVectors(op.getTile()[1]) {
  kernel::TargetAttr target = kernel::getTarget(op);
  lanes = target.getLanes();
  batch = cast<ShapedType>(op.getInput().getType()).getDimSize(0);
  SmallVector<Dimension> given = getDimensions(op);
  size_t missing = 3 - given.size();
  for (auto [d, dimension] : llvm::enumerate(given)) {
    dimensions[missing + d] = dimension;
    transform[missing + d] = (*op.getTransform())[d];
  }
  divide(target);
}

static int64_t tune(const char *name, int64_t fallback) {
  const char *text = getenv(name);
  return text ? atoll(text) : fallback;
}

void WinogradPlan::divide(kernel::TargetAttr target) {
  tiles = batch;
  for (int64_t d = 0; d < 3; ++d) {
    tileCounts[d] = llvm::divideCeil(dimensions[d].output, getTileOutputs(d));
    tiles *= tileCounts[d];
  }
  registerTiles = llvm::divideCeil(tiles, tilePositions);
  vectorTiles =
      llvm::divideCeil(llvm::divideCeil(outChannels, lanes), tileVectors);

  vectorTilesPerPass = tune("W_VB", 1);
  if (vectorTiles % vectorTilesPerPass)
    vectorTilesPerPass = vectorTiles;
  // Tasks for a few threads. Each has memory of its own.
  int64_t wantedTasks = tune("W_TASKS", 8);
  int64_t mostScratch = tune("W_MOST", target.getL2() / 2);
  // A block's transformed input stays in the second-level cache. A filter that
  // doesn't is read again for each block, so that blocks must be larger then.
  double perRegisterTile =
      4.0 * getValues() *
      (getInputTileSize() + vectorTilesPerPass * getProductTileSize());
  auto fitting = static_cast<int64_t>(target.getL2() / 2 / perRegisterTile);
  bool streamed = 4 * getFilterSize() / groups > target.getL2() / 2;
  int64_t least =
      streamed ? llvm::divideCeil(tune("W_LEAST", 24), tilePositions) : 1;
  int64_t perTask = llvm::divideCeil(registerTiles, wantedTasks);
  blockTiles =
      std::min(std::max(std::min(fitting, perTask), least), registerTiles);
  // Blocks of equal size.
  blocks = llvm::divideCeil(registerTiles, blockTiles);
  blockTiles = llvm::divideCeil(registerTiles, blocks);
  blocks = llvm::divideCeil(registerTiles, blockTiles);
  tileTasks = std::min(blocks, wantedTasks);
  // Each of the tasks that share a block transforms its input anew, which must
  // be little beside its products.
  int64_t vectors = llvm::divideCeil(outChannels, lanes);
  outputTasks =
      std::min({wantedTasks / (groups * tileTasks), getPasses(), vectors / 4,
                mostScratch / (4 * getScratchSize() * groups * tileTasks)});
  outputTasks = std::max<int64_t>(outputTasks, 1);
}

CookToom toeplitz::getCookToom(const WinogradPlan &plan, int64_t d) {
  return buildCookToom(plan.getTileOutputs(d), plan.dimensions[d].kernel);
}
