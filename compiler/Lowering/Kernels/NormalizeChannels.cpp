// Normalisation of the channels at each position of a blocked tensor N x C/V x
// I x V to mean 0 and variance 1.
//
// A few positions at a time, all channels of which stay in the first-level
// cache for three passes: the sum of x gives a mean m that may be off by some
// roundings; with d = x - m, the sums of d and of d^2 give what the mean is off
// by and the variance,
//   e = (sum d) / C,  variance = (sum d^2) / C - e^2,
// where nothing cancels, because e is small; and the last one writes
//   y = (d - e) * (1 / sqrt(variance + epsilon)) * scale + bias.
// (Where threads of a GPU share a position, there are two passes for the sums,
// in double precision.)
// Source: Chan, Golub and LeVeque 1983, Algorithms for computing the sample
// variance (The American Statistician 37), the corrected two-pass algorithm.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/RowMoments.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// Positions whose sums are computed side by side: two sums of each hide the
/// latency of an addition.
constexpr int64_t positionsTogether = 4;

struct Sizes {
  int64_t batch, channels, blocks, positions = 1, lanes;

  explicit Sizes(kernel::NormalizeChannelsOp op) : channels(op.getChannels()) {
    ArrayRef<int64_t> shape =
        cast<ShapedType>(op.getInit().getType()).getShape();
    batch = shape.front();
    blocks = shape[1];
    lanes = shape.back();
    for (int64_t size : shape.drop_front(2).drop_back())
      positions *= size;
  }

  /// On a GPU: positions whose channels threads share.
  std::optional<RowDivision> share(kernel::TargetAttr target) const {
    return divideRows(target, {batch * positions, channels, positions});
  }
  TaskDivision divide(kernel::TargetAttr target) const {
    return TaskDivision(target, {batch, positions}, 3 * channels,
                        positionsTogether);
  }
};

class NormalizeChannelsEmitter {
public:
  NormalizeChannelsEmitter(kernel::NormalizeChannelsOp op,
                           KernelBuilder &kernel)
      : op(op), kernel(kernel), sizes(op),
        input(kernel, kernel.buffers[0], getShape()),
        scale(kernel, kernel.buffers[1], {sizes.blocks, sizes.lanes}),
        bias(kernel, kernel.buffers[2], {sizes.blocks, sizes.lanes}),
        output(kernel, kernel.buffers[3], getShape()) {}

  void emit(Index batch, Index lower, Index upper);
  /// The plain tensor of a GPU.
  void emitShared(RowLoops loops);

private:
  SmallVector<int64_t> getShape() const {
    return {sizes.batch, sizes.blocks, sizes.positions, sizes.lanes};
  }
  Value load(Index position, Index block) {
    return input.load({batch, block, position, kernel.constant(0)},
                      sizes.lanes);
  }
  Value fillWithZeros(Value vector, bool isLast);
  SmallVector<Value>
  overBlocks(size_t count,
             llvm::function_ref<SmallVector<Value>(Index block, bool isLast,
                                                   ValueRange sums)>
                 body);
  SmallVector<Value> addLanes(ArrayRef<Value> sums);
  void emitPositions(Index first, int64_t count);

  kernel::NormalizeChannelsOp op;
  KernelBuilder &kernel;
  Sizes sizes;
  BufferView input, scale, bias, output;
  Index batch;
};

/// The lanes of the last block behind the last channel hold anything.
Value NormalizeChannelsEmitter::fillWithZeros(Value vector, bool isLast) {
  int64_t rest = sizes.channels % sizes.lanes;
  if (!isLast || rest == 0)
    return vector;
  SmallVector<bool> isChannel;
  for (int64_t lane = 0; lane < sizes.lanes; ++lane)
    isChannel.push_back(lane < rest);
  auto type = VectorType::get({sizes.lanes}, kernel.builder.getI1Type());
  Value mask = arith::ConstantOp::create(
      kernel.builder, kernel.location, DenseElementsAttr::get(type, isChannel));
  return arith::SelectOp::create(kernel.builder, kernel.location, mask, vector,
                                 kernel.splat(0, sizes.lanes));
}

/// `count` vectors that start as zeros, after all blocks.
SmallVector<Value> NormalizeChannelsEmitter::overBlocks(
    size_t count,
    llvm::function_ref<SmallVector<Value>(Index, bool, ValueRange)> body) {
  SmallVector<Value> sums(count, kernel.splat(0, sizes.lanes));
  Index last = kernel.constant(sizes.blocks - 1);
  sums = kernel.forLoop(kernel.constant(0), last, 1, sums,
                        [&](Index block, ValueRange carried) {
                          return body(block, false, carried);
                        });
  return body(last, true, sums);
}

/// The mean over all channels of each vector of sums, as a scalar.
SmallVector<Value> NormalizeChannelsEmitter::addLanes(ArrayRef<Value> sums) {
  Value share = kernel.floatConstant(1.0f / static_cast<float>(sizes.channels),
                                     kernel.builder.getF32Type());
  return llvm::map_to_vector(sums, [&](Value sum) {
    // Halves are added until one lane is left.
    for (int64_t width = sizes.lanes; width > 1; width /= 2) {
      SmallVector<int64_t> low, high;
      for (int64_t lane = 0; lane < width / 2; ++lane) {
        low.push_back(lane);
        high.push_back(lane + width / 2);
      }
      auto shuffle = [&](ArrayRef<int64_t> lanes) -> Value {
        return vector::ShuffleOp::create(kernel.builder, kernel.location, sum,
                                         sum, lanes);
      };
      sum = kernel.create<arith::AddFOp>(shuffle(low), shuffle(high));
    }
    Value total = vector::ExtractOp::create(kernel.builder, kernel.location,
                                            sum, ArrayRef<int64_t>{0});
    return kernel.create<arith::MulFOp>(total, share);
  });
}

/// `count` positions from `first` on.
void NormalizeChannelsEmitter::emitPositions(Index first, int64_t count) {
  auto position = [&](int64_t i) {
    return kernel.add(first, kernel.constant(i));
  };
  auto everywhere = [&](Value scalar) {
    return inLanes(kernel, scalar, sizes.lanes);
  };
  SmallVector<Value> means = addLanes(
      overBlocks(count, [&](Index block, bool isLast, ValueRange sums) {
        SmallVector<Value> next;
        for (int64_t i = 0; i < count; ++i)
          next.push_back(kernel.create<arith::AddFOp>(
              sums[i], fillWithZeros(load(position(i), block), isLast)));
        return next;
      }));
  SmallVector<Value> means2 = llvm::map_to_vector(means, everywhere);
  auto differ = [&](int64_t i, Index block) {
    return kernel.create<arith::SubFOp>(load(position(i), block), means2[i]);
  };
  SmallVector<Value> moments = addLanes(
      overBlocks(2 * count, [&](Index block, bool isLast, ValueRange sums) {
        SmallVector<Value> next;
        for (int64_t i = 0; i < count; ++i) {
          Value difference = fillWithZeros(differ(i, block), isLast);
          next.push_back(kernel.create<arith::AddFOp>(sums[2 * i], difference));
          next.push_back(
              kernel.multiplyAdd(difference, difference, sums[2 * i + 1]));
        }
        return next;
      }));
  Type single = kernel.builder.getF32Type();
  Value epsilon =
      kernel.floatConstant(op.getEpsilon().convertToFloat(), single);
  SmallVector<Value> rests, inverses;
  for (int64_t i = 0; i < count; ++i) {
    Value rest = moments[2 * i];
    Value variance = kernel.create<arith::SubFOp>(
        moments[2 * i + 1], kernel.create<arith::MulFOp>(rest, rest));
    Value deviation =
        math::SqrtOp::create(kernel.builder, kernel.location,
                             kernel.create<arith::AddFOp>(variance, epsilon));
    rests.push_back(everywhere(rest));
    inverses.push_back(everywhere(kernel.create<arith::DivFOp>(
        kernel.floatConstant(1, single), deviation)));
  }
  kernel.forLoop(
      kernel.constant(0), kernel.constant(sizes.blocks), 1, [&](Index block) {
        Index zero = kernel.constant(0);
        Value factor = scale.load({block, zero}, sizes.lanes);
        Value shift = bias.load({block, zero}, sizes.lanes);
        for (int64_t i = 0; i < count; ++i) {
          Value normal = kernel.create<arith::MulFOp>(
              kernel.create<arith::SubFOp>(differ(i, block), rests[i]),
              inverses[i]);
          output.store(kernel.multiplyAdd(normal, factor, shift),
                       {batch, block, position(i), zero});
        }
      });
}

void NormalizeChannelsEmitter::emit(Index batch, Index lower, Index upper) {
  this->batch = batch;
  // A thread of a GPU has one position.
  if (kernel.target.isGpu())
    return emitPositions(lower, 1);
  // (Ranges begin at multiples of positionsTogether.)
  Index together = kernel.constant(positionsTogether);
  Index whole =
      kernel.mul(kernel.div(kernel.sub(upper, lower), together), together);
  Index end = kernel.add(lower, whole);
  kernel.forLoop(lower, end, positionsTogether, [&](Index position) {
    emitPositions(position, positionsTogether);
  });
  if (sizes.positions % positionsTogether != 0)
    kernel.forLoop(end, upper, 1,
                   [&](Index position) { emitPositions(position, 1); });
}

void NormalizeChannelsEmitter::emitShared(RowLoops loops) {
  SmallVector<Index> place =
      kernel.delinearize(loops.row(), {sizes.batch, sizes.positions});
  Index zero = kernel.constant(0);
  auto at = [&](Index channel) -> SmallVector<Index> {
    return {place[0], channel, place[1], zero};
  };
  RowMoments moments(kernel, loops, sizes.channels, /*lanes=*/0,
                     op.getEpsilon().convertToFloat(),
                     [&](Index i, int64_t) { return input.load(at(i)); });
  loops.forEach(0, [&](Index channel, int64_t) {
    Value normal = kernel.create<arith::MulFOp>(
        moments.center(input.load(at(channel)), 0), moments.getInverse());
    output.store(kernel.multiplyAdd(normal, scale.load({channel, zero}),
                                    bias.load({channel, zero})),
                 at(channel));
  });
}

int64_t countTasks(Operation *op) {
  Sizes sizes(cast<kernel::NormalizeChannelsOp>(op));
  kernel::TargetAttr target = kernel::getTarget(op);
  if (std::optional<RowDivision> shared = sizes.share(target))
    return shared->countBlocks();
  return sizes.divide(target).getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto normalize = cast<kernel::NormalizeChannelsOp>(op);
  NormalizeChannelsEmitter emitter(normalize, kernel);
  if (auto shared = Sizes(normalize).share(kernel.target)) {
    emitter.emitShared(RowLoops(kernel, *shared));
    return success();
  }
  Sizes(normalize)
      .divide(kernel.target)
      .forEachRange(kernel,
                    [&](ArrayRef<Index> outer, Index lower, Index upper) {
                      emitter.emit(outer[0], lower, upper);
                    });
  return success();
}

} // namespace

KernelLowering toeplitz::getNormalizeChannelsLowering() {
  return {kernel::NormalizeChannelsOp::getOperationName(), countTasks, emit};
}
