#include "compiler/Lowering/EmulateProducts.h"

#include "runtime/emulated_mma.h"
#include "runtime/emulated_wgmma.h"
#include "runtime/gpu.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace toeplitz;

std::optional<LogicalResult> ProductEmulation::convert(Operation *op) {
  auto replaceByCall = [&](StringRef callee, ValueRange operands = {}) {
    emulator.replaceByCall(op, callee, operands);
    return success();
  };
  if (auto product = dyn_cast<NVVM::MmaOp>(op))
    return convertProduct(product);
  if (auto product = dyn_cast<NVVM::WgmmaMmaAsyncOp>(op))
    return convertProduct(product);
  if (auto rounding = dyn_cast<NVVM::ConvertFloatToTF32Op>(op))
    return convertRounding(rounding);
  if (auto rounding = dyn_cast<NVVM::ConvertF32x2ToBF16x2Op>(op))
    return convertRounding(rounding);
  if (auto load = dyn_cast<NVVM::LdMatrixOp>(op))
    return convertLoad(load);
  // (Results of emulated products are there at once.)
  if (isa<NVVM::WgmmaFenceAlignedOp>(op)) {
    op->erase();
    return success();
  }
  if (isa<NVVM::WgmmaGroupSyncAlignedOp>(op))
    return replaceByCall("toeplitz_emulated_commit_products");
  if (auto wait = dyn_cast<NVVM::WgmmaWaitGroupSyncOp>(op)) {
    OpBuilder builder(op);
    return replaceByCall(
        "toeplitz_emulated_wait_products",
        emulator.toInt32(builder, op->getLoc(),
                         static_cast<int64_t>(wait.getGroup())));
  }
  if (auto fence = dyn_cast<NVVM::FenceProxyOp>(op))
    if (fence.getKind() == NVVM::ProxyKind::async_shared &&
        fence.getSpace() == NVVM::SharedSpace::shared_cta)
      return replaceByCall("toeplitz_emulated_publish");
  return std::nullopt;
}

// --- a thread's words -------------------------------------------------------

static Value getWord(OpBuilder &builder, Location location, Value words,
                     size_t place) {
  return LLVM::GEPOp::create(
      builder, location, LLVM::LLVMPointerType::get(builder.getContext()),
      builder.getI32Type(), words,
      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(place)});
}

/// Words of a thread's memory as a structure of them.
static Value loadWords(OpBuilder &builder, Location location, Value words,
                       LLVM::LLVMStructType type) {
  Value result = LLVM::PoisonOp::create(builder, location, type);
  for (auto [place, element] : llvm::enumerate(type.getBody()))
    result = LLVM::InsertValueOp::create(
        builder, location, result,
        LLVM::LoadOp::create(builder, location, element,
                             getWord(builder, location, words, place)),
        static_cast<int64_t>(place));
  return result;
}

/// The memory in which the thread that comes to an operation hands over its
/// fragments.
Value ProductEmulation::getFragments(Operation *op) {
  auto function = op->getParentOfType<LLVM::LLVMFuncOp>();
  Value &memory = fragments[function];
  if (memory)
    return memory;
  int32_t most = TOEPLITZ_MMA_WORDS;
  function.walk([&](NVVM::WgmmaMmaAsyncOp op) {
    most = std::max<int32_t>(
        most, cast<LLVM::LLVMStructType>(op.getType()).getBody().size());
  });
  OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
  Value count = emulator.toInt32(builder, function.getLoc(), most);
  memory =
      LLVM::AllocaOp::create(builder, function.getLoc(),
                             LLVM::LLVMPointerType::get(builder.getContext()),
                             builder.getI32Type(), count);
  return memory;
}

// --- factors ----------------------------------------------------------------

/// ldmatrix, whose words come by way of the thread's memory.
LogicalResult ProductEmulation::convertLoad(NVVM::LdMatrixOp op) {
  NVVM::LdStMatrixShapeAttr shape = op.getShape();
  if (op.getNum() != 4 || op.getLayout() != NVVM::MMALayout::row ||
      shape.getM() != 8 || shape.getN() != 8 ||
      op.getEltType() != NVVM::LdStMatrixEltType::B16)
    return op.emitOpError("isn't emulated: expected four matrices of 8 x 8 "
                          "numbers of 16 bits, row by row");
  OpBuilder builder(op);
  Location location = op.getLoc();
  if (check)
    emulator.reportAccess(op, op.getPtr(), /*bytes=*/16, /*writes=*/false);
  Value words = getFragments(op);
  emulator.call(builder, location, "toeplitz_emulated_load_matrices", Type(),
                {emulator.toPointer(builder, location, op.getPtr()), words});
  op.replaceAllUsesWith(loadWords(builder, location, words,
                                  cast<LLVM::LLVMStructType>(op.getType())));
  op.erase();
  return success();
}

/// cvt.rna.tf32.f32.
LogicalResult ProductEmulation::convertRounding(NVVM::ConvertFloatToTF32Op op) {
  if (op.getRnd() != NVVM::FPRoundingMode::RNA ||
      op.getSat() != NVVM::SaturationMode::NONE || op.getRelu())
    return op.emitOpError("isn't emulated: expected rounding to the nearest, "
                          "ties away from zero, and nothing else");
  emulator.replaceByCall(op, "toeplitz_emulated_tf32", op.getSrc());
  return success();
}

/// cvt.rn.bf16x2.f32.
LogicalResult
ProductEmulation::convertRounding(NVVM::ConvertF32x2ToBF16x2Op op) {
  if (op.getRnd() != NVVM::FPRoundingMode::RN ||
      op.getSat() != NVVM::SaturationMode::NONE || op.getRelu())
    return op.emitOpError("isn't emulated: expected rounding to the nearest, "
                          "ties to even, and nothing else");
  // (As LLVM's conversion it would call the compiler's library on processors
  // without AVX-512's BF16, and not every library has that function.)
  OpBuilder builder(op);
  Location location = op.getLoc();
  Value bits =
      emulator.call(builder, location, "toeplitz_emulated_bf16x2",
                    builder.getI32Type(), {op.getSrcHi(), op.getSrcLo()});
  op.replaceAllUsesWith(
      LLVM::BitcastOp::create(builder, location, op.getType(), bits)
          .getResult());
  op.erase();
  return success();
}

// --- products ---------------------------------------------------------------

/// What the emulator calls factors of this type, `depth` of which are
/// multiplied at a time.
template <typename Types>
static std::optional<int32_t> getFactorType(Types type, int64_t depth) {
  if (type == Types::tf32 && depth == 8)
    return TOEPLITZ_MMA_TF32;
  if (type == Types::bf16 && depth == 16)
    return TOEPLITZ_MMA_BF16;
  if (type == Types::f16 && depth == 16)
    return TOEPLITZ_MMA_F16;
  return std::nullopt;
}

/// What the emulator calls the factors of a product that it computes.
static std::optional<int32_t> getProductType(NVVM::MmaOp op) {
  NVVM::MMAShapeAttr shape = op.getShape();
  if (shape.getM() != 16 || shape.getN() != 8 ||
      op.getLayoutA() != NVVM::MMALayout::row ||
      op.getLayoutB() != NVVM::MMALayout::col ||
      op.getMultiplicandAPtxType() != op.getMultiplicandBPtxType() ||
      op.accumPtxType() != NVVM::MMATypes::f32 ||
      op.resultPtxType() != NVVM::MMATypes::f32)
    return std::nullopt;
  return getFactorType(*op.getMultiplicandAPtxType(), shape.getK());
}

/// mma.sync, whose fragments go by way of the thread's memory.
LogicalResult ProductEmulation::convertProduct(NVVM::MmaOp op) {
  std::optional<int32_t> type = getProductType(op);
  if (!type)
    return op.emitOpError("isn't emulated: expected m16n8k8 of tf32 or "
                          "m16n8k16 of bf16 or f16, with sums of f32");
  OpBuilder builder(op);
  Location location = op.getLoc();
  Value words = getFragments(op);
  for (auto [place, operand] : llvm::enumerate(op->getOperands()))
    LLVM::StoreOp::create(builder, location, operand,
                          getWord(builder, location, words, place));
  emulator.call(builder, location, "toeplitz_emulated_mma", Type(),
                {emulator.toInt32(builder, location, *type), words});
  op.replaceAllUsesWith(loadWords(
      builder, location,
      getWord(builder, location, words, TOEPLITZ_MMA_LEFT + TOEPLITZ_MMA_RIGHT),
      cast<LLVM::LLVMStructType>(op.getType())));
  op.erase();
  return success();
}

/// What the emulator calls the factors of a warpgroup's product that it
/// computes.
static std::optional<int32_t> getProductType(NVVM::WgmmaMmaAsyncOp op) {
  NVVM::MMAShapeAttr shape = op.getShape();
  if (shape.getM() != TOEPLITZ_WGMMA_ROWS ||
      shape.getN() > TOEPLITZ_WGMMA_MOST_COLUMNS ||
      op.getLayoutA() != NVVM::MMALayout::row ||
      op.getLayoutB() != NVVM::MMALayout::col ||
      op.getScaleA() != NVVM::WGMMAScaleIn::one ||
      op.getScaleB() != NVVM::WGMMAScaleIn::one ||
      op.getScaleD() != NVVM::WGMMAScaleOut::one ||
      op.getTypeA() != op.getTypeB() || op.getTypeD() != NVVM::WGMMATypes::f32)
    return std::nullopt;
  return getFactorType(op.getTypeA(), shape.getK());
}

/// wgmma.mma_async, whose sums go by way of the thread's memory.
LogicalResult ProductEmulation::convertProduct(NVVM::WgmmaMmaAsyncOp op) {
  std::optional<int32_t> type = getProductType(op);
  if (!type)
    return op.emitOpError("isn't emulated: expected m64nNk8 of tf32 or "
                          "m64nNk16 of bf16 or f16, row by row and column by "
                          "column, added to sums of f32");
  OpBuilder builder(op);
  Location location = op.getLoc();
  Value words = getFragments(op);
  auto sums = cast<LLVM::LLVMStructType>(op.getType());
  for (int32_t place = 0, count = sums.getBody().size(); place < count; ++place)
    LLVM::StoreOp::create(
        builder, location,
        LLVM::ExtractValueOp::create(builder, location, op.getInouts(), place),
        getWord(builder, location, words, place));
  emulator.call(builder, location, "toeplitz_emulated_wgmma", Type(),
                {emulator.toInt32(builder, location, *type),
                 emulator.toInt32(builder, location, op.getShape().getN()),
                 op.getDescriptorA(), op.getDescriptorB(), words});
  op.replaceAllUsesWith(loadWords(builder, location, words, sums));
  op.erase();
  return success();
}
