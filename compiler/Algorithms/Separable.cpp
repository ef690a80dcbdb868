// separable: a depthwise convolution and the pointwise one behind it,
//
//   h[c, o] = act(a[c] + sum over k of v[c, k] x[c, o * stride + k * dilation -
//   padding]),   Y (F x P) = W (F x C) H (C x P).
//
// Alone, the depthwise one does so little with what it loads and stores that
// memory decides how fast it is. So H is computed a few rows at a time, into
// memory of the task's own that stays in the second-level cache, and multiplied
// there:
//
//   for each chunk of rows of the task
//     depthwise: the chunk's rows, for all channels        -> scratch
//     pointwise: scratch times W, for all output channels  -> result

#include "compiler/Algorithms/Separable.h"
#include "compiler/Algorithms/BlockedKernel.h"
#include "compiler/Algorithms/GroupedKernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

bool toeplitz::isSeparableWorthwhile(llvm::ArrayRef<int64_t> outputSizes,
                                     int64_t channels, int64_t outChannels,
                                     kernel::TargetAttr target) {
  // (Measured with 2 MiB: below half the cache there is nothing to gain.)
  int64_t cache = target.getL2();
  int64_t positions = 1;
  for (int64_t size : outputSizes)
    positions *= size;
  return positions > outputSizes.back() &&
         4 * positions * channels > cache / 2 &&
         4 * channels * outChannels <= cache / 4;
}

int64_t toeplitz::chooseSeparableRows(int64_t rows, int64_t rowPositions,
                                      int64_t channels, int64_t outChannels,
                                      kernel::TargetAttr target) {
  int64_t lanes = target.getLanes();
  int64_t rowBytes = 4 * llvm::alignTo(channels, lanes) * rowPositions;
  // A quarter of the cache: the input's rows and the weights of a block of
  // output channels want to stay there too.
  int64_t most = std::clamp<int64_t>(target.getL2() / 4 / rowBytes, 1, rows);
  // Work for a few threads, if there is enough (about 100 microseconds for
  // each), but no chunk so small that streaming the weights for it matters.
  constexpr double chunkWork = 2.5e6;
  constexpr int64_t fewestPositions = 24, chunksForThreads = 4;
  double work =
      static_cast<double>(rows) * rowPositions * channels * outChannels;
  int64_t wanted = std::clamp<int64_t>(static_cast<int64_t>(work / chunkWork),
                                       1, std::min(chunksForThreads, rows));
  int64_t fewest =
      std::min<int64_t>(rows, llvm::divideCeil(fewestPositions, rowPositions));
  most = std::min<int64_t>(
      most, std::max<int64_t>(fewest, llvm::divideCeil(rows, wanted)));
  // Chunks of about the same size.
  return llvm::divideCeil(rows, llvm::divideCeil(rows, most));
}

static int64_t countRows(ArrayRef<Dimension> dimensions) {
  int64_t rows = 1;
  for (const Dimension &dimension : dimensions.drop_back())
    rows *= dimension.output;
  return rows;
}

/// Tasks are divided by chunks of rows: each chunk needs all output channels.
static TaskGrid getTasks(kernel::SeparableConvOp op,
                         kernel::TargetAttr target) {
  SmallVector<Dimension> dimensions = getWindowDimensions(op);
  int64_t batch = cast<ShapedType>(op.getInput().getType()).getDimSize(0);
  int64_t chunks = llvm::divideCeil(countRows(dimensions), op.getRows());
  double positions = static_cast<double>(batch) * countRows(dimensions) *
                     dimensions.back().output;
  double multiplyAdds = positions * op.getChannels() * op.getOutChannels();
  TaskGrid grid = divideIntoTasks(batch, chunks, /*blocks=*/1,
                                  /*inputBytesPerRow=*/1, multiplyAdds, target);
  // Tasks begin with rows that the one before has computed, too: few of them.
  constexpr int64_t mostTasks = 16;
  grid.rowsPerTask = std::max<int64_t>(
      grid.rowsPerTask,
      llvm::divideCeil(chunks, std::max<int64_t>(1, mostTasks / batch)));
  return grid;
}

int64_t toeplitz::countSeparableTasks(kernel::SeparableConvOp op) {
  return getTasks(op, kernel::getTarget(op)).countTasks();
}

int64_t toeplitz::getSeparableScratchSize(kernel::SeparableConvOp op) {
  int64_t lanes = kernel::getTarget(op).getLanes();
  return llvm::alignTo(op.getChannels(), lanes) * op.getRows() *
         op.getOutputSizes().back();
}

namespace {

class Emitter {
public:
  Emitter(kernel::SeparableConvOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), lanes(kernel.target.getLanes()),
        columns(op.getOutputSizes().back()),
        blocks(llvm::divideCeil(op.getChannels(), lanes)) {
    depthwise.dimensions = getWindowDimensions(op);
    depthwise.tilePositions = op.getDepthwiseTile();
    size_t next = 0;
    first.input = kernel.buffers[next++];
    first.filter = kernel.buffers[next++];
    if (op.getDepthwiseBias())
      first.bias = kernel.buffers[next++];
    second.filter = kernel.buffers[next++];
    if (op.getBias())
      second.bias = kernel.buffers[next++];
    if (op.getResidual())
      second.residual = kernel.buffers[next++];
    second.output = kernel.buffers[next++];
    scratch = kernel.buffers[next++];
  }

  void emit() {
    int64_t rows = countRows(depthwise.dimensions);
    int64_t rest = rows % op.getRows();
    Index whole = number(rows / op.getRows());
    TaskRange range = getTaskRange(kernel, getTasks(op, kernel.target));
    auto emitChunks = [&](Index begin, Index end, int64_t rowsOfChunk) {
      kernel.forLoop(begin, end, 1, [&](Index chunk) {
        emitChunk(range.image, kernel.mul(chunk, number(op.getRows())),
                  rowsOfChunk);
      });
    };
    emitChunks(range.firstRow, kernel.min(range.endRow, whole), op.getRows());
    if (rest)
      emitChunks(kernel.max(range.firstRow, whole), range.endRow, rest);
  }

private:
  Index number(int64_t value) { return kernel.constant(value); }

  /// The task's memory as what the pointwise convolution reads: 1 x channel
  /// blocks x 1 x positions x lanes.
  Value viewScratch(int64_t positions) {
    OpBuilder &builder = kernel.builder;
    auto type = cast<MemRefType>(scratch.getType());
    SmallVector<int64_t> shape = {1, blocks, 1, positions, lanes};
    int64_t block = positions * lanes;
    SmallVector<int64_t> strides = {blocks * block, block, block, lanes, 1};
    auto layout = StridedLayoutAttr::get(builder.getContext(),
                                         ShapedType::kDynamic, strides);
    auto viewType = MemRefType::get(shape, builder.getF32Type(), layout);
    Index offset = kernel.mul(kernel.slot, number(type.getDimSize(1)));
    return memref::ReinterpretCastOp::create(
        builder, kernel.location, viewType, scratch,
        OpFoldResult(kernel.value(offset)),
        getAsIndexOpFoldResult(builder.getContext(), shape),
        getAsIndexOpFoldResult(builder.getContext(), strides));
  }

  /// `positions` positions of an image of the result (or the residual), as
  /// blocks of one image of one row.
  Value viewPositions(Value buffer, Index image, Index firstPosition,
                      int64_t positions) {
    OpBuilder &builder = kernel.builder;
    Value folded = foldPositions(kernel, buffer, 1,
                                 countRows(depthwise.dimensions) * columns);
    SmallVector<int64_t> shape(cast<MemRefType>(folded.getType()).getShape());
    shape[0] = 1;
    shape[3] = positions;
    SmallVector<OpFoldResult> offsets(5, builder.getIndexAttr(0));
    offsets[0] = image;
    offsets[3] = firstPosition;
    SmallVector<OpFoldResult> strides(5, builder.getIndexAttr(1));
    return memref::SubViewOp::create(
        builder, kernel.location, folded, offsets,
        getAsIndexOpFoldResult(builder.getContext(), shape), strides);
  }

  void emitChunk(Index image, Index firstRow, int64_t rows) {
    int64_t positions = rows * columns;
    Value middle = viewScratch(positions);
    TaskRange range;
    range.image = image;
    range.firstRow = firstRow;
    range.endRow = kernel.add(firstRow, number(rows));
    range.firstBlock = number(0);
    range.endBlock = number(blocks);
    emitGroupedKernel(
        kernel, depthwise, first, range,
        [&](Value sum, const GroupedPosition &place) {
          Index position = kernel.add(
              kernel.mul(kernel.sub(place.row, firstRow), number(columns)),
              place.column);
          kernel.storeVector(
              kernel.activate(sum, op.getDepthwiseActivationAttr()), middle,
              {number(0), place.block, number(0), position, number(0)});
        });

    BlockedKernel pointwise;
    pointwise.inChannels = op.getChannels();
    pointwise.outChannels = op.getOutChannels();
    pointwise.inputBlock = lanes;
    pointwise.tilePositions = op.getTile()[0];
    pointwise.tileVectors = op.getTile()[1];
    pointwise.activation = op.getActivationAttr();
    Dimension row, column;
    column.input = column.output = positions;
    pointwise.dimensions = {row, column};
    Index firstPosition = kernel.mul(firstRow, number(columns));
    ConvolutionBuffers buffers = second;
    buffers.input = middle;
    buffers.output =
        viewPositions(second.output, image, firstPosition, positions);
    if (second.residual)
      buffers.residual =
          viewPositions(second.residual, image, firstPosition, positions);
    TaskRange all = {number(0), number(0), number(1), number(0),
                     number(pointwise.countGroupBlocks(lanes))};
    emitBlockedKernel(kernel, pointwise, buffers, all);
  }

  kernel::SeparableConvOp op;
  KernelBuilder &kernel;
  int64_t lanes, columns, blocks;
  GroupedKernel depthwise;
  /// Of the depthwise and of the pointwise convolution.
  ConvolutionBuffers first, second;
  Value scratch;
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
  Emitter(conv, kernel).emit();
  return success();
}

KernelLowering toeplitz::getSeparableLowering() {
  return {kernel::SeparableConvOp::getOperationName(), countTasks, emit,
          countScratchRows<kernel::SeparableConvOp>};
}
