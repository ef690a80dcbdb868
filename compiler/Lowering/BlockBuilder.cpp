#include "compiler/Lowering/BlockBuilder.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace toeplitz {

BlockBuilder::BlockBuilder(KernelBuilder &kernel, int64_t threads)
    : kernel(kernel) {
  kernel.blockThreads = threads;
  threadNumber = Value(gpu::ThreadIdOp::create(kernel.builder, kernel.location,
                                               gpu::Dimension::x));
}

Value BlockBuilder::createShared(ArrayRef<int64_t> sizes, Type element,
                                 int64_t alignment) {
  auto space = gpu::AddressSpaceAttr::get(kernel.builder.getContext(),
                                          gpu::AddressSpace::Workgroup);
  auto type =
      MemRefType::get(sizes, element ? element : kernel.builder.getF32Type(),
                      MemRefLayoutAttrInterface(), space);
  // launch-on-gpu makes it a part of the kernel's declaration.
  return memref::AllocOp::create(
      kernel.builder, kernel.location, type,
      alignment > 0 ? kernel.builder.getI64IntegerAttr(alignment)
                    : IntegerAttr());
}

void BlockBuilder::barrier() {
  gpu::BarrierOp::create(kernel.builder, kernel.location);
}

void BlockBuilder::startCopy(Value source, KernelBuilder::Index from,
                             Value destination, KernelBuilder::Index to,
                             Value condition) {
  OpBuilder &builder = kernel.builder;
  int64_t elements =
      128 / cast<MemRefType>(source.getType()).getElementTypeBitWidth();
  Value given;
  if (condition)
    given = arith::SelectOp::create(builder, kernel.location, condition,
                                    kernel.value(kernel.constant(elements)),
                                    kernel.value(kernel.constant(0)));
  // What a block reads once only displaces others in the first-level cache.
  copies.push_back(nvgpu::DeviceAsyncCopyOp::create(
      builder, kernel.location,
      nvgpu::DeviceAsyncTokenType::get(builder.getContext()), destination,
      kernel.value(to), source, kernel.value(from),
      builder.getIndexAttr(elements), given,
      /*bypassL1=*/builder.getUnitAttr()));
}

void BlockBuilder::waitForCopies() {
  OpBuilder &builder = kernel.builder;
  auto group = nvgpu::DeviceAsyncCreateGroupOp::create(
      builder, kernel.location,
      nvgpu::DeviceAsyncTokenType::get(builder.getContext()), copies);
  copies.clear();
  nvgpu::DeviceAsyncWaitOp::create(builder, kernel.location, group,
                                   /*numGroups=*/nullptr);
}

void BlockBuilder::groupCopies() {
  NVVM::CpAsyncCommitGroupOp::create(kernel.builder, kernel.location);
  copies.clear();
}

void BlockBuilder::waitForGroups(int64_t pending) {
  NVVM::CpAsyncWaitGroupOp::create(kernel.builder, kernel.location,
                                   static_cast<uint32_t>(pending));
}

SmallVector<Value> BlockBuilder::loadMatrices(Value memory,
                                              KernelBuilder::Index place) {
  OpBuilder &builder = kernel.builder;
  constexpr int64_t matrices = 4;
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  auto type = VectorType::get(
      {matrices, 32 / static_cast<int64_t>(element.getIntOrFloatBitWidth())},
      element);
  Value loaded = nvgpu::LdMatrixOp::create(
      builder, kernel.location, type, memory, kernel.value(place),
      /*transpose=*/false, /*numTiles=*/static_cast<uint32_t>(matrices));
  SmallVector<Value> words;
  for (int64_t matrix = 0; matrix < matrices; ++matrix)
    words.push_back(vector::ExtractOp::create(
        builder, kernel.location,
        vector::BitCastOp::create(builder, kernel.location,
                                  VectorType::get({1}, builder.getI32Type()),
                                  vector::ExtractOp::create(builder,
                                                            kernel.location,
                                                            loaded, matrix)),
        ArrayRef<int64_t>{0}));
  return words;
}

/// A number as words of 32 bits, the lowest first.
static SmallVector<Value> toWords(OpBuilder &builder, Location location,
                                  Value value) {
  Type word = builder.getI32Type(), twoWords = builder.getI64Type();
  if (value.getType().isIndex())
    value = arith::IndexCastOp::create(builder, location, twoWords, value);
  unsigned bits = value.getType().getIntOrFloatBitWidth();
  if (!value.getType().isInteger())
    value = arith::BitcastOp::create(builder, location,
                                     builder.getIntegerType(bits), value);
  if (bits < 32)
    return {arith::ExtUIOp::create(builder, location, word, value)};
  if (bits == 32)
    return {value};
  assert(bits == 64 && "numbers of one or two words, or parts of one");
  Value half = arith::ConstantOp::create(builder, location,
                                         builder.getI64IntegerAttr(32));
  Value high = arith::ShRUIOp::create(builder, location, value, half);
  return {arith::TruncIOp::create(builder, location, word, value),
          arith::TruncIOp::create(builder, location, word, high)};
}

/// The number of this type that consists of these words.
static Value fromWords(OpBuilder &builder, Location location,
                       ArrayRef<Value> words, Type type) {
  unsigned bits = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  Type integer = builder.getIntegerType(bits);
  Value value = words[0];
  if (bits < 32)
    value = arith::TruncIOp::create(builder, location, integer, value);
  if (bits == 64) {
    auto widen = [&](Value word) -> Value {
      return arith::ExtUIOp::create(builder, location, integer, word);
    };
    Value half = arith::ConstantOp::create(builder, location,
                                           builder.getI64IntegerAttr(32));
    value = arith::OrIOp::create(
        builder, location, widen(words[0]),
        arith::ShLIOp::create(builder, location, widen(words[1]), half));
  }
  if (type.isIndex())
    return arith::IndexCastOp::create(builder, location, type, value);
  if (type.isInteger())
    return value;
  return arith::BitcastOp::create(builder, location, type, value);
}

Value BlockBuilder::exchange(Value value, int64_t distance) {
  OpBuilder &builder = kernel.builder;
  SmallVector<Value> words = toWords(builder, kernel.location, value);
  for (Value &word : words)
    word = gpu::ShuffleOp::create(
               builder, kernel.location, word, static_cast<int32_t>(distance),
               static_cast<int32_t>(warp), gpu::ShuffleMode::XOR)
               .getShuffleResult();
  return fromWords(builder, kernel.location, words, value.getType());
}

} // namespace toeplitz
