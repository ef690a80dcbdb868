// The first half of Winograd's algorithm: V = B^T d B for each tile of the
// input and each vector of its channels, where d reaches into the padding with
// zeros in it.

#include "compiler/Algorithms/WinogradKernel.h"

using namespace mlir;
using namespace toeplitz;

void WinogradKernel::transformInputs(Index group, Index block, Index part,
                                     int64_t parts) {
  auto transform = [&](Index firstBlock, Index endBlock) {
    forTiles(block, part, parts, [&](const TilePlace &tile, BlockPlace place) {
      kernel.forLoop(
          number(0), number(plan.getSummedTaps()), 1, [&](Index tap) {
            transformInput(group, tile, place, tap, firstBlock, endBlock);
          });
    });
  };
  // An image that comes from beyond the second-level cache is read row by row,
  // as the hardware expects it; else a tile's place is found once for all of
  // its channels.
  if (plan.streamsInput)
    kernel.forLoop(
        firstChannelBlock, endChannelBlock, 1, [&](Index channelBlock) {
          transform(channelBlock, kernel.add(channelBlock, number(1)));
        });
  else
    transform(firstChannelBlock, endChannelBlock);
  clearMissingTiles(block, part, parts);
}

/// The last register tile may have more positions than there are tiles left.
/// Their products are computed with the others and never read; but whatever
/// lies there could be denormal numbers, with which they take a hundred times
/// as long.
void WinogradKernel::clearMissingTiles(Index block, Index part, int64_t parts) {
  int64_t missing = plan.registerTiles * plan.tilePositions - plan.tiles;
  if (missing == 0)
    return;
  int64_t lastBlock = plan.blocks - 1;
  int64_t registerTile = plan.registerTiles - 1 - lastBlock * plan.blockTiles;
  int64_t channels = plan.getSummedTaps() * plan.partBlocks;
  auto clear = [&] {
    Value zero = kernel.splat(0.0f, lanes);
    kernel.forEach({plan.getValues(), channels}, [&](ArrayRef<Index> place) {
      for (int64_t position = plan.tilePositions - missing;
           position < plan.tilePositions; ++position) {
        Index start = getInputOffset(place[0], number(registerTile), place[1]);
        kernel.storeVector(
            zero, getInputMemory(),
            getInputPlace(kernel.add(start, number(position * lanes))));
      }
    });
  };
  auto isEqual = [&](Index a, int64_t b) {
    return compare(arith::CmpIPredicate::eq, a, number(b));
  };
  auto clearInFirstPart = [&] {
    if (parts == 1)
      clear();
    else
      kernel.ifThen(isEqual(part, 0), clear);
  };
  if (plan.blocks == 1)
    clearInFirstPart();
  else
    kernel.ifThen(isEqual(block, lastBlock), clearInFirstPart);
}

WinogradKernel::Index WinogradKernel::getInputBlock(Index tap,
                                                    Index channelBlock) {
  return scale(tap, plan.partBlocks,
               kernel.sub(channelBlock, firstChannelBlock));
}

WinogradKernel::Index
WinogradKernel::getInputOffset(Index value, Index registerTile, Index block) {
  Index round = number(0);
  if (plan.countInputRounds() > 1) {
    round = kernel.div(block, number(plan.roundBlocks));
    block = kernel.rem(block, number(plan.roundBlocks));
  }
  Index plane = scale(round, plan.getValues(), value);
  return scale(plane, plan.getInputPlane(),
               scale(registerTile, plan.getRoundTileSize(),
                     kernel.mul(block, number(plan.tilePositions * lanes))));
}

void WinogradKernel::transformInput(Index group, const TilePlace &tile,
                                    BlockPlace place, Index tap,
                                    Index firstBlock, Index endBlock) {
  // Where the tile begins in the input, how much of it is read, and whether
  // every tile lies inside.
  std::array<Index, 3> starts;
  std::array<int64_t, 3> sizes = {1, plan.getRows(), plan.getColumns()};
  Value inside;
  for (int64_t d = 0; d < 3; ++d) {
    const Dimension &dimension = plan.dimensions[d];
    int64_t step = plan.getStep(d);
    int64_t extent = (sizes[d] - 1) * step + 1;
    starts[d] =
        kernel.sub(getFirstOutput(tile, d), number(dimension.paddingLow));
    int64_t last =
        plan.countPhases(d) - 1 +
        (plan.countPhaseTiles(d) - 1) * plan.getTileOutputs(d) * step -
        dimension.paddingLow + extent - 1;
    if (d == 0) {
      starts[d] =
          kernel.add(starts[d], kernel.mul(tap, number(dimension.dilation)));
      last += (dimension.kernel - 1) * dimension.dilation;
    }
    auto require = [&](Value condition) {
      inside = inside ? Value(arith::AndIOp::create(
                            kernel.builder, kernel.location, inside, condition))
                      : condition;
    };
    if (dimension.paddingLow > 0)
      require(compare(arith::CmpIPredicate::sge, starts[d], number(0)));
    if (last >= dimension.input)
      require(compare(arith::CmpIPredicate::sle, starts[d],
                      number(dimension.input - extent)));
  }

  auto getPlace = [&](Index channelBlock, Index row, Index column) {
    SmallVector<Index> indices = {
        tile.image,
        kernel.add(kernel.mul(group, number(plan.getChannelBlocks())),
                   channelBlock)};
    std::array<Index, 3> position = {starts[0],
                                     scale(row, plan.getStep(1), starts[1]),
                                     scale(column, plan.getStep(2), starts[2])};
    indices.append(position.begin() + (3 - rank), position.end());
    indices.push_back(number(0));
    return indices;
  };
  auto loadInput = [&](Index channelBlock, Index row, Index column) {
    return kernel.loadVector(buffers.input, getPlace(channelBlock, row, column),
                             lanes);
  };
  // Rows lie in different pages, and a tile takes a few lines of each: the
  // hardware alone doesn't fetch them in time. (Measured on Zen 5 with 64
  // channels of 256 x 256; from 2 to 8 tiles ahead make no difference.)
  constexpr int64_t tilesAhead = 4;
  bool asksAhead =
      plan.streamsInput && plan.isTransformed(1) && plan.isTransformed(2);
  auto loadAndAsk = [&](Index channelBlock, Index row, Index column) {
    if (asksAhead) {
      Index ahead =
          kernel.add(column, number(tilesAhead * plan.getTileOutputs(2)));
      kernel.prefetch(buffers.input, getPlace(channelBlock, row, ahead), lanes);
    }
    return loadInput(channelBlock, row, column);
  };
  auto interior = [&] {
    kernel.forLoop(firstBlock, endBlock, 1, [&](Index channelBlock) {
      transformInputBlock(place, tap, channelBlock,
                          [&](Index row, Index column) {
                            return loadAndAsk(channelBlock, row, column);
                          });
    });
  };
  if (!inside) {
    interior();
    return;
  }
  auto border = [&] {
    std::array<Index, 3> low, high;
    for (int64_t d = 0; d < 3; ++d) {
      Index step = number(plan.getStep(d));
      Index before = kernel.sub(number(0), starts[d]);
      Index left = kernel.sub(number(plan.dimensions[d].input), starts[d]);
      low[d] = kernel.max(number(0), kernel.ceilDiv(before, step));
      high[d] = kernel.min(number(sizes[d]), kernel.ceilDiv(left, step));
    }
    kernel.forEach({sizes[1], sizes[2]}, [&](ArrayRef<Index> place) {
      kernel.storeVector(kernel.splat(0.0f, lanes), patch,
                         {place[0], place[1], number(0)});
    });
    kernel.forLoop(firstBlock, endBlock, 1, [&](Index channelBlock) {
      // (The depth is one position, inside or not.) Columns are the outer loop:
      // LLVM would make a call of memcpy of each row, slower by far.
      kernel.forLoop(low[0], high[0], 1, [&](Index) {
        kernel.forLoop(low[2], high[2], 1, [&](Index column) {
          kernel.forLoop(low[1], high[1], 1, [&](Index row) {
            kernel.storeVector(loadAndAsk(channelBlock, row, column), patch,
                               {row, column, number(0)});
          });
        });
      });
      transformInputBlock(
          place, tap, channelBlock, [&](Index row, Index column) {
            return kernel.loadVector(patch, {row, column, number(0)}, lanes);
          });
    });
  };
  ifElse(inside, interior, border);
}

/// V = B^T d B for a vector of channels of one tile.
void WinogradKernel::transformInputBlock(BlockPlace place, Index tap,
                                         Index channelBlock, Load load) {
  Index start = scale(place.position, lanes,
                      getInputOffset(number(0), place.registerTile,
                                     getInputBlock(tap, channelBlock)));
  auto store = [&](Index row, Index column, Value vector) {
    Index value = scale(row, plan.getColumns(), column);
    kernel.storeVector(
        vector, getInputMemory(),
        getInputPlace(scale(value, plan.getInputPlane(), start)));
  };
  Index rows = number(plan.getRows()), columns = number(plan.getColumns());
  if (!plan.isTransformed(2)) {
    applyRows(inputPrograms[1], load, number(0), store);
    return;
  }
  // The second pass is the first one with rows and columns exchanged.
  auto loadHalf = [&](Index column, Index row) {
    return kernel.loadVector(half, {row, column, number(0)}, lanes);
  };
  auto loadExchanged = [&](Index column, Index row) {
    return load(row, column);
  };
  auto storeExchanged = [&](Index column, Index row, Value vector) {
    store(row, column, vector);
  };
  if (!plan.isTransformed(1)) {
    applyRows(inputPrograms[2], loadExchanged, number(0), storeExchanged);
    return;
  }
  kernel.forLoop(number(0), columns, 1, [&](Index column) {
    applyRows(inputPrograms[1], load, column,
              [&](Index row, Index column, Value vector) {
                kernel.storeVector(vector, half, {row, column, number(0)});
              });
  });
  kernel.forLoop(number(0), rows, 1, [&](Index row) {
    applyRows(inputPrograms[2], loadHalf, row, storeExchanged);
  });
}
