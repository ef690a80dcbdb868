// The code of warpgroup-gemm: what the warpgroups of a block do.
//
// The tiles of a step are the two factors as the products want them (see
// Warpgroup.h): a row of 128 bytes for each output channel and for each
// position. FactorTiles brings them, as far as it can in bulk.
//
// Tiles go through three stages of the block's memory. The products of a step
// go on by themselves while the threads begin to bring what the step after the
// next needs. All threads meet in each step, behind which the stage of the step
// before is free.

#include "compiler/Algorithms/WarpgroupGemmKernel.h"

#include "compiler/Algorithms/BulkFactors.h"
#include "compiler/Algorithms/FactorTiles.h"
#include "compiler/Algorithms/GemmResults.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

SmallVector<WarpgroupTile>
toeplitz::getWarpgroupTiles(kernel::Precision precision) {
  // Positions, channels, and positions of a warpgroup.
  static constexpr int64_t sizes[][3] = {
      {256, 128, 256}, {128, 128, 128}, {256, 64, 128},
      {64, 128, 64},   {128, 64, 128},  {64, 64, 64},
  };
  // One block for each multiprocessor is much work already.
  constexpr int64_t wantedBlocks = 132;
  int64_t depth = WarpgroupTile::depthWords * countFactors(precision);
  SmallVector<WarpgroupTile> tiles;
  for (const int64_t (&size)[3] : sizes)
    tiles.push_back(
        {{size[0], size[1], depth, wantedBlocks}, size[2], precision});
  return tiles;
}

std::optional<WarpgroupTile>
toeplitz::findWarpgroupTile(kernel::Precision precision, int64_t positions,
                            int64_t channels) {
  for (const WarpgroupTile &tile : getWarpgroupTiles(precision))
    if (tile.positions == positions && tile.channels == channels)
      return tile;
  return std::nullopt;
}

/// Positions of a block of which sums are exchanged at once.
static int64_t countExchangedColumns(const WarpgroupTile &tile) {
  return tile.positions / tile.groupPositions * tile.countExchangedPositions();
}

int64_t WarpgroupTile::getFilterMemoryWords() const {
  int64_t exchanged =
      GemmResults::Exchange::getSize(channels, countExchangedColumns(*this));
  return std::max(stages * getFilterWords(), exchanged);
}

int64_t WarpgroupTile::getMemoryBytes() const {
  int64_t filterBytes = llvm::alignTo(getFilterMemoryWords() * sizeof(uint32_t),
                                      WarpgroupProduct::alignment);
  return filterBytes + stages * (getDataWords() * int64_t(sizeof(uint32_t)) +
                                 BulkCopies::barrierBytes);
}

namespace {

class Emitter {
public:
  Emitter(KernelBuilder &kernel, const ImplicitGemm &gemm,
          const WarpgroupTile &tile, const ConvolutionBuffers &buffers)
      : kernel(kernel), gemm(gemm), tile(tile), buffers(buffers),
        common(kernel, gemm, buffers, tile.getThreads()), thread(placeThread()),
        tiles(kernel, gemm, buffers, common, tile.getThreads(), getLayout()) {}

  void emit();

private:
  /// What a thread computes.
  struct ThreadPlace {
    /// Where the warpgroup's outputs begin in the block's; and of the thread's
    /// sums the first in the warpgroup's.
    Index groupChannel, groupNumber, sumChannel, sumColumn;
  };

  ThreadPlace placeThread();
  FactorLayout getLayout();
  SmallVector<Value> multiply(Index stage, ValueRange sums);
  void finish(ValueRange sums);

  Index number(int64_t value) { return kernel.constant(value); }

  KernelBuilder &kernel;
  const ImplicitGemm &gemm;
  const WarpgroupTile &tile;
  const ConvolutionBuffers &buffers;
  ImplicitGemmBlock common;
  ThreadPlace thread;
  FactorTiles tiles;
};

FactorLayout Emitter::getLayout() {
  auto getPiecePlace = [this](Index stage, Index piece, Index column) {
    // (A tile has a multiple of eight columns.)
    Index row = kernel.add(kernel.mul(stage, number(tile.positions)), column);
    return kernel.add(kernel.mul(row, number(WarpgroupProduct::pieces)),
                      WarpgroupProduct::getPlace(kernel, column, piece));
  };
  return {tile.precision,
          WarpgroupTile::stages,
          tile.getFilterMemoryWords(),
          WarpgroupProduct::alignment,
          getPiecePlace,
          /*inBulk=*/copiesInBulk(kernel.target)};
}

// --- a step -----------------------------------------------------------------

Emitter::ThreadPlace Emitter::placeThread() {
  ThreadPlace found;
  Index warpgroup =
      kernel.div(common.block.thread(), number(WarpgroupProduct::threads));
  Index inGroup =
      kernel.rem(common.block.thread(), number(WarpgroupProduct::threads));
  Index across = number(tile.positions / tile.groupPositions);
  found.groupChannel =
      kernel.mul(kernel.div(warpgroup, across), number(WarpgroupProduct::rows));
  found.groupNumber = kernel.rem(warpgroup, across);
  Index warp = kernel.div(inGroup, number(BlockBuilder::warp));
  Index lane = kernel.rem(inGroup, number(BlockBuilder::warp));
  constexpr int64_t rowsOfWarp = 16;
  found.sumChannel = kernel.add(kernel.mul(warp, number(rowsOfWarp)),
                                kernel.div(lane, number(4)));
  found.sumColumn = kernel.mul(kernel.rem(lane, number(4)), number(2));
  return found;
}

SmallVector<Value> Emitter::multiply(Index stage, ValueRange sums) {
  Index filterRow =
      kernel.add(kernel.mul(stage, number(tile.channels)), thread.groupChannel);
  Index dataRow =
      kernel.add(kernel.mul(stage, number(tile.positions)),
                 kernel.mul(thread.groupNumber, number(tile.groupPositions)));
  return beginProducts(kernel, tile.precision, tile.groupPositions,
                       describeFactor(kernel, tiles.filter, filterRow),
                       describeFactor(kernel, tiles.data, dataRow), sums);
}

// --- results ----------------------------------------------------------------

/// Some positions of each warpgroup at a time, so that the filter's tiles have
/// room for them.
void Emitter::finish(ValueRange sums) {
  GemmResults results(kernel, gemm, buffers, common);
  // Of each eight columns a thread has two neighbours in each of two rows.
  constexpr int64_t columns = 8, rows = 2, neighbours = 2;
  int64_t exchanged = tile.countExchangedPositions();
  Index firstChannel = kernel.add(thread.groupChannel, thread.sumChannel);
  Index firstColumn = kernel.add(
      kernel.mul(thread.groupNumber, number(exchanged)), thread.sumColumn);
  for (int64_t first = 0; first < tile.groupPositions; first += exchanged) {
    auto giveSums = [&](GemmResults::Exchange::Take take) {
      for (int64_t column = 0; column < exchanged; column += columns)
        for (int64_t row = 0; row < rows; ++row) {
          int64_t place =
              ((first + column) / columns * rows + row) * neighbours;
          take({sums[place], sums[place + 1]},
               kernel.add(firstChannel, number(row * 8)),
               kernel.add(firstColumn, number(column)));
        }
    };
    auto getChannel = [&](Index place) {
      return kernel.add(common.firstChannel, place);
    };
    auto getColumn = [&](Index place) {
      Index before = kernel.mul(kernel.div(place, number(exchanged)),
                                number(tile.groupPositions));
      Index inGroup =
          kernel.add(kernel.rem(place, number(exchanged)), number(first));
      return kernel.add(common.firstColumn, kernel.add(before, inGroup));
    };
    results.store({tiles.filter, tile.channels, countExchangedColumns(tile),
                   tile.getThreads(), giveSums, getChannel, getColumn});
  }
}

void Emitter::emit() {
  auto publish = [&] { publishFactors(kernel); };
  auto wait = [&](Index stage, Index parity) {
    tiles.waitForArrival(stage, parity);
  };
  auto begin = [&](Index step, Index stage) {
    return tiles.begin(step, stage);
  };
  auto store = [&](ArrayRef<Value> numbers, Index stage) {
    tiles.store(numbers, stage);
  };
  auto multiplyStage = [&](Index stage, ValueRange sums) {
    return multiply(stage, sums);
  };
  auto waitForAll = [&] { waitForProducts(kernel, 0); };
  PipelinedStep step = {begin, store, multiplyStage, waitForAll};
  if (tiles.sharesWork())
    step.publish = publish;
  if (tiles.copiesInBulk())
    step.waitForArrival = wait;
  step.groupsCopies = tiles.groupsCopies();
  finish(common.addUp(WarpgroupTile::stages,
                      WarpgroupProduct::countSums(tile.groupPositions), step));
}

} // namespace

void toeplitz::emitWarpgroupGemm(KernelBuilder &kernel,
                                 const ImplicitGemm &gemm,
                                 const WarpgroupTile &tile,
                                 const ConvolutionBuffers &buffers) {
  Emitter(kernel, gemm, tile, buffers).emit();
}
