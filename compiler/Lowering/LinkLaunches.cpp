// Writes the bridge between launches and the runtime in the LLVM dialect.

#include "compiler/Lowering/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

namespace toeplitz {
#define GEN_PASS_DEF_LINKLAUNCHES
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

struct LinkLaunches : toeplitz::impl::LinkLaunchesBase<LinkLaunches> {
  void runOnOperation() override {
    SmallVector<LLVM::LLVMFuncOp> bridges;
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (function->hasAttr("toeplitz.launched"))
        bridges.push_back(function);
    for (LLVM::LLVMFuncOp bridge : bridges)
      writeBridge(bridge);
  }

private:
  /// Stores the arguments as values of 8 bytes and calls toeplitz_gpu_launch.
  void writeBridge(LLVM::LLVMFuncOp bridge) {
    auto kernel = bridge->getAttrOfType<IntegerAttr>("toeplitz.launched");
    auto blocks = bridge->getAttrOfType<IntegerAttr>("toeplitz.blocks");
    bridge->removeAttr("toeplitz.launched");
    bridge->removeAttr("toeplitz.blocks");
    bridge.setPublic();
    bridge.setLinkage(LLVM::Linkage::Internal);
    OpBuilder builder(&getContext());
    Location location = bridge.getLoc();
    Block *block = bridge.addEntryBlock(builder);
    builder.setInsertionPointToStart(block);
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Type int64 = builder.getI64Type();
    Type int32 = builder.getI32Type();
    auto number = [&](Type type, int64_t value) -> Value {
      return LLVM::ConstantOp::create(builder, location, type,
                                      builder.getIntegerAttr(type, value));
    };
    ValueRange arguments = block->getArguments().drop_front();
    auto count = static_cast<int64_t>(arguments.size());
    Value values = LLVM::AllocaOp::create(builder, location, pointer, int64,
                                          number(int64, count));
    for (auto [index, argument] : llvm::enumerate(arguments)) {
      Value slot = LLVM::GEPOp::create(
          builder, location, pointer, int64, values,
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
      LLVM::StoreOp::create(builder, location, argument, slot);
    }
    LLVM::CallOp::create(builder, location, getLaunch(),
                         ValueRange{block->getArgument(0),
                                    number(int32, kernel.getInt()),
                                    number(int32, blocks.getInt()), values,
                                    number(int32, count)});
    LLVM::ReturnOp::create(builder, location, ValueRange());
  }

  LLVM::LLVMFuncOp getLaunch() {
    constexpr StringLiteral name = "toeplitz_gpu_launch";
    ModuleOp module = getOperation();
    if (auto existing = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
      return existing;
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Type int32 = builder.getI32Type();
    return LLVM::LLVMFuncOp::create(
        builder, module.getLoc(), name,
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()),
                                    {pointer, int32, int32, pointer, int32}));
  }
};

} // namespace
