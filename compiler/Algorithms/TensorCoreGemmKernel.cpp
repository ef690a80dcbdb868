// The code of tensor-core-gemm: what the warps of a block do.
//
// A step is 16 words deep, in quadruples: the first two are the right factor of
// the step's first product, the others that of its second one. So
//
//   of the data's tile      lies quadruple by quadruple, (quadruple, column),
//                           and a thread brings quadruples: 4 rows of TF32
//                           numbers, 8 of 16 bits, of one column. A warp loads
//                           the quadruples of eight columns at once, as four
//                           matrices (ldmatrix);
//   of the filter's tile    lies product by product, (rows, product of the
//                           step), the four words of each lane together, as the
//                           filter is packed when the network is compiled.
//
// Lanes load 16 bytes at once of both. Eight lanes at a time are served
// together, and read and write all 32 banks of the block's memory: also where
// they write the four quadruples of two neighbouring columns, because the order
// of every eight columns is another one in each quadruple.
//
// Tiles go through three stages. The filter is copied to a stage
// asynchronously, two steps ahead, and so is the data where it lies in memory
// as it is needed: rounded, with the channels of each position together.
// Otherwise it comes by way of the threads, which round it.

#include "compiler/Algorithms/TensorCoreGemmKernel.h"

#include "compiler/Algorithms/GemmResults.h"
#include "compiler/Lowering/Kernels/BufferView.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

/// Words that a thread loads and stores at once, and how many of them a step
/// has of a column.
static constexpr int64_t quad = 4;
static constexpr int64_t quads = TensorCoreTile::depthWords / quad;

SmallVector<TensorCoreTile>
toeplitz::getTensorCoreTiles(kernel::Precision precision) {
  // Positions, channels, and those of a warp; blocks of a multiprocessor, with
  // factors of 32 bits and of 16. ptxas (13.0) leaves the largest tile 134 to
  // 182 registers if nothing is said, and a multiprocessor one block where 128
  // make two; the others likewise. In the kernels of examples/ these bounds
  // make it spill at most 5 registers of a thread. Those of 16 bits that have 0
  // here would spill up to 64, as would all that round on the way.
  static constexpr int64_t sizes[][6] = {
      {128, 128, 32, 64, 2, 2}, {128, 64, 32, 64, 4, 0},
      {64, 128, 32, 64, 4, 0},  {64, 64, 32, 32, 5, 0},
      {64, 32, 16, 32, 8, 8},   {32, 64, 32, 16, 8, 8},
      {32, 32, 16, 16, 0, 0},
  };
  int64_t depth = TensorCoreTile::depthWords * countFactors(precision);
  SmallVector<TensorCoreTile> tiles;
  for (const int64_t (&size)[6] : sizes)
    tiles.push_back({{size[0], size[1], depth},
                     size[2],
                     size[3],
                     size[precision == kernel::Precision::TF32 ? 4 : 5],
                     precision});
  return tiles;
}

std::optional<TensorCoreTile>
toeplitz::findTensorCoreTile(kernel::Precision precision, int64_t positions,
                             int64_t channels) {
  for (const TensorCoreTile &tile : getTensorCoreTiles(precision))
    if (tile.positions == positions && tile.channels == channels)
      return tile;
  return std::nullopt;
}

PackedFactor toeplitz::getPackedFactor(const TensorCoreTile &tile,
                                       int64_t channel, int64_t row) {
  int64_t perWord = countFactors(tile.precision);
  int64_t word = row / perWord;
  int64_t product = word / WarpProduct::depth;
  int64_t lane = channel % 8 * 4 + word % 4;
  int64_t place = word % WarpProduct::depth / 4 * 2 + channel % 16 / 8;
  int64_t fragment =
      channel / WarpProduct::rows * TensorCoreTile::depthProducts + product;
  return {(fragment * WarpProduct::lanes + lane) * WarpProduct::leftWords +
              place,
          row % perWord != 0};
}

namespace {

class Emitter {
public:
  Emitter(KernelBuilder &kernel, const ImplicitGemm &gemm,
          const TensorCoreTile &tile, const ConvolutionBuffers &buffers)
      : kernel(kernel), gemm(gemm), tile(tile), buffers(buffers),
        common(kernel, gemm, buffers, tile.getThreads()), block(common.block) {}

  void emit();

private:
  void placeThread();
  void divideLoads();
  void copyFilter(Index step, Index stage);
  void copyData(Index step, Index stage);
  SmallVector<Value> loadData(Index step);
  void storeData(ArrayRef<Value> numbers, Index stage);
  SmallVector<Value> loadRight(Index stage);
  SmallVector<Value> loadLeft(Index stage, int64_t row, int64_t product);
  SmallVector<Value> multiply(Index stage, ValueRange sums);
  void finish(ValueRange sums);

  Index number(int64_t value) { return kernel.constant(value); }
  /// Four words that begin at a multiple of four of a buffer.
  Value loadQuad(Value buffer, Index place);
  void storeQuad(Value words, Value buffer, Index place);
  /// The place of quadruple `row` of a column, in elements of the data's tiles.
  Index getDataPlace(Index stage, Index row, Index column);

  KernelBuilder &kernel;
  const ImplicitGemm &gemm;
  const TensorCoreTile &tile;
  const ConvolutionBuffers &buffers;
  ImplicitGemmBlock common;
  BlockBuilder &block;
  /// A tile of each for each stage.
  Value filterTiles, dataTiles;
  /// The input as one row of elements, where it is copied; else null.
  Value flatInput;
  /// Elements of the data's tiles in a quadruple.
  int64_t quadElements = quad;
  /// The lane in its warp, as PTX counts: (8 rows, 4 columns); and where the
  /// warp's outputs begin in the block's.
  Index lane, laneRow, laneColumn, warpChannel, warpPosition;
  /// What a thread brings: quadruples of the data's tile, `loadRows` apart, of
  /// one column; where they are copied, one of each of some columns,
  /// `loadColumns` apart.
  Index loadRow, loadColumn;
  int64_t loadRows = 1, loadColumns = 1, dataLoads = 1, filterLoads = 1;
  SmallVector<GemmPosition> loadPositions;
};

// --- the block's memory -----------------------------------------------------

static constexpr int64_t quadBytes = 4 * quad;

Value Emitter::loadQuad(Value buffer, Index place) {
  Value loaded = kernel.loadVector(buffer, place, quad, quadBytes);
  auto words = VectorType::get({quad}, kernel.builder.getI32Type());
  if (loaded.getType() == words)
    return loaded;
  return vector::BitCastOp::create(kernel.builder, kernel.location, words,
                                   loaded);
}

void Emitter::storeQuad(Value words, Value buffer, Index place) {
  vector::StoreOp::create(kernel.builder, kernel.location, words, buffer,
                          kernel.value(place), /*nontemporal=*/false,
                          llvm::MaybeAlign(quadBytes));
}

Index Emitter::getDataPlace(Index stage, Index row, Index column) {
  Index shuffled = Value(arith::XOrIOp::create(
      kernel.builder, kernel.location, kernel.value(column),
      kernel.value(kernel.mul(row, number(2)))));
  Index quadruple =
      kernel.add(kernel.mul(row, number(tile.positions)), shuffled);
  return kernel.mul(
      kernel.add(kernel.mul(stage, number(quads * tile.positions)), quadruple),
      number(quadElements));
}

// --- a step -----------------------------------------------------------------

void Emitter::placeThread() {
  Index warp = kernel.div(block.thread(), number(WarpProduct::lanes));
  lane = kernel.rem(block.thread(), number(WarpProduct::lanes));
  laneRow = kernel.div(lane, number(4));
  laneColumn = kernel.rem(lane, number(4));
  Index across = number(tile.positions / tile.warpPositions);
  warpChannel = kernel.mul(kernel.div(warp, across), number(tile.warpChannels));
  warpPosition =
      kernel.mul(kernel.rem(warp, across), number(tile.warpPositions));
}

/// Neighbouring threads bring neighbouring columns: positions that mostly lie
/// together in the image. Where they copy, they bring neighbouring quadruples:
/// channels that lie together.
void Emitter::divideLoads() {
  int64_t threads = tile.getThreads();
  filterLoads = tile.getFilterWords() / (quad * threads);
  assert(filterLoads * quad * threads == tile.getFilterWords());
  dataLoads = quads * tile.positions / threads;
  if (flatInput) {
    loadRow = kernel.rem(block.thread(), number(quads));
    loadColumn = kernel.div(block.thread(), number(quads));
    loadColumns = threads / quads;
    assert(loadColumns * dataLoads == tile.positions);
  } else {
    loadRow = kernel.div(block.thread(), number(tile.positions));
    loadColumn = kernel.rem(block.thread(), number(tile.positions));
    loadRows = threads / tile.positions;
    assert(loadRows * dataLoads == quads);
  }
  for (int64_t i = 0; i < (flatInput ? dataLoads : 1); ++i)
    loadPositions.push_back(common.locate(kernel.add(
        common.firstColumn, kernel.add(loadColumn, number(i * loadColumns)))));
}

void Emitter::copyFilter(Index step, Index stage) {
  Index from = common.getFilterTile(step, tile.getFilterWords());
  Index to = kernel.mul(stage, number(tile.getFilterWords()));
  for (int64_t i = 0; i < filterLoads; ++i) {
    Index place =
        kernel.mul(kernel.add(block.thread(), number(i * tile.getThreads())),
                   number(quad));
    block.startCopy(buffers.filter, kernel.add(from, place), filterTiles,
                    kernel.add(to, place));
  }
}

void Emitter::copyData(Index step, Index stage) {
  Index run = kernel.mul(loadRow, number(quadElements));
  for (auto [i, position] : llvm::enumerate(loadPositions)) {
    Index column =
        kernel.add(loadColumn, number(static_cast<int64_t>(i) * loadColumns));
    common.startCopy(position, step, run, flatInput, dataTiles,
                     getDataPlace(stage, loadRow, column));
  }
}

SmallVector<Value> Emitter::loadData(Index step) {
  int64_t length = quad * countFactors(tile.precision);
  SmallVector<Index> runs;
  for (int64_t i = 0; i < dataLoads; ++i)
    runs.push_back(
        kernel.mul(kernel.add(loadRow, number(i * loadRows)), number(length)));
  return common.loadColumn(loadPositions[0], step, runs, length);
}

/// Rounds the data on its way, once for all warps.
void Emitter::storeData(ArrayRef<Value> numbers, Index stage) {
  int64_t perWord = countFactors(tile.precision);
  for (int64_t i = 0; i < dataLoads; ++i) {
    SmallVector<Value> words;
    for (int64_t word = 0; word < quad; ++word) {
      words.push_back(
          packFactors(kernel, tile.precision, numbers.take_front(perWord)));
      numbers = numbers.drop_front(perWord);
    }
    Value packed = vector::FromElementsOp::create(
        kernel.builder, kernel.location,
        VectorType::get({quad}, kernel.builder.getI32Type()), words);
    storeQuad(packed, dataTiles,
              getDataPlace(stage, kernel.add(loadRow, number(i * loadRows)),
                           loadColumn));
  }
}

/// Of each column of products the lane's words, those of the first product
/// before those of the second one.
SmallVector<Value> Emitter::loadRight(Index stage) {
  Index matrix = kernel.div(lane, number(8)), row = kernel.rem(lane, number(8));
  SmallVector<Value> words;
  for (int64_t n = 0; n < tile.countColumns(); ++n) {
    Index column = kernel.add(
        kernel.add(warpPosition, number(n * WarpProduct::columns)), row);
    llvm::append_range(
        words,
        block.loadMatrices(dataTiles, getDataPlace(stage, matrix, column)));
  }
  return words;
}

SmallVector<Value> Emitter::loadLeft(Index stage, int64_t row,
                                     int64_t product) {
  Index fragment = kernel.add(
      kernel.mul(kernel.add(kernel.div(warpChannel, number(WarpProduct::rows)),
                            number(row)),
                 number(TensorCoreTile::depthProducts)),
      number(product));
  Index place =
      kernel.add(kernel.mul(fragment, number(WarpProduct::lanes)), lane);
  return kernel.takeApart(
      loadQuad(filterTiles,
               kernel.add(kernel.mul(stage, number(tile.getFilterWords())),
                          kernel.mul(place, number(WarpProduct::leftWords)))));
}

SmallVector<Value> Emitter::multiply(Index stage, ValueRange before) {
  SmallVector<Value> sums(before);
  SmallVector<Value> right = loadRight(stage);
  for (int64_t product = 0; product < TensorCoreTile::depthProducts; ++product)
    for (int64_t m = 0; m < tile.countRows(); ++m) {
      SmallVector<Value> left = loadLeft(stage, m, product);
      for (int64_t n = 0; n < tile.countColumns(); ++n) {
        auto words = ArrayRef<Value>(right).slice(
            n * quad + product * WarpProduct::rightWords,
            WarpProduct::rightWords);
        auto own = MutableArrayRef<Value>(sums).slice(
            (m * tile.countColumns() + n) * WarpProduct::sums,
            WarpProduct::sums);
        llvm::copy(multiplyFragments(kernel, tile.precision, left, words, own),
                   own.begin());
      }
    }
  return sums;
}

// --- results ----------------------------------------------------------------

/// A warp's rows of products one by one, so that the filter's tiles have room
/// for them.
void Emitter::finish(ValueRange sums) {
  GemmResults results(kernel, gemm, buffers, common);
  // A lane has two neighbouring columns of two rows of each product.
  Index firstColumn =
      kernel.add(warpPosition, kernel.mul(laneColumn, number(2)));
  Index warpRow = kernel.div(warpChannel, number(tile.warpChannels));
  Index firstChannel =
      kernel.add(kernel.mul(warpRow, number(WarpProduct::rows)), laneRow);
  for (int64_t m = 0; m < tile.countRows(); ++m) {
    auto giveSums = [&](GemmResults::Exchange::Take take) {
      for (int64_t n = 0; n < tile.countColumns(); ++n)
        for (int64_t row = 0; row < 2; ++row) {
          int64_t place =
              (m * tile.countColumns() + n) * WarpProduct::sums + row * 2;
          take({sums[place], sums[place + 1]},
               kernel.add(firstChannel, number(row * WarpProduct::rows / 2)),
               kernel.add(firstColumn, number(n * WarpProduct::columns)));
        }
    };
    auto getChannel = [&](Index place) {
      Index inWarp = kernel.add(kernel.rem(place, number(WarpProduct::rows)),
                                number(m * WarpProduct::rows));
      Index before = kernel.mul(kernel.div(place, number(WarpProduct::rows)),
                                number(tile.warpChannels));
      return kernel.add(common.firstChannel, kernel.add(before, inWarp));
    };
    auto getColumn = [&](Index place) {
      return kernel.add(common.firstColumn, place);
    };
    results.store({filterTiles, tile.countExchangedChannels(), tile.positions,
                   tile.getThreads(), giveSums, getChannel, getColumn});
  }
}

void Emitter::emit() {
  constexpr int64_t stages = TensorCoreTile::stages;
  assert(GemmResults::Exchange::getSize(tile.countExchangedChannels(),
                                        tile.positions) <=
         stages * tile.getFilterWords());
  filterTiles = block.createShared({stages * tile.getFilterWords()},
                                   kernel.builder.getF32Type());
  Type element = kernel.builder.getI32Type();
  auto input = cast<MemRefType>(buffers.input.getType());
  // (The input is the first operand.)
  if (kernel.buffersAligned[0] && hasCopyableRuns(gemm, input, kernel.target)) {
    flatInput = viewAsRow(kernel, buffers.input);
    element = input.getElementType();
    quadElements = quadBytes * 8 / element.getIntOrFloatBitWidth();
  }
  bool roundsPairs = !flatInput && countFactors(tile.precision) > 1;
  kernel.residentBlocks = roundsPairs ? 0 : tile.residentBlocks;
  dataTiles = block.createShared(
      {stages * quads * tile.positions * quadElements}, element);
  placeThread();
  divideLoads();
  finish(common.addUp(
      stages, tile.countRows() * tile.countColumns() * WarpProduct::sums,
      {[&](Index step, Index stage) {
         copyFilter(step, stage);
         if (!flatInput)
           return loadData(step);
         copyData(step, stage);
         return SmallVector<Value>();
       },
       [&](ArrayRef<Value> numbers, Index stage) {
         if (!flatInput)
           storeData(numbers, stage);
       },
       [&](Index stage, ValueRange sums) { return multiply(stage, sums); }}));
}

} // namespace

void toeplitz::emitTensorCoreGemm(KernelBuilder &kernel,
                                  const ImplicitGemm &gemm,
                                  const TensorCoreTile &tile,
                                  const ConvolutionBuffers &buffers) {
  Emitter(kernel, gemm, tile, buffers).emit();
}
