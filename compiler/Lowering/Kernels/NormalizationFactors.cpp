// What normalises groups of channels, from the moments of the channels: mean
// and squared deviations of the sections of a group are joined in double
// precision,
//   mean = (sum of n m) / (sum of n),
//   variance = (sum of squares + n (m - mean)^2) / (sum of n)
// over sections of n positions with mean m.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/Reduction.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <numeric>

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

struct Sizes {
  int64_t batch, blocks, sections, lanes, channels, groups, positions;

  explicit Sizes(kernel::NormalizationFactorsOp op)
      : channels(op.getChannels()), groups(op.getGroups()),
        positions(op.getPositions()) {
    ArrayRef<int64_t> shape =
        cast<ShapedType>(op.getInput().getType()).getShape();
    batch = shape[0];
    blocks = shape[1];
    sections = shape[2];
    lanes = shape.back();
  }

  int64_t groupChannels() const { return channels / groups; }
  /// Neighbouring channels of a group that lie in one block, wherever the group
  /// begins.
  int64_t width() const { return std::gcd(groupChannels(), lanes); }
  TaskDivision divide(kernel::TargetAttr target) const {
    return TaskDivision(target, {batch, groups},
                        groupChannels() * (3 * sections + 5));
  }
};

class FactorsEmitter {
public:
  FactorsEmitter(kernel::NormalizationFactorsOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), sizes(op),
        moments(kernel, kernel.buffers[0],
                {sizes.batch, sizes.blocks, sizes.sections, 3, sizes.lanes}),
        scale(kernel, kernel.buffers[1], {sizes.channels}),
        bias(kernel, kernel.buffers[2], {sizes.channels}),
        output(kernel, kernel.buffers[3],
               {3, sizes.batch, sizes.blocks, sizes.lanes}) {}

  void emit(Index image, Index group);

private:
  using Add = llvm::function_ref<Value(Value sum, Value mean, Value squares,
                                       Value count)>;

  Value everywhere(Value scalar) {
    return inLanes(kernel, scalar, sizes.width());
  }
  Value addSections(Value sum, Index block, Index lane, Index lower,
                    Index upper, int64_t positions, Add add);
  Value sumUp(Add add);

  kernel::NormalizationFactorsOp op;
  KernelBuilder &kernel;
  Sizes sizes;
  BufferView moments, scale, bias, output;
  Index image, group;
};

/// Adds sections of `positions` positions each.
Value FactorsEmitter::addSections(Value sum, Index block, Index lane,
                                  Index lower, Index upper, int64_t positions,
                                  Add add) {
  Value count = everywhere(doubleConstant(kernel, positions));
  return kernel.forLoop(
      lower, upper, 1, sum,
      [&](Index section, ValueRange carried) -> SmallVector<Value> {
        auto load = [&](int64_t i) {
          return toDouble(kernel, moments.load({image, block, section,
                                                kernel.constant(i), lane},
                                               sizes.width()));
        };
        Value mean = kernel.create<arith::AddFOp>(load(0), load(1));
        return {add(carried[0], mean, load(2), count)};
      })[0];
}

/// The share of each position of the group in a sum over its channels and
/// sections: a mean.
Value FactorsEmitter::sumUp(Add add) {
  int64_t length = llvm::divideCeilSigned(sizes.positions, sizes.sections);
  Index last = kernel.constant(sizes.sections - 1);
  Index lanes = kernel.constant(sizes.lanes);
  Index first = kernel.mul(group, kernel.constant(sizes.groupChannels()));
  Value sums = kernel.forLoop(
      kernel.constant(0), kernel.constant(sizes.groupChannels()), sizes.width(),
      everywhere(doubleConstant(kernel, 0)),
      [&](Index i, ValueRange carried) -> SmallVector<Value> {
        Index channel = kernel.add(first, i);
        Index block = kernel.div(channel, lanes);
        Index lane = kernel.rem(channel, lanes);
        Value sum = addSections(carried[0], block, lane, kernel.constant(0),
                                last, length, add);
        return {
            addSections(sum, block, lane, last, kernel.constant(sizes.sections),
                        sizes.positions - (sizes.sections - 1) * length, add)};
      })[0];
  Value sum = vector::ReductionOp::create(kernel.builder, kernel.location,
                                          vector::CombiningKind::ADD, sums);
  double count = static_cast<double>(sizes.groupChannels()) * sizes.positions;
  return kernel.create<arith::DivFOp>(sum, doubleConstant(kernel, count));
}

void FactorsEmitter::emit(Index image, Index group) {
  this->image = image;
  this->group = group;
  Value mean = sumUp([&](Value sum, Value part, Value, Value count) {
    return kernel.create<arith::AddFOp>(
        sum, kernel.create<arith::MulFOp>(count, part));
  });
  Value means = everywhere(mean);
  Value variance =
      sumUp([&](Value sum, Value part, Value squares, Value count) {
        Value difference = kernel.create<arith::SubFOp>(part, means);
        Value between = kernel.create<arith::MulFOp>(
            count, kernel.create<arith::MulFOp>(difference, difference));
        return kernel.create<arith::AddFOp>(
            sum, kernel.create<arith::AddFOp>(squares, between));
      });
  // (Roundings of the sums may leave less than nothing of equal numbers.)
  variance =
      kernel.create<arith::MaximumFOp>(variance, doubleConstant(kernel, 0));
  Value deviation = math::SqrtOp::create(
      kernel.builder, kernel.location,
      kernel.create<arith::AddFOp>(
          variance, doubleConstant(kernel, op.getEpsilon().convertToFloat())));
  Value inverse = toSingle(kernel, kernel.create<arith::DivFOp>(
                                       doubleConstant(kernel, 1), deviation));
  Value high = toSingle(kernel, mean);
  Value low = toSingle(
      kernel, kernel.create<arith::SubFOp>(mean, toDouble(kernel, high)));
  Index lanes = kernel.constant(sizes.lanes);
  Index first = kernel.mul(group, kernel.constant(sizes.groupChannels()));
  kernel.forLoop(
      kernel.constant(0), kernel.constant(sizes.groupChannels()), 1,
      [&](Index i) {
        Index channel = kernel.add(first, i);
        Value factor =
            kernel.create<arith::MulFOp>(inverse, scale.load({channel}));
        // The small part of the mean, which the large one leaves.
        Value offset = kernel.create<arith::SubFOp>(
            bias.load({channel}), kernel.create<arith::MulFOp>(low, factor));
        Value values[] = {high, factor, offset};
        for (auto [place, value] : llvm::enumerate(values))
          output.store(value, {kernel.constant(place), image,
                               kernel.div(channel, lanes),
                               kernel.rem(channel, lanes)});
      });
}

int64_t countTasks(Operation *op) {
  return Sizes(cast<kernel::NormalizationFactorsOp>(op))
      .divide(kernel::getTarget(op))
      .getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto factors = cast<kernel::NormalizationFactorsOp>(op);
  FactorsEmitter emitter(factors, kernel);
  Sizes(factors)
      .divide(kernel.target)
      .forEach(kernel, [&](ArrayRef<Index> place) {
        emitter.emit(place[0], place[1]);
      });
  return success();
}

} // namespace

KernelLowering toeplitz::getNormalizationFactorsLowering() {
  return {kernel::NormalizationFactorsOp::getOperationName(), countTasks, emit};
}
