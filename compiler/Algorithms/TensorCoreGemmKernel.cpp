// The code of tensor-core-gemm: what the warps of a block do.
//
// A step is 16 words deep, in quadruples: the four lanes of a warp that share a
// column of the right factor have a quadruple of it each, words 0 and 1 for the
// step's first product, 2 and 3 for its second one. Sums don't mind the order,
// as long as both factors have the same. So
//
//   of the data's tile      lies quadruple by quadruple, (quadruple, column),
//                           and a thread brings quadruples: 4 rows of TF32
//                           numbers, 8 of 16 bits, of one column;
//   of the filter's tile    lies product by product, (rows, product of the
//                           step), the four words of each lane together, as the
//                           filter is packed when the network is compiled.
//
// Lanes load 16 bytes at once of both. Eight lanes at a time are served
// together; they read all 32 banks of the block's memory, of the data because
// two columns more keep the quadruples of a column apart.

#include "compiler/Algorithms/TensorCoreGemmKernel.h"

#include "compiler/Algorithms/ImplicitGemmBlock.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

/// Words that a thread loads and stores at once, and how many of them a step
/// has of a column.
static constexpr int64_t quad = 4;
static constexpr int64_t quads = TensorCoreTile::depthWords / quad;
/// Columns of the data's tile that nobody uses.
static constexpr int64_t padding = 2;

SmallVector<TensorCoreTile>
toeplitz::getTensorCoreTiles(kernel::Precision precision) {
  // Positions, channels, and those of a warp.
  static constexpr int64_t sizes[][4] = {
      {128, 128, 32, 64}, {128, 64, 32, 64}, {64, 128, 32, 64},
      {64, 64, 32, 32},   {64, 32, 16, 32},  {32, 64, 32, 16},
      {32, 32, 16, 16},
  };
  int64_t depth = TensorCoreTile::depthWords * countFactors(precision);
  SmallVector<TensorCoreTile> tiles;
  for (const int64_t (&size)[4] : sizes)
    tiles.push_back({{size[0], size[1], depth}, size[2], size[3], precision});
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
  int64_t product = word % quad / WarpProduct::rightWords;
  int64_t lane = channel % 8 * 4 + word / quad;
  int64_t place = word % WarpProduct::rightWords * 2 + channel % 16 / 8;
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
      : kernel(kernel), tile(tile), buffers(buffers),
        common(kernel, gemm, buffers, tile.getThreads()), block(common.block) {}

  void emit();

private:
  void placeThread();
  void divideLoads();
  SmallVector<Value> loadTiles(Index step);
  void storeTiles(ArrayRef<Value> values, Index half);
  SmallVector<Value> loadRight(Index half);
  SmallVector<Value> loadLeft(Index half, int64_t row, int64_t product);
  SmallVector<Value> multiply(Index half, ValueRange sums);
  void finish(ValueRange sums);

  Index number(int64_t value) { return kernel.constant(value); }
  int64_t getDataWords() const {
    return quads * (tile.positions + padding) * quad;
  }
  /// Four words that begin at a multiple of four of a buffer.
  Value loadQuad(Value buffer, Index place);
  void storeQuad(Value words, Value buffer, Index place);
  /// The place of quadruple `row` of a column of the data's tile.
  Index getDataPlace(Index half, Index row, Index column) {
    Index quadruple =
        kernel.add(kernel.mul(row, number(tile.positions + padding)), column);
    return kernel.add(kernel.mul(half, number(getDataWords())),
                      kernel.mul(quadruple, number(quad)));
  }

  KernelBuilder &kernel;
  const TensorCoreTile &tile;
  const ConvolutionBuffers &buffers;
  ImplicitGemmBlock common;
  BlockBuilder &block;
  /// Two tiles of each: one is read while the next one is written.
  Value filterTiles, dataTiles;
  /// The lane in its warp, as PTX counts: (8 rows, 4 columns); and where the
  /// warp's outputs begin in the block's.
  Index lane, laneRow, laneColumn, warpChannel, warpPosition;
  /// What a thread brings: quadruples of the data's tile, `loadRows` apart, of
  /// one column.
  Index loadRow, loadColumn;
  int64_t loadRows = 1, dataLoads = 1, filterLoads = 1;
  GemmPosition loadPosition;
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
/// together in the image.
void Emitter::divideLoads() {
  int64_t threads = tile.getThreads();
  loadRows = threads / tile.positions;
  loadColumn = kernel.rem(block.thread(), number(tile.positions));
  loadRow = kernel.div(block.thread(), number(tile.positions));
  dataLoads = quads / loadRows;
  filterLoads = tile.getFilterWords() / (quad * threads);
  assert(loadRows * tile.positions == threads && quads % loadRows == 0 &&
         filterLoads * quad * threads == tile.getFilterWords());
  loadPosition = common.locate(kernel.add(common.firstColumn, loadColumn));
}

/// Quadruples of the filter, then numbers of the data.
SmallVector<Value> Emitter::loadTiles(Index step) {
  Index start = common.getFilterTile(step, tile.getFilterWords());
  SmallVector<Value> values;
  for (int64_t i = 0; i < filterLoads; ++i) {
    Index place = kernel.add(block.thread(), number(i * tile.getThreads()));
    values.push_back(loadQuad(
        buffers.filter, kernel.add(start, kernel.mul(place, number(quad)))));
  }
  int64_t length = quad * countFactors(tile.precision);
  SmallVector<Index> runs;
  for (int64_t i = 0; i < dataLoads; ++i)
    runs.push_back(
        kernel.mul(kernel.add(loadRow, number(i * loadRows)), number(length)));
  llvm::append_range(values,
                     common.loadColumn(loadPosition, step, runs, length));
  return values;
}

/// Rounds the data on its way, once for all warps.
void Emitter::storeTiles(ArrayRef<Value> values, Index half) {
  for (int64_t i = 0; i < filterLoads; ++i) {
    Index place = kernel.add(block.thread(), number(i * tile.getThreads()));
    storeQuad(values[i], filterTiles,
              kernel.add(kernel.mul(half, number(tile.getFilterWords())),
                         kernel.mul(place, number(quad))));
  }
  ArrayRef<Value> numbers = values.drop_front(filterLoads);
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
              getDataPlace(half, kernel.add(loadRow, number(i * loadRows)),
                           loadColumn));
  }
}

/// Of each column of products the lane's words, those of the first product
/// before those of the second one.
SmallVector<Value> Emitter::loadRight(Index half) {
  SmallVector<Value> words;
  for (int64_t n = 0; n < tile.countColumns(); ++n) {
    Index column = kernel.add(
        kernel.add(warpPosition, number(n * WarpProduct::columns)), laneRow);
    llvm::append_range(words,
                       kernel.takeApart(loadQuad(
                           dataTiles, getDataPlace(half, laneColumn, column))));
  }
  return words;
}

SmallVector<Value> Emitter::loadLeft(Index half, int64_t row, int64_t product) {
  Index fragment = kernel.add(
      kernel.mul(kernel.add(kernel.div(warpChannel, number(WarpProduct::rows)),
                            number(row)),
                 number(TensorCoreTile::depthProducts)),
      number(product));
  Index place =
      kernel.add(kernel.mul(fragment, number(WarpProduct::lanes)), lane);
  return kernel.takeApart(
      loadQuad(filterTiles,
               kernel.add(kernel.mul(half, number(tile.getFilterWords())),
                          kernel.mul(place, number(WarpProduct::leftWords)))));
}

SmallVector<Value> Emitter::multiply(Index half, ValueRange before) {
  SmallVector<Value> sums(before);
  SmallVector<Value> right = loadRight(half);
  for (int64_t product = 0; product < TensorCoreTile::depthProducts; ++product)
    for (int64_t m = 0; m < tile.countRows(); ++m) {
      SmallVector<Value> left = loadLeft(half, m, product);
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

void Emitter::finish(ValueRange sums) {
  // A lane has two neighbouring columns of two rows of each product.
  SmallVector<GemmPosition> positions;
  Index firstColumn = kernel.add(kernel.add(common.firstColumn, warpPosition),
                                 kernel.mul(laneColumn, number(2)));
  for (int64_t n = 0; n < tile.countColumns(); ++n)
    for (int64_t i = 0; i < 2; ++i)
      positions.push_back(common.locate(
          kernel.add(firstColumn, number(n * WarpProduct::columns + i))));
  Index firstChannel =
      kernel.add(kernel.add(common.firstChannel, warpChannel), laneRow);
  for (int64_t m = 0; m < tile.countRows(); ++m)
    for (int64_t row = 0; row < 2; ++row) {
      Index channel =
          kernel.add(firstChannel, number(m * WarpProduct::rows +
                                          row * WarpProduct::rows / 2));
      for (auto [place, position] : llvm::enumerate(positions)) {
        auto n = static_cast<int64_t>(place) / 2,
             column = static_cast<int64_t>(place) % 2;
        common.store(sums[(m * tile.countColumns() + n) * WarpProduct::sums +
                          row * 2 + column],
                     channel, position);
      }
    }
}

void Emitter::emit() {
  Type word = kernel.builder.getI32Type();
  filterTiles = block.createShared({2 * tile.getFilterWords()}, word);
  dataTiles = block.createShared({2 * getDataWords()}, word);
  placeThread();
  divideLoads();
  finish(common.addUp(
      tile.countRows() * tile.countColumns() * WarpProduct::sums,
      {[&](Index step) { return loadTiles(step); },
       [&](ArrayRef<Value> values, Index half) { storeTiles(values, half); },
       [&](Index half, ValueRange sums) { return multiply(half, sums); }}));
}

} // namespace

void toeplitz::emitTensorCoreGemm(KernelBuilder &kernel,
                                  const ImplicitGemm &gemm,
                                  const TensorCoreTile &tile,
                                  const ConvolutionBuffers &buffers) {
  Emitter(kernel, gemm, tile, buffers).emit();
}
