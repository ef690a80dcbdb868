// Softmax along one dimension of a plain tensor, seen as outer x axis x inner.
// Along the last dimension each row is reduced in vectors; along another one,
// vectors of neighbouring elements are reduced side by side. On a GPU threads
// share rows of either kind (RowDivision.h). A scale and an addend are applied
// to what is read.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/RowLoops.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"
#include "compiler/Lowering/VectorMath.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

struct Sizes {
  int64_t outer = 1, axis, inner = 1;

  explicit Sizes(kernel::SoftmaxOp op) {
    ArrayRef<int64_t> shape =
        cast<ShapedType>(op.getInit().getType()).getShape();
    int64_t dimension = op.getAxis();
    axis = shape[dimension];
    for (int64_t size : shape.take_front(dimension))
      outer *= size;
    for (int64_t size : shape.drop_front(dimension + 1))
      inner *= size;
  }
};

/// Sums are in single precision where an accumulator takes no more numbers than
/// this: its error is at most as many roundings.
constexpr int64_t longestSum = 64;

class SoftmaxEmitter {
public:
  SoftmaxEmitter(kernel::SoftmaxOp op, KernelBuilder &kernel)
      : kernel(kernel), sizes(op), logarithmic(op.getLog()),
        scale(op.getScale().convertToFloat()),
        input(kernel, kernel.buffers.front(), getShape()),
        output(kernel, kernel.buffers.back(), getShape()),
        lanes(getCommonLanes(kernel, {&input, &output})) {
    if (!op.getAddend())
      return;
    ArrayRef<int64_t> shape =
        cast<ShapedType>(op.getAddend().getType()).getShape();
    ArrayRef<int64_t> whole =
        cast<ShapedType>(op.getInput().getType()).getShape();
    rowSizes.assign(whole.drop_back().begin(), whole.drop_back().end());
    addend.emplace(kernel, kernel.buffers[1], shape);
    addendShape.assign(shape.begin(), shape.end());
    if (shape.back() > 1 && !addend->hasVectors())
      lanes = 0;
  }

  void emitRow(Index outer, RowLoops loops);
  void emitSharedRow(const RowDivision &division);
  void emitColumns(Index outer, Index lower, Index upper);

private:
  Value loadInput(Index i, int64_t lanes);

  SmallVector<int64_t> getShape() const {
    if (sizes.inner == 1)
      return {sizes.outer, sizes.axis};
    return {sizes.outer, sizes.axis, sizes.inner};
  }
  /// Where an element of the current row lies.
  SmallVector<Index> at(Index i) const {
    SmallVector<Index> indices = {outer, i};
    if (sizes.inner > 1)
      indices.push_back(column);
    return indices;
  }
  Value exponential(Value x, Value largest) {
    return emitExpOfNegative(kernel.builder, kernel.location,
                             kernel.create<arith::SubFOp>(x, largest));
  }
  Value logarithm(Value x) {
    return math::LogOp::create(kernel.builder, kernel.location, x);
  }
  /// What is added up: in single precision where few elements are.
  Value zeroForSum(bool isShort) {
    return isShort ? kernel.floatConstant(0, kernel.builder.getF32Type())
                   : doubleConstant(kernel, 0);
  }
  Value forSum(Value power, bool isShort) {
    return isShort ? power : toDouble(kernel, power);
  }
  Value lowest() {
    return kernel.floatConstant(-std::numeric_limits<float>::infinity(),
                                kernel.builder.getF32Type());
  }

  KernelBuilder &kernel;
  Sizes sizes;
  bool logarithmic;
  float scale;
  BufferView input, output;
  int64_t lanes;
  /// What is added along the last dimension: its shape, that of the input
  /// without it, and where in the addend the current row lies.
  std::optional<BufferView> addend;
  SmallVector<int64_t> addendShape, rowSizes;
  SmallVector<Index> addendRow;
  /// The current row: its place before the dimension, and behind it.
  Index outer, column;
};

/// An element of the current row, or a vector of them.
Value SoftmaxEmitter::loadInput(Index i, int64_t lanes) {
  Value x = input.load(at(i), lanes);
  Value added;
  if (addend) {
    SmallVector<Index> indices(addendRow);
    bool repeats = addendShape.back() == 1;
    indices.push_back(repeats ? Index(kernel.constant(0)) : i);
    added = inLanes(kernel, addend->load(indices, repeats ? 0 : lanes), lanes);
  }
  if (scale == 1)
    return added ? kernel.create<arith::AddFOp>(x, added) : x;
  Value factor = kernel.floatConstant(scale, x.getType());
  return added ? kernel.multiplyAdd(x, factor, added)
               : kernel.create<arith::MulFOp>(x, factor);
}

/// A row along the last dimension; along another one, element by element.
void SoftmaxEmitter::emitRow(Index outerPlace, RowLoops loops) {
  outer = outerPlace;
  if (addend) {
    addendRow = kernel.delinearize(outer, rowSizes);
    for (auto [index, size] : llvm::zip(addendRow, addendShape))
      if (size == 1)
        index = kernel.constant(0);
  }
  Value largest = loops.reduce(
      lanes, {lowest(),
              [&](Value accumulator, Index i, int64_t lanes) {
                return largerOf(kernel, loadInput(i, lanes), accumulator);
              },
              [&](Value a, Value b) { return largerOf(kernel, a, b); }});
  // The sum of a long row is in double precision. Softmax keeps the
  // exponentials in the result.
  bool isShort = sizes.axis <= longestSum * loops.countSums();
  Value sum = loops.reduce(
      lanes,
      {zeroForSum(isShort),
       [&](Value accumulator, Index i, int64_t lanes) {
         Value power =
             exponential(loadInput(i, lanes), inLanes(kernel, largest, lanes));
         if (!logarithmic)
           output.store(power, at(i));
         return kernel.create<arith::AddFOp>(accumulator,
                                             forSum(power, isShort));
       },
       [&](Value a, Value b) { return kernel.create<arith::AddFOp>(a, b); }});
  Value single = isShort ? sum : toSingle(kernel, sum);
  Value inverse = kernel.create<arith::DivFOp>(
      kernel.floatConstant(1, single.getType()), single);
  Value logarithmOfSum = logarithmic ? logarithm(single) : nullptr;
  loops.forEach(lanes, [&](Index i, int64_t lanes) {
    Value result;
    if (logarithmic)
      result = kernel.create<arith::SubFOp>(
          kernel.create<arith::SubFOp>(loadInput(i, lanes),
                                       inLanes(kernel, largest, lanes)),
          inLanes(kernel, logarithmOfSum, lanes));
    else
      result = kernel.create<arith::MulFOp>(output.load(at(i), lanes),
                                            inLanes(kernel, inverse, lanes));
    output.store(result, at(i));
  });
}

void SoftmaxEmitter::emitSharedRow(const RowDivision &division) {
  RowLoops loops(kernel, division);
  column = kernel.rem(loops.row(), kernel.constant(sizes.inner));
  emitRow(kernel.div(loops.row(), kernel.constant(sizes.inner)), loops);
}

/// Positions [lower, upper) after the dimension.
void SoftmaxEmitter::emitColumns(Index outer, Index lower, Index upper) {
  forVectors(
      kernel, lower, upper, lanes, lanes && sizes.inner % lanes != 0,
      [&](Index column, int64_t lanes) {
        auto load = [&](const BufferView &view, Index i) {
          return view.load({outer, i, column}, lanes);
        };
        auto overAxis = [&](Value initial,
                            llvm::function_ref<Value(Value, Index)> step) {
          return kernel.forLoop(
              kernel.constant(0), kernel.constant(sizes.axis), 1, initial,
              [&](Index i, ValueRange carried) -> SmallVector<Value> {
                return {step(carried[0], i)};
              })[0];
        };
        Value largest = overAxis(
            inLanes(kernel, lowest(), lanes), [&](Value value, Index i) {
              return largerOf(kernel, load(input, i), value);
            });
        bool isShort = sizes.axis <= longestSum;
        Value zero = inLanes(kernel, zeroForSum(isShort), lanes);
        Value total = overAxis(zero, [&](Value value, Index i) {
          Value power = exponential(load(input, i), largest);
          if (!logarithmic)
            output.store(power, {outer, i, column});
          return kernel.create<arith::AddFOp>(value, forSum(power, isShort));
        });
        Value sum = isShort ? total : toSingle(kernel, total);
        Value factor = logarithmic
                           ? logarithm(sum)
                           : kernel.create<arith::DivFOp>(
                                 kernel.floatConstant(1, sum.getType()), sum);
        kernel.forLoop(
            kernel.constant(0), kernel.constant(sizes.axis), 1, [&](Index i) {
              Value result =
                  logarithmic
                      ? kernel.create<arith::SubFOp>(
                            kernel.create<arith::SubFOp>(load(input, i),
                                                         largest),
                            factor)
                      : kernel.create<arith::MulFOp>(load(output, i), factor);
              output.store(result, {outer, i, column});
            });
      });
}

/// Ranges of columns start at multiples of this, whatever the target's lanes.
constexpr int64_t rangeMultiple = 64;
/// An exponential is as much work as moving this many elements.
constexpr int64_t workPerElement = 8;

TaskDivision divide(kernel::SoftmaxOp op) {
  Sizes sizes(op);
  kernel::TargetAttr target = kernel::getTarget(op);
  int64_t work = workPerElement * sizes.axis;
  if (sizes.inner == 1)
    return TaskDivision(target, {sizes.outer}, work);
  return TaskDivision(target, {sizes.outer, sizes.inner}, work, rangeMultiple);
}

std::optional<RowDivision> share(kernel::SoftmaxOp op) {
  Sizes sizes(op);
  return divideRows(kernel::getTarget(op),
                    {sizes.outer * sizes.inner, sizes.axis, sizes.inner});
}

int64_t countTasks(Operation *op) {
  if (auto shared = share(cast<kernel::SoftmaxOp>(op)))
    return shared->countBlocks();
  return divide(cast<kernel::SoftmaxOp>(op)).getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto softmax = cast<kernel::SoftmaxOp>(op);
  SoftmaxEmitter emitter(softmax, kernel);
  if (std::optional<RowDivision> shared = share(softmax)) {
    emitter.emitSharedRow(*shared);
    return success();
  }
  TaskDivision division = divide(softmax);
  if (Sizes(softmax).inner == 1)
    division.forEach(kernel, [&](ArrayRef<Index> indices) {
      emitter.emitRow(indices[0], RowLoops(kernel, Sizes(softmax).axis));
    });
  else
    division.forEachRange(kernel,
                          [&](ArrayRef<Index> outer, Index lower, Index upper) {
                            emitter.emitColumns(outer[0], lower, upper);
                          });
  return success();
}

} // namespace

KernelLowering toeplitz::getSoftmaxLowering() {
  return {kernel::SoftmaxOp::getOperationName(), countTasks, emit};
}
