// A task of an inverted residual block: its share of the sums.

#include "compiler/Algorithms/GroupedKernel.h"
#include "compiler/Algorithms/InvertedResidualKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

void InvertedResidualKernel::emitTask() {
  keepConfiguration();
  accumulated = allocateAccumulators();
  SmallVector<Index> task =
      kernel.delinearize(kernel.task, {plan.block.batch, plan.parts});
  image = task[0];
  sumsStart =
      scale(kernel.task, plan.getSumsSize(), number(plan.getSumsStart()));
  int64_t steps = plan.countSteps();
  Index first = getPartStart(task[1], plan.parts, steps);
  Index end = getPartStart(kernel.add(task[1], number(1)), plan.parts, steps);
  if (plan.hasOneChunk()) {
    expand({first, end});
    convolve({first, end});
    project({first, end}, /*isFirst=*/true);
    return;
  }
  kernel.forLoop(first, end, plan.chunkSteps, [&](Index start) {
    Chunk chunk = {start,
                   kernel.min(end, kernel.add(start, number(plan.chunkSteps)))};
    expand(chunk);
    convolve(chunk);
    // The first one has nothing to add to.
    Value isFirst = kernel.isLess(start, kernel.add(first, number(1)));
    auto branch = scf::IfOp::create(kernel.builder, kernel.location, isFirst,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(kernel.builder);
    kernel.builder.setInsertionPointToStart(branch.thenBlock());
    project(chunk, /*isFirst=*/true);
    kernel.builder.setInsertionPointToStart(branch.elseBlock());
    project(chunk, /*isFirst=*/false);
  });
}

/// The chunk of all positions of the image, before the depthwise convolution.
void InvertedResidualKernel::expand(const Chunk &chunk) {
  // The last step may have one vector.
  Index whole = number(plan.countVectors() / 2);
  kernel.forLoop(chunk.first, kernel.min(chunk.end, whole), 1,
                 [&](Index step) { expandStep(chunk, step, 2); });
  if (plan.countVectors() % 2 != 0)
    kernel.ifThen(kernel.isLess(whole, chunk.end),
                  [&] { expandStep(chunk, whole, 1); });
}

void InvertedResidualKernel::expandStep(const Chunk &chunk, Index step,
                                        int64_t vectors) {
  Index vector = scale(step, 2);
  SmallVector<Value> bias = loadBias(layers.expansion.bias, vector, vectors);
  int64_t partSize = getSplitSize(plan.countPaddedInput());
  Index inputStart = scale(image, plan.getInputSize());
  int64_t vectorSize = plan.countPaddedInput() * tileColumns;
  Index start = scale(kernel.sub(step, chunk.first), 2 * vectorSize);
  forPairs(plan.countInputTiles(), [&](Index tile, int64_t tiles) {
    SmallVector<Value> sums;
    for (int64_t i = 0; i < tiles * vectors; ++i)
      sums.push_back(clearTile());
    sums = kernel.forLoop(
        number(0), number(plan.countInputSteps()), 1, sums,
        [&](Index inputStep, ValueRange carried) {
          auto loadInput = [&](int64_t part, int64_t t) {
            Index position =
                scale(kernel.add(tile, number(t)), plan.tilePositions);
            Index place = kernel.add(
                scale(scale(inputStep, blockSplitParts, number(part)),
                      partSize),
                scale(position, tileDepth / 2, inputStart));
            return loadInputTile(layers.prepared, {place});
          };
          auto loadFilter = [&](int64_t part, int64_t v) {
            return loadFilterTile(layers.expansion.filter,
                                  getFilterPlace(getExpansionFilter(), vector,
                                                 v, vectors, inputStep, part));
          };
          requestExpansion(step, vectors, tile, inputStep);
          return multiply(tiles, vectors, loadInput, loadFilter, carried);
        });
    forResults(sums, accumulated, bias, vectors, plan.tilePositions,
               [&](Value sum, int64_t v, int64_t t, Index inTile) {
                 Index position = scale(kernel.add(tile, number(t)),
                                        plan.tilePositions, inTile);
                 Index place = kernel.add(scale(position, tileColumns, start),
                                          number(v * vectorSize));
                 kernel.storeVector(
                     kernel.activate(sum, op.getExpansionActivationAttr()),
                     layers.scratch, {Index(kernel.slot), place});
               });
  });
}

void InvertedResidualKernel::requestExpansion(Index step, int64_t vectors,
                                              Index tile, Index inputStep) {
  int64_t size = plan.countInputSteps() * blockSplitParts * vectors * tileSize;
  int64_t pairs = llvm::divideCeil(plan.countInputTiles(), 2);
  request(layers.expansion.filter, scale(kernel.add(step, number(1)), size),
          size,
          scale(kernel.div(tile, number(2)), plan.countInputSteps(), inputStep),
          pairs * plan.countInputSteps());
}

void InvertedResidualKernel::requestProjection(const Chunk &chunk, Index vector,
                                               int64_t vectors, Index tile,
                                               Index step) {
  PackedFilter filter = getProjectionFilter();
  int64_t together = filter.blockVectors == 2 ? vectors : 1;
  int64_t stepSize = blockSplitParts * together * tileSize;
  int64_t pairs = llvm::divideCeil(plan.countOutputTiles(), 2);
  for (int64_t v = 0; v < vectors; v += together)
    request(layers.projection.filter,
            getFilterPlace(filter, kernel.add(vector, number(vectors)), v,
                           vectors, chunk.first, /*part=*/0),
            plan.chunkSteps * stepSize,
            scale(kernel.div(tile, number(2)), plan.chunkSteps,
                  kernel.sub(step, chunk.first)),
            pairs * plan.chunkSteps);
}

void InvertedResidualKernel::request(Value filter, Index start, int64_t size,
                                     Index number_, int64_t count) {
  // What doesn't delay a step of twelve products: see countRequestedLines of
  // bf16x3.
  constexpr int64_t mostLines = 18;
  int64_t share = std::min<int64_t>(
      mostLines, llvm::divideCeil(llvm::divideCeil(size, tileDepth), count));
  kernel.prefetch(filter, {scale(number_, share * tileDepth, start)},
                  share * tileDepth);
}

Value InvertedResidualKernel::viewPart(Value memory, Index first, Index count) {
  OpBuilder &builder = kernel.builder;
  SmallVector<OpFoldResult> offsets = {first}, sizes = {count}, strides;
  ArrayRef<int64_t> shape = cast<MemRefType>(memory.getType()).getShape();
  for (int64_t size : shape.drop_front()) {
    offsets.push_back(builder.getIndexAttr(0));
    sizes.push_back(builder.getIndexAttr(size));
  }
  strides.assign(shape.size(), builder.getIndexAttr(1));
  return memref::SubViewOp::create(builder, kernel.location, memory, offsets,
                                   sizes, strides);
}

/// The depthwise convolution of the chunk.
void InvertedResidualKernel::convolve(const Chunk &chunk) {
  Index steps = kernel.sub(chunk.end, chunk.first);
  // (Of the last step one may be missing.)
  Index firstVector = scale(chunk.first, 2);
  Index vectors =
      kernel.sub(kernel.min(scale(chunk.end, 2), number(plan.countVectors())),
                 firstVector);
  SmallVector<int64_t> shape = {1, 2 * plan.chunkSteps};
  int64_t taps = 1, rows = 1;
  for (const Dimension &dimension : plan.block.dimensions) {
    shape.push_back(dimension.input);
    taps *= dimension.kernel;
    rows *= dimension.output;
  }
  int64_t columns = plan.block.dimensions.back().output;
  rows /= columns;
  shape.push_back(tileColumns);
  SmallVector<int64_t> strides = computeStrides(shape);
  strides[1] = plan.countPaddedInput() * tileColumns;
  strides[0] = shape[1] * strides[1];
  ConvolutionBuffers buffers;
  buffers.input =
      viewScratch(kernel, layers.scratch, /*offset=*/0, shape, strides);
  int64_t filterSize = taps * tileColumns;
  buffers.filter =
      viewPart(layers.depthwise.filter, scale(firstVector, filterSize),
               scale(vectors, filterSize));
  if (layers.depthwise.bias)
    buffers.bias = viewPart(layers.depthwise.bias, firstVector, vectors);
  GroupedKernel blueprint;
  blueprint.dimensions = plan.block.dimensions;
  blueprint.tilePositions = op.getDepthwiseTile();
  TaskRange range = {number(0), number(0), number(rows), number(0), vectors};
  int64_t partSize = getSplitSize(plan.countPaddedOutput());
  // Where a vector at a position is split to.
  auto getPlace = [&](Index vector, Index position) -> SmallVector<Index> {
    Index step = kernel.div(vector, number(2));
    Index half = kernel.rem(vector, number(2));
    Index start =
        scale(step, blockSplitParts * partSize,
              scale(half, tileColumns / 2, number(plan.getChunkStart())));
    return {Index(kernel.slot), scale(position, tileDepth / 2, start)};
  };
  emitGroupedKernel(
      kernel, blueprint, buffers, range,
      [&](Value sum, const GroupedPosition &place) {
        storeSplit(
            kernel.activate(sum, op.getDepthwiseActivationAttr()),
            layers.scratch,
            getPlace(place.block, scale(place.row, columns, place.column)),
            partSize);
      });
  if (plan.countVectors() % 2 == 0)
    return;
  // Nothing in the place of the missing one.
  Value isMissing = kernel.isLess(vectors, scale(steps, 2));
  kernel.ifThen(isMissing, [&] {
    kernel.forLoop(
        number(0), number(plan.countOutputPositions()), 1, [&](Index position) {
          clearSplit(layers.scratch, getPlace(vectors, position), partSize);
        });
  });
}

/// Adds the chunk's share to the sums of all positions and vectors.
void InvertedResidualKernel::project(const Chunk &chunk, bool isFirst) {
  forPairs(plan.countOutputVectors(), [&](Index vector, int64_t vectors) {
    forPairs(plan.countOutputTiles(), [&](Index tile, int64_t tiles) {
      projectTiles(chunk, isFirst, vector, vectors, tile, tiles);
    });
  });
}

void InvertedResidualKernel::projectTiles(const Chunk &chunk, bool isFirst,
                                          Index vector, int64_t vectors,
                                          Index tile, int64_t tiles) {
  int64_t partSize = getSplitSize(plan.countPaddedOutput());
  auto getPosition = [&](int64_t t) {
    return scale(kernel.add(tile, number(t)), plan.tilePositions);
  };
  auto getSum = [&](int64_t t, int64_t v) {
    Index position = scale(kernel.add(vector, number(v)),
                           plan.countPaddedOutput(), getPosition(t));
    return scale(position, tileColumns, sumsStart);
  };
  SmallVector<Value> sums;
  for (int64_t t = 0; t < tiles; ++t)
    for (int64_t v = 0; v < vectors; ++v)
      sums.push_back(isFirst ? clearTile()
                             : loadTile(plan.tilePositions, tileColumns,
                                        kernel.builder.getF32Type(),
                                        layers.prepared, {getSum(t, v)},
                                        tileColumns));
  sums = kernel.forLoop(
      chunk.first, chunk.end, 1, sums, [&](Index step, ValueRange carried) {
        Index start =
            scale(kernel.sub(step, chunk.first), blockSplitParts * partSize,
                  number(plan.getChunkStart()));
        auto loadInput = [&](int64_t part, int64_t t) {
          Index place = scale(getPosition(t), tileDepth / 2,
                              kernel.add(start, number(part * partSize)));
          return loadInputTile(layers.scratch, {Index(kernel.slot), place});
        };
        auto loadFilter = [&](int64_t part, int64_t v) {
          return loadFilterTile(layers.projection.filter,
                                getFilterPlace(getProjectionFilter(), vector, v,
                                               vectors, step, part));
        };
        requestProjection(chunk, vector, vectors, tile, step);
        return multiply(tiles, vectors, loadInput, loadFilter, carried);
      });
  for (int64_t t = 0; t < tiles; ++t)
    for (int64_t v = 0; v < vectors; ++v)
      storeTile(sums[t * vectors + v], layers.prepared, {getSum(t, v)});
}
