// Makes the kernels of a GPU functions of the CPU, with the runtime's emulator
// in the place of the hardware.

#include "compiler/Lowering/Passes.h"
#include "runtime/emulated_mma.h"
#include "runtime/gpu.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dominance.h"
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
    layOutSharedMemory(kernels);
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
  void layOutSharedMemory(gpu::GPUModuleOp kernels) {
    llvm::StringMap<int64_t> sizes;
    DataLayout layout(getOperation());
    for (auto global : kernels.getOps<LLVM::GlobalOp>())
      if (global.getAddrSpace() == sharedSpace)
        sizes[global.getSymName()] =
            static_cast<int64_t>(layout.getTypeSize(global.getType()));
    for (auto function : kernels.getOps<LLVM::LLVMFuncOp>()) {
      int64_t next = 0;
      function.walk([&](LLVM::AddressOfOp op) {
        auto size = sizes.find(op.getGlobalName());
        if (size == sizes.end() ||
            !sharedPlaces.insert({op.getGlobalName(), next}).second)
          return;
        next = static_cast<int64_t>(
            llvm::alignTo(next + size->second, sharedAlignment));
      });
      sharedBytes[function.getSymName()] = next;
    }
    recordSharedBytes();
  }

  /// Adds how much memory a block has to what is listed about each kernel.
  void recordSharedBytes() {
    auto list = getOperation()->getAttrOfType<ArrayAttr>("toeplitz.kernels");
    if (!list)
      return;
    Builder builder(&getContext());
    SmallVector<Attribute> kernels;
    for (auto kernel : list.getAsRange<DictionaryAttr>()) {
      NamedAttrList fields(kernel);
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
    committed.append(begun);
    if (!committed.empty())
      return committed.front().emitOpError(
          "isn't emulated: nothing waits for what it copies");
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
    if (isa<NVVM::CpAsyncCommitGroupOp>(op)) {
      committed.append(begun);
      begun.clear();
      op->erase();
      return success();
    }
    if (auto wait = dyn_cast<NVVM::CpAsyncWaitGroupOp>(op))
      return finishCopies(wait);
    if (isa<NVVM::NVVMDialect>(op->getDialect()))
      return op->emitOpError("isn't emulated");
    if (check)
      checkAccess(op);
    return success();
  }

  /// Stores these bytes in the block's memory.
  void store(OpBuilder &builder, Value bytes, NVVM::CpAsyncOp copy) {
    auto store = LLVM::StoreOp::create(builder, copy.getLoc(), bytes,
                                       copy.getDst(), /*alignment=*/1);
    if (check)
      checkAccess(store);
  }

  /// cp.async: what it copies may arrive at any time until the thread waits. So
  /// what was there before is overwritten at once, by NaNs, and the copy made
  /// as late as possible.
  LogicalResult convertCopy(NVVM::CpAsyncOp op) {
    if (op.getCpSize())
      return op.emitOpError("isn't emulated: it fills up with zeros");
    OpBuilder builder(op);
    auto type = VectorType::get({op.getSize()}, builder.getI8Type());
    Value unspecified = LLVM::ConstantOp::create(
        builder, op.getLoc(), type,
        DenseElementsAttr::get(type, static_cast<int8_t>(-1)));
    store(builder, unspecified, op);
    begun.push_back(op);
    return success();
  }

  /// cp.async.wait_group for all groups.
  LogicalResult finishCopies(NVVM::CpAsyncWaitGroupOp wait) {
    if (wait.getN() != 0)
      return wait.emitOpError("isn't emulated: it waits for some copies alone");
    DominanceInfo dominance(wait->getParentOfType<LLVM::LLVMFuncOp>());
    OpBuilder builder(wait);
    for (NVVM::CpAsyncOp copy : committed) {
      if (!dominance.dominates(copy.getOperation(), wait))
        return copy.emitOpError("isn't emulated: expected one place after it "
                                "that waits for it");
      Type type = VectorType::get({copy.getSize()}, builder.getI8Type());
      store(builder,
            LLVM::LoadOp::create(builder, copy.getLoc(), type, copy.getSrc(),
                                 /*alignment=*/1),
            copy);
      copy.erase();
    }
    committed.clear();
    wait.erase();
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
    NVVM::MMATypes type = *op.getMultiplicandAPtxType();
    if (type == NVVM::MMATypes::tf32 && shape.getK() == 8)
      return TOEPLITZ_MMA_TF32;
    if (type == NVVM::MMATypes::bf16 && shape.getK() == 16)
      return TOEPLITZ_MMA_BF16;
    if (type == NVVM::MMATypes::f16 && shape.getK() == 16)
      return TOEPLITZ_MMA_F16;
    return std::nullopt;
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
    auto getWord = [&](unsigned place) -> Value {
      return LLVM::GEPOp::create(
          builder, location, pointer, int32, words,
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(place)});
    };
    for (auto [place, operand] : llvm::enumerate(op->getOperands()))
      LLVM::StoreOp::create(builder, location, operand, getWord(place));
    LLVM::CallOp::create(
        builder, location,
        declare("toeplitz_emulated_mma", Type(), {int32, pointer}),
        ValueRange{LLVM::ConstantOp::create(builder, location, int32,
                                            builder.getI32IntegerAttr(*type)),
                   words});
    auto results = cast<LLVM::LLVMStructType>(op.getType());
    Value result = LLVM::PoisonOp::create(builder, location, results);
    for (auto [place, sum] : llvm::enumerate(results.getBody())) {
      Value word = getWord(TOEPLITZ_MMA_LEFT + TOEPLITZ_MMA_RIGHT + place);
      result = LLVM::InsertValueOp::create(
          builder, location, result,
          LLVM::LoadOp::create(builder, location, sum, word),
          static_cast<int64_t>(place));
    }
    op.replaceAllUsesWith(result);
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

  /// The memory in which a thread hands over its fragments.
  Value getFragments(LLVM::LLVMFuncOp function) {
    Value &memory = fragments[function];
    if (memory)
      return memory;
    OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
    Type int32 = builder.getI32Type();
    Value count =
        LLVM::ConstantOp::create(builder, function.getLoc(), int32,
                                 builder.getI32IntegerAttr(TOEPLITZ_MMA_WORDS));
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
    OpBuilder builder(op);
    Location location = op->getLoc();
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Type int64 = builder.getI64Type(), int32 = builder.getI32Type();
    auto bytes = static_cast<int64_t>(
        DataLayout::closest(op).getTypeSize(type).getFixedValue());
    Value cast =
        LLVM::AddrSpaceCastOp::create(builder, location, pointer, address);
    LLVM::CallOp::create(
        builder, location,
        declare("toeplitz_emulated_access", Type(), {pointer, int64, int32}),
        ValueRange{cast,
                   LLVM::ConstantOp::create(builder, location, int64,
                                            builder.getI64IntegerAttr(bytes)),
                   LLVM::ConstantOp::create(
                       builder, location, int32,
                       builder.getI32IntegerAttr(writes ? 1 : 0))});
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
  /// Copies of the function at hand: those in no group yet, and those that
  /// nothing has waited for.
  SmallVector<NVVM::CpAsyncOp> begun, committed;
};

} // namespace
