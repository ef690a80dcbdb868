#include "compiler/Algorithms/ImplicitGemmKernel.h"

#include "compiler/Lowering/BlockBuilder.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

/// Numbers that a thread loads from the block's memory at once.
static constexpr int64_t quad = 4;

static constexpr ImplicitGemmTile tiles[] = {
    {128, 128, 8, 8, 8}, {128, 64, 8, 8, 8}, {64, 128, 8, 8, 8},
    {64, 64, 16, 8, 4},  {64, 32, 16, 4, 4}, {32, 64, 16, 4, 4},
    {32, 32, 16, 4, 4},
};

ArrayRef<ImplicitGemmTile> toeplitz::getImplicitGemmTiles() { return tiles; }

ImplicitGemmTile toeplitz::findImplicitGemmTile(int64_t positions,
                                                int64_t channels) {
  const ImplicitGemmTile *found =
      llvm::find_if(tiles, [&](const ImplicitGemmTile &tile) {
        return tile.positions == positions && tile.channels == channels;
      });
  assert(found != std::end(tiles) && "no such tile");
  return *found;
}

int64_t ImplicitGemm::countTaps() const {
  int64_t taps = 1;
  for (const Dimension &dimension : dimensions)
    taps *= dimension.kernel;
  return taps;
}

int64_t ImplicitGemm::countPositions() const {
  int64_t positions = batch;
  for (const Dimension &dimension : dimensions)
    positions *= dimension.output;
  return positions;
}

int64_t ImplicitGemm::countSteps() const {
  return llvm::divideCeilSigned(countTaps() * inChannels, tile.depth);
}

int64_t toeplitz::chooseImplicitGemmSplits(int64_t tiles, int64_t steps) {
  // Two blocks for each of some 130 multiprocessors; the start and end of a
  // block should be little beside its steps, and the second kernel reads every
  // part.
  constexpr int64_t wantedBlocks = 264, fewestSteps = 6, mostSplits = 32;
  int64_t splits = std::min({llvm::divideCeilSigned(wantedBlocks, tiles),
                             steps / fewestSteps, mostSplits});
  return std::max<int64_t>(splits, 1);
}

int64_t ImplicitGemm::countStepsOfSplit() const {
  return llvm::divideCeilSigned(
      countSteps(), chooseImplicitGemmSplits(countTiles(), countSteps()));
}

int64_t ImplicitGemm::countSplits() const {
  return llvm::divideCeilSigned(countSteps(), countStepsOfSplit());
}

int64_t ImplicitGemm::countTiles() const {
  return groups * llvm::divideCeilSigned(outChannels, tile.channels) *
         llvm::divideCeilSigned(countPositions(), tile.positions);
}

ImplicitGemm toeplitz::getImplicitGemm(kernel::ConvOp op) {
  ImplicitGemm gemm;
  gemm.batch = cast<ShapedType>(op.getInput().getType()).getDimSize(0);
  gemm.groups = op.getGroups();
  gemm.inChannels = op.getInChannels() / op.getGroups();
  gemm.outChannels = op.getOutChannels() / op.getGroups();
  gemm.dimensions = getDimensions(op);
  gemm.withoutPositions = op.getKernel().empty();
  gemm.tile = findImplicitGemmTile(op.getTile()[0], op.getTile()[1]);
  gemm.activation = op.getActivationAttr();
  return gemm;
}

namespace {

/// An output position as a thread sees it: its image and coordinates, and
/// whether it exists.
struct Position {
  Index column, image;
  SmallVector<Index> output;
  Value exists;
};

/// Bias, residual, activation and store of an output.
void finishElement(KernelBuilder &kernel, const ImplicitGemm &gemm,
                   const ConvolutionBuffers &buffers, Value sum, Index channel,
                   const Position &position) {
  SmallVector<Index> indices = {position.image, channel};
  if (!gemm.withoutPositions)
    for (auto [dimension, output] : llvm::zip(gemm.dimensions, position.output))
      indices.push_back(kernel.add(
          kernel.mul(output, kernel.constant(dimension.outputStride)),
          kernel.constant(dimension.outputOffset)));
  indices.push_back(kernel.constant(0));
  auto add = [&](Value value) {
    sum = arith::AddFOp::create(kernel.builder, kernel.location, sum, value);
  };
  if (buffers.bias)
    add(kernel.loadScalar(buffers.bias, {channel, kernel.constant(0)}));
  if (buffers.residual)
    add(kernel.loadScalar(buffers.residual, indices));
  kernel.storeScalar(kernel.activate(sum, gemm.activation), buffers.output,
                     indices);
}

/// The position of a column that exists.
Position locatePosition(KernelBuilder &kernel, const ImplicitGemm &gemm,
                        Index column) {
  Position position;
  position.column = column;
  SmallVector<int64_t> sizes = {gemm.batch};
  for (const Dimension &dimension : gemm.dimensions)
    sizes.push_back(dimension.output);
  SmallVector<Index> all = kernel.delinearize(column, sizes);
  position.image = all.front();
  position.output.assign(all.begin() + 1, all.end());
  return position;
}

class Emitter {
public:
  Emitter(KernelBuilder &kernel, const ImplicitGemm &gemm,
          const ConvolutionBuffers &buffers)
      : kernel(kernel), gemm(gemm), tile(gemm.tile), buffers(buffers),
        block(kernel, gemm.tile.getThreads()) {}

  void emit();

private:
  // --- elements of the data's matrix
  Position locate(Index column);
  /// Where tap `tap` of a position lies in the image, and whether it lies in
  /// it.
  SmallVector<Index> locateInput(const Position &position, Index tap,
                                 Value &inside);
  Value loadInput(const Position &position, Index channel,
                  ArrayRef<Index> place, Value inside);

  // --- a step: a tile of the filter and one of the data
  void divideLoads();
  SmallVector<Value> loadTiles(Index step);
  SmallVector<Value> loadFilterTile(Index step);
  SmallVector<Value> loadDataTile(Index step);
  void storeTiles(ArrayRef<Value> values, Index half);
  SmallVector<Value> multiply(Index half, ValueRange sums);

  // --- results
  void finish(ValueRange sums);
  void storePartialSum(Value sum, Index channel, Index column);

  Index number(int64_t value) { return kernel.constant(value); }
  Value less(Index a, int64_t b) {
    return arith::CmpIOp::create(kernel.builder, kernel.location,
                                 arith::CmpIPredicate::slt, kernel.value(a),
                                 kernel.value(number(b)));
  }
  Value both(Value a, Value b) {
    if (!a || !b)
      return a ? a : b;
    return arith::AndIOp::create(kernel.builder, kernel.location, a, b);
  }
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
  BlockBuilder block;
  /// Two tiles of each: one is read while the next one is written.
  Value filterTiles, dataTiles;
  /// The block's tile, and the thread's place in it.
  Index split, group, firstChannel, firstColumn, threadRow, threadColumn;
  /// What a thread brings: rows of the data's tile, `loadRows` apart, of one
  /// column.
  Index loadRow, loadColumn;
  int64_t loadRows = 1, loadsPerThread = 1, filterLoads = 1;
  Position loadPosition;
};

// --- elements of the data's matrix ------------------------------------------

Position Emitter::locate(Index column) {
  int64_t columns = gemm.countPositions();
  if (columns % tile.positions == 0)
    return locatePosition(kernel, gemm, column);
  // The last one in the place of those that don't exist.
  Position position =
      locatePosition(kernel, gemm, kernel.min(column, number(columns - 1)));
  position.exists = less(column, columns);
  return position;
}

SmallVector<Index> Emitter::locateInput(const Position &position, Index tap,
                                        Value &inside) {
  SmallVector<int64_t> kernelSizes;
  for (const Dimension &dimension : gemm.dimensions)
    kernelSizes.push_back(dimension.kernel);
  SmallVector<Index> taps = kernel.delinearize(tap, kernelSizes);
  SmallVector<Index> place;
  for (auto [d, dimension] : llvm::enumerate(gemm.dimensions)) {
    Index at = kernel.sub(
        kernel.add(kernel.mul(position.output[d], number(dimension.stride)),
                   kernel.mul(taps[d], number(dimension.dilation))),
        number(dimension.paddingLow));
    place.push_back(at);
    bool always =
        dimension.getInputPosition(0, 0) >= 0 &&
        dimension.getInputPosition(dimension.output - 1, dimension.kernel - 1) <
            dimension.input;
    if (always)
      continue;
    // As unsigned numbers, positions before the input are beyond it too.
    inside =
        both(inside,
             arith::CmpIOp::create(kernel.builder, kernel.location,
                                   arith::CmpIPredicate::ult, kernel.value(at),
                                   kernel.value(number(dimension.input))));
  }
  return place;
}

Value Emitter::loadInput(const Position &position, Index channel,
                         ArrayRef<Index> place, Value inside) {
  // No branch: the first element stands in for what doesn't exist.
  auto clamp = [&](Index index) -> Index {
    if (!inside)
      return index;
    return Value(arith::SelectOp::create(kernel.builder, kernel.location,
                                         inside, kernel.value(index),
                                         kernel.value(number(0))));
  };
  SmallVector<Index> indices = {
      position.image,
      clamp(kernel.add(kernel.mul(group, number(gemm.inChannels)), channel))};
  if (!gemm.withoutPositions)
    for (Index at : place)
      indices.push_back(clamp(at));
  indices.push_back(number(0));
  Value loaded = kernel.loadScalar(buffers.input, indices);
  if (!inside)
    return loaded;
  return arith::SelectOp::create(
      kernel.builder, kernel.location, inside, loaded,
      kernel.floatConstant(0, kernel.builder.getF32Type()));
}

// --- a step -----------------------------------------------------------------

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
  loadPosition = locate(kernel.add(firstColumn, loadColumn));
}

SmallVector<Value> Emitter::loadFilterTile(Index step) {
  int64_t threads = tile.getThreads();
  int64_t channelTiles =
      llvm::divideCeilSigned(gemm.outChannels, tile.channels);
  Index rows = kernel.add(
      kernel.mul(kernel.add(kernel.mul(group, number(channelTiles)),
                            kernel.div(firstChannel, number(tile.channels))),
                 number(gemm.countSteps())),
      step);
  Index start = kernel.mul(rows, number(tile.depth * tile.channels));
  SmallVector<Value> values;
  for (int64_t i = 0; i < filterLoads; ++i)
    values.push_back(kernel.loadVector(
        buffers.filter,
        kernel.add(start,
                   kernel.mul(kernel.add(block.thread(), number(i * threads)),
                              number(quad))),
        quad));
  return values;
}

SmallVector<Value> Emitter::loadDataTile(Index step) {
  SmallVector<Value> values;
  Index first = kernel.mul(step, number(tile.depth));
  auto getRow = [&](int64_t i) {
    return kernel.add(loadRow, number(i * loadRows));
  };
  if (gemm.inChannels % tile.depth == 0) {
    // All rows of the step belong to one tap.
    Index tap = kernel.div(first, number(gemm.inChannels));
    Index channel = kernel.rem(first, number(gemm.inChannels));
    Value inside = loadPosition.exists;
    SmallVector<Index> place = locateInput(loadPosition, tap, inside);
    for (int64_t i = 0; i < loadsPerThread; ++i)
      values.push_back(loadInput(loadPosition, kernel.add(channel, getRow(i)),
                                 place, inside));
    return values;
  }
  int64_t depth = gemm.countTaps() * gemm.inChannels;
  for (int64_t i = 0; i < loadsPerThread; ++i) {
    Index row = kernel.add(first, getRow(i));
    Value inside = loadPosition.exists;
    if (depth % tile.depth != 0)
      inside = both(inside, less(row, depth));
    Index tap = kernel.div(row, number(gemm.inChannels));
    SmallVector<Index> place = locateInput(loadPosition, tap, inside);
    values.push_back(loadInput(
        loadPosition, kernel.rem(row, number(gemm.inChannels)), place, inside));
  }
  return values;
}

SmallVector<Value> Emitter::loadTiles(Index step) {
  SmallVector<Value> values = loadFilterTile(step);
  llvm::append_range(values, loadDataTile(step));
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

// --- results ----------------------------------------------------------------

void Emitter::storePartialSum(Value sum, Index channel, Index column) {
  Index row = kernel.add(
      kernel.mul(kernel.add(kernel.mul(split, number(gemm.groups)), group),
                 number(gemm.outChannels)),
      channel);
  kernel.storeScalar(
      sum, buffers.prepared,
      kernel.add(kernel.mul(row, number(gemm.countPositions())), column));
}

void Emitter::finish(ValueRange sums) {
  int64_t columns = tile.threadPositions;
  SmallVector<Position> positions;
  for (int64_t n = 0; n < columns; ++n)
    positions.push_back(locate(kernel.add(
        firstColumn, kernel.add(getQuad(threadColumn, n / quad,
                                        tile.positions / tile.threadPositions),
                                number(n % quad)))));
  bool cutChannels = gemm.outChannels % tile.channels != 0;
  for (int64_t m = 0; m < tile.threadChannels; ++m) {
    Index channel = kernel.add(
        firstChannel, kernel.add(getQuad(threadRow, m / quad,
                                         tile.channels / tile.threadChannels),
                                 number(m % quad)));
    Value channelExists =
        cutChannels ? less(channel, gemm.outChannels) : Value();
    for (int64_t n = 0; n < columns; ++n) {
      Value exists = both(channelExists, positions[n].exists);
      Value sum = sums[m * columns + n];
      auto write = [&] {
        if (gemm.countSplits() == 1)
          finishElement(
              kernel, gemm, buffers, sum,
              kernel.add(kernel.mul(group, number(gemm.outChannels)), channel),
              positions[n]);
        else
          storePartialSum(sum, channel, positions[n].column);
      };
      if (exists)
        kernel.ifThen(exists, write);
      else
        write();
    }
  }
}

void Emitter::emit() {
  int64_t channelTiles =
      llvm::divideCeilSigned(gemm.outChannels, tile.channels);
  int64_t columnTiles =
      llvm::divideCeilSigned(gemm.countPositions(), tile.positions);
  // Blocks that run together share the filter's tile.
  SmallVector<Index> place =
      kernel.delinearize(kernel.task, {gemm.countSplits(), gemm.groups,
                                       channelTiles, columnTiles});
  split = place[0];
  group = place[1];
  firstChannel = kernel.mul(place[2], number(tile.channels));
  firstColumn = kernel.mul(place[3], number(tile.positions));
  Index rowThreads = number(tile.positions / tile.threadPositions);
  threadRow = kernel.div(block.thread(), rowThreads);
  threadColumn = kernel.rem(block.thread(), rowThreads);
  filterTiles = block.createShared({2 * tile.depth * tile.channels});
  dataTiles = block.createShared({2 * tile.depth * tile.positions});
  divideLoads();

  Index firstStep = kernel.mul(split, number(gemm.countStepsOfSplit()));
  Index steps = number(gemm.countStepsOfSplit());
  if (gemm.countSteps() % gemm.countStepsOfSplit() != 0)
    steps = kernel.min(steps, kernel.sub(number(gemm.countSteps()), firstStep));
  storeTiles(loadTiles(firstStep), number(0));
  block.barrier();
  SmallVector<Value> sums(tile.threadPositions * tile.threadChannels,
                          kernel.floatConstant(0, kernel.builder.getF32Type()));
  Index last = kernel.sub(steps, number(1));
  sums = kernel.forLoop(
      number(0), last, 1, sums, [&](Index step, ValueRange carried) {
        Index next = kernel.add(step, number(1));
        SmallVector<Value> loaded = loadTiles(kernel.add(firstStep, next));
        SmallVector<Value> added =
            multiply(kernel.rem(step, number(2)), carried);
        storeTiles(loaded, kernel.rem(next, number(2)));
        block.barrier();
        return added;
      });
  sums = multiply(kernel.rem(last, number(2)), sums);
  finish(sums);
}

} // namespace

void toeplitz::emitImplicitGemm(KernelBuilder &kernel, const ImplicitGemm &gemm,
                                const ConvolutionBuffers &buffers) {
  Emitter(kernel, gemm, buffers).emit();
}

static TaskDivision divideFinishing(const ImplicitGemm &gemm,
                                    kernel::TargetAttr target) {
  return TaskDivision(target,
                      {gemm.groups * gemm.outChannels, gemm.countPositions()},
                      /*workPerPoint=*/1);
}

int64_t toeplitz::countFinishingTasks(const ImplicitGemm &gemm,
                                      kernel::TargetAttr target) {
  return divideFinishing(gemm, target).getCount();
}

void toeplitz::emitFinishing(KernelBuilder &kernel, const ImplicitGemm &gemm,
                             const ConvolutionBuffers &buffers) {
  divideFinishing(gemm, kernel.target)
      .forEach(kernel, [&](ArrayRef<Index> place) {
        int64_t columns = gemm.countPositions();
        Value sum;
        for (int64_t split = 0; split < gemm.countSplits(); ++split) {
          Index row = kernel.add(
              kernel.constant(split * gemm.groups * gemm.outChannels),
              place[0]);
          Value part = kernel.loadScalar(
              buffers.prepared,
              kernel.add(kernel.mul(row, kernel.constant(columns)), place[1]));
          sum = sum ? Value(arith::AddFOp::create(kernel.builder,
                                                  kernel.location, sum, part))
                    : part;
        }
        finishElement(kernel, gemm, buffers, sum, place[0],
                      locatePosition(kernel, gemm, place[1]));
      });
}
