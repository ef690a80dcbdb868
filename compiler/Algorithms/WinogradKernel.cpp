// The loops of Winograd's algorithm, for one task:
//
//   for each block of tiles
//     transform the input:  V[value][register tile][channel][tile] = B^T d B
//     for each tile of vectors of output channels
//       for each value and register tile
//         products: M[value][register tile] = sum over channels of U V
//       for each tile and vector: output = A^T M A, bias, residual, activation
//
// V and M lie in the task's scratch memory: see WinogradPlan.h. Where several
// tasks share a block, transforming the input is a step before, and V lies in
// the memory that it prepares.

#include "compiler/Algorithms/BlockedKernel.h"
#include "compiler/Algorithms/Winograd.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// A tile: its image, and its number in each dimension.
struct TilePlace {
  Index image;
  std::array<Index, 3> numbers;
};

/// The place of a tile in a block: its register tile, and its position there.
struct BlockPlace {
  Index registerTile, position;
};

class Emitter {
public:
  Emitter(kernel::ConvOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), plan(op), buffers(getBuffers(op, kernel)),
        lanes(plan.lanes), rank(op.getKernel().size()) {
    for (int64_t d : {1, 2}) {
      if (!plan.isTransformed(d))
        continue;
      CookToom transform = getCookToom(plan, d);
      inputPrograms[d].emplace(transform.inputTransform);
      outputPrograms[d].emplace(transform.outputTransform);
    }
  }

  void emit();

private:
  using Load = llvm::function_ref<Value(Index row, Index column)>;
  using Store = llvm::function_ref<void(Index row, Index column, Value vector)>;

  void emitPreparation();
  void setBlock(Index group, Index block);
  using TileBody = llvm::function_ref<void(const TilePlace &, BlockPlace)>;
  void forTiles(Index block, TileBody body) {
    forTiles(block, number(0), 1, body);
  }
  void forTiles(Index block, Index part, int64_t parts, TileBody body);
  void transformInputs(Index group, Index block, Index part, int64_t parts);
  void transformInput(Index group, const TilePlace &tile, BlockPlace place,
                      Index tap);
  void clearMissingTiles(Index block, Index part, int64_t parts);
  void transformInputBlock(BlockPlace place, Index tap, Index channelBlock,
                           Load load);
  void multiply(Index block, Index vectorTile);
  void prefetchFilter(Index row);
  void transformOutputs(Index block, Index vectorTile);
  void transformOutput(const TilePlace &tile, Index vector, Index productStart,
                       bool cut);
  void applyRows(const std::optional<LinearProgram> &program, Load load,
                 Index column, Store store);

  /// Where the transformed input of the block lies, and what is at `offset` in
  /// it.
  Value getInputMemory() {
    return plan.preparationTasks > 0 ? buffers.prepared : buffers.scratch;
  }
  SmallVector<Index> getInputPlace(Index offset) {
    if (plan.preparationTasks > 0)
      return {kernel.add(inputStart, offset)};
    return {Index(kernel.slot), offset};
  }

  Value allocateTile(int64_t rows, int64_t columns);
  Index countRegisterTiles(Index block);
  Value compare(arith::CmpIPredicate predicate, Index a, Index b) {
    return arith::CmpIOp::create(kernel.builder, kernel.location, predicate,
                                 kernel.value(a), kernel.value(b));
  }
  void ifElse(Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise);
  /// a * number + b
  Index scale(Index a, int64_t number_, Index b) {
    return kernel.add(kernel.mul(a, number(number_)), b);
  }
  Index number(int64_t value) { return kernel.constant(value); }

  kernel::ConvOp op;
  KernelBuilder &kernel;
  WinogradPlan plan;
  ConvolutionBuffers buffers;
  int64_t lanes;
  size_t rank;
  std::optional<LinearProgram> inputPrograms[3], outputPrograms[3];
  /// A tile of the input with zeros where it lies in the padding; a tile whose
  /// rows were transformed. Both rows x columns x lanes.
  Value patch, half;
  /// Where the block's transformed input begins in the prepared memory.
  Index inputStart;
};

void Emitter::ifElse(Value condition, llvm::function_ref<void()> then,
                     llvm::function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(kernel.builder, kernel.location, condition,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(kernel.builder);
  kernel.builder.setInsertionPointToStart(branch.thenBlock());
  then();
  kernel.builder.setInsertionPointToStart(branch.elseBlock());
  otherwise();
}

Value Emitter::allocateTile(int64_t rows, int64_t columns) {
  auto type =
      MemRefType::get({rows, columns, lanes}, kernel.builder.getF32Type());
  return memref::AllocaOp::create(kernel.builder, kernel.location, type,
                                  kernel.builder.getI64IntegerAttr(64));
}

/// One part of the input of one block.
void Emitter::emitPreparation() {
  SmallVector<Index> task = kernel.delinearize(
      kernel.task, {plan.groups, plan.blocks, plan.preparationTasks});
  setBlock(task[0], task[1]);
  transformInputs(task[0], task[1], task[2], plan.preparationTasks);
}

void Emitter::setBlock(Index group, Index block) {
  inputStart =
      kernel.mul(scale(group, plan.blocks, block), number(plan.getInputSize()));
}

void Emitter::emit() {
  patch = allocateTile(plan.getRows(), plan.getColumns());
  if (plan.isTransformed(1) && plan.isTransformed(2))
    half = allocateTile(plan.getRows(), plan.getColumns());
  if (kernel.preparing) {
    emitPreparation();
    return;
  }
  SmallVector<Index> task = kernel.delinearize(
      kernel.task, {plan.groups, plan.tileTasks, plan.outputTasks});
  auto span = [&](Index part, int64_t all, int64_t parts) {
    int64_t each = llvm::divideCeil(all, parts);
    Index first = kernel.mul(part, number(each));
    Index end = kernel.add(first, number(each));
    if (all % each != 0)
      end = kernel.min(end, number(all));
    return std::pair(first, end);
  };
  auto [firstBlock, endBlock] = span(task[1], plan.blocks, plan.tileTasks);
  auto [firstVectorTile, endVectorTile] =
      span(task[2], plan.vectorTiles, plan.outputTasks);
  Index group = task[0];
  // Vector tiles are numbered over all groups.
  Index before = kernel.mul(group, number(plan.vectorTiles));
  Index first = kernel.add(before, firstVectorTile);
  Index end = kernel.add(before, endVectorTile);
  kernel.forLoop(firstBlock, endBlock, 1, [&](Index block) {
    setBlock(group, block);
    if (plan.preparationTasks == 0)
      transformInputs(group, block, number(0), 1);
    kernel.forLoop(first, end, 1, [&](Index vectorTile) {
      multiply(block, vectorTile);
      transformOutputs(block, vectorTile);
    });
  });
}

Index Emitter::countRegisterTiles(Index block) {
  if (plan.registerTiles % plan.blockTiles == 0)
    return number(plan.blockTiles);
  return kernel.min(number(plan.blockTiles),
                    kernel.sub(number(plan.registerTiles),
                               kernel.mul(block, number(plan.blockTiles))));
}

/// The tiles of one of several parts of a block.
void Emitter::forTiles(Index block, Index part, int64_t parts, TileBody body) {
  int64_t blockSize = plan.blockTiles * plan.tilePositions;
  int64_t partSize = llvm::divideCeil(blockSize, parts);
  Index first = kernel.mul(block, number(blockSize));
  Index count = number(blockSize);
  if (plan.tiles % blockSize != 0)
    count = kernel.min(count, kernel.sub(number(plan.tiles), first));
  Index start = kernel.mul(part, number(partSize));
  Index end = parts == 1
                  ? count
                  : kernel.min(count, kernel.add(start, number(partSize)));
  kernel.forLoop(start, end, 1, [&](Index t) {
    SmallVector<Index> numbers = kernel.delinearize(
        kernel.add(first, t), {plan.batch, plan.tileCounts[0],
                               plan.tileCounts[1], plan.tileCounts[2]});
    body({numbers[0], {numbers[1], numbers[2], numbers[3]}},
         {kernel.div(t, number(plan.tilePositions)),
          kernel.rem(t, number(plan.tilePositions))});
  });
}

/// One column through a program: loads its rows, stores its results.
void Emitter::applyRows(const std::optional<LinearProgram> &program, Load load,
                        Index column, Store store) {
  SmallVector<Value> inputs;
  for (int64_t i = 0; i < program->getInputs(); ++i)
    inputs.push_back(load(number(i), column));
  for (auto [i, result] : llvm::enumerate(program->emit(kernel, inputs)))
    store(number(i), column, result);
}

// --- input ------------------------------------------------------------------

void Emitter::transformInputs(Index group, Index block, Index part,
                              int64_t parts) {
  forTiles(block, part, parts, [&](const TilePlace &tile, BlockPlace place) {
    kernel.forLoop(number(0), number(plan.getSummedTaps()), 1,
                   [&](Index tap) { transformInput(group, tile, place, tap); });
  });
  clearMissingTiles(block, part, parts);
}

/// The last register tile may have more positions than there are tiles left.
/// Their products are computed with the others and never read; but whatever
/// lies there could be denormal numbers, with which they take a hundred times
/// as long.
void Emitter::clearMissingTiles(Index block, Index part, int64_t parts) {
  int64_t missing = plan.registerTiles * plan.tilePositions - plan.tiles;
  if (missing == 0)
    return;
  int64_t lastBlock = plan.blocks - 1;
  int64_t registerTile = plan.registerTiles - 1 - lastBlock * plan.blockTiles;
  int64_t channels = plan.getSummedTaps() * plan.getChannelBlocks();
  auto clear = [&] {
    Value zero = kernel.splat(0.0f, lanes);
    kernel.forEach({plan.getValues(), channels}, [&](ArrayRef<Index> place) {
      for (int64_t position = plan.tilePositions - missing;
           position < plan.tilePositions; ++position) {
        Index start = scale(
            place[1], plan.tilePositions * lanes,
            number(registerTile * plan.getInputTileSize() + position * lanes));
        kernel.storeVector(
            zero, getInputMemory(),
            getInputPlace(scale(place[0], plan.getInputPlane(), start)));
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

void Emitter::transformInput(Index group, const TilePlace &tile,
                             BlockPlace place, Index tap) {
  // Where the tile begins in the input, how much of it is read, and whether
  // every tile lies inside.
  std::array<Index, 3> starts;
  std::array<int64_t, 3> sizes = {1, plan.getRows(), plan.getColumns()};
  Value inside;
  for (int64_t d = 0; d < 3; ++d) {
    const Dimension &dimension = plan.dimensions[d];
    starts[d] =
        kernel.sub(scale(tile.numbers[d], plan.getTileOutputs(d), number(0)),
                   number(dimension.paddingLow));
    int64_t last = (plan.tileCounts[d] - 1) * plan.getTileOutputs(d) -
                   dimension.paddingLow + sizes[d] - 1;
    if (d == 0) {
      starts[d] = kernel.add(starts[d], tap);
      last += dimension.kernel - 1;
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
                      number(dimension.input - sizes[d])));
  }

  auto loadInput = [&](Index channelBlock, Index row, Index column) {
    SmallVector<Index> indices = {
        tile.image,
        kernel.add(kernel.mul(group, number(plan.getChannelBlocks())),
                   channelBlock)};
    std::array<Index, 3> position = {starts[0], kernel.add(starts[1], row),
                                     kernel.add(starts[2], column)};
    indices.append(position.begin() + (3 - rank), position.end());
    indices.push_back(number(0));
    return kernel.loadVector(buffers.input, indices, lanes);
  };
  Index blocks = number(plan.getChannelBlocks());
  auto interior = [&] {
    kernel.forLoop(number(0), blocks, 1, [&](Index channelBlock) {
      transformInputBlock(place, tap, channelBlock,
                          [&](Index row, Index column) {
                            return loadInput(channelBlock, row, column);
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
      low[d] = kernel.max(number(0), kernel.sub(number(0), starts[d]));
      high[d] =
          kernel.min(number(sizes[d]),
                     kernel.sub(number(plan.dimensions[d].input), starts[d]));
    }
    kernel.forEach({sizes[1], sizes[2]}, [&](ArrayRef<Index> place) {
      kernel.storeVector(kernel.splat(0.0f, lanes), patch,
                         {place[0], place[1], number(0)});
    });
    kernel.forLoop(number(0), blocks, 1, [&](Index channelBlock) {
      // (The depth is one position, inside or not.) Columns are the outer loop:
      // LLVM would make a call of memcpy of each row, slower by far.
      kernel.forLoop(low[0], high[0], 1, [&](Index) {
        kernel.forLoop(low[2], high[2], 1, [&](Index column) {
          kernel.forLoop(low[1], high[1], 1, [&](Index row) {
            kernel.storeVector(loadInput(channelBlock, row, column), patch,
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
void Emitter::transformInputBlock(BlockPlace place, Index tap,
                                  Index channelBlock, Load load) {
  Index start = kernel.add(
      scale(place.registerTile, plan.getInputTileSize(), number(0)),
      scale(kernel.add(kernel.mul(tap, number(plan.getChannelBlocks())),
                       channelBlock),
            plan.tilePositions * lanes,
            scale(place.position, lanes, number(0))));
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

// --- products ---------------------------------------------------------------

/// Asks for a row of the filter that is needed soon.
void Emitter::prefetchFilter(Index row) {
  for (int64_t v = 0; v < plan.tileVectors; ++v)
    memref::PrefetchOp::create(kernel.builder, kernel.location, buffers.filter,
                               kernel.value(kernel.add(row, number(v * lanes))),
                               /*isWrite=*/false, /*localityHint=*/2,
                               /*isDataCache=*/true);
}

void Emitter::multiply(Index block, Index vectorTile) {
  int64_t positions = plan.tilePositions, vectors = plan.tileVectors;
  int64_t blocks = plan.inChannels / lanes, rest = plan.inChannels % lanes;
  int64_t products = plan.getProductsStart();
  auto emitTile = [&](Index value, Index registerTile) {
    Index inputStart = scale(registerTile, plan.getInputTileSize(),
                             kernel.mul(value, number(plan.getInputPlane())));
    Index filterStart = kernel.mul(scale(vectorTile, plan.getValues(), value),
                                   number(plan.getFilterTileSize()));
    // Channels [0, channels) of a block of one tap.
    auto reduce = [&](Index tap, Index channelBlock, int64_t channels,
                      ValueRange sums) {
      Index channel =
          scale(channelBlock, lanes, kernel.mul(tap, number(plan.inChannels)));
      Index row = scale(channel, vectors * lanes, filterStart);
      Index column = scale(scale(tap, plan.getChannelBlocks(), channelBlock),
                           positions * lanes, inputStart);
      return reduceChannels(
          kernel, sums, buffers.filter, row, channels, vectors,
          [&](Index channel, int64_t t) {
            if (t == 0 && plan.streamsFilter)
              prefetchFilter(
                  scale(channel, vectors * lanes,
                        kernel.add(row, number(plan.getFilterTileSize()))));
            return kernel.loadScalar(
                getInputMemory(),
                getInputPlace(kernel.add(kernel.add(column, channel),
                                         number(t * lanes))));
          });
    };
    Accumulators sums =
        startAccumulators(kernel, {}, number(0), positions, vectors);
    sums = kernel.forLoop(
        number(0), number(plan.getSummedTaps()), 1, sums,
        [&](Index tap, ValueRange carried) {
          Accumulators sums =
              kernel.forLoop(number(0), number(blocks), 1, carried,
                             [&](Index channelBlock, ValueRange carried) {
                               return reduce(tap, channelBlock, lanes, carried);
                             });
          return rest ? reduce(tap, number(blocks), rest, sums) : sums;
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

// --- output -----------------------------------------------------------------

void Emitter::transformOutputs(Index block, Index vectorTile) {
  int64_t products = plan.getProductsStart();
  bool someCut = false;
  for (int64_t d : {1, 2})
    someCut |= plan.dimensions[d].output % plan.getTileOutputs(d) != 0;
  forTiles(block, [&](const TilePlace &tile, BlockPlace place) {
    Index start = scale(
        place.registerTile, plan.getProductTileSize(),
        scale(place.position, plan.tileVectors * lanes, number(products)));
    auto forVectors = [&](bool cut) {
      kernel.forLoop(number(0), number(plan.tileVectors), 1, [&](Index v) {
        transformOutput(tile, scale(vectorTile, plan.tileVectors, v),
                        scale(v, lanes, start), cut);
      });
    };
    if (!someCut) {
      forVectors(false);
      return;
    }
    Value whole;
    for (int64_t d : {1, 2}) {
      int64_t wholeTiles = plan.dimensions[d].output / plan.getTileOutputs(d);
      if (wholeTiles == plan.tileCounts[d])
        continue;
      Value before = compare(arith::CmpIPredicate::slt, tile.numbers[d],
                             number(wholeTiles));
      whole = whole ? Value(arith::AndIOp::create(
                          kernel.builder, kernel.location, whole, before))
                    : before;
    }
    ifElse(whole, [&] { forVectors(false); }, [&] { forVectors(true); });
  });
}

/// A^T M A of one vector of outputs of one tile, and what follows. Of a cut
/// tile only the positions inside of the output are stored.
void Emitter::transformOutput(const TilePlace &tile, Index vector,
                              Index productStart, bool cut) {
  auto load = [&](Index row, Index column) {
    Index value = scale(row, plan.getColumns(), column);
    return kernel.loadVector(
        buffers.scratch,
        {kernel.slot, scale(value, plan.getProductPlane(), productStart)},
        lanes);
  };
  Value bias;
  if (buffers.bias)
    bias = kernel.loadVector(buffers.bias, {vector, number(0)}, lanes);
  std::array<Index, 3> starts, counts;
  for (int64_t d = 0; d < 3; ++d) {
    starts[d] = kernel.mul(tile.numbers[d], number(plan.getTileOutputs(d)));
    counts[d] = number(plan.getTileOutputs(d));
    if (cut && plan.dimensions[d].output % plan.getTileOutputs(d) != 0)
      counts[d] = kernel.min(
          counts[d], kernel.sub(number(plan.dimensions[d].output), starts[d]));
  }
  auto finish = [&](Index row, Index column, Value sum) {
    auto write = [&] {
      if (bias)
        sum = arith::AddFOp::create(kernel.builder, kernel.location, sum, bias);
      std::array<Index, 3> position = {starts[0], kernel.add(starts[1], row),
                                       kernel.add(starts[2], column)};
      SmallVector<Index> indices = {tile.image, vector};
      for (size_t d = 3 - rank; d < 3; ++d)
        indices.push_back(scale(position[d], plan.dimensions[d].outputStride,
                                number(plan.dimensions[d].outputOffset)));
      indices.push_back(number(0));
      finishVector(kernel, buffers, op.getActivationAttr(), sum, indices);
    };
    // The innermost loop over positions is written out; a tile has one of them
    // at least.
    int64_t d = plan.isTransformed(2) ? 2 : 1;
    Index place = d == 2 ? column : row;
    if (isConstantIntValue(place, 0) ||
        getConstantIntValue(counts[d]) == plan.getTileOutputs(d))
      write();
    else
      kernel.ifThen(compare(arith::CmpIPredicate::slt, place, counts[d]),
                    write);
  };
  auto finishExchanged = [&](Index column, Index row, Value sum) {
    finish(row, column, sum);
  };
  if (!plan.isTransformed(2)) {
    applyRows(outputPrograms[1], load, number(0), finish);
    return;
  }
  if (!plan.isTransformed(1)) {
    applyRows(
        outputPrograms[2],
        [&](Index column, Index row) { return load(row, column); }, number(0),
        finishExchanged);
    return;
  }
  // The rows of each column, then row by row its columns.
  kernel.forLoop(number(0), number(plan.getColumns()), 1, [&](Index column) {
    applyRows(outputPrograms[1], load, column,
              [&](Index row, Index column, Value sum) {
                kernel.storeVector(sum, half, {row, column, number(0)});
              });
  });
  kernel.forLoop(number(0), counts[1], 1, [&](Index row) {
    applyRows(
        outputPrograms[2],
        [&](Index column, Index row) {
          return kernel.loadVector(half, {row, column, number(0)}, lanes);
        },
        row, finishExchanged);
  });
}

} // namespace

void toeplitz::emitWinograd(kernel::ConvOp op, KernelBuilder &kernel) {
  Emitter(op, kernel).emit();
}
