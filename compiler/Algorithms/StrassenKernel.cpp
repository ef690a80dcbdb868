// The loops of Strassen's algorithm, for one task:
//
//   for each row of the block: the four sums of the input
//   for each pair of blocks of output channels
//     for each row and register tile of half its positions
//       for each of the seven products: a sum over half the channels
//       for each position: the four results from the products, bias, residual,
//       activation
//   for each block of output channels that is left, each row and register tile:
//   the sum of all channels
//
// Sums and products lie in the task's memory. Where the seven matrices of a
// pair don't stay in the second-level cache, each product is computed for all
// tiles before the next one. Two loops serve all products: one for those of
// blocks of the input, one for those of sums.

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/Strassen.h"
#include "compiler/Algorithms/TileReduction.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// Tiles of positions from `begin` to `end`, `positions` in each. Of each tile
/// the first `stored` ones are stored by the first half.
struct Run {
  int64_t begin, end, positions, stored;
};

/// A register tile: its row in the image and in the block, and its first
/// position.
struct Tile {
  Index image, row, blockRow, start;
  int64_t positions, stored;
};

/// Writes the loops of one kernel.
class StrassenKernel {
public:
  StrassenKernel(kernel::ConvOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), plan(op), buffers(getBuffers(op, kernel)),
        lanes(plan.lanes), width(plan.tileVectors * plan.lanes) {
    if (plan.isFolded)
      foldPositions(kernel, op, buffers, plan.rows, plan.columns);
  }

  void emit();

private:
  // Tasks and loops.
  using TileBody = llvm::function_ref<void(const Tile &)>;
  void forTiles(Index image, Index block, ArrayRef<Run> runs, TileBody body);
  SmallVector<Run> cutRow(int64_t positions) const;
  SmallVector<Run> cutHalfRow() const;

  // The parts of a task.
  void addInputs(Index image, Index block);
  void addInput(const Tile &tile, Index position, Index channelBlock);
  void emitPair(Index image, Index block, Index pair);
  void multiplyBlock(const Tile &tile, Index pair, Index product);
  void multiplySum(const Tile &tile, Index pair, Index sum);
  void multiplyRest(const Tile &tile, Index pair, Index result);
  void combine(const Tile &tile, Index pair);
  void emitPlainBlock(Index image, Index block, int64_t number);

  // Their words.
  Accumulators reduceInput(const Tile &tile, Index halfStart, Index firstBlock,
                           int64_t channels, int64_t vectors, Index filterStart,
                           bool asksAhead);
  void askForInput(Tile tile, Index quarter, Index channelBlock);
  void askForFilter(const Tile &tile, Index filterStart, Index channel,
                    int64_t step, int64_t steps);
  void saveProduct(const Tile &tile, Index product, const Accumulators &sums);
  void finish(const Tile &tile, Index vector, Index position, Value sum);

  // Places.
  SmallVector<Index> getScratchPlace(Index offset) {
    return {Index(kernel.slot), offset};
  }
  SmallVector<Index> getPlace(const Tile &tile, Index position,
                              Index channelBlock, Index channel, bool inOutput);
  SmallVector<Index> getProductPlace(const Tile &tile, Index product,
                                     Index vector);
  /// Where the channels of a tile begin in one of the sums.
  Index getSumStart(const Tile &tile, Index sum) {
    Index position = scale(tile.blockRow, plan.halfPositions, tile.start);
    return scale(sum, plan.getSumSize(),
                 kernel.mul(position, number(plan.halfChannels)));
  }
  /// a * factor + b
  Index scale(Index a, int64_t factor, Index b) {
    return kernel.add(kernel.mul(a, number(factor)), b);
  }
  Index number(int64_t value) { return kernel.constant(value); }
  Accumulators startSums(int64_t positions, int64_t vectors) {
    return startAccumulators(kernel, {}, number(0), positions, vectors);
  }

  kernel::ConvOp op;
  KernelBuilder &kernel;
  StrassenPlan plan;
  ConvolutionBuffers buffers;
  int64_t lanes, width;
  /// Whether the pair is the task's last one, if its products ask for input.
  Value isLastPair;
};

} // namespace

// --- tasks and loops --------------------------------------------------------

void StrassenKernel::emit() {
  SmallVector<Index> task = kernel.delinearize(
      kernel.task, {plan.batch, plan.blocks, plan.unitTasks});
  Index image = task[0], block = task[1];
  int64_t units = plan.countUnits();
  auto [first, end] =
      getPart(kernel, task[2], llvm::divideCeil(units, plan.unitTasks), units);
  addInputs(image, block);
  Index endPair =
      plan.pairs == units ? end : kernel.min(end, number(plan.pairs));
  kernel.forLoop(first, endPair, 1, [&](Index pair) {
    if (plan.asksForInput)
      isLastPair = kernel.isLess(endPair, kernel.add(pair, number(2)));
    emitPair(image, block, pair);
  });
  for (int64_t i = 0; i < plan.countPlainBlocks(); ++i) {
    Index unit = number(plan.pairs + i);
    auto emitBlock = [&] { emitPlainBlock(image, block, i); };
    if (plan.unitTasks == 1) {
      emitBlock();
      continue;
    }
    Value isAfter = kernel.isLess(unit, end);
    Value isBefore = kernel.isLess(first, kernel.add(unit, number(1)));
    kernel.ifThen(arith::AndIOp::create(kernel.builder, kernel.location,
                                        isBefore, isAfter),
                  emitBlock);
  }
}

void StrassenKernel::forTiles(Index image, Index block, ArrayRef<Run> runs,
                              TileBody body) {
  Index first = kernel.mul(block, number(plan.blockRows));
  Index count = number(plan.blockRows);
  if (plan.rows % plan.blockRows != 0)
    count = kernel.min(count, kernel.sub(number(plan.rows), first));
  kernel.forLoop(number(0), count, 1, [&](Index blockRow) {
    Index row = kernel.add(first, blockRow);
    for (const Run &run : runs)
      kernel.forLoop(
          number(run.begin), number(run.end), run.positions, [&](Index start) {
            body({image, row, blockRow, start, run.positions, run.stored});
          });
  });
}

SmallVector<Run> StrassenKernel::cutRow(int64_t positions) const {
  SmallVector<Run> runs;
  int64_t each = plan.tilePositions, whole = positions / each * each;
  if (whole > 0)
    runs.push_back({0, whole, each, each});
  if (whole < positions)
    runs.push_back({whole, positions, positions - whole, positions - whole});
  return runs;
}

/// Half a row. Its last tile is one of its own where its last position is
/// stored by the second half.
SmallVector<Run> StrassenKernel::cutHalfRow() const {
  SmallVector<Run> runs = cutRow(plan.halfPositions);
  if (!plan.sharesPosition())
    return runs;
  Run &last = runs.back();
  if (last.end - last.begin > last.positions) {
    Run rest = last;
    last.end -= last.positions;
    rest.begin = last.end;
    runs.push_back(rest);
  }
  --runs.back().stored;
  return runs;
}

// --- places -----------------------------------------------------------------

/// Of a position that is counted from the tile's first one.
SmallVector<Index> StrassenKernel::getPlace(const Tile &tile, Index position,
                                            Index channelBlock, Index channel,
                                            bool inOutput) {
  SmallVector<Index> indices = {tile.image, channelBlock};
  SmallVector<int64_t> outerSizes;
  for (const Dimension &dimension : ArrayRef(plan.dimensions).drop_back())
    outerSizes.push_back(dimension.output);
  SmallVector<Index> positions = kernel.delinearize(tile.row, outerSizes);
  positions.push_back(kernel.add(tile.start, position));
  for (auto [dimension, at] : llvm::zip_equal(plan.dimensions, positions))
    indices.push_back(inOutput ? scale(at, dimension.outputStride,
                                       number(dimension.outputOffset))
                               : at);
  indices.push_back(channel);
  return indices;
}

/// A vector of a product's tile: positions x vectors.
SmallVector<Index>
StrassenKernel::getProductPlace(const Tile &tile, Index product, Index vector) {
  Index offset = scale(product, plan.getProductSize(),
                       scale(vector, lanes, number(plan.getSumsSize())));
  if (!plan.tileByTile)
    offset = scale(scale(tile.blockRow, plan.halfPositions, tile.start), width,
                   offset);
  return getScratchPlace(offset);
}

// --- the sums of the input --------------------------------------------------

/// Block of channels by block of channels, as the input lies in memory: it may
/// come from beyond the second-level cache.
void StrassenKernel::addInputs(Index image, Index block) {
  Index blocks = number(plan.getChannelBlocks());
  kernel.forLoop(number(0), blocks, 1, [&](Index channelBlock) {
    forTiles(image, block, cutHalfRow(), [&](const Tile &tile) {
      kernel.forLoop(number(0), number(tile.positions), 1,
                     [&](Index t) { addInput(tile, t, channelBlock); });
    });
  });
}

/// The inputs of the last four products, in their order.
void StrassenKernel::addInput(const Tile &tile, Index position,
                              Index channelBlock) {
  auto loadInput = [&](bool secondChannels, bool secondHalf) {
    Index block = kernel.add(
        channelBlock, number(secondChannels ? plan.getChannelBlocks() : 0));
    Index place =
        kernel.add(position, number(secondHalf ? plan.getSecondStart() : 0));
    return kernel.loadVector(
        buffers.input,
        getPlace(tile, place, block, number(0), /*inOutput=*/false), lanes);
  };
  auto subtract = [&](Value a, Value b) -> Value {
    return arith::SubFOp::create(kernel.builder, kernel.location, a, b);
  };
  Value x11 = loadInput(false, false), x12 = loadInput(false, true);
  Value x21 = loadInput(true, false), x22 = loadInput(true, true);
  Value p5 = subtract(x12, x11), p6 = subtract(x22, p5);
  Value sums[] = {subtract(p6, x21), p5, p6, subtract(x22, x12)};
  for (auto [i, sum] : llvm::enumerate(sums)) {
    Index start = scale(channelBlock, tile.positions * lanes,
                        getSumStart(tile, number(i)));
    kernel.storeVector(sum, buffers.scratch,
                       getScratchPlace(scale(position, lanes, start)));
  }
}

// --- products ---------------------------------------------------------------

void StrassenKernel::emitPair(Index image, Index block, Index pair) {
  // Each product of a tile, or of all tiles: one loop over those of a kind.
  using Multiply =
      void (StrassenKernel::*)(const Tile &, Index pair, Index product);
  std::pair<int64_t, Multiply> kinds[] = {
      {strassenBlockProducts, &StrassenKernel::multiplyBlock},
      {strassenSumProducts, &StrassenKernel::multiplySum},
      {plan.restChannels > 0 ? 4 : 0, &StrassenKernel::multiplyRest}};
  auto forTilesOf = [&](TileBody body) {
    forTiles(image, block, cutHalfRow(), body);
  };
  auto forProducts = [&](llvm::function_ref<void(Multiply, Index)> body) {
    for (auto [count, multiply] : kinds)
      if (count > 0)
        kernel.forLoop(number(0), number(count), 1,
                       [&, multiply = multiply](Index product) {
                         body(multiply, product);
                       });
  };
  if (plan.tileByTile) {
    forTilesOf([&](const Tile &tile) {
      forProducts([&](Multiply multiply, Index product) {
        (this->*multiply)(tile, pair, product);
      });
      combine(tile, pair);
    });
    return;
  }
  forProducts([&](Multiply multiply, Index product) {
    forTilesOf(
        [&](const Tile &tile) { (this->*multiply)(tile, pair, product); });
  });
  forTilesOf([&](const Tile &tile) { combine(tile, pair); });
}

/// P1 reads X11, P2 X21, P3 X22.
void StrassenKernel::multiplyBlock(const Tile &tile, Index pair,
                                   Index product) {
  Index filterStart = scale(pair, plan.getPairSize(),
                            kernel.mul(product, number(plan.getMatrixSize())));
  Index secondHalf = kernel.div(product, number(2));
  Index secondChannels = kernel.min(product, number(1));
  saveProduct(
      tile, product,
      reduceInput(tile, kernel.mul(secondHalf, number(plan.getSecondStart())),
                  kernel.mul(secondChannels, number(plan.getChannelBlocks())),
                  plan.halfChannels, plan.tileVectors, filterStart,
                  /*asksAhead=*/true));
}

/// P4 to P7.
void StrassenKernel::multiplySum(const Tile &tile, Index pair, Index sum) {
  Index product = kernel.add(sum, number(strassenBlockProducts));
  Index filterStart = scale(pair, plan.getPairSize(),
                            kernel.mul(product, number(plan.getMatrixSize())));
  Index start = getSumStart(tile, sum);
  Accumulators sums = kernel.forLoop(
      number(0), number(plan.getChannelBlocks()), 1,
      startSums(tile.positions, plan.tileVectors),
      [&](Index channelBlock, ValueRange carried) {
        Index row = scale(channelBlock, lanes * width, filterStart);
        Index column = scale(channelBlock, tile.positions * lanes, start);
        if (plan.asksForInput)
          kernel.ifThen(isLastPair,
                        [&] { askForInput(tile, sum, channelBlock); });
        return reduceChannels(
            kernel, carried, buffers.filter, row, lanes, plan.tileVectors,
            [&](Index channel, int64_t t) {
              return InputPlace{
                  buffers.scratch,
                  getScratchPlace(kernel.add(kernel.add(column, channel),
                                             number(t * lanes)))};
            },
            [&](Index channel, int64_t step, int64_t steps) {
              askForFilter(tile, filterStart,
                           scale(channelBlock, lanes, channel), step, steps);
            });
      });
  saveProduct(tile, product, sums);
}

/// The channels that are no part of the halves, for Y11, Y12, Y21 and Y22.
void StrassenKernel::multiplyRest(const Tile &tile, Index pair, Index result) {
  Index secondOutputs = kernel.div(result, number(2));
  Index secondHalf = kernel.rem(result, number(2));
  Index filterStart =
      scale(pair, plan.getPairSize(),
            scale(secondOutputs, plan.getRestSize(),
                  number(StrassenPlan::products * plan.getMatrixSize())));
  saveProduct(tile, kernel.add(result, number(StrassenPlan::products)),
              reduceInput(tile,
                          kernel.mul(secondHalf, number(plan.getSecondStart())),
                          number(2 * plan.getChannelBlocks()),
                          plan.restChannels, plan.tileVectors, filterStart,
                          /*asksAhead=*/false));
}

/// The sum over channels of the input as they lie there, from block
/// `firstBlock` on; `halfStart` is how far the tile's positions lie behind its
/// first one.
Accumulators StrassenKernel::reduceInput(const Tile &tile, Index halfStart,
                                         Index firstBlock, int64_t channels,
                                         int64_t vectors, Index filterStart,
                                         bool asksAhead) {
  int64_t whole = channels / lanes, rest = channels % lanes;
  auto reduce = [&](Index block, int64_t count, ValueRange carried) {
    Index row = scale(block, lanes * vectors * lanes, filterStart);
    Index inputBlock = kernel.add(block, firstBlock);
    return reduceChannels(
        kernel, carried, buffers.filter, row, count, vectors,
        [&](Index channel, int64_t t) {
          return InputPlace{buffers.input,
                            getPlace(tile, kernel.add(halfStart, number(t)),
                                     inputBlock, channel, /*inOutput=*/false)};
        },
        [&](Index channel, int64_t step, int64_t steps) {
          if (asksAhead)
            askForFilter(tile, filterStart, scale(block, lanes, channel), step,
                         steps);
        });
  };
  Accumulators sums = kernel.forLoop(number(0), number(whole), 1,
                                     startSums(tile.positions, vectors),
                                     [&](Index block, ValueRange carried) {
                                       return reduce(block, lanes, carried);
                                     });
  return rest ? reduce(number(whole), rest, sums) : sums;
}

/// Asks for the matrix behind the one that begins at `filterStart`: each tile
/// for its share, part by part while it multiplies channel after channel, so
/// that memory is busy all the time. At one of the steps that begin with
/// `channel`.
void StrassenKernel::askForFilter(const Tile &tile, Index filterStart,
                                  Index channel, int64_t step, int64_t steps) {
  if (!plan.streamsFilter)
    return;
  int64_t rowTiles = llvm::divideCeil(plan.halfPositions, plan.tilePositions);
  int64_t share = llvm::divideCeil(width, plan.blockRows * rowTiles);
  Index tileNumber = scale(tile.blockRow, rowTiles,
                           kernel.div(tile.start, number(plan.tilePositions)));
  Index first = scale(tileNumber, plan.halfChannels, channel);
  kernel.prefetchPart(
      buffers.filter,
      scale(first, share,
            kernel.add(filterStart, number(plan.getMatrixSize()))),
      steps * share, step, steps);
}

/// Asks for a quarter of the next row's input of a tile: for the positions in
/// one half, the channels in one half.
void StrassenKernel::askForInput(Tile tile, Index quarter, Index channelBlock) {
  tile.row = kernel.add(tile.row, number(1));
  Index start =
      kernel.mul(kernel.rem(quarter, number(2)), number(plan.getSecondStart()));
  Index block = scale(kernel.div(quarter, number(2)), plan.getChannelBlocks(),
                      channelBlock);
  for (int64_t t = 0; t < tile.positions; ++t)
    kernel.prefetch(buffers.input,
                    getPlace(tile, kernel.add(start, number(t)), block,
                             number(0), /*inOutput=*/false),
                    lanes);
}

void StrassenKernel::saveProduct(const Tile &tile, Index product,
                                 const Accumulators &sums) {
  for (auto [i, sum] : llvm::enumerate(sums))
    kernel.storeVector(sum, buffers.scratch,
                       getProductPlace(tile, product, number(i)));
}

// --- results ----------------------------------------------------------------

/// The four results of each position and vector.
void StrassenKernel::combine(const Tile &tile, Index pair) {
  auto add = [&](Value a, Value b) -> Value {
    return arith::AddFOp::create(kernel.builder, kernel.location, a, b);
  };
  auto combinePosition = [&](Index t, int64_t v, bool storesFirst) {
    Index vector = scale(t, plan.tileVectors, number(v));
    auto load = [&](int64_t product) {
      return kernel.loadVector(buffers.scratch,
                               getProductPlace(tile, number(product), vector),
                               lanes);
    };
    Value p1 = load(0), p5 = load(4);
    Value most = add(p1, load(5)), more = add(most, load(6));
    Value results[] = {add(p1, load(1)), add(add(most, p5), load(2)),
                       add(more, load(3)), add(more, p5)};
    for (auto [i, sum] : llvm::enumerate(results)) {
      bool isSecondHalf = i % 2 != 0;
      if (!isSecondHalf && !storesFirst)
        continue;
      if (plan.restChannels > 0)
        sum = add(sum, load(StrassenPlan::products + i));
      Index output = scale(pair, 2 * plan.tileVectors,
                           number(i / 2 * plan.tileVectors + v));
      Index position =
          kernel.add(t, number(isSecondHalf ? plan.getSecondStart() : 0));
      finish(tile, output, position, sum);
    }
  };
  auto combineAll = [&](int64_t first, int64_t end, bool storesFirst) {
    if (first < end)
      kernel.forLoop(number(first), number(end), 1, [&](Index t) {
        for (int64_t v = 0; v < plan.tileVectors; ++v)
          combinePosition(t, v, storesFirst);
      });
  };
  combineAll(0, tile.stored, /*storesFirst=*/true);
  combineAll(tile.stored, tile.positions, /*storesFirst=*/false);
}

/// Bias, residual, activation and store of a vector of outputs.
void StrassenKernel::finish(const Tile &tile, Index vector, Index position,
                            Value sum) {
  if (buffers.bias)
    sum = arith::AddFOp::create(
        kernel.builder, kernel.location, sum,
        kernel.loadVector(buffers.bias, {vector, number(0)}, lanes));
  finishVector(kernel, buffers, op.getActivationAttr(), sum,
               getPlace(tile, position, vector, number(0), /*inOutput=*/true));
}

/// A block of output channels that has no partner.
void StrassenKernel::emitPlainBlock(Index image, Index block, int64_t number_) {
  int64_t firstVector = (2 * plan.pairs + number_) * plan.tileVectors;
  int64_t vectors = std::min(plan.tileVectors, plan.vectors - firstVector);
  int64_t filterStart =
      plan.pairs * plan.getPairSize() + number_ * width * plan.inChannels;
  forTiles(image, block, cutRow(plan.columns), [&](const Tile &tile) {
    Accumulators sums =
        reduceInput(tile, number(0), number(0), plan.inChannels, vectors,
                    number(filterStart), /*asksAhead=*/false);
    for (auto [i, sum] : llvm::enumerate(sums))
      finish(tile, number(firstVector + i % vectors), number(i / vectors), sum);
  });
}

void toeplitz::emitStrassen(kernel::ConvOp op, KernelBuilder &kernel) {
  StrassenKernel(op, kernel).emit();
}
