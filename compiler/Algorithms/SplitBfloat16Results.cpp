// The results of bf16x3 and bf16x6: from accumulators to bias, residual,
// activation and store.

#include "compiler/Algorithms/SplitBfloat16Kernel.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

Value SplitBfloat16Kernel::sumStride() {
  return kernel.value(number(plan.countRounds() > 1 ? tileDepth : tileColumns));
}

SmallVector<Index> SplitBfloat16Kernel::getSumPlace(const Block &block,
                                                    int64_t i, Index position) {
  if (plan.countRounds() == 1)
    return {number(i), position, number(0)};
  Index accumulator = scale(scale(block.number, plan.countSets(), block.set),
                            mostAccumulators, number(i));
  Index place = kernel.mul(scale(accumulator, plan.tilePositions, position),
                           number(tileDepth));
  return {Index(kernel.slot),
          kernel.add(place, number(2 * plan.getConvertedSize()))};
}

Value SplitBfloat16Kernel::loadSum(const Block &block, int64_t i,
                                   Index position) {
  SmallVector<Index> place = getSumPlace(block, i, position);
  if (plan.countRounds() == 1)
    return kernel.loadVector(sums, place, tileColumns);
  return vector::BitCastOp::create(
      kernel.builder, kernel.location,
      VectorType::get({tileColumns}, kernel.builder.getF32Type()),
      kernel.loadVector(sums, place, tileDepth));
}

Index SplitBfloat16Kernel::countJoined(const Panel &panel) {
  return scale(kernel.sub(kernel.sub(panel.endRow, panel.firstRow), number(1)),
               plan.getPitch(), number(columns.output));
}

Index SplitBfloat16Kernel::getRow(const Panel &panel, const Tile &tile,
                                  Index position) {
  if (!plan.isJoined)
    return kernel.add(panel.firstRow, tile.row);
  // (The last tile may go on behind the panel.)
  Index row = kernel.div(kernel.add(tile.panelColumn, position),
                         number(plan.getPitch()));
  return kernel.min(kernel.add(panel.firstRow, row),
                    kernel.sub(panel.endRow, number(1)));
}

void SplitBfloat16Kernel::forPositions(
    const Panel &panel, const Tile &tile,
    llvm::function_ref<void(Index, Index, Index)> body) {
  Index positions = number(plan.tilePositions);
  if (!plan.isJoined) {
    if (columns.output % plan.tilePositions != 0)
      positions = kernel.min(positions,
                             kernel.sub(number(columns.output), tile.column));
    kernel.forLoop(number(0), positions, 1, [&](Index position) {
      body(position, kernel.add(panel.firstRow, tile.row),
           kernel.add(tile.column, position));
    });
    return;
  }
  positions =
      kernel.min(positions, kernel.sub(countJoined(panel), tile.panelColumn));
  kernel.forLoop(number(0), positions, 1, [&](Index position) {
    Index place = kernel.add(tile.panelColumn, position);
    Index column = kernel.rem(place, number(plan.getPitch()));
    auto store = [&] {
      body(position,
           kernel.add(panel.firstRow,
                      kernel.div(place, number(plan.getPitch()))),
           column);
    };
    if (plan.getPitch() == columns.output)
      store();
    else
      kernel.ifThen(kernel.isLess(column, number(columns.output)), store);
  });
}

/// Makes results of the accumulators.
void SplitBfloat16Kernel::finish(const Panel &panel, const Block &block,
                                 ArrayRef<Tile> tiles) {
  int64_t chains = countChains(tiles.size(), block.vectors);
  int64_t lanes = tileColumns;
  auto tileCount = static_cast<int64_t>(tiles.size());
  Index firstVector = scale(block.group, plan.groupVectors, block.groupVector);
  SmallVector<Value> bias;
  for (int64_t v = 0; v < block.vectors && buffers.bias; ++v)
    bias.push_back(kernel.loadVector(
        buffers.bias, {kernel.add(firstVector, number(v)), number(0)}, lanes));

  for (int64_t t = 0; t < tileCount; ++t) {
    const Tile &tile = tiles[t];
    forPositions(panel, tile, [&](Index position, Index row, Index column) {
      for (int64_t v = 0; v < block.vectors; ++v) {
        Value sum;
        for (int64_t chain = 0; chain < chains; ++chain) {
          Value part = loadSum(
              block, (chain * tileCount + t) * block.vectors + v, position);
          sum = sum ? Value(arith::AddFOp::create(kernel.builder,
                                                  kernel.location, sum, part))
                    : part;
        }
        if (buffers.bias)
          sum = arith::AddFOp::create(kernel.builder, kernel.location, sum,
                                      bias[v]);
        auto getIndex = [&](Index o, const Dimension &dimension) {
          return scale(o, dimension.outputStride,
                       number(dimension.outputOffset));
        };
        Index all[] = {
            getIndex(panel.depth, depths),
            getIndex(row, rows),
            getIndex(column, columns),
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
