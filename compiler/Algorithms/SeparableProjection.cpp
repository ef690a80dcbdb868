#include "compiler/Algorithms/SeparableProjection.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

SeparableProjection::SeparableProjection(kernel::SeparableConvOp op,
                                         KernelBuilder &kernel)
    : SplitBfloat16Tiles(kernel, getSeparableBlock(op).tilePositions), op(op),
      block(getSeparableBlock(op)),
      scratch(getSeparableBuffers(op, kernel).scratch),
      start(getSeparableScratch(block, op.getRows(), kernel.target).ringFloats),
      partSize(getSplitSize(block.countPaddedPositions(op.getRows()))),
      vectors(llvm::divideCeil(block.channels, tileColumns)),
      outVectors(llvm::divideCeil(block.outChannels, tileColumns)) {}

SmallVector<Index> SeparableProjection::getPlace(Index step, Index half,
                                                 Index position, int64_t part) {
  Index place = scale(half, tileColumns / 2, number(start + part * partSize));
  place = scale(step, blockSplitParts * partSize, place);
  return {Index(kernel.slot), scale(position, tileDepth / 2, place)};
}

void SeparableProjection::begin() {
  keepConfiguration();
  accumulated = allocateAccumulators();
  if (vectors % 2 == 0)
    return;
  // Nothing in the place of the last step's missing vector.
  kernel.forLoop(
      number(0), number(block.countPaddedPositions(op.getRows())), 1,
      [&](Index position) {
        clearSplit(scratch, getPlace(number(vectors / 2), number(1), position),
                   partSize);
      });
}

void SeparableProjection::store(Value numbers, Index vector, Index position) {
  storeSplit(numbers, scratch,
             getPlace(kernel.div(vector, number(2)),
                      kernel.rem(vector, number(2)), position),
             partSize);
}

void SeparableProjection::emit(const ConvolutionBuffers &buffers,
                               int64_t positions) {
  int64_t whole = positions / tilePositions, rest = positions % tilePositions;
  forPairs(outVectors, [&](Index vector, int64_t together) {
    forPairs(whole, [&](Index tile, int64_t tiles) {
      emitTiles(buffers, {vector, together, tile, tiles, tilePositions});
    });
    if (rest)
      emitTiles(buffers, {vector, together, number(whole), 1, rest});
  });
}

void SeparableProjection::emitTiles(const ConvolutionBuffers &buffers,
                                    const Tiles &tiles) {
  PackedFilter filter = {(*op.getTile())[1], (vectors + 1) / 2};
  SmallVector<Value> sums;
  for (int64_t i = 0; i < tiles.tiles * tiles.vectors; ++i)
    sums.push_back(clearTile());
  auto getPosition = [&](int64_t t) {
    return scale(kernel.add(tiles.tile, number(t)), tilePositions);
  };
  sums = kernel.forLoop(
      number(0), number(filter.steps), 1, sums,
      [&](Index step, ValueRange carried) {
        auto loadInput = [&](int64_t part, int64_t t) {
          return loadInputTile(scratch,
                               getPlace(step, number(0), getPosition(t), part));
        };
        auto loadFilter = [&](int64_t part, int64_t v) {
          return loadFilterTile(buffers.filter,
                                getFilterPlace(filter, tiles.vector, v,
                                               tiles.vectors, step, part));
        };
        return multiply(tiles.tiles, tiles.vectors, loadInput, loadFilter,
                        carried);
      });
  for (auto [i, sum] : llvm::enumerate(sums))
    storeTile(sum, accumulated,
              {number(static_cast<int64_t>(i)), number(0), number(0)});
  SmallVector<Value> bias = loadBias(buffers.bias, tiles.vector, tiles.vectors);
  kernel.forLoop(number(0), number(tiles.positions), 1, [&](Index inTile) {
    for (int64_t t = 0; t < tiles.tiles; ++t) {
      Index position = kernel.add(getPosition(t), inTile);
      for (int64_t v = 0; v < tiles.vectors; ++v) {
        Value sum = kernel.loadVector(
            accumulated, {number(t * tiles.vectors + v), inTile, number(0)},
            tileColumns);
        if (buffers.bias)
          sum = kernel.create<arith::AddFOp>(sum, bias[v]);
        finishVector(kernel, buffers, op.getActivationAttr(), sum,
                     {number(0), kernel.add(tiles.vector, number(v)), number(0),
                      position, number(0)});
      }
    }
  });
}
