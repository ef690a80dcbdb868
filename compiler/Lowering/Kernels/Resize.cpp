// Interpolation of a blocked tensor N x C/V x I x V, rows of output positions
// as tasks. Positions are fractions of whole numbers, so that no rounding moves
// a position to its neighbour.

#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// The neighbours of a position and their weights in every lane; no weights
/// where the lower one is the position itself.
struct Neighbours {
  Index lower, upper;
  Value lowerWeight, upperWeight;
};

class ResizeEmitter {
public:
  ResizeEmitter(kernel::ResizeOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel),
        inputShape(cast<ShapedType>(op.getInput().getType()).getShape()),
        outputShape(cast<ShapedType>(op.getInit().getType()).getShape()),
        rank(inputShape.size() - 3), lanes(inputShape.back()) {}

  void emitRow(ArrayRef<Index> row);
  /// One output position: the last index is that in the last dimension.
  void emitPoint(ArrayRef<Index> point);

private:
  SmallVector<Neighbours> locateRow(ArrayRef<Index> row);
  void emitPosition(ArrayRef<Index> row, SmallVector<Neighbours> neighbours,
                    Index position);
  Neighbours locate(size_t d, Index position);
  Value interpolate(ArrayRef<Neighbours> neighbours,
                    SmallVector<Index> &indices);

  kernel::ResizeOp op;
  KernelBuilder &kernel;
  ArrayRef<int64_t> inputShape, outputShape;
  size_t rank;
  int64_t lanes;
};

Neighbours ResizeEmitter::locate(size_t d, Index position) {
  int64_t input = inputShape[2 + d];
  int64_t output = outputShape[2 + d];
  if (input == output)
    return {position, position, nullptr, nullptr};
  if (op.getMode() == cnn::ResizeMode::Nearest) {
    Index at = kernel.div(kernel.mul(position, kernel.constant(input)),
                          kernel.constant(output));
    return {at, at, nullptr, nullptr};
  }
  // (position + 1/2) * input / output - 1/2 over a common denominator, or
  // position * (input - 1) / (output - 1).
  Index numerator, denominator;
  if (op.getAlignCorners()) {
    numerator = kernel.mul(position, kernel.constant(input - 1));
    denominator = kernel.constant(std::max<int64_t>(output - 1, 1));
  } else {
    numerator = kernel.add(kernel.mul(position, kernel.constant(2 * input)),
                           kernel.constant(input - output));
    numerator = kernel.max(numerator, kernel.constant(0));
    denominator = kernel.constant(2 * output);
  }
  Index lower = kernel.div(numerator, denominator);
  Index upper = kernel.min(kernel.add(lower, kernel.constant(1)),
                           kernel.constant(input - 1));
  auto number = [&](Index index) -> Value {
    Value integer = arith::IndexCastOp::create(kernel.builder, kernel.location,
                                               kernel.builder.getI64Type(),
                                               kernel.value(index));
    return arith::SIToFPOp::create(kernel.builder, kernel.location,
                                   kernel.builder.getF32Type(), integer);
  };
  Value fraction = arith::DivFOp::create(
      kernel.builder, kernel.location,
      number(kernel.rem(numerator, denominator)), number(denominator));
  Value complement = arith::SubFOp::create(
      kernel.builder, kernel.location,
      kernel.floatConstant(1, fraction.getType()), fraction);
  return {lower, upper, kernel.broadcast(complement, lanes),
          kernel.broadcast(fraction, lanes)};
}

/// Interpolates along the dimensions whose neighbours are given; `indices`
/// stands at those before them.
Value ResizeEmitter::interpolate(ArrayRef<Neighbours> neighbours,
                                 SmallVector<Index> &indices) {
  if (neighbours.empty()) {
    indices.push_back(kernel.constant(0));
    Value loaded = kernel.loadVector(kernel.buffers[0], indices, lanes);
    indices.pop_back();
    return loaded;
  }
  const Neighbours &here = neighbours.front();
  auto at = [&](Index position) {
    indices.push_back(position);
    Value result = interpolate(neighbours.drop_front(), indices);
    indices.pop_back();
    return result;
  };
  Value lower = at(here.lower);
  if (!here.upperWeight)
    return lower;
  Value upper = at(here.upper);
  Value scaled = arith::MulFOp::create(kernel.builder, kernel.location, lower,
                                       here.lowerWeight);
  return kernel.multiplyAdd(upper, here.upperWeight, scaled);
}

SmallVector<Neighbours> ResizeEmitter::locateRow(ArrayRef<Index> row) {
  SmallVector<Neighbours> neighbours;
  for (size_t d = 0; d + 1 < rank; ++d)
    neighbours.push_back(locate(d, row[2 + d]));
  return neighbours;
}

void ResizeEmitter::emitPosition(ArrayRef<Index> row,
                                 SmallVector<Neighbours> neighbours,
                                 Index position) {
  neighbours.push_back(locate(rank - 1, position));
  SmallVector<Index> indices(row.take_front(2));
  Value value = interpolate(neighbours, indices);
  SmallVector<Index> to(row);
  to.append({position, kernel.constant(0)});
  kernel.storeVector(value, kernel.buffers[1], to);
}

void ResizeEmitter::emitRow(ArrayRef<Index> row) {
  SmallVector<Neighbours> neighbours = locateRow(row);
  kernel.forLoop(
      kernel.constant(0), kernel.constant(outputShape[1 + rank]), 1,
      [&](Index position) { emitPosition(row, neighbours, position); });
}

void ResizeEmitter::emitPoint(ArrayRef<Index> point) {
  ArrayRef<Index> row = point.drop_back();
  emitPosition(row, locateRow(row), point.back());
}

TaskDivision divide(kernel::ResizeOp op) {
  ArrayRef<int64_t> shape = cast<ShapedType>(op.getInit().getType()).getShape();
  kernel::TargetAttr target = kernel::getTarget(op);
  // A thread of a GPU computes one position.
  TaskDivision division(target, shape.drop_back(target.isGpu() ? 1 : 2),
                        2 * shape[shape.size() - 2] * shape.back());
  division.numberByRanges();
  return division;
}

int64_t countTasks(Operation *op) {
  return divide(cast<kernel::ResizeOp>(op)).getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto resize = cast<kernel::ResizeOp>(op);
  ResizeEmitter emitter(resize, kernel);
  divide(resize).forEach(kernel, [&](ArrayRef<Index> place) {
    if (kernel.target.isGpu())
      emitter.emitPoint(place);
    else
      emitter.emitRow(place);
  });
  return success();
}

} // namespace

KernelLowering toeplitz::getResizeLowering() {
  return {kernel::ResizeOp::getOperationName(), countTasks, emit};
}
