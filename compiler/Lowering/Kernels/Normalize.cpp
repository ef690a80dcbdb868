// Normalisation of rows to mean 0 and variance 1. Mean and variance are summed
// in double precision, in two passes: a row may have a million elements, and a
// mean far from 0.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/Reduction.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "mlir/Dialect/Math/IR/Math.h"

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

  void emitRow(Index row);

private:
  template <typename Op> Value op2(Value a, Value b) {
    return Op::create(kernel.builder, kernel.location, a, b);
  }
  Value sum(llvm::function_ref<Value(Index i, int64_t lanes)> element);
  Value centred(Index row, Index i, int64_t lanes);
  void emitChannels(Index row, Index firstChannel);
  void emitElements(Index row, Index firstChannel);

  kernel::NormalizeOp op;
  KernelBuilder &kernel;
  Sizes sizes;
  BufferView input, scale, bias, output;
  // Of the current row: the mean as the sum of two f32, and 1 / sqrt(variance +
  // epsilon).
  Value meanHigh, meanLow, inverse;
};

/// The f64 sum of f32 elements of the row.
Value NormalizeEmitter::sum(
    llvm::function_ref<Value(Index i, int64_t lanes)> element) {
  return reduceRow(
      kernel, sizes.length, getCommonLanes(kernel, {&input}),
      {doubleConstant(kernel, 0),
       [&](Value accumulator, Index i, int64_t lanes) {
         return op2<arith::AddFOp>(accumulator,
                                   toDouble(kernel, element(i, lanes)));
       },
       [&](Value a, Value b) { return op2<arith::AddFOp>(a, b); }});
}

/// x - mean, without the rounding error of the mean.
Value NormalizeEmitter::centred(Index row, Index i, int64_t lanes) {
  Value x = input.load({row, i}, lanes);
  Value high = op2<arith::SubFOp>(x, inLanes(kernel, meanHigh, lanes));
  return op2<arith::SubFOp>(high, inLanes(kernel, meanLow, lanes));
}

void NormalizeEmitter::emitRow(Index row) {
  Value count = doubleConstant(kernel, static_cast<double>(sizes.length));
  Value total =
      sum([&](Index i, int64_t lanes) { return input.load({row, i}, lanes); });
  Value mean = op2<arith::DivFOp>(total, count);
  meanHigh = toSingle(kernel, mean);
  meanLow =
      toSingle(kernel, op2<arith::SubFOp>(mean, toDouble(kernel, meanHigh)));

  Value squares = sum([&](Index i, int64_t lanes) {
    Value difference = centred(row, i, lanes);
    return op2<arith::MulFOp>(difference, difference);
  });
  Value variance = op2<arith::DivFOp>(squares, count);
  Value shifted = op2<arith::AddFOp>(
      variance, doubleConstant(kernel, op.getEpsilon().convertToFloat()));
  Value deviation =
      math::SqrtOp::create(kernel.builder, kernel.location, shifted);
  inverse = toSingle(kernel,
                     op2<arith::DivFOp>(doubleConstant(kernel, 1), deviation));

  Index firstChannel =
      kernel.mul(kernel.rem(row, kernel.constant(sizes.period)),
                 kernel.constant(sizes.channels));
  if (sizes.positions == 1)
    emitElements(row, firstChannel);
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
        Value factor = op2<arith::MulFOp>(inverse, scale.load({at}));
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

/// Each element with a scale and a bias of its own.
void NormalizeEmitter::emitElements(Index row, Index firstChannel) {
  int64_t lanes = getCommonLanes(kernel, {&input, &output, &scale, &bias});
  forVectors(kernel, kernel.constant(0), kernel.constant(sizes.length), lanes,
             lanes && sizes.length % lanes != 0, [&](Index i, int64_t lanes) {
               Index at = kernel.add(firstChannel, i);
               Value normal = op2<arith::MulFOp>(
                   centred(row, i, lanes), inLanes(kernel, inverse, lanes));
               output.store(kernel.multiplyAdd(normal, scale.load({at}, lanes),
                                               bias.load({at}, lanes)),
                            {row, i});
             });
}

TaskDivision divide(kernel::NormalizeOp op) {
  Sizes sizes(op);
  return TaskDivision(kernel::getTarget(op), {sizes.rows}, 3 * sizes.length);
}

int64_t countTasks(Operation *op) {
  return divide(cast<kernel::NormalizeOp>(op)).getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto normalize = cast<kernel::NormalizeOp>(op);
  NormalizeEmitter emitter(normalize, kernel);
  divide(normalize).forEach(
      kernel, [&](ArrayRef<Index> indices) { emitter.emitRow(indices[0]); });
  return success();
}

} // namespace

KernelLowering toeplitz::getNormalizeLowering() {
  return {kernel::NormalizeOp::getOperationName(), countTasks, emit};
}
