#include "compiler/Algorithms/SeparableProjection.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

SeparableProjection::SeparableProjection(kernel::SeparableConvOp op,
                                         KernelBuilder &kernel,
                                         const SeparableBlock &block,
                                         Value scratch, int64_t start)
    : SplitBfloat16Tiles(kernel, block.tilePositions), op(op), scratch(scratch),
      start(start), positions(block.countPaddedPositions(op.getRows())),
      partSize(getSplitSize(positions)),
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
  kernel.forLoop(number(0), number(positions), 1, [&](Index position) {
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
  SmallVector<Value> bias = loadBias(buffers.bias, tiles.vector, tiles.vectors);
  forResults(sums, accumulated, bias, tiles.vectors, tiles.positions,
             [&](Value sum, int64_t v, int64_t t, Index inTile) {
               finishVector(kernel, buffers, op.getActivationAttr(), sum,
                            {number(0), kernel.add(tiles.vector, number(v)),
                             number(0), kernel.add(getPosition(t), inTile),
                             number(0)});
             });
}
