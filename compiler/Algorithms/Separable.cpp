// separable: a depthwise convolution with the pointwise ones before and behind
// it, where they are,
//
//   e[c, i] = act(d[c] + sum over b of u[c, b] x[b, i]),
//   h[c, o] = act(a[c] + sum over k of v[c, k] e[c, o * stride + k * dilation -
//   padding]),   Y (F x P) = W (F x C) H (C x P).
//
// Alone, the depthwise one does so little with what it loads and stores that
// memory decides how fast it is. So E and H are computed a few rows at a time,
// into memory of the task's own that stays in the second-level cache:
//
//   for each chunk of rows of the task
//     expansion: the rows that the chunk reads and the one before
//                didn't, for all channels                  -> ring
//     depthwise: the chunk's rows, for all channels        -> scratch
//     pointwise: scratch times W, for all output channels  -> result
//
// W is multiplied as by `pointwise`, or by `bf16x3`: then the depthwise
// convolution splits what it stores.
//
// The windows of neighbouring chunks share rows of E, which stay where they
// are: the ring has room for those of one chunk.

#include "compiler/Algorithms/Separable.h"
#include "compiler/Algorithms/BlockedKernel.h"
#include "compiler/Algorithms/GroupedKernel.h"
#include "compiler/Algorithms/SeparableBuffers.h"
#include "compiler/Algorithms/SeparablePlan.h"
#include "compiler/Algorithms/SeparableProjection.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

int64_t toeplitz::countSeparableTasks(kernel::SeparableConvOp op) {
  return getSeparableTasks(op, kernel::getTarget(op)).countTasks();
}

int64_t toeplitz::getSeparableScratchSize(kernel::SeparableConvOp op) {
  return getSeparableScratch(getSeparableBlock(op), op.getRows(),
                             kernel::getTarget(op))
      .getFloats();
}

namespace {

class Emitter {
public:
  Emitter(kernel::SeparableConvOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), block(getSeparableBlock(op)),
        lanes(kernel.target.getLanes()),
        columns(block.dimensions.back().output),
        vectors(llvm::divideCeil(block.channels, lanes)),
        scratchPlan(getSeparableScratch(block, op.getRows(), kernel.target)),
        ringRows(block.expands() ? block.countInputRows(op.getRows()) : 0),
        layers(getSeparableBuffers(op, kernel)) {
    if (block.splits())
      splitProjection.emplace(op, kernel, block, layers.scratch,
                              scratchPlan.ringFloats);
  }

  void emit() {
    if (splitProjection)
      splitProjection->begin();
    if (block.expands())
      layers.depthwise.input = layers.expansion.output = viewBlocks(
          /*offset=*/0,
          {1, vectors, ringRows, block.dimensions.back().input, lanes});
    int64_t rows = block.countRows();
    int64_t rest = rows % op.getRows();
    Index whole = number(rows / op.getRows());
    TaskRange range =
        getTaskRange(kernel, getSeparableTasks(op, kernel.target));
    auto emitChunks = [&](Index begin, Index end, int64_t rowsOfChunk) {
      kernel.forLoop(begin, end, 1, [&](Index chunk) {
        TaskRange task = range;
        task.firstRow = kernel.mul(range.firstRow, number(op.getRows()));
        emitChunk(task, kernel.mul(chunk, number(op.getRows())), rowsOfChunk);
      });
    };
    emitChunks(range.firstRow, kernel.min(range.endRow, whole), op.getRows());
    if (rest)
      emitChunks(kernel.max(range.firstRow, whole), range.endRow, rest);
  }

private:
  Index number(int64_t value) { return kernel.constant(value); }

  /// A part of the task's memory as blocks of channels.
  Value viewBlocks(int64_t offset, ArrayRef<int64_t> shape) {
    return viewScratch(kernel, layers.scratch, offset, shape,
                       computeStrides(shape));
  }

  /// What the depthwise convolution computes: 1 x channel blocks x 1 x
  /// positions x lanes.
  Value viewMiddle(int64_t positions) {
    return viewBlocks(scratchPlan.ringFloats,
                      {1, vectors, 1, positions, lanes});
  }

  /// `positions` positions of an image of the result (or the residual), as
  /// blocks of one image of one row.
  Value viewPositions(Value buffer, Index image, Index firstPosition,
                      int64_t positions) {
    Value folded =
        foldPositions(kernel, buffer, 1, block.countRows() * columns);
    return viewPart(folded, {image, number(0), number(0), firstPosition},
                    {1, 0, 1, positions});
  }

  /// A row of an image of two dimensions, as it is.
  Value viewRow(Value buffer, Index image, Index row) {
    return viewPart(buffer, {image, number(0), row, number(0)}, {1, 0, 1, 0});
  }

  /// A part of blocks of channels; sizes of 0 are the buffer's.
  Value viewPart(Value buffer, SmallVector<OpFoldResult> offsets,
                 SmallVector<int64_t> sizes) {
    OpBuilder &builder = kernel.builder;
    auto type = cast<MemRefType>(buffer.getType());
    offsets.push_back(number(0));
    sizes.push_back(0);
    for (auto [d, size] : llvm::enumerate(sizes))
      if (!size)
        size = type.getDimSize(d);
    SmallVector<OpFoldResult> strides(sizes.size(), builder.getIndexAttr(1));
    return memref::SubViewOp::create(
        builder, kernel.location, buffer, offsets,
        getAsIndexOpFoldResult(builder.getContext(), sizes), strides);
  }

  void emitChunk(const TaskRange &task, Index firstRow, int64_t rows) {
    if (block.expands())
      emitExpansion(task, firstRow, rows);
    int64_t positions = rows * columns;
    Value middle =
        block.projects() && !block.splits() ? viewMiddle(positions) : Value();
    emitDepthwise(task, firstRow, rows, middle);
    if (block.projects())
      emitProjection(task, firstRow, positions, middle);
  }

  /// The rows that the chunk reads, less those that the task has already.
  void emitExpansion(const TaskRange &task, Index firstRow, int64_t rows) {
    const Dimension &dimension = block.dimensions.front();
    auto getFirst = [&](Index row) {
      return kernel.sub(kernel.mul(row, number(dimension.stride)),
                        number(dimension.paddingLow));
    };
    // (That the chunk before ended here is no news to the first one.)
    Index first = getFirst(firstRow);
    Index known = kernel.add(getFirst(kernel.sub(firstRow, number(1))),
                             number(block.countInputRows(1)));
    Value isLater = kernel.isLess(task.firstRow, firstRow);
    Index begin =
        arith::SelectOp::create(kernel.builder, kernel.location, isLater,
                                kernel.value(kernel.max(first, known)),
                                kernel.value(first))
            .getResult();
    Index end = kernel.add(first, number(block.countInputRows(rows)));

    BlockedKernel blueprint = getPointwise(
        block.inChannels, block.channels, *op.getExpansionTile(),
        op.getExpansionActivationAttr(), block.dimensions.back().input);
    kernel.forLoop(kernel.max(begin, number(0)),
                   kernel.min(end, number(dimension.input)), 1, [&](Index row) {
                     ConvolutionBuffers buffers = layers.expansion;
                     buffers.input =
                         viewRow(layers.expansion.input, task.image, row);
                     buffers.output =
                         viewRow(layers.expansion.output, number(0),
                                 kernel.rem(row, number(ringRows)));
                     emitAll(blueprint, buffers);
                   });
  }

  /// Into `middle`, or where there is none split, or into the result.
  void emitDepthwise(const TaskRange &task, Index firstRow, int64_t rows,
                     Value middle) {
    GroupedKernel blueprint;
    blueprint.dimensions = block.dimensions;
    blueprint.tilePositions = op.getDepthwiseTile();
    blueprint.ringRows = ringRows;
    TaskRange range;
    range.image = task.image;
    range.firstRow = firstRow;
    range.endRow = kernel.add(firstRow, number(rows));
    range.firstBlock = number(0);
    range.endBlock = number(vectors);
    emitGroupedKernel(
        kernel, blueprint, layers.depthwise, range,
        [&](Value sum, const GroupedPosition &place) {
          Value vector = kernel.activate(sum, op.getDepthwiseActivationAttr());
          Index position = kernel.add(
              kernel.mul(kernel.sub(place.row, firstRow), number(columns)),
              place.column);
          if (splitProjection)
            splitProjection->store(vector, place.block, position);
          else if (middle)
            kernel.storeVector(
                vector, middle,
                {number(0), place.block, number(0), position, number(0)});
          else
            kernel.storeVector(
                vector, layers.projection.output,
                {task.image, place.block, place.row, place.column, number(0)});
        });
  }

  void emitProjection(const TaskRange &task, Index firstRow, int64_t positions,
                      Value middle) {
    Index firstPosition = kernel.mul(firstRow, number(columns));
    ConvolutionBuffers buffers = layers.projection;
    buffers.input = middle;
    buffers.output = viewPositions(layers.projection.output, task.image,
                                   firstPosition, positions);
    if (layers.projection.residual)
      buffers.residual = viewPositions(layers.projection.residual, task.image,
                                       firstPosition, positions);
    if (splitProjection) {
      splitProjection->emit(buffers, positions);
      return;
    }
    emitAll(getPointwise(block.channels, block.outChannels, *op.getTile(),
                         op.getActivationAttr(), positions),
            buffers);
  }

  /// A pointwise convolution of one image of one row.
  BlockedKernel getPointwise(int64_t inChannels, int64_t outChannels,
                             ArrayRef<int64_t> tile,
                             kernel::ActivationAttr activation,
                             int64_t positions) {
    BlockedKernel blueprint;
    blueprint.inChannels = inChannels;
    blueprint.outChannels = outChannels;
    blueprint.inputBlock = lanes;
    blueprint.tilePositions = tile[0];
    blueprint.tileVectors = tile[1];
    blueprint.activation = activation;
    Dimension row, column;
    column.input = column.output = positions;
    blueprint.dimensions = {row, column};
    return blueprint;
  }

  void emitAll(const BlockedKernel &blueprint,
               const ConvolutionBuffers &buffers) {
    TaskRange all = {number(0), number(0), number(1), number(0),
                     number(blueprint.countGroupBlocks(lanes))};
    emitBlockedKernel(kernel, blueprint, buffers, all);
  }

  kernel::SeparableConvOp op;
  KernelBuilder &kernel;
  SeparableBlock block;
  int64_t lanes, columns, vectors;
  SeparableScratch scratchPlan;
  /// The rows of E that a task has at once; 0 without an expansion.
  int64_t ringRows;
  SeparableBuffers layers;
  /// Where the pointwise convolution behind is by bf16x3.
  std::optional<SeparableProjection> splitProjection;
};

} // namespace

static int64_t countTasks(Operation *op) {
  return countSeparableTasks(cast<kernel::SeparableConvOp>(op));
}

static LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto conv = cast<kernel::SeparableConvOp>(op);
  if (!conv.getScratch())
    return conv.emitOpError("has no scratch memory; allocate-scratch must run "
                            "before this pass");
  if (getSeparableBlock(conv).splits() && !kernel.target.getAmx())
    return conv.emitOpError("with a filter of bfloat16 numbers needs a target "
                            "with tile registers");
  Emitter(conv, kernel).emit();
  return success();
}

KernelLowering toeplitz::getSeparableLowering() {
  return {kernel::SeparableConvOp::getOperationName(), countTasks, emit,
          countScratchRows<kernel::SeparableConvOp>};
}
