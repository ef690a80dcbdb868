// Writes the bridge between kernels and the runtime in the LLVM dialect.

#include "compiler/Lowering/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

namespace toeplitz {
#define GEN_PASS_DEF_LINKPARALLELKERNELS
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

struct LinkParallelKernels
    : toeplitz::impl::LinkParallelKernelsBase<LinkParallelKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<LLVM::LLVMFuncOp> bridges;
    for (auto function : module.getOps<LLVM::LLVMFuncOp>())
      if (function->hasAttr("toeplitz.kernel"))
        bridges.push_back(function);
    for (LLVM::LLVMFuncOp bridge : bridges)
      writeBridge(bridge);
    attachBlobs();
    // Everything but @main serves @main alone.
    for (auto function : module.getOps<LLVM::LLVMFuncOp>())
      if (!function.isExternal() && function.getSymName() != "main")
        function.setLinkage(LLVM::Linkage::Internal);
  }

private:
  void writeBridge(LLVM::LLVMFuncOp bridge) {
    ModuleOp module = getOperation();
    auto callee = bridge->getAttrOfType<FlatSymbolRefAttr>("toeplitz.kernel");
    auto kernel = module.lookupSymbol<LLVM::LLVMFuncOp>(callee.getValue());
    bool takesSlot = bridge->hasAttr("toeplitz.slot");
    bridge->removeAttr("toeplitz.kernel");
    bridge->removeAttr("toeplitz.slot");
    bridge.setPublic();
    Location location = bridge.getLoc();
    LLVM::LLVMFuncOp task = writeTask(kernel, takesSlot, location);

    OpBuilder builder(&getContext());
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Block *block = bridge.addEntryBlock(builder);
    builder.setInsertionPointToStart(block);
    ValueRange buffers = block->getArguments().drop_front(3);
    Value size = LLVM::ConstantOp::create(
        builder, location, builder.getI64Type(),
        builder.getI64IntegerAttr(static_cast<int64_t>(buffers.size())));
    Value arguments =
        LLVM::AllocaOp::create(builder, location, pointer, pointer, size);
    for (auto [index, buffer] : llvm::enumerate(buffers)) {
      Value slot = LLVM::GEPOp::create(
          builder, location, pointer, pointer, arguments,
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
      LLVM::StoreOp::create(builder, location, buffer, slot);
    }
    Value taskAddress = LLVM::AddressOfOp::create(builder, location, task);
    LLVM::CallOp::create(builder, location, getParallelFor(),
                         ValueRange{block->getArgument(0), taskAddress,
                                    arguments, block->getArgument(1),
                                    block->getArgument(2)});
    LLVM::ReturnOp::create(builder, location, ValueRange());
  }

  /// void KERNEL.task(void *arguments, int64_t index, int64_t slot): takes the
  /// buffers' addresses out of the array and calls the kernel.
  LLVM::LLVMFuncOp writeTask(LLVM::LLVMFuncOp kernel, bool takesSlot,
                             Location location) {
    OpBuilder builder(kernel);
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(&getContext()),
        {pointer, builder.getI64Type(), builder.getI64Type()});
    auto task = LLVM::LLVMFuncOp::create(
        builder, location, (kernel.getSymName() + ".task").str(), type);
    Block *block = task.addEntryBlock(builder);
    builder.setInsertionPointToStart(block);
    SmallVector<Value> operands = {block->getArgument(1)};
    if (takesSlot)
      operands.push_back(block->getArgument(2));
    unsigned numbers = operands.size();
    unsigned buffers = kernel.getFunctionType().getNumParams() - numbers;
    for (unsigned index = 0; index < buffers; ++index) {
      // (Scalars take a slot as pointers do: none is larger.)
      Value slot = LLVM::GEPOp::create(
          builder, location, pointer, pointer, block->getArgument(0),
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
      Type type = kernel.getFunctionType().getParamType(index + numbers);
      operands.push_back(LLVM::LoadOp::create(builder, location, type, slot));
    }
    LLVM::CallOp::create(builder, location, kernel, operands);
    LLVM::ReturnOp::create(builder, location, ValueRange());
    return task;
  }

  LLVM::LLVMFuncOp getParallelFor() {
    ModuleOp module = getOperation();
    constexpr StringLiteral name = "toeplitz_parallel_for";
    if (auto existing = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
      return existing;
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    return LLVM::LLVMFuncOp::create(
        builder, module.getLoc(), name,
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()),
                                    {pointer, pointer, pointer,
                                     builder.getI64Type(),
                                     builder.getI64Type()}));
  }

  void attachBlobs() {
    ModuleOp module = getOperation();
    auto blobs = module->getAttrOfType<DictionaryAttr>("toeplitz.blobs");
    if (!blobs)
      return;
    for (NamedAttribute blob : blobs)
      if (auto global =
              module.lookupSymbol<LLVM::GlobalOp>(blob.getName().strref()))
        global->setAttr("toeplitz.blob", blob.getValue());
    module->removeAttr("toeplitz.blobs");
  }
};

} // namespace
