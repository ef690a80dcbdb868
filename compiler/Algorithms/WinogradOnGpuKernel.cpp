// The code of winograd on a GPU: what the threads of a block do.
//
//   for each slice of input channels
//     V[frequency][channel][tile] = B^T d B     (input from the image)
//     U[frequency][channel][output channel]     (as it is packed)
//     M[frequency] += U^T V                     (sums in registers)
//   output = A^T M A, bias, residual, activation
//
// While a slice is multiplied, the next one's filter is copied to the other
// half of the block's memory, and its input comes into registers, from where it
// goes there transformed. At the end the sums of a tile, which threads of 16
// frequencies have, meet in that memory, a part of the channels at a time.
//
// The sums of a thread, what it brings of the input and the factors of a
// channel take 88 of 128 registers: places are sums of one number for each
// thread and a constant, which the instructions that use them add.
//
// Which banks of the block's memory a warp touches at once:
//
//   - storing V, lanes are neighbouring tiles: 32 banks. Storing U, 8 lanes
//     store 16 neighbouring bytes each: 32 banks.
//   - loading for products, a warp has 8 x 4 (or twice 4 x 4) pieces of 8 x 8
//     of the outputs. The lowest two bits of the lane choose a piece's tile and
//     channel in turn, so that of a load of 16 bytes lanes 2 i and 2 i + 1, or
//     2 i and 2 i + 2, read the same address, and half a warp reads 64
//     neighbouring bytes: two passes, the fewest there are.
//   - exchanging sums, 8 lanes store 16 bytes each: four of them lie together,
//     and the other four 80 floats further, 16 banks away, for which rows have
//     8 columns that nobody uses. Loading, lanes are neighbouring tiles.

#include "compiler/Algorithms/WinogradOnGpuKernel.h"

#include "compiler/Algorithms/StagedSums.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;
using Tile = WinogradBlockTile;

// --- places -----------------------------------------------------------------

void WinogradOnGpuKernel::placeBlock() {
  // Blocks that run together share the filter's slices.
  SmallVector<Index> place = kernel.delinearize(
      kernel.task, {problem.groups, problem.countChannelBlocks(),
                    problem.countTileBlocks()});
  group = place[0];
  channelBlock = place[1];
  tileBlock = place[2];
}

/// Neighbouring threads have neighbouring tiles. The last one stands in for
/// those that don't exist.
void WinogradOnGpuKernel::placeTile(Index thread) {
  tileColumn = kernel.rem(thread, number(Tile::tiles));
  Index place =
      kernel.add(kernel.mul(tileBlock, number(Tile::tiles)), tileColumn);
  int64_t tiles = problem.countTiles();
  if (tiles % Tile::tiles != 0) {
    tileExists = kernel.isLess(place, number(tiles));
    place = kernel.min(place, number(tiles - 1));
  }
  SmallVector<Index> coordinates = kernel.delinearize(
      place, {problem.batch, problem.countTiles(0), problem.countTiles(1)});
  image = coordinates[0];
  for (size_t d = 0; d < 2; ++d)
    output[d] = kernel.mul(coordinates[1 + d], number(Tile::outputs));
}

void WinogradOnGpuKernel::placeProducts() {
  int64_t threads = tile.getThreadsOfFrequency();
  frequency = kernel.div(block.thread(), number(threads));
  Index piece = kernel.rem(block.thread(), number(threads));
  auto bit = [&](int64_t place) {
    return kernel.rem(kernel.div(piece, number(int64_t(1) << place)),
                      number(2));
  };
  static_assert(Tile::tiles == 4 * Tile::perThread, "two bits for the tile");
  pieceTile = kernel.add(bit(0), kernel.mul(bit(2), number(2)));
  pieceChannel =
      kernel.add(bit(1), kernel.mul(kernel.div(piece, number(8)), number(2)));
  Index row = kernel.mul(frequency, number(tile.depth));
  weights = kernel.add(kernel.mul(row, number(tile.channels)),
                       kernel.mul(pieceChannel, number(quad)));
  data = kernel.add(number(tile.getFilterFloats()),
                    kernel.add(kernel.mul(row, number(Tile::tiles)),
                               kernel.mul(pieceTile, number(quad))));
}

// --- a slice ----------------------------------------------------------------

void WinogradOnGpuKernel::copyFilter(Index slice) {
  Index filterBlock = kernel.add(
      kernel.mul(group, number(problem.countChannelBlocks())), channelBlock);
  Index start = kernel.mul(
      kernel.add(kernel.mul(filterBlock, number(problem.countSlices())), slice),
      number(tile.getFilterFloats()));
  Index half = getHalf(slice);
  for (int64_t first = 0; first < tile.getFilterFloats();
       first += quad * tile.getThreads()) {
    Index place = kernel.mul(block.thread(), number(quad));
    block.startCopy(buffers.filter,
                    kernel.add(kernel.add(start, place), number(first)), memory,
                    kernel.add(kernel.add(half, place), number(first)));
  }
}

/// Begins to copy the filter, and returns what the thread brings of the input.
SmallVector<Value> WinogradOnGpuKernel::loadSlice(Index slice) {
  copyFilter(slice);
  return loadInputRows(slice);
}

/// Stores the input, transformed, and waits for the filter.
void WinogradOnGpuKernel::storeSlice(ArrayRef<Value> values, Index half) {
  storeInputRow(values, half);
  block.waitForCopies();
}

/// Adds the products of a slice to the thread's sums, channel by channel.
SmallVector<Value> WinogradOnGpuKernel::multiply(Index half,
                                                 ValueRange before) {
  SmallVector<Value> sums(before);
  auto loadSide = [&](Index start, int64_t width, int64_t channel) {
    SmallVector<Value> values;
    for (int64_t i = 0; i < quadsPerThread; ++i)
      llvm::append_range(
          values, kernel.takeApart(kernel.loadVector(
                      memory,
                      kernel.add(kernel.add(start, half),
                                 number(channel * width + i * width / 2)),
                      quad, quadBytes)));
    return values;
  };
  for (int64_t channel = 0; channel < tile.depth; ++channel) {
    SmallVector<Value> left = loadSide(weights, tile.channels, channel);
    SmallVector<Value> right = loadSide(data, Tile::tiles, channel);
    for (auto [m, weight] : llvm::enumerate(left))
      for (auto [n, element] : llvm::enumerate(right)) {
        Value &product = sums[m * right.size() + n];
        product = kernel.multiplyAdd(weight, element, product);
      }
  }
  return sums;
}

void WinogradOnGpuKernel::emit() {
  int64_t exchanged = Tile::frequencies * getChannelsTogether() * channelFloats;
  memory = block.createShared({std::max(2 * getHalfFloats(), exchanged)});
  flattenInput();
  placeBlock();
  placeTile(block.thread());
  placeInput();
  placeProducts();
  finish(addUpInStages(kernel, block, Tile::perThread * Tile::perThread,
                       number(0), number(problem.countSlices()),
                       {[&](Index slice) { return loadSlice(slice); },
                        [&](ArrayRef<Value> values, Index half) {
                          storeSlice(values, getHalf(half));
                        },
                        [&](Index half, ValueRange sums) {
                          return multiply(getHalf(half), sums);
                        }}));
}

LogicalResult toeplitz::emitWinogradOnGpu(kernel::ConvOp op,
                                          KernelBuilder &kernel) {
  if (op.getKernel() != ArrayRef<int64_t>({Tile::taps, Tile::taps}))
    return op.emitOpError()
           << "by 'winograd' on a GPU has a kernel of another size than 3 x 3";
  auto isOne = [](int64_t step) { return step == 1; };
  if (!llvm::all_of(op.getStrides(), isOne) ||
      !llvm::all_of(op.getDilations(), isOne))
    return op.emitOpError() << "by 'winograd' on a GPU has a stride or a "
                               "dilation";
  if (!op.getTransform() ||
      *op.getTransform() != ArrayRef<int64_t>({Tile::size, Tile::size}))
    return op.emitOpError() << "by 'winograd' on a GPU has no transform of "
                               "4 x 4";
  std::optional<Tile> tile = findWinogradBlockTile(op.getTile()[1]);
  if (!tile || op.getTile()[0] != Tile::tiles)
    return op.emitOpError()
           << "by 'winograd' on a GPU has no block of " << op.getTile()[0]
           << " tiles and " << op.getTile()[1] << " channels";
  WinogradOnGpu problem = getWinogradOnGpu(op, *tile);
  ConvolutionBuffers buffers = getBuffers(op, kernel);
  WinogradOnGpuKernel(kernel, problem, buffers, op.getActivationAttr()).emit();
  return success();
}
