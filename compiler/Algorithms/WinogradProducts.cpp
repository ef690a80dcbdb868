// The products of Winograd's algorithm: for each value of a tile the matrix
// product of filters and transformed tiles, M[value] = sum over channels of U
// V.

#include "compiler/Algorithms/WinogradKernel.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

void WinogradKernel::multiply(Index block, Index vectorTile) {
  int64_t positions = plan.tilePositions, vectors = plan.tileVectors;
  int64_t blocks = plan.inChannels / lanes, rest = plan.inChannels % lanes;
  int64_t products = plan.getProductsStart();
  auto emitTile = [&](Index value, Index registerTile) {
    Index inputStart = scale(registerTile, plan.getInputTileSize(),
                             kernel.mul(value, number(plan.getInputPlane())));
    Index filterStart = kernel.mul(scale(vectorTile, plan.getValues(), value),
                                   number(plan.getFilterTileSize()));
    // Every register tile asks for its share of a matrix that is multiplied
    // later, so that memory has something to do all the time.
    int64_t share = llvm::divideCeil(vectors * lanes, plan.blockTiles);
    Index asked =
        scale(registerTile, plan.getSummedTaps() * plan.inChannels * share,
              kernel.add(filterStart, number(plan.matricesAhead *
                                             plan.getFilterTileSize())));
    // Channels [0, channels) of a block of one tap.
    auto reduce = [&](Index tap, Index channelBlock, int64_t channels,
                      ValueRange sums, bool asksForPositions) {
      Index channel =
          scale(channelBlock, lanes, kernel.mul(tap, number(plan.inChannels)));
      Index row = scale(channel, vectors * lanes, filterStart);
      Index column = scale(scale(tap, plan.getChannelBlocks(), channelBlock),
                           positions * lanes, inputStart);
      if (plan.streamsTransformed)
        kernel.prefetch(
            getInputMemory(),
            getInputPlace(kernel.add(column, number(plan.getInputTileSize()))),
            positions * lanes);
      return reduceChannels(
          kernel, sums, buffers.filter, row, channels, vectors,
          [&](Index channel, int64_t t) {
            return InputPlace{getInputMemory(), getInputPlace(kernel.add(
                                                    kernel.add(column, channel),
                                                    number(t * lanes)))};
          },
          [&](Index first, int64_t step, int64_t steps) {
            if (plan.asksForFilter)
              kernel.prefetchPart(
                  buffers.filter,
                  scale(kernel.add(channel, first), share, asked),
                  steps * share, step, steps);
            if (asksForPositions)
              requestPositions({vectorTile, value, registerTile, tap,
                                channelBlock, kernel.add(first, number(step))});
          });
    };
    Accumulators sums =
        startAccumulators(kernel, {}, number(0), positions, vectors);
    sums = kernel.forLoop(
        number(0), number(plan.getSummedTaps()), 1, sums,
        [&](Index tap, ValueRange carried) {
          auto reduceBlocks = [&](int64_t begin, int64_t end, ValueRange sums,
                                  bool asksForPositions) {
            return kernel.forLoop(number(begin), number(end), 1, sums,
                                  [&](Index channelBlock, ValueRange carried) {
                                    return reduce(tap, channelBlock, lanes,
                                                  carried, asksForPositions);
                                  });
          };
          int64_t asking = std::min(countAskingBlocks(), blocks);
          Accumulators sums(carried);
          if (asking > 0)
            sums = reduceBlocks(0, asking, sums, /*asksForPositions=*/true);
          if (asking < blocks)
            sums = reduceBlocks(asking, blocks, sums, false);
          return rest ? reduce(tap, number(blocks), rest, sums, false) : sums;
        });
    Index start = scale(registerTile, plan.getProductTileSize(),
                        scale(value, plan.getProductPlane(), number(products)));
    for (auto [i, sum] : llvm::enumerate(sums))
      kernel.storeVector(sum, buffers.scratch,
                         {kernel.slot, kernel.add(start, number(i * lanes))});
  };
  Index registerTiles = countRegisterTiles(block);
  kernel.forLoop(number(0), number(plan.getValues()), 1, [&](Index value) {
    kernel.forLoop(number(0), registerTiles, 1,
                   [&](Index registerTile) { emitTile(value, registerTile); });
  });
}
