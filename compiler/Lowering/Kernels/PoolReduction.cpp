#include "compiler/Lowering/Kernels/PoolReduction.h"
#include "compiler/Lowering/Kernels/Reduction.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <limits>

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;
using cnn::PoolKind;

Value PoolReduction::getIdentity(Type like) {
  return kernel.floatConstant(pool.getKind() == PoolKind::Max
                                  ? -std::numeric_limits<float>::infinity()
                                  : 0.0f,
                              like);
}

Value PoolReduction::combine(Value accumulator, Value x) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  if (pool.getKind() == PoolKind::Max)
    return merge(accumulator, x);
  if (pool.getKind() == PoolKind::Average)
    return merge(accumulator, x);
  // |x|^p by squaring.
  int64_t p = pool.getP();
  if (p == 2)
    return kernel.multiplyAdd(x, x, accumulator);
  Value power;
  Value square = p % 2 == 0 ? x : math::AbsFOp::create(builder, location, x);
  for (; p > 0; p /= 2) {
    if (p % 2 == 1)
      power = power ? arith::MulFOp::create(builder, location, power, square)
                    : square;
    if (p > 1)
      square = arith::MulFOp::create(builder, location, square, square);
  }
  return merge(accumulator, power);
}

Value PoolReduction::merge(Value a, Value b) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  if (pool.getKind() != PoolKind::Max)
    return arith::AddFOp::create(builder, location, a, b);
  // A NaN stays one, and whether 0 or -0 wins is no matter. One instruction of
  // NEON and of a GPU; x86 has one for the larger number, with a mask for the
  // NaN, where arith.maximumf takes an instruction more.
  if (kernel.target.isGpu() || kernel.target.getByElement())
    return arith::MaximumFOp::create(builder, location, a, b,
                                     arith::FastMathFlags::nsz);
  Value larger = largerOf(kernel, a, b);
  Value isNumber =
      arith::CmpFOp::create(builder, location, arith::CmpFPredicate::ORD, a, a);
  return arith::SelectOp::create(builder, location, isNumber, larger, a);
}

Value PoolReduction::finish(Value accumulator, Index divisor) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  if (pool.getKind() == PoolKind::Max)
    return accumulator;
  if (pool.getKind() == PoolKind::Average) {
    if (std::optional<int64_t> count = getConstantIntValue(divisor))
      return arith::MulFOp::create(
          builder, location, accumulator,
          kernel.floatConstant(1.0f / static_cast<float>(*count),
                               accumulator.getType()));
    auto type = dyn_cast<VectorType>(accumulator.getType());
    Value integer = arith::IndexCastOp::create(
        builder, location, builder.getI64Type(), kernel.value(divisor));
    Value number = arith::SIToFPOp::create(builder, location,
                                           builder.getF32Type(), integer);
    return arith::DivFOp::create(
        builder, location, accumulator,
        inLanes(kernel, number, type ? type.getNumElements() : 0));
  }
  int64_t p = pool.getP();
  if (p == 1)
    return accumulator;
  if (p == 2 || p == 4) {
    Value root = math::SqrtOp::create(builder, location, accumulator);
    return p == 2 ? root : Value(math::SqrtOp::create(builder, location, root));
  }
  // A sum of 0 has the logarithm -infinity, and the root 0.
  Value logarithm = math::LogOp::create(builder, location, accumulator);
  Value scaled = arith::MulFOp::create(
      builder, location, logarithm,
      kernel.floatConstant(static_cast<float>(1.0 / static_cast<double>(p)),
                           accumulator.getType()));
  return math::ExpOp::create(builder, location, scaled);
}
