// The code of implicit-gemm: what the threads of a block do.

#include "compiler/Algorithms/ImplicitGemmKernel.h"

#include "compiler/Algorithms/GemmResults.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

static constexpr ImplicitGemmTile tiles[] = {
    {{128, 128, 8}, 8, 8}, {{128, 64, 8}, 8, 8}, {{64, 128, 8}, 8, 8},
    {{64, 64, 16}, 8, 4},  {{64, 32, 16}, 4, 4}, {{32, 64, 16}, 4, 4},
    {{32, 32, 16}, 4, 4},
};

ArrayRef<ImplicitGemmTile> toeplitz::getImplicitGemmTiles() { return tiles; }

const ImplicitGemmTile *toeplitz::findImplicitGemmTile(int64_t positions,
                                                       int64_t channels) {
  const ImplicitGemmTile *found =
      llvm::find_if(tiles, [&](const ImplicitGemmTile &tile) {
        return tile.positions == positions && tile.channels == channels;
      });
  return found == std::end(tiles) ? nullptr : found;
}

/// Numbers that a thread loads from the block's memory at once.
static constexpr int64_t quad = 4;

namespace {

class Emitter {
public:
  Emitter(KernelBuilder &kernel, const ImplicitGemm &gemm,
          const ImplicitGemmTile &tile, const ConvolutionBuffers &buffers)
      : kernel(kernel), gemm(gemm), tile(tile), buffers(buffers),
        common(kernel, gemm, buffers, tile.getThreads()), block(common.block) {}

  void emit();

private:
  // --- a step: a tile of the filter and one of the data
  void divideLoads();
  SmallVector<Value> loadTiles(Index step);
  void storeTiles(ArrayRef<Value> values, Index half);
  SmallVector<Value> multiply(Index half, ValueRange sums);

  void finish(ValueRange sums);

  Index number(int64_t value) { return kernel.constant(value); }
  /// The place of a thread's quadruple `i` along one side of the tile, where
  /// neighbouring threads have neighbouring quadruples.
  Index getQuad(Index threadPlace, int64_t i, int64_t threads) {
    return kernel.mul(kernel.add(threadPlace, number(i * threads)),
                      number(quad));
  }

  KernelBuilder &kernel;
  const ImplicitGemm &gemm;
  const ImplicitGemmTile &tile;
  const ConvolutionBuffers &buffers;
  ImplicitGemmBlock common;
  BlockBuilder &block;
  /// Two tiles of each: one is read while the next one is written.
  Value filterTiles, dataTiles;
  /// The thread's place in the block's tile.
  Index threadRow, threadColumn;
  /// What a thread brings: rows of the data's tile, `loadRows` apart, of one
  /// column.
  Index loadRow, loadColumn;
  int64_t loadRows = 1, loadsPerThread = 1, filterLoads = 1;
  GemmPosition loadPosition;
};

/// Neighbouring threads bring neighbouring columns: positions that mostly lie
/// together in the image.
void Emitter::divideLoads() {
  int64_t threads = tile.getThreads();
  int64_t width = std::min(threads, tile.positions);
  loadRows = threads / width;
  loadColumn = kernel.rem(block.thread(), number(width));
  loadRow = kernel.div(block.thread(), number(width));
  loadsPerThread = tile.depth / loadRows;
  filterLoads = tile.depth * tile.channels / (quad * threads);
  assert(width == tile.positions && tile.depth % loadRows == 0 &&
         filterLoads * quad * threads == tile.depth * tile.channels);
  loadPosition = common.locate(kernel.add(common.firstColumn, loadColumn));
}

SmallVector<Value> Emitter::loadTiles(Index step) {
  int64_t threads = tile.getThreads();
  Index start = common.getFilterTile(step, tile.depth * tile.channels);
  SmallVector<Value> values;
  for (int64_t i = 0; i < filterLoads; ++i)
    values.push_back(kernel.loadVector(
        buffers.filter,
        kernel.add(start,
                   kernel.mul(kernel.add(block.thread(), number(i * threads)),
                              number(quad))),
        quad));
  SmallVector<Index> rows;
  for (int64_t i = 0; i < loadsPerThread; ++i)
    rows.push_back(kernel.add(loadRow, number(i * loadRows)));
  llvm::append_range(values,
                     common.loadColumn(loadPosition, step, rows, /*length=*/1));
  return values;
}

void Emitter::storeTiles(ArrayRef<Value> values, Index half) {
  int64_t threads = tile.getThreads();
  for (int64_t i = 0; i < filterLoads; ++i)
    kernel.storeVector(
        values[i], filterTiles,
        kernel.add(kernel.mul(half, number(tile.depth * tile.channels)),
                   kernel.mul(kernel.add(block.thread(), number(i * threads)),
                              number(quad))));
  for (int64_t i = 0; i < loadsPerThread; ++i) {
    Index row = kernel.add(kernel.mul(half, number(tile.depth)),
                           kernel.add(loadRow, number(i * loadRows)));
    kernel.storeScalar(
        values[filterLoads + i], dataTiles,
        kernel.add(kernel.mul(row, number(tile.positions)), loadColumn));
  }
}

/// Adds the products of a step to the thread's sums, channel by channel.
SmallVector<Value> Emitter::multiply(Index half, ValueRange before) {
  auto loadSide = [&](Value tiles, int64_t width, int64_t perThread,
                      Index threadPlace, Index row) {
    SmallVector<Value> values;
    Index start = kernel.mul(
        kernel.add(kernel.mul(half, number(tile.depth)), row), number(width));
    for (int64_t i = 0; i < perThread / quad; ++i) {
      Value loaded = kernel.loadVector(
          tiles, kernel.add(start, getQuad(threadPlace, i, width / perThread)),
          quad);
      for (int64_t element = 0; element < quad; ++element)
        values.push_back(vector::ExtractOp::create(
            kernel.builder, kernel.location, loaded, element));
    }
    return values;
  };
  auto addRow = [&](Index row, SmallVector<Value> &sums) {
    SmallVector<Value> weights = loadSide(filterTiles, tile.channels,
                                          tile.threadChannels, threadRow, row);
    SmallVector<Value> data = loadSide(dataTiles, tile.positions,
                                       tile.threadPositions, threadColumn, row);
    for (auto [m, weight] : llvm::enumerate(weights))
      for (auto [n, element] : llvm::enumerate(data)) {
        Value &sum = sums[m * data.size() + n];
        sum = kernel.multiplyAdd(weight, element, sum);
      }
  };
  // Of more rows the assembler loads all operands at once, and spills.
  constexpr int64_t rowsTogether = 8;
  return kernel.forLoop(number(0), number(tile.depth), rowsTogether, before,
                        [&](Index first, ValueRange carried) {
                          SmallVector<Value> sums(carried);
                          for (int64_t i = 0; i < rowsTogether; ++i)
                            addRow(kernel.add(first, number(i)), sums);
                          return sums;
                        });
}

/// A thread has quadruples of positions of each of its channels, and the other
/// way around.
void Emitter::finish(ValueRange sums) {
  GemmResults results(kernel, gemm, buffers, common);
  int64_t columns = tile.threadPositions;
  auto getColumn = [&](int64_t n) {
    Index before =
        getQuad(threadColumn, n / quad, tile.positions / tile.threadPositions);
    return kernel.add(common.firstColumn, kernel.add(before, number(n % quad)));
  };
  auto getChannel = [&](int64_t m) {
    Index before =
        getQuad(threadRow, m / quad, tile.channels / tile.threadChannels);
    return kernel.add(common.firstChannel,
                      kernel.add(before, number(m % quad)));
  };
  GemmRuns runs = results.getRuns();
  int64_t length = std::min(runs.length, quad);
  int64_t alongColumns = runs.alongChannels ? 1 : length;
  int64_t alongChannels = runs.alongChannels ? length : 1;
  for (int64_t m = 0; m < tile.threadChannels; m += alongChannels)
    for (int64_t n = 0; n < columns; n += alongColumns) {
      SmallVector<Value> run;
      for (int64_t i = 0; i < length; ++i)
        run.push_back(runs.alongChannels ? sums[(m + i) * columns + n]
                                         : sums[m * columns + n + i]);
      results.store(run, getChannel(m), getColumn(n));
    }
}

void Emitter::emit() {
  Index rowThreads = number(tile.positions / tile.threadPositions);
  threadRow = kernel.div(block.thread(), rowThreads);
  threadColumn = kernel.rem(block.thread(), rowThreads);
  Type type = kernel.builder.getF32Type();
  filterTiles = block.createShared({2 * tile.depth * tile.channels}, type);
  dataTiles = block.createShared({2 * tile.depth * tile.positions}, type);
  divideLoads();
  finish(common.addUp(
      tile.threadPositions * tile.threadChannels,
      {[&](Index step) { return loadTiles(step); },
       [&](ArrayRef<Value> values, Index half) { storeTiles(values, half); },
       [&](Index half, ValueRange sums) { return multiply(half, sums); }}));
}

} // namespace

void toeplitz::emitImplicitGemm(KernelBuilder &kernel, const ImplicitGemm &gemm,
                                const ImplicitGemmTile &tile,
                                const ConvolutionBuffers &buffers) {
  Emitter(kernel, gemm, tile, buffers).emit();
}
