// The code of warpgroup-gemm: what the warpgroups of a block do.
//
// The tiles of a step are the two factors as the products want them (see
// Warpgroup.h): a row of 128 bytes for each output channel and for each
// position. The filter is packed like that when the network is compiled, and
// copied as it lies. Threads bring pieces of 16 bytes of the data, 4 rows of
// its matrix of TF32 numbers, 8 of 16 bits, to their places. Where it lies in
// memory as it is needed, rounded, with the channels of each position together,
// they copy them; else they round what they load.
//
// Tiles go through three stages of the block's memory. The products of a step
// go on by themselves while the threads begin to bring what the step after the
// next needs.

#include "compiler/Algorithms/WarpgroupGemmKernel.h"

#include "compiler/Algorithms/GemmResults.h"
#include "compiler/Lowering/Kernels/BufferView.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

/// Words of a piece.
static constexpr int64_t pieceWords =
    WarpgroupProduct::pieceBytes / int64_t(sizeof(uint32_t));

SmallVector<WarpgroupTile>
toeplitz::getWarpgroupTiles(kernel::Precision precision) {
  // Positions, channels, and positions of a warpgroup.
  static constexpr int64_t sizes[][3] = {
      {256, 128, 256}, {128, 128, 128}, {256, 64, 128},
      {64, 128, 64},   {128, 64, 128},  {64, 64, 64},
  };
  // One block for each multiprocessor is much work already.
  constexpr int64_t wantedBlocks = 132;
  int64_t depth = WarpgroupTile::depthWords * countFactors(precision);
  SmallVector<WarpgroupTile> tiles;
  for (const int64_t (&size)[3] : sizes)
    tiles.push_back(
        {{size[0], size[1], depth, wantedBlocks}, size[2], precision});
  return tiles;
}

std::optional<WarpgroupTile>
toeplitz::findWarpgroupTile(kernel::Precision precision, int64_t positions,
                            int64_t channels) {
  for (const WarpgroupTile &tile : getWarpgroupTiles(precision))
    if (tile.positions == positions && tile.channels == channels)
      return tile;
  return std::nullopt;
}

/// Positions of a block of which sums are exchanged at once.
static int64_t countExchangedColumns(const WarpgroupTile &tile) {
  return tile.positions / tile.groupPositions * tile.countExchangedPositions();
}

int64_t WarpgroupTile::getFilterMemoryWords() const {
  int64_t exchanged =
      GemmResults::Exchange::getSize(channels, countExchangedColumns(*this));
  return std::max(stages * getFilterWords(), exchanged);
}

int64_t WarpgroupTile::getMemoryBytes() const {
  int64_t filterBytes = llvm::alignTo(getFilterMemoryWords() * sizeof(uint32_t),
                                      WarpgroupProduct::alignment);
  return filterBytes + stages * getDataWords() * int64_t(sizeof(uint32_t));
}

namespace {

class Emitter {
public:
  Emitter(KernelBuilder &kernel, const ImplicitGemm &gemm,
          const WarpgroupTile &tile, const ConvolutionBuffers &buffers)
      : kernel(kernel), gemm(gemm), tile(tile), buffers(buffers),
        common(kernel, gemm, buffers, tile.getThreads()), block(common.block) {}

  void emit();

private:
  void createMemory();
  void placeThread();
  void divideLoads();
  void copyFilter(Index step, Index stage);
  void copyData(Index step, Index stage);
  SmallVector<Value> loadData(Index step);
  void storeData(ArrayRef<Value> numbers, Index stage);
  SmallVector<Value> multiply(Index stage, ValueRange sums);
  void finish(ValueRange sums);

  Index number(int64_t value) { return kernel.constant(value); }
  /// The place of a piece of a position, in elements of the data's tiles.
  Index getDataPlace(Index stage, Index piece, Index column);

  KernelBuilder &kernel;
  const ImplicitGemm &gemm;
  const WarpgroupTile &tile;
  const ConvolutionBuffers &buffers;
  ImplicitGemmBlock common;
  BlockBuilder &block;
  /// A tile of each for each stage.
  Value filterTiles, dataTiles;
  /// The input as one row of elements, where it is copied; else null.
  Value flatInput;
  /// Elements of the data's tiles in a piece.
  int64_t pieceElements = pieceWords;
  /// Where the warpgroup's outputs begin in the block's; and of the thread's
  /// sums the first in the warpgroup's.
  Index groupChannel, groupNumber, sumChannel, sumColumn;
  /// What a thread brings: pieces of one column, `loadPieces` apart; where they
  /// are copied, one of each of some columns, `loadColumns` apart.
  Index loadPiece, loadColumn;
  int64_t loadPieces = 1, loadColumns = 1, dataLoads = 1, filterLoads = 1;
  SmallVector<GemmPosition> loadPositions;
};

// --- the block's memory -----------------------------------------------------

void Emitter::createMemory() {
  filterTiles = block.createShared({tile.getFilterMemoryWords()},
                                   kernel.builder.getF32Type(),
                                   WarpgroupProduct::alignment);
  Type element = kernel.builder.getI32Type();
  auto input = cast<MemRefType>(buffers.input.getType());
  // (The input is the first operand.)
  if (kernel.buffersAligned[0] && hasCopyableRuns(gemm, input, kernel.target)) {
    flatInput = viewAsRow(kernel, buffers.input);
    element = input.getElementType();
    pieceElements =
        WarpgroupProduct::pieceBytes * 8 / element.getIntOrFloatBitWidth();
  }
  dataTiles = block.createShared({WarpgroupTile::stages * tile.positions *
                                  WarpgroupProduct::pieces * pieceElements},
                                 element, WarpgroupProduct::alignment);
}

Index Emitter::getDataPlace(Index stage, Index piece, Index column) {
  // (A tile has a multiple of eight columns.)
  Index row = kernel.add(kernel.mul(stage, number(tile.positions)), column);
  Index place = kernel.add(kernel.mul(row, number(WarpgroupProduct::pieces)),
                           WarpgroupProduct::getPlace(kernel, column, piece));
  return kernel.mul(place, number(pieceElements));
}

// --- a step -----------------------------------------------------------------

void Emitter::placeThread() {
  Index warpgroup =
      kernel.div(block.thread(), number(WarpgroupProduct::threads));
  Index inGroup = kernel.rem(block.thread(), number(WarpgroupProduct::threads));
  Index across = number(tile.positions / tile.groupPositions);
  groupChannel =
      kernel.mul(kernel.div(warpgroup, across), number(WarpgroupProduct::rows));
  groupNumber = kernel.rem(warpgroup, across);
  Index warp = kernel.div(inGroup, number(BlockBuilder::warp));
  Index lane = kernel.rem(inGroup, number(BlockBuilder::warp));
  constexpr int64_t rowsOfWarp = 16;
  sumChannel = kernel.add(kernel.mul(warp, number(rowsOfWarp)),
                          kernel.div(lane, number(4)));
  sumColumn = kernel.mul(kernel.rem(lane, number(4)), number(2));
}

/// Neighbouring threads bring neighbouring columns: positions that mostly lie
/// together in the image. Where they copy, they bring neighbouring pieces:
/// channels that lie together.
void Emitter::divideLoads() {
  constexpr int64_t pieces = WarpgroupProduct::pieces;
  int64_t threads = tile.getThreads();
  filterLoads = tile.getFilterWords() / (pieceWords * threads);
  assert(filterLoads * pieceWords * threads == tile.getFilterWords());
  dataLoads = pieces * tile.positions / threads;
  if (flatInput) {
    loadPiece = kernel.rem(block.thread(), number(pieces));
    loadColumn = kernel.div(block.thread(), number(pieces));
    loadColumns = threads / pieces;
    assert(loadColumns * dataLoads == tile.positions);
  } else {
    loadPiece = kernel.div(block.thread(), number(tile.positions));
    loadColumn = kernel.rem(block.thread(), number(tile.positions));
    loadPieces = threads / tile.positions;
    assert(loadPieces * dataLoads == pieces);
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
                   number(pieceWords));
    block.startCopy(buffers.filter, kernel.add(from, place), filterTiles,
                    kernel.add(to, place));
  }
}

void Emitter::copyData(Index step, Index stage) {
  Index run = kernel.mul(loadPiece, number(pieceElements));
  for (auto [i, position] : llvm::enumerate(loadPositions)) {
    Index column =
        kernel.add(loadColumn, number(static_cast<int64_t>(i) * loadColumns));
    common.startCopy(position, step, run, flatInput, dataTiles,
                     getDataPlace(stage, loadPiece, column));
  }
}

SmallVector<Value> Emitter::loadData(Index step) {
  int64_t length = pieceWords * countFactors(tile.precision);
  SmallVector<Index> runs;
  for (int64_t i = 0; i < dataLoads; ++i)
    runs.push_back(kernel.mul(kernel.add(loadPiece, number(i * loadPieces)),
                              number(length)));
  return common.loadColumn(loadPositions[0], step, runs, length);
}

/// Rounds the data on its way.
void Emitter::storeData(ArrayRef<Value> numbers, Index stage) {
  int64_t perWord = countFactors(tile.precision);
  for (int64_t i = 0; i < dataLoads; ++i) {
    SmallVector<Value> words;
    for (int64_t word = 0; word < pieceWords; ++word) {
      words.push_back(
          packFactors(kernel, tile.precision, numbers.take_front(perWord)));
      numbers = numbers.drop_front(perWord);
    }
    Value packed = vector::FromElementsOp::create(
        kernel.builder, kernel.location,
        VectorType::get({pieceWords}, kernel.builder.getI32Type()), words);
    kernel.storeVector(
        packed, dataTiles,
        getDataPlace(stage, kernel.add(loadPiece, number(i * loadPieces)),
                     loadColumn),
        WarpgroupProduct::pieceBytes);
  }
}

SmallVector<Value> Emitter::multiply(Index stage, ValueRange sums) {
  Index filterRow =
      kernel.add(kernel.mul(stage, number(tile.channels)), groupChannel);
  Index dataRow =
      kernel.add(kernel.mul(stage, number(tile.positions)),
                 kernel.mul(groupNumber, number(tile.groupPositions)));
  return beginProducts(kernel, tile.precision, tile.groupPositions,
                       describeFactor(kernel, filterTiles, filterRow),
                       describeFactor(kernel, dataTiles, dataRow), sums);
}

// --- results ----------------------------------------------------------------

/// Some positions of each warpgroup at a time, so that the filter's tiles have
/// room for them.
void Emitter::finish(ValueRange sums) {
  GemmResults results(kernel, gemm, buffers, common);
  // Of each eight columns a thread has two neighbours in each of two rows.
  constexpr int64_t columns = 8, rows = 2, neighbours = 2;
  int64_t exchanged = tile.countExchangedPositions();
  Index firstChannel = kernel.add(groupChannel, sumChannel);
  Index firstColumn =
      kernel.add(kernel.mul(groupNumber, number(exchanged)), sumColumn);
  for (int64_t first = 0; first < tile.groupPositions; first += exchanged) {
    auto giveSums = [&](GemmResults::Exchange::Take take) {
      for (int64_t column = 0; column < exchanged; column += columns)
        for (int64_t row = 0; row < rows; ++row) {
          int64_t place =
              ((first + column) / columns * rows + row) * neighbours;
          take({sums[place], sums[place + 1]},
               kernel.add(firstChannel, number(row * 8)),
               kernel.add(firstColumn, number(column)));
        }
    };
    auto getChannel = [&](Index place) {
      return kernel.add(common.firstChannel, place);
    };
    auto getColumn = [&](Index place) {
      Index before = kernel.mul(kernel.div(place, number(exchanged)),
                                number(tile.groupPositions));
      Index inGroup =
          kernel.add(kernel.rem(place, number(exchanged)), number(first));
      return kernel.add(common.firstColumn, kernel.add(before, inGroup));
    };
    results.store({filterTiles, tile.channels, countExchangedColumns(tile),
                   tile.getThreads(), giveSums, getChannel, getColumn});
  }
}

void Emitter::emit() {
  createMemory();
  placeThread();
  divideLoads();
  finish(common.addUp(
      WarpgroupTile::stages, WarpgroupProduct::countSums(tile.groupPositions),
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
       [&](Index stage, ValueRange sums) { return multiply(stage, sums); },
       [&] { waitForProducts(kernel, 0); }, [&] { publishFactors(kernel); }}));
}

} // namespace

void toeplitz::emitWarpgroupGemm(KernelBuilder &kernel,
                                 const ImplicitGemm &gemm,
                                 const WarpgroupTile &tile,
                                 const ConvolutionBuffers &buffers) {
  Emitter(kernel, gemm, tile, buffers).emit();
}
