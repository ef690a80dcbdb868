// What a blueprint of BlockedKernel.h says about its loops: rows, tasks, and
// what is asked for ahead.

#include "compiler/Algorithms/BlockedKernel.h"
#include "compiler/Algorithms/FilterStream.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

int64_t BlockedKernel::countTaps() const {
  int64_t taps = 1;
  for (const Dimension &dimension : dimensions)
    taps *= dimension.kernel;
  return taps;
}

int64_t BlockedKernel::countRows() const {
  int64_t rows = 1;
  for (const Dimension &dimension : ArrayRef(dimensions).drop_back())
    rows *= dimension.output;
  return rows;
}

double BlockedKernel::countMultiplyAdds() const {
  return static_cast<double>(batch) * groups * outChannels * inChannels *
         countTaps() * countRows() * dimensions.back().output;
}

void BlockedKernel::cutSingleRow() {
  if (countRows() == 1 && countWantedTasks(countMultiplyAdds()) > 1)
    pieceColumns = choosePieceColumns(dimensions.back(), tilePositions);
}

TaskGrid BlockedKernel::getTasks(kernel::TargetAttr target) const {
  const Dimension &columns = dimensions.back();
  int64_t pieces = countPieces(columns, pieceColumns);
  int64_t rows = countRows() * pieces;
  int64_t blocks = groups * countGroupBlocks(target.getLanes());
  if (blocksFirst) {
    // Of few blocks, rows are divided so that several threads have a task.
    constexpr int64_t leastTasks = 8;
    int64_t parts =
        std::min<int64_t>(rows, llvm::divideCeil(leastTasks, batch * blocks));
    int64_t rowsPerTask = llvm::divideCeil(rows, parts);
    return {batch,
            rows,
            rowsPerTask,
            blocks,
            /*blocksPerTask=*/1,
            /*rowsFastest=*/true};
  }
  double inputRow = 4.0 * getRoundChannels() * columns.input / pieces;
  if (dimensions.size() > 1)
    inputRow *= dimensions[dimensions.size() - 2].stride;
  return divideIntoTasks(batch, rows, blocks, inputRow, countMultiplyAdds(),
                         target, getFilterBytes(target.getLanes()));
}

double BlockedKernel::getFilterBytes(int64_t lanes) const {
  return 4.0 * static_cast<double>(countTaps() * inChannels * groups *
                                   countGroupVectors(lanes) * lanes);
}

std::optional<FilterPrefetch>
toeplitz::planFilterPrefetch(const BlockedKernel &blueprint,
                             kernel::TargetAttr target) {
  int64_t lanes = target.getLanes();
  int64_t vectors =
      std::min(blueprint.tileVectors, blueprint.countGroupVectors(lanes));
  int64_t width = vectors * lanes;
  FilterPrefetch prefetch;
  prefetch.tilesPerRow = llvm::divideCeil(
      blueprint.pieceColumns ? blueprint.pieceColumns
                             : blueprint.dimensions.back().output,
      blueprint.tilePositions);
  int64_t steps = blueprint.countTaps() * blueprint.getRoundChannels();
  FilterStream stream;
  stream.tiles = blueprint.getTasks(target).rowsPerTask * prefetch.tilesPerRow;
  stream.blockBytes = 4.0 * static_cast<double>(steps * width);
  stream.bytes = blueprint.getFilterBytes(lanes);
  // Behind the only block there is nothing to ask for.
  bool isOnlyBlock = blueprint.groups * blueprint.countGroupBlocks(lanes) == 1;
  if ((isOnlyBlock && !blueprint.blocksFirst) || !asksAhead(stream, target) ||
      width % lineFloats != 0)
    return std::nullopt;
  // Whole cache lines in each iteration of the innermost loop.
  int64_t together = countSteps(blueprint.inputBlock, target);
  int64_t lines = llvm::divideCeil(width * together / lineFloats, stream.tiles);
  prefetch.stepFloats = lines * lineFloats / together;
  prefetch.tileFloats = steps * prefetch.stepFloats;
  prefetch.lastStart = steps * width - prefetch.tileFloats;
  return prefetch;
}

bool toeplitz::asksForInput(const BlockedKernel &blueprint,
                            kernel::TargetAttr target) {
  double imageBytes = 4.0 * blueprint.groups * blueprint.inChannels *
                      countInputPositions(blueprint.dimensions);
  bool isFree = target.getLanes() < lineFloats && !target.getByElement() &&
                blueprint.dimensions.back().stride == 1;
  return blueprint.countTaps() == 1 &&
         (isFree || blueprint.countGroupBlocks(target.getLanes()) == 1) &&
         blueprint.inputBlock == target.getLanes() &&
         blueprint.dimensions.back().output > blueprint.tilePositions &&
         isFar(imageBytes, target);
}

BlockedKernel toeplitz::getBlockedKernel(kernel::ConvOp op) {
  auto input = cast<ShapedType>(op.getInput().getType()).getShape();
  BlockedKernel blueprint;
  blueprint.batch = input[0];
  blueprint.groups = op.getGroups();
  blueprint.inChannels = op.getInChannels() / op.getGroups();
  blueprint.outChannels = op.getOutChannels() / op.getGroups();
  blueprint.inputBlock = input.back();
  blueprint.tilePositions = op.getTile()[0];
  blueprint.tileVectors = op.getTile()[1];
  blueprint.dimensions = getDimensions(op);
  blueprint.withoutPositions = op.getKernel().empty();
  blueprint.activation = op.getActivationAttr();
  return blueprint;
}
