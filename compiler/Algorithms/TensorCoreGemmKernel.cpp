// The code of tensor-core-gemm: what the warps of a block do.
//
// A step is 16 words deep, in four pieces of a column (see FactorTiles.h): the
// first two are the right factor of the step's first product, the others that
// of its second one. So
//
//   of the data's tile      lies piece by piece, (piece, column). A warp loads
//                           the pieces of eight columns at once, as four
//                           matrices (ldmatrix);
//   of the filter's tile    lies product by product, (rows, product of the
//                           step), the four words of each lane together, as the
//                           filter is packed when the network is compiled.
//
// Lanes load 16 bytes at once of both. Eight lanes at a time are served
// together, and read and write all 32 banks of the block's memory: also where
// they write the four pieces of two neighbouring columns, because the order of
// every eight columns is another one in each piece.
//
// Tiles go through three stages, to which they come two steps ahead.

#include "compiler/Algorithms/TensorCoreGemmKernel.h"

#include "compiler/Algorithms/FactorTiles.h"
#include "compiler/Algorithms/GemmResults.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

/// Pieces that a step has of a column.
static constexpr int64_t pieces =
    TensorCoreTile::depthWords / FactorTiles::pieceWords;

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
        common(kernel, gemm, buffers, tile.getThreads()), thread(placeThread()),
        tiles(kernel, gemm, buffers, common, tile.getThreads(), getLayout()) {}

  void emit();

private:
  /// What a thread computes.
  struct ThreadPlace {
    /// The lane in its warp, as PTX counts: (8 rows, 4 columns); and where the
    /// warp's outputs begin in the block's.
    Index lane, laneRow, laneColumn, warpChannel, warpPosition;
  };

  ThreadPlace placeThread();
  FactorLayout getLayout();
  SmallVector<Value> loadRight(Index stage);
  SmallVector<Value> loadLeft(Index stage, int64_t row, int64_t product);
  SmallVector<Value> multiply(Index stage, ValueRange sums);
  void finish(ValueRange sums);

  Index number(int64_t value) { return kernel.constant(value); }

  KernelBuilder &kernel;
  const ImplicitGemm &gemm;
  const TensorCoreTile &tile;
  const ConvolutionBuffers &buffers;
  ImplicitGemmBlock common;
  ThreadPlace thread;
  FactorTiles tiles;
};

FactorLayout Emitter::getLayout() {
  auto getPiecePlace = [this](Index stage, Index piece, Index column) {
    Index shuffled = Value(arith::XOrIOp::create(
        kernel.builder, kernel.location, kernel.value(column),
        kernel.value(kernel.mul(piece, number(2)))));
    Index inTile =
        kernel.add(kernel.mul(piece, number(tile.positions)), shuffled);
    return kernel.add(kernel.mul(stage, number(pieces * tile.positions)),
                      inTile);
  };
  constexpr int64_t stages = TensorCoreTile::stages;
  return {tile.precision, stages, stages * tile.getFilterWords(),
          /*alignment=*/0, getPiecePlace};
}

// --- a step -----------------------------------------------------------------

Emitter::ThreadPlace Emitter::placeThread() {
  ThreadPlace found;
  Index warp = kernel.div(common.block.thread(), number(WarpProduct::lanes));
  found.lane = kernel.rem(common.block.thread(), number(WarpProduct::lanes));
  found.laneRow = kernel.div(found.lane, number(4));
  found.laneColumn = kernel.rem(found.lane, number(4));
  Index across = number(tile.positions / tile.warpPositions);
  found.warpChannel =
      kernel.mul(kernel.div(warp, across), number(tile.warpChannels));
  found.warpPosition =
      kernel.mul(kernel.rem(warp, across), number(tile.warpPositions));
  return found;
}

/// Of each column of products the lane's words, those of the first product
/// before those of the second one.
SmallVector<Value> Emitter::loadRight(Index stage) {
  Index matrix = kernel.div(thread.lane, number(8)),
        row = kernel.rem(thread.lane, number(8));
  SmallVector<Value> words;
  for (int64_t n = 0; n < tile.countColumns(); ++n) {
    Index column = kernel.add(
        kernel.add(thread.warpPosition, number(n * WarpProduct::columns)), row);
    llvm::append_range(
        words, common.block.loadMatrices(
                   tiles.data, tiles.getDataPlace(stage, matrix, column)));
  }
  return words;
}

SmallVector<Value> Emitter::loadLeft(Index stage, int64_t row,
                                     int64_t product) {
  Index fragment =
      kernel.add(kernel.mul(kernel.add(kernel.div(thread.warpChannel,
                                                  number(WarpProduct::rows)),
                                       number(row)),
                            number(TensorCoreTile::depthProducts)),
                 number(product));
  Index place =
      kernel.add(kernel.mul(fragment, number(WarpProduct::lanes)), thread.lane);
  Value loaded = kernel.loadVector(
      tiles.filter,
      kernel.add(kernel.mul(stage, number(tile.getFilterWords())),
                 kernel.mul(place, number(WarpProduct::leftWords))),
      WarpProduct::leftWords, FactorTiles::pieceBytes);
  return kernel.takeApart(vector::BitCastOp::create(
      kernel.builder, kernel.location,
      VectorType::get({WarpProduct::leftWords}, kernel.builder.getI32Type()),
      loaded));
}

SmallVector<Value> Emitter::multiply(Index stage, ValueRange before) {
  SmallVector<Value> sums(before);
  SmallVector<Value> right = loadRight(stage);
  for (int64_t product = 0; product < TensorCoreTile::depthProducts; ++product)
    for (int64_t m = 0; m < tile.countRows(); ++m) {
      SmallVector<Value> left = loadLeft(stage, m, product);
      for (int64_t n = 0; n < tile.countColumns(); ++n) {
        auto words = ArrayRef<Value>(right).slice(
            (n * TensorCoreTile::depthProducts + product) *
                WarpProduct::rightWords,
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
      kernel.add(thread.warpPosition, kernel.mul(thread.laneColumn, number(2)));
  Index warpRow = kernel.div(thread.warpChannel, number(tile.warpChannels));
  Index firstChannel = kernel.add(
      kernel.mul(warpRow, number(WarpProduct::rows)), thread.laneRow);
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
    results.store({tiles.filter, tile.countExchangedChannels(), tile.positions,
                   tile.getThreads(), giveSums, getChannel, getColumn});
  }
}

void Emitter::emit() {
  assert(GemmResults::Exchange::getSize(tile.countExchangedChannels(),
                                        tile.positions) <=
         TensorCoreTile::stages * tile.getFilterWords());
  bool roundsPairs = tiles.roundsData() && countFactors(tile.precision) > 1;
  kernel.residentBlocks = roundsPairs ? 0 : tile.residentBlocks;
  finish(common.addUp(
      TensorCoreTile::stages,
      tile.countRows() * tile.countColumns() * WarpProduct::sums,
      {[&](Index step, Index stage) { return tiles.begin(step, stage); },
       [&](ArrayRef<Value> numbers, Index stage) {
         tiles.store(numbers, stage);
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
