// Hands parallel loops to the runtime's threads.

#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Lowering/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

namespace toeplitz {
#define GEN_PASS_DEF_CONVERTPARALLELTORUNTIME
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

struct ConvertParallelToRuntime
    : toeplitz::impl::ConvertParallelToRuntimeBase<ConvertParallelToRuntime> {
  void runOnOperation() override {
    func::FuncOp main = findMain(getOperation());
    if (!main)
      return signalPassFailure();
    (void)main.insertArgument(0, LLVM::LLVMPointerType::get(&getContext()), {},
                              main.getLoc());
    SmallVector<scf::ForallOp> loops;
    main.walk([&](scf::ForallOp loop) { loops.push_back(loop); });
    for (scf::ForallOp loop : loops)
      if (failed(convert(loop, main.getArgument(0))))
        return signalPassFailure();
  }

private:
  LogicalResult convert(scf::ForallOp loop, Value pool) {
    std::optional<KernelLoop> matched = matchKernelLoop(loop);
    if (!matched)
      return loop.emitOpError(
          "must have one dimension and call one kernel in its body");
    auto [call, slot, tasks] = *matched;

    OpBuilder builder(loop);
    Value count = arith::ConstantIndexOp::create(builder, loop.getLoc(), tasks);
    Value slots = slot ? arith::ConstantIndexOp::create(
                             builder, loop.getLoc(),
                             static_cast<int64_t>(slot.getCount()))
                       : count;
    SmallVector<Value> operands = {pool, count, slots};
    llvm::append_range(operands, call.getOperands().drop_front(slot ? 2 : 1));
    func::FuncOp bridge = getBridge(
        call.getCallee(), ValueRange(operands).getTypes(), slot != nullptr);
    func::CallOp::create(builder, loop.getLoc(), bridge, operands);
    loop.erase();
    return success();
  }

  /// The declaration of @KERNEL.parallel(pool, count, slots, buffers...).
  func::FuncOp getBridge(StringRef callee, TypeRange types, bool takesSlot) {
    ModuleOp module = getOperation();
    std::string name = (callee + ".parallel").str();
    if (auto existing = module.lookupSymbol<func::FuncOp>(name))
      return existing;
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    auto bridge =
        func::FuncOp::create(builder, module.getLoc(), name,
                             builder.getFunctionType(types, TypeRange()));
    bridge.setPrivate();
    bridge->setAttr("toeplitz.kernel",
                    FlatSymbolRefAttr::get(&getContext(), callee));
    if (takesSlot)
      bridge->setAttr("toeplitz.slot", builder.getUnitAttr());
    return bridge;
  }
};

} // namespace
