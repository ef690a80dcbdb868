// Writes the bridge between launches, or the elements that the host reads, and
// the runtime in the LLVM dialect.

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
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<LLVM::LLVMFuncOp>()))
      if (function->hasAttr("toeplitz.read"))
        linkReads(function);
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

  /// Replaces the calls of a function that reads elements by those of the
  /// runtime.
  void linkReads(LLVM::LLVMFuncOp reader) {
    SmallVector<LLVM::CallOp> calls;
    getOperation().walk([&](LLVM::CallOp call) {
      if (call.getCallee() == reader.getSymName())
        calls.push_back(call);
    });
    // What the runtime writes to, and how a function ends.
    llvm::DenseMap<Operation *, std::pair<Value, Block *>> places;
    for (LLVM::CallOp call : calls) {
      auto function = call->getParentOfType<LLVM::LLVMFuncOp>();
      auto found = places.find(function);
      if (found == places.end())
        found =
            places
                .insert({function, {makePlace(function), makeReturn(function)}})
                .first;
      linkRead(call, found->second.first, found->second.second);
    }
    reader.erase();
  }

  /// A number without meaning could decide that a loop has no end, or be
  /// divided by: nothing is computed behind a read that fails.
  void linkRead(LLVM::CallOp call, Value place, Block *end) {
    OpBuilder builder(call);
    Location location = call.getLoc();
    SmallVector<Value> operands(call.getArgOperands());
    operands.push_back(place);
    Value status = LLVM::CallOp::create(builder, location, getRead(), operands)
                       .getResult();
    Value number =
        LLVM::LoadOp::create(builder, location, builder.getI64Type(), place);
    call.replaceAllUsesWith(ValueRange(number));
    call.erase();
    Block *before = number.getDefiningOp()->getBlock();
    Block *behind = before->splitBlock(number.getDefiningOp());
    builder.setInsertionPointToEnd(before);
    Value none = LLVM::ConstantOp::create(builder, location,
                                          builder.getI32IntegerAttr(0));
    Value fails = LLVM::ICmpOp::create(builder, location,
                                       LLVM::ICmpPredicate::ne, status, none);
    LLVM::CondBrOp::create(builder, location, fails, end, behind);
  }

  Value makePlace(LLVM::LLVMFuncOp function) {
    OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
    Location location = function.getLoc();
    Value one = LLVM::ConstantOp::create(builder, location,
                                         builder.getI64IntegerAttr(1));
    return LLVM::AllocaOp::create(builder, location,
                                  LLVM::LLVMPointerType::get(&getContext()),
                                  builder.getI64Type(), one);
  }

  static Block *makeReturn(LLVM::LLVMFuncOp function) {
    OpBuilder builder(function.getContext());
    Block *block =
        builder.createBlock(&function.getBody(), function.getBody().end());
    LLVM::ReturnOp::create(builder, function.getLoc(), ValueRange());
    return block;
  }

  /// toeplitz_gpu_launch(queue, kernel, blocks, values, count).
  LLVM::LLVMFuncOp getLaunch() {
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Type int32 = IntegerType::get(&getContext(), 32);
    return declare("toeplitz_gpu_launch",
                   LLVM::LLVMVoidType::get(&getContext()),
                   {pointer, int32, int32, pointer, int32});
  }

  /// toeplitz_gpu_read(queue, from, bytes, value).
  LLVM::LLVMFuncOp getRead() {
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Type int32 = IntegerType::get(&getContext(), 32);
    return declare("toeplitz_gpu_read", int32,
                   {pointer, pointer, int32, pointer});
  }

  /// A function of the runtime.
  LLVM::LLVMFuncOp declare(StringRef name, Type result,
                           ArrayRef<Type> parameters) {
    ModuleOp module = getOperation();
    if (auto existing = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
      return existing;
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    return LLVM::LLVMFuncOp::create(
        builder, module.getLoc(), name,
        LLVM::LLVMFunctionType::get(result, parameters));
  }
};

} // namespace
