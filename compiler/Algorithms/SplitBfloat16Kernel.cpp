// The loops of bf16x3 and bf16x6. A task:
//
//   for each row of the panel (unless it was prepared)      convert:
//     for each channel step: split 32 channels of each position
//   for each block of output channels                       multiply:
//     for each block of tiles of positions: accumulators = 0
//       for each channel step
//         for each depth tap, row tap and column step that reach the input:
//           the products of the parts: low x high, high x high, high x low
//       store the accumulators; bias, residual, activation
//
// With several rounds the accumulators start from what the round before has
// stored, all of this is done for the channel steps of each round, and bias,
// residual and activation follow after the last one.
//
// Tile registers: with 2 vectors x 2 tiles of positions, 4 accumulators, 2
// tiles of the input and 2 of the filter; the order of the products needs no
// more. bf16x3 loads nothing twice, bf16x6 one part of the input.

#include "compiler/Algorithms/SplitBfloat16Kernel.h"
#include "compiler/Algorithms/SplitBfloat16.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

void SplitBfloat16Kernel::emit() {
  foldBuffers();
  firstStep = number(0);
  endStep = number(plan.channelSteps);
  if (kernel.isPreparing()) {
    SmallVector<Index> task = kernel.delinearize(
        kernel.task, {plan.countPanels(), plan.preparationTasks});
    preparedPanel = task[0];
    auto [first, end] =
        span(task[1], plan.groups * plan.channelSteps, plan.preparationTasks);
    convert(getPanel(task[0]), first, end);
    return;
  }
  // Tile registers are configured once for a function: tiles of two kernels in
  // one would have to share them.
  kernel.builder.getInsertionBlock()->getParentOp()->setAttr(
      "passthrough", kernel.builder.getStrArrayAttr({"noinline"}));
  SmallVector<Index> task =
      kernel.delinearize(kernel.task, {plan.countPanels(), plan.blockTasks});
  Panel panel = getPanel(task[0]);
  if (plan.isPrepared())
    preparedPanel = task[0];
  auto [first, end] = span(task[1], plan.countBlocks(), plan.blockTasks);
  if (plan.countRounds() > 1)
    multiplyInRounds(panel, first, end);
  else
    multiply(panel, first, end);
}

/// Gives the buffers the three dimensions of the plan.
void SplitBfloat16Kernel::foldBuffers() {
  for (Value *buffer : {&buffers.input, &buffers.output, &buffers.residual}) {
    if (!*buffer)
      continue;
    if (plan.isDense)
      *buffer = foldBatch(kernel, *buffer);
    else if (plan.isFolded)
      *buffer = foldPositions(kernel, *buffer, 1, plan.dimensions[2].output);
  }
  if (plan.isPlain) {
    // N x C x I x 1 as N x C x I: rows are contiguous.
    int64_t rank = cast<MemRefType>(buffers.input.getType()).getRank();
    SmallVector<ReassociationIndices> dimensions;
    for (int64_t d = 0; d + 1 < rank; ++d)
      dimensions.push_back({d});
    dimensions.back().push_back(rank - 1);
    buffers.input = memref::CollapseShapeOp::create(
        kernel.builder, kernel.location, buffers.input, dimensions);
  }
}

SplitBfloat16Kernel::Panel SplitBfloat16Kernel::getPanel(Index number_) {
  SmallVector<Index> place =
      kernel.delinearize(number_, {plan.batch, plan.dimensions[0].output,
                                   plan.rowPanels, plan.columnPanels});
  Panel panel;
  panel.number = number_;
  panel.image = place[0];
  panel.depth = place[1];
  std::tie(panel.firstRow, panel.endRow) =
      getPart(kernel, place[2], plan.panelRows, plan.dimensions[1].output);
  std::tie(panel.firstTile, panel.endTile) =
      getPart(kernel, place[3], plan.panelTiles, plan.countRowTiles());
  return panel;
}

SmallVector<Index> SplitBfloat16Kernel::getPlace(Index step, int64_t part,
                                                 Index element) {
  Index place =
      scale(scale(step, plan.parts, number(part)), plan.getPartSize(), element);
  if (preparedPanel)
    return {scale(preparedPanel, plan.getPanelSize(), place)};
  return {Index(kernel.slot),
          kernel.sub(place, kernel.mul(firstStep, number(plan.parts *
                                                         plan.getPartSize())))};
}

// --- the products

void SplitBfloat16Kernel::multiply(const Panel &panel, Index firstBlock,
                                   Index endBlock) {
  auto type =
      MemRefType::get({mostAccumulators, plan.tilePositions, tileColumns},
                      kernel.builder.getF32Type());
  sums = memref::AllocaOp::create(kernel.builder, kernel.location, type,
                                  kernel.builder.getI64IntegerAttr(64));
  if (!plan.isPrepared())
    convert(panel, number(0), number(plan.groups * plan.channelSteps));
  forBlocks(firstBlock, endBlock, [&](const Block &block) {
    forSets(panel, block, [&](const Block &passed, ArrayRef<Tile> tiles) {
      reduce(panel, passed, tiles);
      finish(panel, passed, tiles);
    });
  });
}

void SplitBfloat16Kernel::multiplyInRounds(const Panel &panel, Index firstBlock,
                                           Index endBlock) {
  sums = buffers.scratch;
  Value zero = zeros(tileDepth);
  Index start = number(2 * plan.getConvertedSize());
  kernel.forLoop(
      number(0), number(2 * plan.getSumsSize()), tileDepth, [&](Index place) {
        kernel.storeVector(zero, sums,
                           {Index(kernel.slot), kernel.add(start, place)});
      });
  kernel.forLoop(number(0), number(plan.countRounds()), 1, [&](Index round) {
    std::tie(firstStep, endStep) =
        getPart(kernel, round, plan.roundSteps, plan.channelSteps);
    if (!plan.isPrepared())
      convert(panel, firstStep, endStep);
    forBlocks(firstBlock, endBlock, [&](const Block &block) {
      forSets(panel, block, [&](const Block &passed, ArrayRef<Tile> tiles) {
        reduce(panel, passed, tiles);
      });
    });
  });
  forBlocks(firstBlock, endBlock, [&](const Block &block) {
    forSets(panel, block, [&](const Block &passed, ArrayRef<Tile> tiles) {
      finish(panel, passed, tiles);
    });
  });
}

void SplitBfloat16Kernel::forBlocks(
    Index firstBlock, Index endBlock,
    llvm::function_ref<void(const Block &)> body) {
  int64_t groupBlocks = plan.countGroupBlocks();
  int64_t rest = plan.groupVectors % plan.blockVectors;
  kernel.forLoop(firstBlock, endBlock, 1, [&](Index number_) {
    Block block;
    block.number = kernel.sub(number_, firstBlock);
    block.group = kernel.div(number_, number(groupBlocks));
    Index groupBlock = kernel.rem(number_, number(groupBlocks));
    block.groupVector = kernel.mul(groupBlock, number(plan.blockVectors));
    // In vectors: the filter of each has a tile for each part of each step.
    block.filterStart =
        kernel.mul(scale(block.group, plan.groupVectors, block.groupVector),
                   number(plan.countSteps() * plan.parts * tileSize));
    block.vectors = plan.blockVectors;
    if (rest == 0) {
      body(block);
      return;
    }
    Value isLast = arith::CmpIOp::create(
        kernel.builder, kernel.location, arith::CmpIPredicate::eq,
        kernel.value(groupBlock), kernel.value(number(groupBlocks - 1)));
    auto branch = scf::IfOp::create(kernel.builder, kernel.location, isLast,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(kernel.builder);
    kernel.builder.setInsertionPointToStart(branch.elseBlock());
    body(block);
    kernel.builder.setInsertionPointToStart(branch.thenBlock());
    block.vectors = rest;
    body(block);
  });
}

void SplitBfloat16Kernel::forSets(
    const Panel &panel, const Block &block,
    llvm::function_ref<void(const Block &, ArrayRef<Tile>)> body) {
  // The tiles of the panel, row by row.
  Index count = kernel.mul(kernel.sub(panel.endRow, panel.firstRow),
                           kernel.sub(panel.endTile, panel.firstTile));
  if (plan.isJoined)
    count = kernel.div(
        kernel.add(countJoined(panel), number(plan.tilePositions - 1)),
        number(plan.tilePositions));
  auto getTile = [&](Index number_) {
    Tile tile;
    tile.row = number(0);
    Index rowTile = number_;
    if (plan.panelRows > 1 && !plan.isJoined) {
      // (Such panels have whole rows.)
      tile.row = kernel.div(number_, number(plan.panelTiles));
      rowTile = kernel.rem(number_, number(plan.panelTiles));
    }
    tile.panelColumn = kernel.mul(rowTile, number(plan.tilePositions));
    tile.column = kernel.mul(kernel.add(panel.firstTile, rowTile),
                             number(plan.tilePositions));
    return tile;
  };
  int64_t together = mostAccumulators / block.vectors;
  Index wholeSets = kernel.div(count, number(together));
  Index whole = kernel.mul(wholeSets, number(together));
  auto callFrom = [&](Index first, Index set, int64_t tiles) {
    Block passed = block;
    passed.pass = kernel.div(first, number(together));
    passed.set = set;
    SmallVector<Tile> list;
    for (int64_t t = 0; t < tiles; ++t)
      list.push_back(getTile(kernel.add(first, number(t))));
    body(passed, list);
  };
  kernel.forLoop(number(0), whole, together, [&](Index first) {
    callFrom(first, kernel.div(first, number(together)), together);
  });
  kernel.forLoop(whole, count, 1, [&](Index first) {
    callFrom(first, kernel.add(wholeSets, kernel.sub(first, whole)), 1);
  });
}

int64_t SplitBfloat16Kernel::countChains(size_t tiles, int64_t vectors) {
  auto accumulators = static_cast<int64_t>(tiles) * vectors;
  return std::min<int64_t>(
      3, std::max<int64_t>(1, mostAccumulators / accumulators));
}

/// The taps of dimension d that reach the input from any of the outputs from
/// `first` to `last`, or all where that makes no difference.
TapRange SplitBfloat16Kernel::getTaps(int64_t d, Index first, Index last) {
  const Dimension &dimension = plan.dimensions[d];
  TapRange range = getTapRange(kernel, dimension, last);
  range.end = getTapRange(kernel, dimension, first).end;
  return range;
}

/// Multiplies, and stores the accumulators.
void SplitBfloat16Kernel::reduce(const Panel &panel, const Block &block,
                                 ArrayRef<Tile> tiles) {
  int64_t chains = countChains(tiles.size(), block.vectors);
  SmallVector<Value> accumulators;
  Type sumType =
      getTile(plan.tilePositions, tileColumns, kernel.builder.getF32Type());
  bool isFirstRound = plan.countRounds() == 1;
  for (int64_t i = 0;
       i < chains * static_cast<int64_t>(tiles.size()) * block.vectors; ++i)
    accumulators.push_back(
        isFirstRound
            ? Value(amx::TileZeroOp::create(kernel.builder, kernel.location,
                                            sumType))
            : amx::TileLoadOp::create(
                  kernel.builder, kernel.location, sumType, sums,
                  toValues(getSumPlace(block, i, number(0))), sumStride()));

  TapRange depthTaps = getTaps(0, panel.depth, panel.depth);
  TapRange rowTaps =
      getTaps(1, getRow(panel, tiles.front(), number(0)),
              getRow(panel, tiles.back(), number(plan.tilePositions - 1)));
  // Taps that are far apart may leave the input from all columns of a tile.
  TapRange columnSteps = {number(0), number(plan.columnSteps)};
  if (plan.stepTaps == 1 && !plan.isJoined &&
      (columns.kernel - 1) * columns.dilation >= plan.tilePositions) {
    Index first = tiles[0].column, last = tiles[0].column;
    for (const Tile &tile : tiles.drop_front()) {
      first = kernel.min(first, tile.column);
      last = kernel.max(last, tile.column);
    }
    columnSteps =
        getTaps(2, first, kernel.add(last, number(plan.tilePositions - 1)));
  }
  // Channels outside, taps inside: what neighbouring taps read of a few
  // channels is mostly the same, and still in the first-level cache.
  using Carried = ValueRange;
  accumulators = kernel.forLoop(
      firstStep, endStep, 1, accumulators, [&](Index step, Carried carried) {
        return kernel.forLoop(
            depthTaps.first, depthTaps.end, 1, carried,
            [&](Index depthTap, Carried carried) {
              return kernel.forLoop(
                  rowTaps.first, rowTaps.end, 1, carried,
                  [&](Index rowTap, Carried carried) {
                    Index outerTap = scale(depthTap, rows.kernel, rowTap);
                    // The input row of the panel, without that of the tile.
                    Index inputRow =
                        scale(depthTap, plan.getInputRows(),
                              kernel.mul(rowTap, number(rows.dilation)));
                    return kernel.forLoop(
                        columnSteps.first, columnSteps.end, 1, carried,
                        [&](Index columnStep, Carried carried) {
                          Index inputPosition = scale(
                              inputRow, plan.getPitch(),
                              kernel.mul(columnStep, number(plan.stepTaps *
                                                            columns.dilation)));
                          Index filterStep =
                              scale(scale(step, depths.kernel * rows.kernel,
                                          outerTap),
                                    plan.columnSteps, columnStep);
                          return multiplyStep(
                              block, tiles,
                              scale(block.group, plan.channelSteps, step),
                              inputPosition, filterStep, chains, carried);
                        });
                  });
            });
      });
  for (auto [i, accumulator] : llvm::enumerate(accumulators))
    amx::TileStoreOp::create(
        kernel.builder, kernel.location, sums,
        toValues(getSumPlace(block, static_cast<int64_t>(i), number(0))),
        accumulator, sumStride());
}

Value SplitBfloat16Kernel::loadTile(int64_t rows, Value memory,
                                    ArrayRef<Index> place, int64_t stride) {
  return amx::TileLoadOp::create(kernel.builder, kernel.location,
                                 getTile(rows, tileDepth, bfloat16()), memory,
                                 toValues(place), kernel.value(number(stride)));
}

/// The requests of product `product` of `products` of a step (see
/// countRequestedLines): those of all steps and passes follow each other in
/// memory, so that the hardware's own requests go along with them.
void SplitBfloat16Kernel::prefetchFilter(const Block &block, Index filterStep,
                                         int64_t product, int64_t products) {
  if (plan.hasOnePass()) {
    requestAhead(block, filterStep, product, products);
    return;
  }
  int64_t lines = plan.countRequestedLines(block.vectors);
  if (lines == 0)
    return;
  // (A row of a tile is a line.)
  int64_t size = lines * tileDepth;
  int64_t roundSteps = plan.roundSteps * plan.countTapSteps();
  int64_t stepSize = getStepSize(block);
  // The first pass, which finds the beginning of its filter in the second-level
  // cache and streams through the rest, asks for the end of it.
  Index firstOfRound = kernel.mul(firstStep, number(plan.countTapSteps()));
  Index end = scale(kernel.add(firstOfRound, number(roundSteps)), stepSize,
                    block.filterStart);
  // (With rounds, the next block's part doesn't follow this one's.)
  Index part = scale(kernel.min(block.pass, number(1)),
                     (plan.countSteps() - roundSteps) * stepSize, end);
  Index step = scale(kernel.sub(block.pass, number(1)), roundSteps,
                     kernel.sub(filterStep, firstOfRound));
  kernel.prefetchPart(buffers.filter, {scale(step, size, part)}, size, product,
                      products);
}

/// Where a block is gone through once (see hasOnePass), each step asks for what
/// one some steps later reads: every fourth line, of which the hardware's own
/// requests make whole pages. (512 channels of 7 x 7 by 3 x 3: 478 us; with
/// every line 520, with none 630; 16 steps ahead are as good, 32 worse.)
void SplitBfloat16Kernel::requestAhead(const Block &block, Index filterStep,
                                       int64_t product, int64_t products) {
  constexpr int64_t stepsAhead = 8, everyLine = 4;
  int64_t lines = plan.countStepLines(block.vectors) / everyLine;
  Index start = scale(kernel.add(filterStep, number(stepsAhead)),
                      getStepSize(block), block.filterStart);
  int64_t end = (product + 1) * lines / products;
  for (int64_t line = product * lines / products; line < end; ++line)
    kernel.prefetch(buffers.filter,
                    {kernel.add(start, number(line * everyLine * tileDepth))},
                    /*count=*/1);
}

/// One step of all accumulators, which are ordered by chain, tile and vector.
SmallVector<Value> SplitBfloat16Kernel::multiplyStep(
    const Block &block, ArrayRef<Tile> tiles, Index step, Index inputPosition,
    Index filterStep, int64_t chains, ValueRange accumulators) {
  SmallVector<Value> results(accumulators);
  auto tileCount = static_cast<int64_t>(tiles.size());
  auto loadFilter = [&](int64_t part, int64_t vector) {
    Index start = scale(filterStep, getStepSize(block), block.filterStart);
    start =
        kernel.add(start, number((part * block.vectors + vector) * tileSize));
    return loadTile(tileRows, buffers.filter, {start}, tileDepth);
  };
  auto loadInput = [&](int64_t part, int64_t t) {
    // (A panel's rows lie behind each other.)
    Index position = kernel.add(
        kernel.mul(tiles[t].row,
                   number(plan.getPanelStride(1) * plan.getPitch())),
        kernel.mul(tiles[t].panelColumn, number(plan.getPanelStride(2))));
    position = kernel.mul(kernel.add(position, inputPosition),
                          number(plan.stepChannels));
    return loadTile(plan.tilePositions,
                    plan.isPrepared() ? buffers.prepared : buffers.scratch,
                    getPlace(step, part, position),
                    plan.getPanelStride(2) * plan.stepChannels);
  };
  int64_t product = 0;
  int64_t products = plan.countProducts() * tileCount * block.vectors;
  auto multiply = [&](int64_t chain, int64_t t, int64_t v, Value input,
                      Value filter) {
    Value &sum = results[(chain % chains * tileCount + t) * block.vectors + v];
    sum = amx::TileMulFOp::create(kernel.builder, kernel.location,
                                  sum.getType(), input, filter, sum);
    prefetchFilter(block, filterStep, product++, products);
  };
  if (tileCount > 2) {
    // One vector of many tiles, which fill the accumulators: two parts of the
    // filter stay, a third one takes their place when all tiles are done with
    // them.
    for (int64_t first = 0; first < plan.parts; first += 2) {
      SmallVector<Value> filter;
      int64_t end = std::min(first + 2, plan.parts);
      for (int64_t part = first; part < end; ++part)
        filter.push_back(loadFilter(part, 0));
      for (int64_t t = 0; t < tileCount; ++t)
        for (int64_t part = plan.parts - 1 - first; part >= 0; --part) {
          Value input = loadInput(part, t);
          for (int64_t other = first; other < end && part + other < plan.parts;
               ++other)
            multiply(/*chain=*/0, t, 0, input, filter[other - first]);
        }
    }
    return results;
  }
  // As few loads as possible with two tiles of each at a time: the parts of the
  // input with the high one of the filter, then what is left with the others.
  SmallVector<Value> input, filter;
  int64_t inputPart = -1, chain = 0;
  auto loadInputs = [&](int64_t part) {
    if (part == inputPart)
      return;
    input.clear();
    for (int64_t t = 0; t < tileCount; ++t)
      input.push_back(loadInput(part, t));
    inputPart = part;
  };
  auto multiplyInput = [&](int64_t part) {
    loadInputs(part);
    for (int64_t t = 0; t < tileCount; ++t)
      for (int64_t v = 0; v < block.vectors; ++v)
        multiply(chain, t, v, input[t], filter[v]);
    ++chain;
  };
  auto loadFilters = [&](int64_t part) {
    filter.clear();
    for (int64_t v = 0; v < block.vectors; ++v)
      filter.push_back(loadFilter(part, v));
  };
  loadInputs(plan.parts - 1);
  loadFilters(0);
  for (int64_t part = plan.parts - 1; part >= 0; --part)
    multiplyInput(part);
  for (int64_t filterPart = plan.parts - 1; filterPart > 0; --filterPart) {
    loadFilters(filterPart);
    for (int64_t part = 0; part + filterPart < plan.parts; ++part)
      multiplyInput(part);
  }
  return results;
}

void toeplitz::emitSplitBfloat16(kernel::ConvOp op, KernelBuilder &kernel) {
  SplitBfloat16Kernel(op, kernel).emit();
}
