#include "compiler/Algorithms/SplitBfloat16Tiles.h"
#include "compiler/Algorithms/SplitBfloat16Numbers.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

void SplitBfloat16Tiles::keepConfiguration() {
  // (As in bf16x3: one configuration of the tile registers for a function.)
  kernel.builder.getInsertionBlock()->getParentOp()->setAttr(
      "passthrough", kernel.builder.getStrArrayAttr({"noinline"}));
}

Value SplitBfloat16Tiles::allocateAccumulators() {
  auto type = MemRefType::get({mostAccumulators, tilePositions, tileColumns},
                              kernel.builder.getF32Type());
  return memref::AllocaOp::create(kernel.builder, kernel.location, type,
                                  kernel.builder.getI64IntegerAttr(64));
}

void SplitBfloat16Tiles::forPairs(
    int64_t count, llvm::function_ref<void(Index, int64_t)> body) {
  kernel.forLoop(number(0), number(count / 2 * 2), 2,
                 [&](Index i) { body(i, 2); });
  if (count % 2 != 0)
    body(number(count - 1), 1);
}

Index SplitBfloat16Tiles::getFilterPlace(const PackedFilter &filter,
                                         Index vector, int64_t i,
                                         int64_t vectors, Index step,
                                         int64_t part) {
  // (`vector` is even: with blocks of two it is the first one of its block,
  // which has `vectors`.)
  int64_t together = 1, inBlock = 0;
  Index block = kernel.add(vector, number(i));
  if (filter.blockVectors == 2) {
    together = vectors;
    inBlock = i;
    block = vector;
  }
  Index tile = scale(step, blockSplitParts * together,
                     number(part * together + inBlock));
  tile = kernel.add(tile, scale(block, filter.steps * blockSplitParts));
  return scale(tile, tileSize);
}

SmallVector<Value> SplitBfloat16Tiles::multiply(int64_t tiles, int64_t vectors,
                                                LoadTile loadInput,
                                                LoadTile loadFilter,
                                                ValueRange sums) {
  SmallVector<Value> results(sums), input, filter;
  auto loadInputs = [&](int64_t part) {
    input.clear();
    for (int64_t t = 0; t < tiles; ++t)
      input.push_back(loadInput(part, t));
  };
  auto loadFilters = [&](int64_t part) {
    filter.clear();
    for (int64_t v = 0; v < vectors; ++v)
      filter.push_back(loadFilter(part, v));
  };
  auto multiplyAll = [&] {
    for (int64_t t = 0; t < tiles; ++t)
      for (int64_t v = 0; v < vectors; ++v) {
        Value &sum = results[t * vectors + v];
        sum = amx::TileMulFOp::create(kernel.builder, kernel.location,
                                      sum.getType(), input[t], filter[v], sum);
      }
  };
  // Low x high, high x high, high x low.
  loadInputs(1);
  loadFilters(0);
  multiplyAll();
  loadInputs(0);
  multiplyAll();
  loadFilters(1);
  multiplyAll();
  return results;
}

Value SplitBfloat16Tiles::loadTile(int64_t rows, int64_t columns, Type element,
                                   Value memory, ArrayRef<Index> place,
                                   int64_t stride) {
  return amx::TileLoadOp::create(kernel.builder, kernel.location,
                                 amx::TileType::get({rows, columns}, element),
                                 memory, values(place),
                                 kernel.value(number(stride)));
}

Value SplitBfloat16Tiles::clearTile() {
  return amx::TileZeroOp::create(
      kernel.builder, kernel.location,
      amx::TileType::get({tilePositions, tileColumns},
                         kernel.builder.getF32Type()));
}

void SplitBfloat16Tiles::storeTile(Value tile, Value memory,
                                   ArrayRef<Index> place) {
  amx::TileStoreOp::create(kernel.builder, kernel.location, memory,
                           values(place), tile,
                           kernel.value(number(tileColumns)));
}

void SplitBfloat16Tiles::forResults(
    ValueRange sums, Value accumulated, ArrayRef<Value> bias, int64_t vectors,
    int64_t positions,
    llvm::function_ref<void(Value, int64_t, int64_t, Index)> finish) {
  for (auto [i, sum] : llvm::enumerate(sums))
    storeTile(sum, accumulated,
              {number(static_cast<int64_t>(i)), number(0), number(0)});
  int64_t tiles = static_cast<int64_t>(sums.size()) / vectors;
  kernel.forLoop(number(0), number(positions), 1, [&](Index inTile) {
    for (int64_t t = 0; t < tiles; ++t)
      for (int64_t v = 0; v < vectors; ++v) {
        Value sum = kernel.loadVector(
            accumulated, {number(t * vectors + v), inTile, number(0)},
            tileColumns);
        if (!bias.empty())
          sum = kernel.create<arith::AddFOp>(sum, bias[v]);
        finish(sum, v, t, inTile);
      }
  });
}

void SplitBfloat16Tiles::storeParts(ArrayRef<Value> parts, Value memory,
                                    ArrayRef<Index> place, int64_t distance) {
  auto floats = VectorType::get({tileColumns / 2}, kernel.builder.getF32Type());
  SmallVector<Index> next(place);
  for (Value part : parts) {
    kernel.storeVector(vector::BitCastOp::create(kernel.builder,
                                                 kernel.location, floats, part),
                       memory, next);
    next.back() = kernel.add(next.back(), number(distance));
  }
}

void SplitBfloat16Tiles::storeSplit(Value numbers, Value memory,
                                    ArrayRef<Index> place, int64_t distance) {
  storeParts(splitIntoBfloat16(kernel, numbers, blockSplitParts), memory, place,
             distance);
}

void SplitBfloat16Tiles::clearSplit(Value memory, ArrayRef<Index> place,
                                    int64_t distance) {
  auto type = VectorType::get({tileColumns}, bfloat16());
  Value zero = arith::ConstantOp::create(
      kernel.builder, kernel.location,
      DenseElementsAttr::get(type, kernel.builder.getFloatAttr(bfloat16(), 0)));
  storeParts(SmallVector<Value>(blockSplitParts, zero), memory, place,
             distance);
}

SmallVector<Value> SplitBfloat16Tiles::loadBias(Value bias, Index vector,
                                                int64_t vectors) {
  SmallVector<Value> loaded;
  for (int64_t v = 0; v < vectors && bias; ++v)
    loaded.push_back(kernel.loadVector(
        bias, {kernel.add(vector, number(v)), number(0)}, tileColumns));
  return loaded;
}
