// Between the plain layout N x C x I and the blocked one N x C/V x I x V:
// squares of V channels by V positions are transposed in registers, so that
// both sides are read and written in vectors.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/Square.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// The sizes of a reorder, with all positions as one dimension.
struct Sizes {
  int64_t batch, channels, blocks, positions, lanes;

  explicit Sizes(kernel::ReorderOp op) {
    Type blocked =
        op.isPack() ? op.getInit().getType() : op.getInput().getType();
    ArrayRef<int64_t> shape = cast<ShapedType>(blocked).getShape();
    batch = shape.front();
    channels = op.getChannels();
    blocks = shape[1];
    lanes = shape.back();
    positions = 1;
    for (int64_t size : shape.drop_front(2).drop_back())
      positions *= size;
  }
};

class ReorderEmitter {
public:
  ReorderEmitter(kernel::ReorderOp op, KernelBuilder &kernel)
      : kernel(kernel), sizes(op), isPack(op.isPack()),
        plain(kernel, kernel.buffers[isPack ? 0 : 1],
              {sizes.batch, sizes.channels, sizes.positions}),
        blocked(kernel, kernel.buffers[isPack ? 1 : 0],
                {sizes.batch, sizes.blocks, sizes.positions, sizes.lanes}) {}

  void emit(ArrayRef<Index> outer, Index lower, Index upper);

private:
  void emitSquare(Index position, int64_t channels);
  void emitPosition(Index position, int64_t channels);
  void emitBlock(Index lower, Index upper, int64_t channels);

  KernelBuilder &kernel;
  Sizes sizes;
  bool isPack;
  BufferView plain, blocked;
  // The current batch index and block.
  Index batch, block;

  Index channel(int64_t lane) {
    return kernel.add(kernel.mul(block, kernel.constant(sizes.lanes)),
                      kernel.constant(lane));
  }
};

/// `lanes` positions of the first `channels` channels of the block.
void ReorderEmitter::emitSquare(Index position, int64_t channels) {
  auto at = [&](int64_t i) { return kernel.add(position, kernel.constant(i)); };
  SmallVector<Value> rows;
  for (int64_t i = 0; i < sizes.lanes; ++i) {
    if (!isPack)
      rows.push_back(
          blocked.load({batch, block, at(i), kernel.constant(0)}, sizes.lanes));
    else if (i < channels)
      rows.push_back(plain.load({batch, channel(i), position}, sizes.lanes));
    else
      rows.push_back(kernel.splat(0, sizes.lanes));
  }
  if (!isPack)
    for (int64_t i = 0; i < channels; ++i)
      plain.prefetchForStore(
          {batch, channel(i), at(squaresAhead * sizes.lanes)});
  rows = transposeSquare(kernel, std::move(rows));
  for (auto [i, row] : llvm::enumerate(rows)) {
    if (isPack)
      blocked.store(row, {batch, block, at(i), kernel.constant(0)});
    else if (int64_t(i) < channels)
      plain.store(row, {batch, channel(i), position});
  }
}

/// One position of the first `channels` channels of the block.
void ReorderEmitter::emitPosition(Index position, int64_t channels) {
  auto copy = [&](Index lane) {
    SmallVector<Index> plainAt{
        batch,
        kernel.add(kernel.mul(block, kernel.constant(sizes.lanes)), lane),
        position};
    SmallVector<Index> blockedAt{batch, block, position, lane};
    if (isPack)
      blocked.store(plain.load(plainAt), blockedAt);
    else
      plain.store(blocked.load(blockedAt), plainAt);
  };
  kernel.forLoop(kernel.constant(0), kernel.constant(channels), 1, copy);
  if (!isPack)
    return;
  kernel.forLoop(kernel.constant(channels), kernel.constant(sizes.lanes), 1,
                 [&](Index lane) {
                   blocked.store(
                       kernel.floatConstant(0, kernel.builder.getF32Type()),
                       {batch, block, position, lane});
                 });
}

void ReorderEmitter::emitBlock(Index lower, Index upper, int64_t channels) {
  bool squares = plain.hasVectors() && blocked.hasVectors() &&
                 sizes.lanes > 1 && llvm::isPowerOf2_64(sizes.lanes);
  forVectors(
      kernel, lower, upper, squares ? sizes.lanes : 0,
      sizes.positions % sizes.lanes != 0, [&](Index position, int64_t lanes) {
        if (lanes == sizes.lanes)
          return emitSquare(position, channels);
        // Fewer positions than a square has.
        kernel.forLoop(
            position,
            kernel.add(position, kernel.constant(std::max<int64_t>(lanes, 1))),
            1, [&](Index single) { emitPosition(single, channels); });
      });
}

void ReorderEmitter::emit(ArrayRef<Index> outer, Index lower, Index upper) {
  batch = outer[0];
  block = outer[1];
  int64_t rest = sizes.channels % sizes.lanes;
  if (rest == 0)
    return emitBlock(lower, upper, sizes.lanes);
  if (sizes.blocks == 1)
    return emitBlock(lower, upper, rest);
  // All blocks but the last are full.
  Value last = kernel.value(kernel.constant(sizes.blocks - 1));
  auto when = [&](arith::CmpIPredicate predicate, int64_t channels) {
    Value condition = arith::CmpIOp::create(
        kernel.builder, kernel.location, predicate, kernel.value(block), last);
    kernel.ifThen(condition, [&] { emitBlock(lower, upper, channels); });
  };
  when(arith::CmpIPredicate::slt, sizes.lanes);
  when(arith::CmpIPredicate::eq, rest);
}

/// Without positions the channels lie together on both sides: a copy.
void emitCopy(const Sizes &sizes, bool isPack, KernelBuilder &kernel,
              const TaskDivision &division) {
  BufferView plain(kernel, kernel.buffers[isPack ? 0 : 1],
                   {sizes.batch, sizes.channels});
  BufferView blocked(kernel, kernel.buffers[isPack ? 1 : 0],
                     {sizes.batch, sizes.blocks * sizes.lanes});
  const BufferView &from = isPack ? plain : blocked;
  const BufferView &to = isPack ? blocked : plain;
  int64_t lanes = getCommonLanes(kernel, {&plain, &blocked});
  division.forEach(kernel, [&](ArrayRef<Index> indices) {
    Index batch = indices[0];
    forVectors(kernel, kernel.constant(0), kernel.constant(sizes.channels),
               lanes, lanes && sizes.channels % lanes != 0,
               [&](Index channel, int64_t lanes) {
                 to.store(from.load({batch, channel}, lanes), {batch, channel});
               });
    if (!isPack)
      return;
    Value zero = kernel.floatConstant(0, kernel.builder.getF32Type());
    kernel.forLoop(
        kernel.constant(sizes.channels),
        kernel.constant(sizes.blocks * sizes.lanes), 1,
        [&](Index channel) { blocked.store(zero, {batch, channel}); });
  });
}

TaskDivision divide(const Sizes &sizes, kernel::TargetAttr target) {
  if (sizes.positions == 1)
    return TaskDivision(target, {sizes.batch}, sizes.channels);
  return TaskDivision(target, {sizes.batch, sizes.blocks, sizes.positions},
                      2 * sizes.lanes, sizes.lanes);
}

int64_t countTasks(Operation *op) {
  return divide(Sizes(cast<kernel::ReorderOp>(op)), kernel::getTarget(op))
      .getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto reorder = cast<kernel::ReorderOp>(op);
  Sizes sizes(reorder);
  TaskDivision division = divide(sizes, kernel.target);
  if (sizes.positions == 1) {
    emitCopy(sizes, reorder.isPack(), kernel, division);
    return success();
  }
  ReorderEmitter emitter(reorder, kernel);
  division.forEachRange(kernel,
                        [&](ArrayRef<Index> outer, Index lower, Index upper) {
                          emitter.emit(outer, lower, upper);
                        });
  return success();
}

} // namespace

KernelLowering toeplitz::getReorderLowering() {
  return {kernel::ReorderOp::getOperationName(), countTasks, emit};
}
