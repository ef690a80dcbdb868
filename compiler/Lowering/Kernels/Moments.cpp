// Mean and squared deviations of each channel of a blocked tensor N x C/V x I x
// V, in sections of the positions.
//
// Runs of positions that stay in the first-level cache are read twice: the sum
// of x gives a mean m that may be off by some roundings; with d = x - m, the
// sums of d and of d^2 give
//   mean = m + (sum d) / n,  squares = sum d^2 - (sum d)^2 / n,
// where nothing cancels, because sum d is small. Runs are joined in double
// precision: of a positions with mean A and squares P, and b with B and Q,
//   mean = A + (B - A) b / (a + b),  squares = P + Q + (B - A)^2 a b / (a + b).
// Source: Chan, Golub and LeVeque 1983, Algorithms for computing the sample
// variance (The American Statistician 37).

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/Reduction.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// Elements of a run, 16 KiB: half of the smallest first-level cache.
constexpr int64_t elementsPerRun = 4096;

/// Sums side by side hide the latency of an addition.
constexpr int64_t sumCount = 8;

struct Sizes {
  int64_t batch, blocks, positions = 1, lanes, sections, length;

  explicit Sizes(kernel::MomentsOp op) {
    ArrayRef<int64_t> shape =
        cast<ShapedType>(op.getInput().getType()).getShape();
    batch = shape[0];
    blocks = shape[1];
    for (int64_t size : shape.drop_front(2).drop_back())
      positions *= size;
    lanes = shape.back();
    sections = cast<ShapedType>(op.getInit().getType()).getDimSize(2);
    length = llvm::divideCeilSigned(positions, sections);
  }

  TaskDivision divide(kernel::TargetAttr target) const {
    return TaskDivision(target, {batch, blocks, sections}, length * lanes);
  }
};

class MomentsEmitter {
public:
  MomentsEmitter(kernel::MomentsOp op, KernelBuilder &kernel)
      : kernel(kernel), sizes(op),
        input(kernel, kernel.buffers[0],
              {sizes.batch, sizes.blocks, sizes.positions, sizes.lanes}),
        output(kernel, kernel.buffers[1],
               {sizes.batch, sizes.blocks, sizes.sections, 3, sizes.lanes}) {}

  void emit(ArrayRef<Index> place);

private:
  /// A number of positions, in double precision.
  Value toNumber(Index count) {
    Value integer = arith::IndexCastOp::create(kernel.builder, kernel.location,
                                               kernel.builder.getI64Type(),
                                               kernel.value(count));
    return arith::SIToFPOp::create(kernel.builder, kernel.location,
                                   kernel.builder.getF64Type(), integer);
  }
  Value everywhere(Value scalar) {
    return inLanes(kernel, scalar, sizes.lanes);
  }
  SmallVector<Value>
  sumUp(Index lower, Index upper, size_t kinds,
        llvm::function_ref<SmallVector<Value>(Value x, ValueRange sums)> add);
  SmallVector<Value> emitRun(Index lower, Index upper, Value done,
                             ValueRange before);

  KernelBuilder &kernel;
  Sizes sizes;
  BufferView input, output;
  /// Image and block.
  Index batch, block;
};

/// Sums over the positions, of `kinds` kinds.
SmallVector<Value> MomentsEmitter::sumUp(
    Index lower, Index upper, size_t kinds,
    llvm::function_ref<SmallVector<Value>(Value, ValueRange)> add) {
  auto step = [&](Index position, ValueRange sums) {
    Value x =
        input.load({batch, block, position, kernel.constant(0)}, sizes.lanes);
    return add(x, sums);
  };
  int64_t together = sumCount / static_cast<int64_t>(kinds);
  SmallVector<Value> sums(sumCount, kernel.splat(0, sizes.lanes));
  Index width = kernel.constant(together);
  Index end = kernel.add(
      lower, kernel.mul(kernel.div(kernel.sub(upper, lower), width), width));
  sums = kernel.forLoop(
      lower, end, together, sums, [&](Index position, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t i = 0; i < together; ++i)
          llvm::append_range(next,
                             step(kernel.add(position, kernel.constant(i)),
                                  carried.slice(i * kinds, kinds)));
        return next;
      });
  for (int64_t left = together; left > 1; left /= 2)
    for (size_t i = 0; i < left / 2 * kinds; ++i)
      sums[i] =
          kernel.create<arith::AddFOp>(sums[i], sums[left / 2 * kinds + i]);
  sums.truncate(kinds);
  return kernel.forLoop(end, upper, 1, sums, step);
}

/// Joins a run with the `done` positions before it, mean and squares of which
/// are `before`.
SmallVector<Value> MomentsEmitter::emitRun(Index lower, Index upper, Value done,
                                           ValueRange before) {
  Value count = toNumber(kernel.sub(upper, lower));
  Value share = kernel.create<arith::DivFOp>(doubleConstant(kernel, 1), count);
  Value sum = sumUp(lower, upper, 1, [&](Value x, ValueRange sums) {
    return SmallVector<Value>{kernel.create<arith::AddFOp>(sums[0], x)};
  })[0];
  Value near =
      kernel.create<arith::MulFOp>(sum, everywhere(toSingle(kernel, share)));
  SmallVector<Value> sums =
      sumUp(lower, upper, 2, [&](Value x, ValueRange sums) {
        Value difference = kernel.create<arith::SubFOp>(x, near);
        return SmallVector<Value>{
            kernel.create<arith::AddFOp>(sums[0], difference),
            kernel.multiplyAdd(difference, difference, sums[1])};
      });
  Value rest = toDouble(kernel, sums[0]);
  Value correction = kernel.create<arith::MulFOp>(rest, everywhere(share));
  Value mean = kernel.create<arith::AddFOp>(toDouble(kernel, near), correction);
  Value squares = kernel.create<arith::SubFOp>(
      toDouble(kernel, sums[1]),
      kernel.create<arith::MulFOp>(rest, correction));
  Value weight = kernel.create<arith::DivFOp>(
      count, kernel.create<arith::AddFOp>(done, count));
  Value difference = kernel.create<arith::SubFOp>(mean, before[0]);
  Value step = kernel.create<arith::MulFOp>(difference, everywhere(weight));
  Value between = kernel.create<arith::MulFOp>(
      kernel.create<arith::MulFOp>(step, difference), everywhere(done));
  return {kernel.create<arith::AddFOp>(before[0], step),
          kernel.create<arith::AddFOp>(
              kernel.create<arith::AddFOp>(before[1], squares), between)};
}

/// The section at `place`: image, block, section.
void MomentsEmitter::emit(ArrayRef<Index> place) {
  batch = place[0];
  block = place[1];
  Index lower = kernel.mul(place[2], kernel.constant(sizes.length));
  Index upper = kernel.min(kernel.add(lower, kernel.constant(sizes.length)),
                           kernel.constant(sizes.positions));
  int64_t run = std::max<int64_t>(elementsPerRun / sizes.lanes, 1);
  SmallVector<Value> moments(2, everywhere(doubleConstant(kernel, 0)));
  moments = kernel.forLoop(
      lower, upper, run, moments, [&](Index first, ValueRange carried) {
        Index last = kernel.min(kernel.add(first, kernel.constant(run)), upper);
        return emitRun(first, last, toNumber(kernel.sub(first, lower)),
                       carried);
      });
  Value high = toSingle(kernel, moments[0]);
  Value low = toSingle(
      kernel, kernel.create<arith::SubFOp>(moments[0], toDouble(kernel, high)));
  Value values[] = {high, low, toSingle(kernel, moments[1])};
  for (auto [i, value] : llvm::enumerate(values))
    output.store(value, {batch, block, place[2], kernel.constant(i),
                         kernel.constant(0)});
}

int64_t countTasks(Operation *op) {
  return Sizes(cast<kernel::MomentsOp>(op))
      .divide(kernel::getTarget(op))
      .getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto moments = cast<kernel::MomentsOp>(op);
  MomentsEmitter emitter(moments, kernel);
  Sizes(moments)
      .divide(kernel.target)
      .forEach(kernel, [&](ArrayRef<Index> place) { emitter.emit(place); });
  return success();
}

} // namespace

KernelLowering toeplitz::getMomentsLowering() {
  return {kernel::MomentsOp::getOperationName(), countTasks, emit};
}
