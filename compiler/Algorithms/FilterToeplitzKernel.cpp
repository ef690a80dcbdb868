// The loops of filter-toeplitz:
//
//   transpose the input: from vectors of channels to vectors of positions
//   for each register tile of the task
//     for each block of input channels
//       for each output channel: the sparse product
//     for each vector of output channels: transpose the sums back;
//       bias, residual, activation, store

#include "compiler/Algorithms/FilterToeplitzKernel.h"

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/Geometry.h"
#include "compiler/Algorithms/TileReduction.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

class Emitter {
public:
  Emitter(kernel::ConvOp op, const SpatialLanes &lanes, KernelBuilder &kernel)
      : op(op), kernel(kernel), lanes(lanes), dimensions(getDimensions(op)),
        buffers(getBuffers(op, kernel)), width(kernel.target.getLanes()),
        sums(op.getInChannels() * lanes.countPlaneVectors() * width) {}

  void emit();

private:
  void transposeInput();
  SmallVector<Value> loadPositions(Index block, ArrayRef<Index> phases,
                                   ArrayRef<Index> vector);
  void emitTiles(SmallVector<Index> first, SmallVector<int64_t> sizes);
  void multiplyBlock(ArrayRef<Index> first, ArrayRef<int64_t> sizes,
                     Index block, bool firstBlock, Index outputBlock);
  void finishOutputs(ArrayRef<Index> first, ArrayRef<int64_t> sizes,
                     Index outputBlock);
  SmallVector<Value> transpose(SmallVector<Value> rows);

  Index number(int64_t value) { return kernel.constant(value); }
  Value compare(arith::CmpIPredicate predicate, Index a, Index b) {
    return arith::CmpIOp::create(kernel.builder, kernel.location, predicate,
                                 kernel.value(a), kernel.value(b));
  }
  /// The stretch of each dimension that a lane of the vectors belongs to.
  SmallVector<int64_t> getStretches(int64_t lane) const;
  /// Where the sums of an output channel begin, of `vectors` each.
  Index getSums(Index output, int64_t vectors) {
    Index row =
        lanes.channelBlocks == 1
            ? kernel.rem(output, number(width))
            : kernel.sub(output, kernel.mul(firstOutputBlock, number(width)));
    return kernel.add(kernel.mul(row, number(vectors * width)), number(sums));
  }

  kernel::ConvOp op;
  KernelBuilder &kernel;
  const SpatialLanes &lanes;
  SmallVector<Dimension> dimensions;
  ConvolutionBuffers buffers;
  int64_t width;
  /// Where the accumulators lie in the scratch memory.
  int64_t sums;
  Index image, firstOutputBlock, endOutputBlock;
  /// The first output position of the task in the first dimension.
  Index boxStart;
};

SmallVector<int64_t> Emitter::getStretches(int64_t lane) const {
  SmallVector<int64_t> stretches(lanes.dimensions.size());
  for (size_t d = stretches.size(); d-- > 0;) {
    stretches[d] = lane % lanes.dimensions[d].lanes;
    lane /= lanes.dimensions[d].lanes;
  }
  return stretches;
}

void Emitter::emit() {
  const LaneDimension &first = lanes.dimensions.front();
  int64_t outputBlocks = lanes.countOutputBlocks();
  int64_t batch = cast<ShapedType>(op.getInput().getType()).getDimSize(0);
  SmallVector<Index> task = kernel.delinearize(
      kernel.task, {batch, first.boxes, lanes.countOutputTasks()});
  image = task[0];
  boxStart = kernel.mul(task[1], number(first.lanes * first.positions));
  firstOutputBlock = kernel.mul(task[2], number(lanes.outputBlocksPerTask));
  endOutputBlock =
      kernel.add(firstOutputBlock, number(lanes.outputBlocksPerTask));
  if (outputBlocks % lanes.outputBlocksPerTask)
    endOutputBlock = kernel.min(endOutputBlock, number(outputBlocks));
  transposeInput();
  emitTiles({}, {});
}

/// A square of vectors: lane j of row i becomes lane i of row j. In each step
/// rows and lanes whose numbers differ in one bit are exchanged. Source:
/// Eklundh, A Fast Computer Method for Matrix Transposing, 1972.
SmallVector<Value> Emitter::transpose(SmallVector<Value> rows) {
  for (int64_t distance = width / 2; distance > 0; distance /= 2)
    for (int64_t i = 0; i < width; ++i) {
      if (i & distance)
        continue;
      SmallVector<int64_t> low, high;
      for (int64_t lane = 0; lane < width; ++lane) {
        bool moved = lane & distance;
        low.push_back(moved ? width + lane - distance : lane);
        high.push_back(moved ? width + lane : lane + distance);
      }
      Value a = rows[i], b = rows[i + distance];
      rows[i] =
          vector::ShuffleOp::create(kernel.builder, kernel.location, a, b, low);
      rows[i + distance] = vector::ShuffleOp::create(
          kernel.builder, kernel.location, a, b, high);
    }
  return rows;
}

/// For each lane, a vector of channels of the input: that of the position of
/// `vector` in its phase, or zeros in the padding.
SmallVector<Value> Emitter::loadPositions(Index block, ArrayRef<Index> phases,
                                          ArrayRef<Index> vector) {
  // Position and bounds check of each stretch of each dimension.
  SmallVector<SmallVector<Index>> positions(dimensions.size());
  SmallVector<SmallVector<Value>> inside(dimensions.size());
  for (size_t d = 0; d < dimensions.size(); ++d) {
    const LaneDimension &dimension = lanes.dimensions[d];
    int64_t stride = dimension.stride;
    Index remainder = kernel.rem(
        kernel.mul(phases[d], number(dimension.dilation)), number(stride));
    Index start = kernel.add(
        kernel.mul(d == 0 ? kernel.add(boxStart, vector[d]) : vector[d],
                   number(stride)),
        kernel.sub(remainder, number(dimensions[d].paddingLow)));
    for (int64_t stretch = 0; stretch < dimension.lanes; ++stretch) {
      Index position =
          kernel.add(start, number(stretch * dimension.positions * stride));
      positions[d].push_back(position);
      // The smallest and the largest position of this stretch in any task.
      int64_t smallest =
          stretch * dimension.positions * stride - dimensions[d].paddingLow;
      int64_t largest = (((dimension.boxes - 1) * dimension.lanes + stretch) *
                             dimension.positions +
                         dimension.getExtent()) *
                            stride -
                        1 - dimensions[d].paddingLow;
      bool always = smallest >= 0 && largest < dimensions[d].input;
      // As unsigned numbers, positions before the input are beyond it too.
      inside[d].push_back(always ? Value()
                                 : compare(arith::CmpIPredicate::ult, position,
                                           number(dimensions[d].input)));
    }
  }
  SmallVector<Value> rows;
  for (int64_t lane = 0; lane < width; ++lane) {
    SmallVector<Index> indices = {image, block};
    Value condition;
    for (auto [d, stretch] : llvm::enumerate(getStretches(lane))) {
      indices.push_back(positions[d][stretch]);
      if (Value each = inside[d][stretch])
        condition = condition
                        ? Value(arith::AndIOp::create(
                              kernel.builder, kernel.location, condition, each))
                        : each;
    }
    indices.push_back(number(0));
    auto load = [&] {
      return kernel.loadVector(buffers.input, indices, width);
    };
    if (!condition) {
      rows.push_back(load());
      continue;
    }
    auto branch = scf::IfOp::create(kernel.builder, kernel.location,
                                    kernel.vectorType(), condition,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(kernel.builder);
    kernel.builder.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(kernel.builder, kernel.location, load());
    kernel.builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(kernel.builder, kernel.location,
                         kernel.splat(0.0f, width));
    rows.push_back(branch.getResult(0));
  }
  return rows;
}

/// Writes the planes: channel by channel, phase by phase, the vectors of the
/// stretches.
void Emitter::transposeInput() {
  size_t rank = dimensions.size();
  SmallVector<int64_t> sizes, extents;
  for (const LaneDimension &dimension : lanes.dimensions)
    sizes.push_back(dimension.countPhases());
  for (const LaneDimension &dimension : lanes.dimensions)
    sizes.push_back(dimension.getExtent());
  int64_t planeVectors = lanes.countPlaneVectors();
  if (planeVectors == 0) // no taps, no input
    return;
  auto transposeBlock = [&](Index block, int64_t channels) {
    kernel.forEach(sizes, [&](ArrayRef<Index> indices) {
      SmallVector<Value> columns = transpose(loadPositions(
          block, indices.take_front(rank), indices.drop_front(rank)));
      Index vector = number(0);
      for (auto [index, size] : llvm::zip(indices, sizes))
        vector = kernel.add(kernel.mul(vector, number(size)), index);
      vector =
          kernel.add(vector, kernel.mul(block, number(width * planeVectors)));
      for (int64_t c = 0; c < channels; ++c)
        kernel.storeVector(
            columns[c], buffers.scratch,
            {kernel.slot, kernel.add(kernel.mul(vector, number(width)),
                                     number(c * planeVectors * width))});
    });
  };
  int64_t wholeBlocks = lanes.inChannels / width;
  kernel.forLoop(number(0), number(wholeBlocks), 1,
                 [&](Index block) { transposeBlock(block, width); });
  if (int64_t rest = lanes.inChannels % width)
    transposeBlock(number(wholeBlocks), rest);
}

/// Loops over the register tiles: `first` are the vectors at which the tile
/// begins in the dimensions so far, `sizes` its sizes there.
void Emitter::emitTiles(SmallVector<Index> first, SmallVector<int64_t> sizes) {
  if (first.size() < lanes.dimensions.size()) {
    const LaneDimension &dimension = lanes.dimensions[first.size()];
    auto next = [&](Index begin, int64_t size) {
      SmallVector<Index> nextFirst = first;
      nextFirst.push_back(begin);
      SmallVector<int64_t> nextSizes = sizes;
      nextSizes.push_back(size);
      emitTiles(nextFirst, nextSizes);
    };
    int64_t rest = dimension.positions % dimension.tile;
    int64_t whole = dimension.positions - rest;
    kernel.forLoop(number(0), number(whole), dimension.tile,
                   [&](Index begin) { next(begin, dimension.tile); });
    if (rest)
      next(number(whole), rest);
    return;
  }
  auto forOutputs = [&](llvm::function_ref<void(Index)> body) {
    kernel.forLoop(firstOutputBlock, endOutputBlock, 1, body);
  };
  if (lanes.channelBlocks == 1) {
    forOutputs([&](Index outputBlock) {
      multiplyBlock(first, sizes, number(0), /*firstBlock=*/true, outputBlock);
      finishOutputs(first, sizes, outputBlock);
    });
    return;
  }
  forOutputs([&](Index outputBlock) {
    multiplyBlock(first, sizes, number(0), /*firstBlock=*/true, outputBlock);
  });
  kernel.forLoop(number(1), number(lanes.channelBlocks), 1, [&](Index block) {
    forOutputs([&](Index outputBlock) {
      multiplyBlock(first, sizes, block, /*firstBlock=*/false, outputBlock);
    });
  });
  forOutputs(
      [&](Index outputBlock) { finishOutputs(first, sizes, outputBlock); });
}

/// Adds what a block of input channels contributes to a tile's sums of a vector
/// of output channels.
void Emitter::multiplyBlock(ArrayRef<Index> first, ArrayRef<int64_t> sizes,
                            Index block, bool firstBlock, Index outputBlock) {
  int64_t vectors = 1;
  for (int64_t size : sizes)
    vectors *= size;
  // The vectors of the tile, from the first one of the plane.
  SmallVector<int64_t> steps = {0};
  Index start = number(0);
  for (auto [d, dimension] : llvm::enumerate(lanes.dimensions)) {
    SmallVector<int64_t> extended;
    for (int64_t step : steps)
      for (int64_t t = 0; t < sizes[d]; ++t)
        extended.push_back(step * dimension.getExtent() + t);
    steps = std::move(extended);
    start =
        kernel.add(kernel.mul(start, number(dimension.getExtent())), first[d]);
  }
  start = kernel.mul(start, number(width));

  int64_t offsets = lanes.countPointers();
  auto loadIndex = [&](Index place) -> Index {
    return Value(arith::IndexCastUIOp::create(
        kernel.builder, kernel.location, kernel.builder.getIndexType(),
        kernel.loadScalar(buffers.structure, {place})));
  };
  kernel.forLoop(number(0), number(width), 1, [&](Index lane) {
    Index output = kernel.add(kernel.mul(outputBlock, number(width)), lane);
    Index row =
        kernel.add(kernel.mul(block, number(lanes.countRows())), output);
    Index sumsStart = getSums(output, vectors);
    Accumulators accumulators;
    for (int64_t v = 0; v < vectors; ++v)
      accumulators.push_back(
          firstBlock
              ? kernel.splat(0.0f, width)
              : kernel.loadVector(
                    buffers.scratch,
                    {kernel.slot, kernel.add(sumsStart, number(v * width))},
                    width));
    auto multiplyNonzero = [&](Index nonzero,
                               MutableArrayRef<Value> accumulated) {
      Value weight =
          kernel.broadcast(kernel.loadScalar(buffers.filter, {nonzero}), width);
      Index input =
          kernel.add(start, loadIndex(kernel.add(nonzero, number(offsets))));
      for (auto [sum, step] : llvm::zip(accumulated, steps))
        sum = kernel.multiplyAdd(
            kernel.loadVector(
                buffers.scratch,
                {kernel.slot, kernel.add(input, number(step * width))}, width),
            weight, sum);
    };
    Index begin = loadIndex(row), end = loadIndex(kernel.add(row, number(1)));
    // A multiply-add waits for the sum that the one before it made: a small
    // tile adds up every other weight apart.
    if (vectors < SpatialLanes::fewVectors) {
      Accumulators pairs = accumulators;
      pairs.append(vectors, kernel.splat(0.0f, width));
      Index single = kernel.rem(kernel.sub(end, begin), number(2));
      Index endOfPairs = kernel.sub(end, single);
      pairs = kernel.forLoop(
          begin, endOfPairs, 2, pairs, [&](Index nonzero, ValueRange carried) {
            Accumulators sums(carried);
            MutableArrayRef<Value> all(sums);
            multiplyNonzero(nonzero, all.take_front(vectors));
            multiplyNonzero(kernel.add(nonzero, number(1)),
                            all.drop_front(vectors));
            return sums;
          });
      for (int64_t v = 0; v < vectors; ++v)
        accumulators[v] = arith::AddFOp::create(kernel.builder, kernel.location,
                                                pairs[v], pairs[vectors + v]);
      begin = endOfPairs;
    }
    accumulators = kernel.forLoop(begin, end, 1, accumulators,
                                  [&](Index nonzero, ValueRange carried) {
                                    Accumulators sums(carried);
                                    multiplyNonzero(nonzero, sums);
                                    return sums;
                                  });
    for (int64_t v = 0; v < vectors; ++v)
      kernel.storeVector(
          accumulators[v], buffers.scratch,
          {kernel.slot, kernel.add(sumsStart, number(v * width))});
  });
}

/// Transposes the sums of a tile to vectors of output channels; bias, residual,
/// activation, and the store of those that are positions of the output.
void Emitter::finishOutputs(ArrayRef<Index> first, ArrayRef<int64_t> sizes,
                            Index outputBlock) {
  int64_t vectors = 1;
  for (int64_t size : sizes)
    vectors *= size;
  Value bias;
  if (buffers.bias)
    bias = kernel.loadVector(buffers.bias, {outputBlock, number(0)}, width);
  Index sumsStart = getSums(kernel.mul(outputBlock, number(width)), vectors);
  kernel.forEach(sizes, [&](ArrayRef<Index> within) {
    Index vector = number(0);
    for (auto [index, size] : llvm::zip(within, sizes))
      vector = kernel.add(kernel.mul(vector, number(size)), index);
    Index start = kernel.add(sumsStart, kernel.mul(vector, number(width)));
    SmallVector<Value> rows;
    for (int64_t lane = 0; lane < width; ++lane)
      rows.push_back(kernel.loadVector(
          buffers.scratch,
          {kernel.slot, kernel.add(start, number(lane * vectors * width))},
          width));
    SmallVector<SmallVector<Index>> positions(dimensions.size());
    SmallVector<SmallVector<Value>> inside(dimensions.size());
    for (auto [d, dimension] : llvm::enumerate(lanes.dimensions)) {
      Index position = kernel.add(first[d], within[d]);
      if (d == 0)
        position = kernel.add(boxStart, position);
      for (int64_t stretch = 0; stretch < dimension.lanes; ++stretch) {
        Index each =
            kernel.add(position, number(stretch * dimension.positions));
        bool always = ((dimension.boxes - 1) * dimension.lanes + stretch + 1) *
                          dimension.positions <=
                      dimension.output;
        inside[d].push_back(always ? Value()
                                   : compare(arith::CmpIPredicate::ult, each,
                                             number(dimension.output)));
        positions[d].push_back(
            kernel.add(kernel.mul(each, number(dimensions[d].outputStride)),
                       number(dimensions[d].outputOffset)));
      }
    }
    for (auto [lane, sum] : llvm::enumerate(transpose(std::move(rows)))) {
      SmallVector<Index> indices = {image, outputBlock};
      Value condition;
      for (auto [d, stretch] :
           llvm::enumerate(getStretches(static_cast<int64_t>(lane)))) {
        indices.push_back(positions[d][stretch]);
        if (Value each = inside[d][stretch])
          condition =
              condition ? Value(arith::AndIOp::create(
                              kernel.builder, kernel.location, condition, each))
                        : each;
      }
      indices.push_back(number(0));
      Value result = sum;
      auto finish = [&] {
        if (bias)
          result = arith::AddFOp::create(kernel.builder, kernel.location,
                                         result, bias);
        finishVector(kernel, buffers, op.getActivationAttr(), result, indices);
      };
      if (condition)
        kernel.ifThen(condition, finish);
      else
        finish();
    }
  });
}

} // namespace

void toeplitz::emitFilterToeplitz(kernel::ConvOp op, const SpatialLanes &lanes,
                                  KernelBuilder &kernel) {
  Emitter(op, lanes, kernel).emit();
}
