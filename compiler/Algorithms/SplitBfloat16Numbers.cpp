#include "compiler/Algorithms/SplitBfloat16Numbers.h"

#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

using namespace mlir;
using namespace toeplitz;

SmallVector<Value> toeplitz::splitIntoBfloat16(KernelBuilder &kernel,
                                               Value numbers, int64_t parts) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  int64_t lanes = cast<VectorType>(numbers.getType()).getNumElements();
  auto partType = VectorType::get({lanes}, builder.getBF16Type());
  auto bits = [&](unsigned width) {
    return VectorType::get({lanes}, builder.getIntegerType(width));
  };
  auto round = [&](Value numbers) -> Value {
    return x86vector::CvtPackedF32ToBF16Op::create(builder, location, partType,
                                                   numbers);
  };
  // As f32: the same bits, and 16 zeros behind.
  auto widen = [&](Value part) -> Value {
    Value wide = arith::ExtUIOp::create(
        builder, location, bits(32),
        arith::BitcastOp::create(builder, location, bits(16), part));
    Value shift = arith::ConstantOp::create(
        builder, location,
        DenseElementsAttr::get(bits(32), builder.getI32IntegerAttr(16)));
    return arith::BitcastOp::create(
        builder, location, numbers.getType(),
        arith::ShLIOp::create(builder, location, wide, shift));
  };
  SmallVector<Value> all = {round(numbers)};
  Value rest = numbers;
  for (int64_t part = 1; part < parts; ++part) {
    rest = arith::SubFOp::create(builder, location, rest, widen(all.back()));
    all.push_back(round(rest));
  }
  return all;
}

Value toeplitz::keepFirst(KernelBuilder &kernel, Value numbers, int64_t count) {
  int64_t lanes = cast<VectorType>(numbers.getType()).getNumElements();
  if (count == lanes)
    return numbers;
  SmallVector<bool> exists(lanes, false);
  std::fill_n(exists.begin(), count, true);
  auto type = VectorType::get({lanes}, kernel.builder.getI1Type());
  Value mask = arith::ConstantOp::create(kernel.builder, kernel.location,
                                         DenseElementsAttr::get(type, exists));
  return arith::SelectOp::create(kernel.builder, kernel.location, mask, numbers,
                                 kernel.splat(0.0f, lanes));
}
