// im2col: the data as a Toeplitz matrix. With the patch of every output
// position as a column,
//
//   Y (F x P) = W (F x C K) X~ (C K x P),   X~[(c, k), o] = x[c, o * stride + k
//   * dilation - padding],
//
// the convolution is a matrix multiplication. X~ repeats each input value up to
// K times, so it is never stored whole: the columns of one register tile are
// packed into a buffer on the stack and multiplied with all of W. Source:
// Chellapilla, Puri and Simard, High Performance Convolutional Neural Networks
// for Document Processing, 2006.

#include "compiler/Algorithms/BlockedKernel.h"
#include "compiler/Algorithms/RegisterTile.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Table.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

/// What the packed columns may take of the stack: small beside a thread's 8
/// MiB, and half of a usual second-level cache.
static constexpr int64_t stackBytes = 256 * 1024;

static int64_t mergedChannels(const Convolution &convolution,
                              kernel::TargetAttr target) {
  int64_t groups =
      convolution.groups / countMergedGroups(convolution, target.getLanes());
  return llvm::alignTo(convolution.inChannels / groups, target.getLanes());
}

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr target) {
  int64_t bytes =
      4 * convolution.getTaps() * mergedChannels(convolution, target);
  if (bytes > stackBytes)
    return "one column of the data matrix takes " + std::to_string(bytes) +
           " bytes, at most " + std::to_string(stackBytes) +
           " are packed at a time";
  return std::nullopt;
}

static BlockedLoops getLoops(const Convolution &convolution) {
  BlockedLoops loops;
  loops.rowPositions = convolution.getPositions();
  loops.roundChannels = convolution.inChannels;
  loops.rereadsFilter = true;
  return loops;
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  ConvolutionSchedule chosen =
      scheduleBlocked(convolution, getLoops(convolution), target);
  int64_t columnBytes = 4 * std::max<int64_t>(convolution.getTaps(), 1) *
                        mergedChannels(convolution, target);
  chosen.tilePositions =
      std::min(chosen.tilePositions, stackBytes / columnBytes);
  return {chosen};
}

/// Cycles that the multiplying waits for a filter from the second level, which
/// each tile of positions reads as a whole: 0.012 to 0.025 a byte in layers of
/// ResNet-50, FCN and ConvNeXt-T with vectors of 512 bits on Emerald Rapids,
/// none with 256. (Not measured on Zen 5, which hides memory better.)
static double estimateFilterReads(const Convolution &convolution,
                                  const ConvolutionSchedule &schedule,
                                  kernel::TargetAttr target) {
  double groupBytes =
      4.0 *
      static_cast<double>(getBlockedFilterSize(convolution, schedule, target)) /
      schedule.groups;
  constexpr int64_t wideLanes = 16;
  constexpr double cyclesPerByte = 0.018;
  if (target.getLanes() < wideLanes || target.getHidesMemory() ||
      groupBytes <= 2.0 * target.getL1())
    return 0;
  int64_t tiles = llvm::divideCeilSigned(convolution.getPositions(),
                                         schedule.tilePositions);
  return cyclesPerByte * groupBytes * schedule.groups *
         static_cast<double>(convolution.batch * tiles);
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr target) {
  ConvolutionCost cost =
      estimateBlockedCost(convolution, schedule, getLoops(convolution), target);
  // The columns lie together whatever the input did. Packing moves a vector
  // (or, from a plain input, an element) with a bounds check in about 4 cycles.
  double moves = static_cast<double>(convolution.batch) *
                 convolution.getPositions() * convolution.getTaps() *
                 convolution.inChannels / schedule.inputBlock;
  cost.cycles = estimateBlockedCycles(convolution, schedule,
                                      getLoops(convolution), target) +
                4.0 * moves +
                estimateFilterReads(convolution, schedule, target);
  return cost;
}

/// Tasks are divided by tiles of positions, each of which is packed once and
/// multiplied with the whole filter of its group; of few tiles also by blocks
/// of output channels, for each of which they are packed anew.
static TaskGrid getTasks(kernel::ConvOp op, kernel::TargetAttr target) {
  BlockedKernel blueprint = getBlockedKernel(op);
  int64_t positions =
      blueprint.countRows() * blueprint.dimensions.back().output;
  int64_t tiles = llvm::divideCeil(positions, blueprint.tilePositions);
  double multiplyAdds = static_cast<double>(blueprint.batch) * positions *
                        op.getOutChannels() * blueprint.inChannels *
                        blueprint.countTaps();
  int64_t groupBlocks = blueprint.countGroupBlocks(target.getLanes());
  TaskGrid grid =
      divideIntoTasks(blueprint.batch, tiles, blueprint.groups * groupBlocks,
                      4.0 * blueprint.inChannels * blueprint.tilePositions,
                      multiplyAdds, target);
  // Packing anew costs a part of what it is for: a few tasks are enough.
  constexpr int64_t fewTasks = 4;
  int64_t others = blueprint.batch * blueprint.groups * grid.countRowTasks();
  grid.blocksPerTask = std::max<int64_t>(
      grid.blocksPerTask,
      llvm::divideCeil(groupBlocks, llvm::divideCeil(fewTasks, others)));
  return grid;
}

static int64_t countTasks(kernel::ConvOp op) {
  return getTasks(op, kernel::getTarget(op)).countTasks();
}

namespace {

class Emitter {
public:
  Emitter(kernel::ConvOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), blueprint(getBlockedKernel(op)),
        buffers(getBuffers(op, kernel)), lanes(kernel.target.getLanes()),
        taps(blueprint.countTaps()),
        blocks(llvm::divideCeil(blueprint.inChannels, blueprint.inputBlock)) {
    for (const Dimension &dimension : blueprint.dimensions) {
      outputSizes.push_back(dimension.output);
      kernelSizes.push_back(dimension.kernel);
    }
  }

  void emit();

private:
  void emitTile(Index image, Index group, Index firstPosition,
                int64_t positions);
  void packPosition(Index image, Index group, ArrayRef<Index> output,
                    int64_t t);
  void multiply(Index image, Index group, Index firstVector, int64_t vectors,
                ArrayRef<SmallVector<Index>> outputs);

  Index number(int64_t value) { return kernel.constant(value); }

  kernel::ConvOp op;
  KernelBuilder &kernel;
  BlockedKernel blueprint;
  ConvolutionBuffers buffers;
  int64_t lanes, taps, blocks;
  SmallVector<int64_t> outputSizes, kernelSizes;
  /// The task's blocks of output channels, in the group.
  Index firstBlock, endBlock;
  /// The packed columns: channel blocks x taps x positions of the tile x block.
  Value columns;
};

void Emitter::emit() {
  if (taps > 0) {
    auto type = MemRefType::get(
        {blocks, taps, blueprint.tilePositions, blueprint.inputBlock},
        kernel.builder.getF32Type());
    columns = memref::AllocaOp::create(kernel.builder, kernel.location, type,
                                       kernel.builder.getI64IntegerAttr(64));
  }
  int64_t positions =
      blueprint.countRows() * blueprint.dimensions.back().output;
  int64_t tile = blueprint.tilePositions;
  int64_t rest = positions % tile;
  TaskGrid grid = getTasks(op, kernel.target);
  TaskRange range = getTaskRange(kernel, grid);
  int64_t groupBlocks = blueprint.countGroupBlocks(lanes);
  Index firstGroup = kernel.div(range.firstBlock, number(groupBlocks));
  Index endGroup = kernel.ceilDiv(range.endBlock, number(groupBlocks));
  kernel.forLoop(firstGroup, endGroup, 1, [&](Index group) {
    // The task's blocks of this group.
    Index start = kernel.mul(group, number(groupBlocks));
    firstBlock = kernel.max(number(0), kernel.sub(range.firstBlock, start));
    endBlock =
        kernel.min(number(groupBlocks), kernel.sub(range.endBlock, start));
    auto emitTiles = [&](Index first, Index end, int64_t size) {
      kernel.forLoop(first, end, 1, [&](Index number_) {
        emitTile(range.image, group, kernel.mul(number_, number(tile)), size);
      });
    };
    Index whole = number(positions / tile);
    emitTiles(range.firstRow, kernel.min(range.endRow, whole), tile);
    if (rest)
      emitTiles(kernel.max(range.firstRow, whole), range.endRow, rest);
  });
}

void Emitter::emitTile(Index image, Index group, Index firstPosition,
                       int64_t positions) {
  SmallVector<SmallVector<Index>> outputs;
  for (int64_t t = 0; t < positions; ++t)
    outputs.push_back(
        kernel.delinearize(kernel.add(firstPosition, number(t)), outputSizes));
  if (taps > 0)
    for (int64_t t = 0; t < positions; ++t)
      packPosition(image, group, outputs[t], t);

  int64_t groupVectors = blueprint.countGroupVectors(lanes);
  int64_t vectors = std::min(blueprint.tileVectors, groupVectors);
  int64_t wholeVectors = groupVectors / vectors * vectors;
  Index first = kernel.mul(firstBlock, number(vectors));
  Index end = kernel.mul(endBlock, number(vectors));
  kernel.forLoop(
      first, kernel.min(end, number(wholeVectors)), vectors,
      [&](Index vector) { multiply(image, group, vector, vectors, outputs); });
  // The last block of a group has fewer vectors.
  if (wholeVectors < groupVectors)
    kernel.forLoop(kernel.max(first, number(wholeVectors)), end, vectors,
                   [&](Index vector) {
                     multiply(image, group, vector, groupVectors - wholeVectors,
                              outputs);
                   });
}

/// Copies the patch that output position `output` reads, zeros where it lies in
/// the padding, into position t of the columns.
void Emitter::packPosition(Index image, Index group, ArrayRef<Index> output,
                           int64_t t) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  int64_t block = blueprint.inputBlock;
  kernel.forEach(kernelSizes, [&](ArrayRef<Index> tap) {
    SmallVector<Index> position;
    Value inside;
    Index linearTap = number(0);
    for (auto [d, dimension] : llvm::enumerate(blueprint.dimensions)) {
      linearTap =
          kernel.add(kernel.mul(linearTap, number(dimension.kernel)), tap[d]);
      Index input =
          kernel.sub(kernel.add(kernel.mul(output[d], number(dimension.stride)),
                                kernel.mul(tap[d], number(dimension.dilation))),
                     number(dimension.paddingLow));
      position.push_back(input);
      if (dimension.alwaysReachesInput())
        continue;
      // As unsigned numbers, positions before the input are beyond it too.
      Value within = arith::CmpIOp::create(
          builder, location, arith::CmpIPredicate::ult, kernel.value(input),
          kernel.value(number(dimension.input)));
      inside =
          inside
              ? Value(arith::AndIOp::create(builder, location, inside, within))
              : within;
    }
    auto forBlocks = [&](llvm::function_ref<Value(Index)> load) {
      kernel.forLoop(number(0), number(blocks), 1, [&](Index b) {
        kernel.storeVector(load(b), columns,
                           {b, linearTap, number(t), number(0)});
      });
    };
    auto copy = [&] {
      forBlocks([&](Index b) {
        SmallVector<Index> indices = {
            image,
            kernel.add(kernel.mul(group, number(blueprint.inChannels / block)),
                       b)};
        if (!blueprint.withoutPositions)
          llvm::append_range(indices, position);
        indices.push_back(number(0));
        return kernel.loadVector(buffers.input, indices, block);
      });
    };
    if (!inside) {
      copy();
      return;
    }
    auto branch = scf::IfOp::create(builder, location, inside,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    copy();
    builder.setInsertionPointToStart(branch.elseBlock());
    forBlocks([&](Index) { return kernel.splat(0.0f, block); });
  });
}

void Emitter::multiply(Index image, Index group, Index firstVector,
                       int64_t vectors, ArrayRef<SmallVector<Index>> outputs) {
  auto positions = static_cast<int64_t>(outputs.size());
  int64_t groupVectors = blueprint.countGroupVectors(lanes);
  int64_t width = vectors * lanes;
  int64_t block = blueprint.inputBlock;
  Index vector =
      kernel.add(kernel.mul(group, number(groupVectors)), firstVector);
  Accumulators accumulators =
      startAccumulators(kernel, buffers.bias, vector, positions, vectors);
  Index filterStart = kernel.mul(kernel.mul(vector, number(lanes)),
                                 number(taps * blueprint.inChannels));

  // The rows of the filter that belong to `channels` channels from
  // `firstChannel`, for every tap: see packBlockedFilter.
  auto reduce = [&](Index blockNumber, int64_t channels, Accumulators sums) {
    Index blockStart = kernel.add(
        filterStart, kernel.mul(blockNumber, number(block * taps * width)));
    return kernel.forLoop(
        number(0), number(taps), 1, sums, [&](Index tap, ValueRange carried) {
          Index tapStart =
              kernel.add(blockStart, kernel.mul(tap, number(channels * width)));
          return reduceChannels(
              kernel, carried, buffers.filter, tapStart, channels, vectors,
              [&](Index channel, int64_t t) {
                return InputPlace{columns,
                                  {blockNumber, tap, number(t), channel}};
              });
        });
  };
  if (taps > 0) {
    int64_t wholeBlocks = blueprint.inChannels / block;
    accumulators = kernel.forLoop(
        number(0), number(wholeBlocks), 1, accumulators,
        [&](Index blockNumber, ValueRange carried) {
          return reduce(blockNumber, block, Accumulators(carried));
        });
    if (int64_t rest = blueprint.inChannels % block)
      accumulators = reduce(number(wholeBlocks), rest, std::move(accumulators));
  }

  for (int64_t t = 0; t < positions; ++t)
    for (int64_t v = 0; v < vectors; ++v) {
      SmallVector<Index> indices = {image, kernel.add(vector, number(v))};
      if (!blueprint.withoutPositions)
        for (auto [dimension, position] :
             llvm::zip(blueprint.dimensions, outputs[t]))
          indices.push_back(
              kernel.add(kernel.mul(position, number(dimension.outputStride)),
                         number(dimension.outputOffset)));
      indices.push_back(number(0));
      finishVector(kernel, buffers, blueprint.activation,
                   accumulators[t * vectors + v], indices);
    }
}

} // namespace

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  Emitter(op, kernel).emit();
  return success();
}

const Algorithm toeplitz::im2colAlgorithm = {"im2col",
                                             declines,
                                             getSchedules,
                                             estimateCost,
                                             boundSumError,
                                             estimateTypicalSumError,
                                             getBlockedFilterSize,
                                             packBlockedFilter,
                                             countTasks,
                                             emit};
