// The loops of bf16x3. A task:
//
//   for each row of the panel (unless it was prepared)      convert:
//     for each channel step: split 32 channels of each position
//   for each block of output channels                       multiply:
//     for each block of tiles of positions: accumulators = 0
//       for each depth tap, row tap and column step that reach the input
//         for each channel step: low x high, high x high, high x low
//       store the accumulators; bias, residual, activation
//
// Tile registers: with 2 vectors x 2 tiles of positions, 4 accumulators, 2
// tiles of the input and 2 of the filter; the order of the three products needs
// no more, and loads nothing twice.

#include "compiler/Algorithms/BlockedKernel.h"
#include "compiler/Algorithms/SplitBfloat16.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

class Emitter {
public:
  Emitter(kernel::ConvOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), plan(op), depths(plan.dimensions[0]),
        rows(plan.dimensions[1]), columns(plan.dimensions[2]),
        buffers(getBuffers(op, kernel)), activation(op.getActivationAttr()) {}

  void emit();

private:
  /// A panel's place: the image, the position of the depth, and the first row
  /// and tile.
  struct Panel {
    Index number, image, depth, firstRow, endRow, firstTile, endTile;
  };
  /// What is multiplied at a time.
  struct Block {
    Index group;
    /// The first vector in its group, and where the block's filter begins.
    Index groupVector, filterStart;
    int64_t vectors;
  };
  /// A tile of positions: its row in the panel, and its first column in the
  /// panel and in the image.
  struct Tile {
    Index row, panelColumn, column;
  };

  void foldBuffers();
  Panel getPanel(Index number);
  void convert(const Panel &panel, Index firstStep, Index endStep);
  void convertRow(const Panel &panel, Index step, Index depthTap, Index row);
  void convertChannels(Index step, int64_t blocks, Index position,
                       llvm::function_ref<Value(Index)> load);
  void multiply(const Panel &panel, Index firstBlock, Index endBlock);
  void multiplyBlock(const Panel &panel, const Block &block);
  void multiplyTiles(const Panel &panel, const Block &block,
                     ArrayRef<Tile> tiles);
  SmallVector<Value> reduce(const Panel &panel, const Block &block,
                            ArrayRef<Tile> tiles, int64_t chains);
  SmallVector<Value> multiplyStep(const Block &block, ArrayRef<Tile> tiles,
                                  Index step, Index inputPosition,
                                  Index filterTile, int64_t chains,
                                  ValueRange accumulators);
  void finish(const Panel &panel, const Block &block, ArrayRef<Tile> tiles,
              int64_t chains, ValueRange accumulators);
  TapRange getTaps(int64_t d, Index first, Index last);

  /// The dimensions of positions that the buffers have, the last ones of the
  /// plan's.
  size_t countPositions() {
    return plan.isDense ? 1 : plan.isFolded ? 2 : op.getKernel().size();
  }
  /// The split input: channel step, half, and the number of an element there.
  SmallVector<Index> getPlace(Index step, int64_t half, Index element);
  /// The type of a tile.
  Type getTile(int64_t rows, int64_t columns, Type element) {
    return amx::TileType::get({rows, columns}, element);
  }
  Value loadTile(int64_t rows, Value memory, ArrayRef<Index> place,
                 int64_t stride);
  SmallVector<Value> toValues(ArrayRef<Index> indices) {
    return llvm::map_to_vector(
        indices, [&](Index index) { return kernel.value(index); });
  }
  std::pair<Index, Index> span(Index part, int64_t all, int64_t parts) {
    int64_t each = llvm::divideCeil(all, parts);
    Index first = kernel.mul(part, number(each));
    Index end = kernel.add(first, number(each));
    if (all % each != 0)
      end = kernel.min(end, number(all));
    return {first, end};
  }
  /// a * factor + b
  Index scale(Index a, int64_t factor, Index b) {
    return kernel.add(kernel.mul(a, number(factor)), b);
  }
  Index number(int64_t value) { return kernel.constant(value); }
  Type bfloat16() { return kernel.builder.getBF16Type(); }

  kernel::ConvOp op;
  KernelBuilder &kernel;
  SplitBfloat16Plan plan;
  const Dimension &depths, &rows, &columns;
  ConvolutionBuffers buffers;
  kernel::ActivationAttr activation;
  /// The panel's number where it was prepared; else nothing.
  Index preparedPanel;
  /// Accumulators on their way to the result.
  Value sums;
};

void Emitter::emit() {
  foldBuffers();
  if (kernel.preparing) {
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
  auto type = MemRefType::get({4, plan.tilePositions, tileColumns},
                              kernel.builder.getF32Type());
  sums = memref::AllocaOp::create(kernel.builder, kernel.location, type,
                                  kernel.builder.getI64IntegerAttr(64));
  SmallVector<Index> task =
      kernel.delinearize(kernel.task, {plan.countPanels(), plan.blockTasks});
  Panel panel = getPanel(task[0]);
  if (plan.isPrepared())
    preparedPanel = task[0];
  else
    convert(panel, number(0), number(plan.groups * plan.channelSteps));
  auto [first, end] = span(task[1], plan.countBlocks(), plan.blockTasks);
  multiply(panel, first, end);
}

/// Gives the buffers the three dimensions of the plan.
void Emitter::foldBuffers() {
  for (Value *buffer : {&buffers.input, &buffers.output, &buffers.residual}) {
    if (!*buffer)
      continue;
    if (plan.isDense)
      *buffer = foldBatch(kernel, *buffer);
    else if (plan.isFolded)
      *buffer = foldPositions(kernel, *buffer, 1, plan.dimensions[2].output);
  }
}

Emitter::Panel Emitter::getPanel(Index number_) {
  SmallVector<Index> place =
      kernel.delinearize(number_, {plan.batch, plan.dimensions[0].output,
                                   plan.rowPanels, plan.columnPanels});
  Panel panel;
  panel.number = number_;
  panel.image = place[0];
  panel.depth = place[1];
  auto range = [&](Index part, int64_t each, int64_t all, Index &first,
                   Index &end) {
    first = kernel.mul(part, number(each));
    end = kernel.add(first, number(each));
    if (all % each != 0)
      end = kernel.min(end, number(all));
  };
  range(place[2], plan.panelRows, plan.dimensions[1].output, panel.firstRow,
        panel.endRow);
  range(place[3], plan.panelTiles, plan.countRowTiles(), panel.firstTile,
        panel.endTile);
  return panel;
}

SmallVector<Index> Emitter::getPlace(Index step, int64_t half, Index element) {
  Index place =
      scale(scale(step, 2, number(half)), plan.getHalfSize(), element);
  if (preparedPanel)
    return {scale(preparedPanel, plan.getPanelSize(), place)};
  return {Index(kernel.slot), place};
}

// --- the input

void Emitter::convert(const Panel &panel, Index firstStep, Index endStep) {
  // As many rows as the panel's outputs read: the last one may have fewer.
  Index outputs = kernel.sub(panel.endRow, panel.firstRow);
  Index inputs = kernel.add(kernel.mul(kernel.sub(outputs, number(1)),
                                       number(plan.getPanelStride(1))),
                            number((rows.kernel - 1) * rows.dilation + 1));
  kernel.forLoop(firstStep, endStep, 1, [&](Index step) {
    kernel.forLoop(number(0), number(plan.dimensions[0].kernel), 1,
                   [&](Index depthTap) {
                     kernel.forLoop(number(0), inputs, 1, [&](Index row) {
                       convertRow(panel, step, depthTap, row);
                     });
                   });
  });
}

/// One row of a panel: zeros before the input, what lies in it, zeros behind.
void Emitter::convertRow(const Panel &panel, Index step, Index depthTap,
                         Index row) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  int64_t blockChannels = tileColumns;
  int64_t stepBlocks = plan.stepChannels / blockChannels;
  // The blocks of the input that hold a group: groups are whole blocks.
  int64_t groupBlocks = llvm::divideCeil(plan.inChannels, blockChannels);
  Index group = kernel.div(step, number(plan.channelSteps));
  Index groupStep = kernel.rem(step, number(plan.channelSteps));
  Index firstBlock =
      scale(group, groupBlocks, kernel.mul(groupStep, number(stepBlocks)));

  // Where this row and its first column lie in the input.
  Index depth = kernel.sub(scale(panel.depth, depths.stride,
                                 kernel.mul(depthTap, number(depths.dilation))),
                           number(depths.paddingLow));
  Index inputRow =
      kernel.sub(kernel.add(kernel.mul(panel.firstRow, number(rows.stride)),
                            kernel.mul(row, number(plan.getInputStep(1)))),
                 number(rows.paddingLow));
  Index firstColumn = kernel.sub(
      kernel.mul(panel.firstTile, number(plan.tilePositions * columns.stride)),
      number(columns.paddingLow));
  int64_t columnStep = plan.getInputStep(2);
  int64_t count = plan.getInputColumns();
  Index rowStart =
      kernel.mul(scale(depthTap, plan.getInputRows(), row),
                 number(plan.getInputColumns() * plan.stepChannels));
  auto position = [&](Index column) {
    return kernel.add(rowStart, kernel.mul(column, number(plan.stepChannels)));
  };

  // Columns [begin, end) of the panel lie in the input.
  Index begin =
      kernel.max(number(0), kernel.ceilDiv(kernel.sub(number(0), firstColumn),
                                           number(columnStep)));
  Index end = kernel.max(
      number(0),
      kernel.min(number(count),
                 kernel.ceilDiv(kernel.sub(number(columns.input), firstColumn),
                                number(columnStep))));
  begin = kernel.min(begin, number(count));
  end = kernel.max(begin, end);

  Value zeros = kernel.splat(0.0f, blockChannels);
  auto clear = [&](Index from, Index to) {
    kernel.forLoop(from, to, 1, [&](Index column) {
      convertChannels(step, 0, position(column), [&](Index) { return zeros; });
    });
  };
  auto copy = [&](int64_t blocks) {
    kernel.forLoop(begin, end, 1, [&](Index column) {
      Index inputColumn =
          kernel.add(firstColumn, kernel.mul(column, number(columnStep)));
      convertChannels(step, blocks, position(column), [&](Index block) {
        SmallVector<Index> place = {panel.image, kernel.add(firstBlock, block)};
        // (Folded: one row.)
        size_t rank = countPositions();
        Index all[] = {depth, inputRow, inputColumn};
        place.append(std::end(all) - rank, std::end(all));
        place.push_back(number(0));
        return kernel.loadVector(buffers.input, place, blockChannels);
      });
    });
  };
  auto fill = [&] {
    clear(number(0), begin);
    int64_t last = groupBlocks - (plan.channelSteps - 1) * stepBlocks;
    if (last == stepBlocks) {
      copy(stepBlocks);
    } else if (plan.channelSteps == 1) {
      copy(last);
    } else {
      // The last step of a group has fewer channels.
      Value isLast = arith::CmpIOp::create(
          builder, location, arith::CmpIPredicate::eq, kernel.value(groupStep),
          kernel.value(number(plan.channelSteps - 1)));
      auto branch = scf::IfOp::create(builder, location, isLast,
                                      /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(branch.thenBlock());
      copy(last);
      builder.setInsertionPointToStart(branch.elseBlock());
      copy(stepBlocks);
    }
    clear(end, number(count));
  };

  // Rows in the padding are zeros.
  Value inside;
  for (auto [place, dimension] :
       {std::pair(depth, &depths), std::pair(inputRow, &rows)}) {
    if (dimension->kernel == 1 && dimension->paddingLow == 0 &&
        dimension->getInputPosition(dimension->output - 1, 0) <
            dimension->input)
      continue;
    // As unsigned numbers, positions before the input are beyond it too.
    Value within = arith::CmpIOp::create(
        builder, location, arith::CmpIPredicate::ult, kernel.value(place),
        kernel.value(number(dimension->input)));
    inside =
        inside ? Value(arith::AndIOp::create(builder, location, inside, within))
               : within;
  }
  if (!inside) {
    fill();
    return;
  }
  auto branch = scf::IfOp::create(builder, location, inside,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  fill();
  builder.setInsertionPointToStart(branch.elseBlock());
  clear(number(0), number(count));
}

/// Splits the channels of one position: `blocks` of 16 are loaded, the rest of
/// the step is zero.
void Emitter::convertChannels(Index step, int64_t blocks, Index position,
                              llvm::function_ref<Value(Index)> load) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  int64_t lanes = tileColumns;
  auto halves = VectorType::get({lanes}, bfloat16());
  auto bits = [&](unsigned width) {
    return VectorType::get({lanes}, builder.getIntegerType(width));
  };
  auto round = [&](Value numbers) -> Value {
    return x86vector::CvtPackedF32ToBF16Op::create(builder, location, halves,
                                                   numbers);
  };
  for (int64_t block = 0; block < plan.stepChannels / lanes; ++block) {
    Value high, low;
    if (block < blocks) {
      Value numbers = load(number(block));
      high = round(numbers);
      // As f32: the same bits, and 16 zeros behind.
      Value wide = arith::ExtUIOp::create(
          builder, location, bits(32),
          arith::BitcastOp::create(builder, location, bits(16), high));
      Value shift = arith::ConstantOp::create(
          builder, location,
          DenseElementsAttr::get(bits(32), builder.getI32IntegerAttr(16)));
      wide = arith::BitcastOp::create(
          builder, location, numbers.getType(),
          arith::ShLIOp::create(builder, location, wide, shift));
      low = round(arith::SubFOp::create(builder, location, numbers, wide));
    } else {
      high = low = arith::ConstantOp::create(
          builder, location,
          DenseElementsAttr::get(halves, builder.getFloatAttr(bfloat16(), 0)));
    }
    Index place = kernel.add(position, number(block * lanes));
    Value memory = preparedPanel ? buffers.prepared : buffers.scratch;
    kernel.storeVector(high, memory, getPlace(step, 0, place));
    kernel.storeVector(low, memory, getPlace(step, 1, place));
  }
}

// --- the products

void Emitter::multiply(const Panel &panel, Index firstBlock, Index endBlock) {
  int64_t groupBlocks = plan.countGroupBlocks();
  int64_t rest = plan.groupVectors % plan.blockVectors;
  kernel.forLoop(firstBlock, endBlock, 1, [&](Index number_) {
    Block block;
    block.group = kernel.div(number_, number(groupBlocks));
    Index groupBlock = kernel.rem(number_, number(groupBlocks));
    block.groupVector = kernel.mul(groupBlock, number(plan.blockVectors));
    // In vectors: the filter of each has a tile for each half of each step.
    block.filterStart =
        kernel.mul(scale(block.group, plan.groupVectors, block.groupVector),
                   number(plan.countSteps() * 2 * tileRows * tileDepth));
    block.vectors = plan.blockVectors;
    if (rest == 0) {
      multiplyBlock(panel, block);
      return;
    }
    Value isLast = arith::CmpIOp::create(
        kernel.builder, kernel.location, arith::CmpIPredicate::eq,
        kernel.value(groupBlock), kernel.value(number(groupBlocks - 1)));
    auto branch = scf::IfOp::create(kernel.builder, kernel.location, isLast,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(kernel.builder);
    kernel.builder.setInsertionPointToStart(branch.elseBlock());
    multiplyBlock(panel, block);
    kernel.builder.setInsertionPointToStart(branch.thenBlock());
    block.vectors = rest;
    multiplyBlock(panel, block);
  });
}

void Emitter::multiplyBlock(const Panel &panel, const Block &block) {
  // The tiles of the panel, row by row.
  Index rowTiles = kernel.sub(panel.endTile, panel.firstTile);
  Index count = kernel.mul(kernel.sub(panel.endRow, panel.firstRow), rowTiles);
  auto getTile = [&](Index number_) {
    Tile tile;
    tile.row = number(0);
    Index rowTile = number_;
    if (plan.panelRows > 1) {
      // (Such panels have whole rows.)
      tile.row = kernel.div(number_, number(plan.panelTiles));
      rowTile = kernel.rem(number_, number(plan.panelTiles));
    }
    tile.panelColumn = kernel.mul(rowTile, number(plan.tilePositions));
    tile.column = kernel.mul(kernel.add(panel.firstTile, rowTile),
                             number(plan.tilePositions));
    return tile;
  };
  auto multiplyFrom = [&](Index first, int64_t tiles) {
    SmallVector<Tile> list;
    for (int64_t t = 0; t < tiles; ++t)
      list.push_back(getTile(kernel.add(first, number(t))));
    multiplyTiles(panel, block, list);
  };
  int64_t together = 4 / block.vectors;
  Index whole =
      kernel.mul(kernel.div(count, number(together)), number(together));
  kernel.forLoop(number(0), whole, together,
                 [&](Index first) { multiplyFrom(first, together); });
  kernel.forLoop(whole, count, 1, [&](Index first) { multiplyFrom(first, 1); });
}

void Emitter::multiplyTiles(const Panel &panel, const Block &block,
                            ArrayRef<Tile> tiles) {
  // A product takes 16 cycles but is done after 52: with fewer than four
  // accumulators, those of the three products are apart.
  auto accumulators = static_cast<int64_t>(tiles.size()) * block.vectors;
  int64_t chains = std::min<int64_t>(3, std::max<int64_t>(1, 4 / accumulators));
  finish(panel, block, tiles, chains, reduce(panel, block, tiles, chains));
}

/// The taps of dimension d that reach the input from any of the outputs from
/// `first` to `last`, or all where that makes no difference.
TapRange Emitter::getTaps(int64_t d, Index first, Index last) {
  const Dimension &dimension = plan.dimensions[d];
  TapRange range = getTapRange(kernel, dimension, last);
  range.end = getTapRange(kernel, dimension, first).end;
  return range;
}

SmallVector<Value> Emitter::reduce(const Panel &panel, const Block &block,
                                   ArrayRef<Tile> tiles, int64_t chains) {
  SmallVector<Value> accumulators;
  Type sumType =
      getTile(plan.tilePositions, tileColumns, kernel.builder.getF32Type());
  for (int64_t i = 0;
       i < chains * static_cast<int64_t>(tiles.size()) * block.vectors; ++i)
    accumulators.push_back(
        amx::TileZeroOp::create(kernel.builder, kernel.location, sumType));

  TapRange depthTaps = getTaps(0, panel.depth, panel.depth);
  TapRange rowTaps = getTaps(1, kernel.add(panel.firstRow, tiles.front().row),
                             kernel.add(panel.firstRow, tiles.back().row));
  // Taps that are far apart may leave the input from all columns of a tile.
  TapRange columnSteps = {number(0), number(plan.columnSteps)};
  if (plan.stepTaps == 1 &&
      (columns.kernel - 1) * columns.dilation >= plan.tilePositions) {
    Index first = tiles[0].column, last = tiles[0].column;
    for (const Tile &tile : tiles.drop_front()) {
      first = kernel.min(first, tile.column);
      last = kernel.max(last, tile.column);
    }
    columnSteps =
        getTaps(2, first, kernel.add(last, number(plan.tilePositions - 1)));
  }
  using Carried = ValueRange;
  return kernel.forLoop(
      depthTaps.first, depthTaps.end, 1, accumulators,
      [&](Index depthTap, Carried carried) {
        return kernel.forLoop(
            rowTaps.first, rowTaps.end, 1, carried,
            [&](Index rowTap, Carried carried) {
              // The input row of the panel, without that of the tile.
              Index inputRow = scale(depthTap, plan.getInputRows(),
                                     kernel.mul(rowTap, number(rows.dilation)));
              Index outerTap = scale(depthTap, rows.kernel, rowTap);
              return kernel.forLoop(
                  columnSteps.first, columnSteps.end, 1, carried,
                  [&](Index columnStep, Carried carried) {
                    Index inputPosition =
                        scale(inputRow, plan.getInputColumns(),
                              kernel.mul(columnStep, number(plan.stepTaps *
                                                            columns.dilation)));
                    Index filterTap = kernel.mul(
                        scale(outerTap, plan.columnSteps, columnStep),
                        number(plan.channelSteps));
                    return kernel.forLoop(
                        number(0), number(plan.channelSteps), 1, carried,
                        [&](Index step, Carried carried) {
                          return multiplyStep(
                              block, tiles,
                              scale(block.group, plan.channelSteps, step),
                              inputPosition, kernel.add(filterTap, step),
                              chains, carried);
                        });
                  });
            });
      });
}

Value Emitter::loadTile(int64_t rows, Value memory, ArrayRef<Index> place,
                        int64_t stride) {
  return amx::TileLoadOp::create(kernel.builder, kernel.location,
                                 getTile(rows, tileDepth, bfloat16()), memory,
                                 toValues(place), kernel.value(number(stride)));
}

/// One step of all accumulators, which are ordered by chain, tile and vector.
SmallVector<Value> Emitter::multiplyStep(const Block &block,
                                         ArrayRef<Tile> tiles, Index step,
                                         Index inputPosition, Index filterStep,
                                         int64_t chains,
                                         ValueRange accumulators) {
  SmallVector<Value> results(accumulators);
  auto tileCount = static_cast<int64_t>(tiles.size());
  auto loadFilter = [&](int64_t half, int64_t vector) {
    Index tile = scale(filterStep, 2 * block.vectors,
                       number(half * block.vectors + vector));
    return loadTile(tileRows, buffers.filter,
                    {scale(tile, tileRows * tileDepth, block.filterStart)},
                    tileDepth);
  };
  auto loadInput = [&](int64_t half, int64_t t) {
    // (A panel's rows lie behind each other.)
    Index position = kernel.add(
        kernel.mul(tiles[t].row,
                   number(plan.getPanelStride(1) * plan.getInputColumns())),
        kernel.mul(tiles[t].panelColumn, number(plan.getPanelStride(2))));
    position = kernel.mul(kernel.add(position, inputPosition),
                          number(plan.stepChannels));
    return loadTile(plan.tilePositions,
                    plan.isPrepared() ? buffers.prepared : buffers.scratch,
                    getPlace(step, half, position),
                    plan.getPanelStride(2) * plan.stepChannels);
  };
  auto multiply = [&](int64_t chain, int64_t t, int64_t v, Value input,
                      Value filter) {
    Value &sum = results[(chain % chains * tileCount + t) * block.vectors + v];
    sum = amx::TileMulFOp::create(kernel.builder, kernel.location,
                                  sum.getType(), input, filter, sum);
  };
  auto forVectors = [&](llvm::function_ref<void(int64_t)> body) {
    for (int64_t v = 0; v < block.vectors; ++v)
      body(v);
  };

  SmallVector<Value> highFilter, lowFilter;
  if (tileCount > 2) {
    // One vector of many tiles: both halves of the filter stay.
    highFilter = {loadFilter(0, 0)};
    lowFilter = {loadFilter(1, 0)};
    for (int64_t t = 0; t < tileCount; ++t) {
      multiply(1, t, 0, loadInput(1, t), highFilter[0]);
      Value high = loadInput(0, t);
      multiply(0, t, 0, high, highFilter[0]);
      multiply(2, t, 0, high, lowFilter[0]);
    }
    return results;
  }
  SmallVector<Value> input;
  auto loadInputs = [&](int64_t half) {
    input.clear();
    for (int64_t t = 0; t < tileCount; ++t)
      input.push_back(loadInput(half, t));
  };
  auto multiplyAll = [&](int64_t chain, ArrayRef<Value> filter) {
    for (int64_t t = 0; t < tileCount; ++t)
      forVectors(
          [&](int64_t v) { multiply(chain, t, v, input[t], filter[v]); });
  };
  loadInputs(1);
  forVectors([&](int64_t v) { highFilter.push_back(loadFilter(0, v)); });
  multiplyAll(1, highFilter);
  loadInputs(0);
  multiplyAll(0, highFilter);
  forVectors([&](int64_t v) { lowFilter.push_back(loadFilter(1, v)); });
  multiplyAll(2, lowFilter);
  return results;
}

void Emitter::finish(const Panel &panel, const Block &block,
                     ArrayRef<Tile> tiles, int64_t chains,
                     ValueRange accumulators) {
  for (auto [i, accumulator] : llvm::enumerate(accumulators))
    amx::TileStoreOp::create(
        kernel.builder, kernel.location, sums,
        toValues({number(static_cast<int64_t>(i)), number(0), number(0)}),
        accumulator, /*stride=*/Value());

  int64_t lanes = tileColumns;
  auto tileCount = static_cast<int64_t>(tiles.size());
  Index firstVector = scale(block.group, plan.groupVectors, block.groupVector);
  SmallVector<Value> bias;
  for (int64_t v = 0; v < block.vectors && buffers.bias; ++v)
    bias.push_back(kernel.loadVector(
        buffers.bias, {kernel.add(firstVector, number(v)), number(0)}, lanes));

  for (int64_t t = 0; t < tileCount; ++t) {
    const Tile &tile = tiles[t];
    Index positions = number(plan.tilePositions);
    if (columns.output % plan.tilePositions != 0)
      positions = kernel.min(positions,
                             kernel.sub(number(columns.output), tile.column));
    kernel.forLoop(number(0), positions, 1, [&](Index position) {
      for (int64_t v = 0; v < block.vectors; ++v) {
        Value sum;
        for (int64_t chain = 0; chain < chains; ++chain) {
          Value part = kernel.loadVector(
              sums,
              {number((chain * tileCount + t) * block.vectors + v), position,
               number(0)},
              lanes);
          sum = sum ? Value(arith::AddFOp::create(kernel.builder,
                                                  kernel.location, sum, part))
                    : part;
        }
        if (buffers.bias)
          sum = arith::AddFOp::create(kernel.builder, kernel.location, sum,
                                      bias[v]);
        auto place = [&](Index o, const Dimension &dimension) {
          return scale(o, dimension.outputStride,
                       number(dimension.outputOffset));
        };
        Index all[] = {
            place(panel.depth, depths),
            place(kernel.add(panel.firstRow, tile.row), rows),
            place(kernel.add(tile.column, position), columns),
        };
        SmallVector<Index> indices = {panel.image,
                                      kernel.add(firstVector, number(v))};
        size_t rank = countPositions();
        indices.append(std::end(all) - rank, std::end(all));
        indices.push_back(number(0));
        finishVector(kernel, buffers, activation, sum, indices);
      }
    });
  }
}

} // namespace

void toeplitz::emitSplitBfloat16(kernel::ConvOp op, KernelBuilder &kernel) {
  Emitter(op, kernel).emit();
}
