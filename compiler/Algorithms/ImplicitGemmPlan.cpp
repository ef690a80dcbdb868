// What the kernel of implicit-gemm works on: tiles, steps and splits.

#include "compiler/Algorithms/ImplicitGemmKernel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;
using namespace toeplitz;

static constexpr ImplicitGemmTile tiles[] = {
    {128, 128, 8, 8, 8}, {128, 64, 8, 8, 8}, {64, 128, 8, 8, 8},
    {64, 64, 16, 8, 4},  {64, 32, 16, 4, 4}, {32, 64, 16, 4, 4},
    {32, 32, 16, 4, 4},
};

ArrayRef<ImplicitGemmTile> toeplitz::getImplicitGemmTiles() { return tiles; }

ImplicitGemmTile toeplitz::findImplicitGemmTile(int64_t positions,
                                                int64_t channels) {
  const ImplicitGemmTile *found =
      llvm::find_if(tiles, [&](const ImplicitGemmTile &tile) {
        return tile.positions == positions && tile.channels == channels;
      });
  assert(found != std::end(tiles) && "no such tile");
  return *found;
}

int64_t ImplicitGemm::countTaps() const {
  int64_t taps = 1;
  for (const Dimension &dimension : dimensions)
    taps *= dimension.kernel;
  return taps;
}

int64_t ImplicitGemm::countPositions() const {
  int64_t positions = batch;
  for (const Dimension &dimension : dimensions)
    positions *= dimension.output;
  return positions;
}

int64_t ImplicitGemm::countSteps() const {
  return llvm::divideCeilSigned(countTaps() * inChannels, tile.depth);
}

int64_t toeplitz::chooseImplicitGemmSplits(int64_t tiles, int64_t steps) {
  // Two blocks for each of some 130 multiprocessors; the start and end of a
  // block should be little beside its steps, and the second kernel reads every
  // part.
  constexpr int64_t wantedBlocks = 264, fewestSteps = 6, mostSplits = 32;
  int64_t splits = std::min({llvm::divideCeilSigned(wantedBlocks, tiles),
                             steps / fewestSteps, mostSplits});
  return std::max<int64_t>(splits, 1);
}

int64_t ImplicitGemm::countStepsOfSplit() const {
  return llvm::divideCeilSigned(
      countSteps(), chooseImplicitGemmSplits(countTiles(), countSteps()));
}

int64_t ImplicitGemm::countSplits() const {
  return llvm::divideCeilSigned(countSteps(), countStepsOfSplit());
}

int64_t ImplicitGemm::countTiles() const {
  return groups * llvm::divideCeilSigned(outChannels, tile.channels) *
         llvm::divideCeilSigned(countPositions(), tile.positions);
}

ImplicitGemm toeplitz::getImplicitGemm(kernel::ConvOp op) {
  ImplicitGemm gemm;
  gemm.batch = cast<ShapedType>(op.getInput().getType()).getDimSize(0);
  gemm.groups = op.getGroups();
  gemm.inChannels = op.getInChannels() / op.getGroups();
  gemm.outChannels = op.getOutChannels() / op.getGroups();
  gemm.dimensions = getDimensions(op);
  gemm.withoutPositions = op.getKernel().empty();
  gemm.tile = findImplicitGemmTile(op.getTile()[0], op.getTile()[1]);
  gemm.activation = op.getActivationAttr();
  return gemm;
}
