// Softmax along one dimension of a plain tensor, seen as outer x axis x inner.
// Along the last dimension each row is reduced in vectors; along another one,
// vectors of neighbouring elements are reduced side by side.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/Reduction.h"
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

/// Up to these lengths the sums are in single precision: an accumulator takes
/// at most 64 numbers (of a row, there are 64 accumulators of sixteen lanes),
/// and its error is at most 64 roundings.
constexpr int64_t longestShortRow = 4096, longestShortColumn = 64;

class SoftmaxEmitter {
public:
  SoftmaxEmitter(kernel::SoftmaxOp op, KernelBuilder &kernel)
      : kernel(kernel), sizes(op), logarithmic(op.getLog()),
        input(kernel, kernel.buffers[0], getShape()),
        output(kernel, kernel.buffers[1], getShape()),
        lanes(getCommonLanes(kernel, {&input, &output})) {}

  void emitRow(Index outer);
  void emitColumns(Index outer, Index lower, Index upper);

private:
  SmallVector<int64_t> getShape() const {
    if (sizes.inner == 1)
      return {sizes.outer, sizes.axis};
    return {sizes.outer, sizes.axis, sizes.inner};
  }
  template <typename Op> Value op2(Value a, Value b) {
    return Op::create(kernel.builder, kernel.location, a, b);
  }
  Value exponential(Value x, Value largest) {
    return emitExpOfNegative(kernel.builder, kernel.location,
                             op2<arith::SubFOp>(x, largest));
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
  BufferView input, output;
  int64_t lanes;
};

/// A row along the last dimension.
void SoftmaxEmitter::emitRow(Index outer) {
  Value largest = reduceRow(
      kernel, sizes.axis, lanes,
      {lowest(),
       [&](Value accumulator, Index i, int64_t lanes) {
         return largerOf(kernel, input.load({outer, i}, lanes), accumulator);
       },
       [&](Value a, Value b) { return largerOf(kernel, a, b); }});
  // The sum of a long row is in double precision. Softmax keeps the
  // exponentials in the result.
  bool isShort = sizes.axis <= longestShortRow;
  Value sum = reduceRow(
      kernel, sizes.axis, lanes,
      {zeroForSum(isShort),
       [&](Value accumulator, Index i, int64_t lanes) {
         Value power = exponential(input.load({outer, i}, lanes),
                                   inLanes(kernel, largest, lanes));
         if (!logarithmic)
           output.store(power, {outer, i});
         return op2<arith::AddFOp>(accumulator, forSum(power, isShort));
       },
       [&](Value a, Value b) { return op2<arith::AddFOp>(a, b); }});
  Value single = isShort ? sum : toSingle(kernel, sum);
  Value inverse =
      op2<arith::DivFOp>(kernel.floatConstant(1, single.getType()), single);
  Value logarithmOfSum = logarithmic ? logarithm(single) : nullptr;
  forVectors(kernel, kernel.constant(0), kernel.constant(sizes.axis), lanes,
             lanes && sizes.axis % lanes != 0, [&](Index i, int64_t lanes) {
               Value result;
               if (logarithmic)
                 result = op2<arith::SubFOp>(
                     op2<arith::SubFOp>(input.load({outer, i}, lanes),
                                        inLanes(kernel, largest, lanes)),
                     inLanes(kernel, logarithmOfSum, lanes));
               else
                 result = op2<arith::MulFOp>(output.load({outer, i}, lanes),
                                             inLanes(kernel, inverse, lanes));
               output.store(result, {outer, i});
             });
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
        bool isShort = sizes.axis <= longestShortColumn;
        Value zero = inLanes(kernel, zeroForSum(isShort), lanes);
        Value total = overAxis(zero, [&](Value value, Index i) {
          Value power = exponential(load(input, i), largest);
          if (!logarithmic)
            output.store(power, {outer, i, column});
          return op2<arith::AddFOp>(value, forSum(power, isShort));
        });
        Value sum = isShort ? total : toSingle(kernel, total);
        Value factor = logarithmic
                           ? logarithm(sum)
                           : op2<arith::DivFOp>(
                                 kernel.floatConstant(1, sum.getType()), sum);
        kernel.forLoop(
            kernel.constant(0), kernel.constant(sizes.axis), 1, [&](Index i) {
              Value result =
                  logarithmic
                      ? op2<arith::SubFOp>(
                            op2<arith::SubFOp>(load(input, i), largest), factor)
                      : op2<arith::MulFOp>(load(output, i), factor);
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

int64_t countTasks(Operation *op) {
  return divide(cast<kernel::SoftmaxOp>(op)).getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto softmax = cast<kernel::SoftmaxOp>(op);
  SoftmaxEmitter emitter(softmax, kernel);
  TaskDivision division = divide(softmax);
  if (Sizes(softmax).inner == 1)
    division.forEach(
        kernel, [&](ArrayRef<Index> indices) { emitter.emitRow(indices[0]); });
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
