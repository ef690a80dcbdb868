// Padding of a tensor of any layout. A row is the last padded dimension with
// all later ones, which lie together.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;
using cnn::PaddingMode;

namespace {

/// The dimensions before the row, the row's own one, and the number of elements
/// that lie together at each position of it.
struct Rows {
  ArrayRef<int64_t> low, high, inputShape, outputShape;
  size_t dimension = 0;
  int64_t inner = 1;

  explicit Rows(kernel::PadOp op)
      : low(op.getLow()), high(op.getHigh()),
        inputShape(cast<ShapedType>(op.getInput().getType()).getShape()),
        outputShape(cast<ShapedType>(op.getInit().getType()).getShape()) {
    for (size_t d = 0; d < low.size(); ++d)
      if (low[d] != 0 || high[d] != 0)
        dimension = d;
    for (int64_t size : inputShape.drop_front(dimension + 1))
      inner *= size;
  }

  SmallVector<int64_t> getShape(ArrayRef<int64_t> shape) const {
    SmallVector<int64_t> result(shape.take_front(dimension));
    result.push_back(shape[dimension] * inner);
    return result;
  }
  TaskDivision divide(kernel::TargetAttr target) const {
    return TaskDivision(target, outputShape.take_front(dimension),
                        outputShape[dimension] * inner);
  }
};

class PadEmitter {
public:
  PadEmitter(kernel::PadOp op, KernelBuilder &kernel)
      : kernel(kernel), rows(op), mode(op.getMode()),
        input(kernel, kernel.buffers[0], rows.getShape(rows.inputShape)),
        output(kernel, kernel.buffers[1], rows.getShape(rows.outputShape)),
        lanes(getCommonLanes(kernel, {&input, &output})),
        fill(op.getValue().convertToFloat()) {}

  void emitRow(ArrayRef<Index> outer);

private:
  Index locate(size_t d, Index position);
  void fillRow(Index from, Index to);
  void copyRow(Index from, Index source, int64_t count);
  void emitBorder(int64_t from, int64_t to);

  KernelBuilder &kernel;
  Rows rows;
  PaddingMode mode;
  BufferView input, output;
  int64_t lanes;
  float fill;
  // The row that is written, and the one that it takes its values from.
  SmallVector<Index> target, source;
};

/// The input position that padded position `position` takes its value from; for
/// zeros, a position outside of the input, if any.
Index PadEmitter::locate(size_t d, Index position) {
  int64_t size = rows.inputShape[d];
  bool extended = rows.low[d] != 0 || rows.high[d] != 0;
  Index at = kernel.sub(position, kernel.constant(rows.low[d]));
  if (!extended || mode == PaddingMode::Zeros)
    return at;
  Index zero = kernel.constant(0);
  Index last = kernel.constant(size - 1);
  switch (mode) {
  case PaddingMode::Zeros:
    break;
  case PaddingMode::Replicate:
    return kernel.min(kernel.max(at, zero), last);
  case PaddingMode::Circular:
    // Padding is at most as long as the input.
    return kernel.rem(kernel.add(at, kernel.constant(size)),
                      kernel.constant(size));
  case PaddingMode::Reflect: {
    // |at|, and from there back from the last position: last - |last - |at||.
    Index positive = kernel.max(at, kernel.sub(zero, at));
    Index distance = kernel.sub(last, positive);
    return kernel.sub(last, kernel.max(distance, kernel.sub(zero, distance)));
  }
  }
  return at;
}

void PadEmitter::fillRow(Index from, Index to) {
  forVectors(kernel, from, to,
             output.hasVectors() ? kernel.target.getLanes() : 0, true,
             [&](Index i, int64_t lanes) {
               Type type = lanes ? Type(kernel.vectorType(lanes))
                                 : kernel.builder.getF32Type();
               SmallVector<Index> to(target);
               to.push_back(i);
               output.store(kernel.floatConstant(fill, type), to);
             });
}

/// Copies `count` elements of the row.
void PadEmitter::copyRow(Index to, Index from, int64_t count) {
  forVectors(kernel, kernel.constant(0), kernel.constant(count), lanes,
             lanes && count % lanes != 0, [&](Index i, int64_t lanes) {
               SmallVector<Index> at(target), read(source);
               at.push_back(kernel.add(to, i));
               read.push_back(kernel.add(from, i));
               output.store(input.load(read, lanes), at);
             });
}

/// The positions [from, to) of the row, which lie outside of the input.
void PadEmitter::emitBorder(int64_t from, int64_t to) {
  Index inner = kernel.constant(rows.inner);
  if (mode == PaddingMode::Zeros)
    return fillRow(kernel.constant(from * rows.inner),
                   kernel.constant(to * rows.inner));
  kernel.forLoop(kernel.constant(from), kernel.constant(to), 1,
                 [&](Index position) {
                   copyRow(kernel.mul(position, inner),
                           kernel.mul(locate(rows.dimension, position), inner),
                           rows.inner);
                 });
}

void PadEmitter::emitRow(ArrayRef<Index> outer) {
  target = llvm::to_vector(outer);
  source.clear();
  Value inside;
  for (auto [d, position] : llvm::enumerate(outer)) {
    Index at = locate(d, position);
    source.push_back(at);
    if (mode != PaddingMode::Zeros || (rows.low[d] == 0 && rows.high[d] == 0))
      continue;
    // A negative position is a large unsigned one.
    Value here = arith::CmpIOp::create(
        kernel.builder, kernel.location, arith::CmpIPredicate::ult,
        kernel.value(at), kernel.value(kernel.constant(rows.inputShape[d])));
    inside = inside ? arith::AndIOp::create(kernel.builder, kernel.location,
                                            inside, here)
                    : here;
  }

  int64_t low = rows.low[rows.dimension];
  int64_t size = rows.inputShape[rows.dimension];
  Index begin = kernel.constant(low * rows.inner);
  Index end = kernel.constant((low + size) * rows.inner);
  auto copy = [&] { copyRow(begin, kernel.constant(0), size * rows.inner); };
  emitBorder(0, low);
  if (inside) {
    kernel.ifThen(inside, copy);
    Value one = arith::ConstantIntOp::create(kernel.builder, kernel.location,
                                             kernel.builder.getI1Type(), 1);
    Value outside =
        arith::XOrIOp::create(kernel.builder, kernel.location, inside, one);
    kernel.ifThen(outside, [&] { fillRow(begin, end); });
  } else {
    copy();
  }
  emitBorder(low + size, rows.outputShape[rows.dimension]);
}

int64_t countTasks(Operation *op) {
  return Rows(cast<kernel::PadOp>(op)).divide(kernel::getTarget(op)).getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto pad = cast<kernel::PadOp>(op);
  PadEmitter emitter(pad, kernel);
  Rows rows(pad);
  rows.divide(kernel.target).forEach(kernel, [&](ArrayRef<Index> indices) {
    // A tensor that is a single row has no coordinates before it.
    emitter.emitRow(indices.take_front(rows.dimension));
  });
  return success();
}

} // namespace

KernelLowering toeplitz::getPadLowering() {
  return {kernel::PadOp::getOperationName(), countTasks, emit};
}
