// Local response normalisation of a plain tensor N x C x I: rows of positions,
// each element with its neighbours in the channels around.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// N x C x the product of all positions.
SmallVector<int64_t> getSizes(kernel::LrnOp op) {
  ArrayRef<int64_t> shape = cast<ShapedType>(op.getInit().getType()).getShape();
  SmallVector<int64_t> sizes(shape.take_front(2));
  sizes.push_back(1);
  for (int64_t size : shape.drop_front(2))
    sizes.back() *= size;
  return sizes;
}

TaskDivision divide(kernel::LrnOp op, int64_t multiple) {
  return TaskDivision(kernel::getTarget(op), getSizes(op), op.getSize(),
                      multiple);
}

/// Ranges of a row start at multiples of this, whatever the target's lanes.
constexpr int64_t rangeMultiple = 64;

/// x / base^beta. The exponents of the usual networks are roots.
Value divideByPower(KernelBuilder &kernel, Value x, Value base, float beta) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  auto root = [&](Value value) -> Value {
    return math::SqrtOp::create(builder, location, value);
  };
  Value power;
  if (beta == 1.0f)
    power = base;
  else if (beta == 0.5f)
    power = root(base);
  else if (beta == 0.75f) {
    Value half = root(base);
    power = arith::MulFOp::create(builder, location, half, root(half));
  } else {
    Value logarithm = math::LogOp::create(builder, location, base);
    Value scaled = arith::MulFOp::create(
        builder, location, logarithm, kernel.floatConstant(beta, x.getType()));
    power = math::ExpOp::create(builder, location, scaled);
  }
  return arith::DivFOp::create(builder, location, x, power);
}

int64_t countTasks(Operation *op) {
  return divide(cast<kernel::LrnOp>(op), rangeMultiple).getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto lrn = cast<kernel::LrnOp>(op);
  SmallVector<int64_t> sizes = getSizes(lrn);
  BufferView input(kernel, kernel.buffers[0], sizes);
  BufferView output(kernel, kernel.buffers[1], sizes);
  int64_t lanes = getCommonLanes(kernel, {&input, &output});
  int64_t size = lrn.getSize();
  float k = lrn.getK().convertToFloat();
  float alpha = lrn.getAlpha().convertToFloat() / static_cast<float>(size);

  divide(lrn, rangeMultiple)
      .forEachRange(kernel, [&](ArrayRef<Index> outer, Index lower,
                                Index upper) {
        Index batch = outer[0], channel = outer[1];
        // The channels of the sum that exist.
        Index from =
            kernel.max(kernel.constant(0),
                       kernel.sub(channel, kernel.constant((size - 1) / 2)));
        Index to =
            kernel.min(kernel.constant(sizes[1]),
                       kernel.add(channel, kernel.constant(size / 2 + 1)));
        forVectors(kernel, lower, upper, lanes, lanes && sizes[2] % lanes != 0,
                   [&](Index position, int64_t lanes) {
                     Value x = input.load({batch, channel, position}, lanes);
                     Value zero = kernel.floatConstant(0, x.getType());
                     Value sum = kernel.forLoop(
                         from, to, 1, zero,
                         [&](Index neighbour,
                             ValueRange carried) -> SmallVector<Value> {
                           Value y =
                               input.load({batch, neighbour, position}, lanes);
                           return {kernel.multiplyAdd(y, y, carried[0])};
                         })[0];
                     Value base = kernel.multiplyAdd(
                         sum, kernel.floatConstant(alpha, x.getType()),
                         kernel.floatConstant(k, x.getType()));
                     output.store(divideByPower(kernel, x, base,
                                                lrn.getBeta().convertToFloat()),
                                  {batch, channel, position});
                   });
      });
  return success();
}

} // namespace

KernelLowering toeplitz::getLrnLowering() {
  return {kernel::LrnOp::getOperationName(), countTasks, emit};
}
