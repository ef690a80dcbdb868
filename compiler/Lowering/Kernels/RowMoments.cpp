#include "compiler/Lowering/Kernels/RowMoments.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace toeplitz {

using Index = KernelBuilder::Index;

RowMoments::RowMoments(KernelBuilder &kernel, RowLoops &loops, int64_t length,
                       int64_t lanes, float epsilon, Load load)
    : kernel(kernel) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  auto add = [&](Value a, Value b) -> Value {
    return arith::AddFOp::create(builder, location, a, b);
  };
  auto divide = [&](Value a, Value b) -> Value {
    return arith::DivFOp::create(builder, location, a, b);
  };
  auto sum = [&](Load element) {
    return loops.reduce(
        lanes, {doubleConstant(kernel, 0),
                [&](Value accumulator, Index i, int64_t lanes) {
                  return add(accumulator, toDouble(kernel, element(i, lanes)));
                },
                add});
  };
  Value count = doubleConstant(kernel, static_cast<double>(length));
  Value mean = divide(sum(load), count);
  meanHigh = toSingle(kernel, mean);
  meanLow = toSingle(kernel, arith::SubFOp::create(builder, location, mean,
                                                   toDouble(kernel, meanHigh)));
  Value squares = sum([&](Index i, int64_t lanes) -> Value {
    Value difference = center(load(i, lanes), lanes);
    return arith::MulFOp::create(builder, location, difference, difference);
  });
  Value shifted = add(divide(squares, count), doubleConstant(kernel, epsilon));
  Value deviation = math::SqrtOp::create(builder, location, shifted);
  inverse = toSingle(kernel, divide(doubleConstant(kernel, 1), deviation));
}

Value RowMoments::center(Value x, int64_t lanes) const {
  auto subtract = [&](Value a, Value b) -> Value {
    return arith::SubFOp::create(kernel.builder, kernel.location, a,
                                 inLanes(kernel, b, lanes));
  };
  return subtract(subtract(x, meanHigh), meanLow);
}

} // namespace toeplitz
