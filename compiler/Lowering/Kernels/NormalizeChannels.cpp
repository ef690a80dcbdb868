// Normalisation of the channels at each position of a blocked tensor N x C/V x
// I x V to mean 0 and variance 1.
//
// A few positions at a time, all channels of which stay in the first-level
// cache for three passes: two for the moments, and one that writes
//   y = normal * scale + bias.
// (Where threads of a GPU share a position, the sums of the moments are in
// double precision.)

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/RowMoments.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"
#include "compiler/Lowering/Kernels/VectorMoments.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

struct Sizes {
  int64_t batch, channels, blocks, positions = 1, lanes;

  explicit Sizes(kernel::NormalizeChannelsOp op) : channels(op.getChannels()) {
    ArrayRef<int64_t> shape =
        cast<ShapedType>(op.getInit().getType()).getShape();
    batch = shape.front();
    blocks = shape[1];
    lanes = shape.back();
    for (int64_t size : shape.drop_front(2).drop_back())
      positions *= size;
  }

  /// On a GPU: positions whose channels threads share.
  std::optional<RowDivision> share(kernel::TargetAttr target) const {
    return divideRows(target, {batch * positions, channels, positions});
  }
  TaskDivision divide(kernel::TargetAttr target) const {
    return TaskDivision(target, {batch, positions}, 3 * channels,
                        VectorMoments::rowsTogether);
  }
};

class NormalizeChannelsEmitter {
public:
  NormalizeChannelsEmitter(kernel::NormalizeChannelsOp op,
                           KernelBuilder &kernel)
      : op(op), kernel(kernel), sizes(op),
        input(kernel, kernel.buffers[0], getShape()),
        scale(kernel, kernel.buffers[1], {sizes.blocks, sizes.lanes}),
        bias(kernel, kernel.buffers[2], {sizes.blocks, sizes.lanes}),
        output(kernel, kernel.buffers[3], getShape()) {}

  void emit(Index batch, Index lower, Index upper);
  /// The plain tensor of a GPU.
  void emitShared(RowLoops loops);

private:
  SmallVector<int64_t> getShape() const {
    return {sizes.batch, sizes.blocks, sizes.positions, sizes.lanes};
  }
  Value load(Index position, Index block) {
    return input.load({batch, block, position, kernel.constant(0)},
                      sizes.lanes);
  }
  void emitPositions(Index first, int64_t count);

  kernel::NormalizeChannelsOp op;
  KernelBuilder &kernel;
  Sizes sizes;
  BufferView input, scale, bias, output;
  Index batch;
};

/// `count` positions from `first` on.
void NormalizeChannelsEmitter::emitPositions(Index first, int64_t count) {
  auto position = [&](int64_t i) {
    return kernel.add(first, kernel.constant(i));
  };
  VectorRows rows{count, sizes.channels, sizes.lanes};
  // The lanes of the last block behind the last channel hold anything.
  if (int64_t rest = sizes.channels % sizes.lanes)
    for (int64_t lane = 0; lane < sizes.lanes; ++lane)
      rows.lastLanes.push_back(lane < rest);
  VectorMoments moments(
      kernel, rows, op.getEpsilon().convertToFloat(),
      [&](int64_t i, Index block, bool) { return load(position(i), block); });
  kernel.forLoop(
      kernel.constant(0), kernel.constant(sizes.blocks), 1, [&](Index block) {
        Index zero = kernel.constant(0);
        Value factor = scale.load({block, zero}, sizes.lanes);
        Value shift = bias.load({block, zero}, sizes.lanes);
        for (int64_t i = 0; i < count; ++i) {
          Value normal = moments.normalize(i, load(position(i), block));
          output.store(kernel.multiplyAdd(normal, factor, shift),
                       {batch, block, position(i), zero});
        }
      });
}

void NormalizeChannelsEmitter::emit(Index batch, Index lower, Index upper) {
  this->batch = batch;
  // A thread of a GPU has one position.
  if (kernel.target.isGpu())
    return emitPositions(lower, 1);
  // (Ranges begin at multiples of rowsTogether.)
  int64_t together = VectorMoments::rowsTogether;
  Index width = kernel.constant(together);
  Index whole = kernel.mul(kernel.div(kernel.sub(upper, lower), width), width);
  Index end = kernel.add(lower, whole);
  kernel.forLoop(lower, end, together,
                 [&](Index position) { emitPositions(position, together); });
  if (sizes.positions % together != 0)
    kernel.forLoop(end, upper, 1,
                   [&](Index position) { emitPositions(position, 1); });
}

void NormalizeChannelsEmitter::emitShared(RowLoops loops) {
  SmallVector<Index> place =
      kernel.delinearize(loops.row(), {sizes.batch, sizes.positions});
  Index zero = kernel.constant(0);
  auto at = [&](Index channel) -> SmallVector<Index> {
    return {place[0], channel, place[1], zero};
  };
  RowMoments moments(kernel, loops, sizes.channels, /*lanes=*/0,
                     op.getEpsilon().convertToFloat(),
                     [&](Index i, int64_t) { return input.load(at(i)); });
  loops.forEach(0, [&](Index channel, int64_t) {
    Value normal = kernel.create<arith::MulFOp>(
        moments.center(input.load(at(channel)), 0), moments.getInverse());
    output.store(kernel.multiplyAdd(normal, scale.load({channel, zero}),
                                    bias.load({channel, zero})),
                 at(channel));
  });
}

int64_t countTasks(Operation *op) {
  Sizes sizes(cast<kernel::NormalizeChannelsOp>(op));
  kernel::TargetAttr target = kernel::getTarget(op);
  if (std::optional<RowDivision> shared = sizes.share(target))
    return shared->countBlocks();
  return sizes.divide(target).getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto normalize = cast<kernel::NormalizeChannelsOp>(op);
  NormalizeChannelsEmitter emitter(normalize, kernel);
  if (auto shared = Sizes(normalize).share(kernel.target)) {
    emitter.emitShared(RowLoops(kernel, *shared));
    return success();
  }
  Sizes(normalize)
      .divide(kernel.target)
      .forEachRange(kernel,
                    [&](ArrayRef<Index> outer, Index lower, Index upper) {
                      emitter.emit(outer[0], lower, upper);
                    });
  return success();
}

} // namespace

KernelLowering toeplitz::getNormalizeChannelsLowering() {
  return {kernel::NormalizeChannelsOp::getOperationName(), countTasks, emit};
}
