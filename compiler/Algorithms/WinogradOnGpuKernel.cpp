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

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/LinearProgram.h"
#include "compiler/Algorithms/StagedSums.h"
#include "compiler/Algorithms/WinogradOnGpu.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;
using Tile = WinogradBlockTile;

/// Numbers that a thread loads from the block's memory at once.
static constexpr int64_t quad = 4;
static constexpr int64_t quadBytes = 4 * quad;
/// Quadruples of a thread's channels, and of its tiles.
static constexpr int64_t quadsPerThread = Tile::perThread / quad;
/// Columns of exchanged sums that nobody uses.
static constexpr int64_t padding = 8;
/// Rows of a thread's sums that are exchanged at once.
static constexpr int64_t rowsTogether = 2;

namespace {

class Emitter {
public:
  Emitter(KernelBuilder &kernel, const WinogradOnGpu &problem,
          const ConvolutionBuffers &buffers, kernel::ActivationAttr activation)
      : kernel(kernel), problem(problem), tile(problem.tile), buffers(buffers),
        activation(activation), block(kernel, tile.getThreads()),
        transform(buildCookToom(Tile::outputs, Tile::taps)),
        inputProgram(transform.inputTransform),
        outputProgram(transform.outputTransform) {}

  void emit();

private:
  /// A row of a transformed input, which a thread computes of each slice: B^T
  /// has two entries that aren't zero in each row, one of them 1, the other one
  /// 1 or -1.
  struct InputRow {
    /// Both rows of the image: where the tile's first number lies, in the first
    /// channel that the thread brings, and whether the row lies in the image
    /// (null where it does).
    std::array<Index, 2> places;
    std::array<Value, 2> inside;
    /// The factor of the second one.
    Value factor;
    /// Where the transformed row goes in a half of the block's memory.
    Index transformed;
  };

  void flattenInput();
  void placeBlock();
  void placeTile(Index thread);
  void placeInput();
  void placeProducts();
  InputRow getInputRow(Index row);

  SmallVector<Value> loadSlice(Index slice);
  Value loadInput(Index place, Value inside);
  void storeSlice(ArrayRef<Value> values, Index half);
  SmallVector<Value> multiply(Index half, ValueRange sums);
  void finish(ArrayRef<Value> sums);
  void storeSums(ArrayRef<Value> sums, int64_t firstRow);
  void finishOutputs(int64_t firstRow);
  void writeOutputs(ArrayRef<Value> half, Index channel);

  Index number(int64_t value) { return kernel.constant(value); }
  Value both(Value a, Value b) {
    if (!a || !b)
      return a ? a : b;
    return arith::AndIOp::create(kernel.builder, kernel.location, a, b);
  }
  Value loadQuad(Value buffer, Index place) {
    return kernel.loadVector(buffer, place, quad, quadBytes);
  }
  void storeQuad(Value numbers, Index place) {
    vector::StoreOp::create(kernel.builder, kernel.location, numbers, memory,
                            kernel.value(place), /*nontemporal=*/false,
                            llvm::MaybeAlign(quadBytes));
  }
  /// The one of these that a number below their count chooses.
  Value choose(Index which, ArrayRef<Value> values);
  /// Whether a coordinate lies in the image; null where it always does.
  Value isInside(size_t d, Index at);

  // --- the block's memory: two halves with both factors, then sums
  int64_t getHalfFloats() const {
    return tile.getFilterFloats() + tile.getDataFloats();
  }
  Index getHalf(Index slice) {
    return kernel.mul(kernel.rem(slice, number(2)), number(getHalfFloats()));
  }
  /// Channels whose sums are exchanged at once.
  int64_t getChannelsTogether() const {
    return tile.channels / Tile::perThread * rowsTogether;
  }
  /// Floats between two channels' sums, and between those of two frequencies.
  static constexpr int64_t channelFloats = Tile::tiles + padding;
  int64_t getFrequencyFloats() const {
    return getChannelsTogether() * channelFloats;
  }

  KernelBuilder &kernel;
  const WinogradOnGpu &problem;
  const Tile &tile;
  const ConvolutionBuffers &buffers;
  kernel::ActivationAttr activation;
  BlockBuilder block;
  CookToom transform;
  LinearProgram inputProgram, outputProgram;
  Value memory;

  Index group, channelBlock, tileBlock;
  /// The thread's number, as it is asked for once more at the end.
  Index lastThread;
  /// The thread's tile, of which it transforms rows of the input and values of
  /// the output: whether it exists (null where it does), where it lies.
  Index tileColumn, image;
  Value tileExists;
  /// First output position of the tile, and whether the columns of its input
  /// lie in the image.
  std::array<Index, 2> output;
  SmallVector<Value> columnsInside;
  InputRow inputRow;
  /// The input as one dimension.
  Value input;
  SmallVector<int64_t> inputStrides;
  /// The channel of a slice that the thread brings.
  Index inputChannel;
  /// The thread's piece of the products, and where it finds its factors in a
  /// half of the block's memory.
  Index frequency, pieceChannel, pieceTile, weights, data;
};

// --- places -----------------------------------------------------------------

Value Emitter::choose(Index which, ArrayRef<Value> values) {
  Value chosen = values.front();
  for (auto [place, value] : llvm::enumerate(values.drop_front())) {
    if (value == chosen)
      continue;
    Value isEarlier =
        kernel.isLess(which, number(static_cast<int64_t>(place) + 1));
    chosen = arith::SelectOp::create(kernel.builder, kernel.location, isEarlier,
                                     chosen, value);
  }
  return chosen;
}

Value Emitter::isInside(size_t d, Index at) {
  if (problem.alwaysReachesInput(d))
    return {};
  // As unsigned numbers, positions before the input are beyond it too.
  return arith::CmpIOp::create(
      kernel.builder, kernel.location, arith::CmpIPredicate::ult,
      kernel.value(at), kernel.value(number(problem.dimensions[d].input)));
}

void Emitter::flattenInput() {
  auto type = cast<MemRefType>(buffers.input.getType());
  int64_t offset, size = 1;
  [[maybe_unused]] LogicalResult isStrided =
      type.getStridesAndOffset(inputStrides, offset);
  assert(succeeded(isStrided) && "buffers have static strides");
  for (auto [extent, stride] : llvm::zip(type.getShape(), inputStrides))
    size += (extent - 1) * stride;
  auto flat =
      MemRefType::get({size}, type.getElementType(),
                      StridedLayoutAttr::get(type.getContext(), offset, {1}));
  input = memref::ReinterpretCastOp::create(
      kernel.builder, kernel.location, flat, buffers.input, offset,
      ArrayRef<int64_t>{size}, ArrayRef<int64_t>{1});
}

void Emitter::placeBlock() {
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
void Emitter::placeTile(Index thread) {
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

void Emitter::placeInput() {
  for (int64_t column = 0; column < Tile::size; ++column)
    columnsInside.push_back(isInside(
        1, kernel.add(output[1],
                      number(column - problem.dimensions[1].paddingLow))));
  // A warp has one row of one channel.
  assert(tile.getThreads() == Tile::tiles * tile.depth * Tile::size);
  Index rest = kernel.div(block.thread(), number(Tile::tiles));
  inputChannel = kernel.rem(rest, number(tile.depth));
  inputRow = getInputRow(kernel.div(rest, number(tile.depth)));
}

Emitter::InputRow Emitter::getInputRow(Index row) {
  SmallVector<Value> places[2], factors;
  const RationalMatrix &matrix = transform.inputTransform;
  for (int64_t i = 0; i < Tile::size; ++i) {
    int64_t first = -1, second = -1;
    for (int64_t k = 0; k < Tile::size; ++k) {
      if (matrix.at(i, k) == Rational(1) && first < 0)
        first = k;
      else if (!matrix.at(i, k).isZero())
        second = k;
    }
    assert(first >= 0 && second >= 0 &&
           matrix.at(i, second).getMagnitude() == Rational(1));
    places[0].push_back(kernel.value(number(first)));
    places[1].push_back(kernel.value(number(second)));
    factors.push_back(kernel.floatConstant(
        static_cast<float>(matrix.at(i, second).toDouble()),
        kernel.builder.getF32Type()));
  }
  InputRow found;
  Index channel =
      kernel.add(kernel.mul(group, number(problem.inChannels)), inputChannel);
  Index column =
      kernel.sub(output[1], number(problem.dimensions[1].paddingLow));
  for (size_t which = 0; which < 2; ++which) {
    Index at = kernel.sub(kernel.add(output[0], choose(row, places[which])),
                          number(problem.dimensions[0].paddingLow));
    found.inside[which] = isInside(0, at);
    Index place = number(0);
    std::array<Index, 4> coordinates = {image, channel, at, column};
    for (auto [coordinate, stride] : llvm::zip(coordinates, inputStrides))
      place = kernel.add(place, kernel.mul(coordinate, number(stride)));
    found.places[which] = place;
  }
  found.factor = choose(row, factors);
  Index rowOfSlice = kernel.add(
      kernel.mul(row, number(Tile::size * tile.depth)), inputChannel);
  found.transformed = kernel.add(
      number(tile.getFilterFloats()),
      kernel.add(kernel.mul(rowOfSlice, number(Tile::tiles)), tileColumn));
  return found;
}

void Emitter::placeProducts() {
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

/// A number of the image; zero outside of it.
Value Emitter::loadInput(Index place, Value inside) {
  auto load = [&] { return kernel.loadScalar(input, place); };
  if (!inside)
    return load();
  Value zero = kernel.floatConstant(0, kernel.builder.getF32Type());
  auto branch =
      scf::IfOp::create(kernel.builder, kernel.location, zero.getType(), inside,
                        /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(kernel.builder);
  kernel.builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(kernel.builder, kernel.location, load());
  kernel.builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(kernel.builder, kernel.location, zero);
  return branch.getResult(0);
}

/// Begins to copy the filter, and returns the numbers of both rows of the
/// input.
SmallVector<Value> Emitter::loadSlice(Index slice) {
  SmallVector<Value> values;
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
  Value exists;
  if (problem.inChannels % tile.depth != 0)
    exists = kernel.isLess(
        kernel.add(kernel.mul(slice, number(tile.depth)), inputChannel),
        number(problem.inChannels));
  Index further = kernel.mul(slice, number(tile.depth * inputStrides[1]));
  for (auto [place, inside] : llvm::zip(inputRow.places, inputRow.inside))
    for (auto [column, columnInside] : llvm::enumerate(columnsInside))
      values.push_back(loadInput(
          kernel.add(kernel.add(place, further),
                     number(static_cast<int64_t>(column) * inputStrides[3])),
          both(both(exists, inside), columnInside)));
  return values;
}

/// Transforms the input on its way, and waits for the filter.
void Emitter::storeSlice(ArrayRef<Value> values, Index half) {
  SmallVector<Value> rows;
  for (int64_t column = 0; column < Tile::size; ++column)
    rows.push_back(kernel.multiplyAdd(values[Tile::size + column],
                                      inputRow.factor, values[column]));
  for (auto [column, value] : llvm::enumerate(inputProgram.emit(kernel, rows)))
    kernel.storeScalar(value, memory,
                       kernel.add(kernel.add(inputRow.transformed, half),
                                  number(static_cast<int64_t>(column) *
                                         tile.depth * Tile::tiles)));
  block.waitForCopies();
}

/// Adds the products of a slice to the thread's sums, channel by channel.
SmallVector<Value> Emitter::multiply(Index half, ValueRange before) {
  SmallVector<Value> sums(before);
  auto loadSide = [&](Index start, int64_t width, int64_t channel) {
    SmallVector<Value> values;
    for (int64_t i = 0; i < quadsPerThread; ++i)
      llvm::append_range(
          values,
          kernel.takeApart(loadQuad(
              memory, kernel.add(kernel.add(start, half),
                                 number(channel * width + i * width / 2)))));
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

// --- results ----------------------------------------------------------------

/// Stores rows of the thread's sums where other threads find them: frequency,
/// channel (those of a piece together), tile.
void Emitter::storeSums(ArrayRef<Value> sums, int64_t firstRow) {
  auto type = VectorType::get({quad}, kernel.builder.getF32Type());
  Index start = kernel.add(
      kernel.mul(frequency, number(getFrequencyFloats())),
      kernel.add(kernel.mul(pieceChannel, number(rowsTogether * channelFloats)),
                 kernel.mul(pieceTile, number(quad))));
  for (int64_t row = 0; row < rowsTogether; ++row)
    for (int64_t i = 0; i < quadsPerThread; ++i) {
      Value numbers = vector::FromElementsOp::create(
          kernel.builder, kernel.location, type,
          sums.slice((firstRow + row) * Tile::perThread + i * quad, quad));
      storeQuad(numbers,
                kernel.add(start, number(row * channelFloats +
                                         i * Tile::tiles / quadsPerThread)));
    }
}

/// The outputs of a tile in one channel of those that were exchanged.
void Emitter::finishOutputs(int64_t firstRow) {
  Index exchanged = kernel.div(lastThread, number(Tile::tiles));
  Index start =
      kernel.add(kernel.mul(exchanged, number(channelFloats)), tileColumn);
  SmallVector<Value> half;
  for (int64_t column = 0; column < Tile::size; ++column) {
    SmallVector<Value> values;
    for (int64_t row = 0; row < Tile::size; ++row)
      values.push_back(kernel.loadScalar(
          memory, kernel.add(start, number((row * Tile::size + column) *
                                           getFrequencyFloats()))));
    llvm::append_range(half, outputProgram.emit(kernel, values));
  }
  // The exchanged row of a piece, and the piece's first channel.
  Index row = kernel.add(kernel.rem(exchanged, number(rowsTogether)),
                         number(firstRow % quad));
  Index piece =
      kernel.add(kernel.div(exchanged, number(rowsTogether)),
                 number(firstRow / quad * tile.channels / Tile::perThread));
  Index channel = kernel.add(kernel.mul(channelBlock, number(tile.channels)),
                             kernel.add(kernel.mul(piece, number(quad)), row));
  Value exists = tileExists;
  if (problem.outChannels % tile.channels != 0)
    exists = both(exists, kernel.isLess(channel, number(problem.outChannels)));
  channel = kernel.add(kernel.mul(group, number(problem.outChannels)), channel);
  // A branch keeps the places of the results out of registers that are for
  // sums; where all results exist, it is one on what LLVM can't know.
  if (!exists)
    exists = kernel.isLess(lastThread, number(tile.getThreads()));
  kernel.ifThen(exists, [&] { writeOutputs(half, channel); });
}

/// The second half of the transform, and what becomes of the outputs.
void Emitter::writeOutputs(ArrayRef<Value> half, Index channel) {
  for (int64_t i = 0; i < Tile::outputs; ++i) {
    SmallVector<Value> values;
    for (int64_t column = 0; column < Tile::size; ++column)
      values.push_back(half[column * Tile::outputs + i]);
    for (auto [j, value] :
         llvm::enumerate(outputProgram.emit(kernel, values))) {
      // (Lambdas can't capture parts of a pair.)
      Value result = value;
      std::array<Index, 2> position = {
          kernel.add(output[0], number(i)),
          kernel.add(output[1], number(static_cast<int64_t>(j)))};
      // A tile has its first position, but may lack others.
      Value isOutput;
      std::array<int64_t, 2> place = {i, static_cast<int64_t>(j)};
      for (size_t d = 0; d < 2; ++d)
        if (place[d] > 0 && problem.dimensions[d].output % Tile::outputs != 0)
          isOutput = both(
              isOutput,
              kernel.isLess(position[d], number(problem.dimensions[d].output)));
      auto write = [&] {
        finishElement(kernel, buffers, activation, result, image, channel,
                      problem.dimensions, position);
      };
      if (isOutput)
        kernel.ifThen(isOutput, write);
      else
        write();
    }
  }
}

void Emitter::finish(ArrayRef<Value> sums) {
  // While slices are multiplied, registers are for the sums. LLVM keeps nothing
  // there that depends on a number that it doesn't know before.
  Type word = kernel.builder.getI32Type();
  Value thread = arith::IndexCastOp::create(kernel.builder, kernel.location,
                                            word, kernel.value(block.thread()));
  lastThread = Value(arith::IndexCastOp::create(kernel.builder, kernel.location,
                                                kernel.builder.getIndexType(),
                                                block.exchange(thread, 0)));
  placeTile(lastThread);
  for (int64_t row = 0; row < Tile::perThread; row += rowsTogether) {
    // Nobody reads what lay there before.
    block.barrier();
    storeSums(sums, row);
    block.barrier();
    finishOutputs(row);
  }
}

void Emitter::emit() {
  int64_t exchanged =
      Tile::frequencies * getChannelsTogether() * (Tile::tiles + padding);
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

} // namespace

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
  Emitter(kernel, problem, buffers, op.getActivationAttr()).emit();
  return success();
}
