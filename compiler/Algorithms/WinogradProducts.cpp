// The products of Winograd's algorithm, for one block of tiles and one tile of
// vectors of output channels:
//
//   for each value and register tile
//     M[value][register tile] = sum over channels of U V
//
// or, where the filter is packed without its transform,
//
//   for each round of channels
//     U[value][channel] = G g G^T
//     for each value and register tile
//       M[value][register tile] += sum over the round's channels of U V
//
// U is several times as large as g: in few tiles' products a large one is read
// for longer than it is multiplied. That of a round stays in the second-level
// cache.

#include "compiler/Algorithms/WinogradKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

void WinogradKernel::multiply(Index block, Index vectorTile) {
  Index registerTiles = countRegisterTiles(block);
  if (plan.transformsFilter) {
    multiplyInRounds(registerTiles, vectorTile);
    return;
  }
  forProductTiles(registerTiles, vectorTile, [&](const ProductTile &tile) {
    storeProducts(tile, kernel.forLoop(number(0), number(plan.getSummedTaps()),
                                       1, startProducts(),
                                       [&](Index tap, ValueRange carried) {
                                         return addTap(tile, tap, carried);
                                       }));
  });
}

void WinogradKernel::multiplyInRounds(Index registerTiles, Index vectorTile) {
  int64_t rounds = plan.getChannelBlocks() / plan.roundBlocks;
  bool several = plan.countPartRounds() > 1;
  if (several)
    forProductTiles(registerTiles, vectorTile, [&](const ProductTile &tile) {
      storeProducts(tile, startProducts());
    });
  Index firstRound = kernel.div(firstChannelBlock, number(plan.roundBlocks));
  Index endRound = kernel.div(endChannelBlock, number(plan.roundBlocks));
  auto multiplyRound = [&](Index tap, Index ofTap) {
    Index ofAll = scale(tap, rounds, ofTap);
    Index start = kernel.mul(scale(vectorTile, plan.countRounds(), ofAll),
                             number(plan.getRoundTaps()));
    Round round = {tap, kernel.mul(ofTap, number(plan.roundBlocks)), start};
    transformFilter(round);
    forProductTiles(registerTiles, vectorTile, [&](const ProductTile &tile) {
      storeProducts(tile,
                    addRound(tile, round,
                             several ? loadProducts(tile) : startProducts()));
    });
  };
  kernel.forLoop(number(0), number(plan.getSummedTaps()), 1, [&](Index tap) {
    kernel.forLoop(firstRound, endRound, 1,
                   [&](Index ofTap) { multiplyRound(tap, ofTap); });
  });
}

void WinogradKernel::forProductTiles(
    Index registerTiles, Index vectorTile,
    llvm::function_ref<void(const ProductTile &)> body) {
  kernel.forLoop(number(0), number(plan.getValues()), 1, [&](Index value) {
    kernel.forLoop(number(0), registerTiles, 1, [&](Index registerTile) {
      body({vectorTile, value, registerTile});
    });
  });
}

Accumulators WinogradKernel::startProducts() {
  return startAccumulators(kernel, /*bias=*/{}, number(0), plan.tilePositions,
                           plan.tileVectors);
}

Index WinogradKernel::getProductOffset(const ProductTile &tile) {
  return scale(tile.registerTile, plan.getProductTileSize(),
               scale(tile.value, plan.getProductPlane(), productsStart));
}

void WinogradKernel::storeProducts(const ProductTile &tile, ValueRange sums) {
  Index start = getProductOffset(tile);
  for (auto [i, sum] : llvm::enumerate(sums))
    kernel.storeVector(sum, getProductMemory(),
                       getProductPlace(kernel.add(start, number(i * lanes))));
}

Accumulators WinogradKernel::loadProducts(const ProductTile &tile) {
  Index start = getProductOffset(tile);
  Accumulators sums;
  for (int64_t i = 0; i < plan.tilePositions * plan.tileVectors; ++i)
    sums.push_back(kernel.loadVector(
        getProductMemory(),
        getProductPlace(kernel.add(start, number(i * lanes))), lanes));
  return sums;
}

/// All channels of a tap, by a packed matrix.
Accumulators WinogradKernel::addTap(const ProductTile &tile, Index tap,
                                    ValueRange carried) {
  int64_t vectors = plan.tileVectors;
  int64_t blocks = plan.inChannels / lanes, rest = plan.inChannels % lanes;
  Index filterStart =
      kernel.mul(scale(tile.vectorTile, plan.getValues(), tile.value),
                 number(plan.getFilterTileSize()));
  // Every register tile asks for its share of a matrix that is multiplied
  // later, so that memory has something to do all the time.
  int64_t share = llvm::divideCeil(vectors * lanes, plan.blockTiles);
  Index rows = plan.hasParts()
                   ? kernel.mul(kernel.sub(endChannelBlock, firstChannelBlock),
                                number(lanes))
                   : number(plan.inChannels);
  Index firstRow =
      scale(tap, plan.inChannels, kernel.mul(firstChannelBlock, number(lanes)));
  Index ahead = kernel.add(
      filterStart, number(plan.matricesAhead * plan.getFilterTileSize()));
  Index asked =
      kernel.add(kernel.mul(tile.registerTile, kernel.mul(rows, number(share))),
                 scale(firstRow, vectors * lanes, ahead));
  auto add = [&](Index channelBlock, int64_t channels, ValueRange sums,
                 bool asksForPositions) {
    Index channel =
        scale(channelBlock, lanes, kernel.mul(tap, number(plan.inChannels)));
    Index input = getInputOffset(tile.value, tile.registerTile,
                                 getInputBlock(tap, channelBlock));
    return addChannels(
        tile, {tap, channelBlock, channels, input},
        {buffers.filter, scale(channel, vectors * lanes, filterStart)}, sums,
        asksForPositions, [&](Index first, int64_t step, int64_t steps) {
          if (plan.asksForFilter)
            kernel.prefetchPart(
                buffers.filter,
                scale(kernel.add(kernel.sub(channel, firstRow), first), share,
                      asked),
                steps * share, step, steps);
        });
  };
  auto addBlocks = [&](Index begin, Index end, ValueRange sums,
                       bool asksForPositions) {
    return kernel.forLoop(
        begin, end, 1, sums, [&](Index channelBlock, ValueRange carried) {
          return add(channelBlock, lanes, carried, asksForPositions);
        });
  };
  if (plan.hasParts())
    return addBlocks(firstChannelBlock, endChannelBlock, carried, false);
  int64_t asking = std::min(countAskingBlocks(), blocks);
  Accumulators sums(carried);
  if (asking > 0)
    sums = addBlocks(number(0), number(asking), sums,
                     /*asksForPositions=*/true);
  if (asking < blocks)
    sums = addBlocks(number(asking), number(blocks), sums, false);
  return rest ? add(number(blocks), rest, sums, false) : sums;
}

/// The channels of a round, by the part of the filter that was transformed.
Accumulators WinogradKernel::addRound(const ProductTile &tile,
                                      const Round &round, ValueRange carried) {
  int64_t vectors = plan.tileVectors;
  Index filterStart = kernel.mul(tile.value, number(plan.getFilterPlane()));
  Index inputStart = getInputOffset(tile.value, tile.registerTile,
                                    getInputBlock(round.tap, round.firstBlock));
  // Every block of channels asks for its share of the next round's taps.
  int64_t sharing = plan.getValues() * plan.blockTiles * plan.roundBlocks;
  int64_t share =
      llvm::alignTo(llvm::divideCeil(plan.getRoundTaps(), sharing), lanes);
  Index asked = scale(scale(tile.value, plan.blockTiles, tile.registerTile),
                      plan.roundBlocks * share,
                      kernel.add(round.start, number(plan.getRoundTaps())));
  auto addBlocks = [&](Index begin, Index end, ValueRange sums,
                       bool asksForPositions) {
    return kernel.forLoop(
        begin, end, 1, sums, [&](Index channelBlock, ValueRange carried) {
          Index ofRound = kernel.sub(channelBlock, round.firstBlock);
          Index place = scale(ofRound, share, asked);
          int64_t iterations = lanes / countSteps(lanes, kernel.target);
          // (Where there is less to ask for than a line in each iteration.)
          bool atOnce = share < iterations * lanes;
          if (plan.asksForFilter && atOnce)
            kernel.prefetch(buffers.filter, {place}, share);
          return addChannels(
              tile,
              {round.tap, channelBlock, lanes,
               scale(ofRound, plan.tilePositions * lanes, inputStart)},
              {roundFilter,
               scale(ofRound, lanes * vectors * lanes, filterStart)},
              carried, asksForPositions,
              [&](Index first, int64_t step, int64_t steps) {
                if (!plan.asksForFilter || atOnce)
                  return;
                int64_t part =
                    llvm::alignTo(llvm::divideCeil(share, iterations), lanes);
                kernel.prefetchPart(
                    buffers.filter,
                    scale(kernel.div(first, number(steps)), part, place), part,
                    step, steps);
              });
        });
  };
  Index begin = round.firstBlock;
  Index end = kernel.add(begin, number(plan.roundBlocks));
  int64_t asking = countAskingBlocks();
  if (asking == 0)
    return addBlocks(begin, end, carried, false);
  Index middle = kernel.max(begin, kernel.min(end, number(asking)));
  Accumulators sums = addBlocks(begin, middle, carried, true);
  return addBlocks(middle, end, sums, false);
}

/// Neighbouring channels of a block of one tap; their rows of the filter.
Accumulators WinogradKernel::addChannels(
    const ProductTile &tile, const SummedChannels &summed,
    const FilterRows &filter, ValueRange sums, bool asksForPositions,
    llvm::function_ref<void(Index, int64_t, int64_t)> askForFilter) {
  int64_t positions = plan.tilePositions;
  // The next register tile's lines, spread over the steps.
  Index next = kernel.add(summed.input, number(plan.getRoundTileSize()));
  auto askForInput = [&](Index first, int64_t step, int64_t steps) {
    int64_t part = llvm::divideCeil(positions * steps, summed.channels) * lanes;
    kernel.prefetchPart(
        getInputMemory(),
        getInputPlace(scale(kernel.div(first, number(steps)), part, next)),
        part, step, steps);
  };
  return reduceChannels(
      kernel, sums, filter.buffer, filter.start, summed.channels,
      plan.tileVectors,
      [&](Index channel, int64_t t) {
        return InputPlace{
            getInputMemory(),
            getInputPlace(kernel.add(kernel.add(summed.input, channel),
                                     number(t * lanes)))};
      },
      [&](Index first, int64_t step, int64_t steps) {
        askForFilter(first, step, steps);
        if (plan.streamsTransformed)
          askForInput(first, step, steps);
        if (asksForPositions)
          requestPositions({tile.vectorTile, tile.value, tile.registerTile,
                            summed.tap, summed.channelBlock,
                            kernel.add(first, number(step))});
      });
}

// --- the filter's transform -------------------------------------------------

/// The part of the task's memory in which a round's filter lies.
Value WinogradKernel::getRoundFilter() {
  // (It lies behind the products.)
  Value memory = getProductMemory();
  SmallVector<OpFoldResult> offsets =
      getProductPlace(number(plan.getFilterStart()));
  int64_t size = plan.getValues() * plan.getFilterPlane();
  SmallVector<OpFoldResult> sizes(offsets.size(), number(1)),
      strides(offsets.size(), number(1));
  sizes.back() = number(size);
  auto type = cast<MemRefType>(memref::SubViewOp::inferRankReducedResultType(
      {size}, cast<MemRefType>(memory.getType()), offsets, sizes, strides));
  return memref::SubViewOp::create(kernel.builder, kernel.location, type,
                                   memory, offsets, sizes, strides);
}

void WinogradKernel::transformFilter(const Round &round) {
  int64_t width = plan.tileVectors * lanes;
  int64_t kernelRows = plan.dimensions[1].kernel;
  int64_t kernelColumns = plan.dimensions[2].kernel;
  auto apply = [&](int64_t d, ArrayRef<Value> values) {
    return filterPrograms[d] ? filterPrograms[d]->emit(kernel, values)
                             : SmallVector<Value>(values);
  };
  kernel.forEach(
      {plan.roundBlocks * lanes, plan.tileVectors}, [&](ArrayRef<Index> place) {
        Index channel = place[0], first = kernel.mul(place[1], number(lanes));
        Index taps = scale(channel, plan.countTaps() * width,
                           kernel.add(round.start, first));
        // [row of values][column of taps]
        SmallVector<SmallVector<Value>> half(plan.getRows());
        for (int64_t l = 0; l < kernelColumns; ++l) {
          SmallVector<Value> column;
          for (int64_t k = 0; k < kernelRows; ++k)
            column.push_back(kernel.loadVector(
                buffers.filter,
                {kernel.add(taps, number((k * kernelColumns + l) * width))},
                lanes));
          for (auto [row, value] : llvm::enumerate(apply(1, column)))
            half[row].push_back(value);
        }
        for (auto [row, values] : llvm::enumerate(half))
          for (auto [column, value] : llvm::enumerate(apply(2, values))) {
            int64_t e = static_cast<int64_t>(row) * plan.getColumns() +
                        static_cast<int64_t>(column);
            kernel.storeVector(value, roundFilter,
                               {kernel.add(scale(channel, width, first),
                                           number(e * plan.getFilterPlane()))});
          }
      });
}
