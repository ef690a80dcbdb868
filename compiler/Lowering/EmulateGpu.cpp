// Makes the kernels of a GPU functions of the CPU, with the runtime's emulator
// in the place of the hardware.

#include "compiler/Lowering/Passes.h"
#include "runtime/emulated_mma.h"
#include "runtime/emulated_wgmma.h"
#include "runtime/gpu.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/Support/MathExtras.h"

namespace toeplitz {
#define GEN_PASS_DEF_EMULATEGPU
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

/// Where NVVM keeps a block's memory.
constexpr unsigned sharedSpace = 3;
/// What begins at a multiple of this in a block's memory.
constexpr int64_t sharedAlignment = 128;

struct EmulateGpu : toeplitz::impl::EmulateGpuBase<EmulateGpu> {
  using EmulateGpuBase::EmulateGpuBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto kernels =
        dyn_cast_or_null<gpu::GPUModuleOp>(module.lookupSymbol("kernels"));
    if (!kernels) {
      module.emitError("expected a module @kernels, those of the GPU");
      return signalPassFailure();
    }
    if (failed(layOutSharedMemory(kernels)))
      return signalPassFailure();
    for (auto function :
         llvm::make_early_inc_range(kernels.getOps<LLVM::LLVMFuncOp>())) {
      if (function.isExternal()) {
        function.emitOpError("has no code for the CPU");
        return signalPassFailure();
      }
      if (failed(convert(function)))
        return signalPassFailure();
    }
    kernels.erase();
  }

private:
  /// The place of each variable of a block's memory, behind those of its
  /// kernel that come before.
  LogicalResult layOutSharedMemory(gpu::GPUModuleOp kernels) {
    llvm::StringMap<LLVM::GlobalOp> globals;
    DataLayout layout(getOperation());
    for (auto global : kernels.getOps<LLVM::GlobalOp>())
      if (global.getAddrSpace() == sharedSpace)
        globals[global.getSymName()] = global;
    for (auto function : kernels.getOps<LLVM::LLVMFuncOp>()) {
      int64_t next = 0;
      bool hasDynamic = false;
      function.walk([&](LLVM::AddressOfOp op) {
        LLVM::GlobalOp global = globals.lookup(op.getGlobalName());
        if (!global)
          return;
        auto size = static_cast<int64_t>(layout.getTypeSize(global.getType()));
        // What launches ask for has no size, and may be that of several
        // kernels.
        hasDynamic |= size == 0;
        int64_t place = llvm::alignTo(next, global.getAlignment().value_or(1));
        if (sharedPlaces.insert({op.getGlobalName(), size == 0 ? 0 : place})
                .second)
          next = llvm::alignTo(place + size, sharedAlignment);
      });
      if (hasDynamic && next > 0)
        return function.emitOpError("isn't emulated: it declares a part of its "
                                    "block's memory, and launches ask for "
                                    "another one");
      sharedBytes[function.getSymName()] = next;
    }
    recordSharedBytes();
    return success();
  }

  /// Adds how much memory a block has to what is listed about each kernel,
  /// unless launches ask for it.
  void recordSharedBytes() {
    auto list = getOperation()->getAttrOfType<ArrayAttr>("toeplitz.kernels");
    if (!list)
      return;
    Builder builder(&getContext());
    SmallVector<Attribute> kernels;
    for (auto kernel : list.getAsRange<DictionaryAttr>()) {
      NamedAttrList fields(kernel);
      if (!fields.get("shared"))
        fields.set("shared", builder.getI64IntegerAttr(sharedBytes.lookup(
                                 kernel.getAs<StringAttr>("name").getValue())));
      kernels.push_back(fields.getDictionary(&getContext()));
    }
    getOperation()->setAttr("toeplitz.kernels", builder.getArrayAttr(kernels));
  }

  LogicalResult convert(LLVM::LLVMFuncOp function) {
    std::string name = function.getSymName().str();
    function->moveBefore(getOperation().getBody(),
                         getOperation().getBody()->end());
    function.setSymName(name + ".thread");
    // What is NVVM's says nothing here.
    for (NamedAttribute attribute :
         llvm::to_vector(function->getDiscardableAttrs()))
      function->removeDiscardableAttr(attribute.getName());
    SmallVector<Operation *> operations;
    function.walk([&](Operation *op) { operations.push_back(op); });
    for (Operation *op : operations)
      if (failed(convertOperation(op)))
        return failure();
    writeThread(function, name);
    return success();
  }

  LogicalResult convertOperation(Operation *op) {
    OpBuilder builder(op);
    Location location = op->getLoc();
    Type int32 = builder.getI32Type();
    auto replaceByCall = [&](StringRef callee, TypeRange results) {
      auto call = LLVM::CallOp::create(
          builder, location,
          declare(callee, results.empty() ? Type() : results[0], {}),
          ValueRange());
      op->replaceAllUsesWith(call->getResults());
      op->erase();
      return success();
    };
    if (isa<NVVM::ThreadIdXOp>(op))
      return replaceByCall("toeplitz_emulated_thread", int32);
    if (isa<NVVM::BlockIdXOp>(op))
      return replaceByCall("toeplitz_emulated_block", int32);
    if (isa<NVVM::BlockIdYOp>(op))
      return replaceByCall("toeplitz_emulated_sample", int32);
    if (isa<NVVM::Barrier0Op, NVVM::BarrierOp>(op))
      return replaceByCall("toeplitz_emulated_barrier", {});
    if (auto shuffle = dyn_cast<NVVM::ShflOp>(op))
      return convertShuffle(shuffle);
    if (auto address = dyn_cast<LLVM::AddressOfOp>(op))
      return convertAddress(address);
    if (auto product = dyn_cast<NVVM::MmaOp>(op))
      return convertProduct(product);
    if (auto rounding = dyn_cast<NVVM::ConvertFloatToTF32Op>(op))
      return convertRounding(rounding);
    if (auto rounding = dyn_cast<NVVM::ConvertF32x2ToBF16x2Op>(op))
      return convertRounding(rounding);
    if (auto copy = dyn_cast<NVVM::CpAsyncOp>(op))
      return convertCopy(copy);
    if (isa<NVVM::CpAsyncCommitGroupOp>(op))
      return replaceByCall("toeplitz_emulated_commit", {});
    if (auto wait = dyn_cast<NVVM::CpAsyncWaitGroupOp>(op))
      return convertWait(wait, "toeplitz_emulated_wait", wait.getN());
    if (auto load = dyn_cast<NVVM::LdMatrixOp>(op))
      return convertLoad(load);
    if (auto product = dyn_cast<NVVM::WgmmaMmaAsyncOp>(op))
      return convertProduct(product);
    // (Results of emulated products are there at once.)
    if (isa<NVVM::WgmmaFenceAlignedOp>(op)) {
      op->erase();
      return success();
    }
    if (isa<NVVM::WgmmaGroupSyncAlignedOp>(op))
      return replaceByCall("toeplitz_emulated_commit_products", {});
    if (auto wait = dyn_cast<NVVM::WgmmaWaitGroupSyncOp>(op))
      return convertWait(wait, "toeplitz_emulated_wait_products",
                         static_cast<int64_t>(wait.getGroup()));
    if (auto fence = dyn_cast<NVVM::FenceProxyOp>(op))
      if (fence.getKind() == NVVM::ProxyKind::async_shared &&
          fence.getSpace() == NVVM::SharedSpace::shared_cta)
        return replaceByCall("toeplitz_emulated_publish", {});
    if (isa<NVVM::NVVMDialect>(op->getDialect()))
      return op->emitOpError("isn't emulated");
    if (check)
      checkAccess(op);
    return success();
  }

  Value toInt32(OpBuilder &builder, Location location, int64_t number) {
    return LLVM::ConstantOp::create(
        builder, location, builder.getI32Type(),
        builder.getI32IntegerAttr(static_cast<int32_t>(number)));
  }

  /// The CPU has one address space.
  Value toPointer(OpBuilder &builder, Location location, Value address) {
    return LLVM::AddrSpaceCastOp::create(
        builder, location, LLVM::LLVMPointerType::get(&getContext()), address);
  }

  /// cp.async: what it copies arrives as late as possible, when the thread
  /// waits for it.
  LogicalResult convertCopy(NVVM::CpAsyncOp op) {
    OpBuilder builder(op);
    Location location = op.getLoc();
    if (check)
      reportAccess(op, op.getDst(), op.getSize(), /*writes=*/true);
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Type int32 = builder.getI32Type();
    Value given = op.getCpSize();
    LLVM::CallOp::create(
        builder, location,
        declare("toeplitz_emulated_copy", Type(),
                {pointer, pointer, int32, int32}),
        ValueRange{toPointer(builder, location, op.getDst()),
                   toPointer(builder, location, op.getSrc()),
                   toInt32(builder, location, op.getSize()),
                   given ? given : toInt32(builder, location, op.getSize())});
    op->erase();
    return success();
  }

  /// cp.async.wait_group and wgmma.wait_group.
  LogicalResult convertWait(Operation *op, StringRef callee, int64_t pending) {
    OpBuilder builder(op);
    LLVM::CallOp::create(builder, op->getLoc(),
                         declare(callee, Type(), {builder.getI32Type()}),
                         toInt32(builder, op->getLoc(), pending));
    op->erase();
    return success();
  }

  /// ldmatrix, whose words come by way of the thread's memory.
  LogicalResult convertLoad(NVVM::LdMatrixOp op) {
    NVVM::LdStMatrixShapeAttr shape = op.getShape();
    if (op.getNum() != 4 || op.getLayout() != NVVM::MMALayout::row ||
        shape.getM() != 8 || shape.getN() != 8 ||
        op.getEltType() != NVVM::LdStMatrixEltType::B16)
      return op.emitOpError("isn't emulated: expected four matrices of 8 x 8 "
                            "numbers of 16 bits, row by row");
    OpBuilder builder(op);
    Location location = op.getLoc();
    if (check)
      reportAccess(op, op.getPtr(), /*bytes=*/16, /*writes=*/false);
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Value words = getFragments(op->getParentOfType<LLVM::LLVMFuncOp>());
    LLVM::CallOp::create(
        builder, location,
        declare("toeplitz_emulated_load_matrices", Type(), {pointer, pointer}),
        ValueRange{toPointer(builder, location, op.getPtr()), words});
    op.replaceAllUsesWith(loadWords(builder, location, words,
                                    cast<LLVM::LLVMStructType>(op.getType())));
    op.erase();
    return success();
  }

  /// cvt.rna.tf32.f32.
  LogicalResult convertRounding(NVVM::ConvertFloatToTF32Op op) {
    if (op.getRnd() != NVVM::FPRoundingMode::RNA ||
        op.getSat() != NVVM::SaturationMode::NONE || op.getRelu())
      return op.emitOpError("isn't emulated: expected rounding to the nearest, "
                            "ties away from zero, and nothing else");
    OpBuilder builder(op);
    Type number = builder.getF32Type();
    op.replaceAllUsesWith(
        LLVM::CallOp::create(
            builder, op.getLoc(),
            declare("toeplitz_emulated_tf32", builder.getI32Type(), {number}),
            op.getSrc())
            .getResult());
    op.erase();
    return success();
  }

  /// cvt.rn.bf16x2.f32, which the CPU has too.
  LogicalResult convertRounding(NVVM::ConvertF32x2ToBF16x2Op op) {
    if (op.getRnd() != NVVM::FPRoundingMode::RN ||
        op.getSat() != NVVM::SaturationMode::NONE || op.getRelu())
      return op.emitOpError("isn't emulated: expected rounding to the nearest, "
                            "ties to even, and nothing else");
    OpBuilder builder(op);
    Location location = op.getLoc();
    Value pair = LLVM::PoisonOp::create(
        builder, location, VectorType::get({2}, builder.getF32Type()));
    for (auto [place, number] :
         llvm::enumerate(ValueRange{op.getSrcLo(), op.getSrcHi()}))
      pair = LLVM::InsertElementOp::create(
          builder, location, pair, number,
          LLVM::ConstantOp::create(
              builder, location, builder.getI32Type(),
              builder.getI32IntegerAttr(static_cast<int32_t>(place))));
    op.replaceAllUsesWith(
        LLVM::FPTruncOp::create(builder, location, op.getType(), pair)
            .getResult());
    op.erase();
    return success();
  }

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
  LogicalResult convertProduct(NVVM::MmaOp op) {
    std::optional<int32_t> type = getProductType(op);
    if (!type)
      return op.emitOpError("isn't emulated: expected m16n8k8 of tf32 or "
                            "m16n8k16 of bf16 or f16, with sums of f32");
    OpBuilder builder(op);
    Location location = op.getLoc();
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Type int32 = builder.getI32Type();
    Value words = getFragments(op->getParentOfType<LLVM::LLVMFuncOp>());
    for (auto [place, operand] : llvm::enumerate(op->getOperands()))
      LLVM::StoreOp::create(builder, location, operand,
                            getWord(builder, location, words, place));
    LLVM::CallOp::create(
        builder, location,
        declare("toeplitz_emulated_mma", Type(), {int32, pointer}),
        ValueRange{LLVM::ConstantOp::create(builder, location, int32,
                                            builder.getI32IntegerAttr(*type)),
                   words});
    op.replaceAllUsesWith(
        loadWords(builder, location,
                  getWord(builder, location, words,
                          TOEPLITZ_MMA_LEFT + TOEPLITZ_MMA_RIGHT),
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
        op.getTypeA() != op.getTypeB() ||
        op.getTypeD() != NVVM::WGMMATypes::f32)
      return std::nullopt;
    return getFactorType(op.getTypeA(), shape.getK());
  }

  /// wgmma.mma_async, whose sums go by way of the thread's memory.
  LogicalResult convertProduct(NVVM::WgmmaMmaAsyncOp op) {
    std::optional<int32_t> type = getProductType(op);
    if (!type)
      return op.emitOpError("isn't emulated: expected m64nNk8 of tf32 or "
                            "m64nNk16 of bf16 or f16, row by row and column by "
                            "column, added to sums of f32");
    OpBuilder builder(op);
    Location location = op.getLoc();
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Type int32 = builder.getI32Type(), int64 = builder.getI64Type();
    Value words = getFragments(op->getParentOfType<LLVM::LLVMFuncOp>());
    auto sums = cast<LLVM::LLVMStructType>(op.getType());
    for (int32_t place = 0, count = sums.getBody().size(); place < count;
         ++place)
      LLVM::StoreOp::create(builder, location,
                            LLVM::ExtractValueOp::create(builder, location,
                                                         op.getInouts(), place),
                            getWord(builder, location, words, place));
    LLVM::CallOp::create(
        builder, location,
        declare("toeplitz_emulated_wgmma", Type(),
                {int32, int32, int64, int64, pointer}),
        ValueRange{toInt32(builder, location, *type),
                   toInt32(builder, location, op.getShape().getN()),
                   op.getDescriptorA(), op.getDescriptorB(), words});
    op.replaceAllUsesWith(loadWords(builder, location, words, sums));
    op.erase();
    return success();
  }

  LogicalResult convertShuffle(NVVM::ShflOp op) {
    OpBuilder builder(op);
    Type int32 = builder.getI32Type();
    if (op.getType() != int32)
      return op.emitOpError("isn't emulated: it shuffles ")
             << op.getType() << ", expected 'i32'";
    // PTX's order of its modes, which is the emulator's.
    constexpr NVVM::ShflKind kinds[] = {NVVM::ShflKind::idx, NVVM::ShflKind::up,
                                        NVVM::ShflKind::down,
                                        NVVM::ShflKind::bfly};
    Value mode = LLVM::ConstantOp::create(
        builder, op.getLoc(), int32,
        builder.getI32IntegerAttr(static_cast<int32_t>(
            llvm::find(kinds, op.getKind()) - std::begin(kinds))));
    auto call = LLVM::CallOp::create(
        builder, op.getLoc(),
        declare("toeplitz_emulated_shuffle", int32, {int32, int32, int32}),
        ValueRange{mode, op.getVal(), op.getOffset()});
    op.replaceAllUsesWith(call.getResult());
    op.erase();
    return success();
  }

  Value getWord(OpBuilder &builder, Location location, Value words,
                size_t place) {
    return LLVM::GEPOp::create(
        builder, location, LLVM::LLVMPointerType::get(&getContext()),
        builder.getI32Type(), words,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(place)});
  }

  /// Words of a thread's memory as a structure of them.
  Value loadWords(OpBuilder &builder, Location location, Value words,
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

  /// The memory in which a thread hands over its fragments.
  Value getFragments(LLVM::LLVMFuncOp function) {
    Value &memory = fragments[function];
    if (memory)
      return memory;
    int32_t most = TOEPLITZ_MMA_WORDS;
    function.walk([&](NVVM::WgmmaMmaAsyncOp op) {
      most = std::max<int32_t>(
          most, cast<LLVM::LLVMStructType>(op.getType()).getBody().size());
    });
    OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
    Type int32 = builder.getI32Type();
    Value count = LLVM::ConstantOp::create(builder, function.getLoc(), int32,
                                           builder.getI32IntegerAttr(most));
    memory = LLVM::AllocaOp::create(builder, function.getLoc(),
                                    LLVM::LLVMPointerType::get(&getContext()),
                                    int32, count);
    return memory;
  }

  LogicalResult convertAddress(LLVM::AddressOfOp op) {
    auto place = sharedPlaces.find(op.getGlobalName());
    if (place == sharedPlaces.end())
      return op.emitOpError("isn't emulated: it takes the address of what is "
                            "no block's memory");
    OpBuilder builder(op);
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Value offset =
        LLVM::ConstantOp::create(builder, op.getLoc(), builder.getI64Type(),
                                 builder.getI64IntegerAttr(place->second));
    Value memory =
        LLVM::CallOp::create(builder, op.getLoc(),
                             declare("toeplitz_emulated_shared", pointer,
                                     {builder.getI64Type()}),
                             offset)
            .getResult();
    // The CPU has one address space.
    op.replaceAllUsesWith(LLVM::AddrSpaceCastOp::create(builder, op.getLoc(),
                                                        op.getType(), memory)
                              .getResult());
    op.erase();
    return success();
  }

  /// Tells the emulator before an access of a block's memory.
  void checkAccess(Operation *op) {
    Value address;
    Type type;
    bool writes = false;
    if (auto load = dyn_cast<LLVM::LoadOp>(op)) {
      address = load.getAddr();
      type = load.getType();
    } else if (auto store = dyn_cast<LLVM::StoreOp>(op)) {
      address = store.getAddr();
      type = store.getValue().getType();
      writes = true;
    }
    if (!address ||
        cast<LLVM::LLVMPointerType>(address.getType()).getAddressSpace() !=
            sharedSpace)
      return;
    reportAccess(op, address,
                 static_cast<int64_t>(
                     DataLayout::closest(op).getTypeSize(type).getFixedValue()),
                 writes);
  }

  void reportAccess(Operation *before, Value address, int64_t bytes,
                    bool writes) {
    OpBuilder builder(before);
    Location location = before->getLoc();
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Type int64 = builder.getI64Type(), int32 = builder.getI32Type();
    LLVM::CallOp::create(
        builder, location,
        declare("toeplitz_emulated_access", Type(), {pointer, int64, int32}),
        ValueRange{toPointer(builder, location, address),
                   LLVM::ConstantOp::create(builder, location, int64,
                                            builder.getI64IntegerAttr(bytes)),
                   toInt32(builder, location, writes ? 1 : 0)});
  }

  /// void KERNEL.emulated(const uint64_t *values).
  void writeThread(LLVM::LLVMFuncOp kernel, const std::string &name) {
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfter(kernel);
    Location location = kernel.getLoc();
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    auto thread = LLVM::LLVMFuncOp::create(
        builder, location, name + ".emulated",
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()),
                                    {pointer}));
    Block *block = thread.addEntryBlock(builder);
    builder.setInsertionPointToStart(block);
    SmallVector<Value> operands;
    for (auto [index, type] :
         llvm::enumerate(kernel.getFunctionType().getParams())) {
      Value place = LLVM::GEPOp::create(
          builder, location, pointer, builder.getI64Type(),
          block->getArgument(0),
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
      operands.push_back(LLVM::LoadOp::create(builder, location, type, place));
    }
    LLVM::CallOp::create(builder, location, kernel, operands);
    LLVM::ReturnOp::create(builder, location, ValueRange());
  }

  LLVM::LLVMFuncOp declare(StringRef name, Type result,
                           ArrayRef<Type> parameters) {
    ModuleOp module = getOperation();
    if (auto existing = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
      return existing;
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    return LLVM::LLVMFuncOp::create(
        builder, module.getLoc(), name,
        LLVM::LLVMFunctionType::get(
            result ? result : LLVM::LLVMVoidType::get(&getContext()),
            parameters));
  }

  llvm::StringMap<int64_t> sharedPlaces, sharedBytes;
  llvm::DenseMap<LLVM::LLVMFuncOp, Value> fragments;
};

} // namespace
