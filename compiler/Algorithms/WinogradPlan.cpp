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
  double perRegisterTile =
      4.0 * getValues() *
      (getInputTileSize() + vectorTilesPerPass * getProductTileSize());
  blockTiles = std::clamp<int64_t>(
      tune("W_BYTES", target.getL2() / 2) / perRegisterTile, 1, registerTiles);
  int64_t wanted = tune("W_TASKS", 8);
  blockTiles =
      std::min(blockTiles,
               std::max<int64_t>(1, llvm::divideCeil(registerTiles, wanted)));
  blocks = llvm::divideCeil(registerTiles, blockTiles);
  blockTiles = llvm::divideCeil(registerTiles, blocks);
  blocks = llvm::divideCeil(registerTiles, blockTiles);
  tileTasks = std::min(blocks, wanted);
  outputTasks = std::clamp<int64_t>(wanted / tileTasks, 1, getPasses());
}

CookToom toeplitz::getCookToom(const WinogradPlan &plan, int64_t d) {
  return buildCookToom(plan.getTileOutputs(d), plan.dimensions[d].kernel);
}
