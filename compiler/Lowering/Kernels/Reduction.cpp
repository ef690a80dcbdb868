#include "compiler/Lowering/Kernels/Reduction.h"
#include "compiler/Lowering/FloatCode.h"

#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace toeplitz {

using Index = KernelBuilder::Index;

/// Independent accumulators, to hide the latency of an addition.
static constexpr int64_t accumulatorCount = 4;

/// Reduces the lanes of a vector by halving it.
static Value reduceLanes(KernelBuilder &kernel, Value vector,
                         const Reduction &reduction) {
  int64_t lanes = cast<VectorType>(vector.getType()).getDimSize(0);
  auto shuffle = [&](int64_t first, int64_t count) -> Value {
    SmallVector<int64_t> mask;
    for (int64_t i = 0; i < count; ++i)
      mask.push_back(first + i);
    return vector::ShuffleOp::create(kernel.builder, kernel.location, vector,
                                     vector, mask);
  };
  for (; lanes > 1; lanes /= 2) {
    Value low = shuffle(0, lanes / 2);
    Value high = shuffle(lanes / 2, lanes / 2);
    vector = reduction.merge(low, high);
  }
  return vector::ExtractOp::create(kernel.builder, kernel.location, vector,
                                   ArrayRef<int64_t>{0});
}

Value reduceRow(KernelBuilder &kernel, int64_t length, int64_t lanes,
                const Reduction &reduction) {
  Value result = reduction.identity;
  int64_t done = 0;
  if (lanes > 0 && length >= lanes) {
    auto type = VectorType::get({lanes}, result.getType());
    Value identity = vector::BroadcastOp::create(kernel.builder,
                                                 kernel.location, type, result);
    int64_t count = std::min(accumulatorCount, length / lanes);
    SmallVector<Value> accumulators(count, identity);
    int64_t step = count * lanes;
    int64_t whole = length / step * step;
    accumulators = kernel.forLoop(
        kernel.constant(0), kernel.constant(whole), step, accumulators,
        [&](Index i, ValueRange carried) {
          SmallVector<Value> next;
          for (auto [k, value] : llvm::enumerate(carried))
            next.push_back(reduction.step(
                value, kernel.add(i, kernel.constant(k * lanes)), lanes));
          return next;
        });
    for (done = whole; done + lanes <= length; done += lanes) {
      Value &accumulator = accumulators[(done - whole) / lanes];
      accumulator = reduction.step(accumulator, kernel.constant(done), lanes);
    }
    while (accumulators.size() > 1) {
      Value last = accumulators.pop_back_val();
      Value &partner = accumulators[accumulators.size() / 2];
      partner = reduction.merge(partner, last);
    }
    result = reduceLanes(kernel, accumulators[0], reduction);
  }
  // The rest in shorter vectors.
  for (int64_t width = lanes / 2; width > 1; width /= 2) {
    if (length - done < width)
      continue;
    auto type = VectorType::get({width}, result.getType());
    Value identity = vector::BroadcastOp::create(
        kernel.builder, kernel.location, type, reduction.identity);
    Value part = reduction.step(identity, kernel.constant(done), width);
    result = reduction.merge(result, reduceLanes(kernel, part, reduction));
    done += width;
  }
  return kernel.forLoop(kernel.constant(done), kernel.constant(length), 1,
                        result,
                        [&](Index i, ValueRange carried) -> SmallVector<Value> {
                          return {reduction.step(carried[0], i, 0)};
                        })[0];
}

Value largerOf(KernelBuilder &kernel, Value a, Value b) {
  Value larger = arith::CmpFOp::create(kernel.builder, kernel.location,
                                       arith::CmpFPredicate::OGT, a, b);
  return arith::SelectOp::create(kernel.builder, kernel.location, larger, a, b);
}

Value toDouble(KernelBuilder &kernel, Value value) {
  return arith::ExtFOp::create(
      kernel.builder, kernel.location,
      withElements(value.getType(), kernel.builder.getF64Type()), value);
}

Value toSingle(KernelBuilder &kernel, Value value) {
  return arith::TruncFOp::create(
      kernel.builder, kernel.location,
      withElements(value.getType(), kernel.builder.getF32Type()), value);
}

Value doubleConstant(KernelBuilder &kernel, double number) {
  return arith::ConstantOp::create(kernel.builder, kernel.location,
                                   kernel.builder.getF64FloatAttr(number));
}

Value inLanes(KernelBuilder &kernel, Value value, int64_t lanes) {
  if (lanes == 0 || isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(kernel.builder, kernel.location,
                                     VectorType::get({lanes}, value.getType()),
                                     value);
}

} // namespace toeplitz
