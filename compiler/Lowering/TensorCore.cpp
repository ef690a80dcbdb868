#include "compiler/Lowering/TensorCore.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace toeplitz;
using kernel::Precision;

static NVVM::MMATypes getFactorType(Precision precision) {
  switch (precision) {
  case Precision::TF32:
    return NVVM::MMATypes::tf32;
  case Precision::BF16:
    return NVVM::MMATypes::bf16;
  case Precision::F16:
    return NVVM::MMATypes::f16;
  case Precision::F32:
    break;
  }
  llvm_unreachable("tensor cores multiply no f32");
}

/// Two numbers in 16 bits each, the first one in the lower half.
static Value roundPair(KernelBuilder &kernel, Precision precision, Value low,
                       Value high) {
  Value pair = vector::FromElementsOp::create(
      kernel.builder, kernel.location, kernel.vectorType(2), {low, high});
  Type rounded = precision == Precision::BF16
                     ? Type(kernel.builder.getBF16Type())
                     : Type(kernel.builder.getF16Type());
  return kernel.round(pair, rounded);
}

Value toeplitz::packFactors(KernelBuilder &kernel, Precision precision,
                            ArrayRef<Value> numbers) {
  assert(static_cast<int64_t>(numbers.size()) == countFactors(precision));
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  Type word = builder.getI32Type();
  if (precision == Precision::TF32)
    return NVVM::ConvertFloatToTF32Op::create(
        builder, location, word, numbers[0], NVVM::FPRoundingMode::RNA);
  return LLVM::BitcastOp::create(
      builder, location, word,
      roundPair(kernel, precision, numbers[0], numbers[1]));
}

SmallVector<Value> toeplitz::multiplyFragments(KernelBuilder &kernel,
                                               Precision precision,
                                               ArrayRef<Value> left,
                                               ArrayRef<Value> right,
                                               ArrayRef<Value> sums) {
  assert(left.size() == WarpProduct::leftWords &&
         right.size() == WarpProduct::rightWords &&
         sums.size() == WarpProduct::sums);
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  // (Of these types the operation takes words; of f16 pairs.)
  auto asOperands = [&](ArrayRef<Value> words) {
    SmallVector<Value> operands(words);
    if (precision == Precision::F16)
      for (Value &operand : operands)
        operand = LLVM::BitcastOp::create(
            builder, location, VectorType::get({2}, builder.getF16Type()),
            operand);
    return operands;
  };
  Type number = builder.getF32Type();
  auto result = LLVM::LLVMStructType::getLiteral(
      builder.getContext(), SmallVector<Type>(WarpProduct::sums, number));
  NVVM::MMATypes type = getFactorType(precision);
  Value product = NVVM::MmaOp::create(
      builder, location, result, asOperands(left), asOperands(right), sums,
      ArrayRef<int64_t>{WarpProduct::rows, WarpProduct::columns,
                        WarpProduct::depth * countFactors(precision)},
      /*b1Op=*/std::nullopt, /*intOverflow=*/std::nullopt,
      std::array<NVVM::MMATypes, 2>{type, type},
      std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                     NVVM::MMALayout::col});
  SmallVector<Value> added;
  for (int64_t i = 0; i < WarpProduct::sums; ++i)
    added.push_back(
        LLVM::ExtractValueOp::create(builder, location, product, i));
  return added;
}
