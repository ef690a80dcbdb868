// Makes the kernels of a GPU functions of the CPU, with the runtime's emulator
// in the place of the hardware.

#include "compiler/Lowering/EmulateBulkCopies.h"
#include "compiler/Lowering/EmulateProducts.h"
#include "compiler/Lowering/EmulatorCalls.h"
#include "compiler/Lowering/Passes.h"

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
    emulator.emplace(module);
    products.emplace(*emulator, check);
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
    // Maps of tensors come as addresses.
    function.removeArgAttrsAttr();
    SmallVector<Operation *> operations;
    function.walk([&](Operation *op) { operations.push_back(op); });
    for (Operation *op : operations)
      if (failed(convertOperation(op)))
        return failure();
    writeThread(function, name);
    return success();
  }

  LogicalResult convertOperation(Operation *op) {
    auto replaceByCall = [&](StringRef callee, ValueRange operands = {}) {
      emulator->replaceByCall(op, callee, operands);
      return success();
    };
    if (isa<NVVM::ThreadIdXOp>(op))
      return replaceByCall("toeplitz_emulated_thread");
    if (isa<NVVM::BlockIdXOp>(op))
      return replaceByCall("toeplitz_emulated_block");
    if (isa<NVVM::BlockIdYOp>(op))
      return replaceByCall("toeplitz_emulated_sample");
    // (A barrier that reduces has a result.)
    if (isa<NVVM::Barrier0Op, NVVM::BarrierOp>(op) && op->getNumResults() == 0)
      return replaceByCall("toeplitz_emulated_barrier");
    if (auto shuffle = dyn_cast<NVVM::ShflOp>(op))
      return convertShuffle(shuffle);
    if (auto address = dyn_cast<LLVM::AddressOfOp>(op))
      return convertAddress(address);
    if (auto copy = dyn_cast<NVVM::CpAsyncOp>(op))
      return convertCopy(copy);
    if (isa<NVVM::CpAsyncCommitGroupOp>(op))
      return replaceByCall("toeplitz_emulated_commit");
    if (auto wait = dyn_cast<NVVM::CpAsyncWaitGroupOp>(op)) {
      OpBuilder builder(op);
      return replaceByCall(
          "toeplitz_emulated_wait",
          emulator->toInt32(builder, op->getLoc(), wait.getN()));
    }
    if (std::optional<LogicalResult> converted = products->convert(op))
      return *converted;
    if (std::optional<LogicalResult> converted = emulateBulkCopy(*emulator, op))
      return *converted;
    if (isa<NVVM::NVVMDialect>(op->getDialect()))
      return op->emitOpError("isn't emulated");
    if (check)
      checkAccess(op);
    return success();
  }

  /// cp.async: what it copies arrives as late as possible, when the thread
  /// waits for it.
  LogicalResult convertCopy(NVVM::CpAsyncOp op) {
    OpBuilder builder(op);
    Location location = op.getLoc();
    if (check)
      emulator->reportAccess(op, op.getDst(), op.getSize(), /*writes=*/true);
    Value destination = emulator->toPointer(builder, location, op.getDst());
    Value source = emulator->toPointer(builder, location, op.getSrc());
    Value size = emulator->toInt32(builder, location, op.getSize());
    Value given = op.getCpSize();
    if (!given)
      given = emulator->toInt32(builder, location, op.getSize());
    emulator->replaceByCall(op, "toeplitz_emulated_copy",
                            {destination, source, size, given});
    return success();
  }

  LogicalResult convertShuffle(NVVM::ShflOp op) {
    OpBuilder builder(op);
    if (op.getType() != builder.getI32Type())
      return op.emitOpError("isn't emulated: it shuffles ")
             << op.getType() << ", expected 'i32'";
    // PTX's order of its modes, which is the emulator's.
    constexpr NVVM::ShflKind kinds[] = {NVVM::ShflKind::idx, NVVM::ShflKind::up,
                                        NVVM::ShflKind::down,
                                        NVVM::ShflKind::bfly};
    Value mode =
        emulator->toInt32(builder, op.getLoc(),
                          llvm::find(kinds, op.getKind()) - std::begin(kinds));
    emulator->replaceByCall(op, "toeplitz_emulated_shuffle",
                            {mode, op.getVal(), op.getOffset()});
    return success();
  }

  LogicalResult convertAddress(LLVM::AddressOfOp op) {
    auto place = sharedPlaces.find(op.getGlobalName());
    if (place == sharedPlaces.end())
      return op.emitOpError("isn't emulated: it takes the address of what is "
                            "no block's memory");
    OpBuilder builder(op);
    Value offset =
        LLVM::ConstantOp::create(builder, op.getLoc(), builder.getI64Type(),
                                 builder.getI64IntegerAttr(place->second));
    Value memory =
        emulator->call(builder, op.getLoc(), "toeplitz_emulated_shared",
                       LLVM::LLVMPointerType::get(&getContext()), offset);
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
    emulator->reportAccess(
        op, address,
        static_cast<int64_t>(
            DataLayout::closest(op).getTypeSize(type).getFixedValue()),
        writes);
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

  llvm::StringMap<int64_t> sharedPlaces, sharedBytes;
  std::optional<EmulatorCalls> emulator;
  std::optional<ProductEmulation> products;
};

} // namespace
