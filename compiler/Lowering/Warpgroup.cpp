#include "compiler/Lowering/Warpgroup.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace toeplitz;
using kernel::Precision;
using Index = KernelBuilder::Index;

Index WarpgroupProduct::getPlace(KernelBuilder &kernel, Index row,
                                 Index piece) {
  return Value(arith::XOrIOp::create(
      kernel.builder, kernel.location,
      kernel.value(kernel.rem(row, kernel.constant(pieces))),
      kernel.value(piece)));
}

/// In units of 16 bytes, of which a descriptor has 14 bits.
static constexpr int64_t unit = 16, addressMask = (1 << 14) - 1;

/// The part of a descriptor that is the same for all factors. From eight rows
/// to the next eight there are 1024 bytes (the "stride"); the "leading"
/// distance means nothing where rows are as long as the swizzling, and is 1 by
/// convention. Swizzling 1 is that of 128 bytes; its pattern begins where the
/// address is a multiple of 1024, so that the base offset is 0.
static constexpr int64_t getDescriptorBits() {
  constexpr int64_t leading = 1, swizzling = 1;
  constexpr int64_t stride =
      WarpgroupProduct::pieces * WarpgroupProduct::rowBytes / unit;
  return leading << 16 | stride << 32 | swizzling << 62;
}

static Value getWide(KernelBuilder &kernel, int64_t number) {
  return arith::ConstantIntOp::create(kernel.builder, kernel.location, number,
                                      /*width=*/64);
}

Value toeplitz::describeFactor(KernelBuilder &kernel, Value memory, Index row) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  Value base =
      memref::ExtractAlignedPointerAsIndexOp::create(builder, location, memory);
  Index address = kernel.add(
      base, kernel.mul(row, kernel.constant(WarpgroupProduct::rowBytes)));
  Value wide = arith::IndexCastUIOp::create(
      builder, location, builder.getI64Type(), kernel.value(address));
  Value units =
      arith::ShRUIOp::create(builder, location, wide, getWide(kernel, 4));
  static_assert(unit == 1 << 4);
  Value masked = arith::AndIOp::create(builder, location, units,
                                       getWide(kernel, addressMask));
  return arith::OrIOp::create(builder, location, masked,
                              getWide(kernel, getDescriptorBits()));
}

void toeplitz::publishFactors(KernelBuilder &kernel) {
  // Tensor cores read the memory by another way than the threads write it.
  NVVM::FenceProxyOp::create(
      kernel.builder, kernel.location,
      NVVM::ProxyKindAttr::get(kernel.builder.getContext(),
                               NVVM::ProxyKind::async_shared),
      NVVM::SharedSpaceAttr::get(kernel.builder.getContext(),
                                 NVVM::SharedSpace::shared_cta));
}

static NVVM::WGMMATypes getFactorType(Precision precision) {
  switch (precision) {
  case Precision::TF32:
    return NVVM::WGMMATypes::tf32;
  case Precision::BF16:
    return NVVM::WGMMATypes::bf16;
  case Precision::F16:
    return NVVM::WGMMATypes::f16;
  case Precision::F32:
    break;
  }
  llvm_unreachable("tensor cores multiply no f32");
}

SmallVector<Value> toeplitz::beginProducts(KernelBuilder &kernel,
                                           Precision precision, int64_t columns,
                                           Value left, Value right,
                                           ValueRange sums) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  MLIRContext *context = builder.getContext();
  assert(static_cast<int64_t>(sums.size()) ==
         WarpgroupProduct::countSums(columns));
  auto structure = LLVM::LLVMStructType::getLiteral(
      context, SmallVector<Type>(sums.size(), builder.getF32Type()));
  Value all = LLVM::PoisonOp::create(builder, location, structure);
  for (auto [place, sum] : llvm::enumerate(sums))
    all = LLVM::InsertValueOp::create(builder, location, all, sum,
                                      static_cast<int64_t>(place));
  constexpr int64_t bytes =
      WarpgroupProduct::rowBytes / WarpgroupProduct::products;
  int64_t depth = bytes / 4 * countFactors(precision);
  auto shape = NVVM::MMAShapeAttr::get(context, WarpgroupProduct::rows,
                                       static_cast<int>(columns),
                                       static_cast<int>(depth));
  auto type = NVVM::WGMMATypesAttr::get(context, getFactorType(precision));
  auto one = NVVM::WGMMAScaleInAttr::get(context, NVVM::WGMMAScaleIn::one);
  // Registers that the threads wrote before become those of the products.
  NVVM::WgmmaFenceAlignedOp::create(builder, location);
  for (int64_t product = 0; product < WarpgroupProduct::products; ++product) {
    auto at = [&](Value descriptor) -> Value {
      return arith::AddIOp::create(builder, location, descriptor,
                                   getWide(kernel, product * bytes / unit));
    };
    all = NVVM::WgmmaMmaAsyncOp::create(
        builder, location, structure, all, at(left), at(right), shape, type,
        type, NVVM::WGMMATypesAttr::get(context, NVVM::WGMMATypes::f32),
        NVVM::WGMMAScaleOutAttr::get(context, NVVM::WGMMAScaleOut::one), one,
        one, NVVM::MMALayoutAttr::get(context, NVVM::MMALayout::row),
        NVVM::MMALayoutAttr::get(context, NVVM::MMALayout::col),
        /*satfinite=*/NVVM::MMAIntOverflowAttr());
  }
  NVVM::WgmmaGroupSyncAlignedOp::create(builder, location);
  SmallVector<Value> added;
  for (int64_t place = 0; place < static_cast<int64_t>(sums.size()); ++place)
    added.push_back(
        LLVM::ExtractValueOp::create(builder, location, all, place));
  return added;
}

void toeplitz::waitForProducts(KernelBuilder &kernel, int64_t pending) {
  NVVM::WgmmaWaitGroupSyncOp::create(kernel.builder, kernel.location,
                                     static_cast<uint64_t>(pending));
}
