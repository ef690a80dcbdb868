// Normalisation of rows to mean 0 and variance 1. On a GPU threads share a row.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/RowMoments.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

struct Sizes {
  int64_t rows, length, channels, positions, period;

  explicit Sizes(kernel::NormalizeOp op)
      : rows(op.getRows()), positions(op.getPositions()),
        period(op.getRowPeriod()) {
    length = cast<ShapedType>(op.getInit().getType()).getNumElements() / rows;
    channels = length / positions;
  }
};

class NormalizeEmitter {
public:
  NormalizeEmitter(kernel::NormalizeOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), sizes(op),
        input(kernel, kernel.buffers[0], {sizes.rows, sizes.length}),
        scale(kernel, kernel.buffers[1], {sizes.period * sizes.channels}),
        bias(kernel, kernel.buffers[2], {sizes.period * sizes.channels}),
        output(kernel, kernel.buffers[3], {sizes.rows, sizes.length}) {}

  void emitRow(Index row, RowLoops loops);

private:
  Value centred(Index row, Index i, int64_t lanes) {
    return moments->center(input.load({row, i}, lanes), lanes);
  }
  void emitChannels(Index row, Index firstChannel);
  void emitElements(Index row, Index firstChannel, RowLoops &loops);

  kernel::NormalizeOp op;
  KernelBuilder &kernel;
  Sizes sizes;
  BufferView input, scale, bias, output;
  /// Of the current row.
  std::optional<RowMoments> moments;
};

void NormalizeEmitter::emitRow(Index row, RowLoops loops) {
  moments.emplace(
      kernel, loops, sizes.length, getCommonLanes(kernel, {&input}),
      op.getEpsilon().convertToFloat(),
      [&](Index i, int64_t lanes) { return input.load({row, i}, lanes); });
  Index firstChannel =
      kernel.mul(kernel.rem(row, kernel.constant(sizes.period)),
                 kernel.constant(sizes.channels));
  if (sizes.positions == 1 || loops.isShared())
    emitElements(row, firstChannel, loops);
  else
    emitChannels(row, firstChannel);
}

/// Each channel's positions with its scale and bias.
void NormalizeEmitter::emitChannels(Index row, Index firstChannel) {
  int64_t lanes = getCommonLanes(kernel, {&input, &output});
  kernel.forLoop(
      kernel.constant(0), kernel.constant(sizes.channels), 1,
      [&](Index channel) {
        Index at = kernel.add(firstChannel, channel);
        Value factor = kernel.create<arith::MulFOp>(moments->getInverse(),
                                                    scale.load({at}));
        Value shift = bias.load({at});
        Index first = kernel.mul(channel, kernel.constant(sizes.positions));
        forVectors(kernel, kernel.constant(0), kernel.constant(sizes.positions),
                   lanes, lanes && sizes.positions % lanes != 0,
                   [&](Index position, int64_t lanes) {
                     Index i = kernel.add(first, position);
                     output.store(
                         kernel.multiplyAdd(centred(row, i, lanes),
                                            inLanes(kernel, factor, lanes),
                                            inLanes(kernel, shift, lanes)),
                         {row, i});
                   });
      });
}

/// Each element with the scale and the bias of its channel.
void NormalizeEmitter::emitElements(Index row, Index firstChannel,
                                    RowLoops &loops) {
  int64_t lanes = getCommonLanes(kernel, {&input, &output, &scale, &bias});
  loops.forEach(lanes, [&](Index i, int64_t lanes) {
    Index at = kernel.add(firstChannel,
                          kernel.div(i, kernel.constant(sizes.positions)));
    Value normal = kernel.create<arith::MulFOp>(
        centred(row, i, lanes), inLanes(kernel, moments->getInverse(), lanes));
    output.store(kernel.multiplyAdd(normal, scale.load({at}, lanes),
                                    bias.load({at}, lanes)),
                 {row, i});
  });
}

TaskDivision divide(kernel::NormalizeOp op) {
  Sizes sizes(op);
  return TaskDivision(kernel::getTarget(op), {sizes.rows}, 3 * sizes.length);
}

std::optional<RowDivision> share(kernel::NormalizeOp op) {
  Sizes sizes(op);
  return divideRows(kernel::getTarget(op), {sizes.rows, sizes.length});
}

int64_t countTasks(Operation *op) {
  if (auto shared = share(cast<kernel::NormalizeOp>(op)))
    return shared->countBlocks();
  return divide(cast<kernel::NormalizeOp>(op)).getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto normalize = cast<kernel::NormalizeOp>(op);
  NormalizeEmitter emitter(normalize, kernel);
  if (std::optional<RowDivision> shared = share(normalize)) {
    RowLoops loops(kernel, *shared);
    emitter.emitRow(loops.row(), loops);
    return success();
  }
  divide(normalize).forEach(kernel, [&](ArrayRef<Index> indices) {
    emitter.emitRow(indices[0], RowLoops(kernel, Sizes(normalize).length));
  });
  return success();
}

} // namespace

KernelLowering toeplitz::getNormalizeLowering() {
  return {kernel::NormalizeOp::getOperationName(), countTasks, emit};
}
