// Normalisation of rows to mean 0 and variance 1.
//
// Short rows with a scale for each element, those of a layer normalisation, are
// done a few at a time, in vectors and in single precision (VectorMoments.h).
// Others are done alone, with sums in double precision. On a GPU threads share
// a row.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/RowMoments.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"
#include "compiler/Lowering/Kernels/VectorMoments.h"

#include "llvm/ADT/bit.h"

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

  /// Whether rows are divided into tasks so that a few may be done side by
  /// side: they have the same scales.
  bool areTogether() const {
    return positions == 1 && period == 1 && length <= longestTogether;
  }

private:
  /// Four such rows have 64 KiB, which are read three times: more than the
  /// first-level cache has room for, but not the second. VectorMoments.h says
  /// what the error of a sum is.
  static constexpr int64_t longestTogether = 4096;
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
  void emitRows(Index lower, Index upper);

private:
  Value centred(Index row, Index i, int64_t lanes) {
    return moments->center(input.load({row, i}, lanes), lanes);
  }
  void emitChannels(Index row, Index firstChannel);
  void emitElements(Index row, Index firstChannel, RowLoops &loops);
  void emitTogether(Index first, int64_t count, int64_t lanes);

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

/// Rows [lower, upper).
void NormalizeEmitter::emitRows(Index lower, Index upper) {
  // The lanes that a row fills.
  int64_t lanes = std::min<int64_t>(
      getCommonLanes(kernel, {&input, &output, &scale, &bias}),
      llvm::bit_floor<uint64_t>(sizes.length));
  int64_t together = VectorMoments::rowsTogether;
  if (!sizes.areTogether() || lanes < 2)
    return kernel.forLoop(lower, upper, 1, [&](Index row) {
      emitRow(row, RowLoops(kernel, sizes.length));
    });
  // (Ranges begin at multiples of `together`.)
  Index width = kernel.constant(together);
  Index whole = kernel.mul(kernel.div(kernel.sub(upper, lower), width), width);
  Index end = kernel.add(lower, whole);
  kernel.forLoop(lower, end, together,
                 [&](Index row) { emitTogether(row, together, lanes); });
  if (sizes.rows % together != 0)
    kernel.forLoop(end, upper, 1,
                   [&](Index row) { emitTogether(row, 1, lanes); });
}

/// `count` rows from `first` on. Where the length is no multiple of the lanes,
/// the last vector begins among the elements of the one before.
void NormalizeEmitter::emitTogether(Index first, int64_t count, int64_t lanes) {
  auto place = [&](int64_t k, Index i) -> SmallVector<Index> {
    return {kernel.add(first, kernel.constant(k)), i};
  };
  VectorRows rows{count, sizes.length, lanes};
  Index last = kernel.constant(sizes.length - lanes);
  int64_t rest = sizes.length % lanes;
  if (rest != 0)
    for (int64_t lane = 0; lane < lanes; ++lane)
      rows.lastLanes.push_back(lane >= lanes - rest);
  VectorMoments moments(
      kernel, rows, op.getEpsilon().convertToFloat(),
      [&](int64_t k, Index vector, bool isLast) {
        Index i = isLast ? last : kernel.mul(vector, kernel.constant(lanes));
        return input.load(place(k, i), lanes);
      });
  auto loadAll = [&](Index i) {
    SmallVector<Value> values;
    for (int64_t k = 0; k < count; ++k)
      values.push_back(input.load(place(k, i), lanes));
    return values;
  };
  auto storeAll = [&](Index i, ArrayRef<Value> values) {
    Value factor = scale.load({i}, lanes), shift = bias.load({i}, lanes);
    for (auto [k, x] : llvm::enumerate(values))
      output.store(kernel.multiplyAdd(moments.normalize(k, x), factor, shift),
                   place(k, i));
  };
  // What the last vector shares with the one before is read before that is
  // written: the result may take the place of the input.
  SmallVector<Value> lastValues;
  if (rest != 0)
    lastValues = loadAll(last);
  kernel.forLoop(kernel.constant(0), kernel.constant(sizes.length - rest),
                 lanes, [&](Index i) { storeAll(i, loadAll(i)); });
  if (rest != 0)
    storeAll(last, lastValues);
}

TaskDivision divide(kernel::NormalizeOp op) {
  Sizes sizes(op);
  return TaskDivision(kernel::getTarget(op), {sizes.rows}, 3 * sizes.length,
                      sizes.areTogether() ? VectorMoments::rowsTogether : 1);
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
  divide(normalize).forEachRange(
      kernel, [&](ArrayRef<Index>, Index lower, Index upper) {
        emitter.emitRows(lower, upper);
      });
  return success();
}

} // namespace

KernelLowering toeplitz::getNormalizeLowering() {
  return {kernel::NormalizeOp::getOperationName(), countTasks, emit};
}
