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

#include "compiler/Algorithms/WinogradKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

void WinogradKernel::ifElse(Value condition, llvm::function_ref<void()> then,
                            llvm::function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(kernel.builder, kernel.location, condition,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(kernel.builder);
  kernel.builder.setInsertionPointToStart(branch.thenBlock());
  then();
  kernel.builder.setInsertionPointToStart(branch.elseBlock());
  otherwise();
}

/// N x B x I x V with the plan's depth, rows and columns as I.
void WinogradKernel::changeOrder() {
  if (!plan.changesOrder())
    return;
  SmallVector<unsigned> permutation = {0, 1};
  for (int64_t d : plan.order)
    permutation.push_back(2 + d);
  permutation.push_back(5);
  auto map = AffineMapAttr::get(
      AffineMap::getPermutationMap(permutation, kernel.builder.getContext()));
  for (Value *buffer :
       {&buffers.input, &buffers.residual, &buffers.output, &buffers.unpooled})
    if (*buffer)
      *buffer = memref::TransposeOp::create(kernel.builder, kernel.location,
                                            *buffer, map);
}

Value WinogradKernel::allocateTile(int64_t rows, int64_t columns) {
  auto type =
      MemRefType::get({rows, columns, lanes}, kernel.builder.getF32Type());
  return memref::AllocaOp::create(kernel.builder, kernel.location, type,
                                  kernel.builder.getI64IntegerAttr(64));
}

/// One part of the input of one block.
void WinogradKernel::emitPreparation() {
  SmallVector<Index> task = kernel.delinearize(
      kernel.task, {plan.groups, plan.blocks, plan.preparationTasks});
  setBlock(task[0], task[1]);
  transformInputs(task[0], task[1], task[2], plan.preparationTasks);
}

void WinogradKernel::setBlock(Index group, Index block) {
  preparedStart =
      kernel.mul(scale(group, plan.blocks, block), number(plan.getInputSize()));
}

void WinogradKernel::emit() {
  patch = allocateTile(plan.getRows(), plan.getColumns());
  if (plan.isTransformed(1) && plan.isTransformed(2))
    half = allocateTile(plan.getRows(), plan.getColumns());
  firstChannelBlock = number(0);
  endChannelBlock = number(plan.getChannelBlocks());
  productsStart = number(plan.getProductsStart());
  if (op.getPool() && !kernel.isPreparing())
    unpooledTile = allocateTile(plan.getTileOutputs(1), plan.getTileOutputs(2));
  if (plan.hasParts()) {
    kernel.isPreparing() ? multiplyPart() : sumParts();
    return;
  }
  if (kernel.isPreparing()) {
    emitPreparation();
    return;
  }
  SmallVector<Index> task = kernel.delinearize(
      kernel.task, {plan.groups, plan.tileTasks, plan.outputTasks});
  auto span = [&](Index part, int64_t all, int64_t parts) {
    return getPart(kernel, part, llvm::divideCeil(all, parts), all);
  };
  auto [firstBlock, endBlock] = span(task[1], plan.blocks, plan.tileTasks);
  auto [firstVectorTile, endVectorTile] =
      span(task[2], plan.vectorTiles, plan.outputTasks);
  Index group = task[0];
  // Vector tiles are numbered over all groups.
  Index before = kernel.mul(group, number(plan.vectorTiles));
  Index first = kernel.add(before, firstVectorTile);
  Index end = kernel.add(before, endVectorTile);
  beginRequests();
  if (plan.transformsFilter)
    roundFilter = getRoundFilter();
  kernel.forLoop(firstBlock, endBlock, 1, [&](Index block) {
    setBlock(group, block);
    if (plan.preparationTasks == 0)
      transformInputs(group, block, number(0), 1);
    placeRequests(block);
    kernel.forLoop(first, end, 1, [&](Index vectorTile) {
      multiply(block, vectorTile);
      transformOutputs(block, vectorTile);
    });
  });
}

Index WinogradKernel::countRegisterTiles(Index block) {
  if (plan.registerTiles % plan.blockTiles == 0)
    return number(plan.blockTiles);
  return kernel.min(number(plan.blockTiles),
                    kernel.sub(number(plan.registerTiles),
                               kernel.mul(block, number(plan.blockTiles))));
}

Index WinogradKernel::getFirstOutput(const TilePlace &tile, int64_t d) {
  int64_t outputs = plan.getTileOutputs(d);
  if (plan.getStep(d) == 1)
    return kernel.mul(tile.numbers[d], number(outputs));
  if (plan.countPhaseTiles(d) == 1)
    return tile.numbers[d];
  // Those that lie between each other follow each other, so that the outputs of
  // a task are neighbours, and the next layer's task finds them in its core's
  // cache.
  Index phases = number(plan.countPhases(d));
  return scale(kernel.div(tile.numbers[d], phases), outputs * plan.getStep(d),
               kernel.rem(tile.numbers[d], phases));
}

/// The tiles of one of several parts of a block.
void WinogradKernel::forTiles(Index block, Index part, int64_t parts,
                              TileBody body) {
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
void WinogradKernel::applyRows(const std::optional<LinearProgram> &program,
                               Load load, Index column, Store store) {
  SmallVector<Value> inputs;
  for (int64_t i = 0; i < program->getInputs(); ++i)
    inputs.push_back(load(number(i), column));
  for (auto [i, result] : llvm::enumerate(program->emit(kernel, inputs)))
    store(number(i), column, result);
}

// --- output -----------------------------------------------------------------

void WinogradKernel::transformOutputs(Index block, Index part, int64_t parts,
                                      Index vectorTile) {
  bool someCut = false;
  for (int64_t d : {1, 2})
    someCut |= plan.hasCutTiles(d);
  forTiles(block, part, parts, [&](const TilePlace &tile, BlockPlace place) {
    Index start =
        scale(place.registerTile, plan.getProductTileSize(),
              scale(place.position, plan.tileVectors * lanes, productsStart));
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
      if (!plan.hasCutTiles(d))
        continue;
      int64_t extent = (plan.getTileOutputs(d) - 1) * plan.getStep(d) + 1;
      Value before = compare(arith::CmpIPredicate::sle, getFirstOutput(tile, d),
                             number(plan.dimensions[d].output - extent));
      whole = whole ? Value(arith::AndIOp::create(
                          kernel.builder, kernel.location, whole, before))
                    : before;
    }
    ifElse(whole, [&] { forVectors(false); }, [&] { forVectors(true); });
  });
}

/// A^T M A of one vector of outputs of one tile, and what follows. Of a cut
/// tile only the positions inside of the output are stored.
void WinogradKernel::transformOutput(const TilePlace &tile, Index vector,
                                     Index productStart, bool cut) {
  auto load = [&](Index row, Index column) {
    Index value = scale(row, plan.getColumns(), column);
    return loadProduct(scale(value, plan.getProductPlane(), productStart));
  };
  Value bias;
  if (buffers.bias)
    bias = kernel.loadVector(buffers.bias, {vector, number(0)}, lanes);
  std::array<Index, 3> starts, counts;
  for (int64_t d = 0; d < 3; ++d) {
    starts[d] = getFirstOutput(tile, d);
    counts[d] = number(plan.getTileOutputs(d));
    if (cut && plan.hasCutTiles(d)) {
      Index left = kernel.sub(number(plan.dimensions[d].output), starts[d]);
      counts[d] =
          kernel.min(counts[d], kernel.ceilDiv(left, number(plan.getStep(d))));
    }
  }
  auto finish = [&](Index row, Index column, Value sum) {
    auto write = [&] {
      if (bias)
        sum = arith::AddFOp::create(kernel.builder, kernel.location, sum, bias);
      std::array<Index, 3> position = {
          starts[0], scale(row, plan.getStep(1), starts[1]),
          scale(column, plan.getStep(2), starts[2])};
      SmallVector<Index> indices = {tile.image, vector};
      for (size_t d = 3 - rank; d < 3; ++d)
        indices.push_back(scale(position[d], plan.dimensions[d].outputStride,
                                number(plan.dimensions[d].outputOffset)));
      indices.push_back(number(0));
      if (!op.getPool()) {
        finishVector(kernel, buffers, op.getActivationAttr(), sum, indices);
        return;
      }
      Value output = kernel.activate(sum, op.getActivationAttr());
      kernel.storeVector(output, unpooledTile, {row, column, number(0)});
      if (buffers.unpooled)
        kernel.storeVector(output, buffers.unpooled, indices);
    };
    // The innermost loop over positions is written out; most tiles have one of
    // them at least.
    int64_t d = plan.isTransformed(2) ? 2 : 1;
    Index place = d == 2 ? column : row;
    if ((isConstantIntValue(place, 0) && !plan.hasEmptyTiles(d)) ||
        getConstantIntValue(counts[d]) == plan.getTileOutputs(d))
      write();
    else
      kernel.ifThen(compare(arith::CmpIPredicate::slt, place, counts[d]),
                    write);
  };
  transformProducts(load, counts[1], finish);
  if (op.getPool())
    poolTile(tile, vector, cut);
}

/// A^T M A, of whose rows `rows` are wanted.
void WinogradKernel::transformProducts(Load load, Index rows, Store finish) {
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
  kernel.forLoop(number(0), rows, 1, [&](Index row) {
    applyRows(
        outputPrograms[2],
        [&](Index column, Index row) {
          return kernel.loadVector(half, {row, column, number(0)}, lanes);
        },
        row, finishExchanged);
  });
}

void toeplitz::emitWinograd(kernel::ConvOp op, KernelBuilder &kernel) {
  WinogradKernel(op, kernel).emit();
}
