#include "compiler/Lowering/EmulatorCalls.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace toeplitz;

Value EmulatorCalls::call(OpBuilder &builder, Location location,
                          StringRef callee, Type result, ValueRange operands) {
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(callee);
  if (!function) {
    OpBuilder atStart = OpBuilder::atBlockBegin(module.getBody());
    function = LLVM::LLVMFuncOp::create(
        atStart, module.getLoc(), callee,
        LLVM::LLVMFunctionType::get(
            result ? result : LLVM::LLVMVoidType::get(module.getContext()),
            llvm::to_vector(operands.getTypes())));
  }
  auto call = LLVM::CallOp::create(builder, location, function, operands);
  return result ? call.getResult() : Value();
}

void EmulatorCalls::replaceByCall(Operation *op, StringRef callee,
                                  ValueRange operands) {
  OpBuilder builder(op);
  bool hasResult = op->getNumResults() > 0;
  Value result =
      call(builder, op->getLoc(), callee,
           hasResult ? op->getResult(0).getType() : Type(), operands);
  if (hasResult)
    op->replaceAllUsesWith(ValueRange(result));
  op->erase();
}

void EmulatorCalls::reportAccess(Operation *before, Value address,
                                 int64_t bytes, bool writes) {
  OpBuilder builder(before);
  Location location = before->getLoc();
  Value pointer = toPointer(builder, location, address);
  Value size = LLVM::ConstantOp::create(builder, location, builder.getI64Type(),
                                        builder.getI64IntegerAttr(bytes));
  call(builder, location, "toeplitz_emulated_access", Type(),
       {pointer, size, toInt32(builder, location, writes ? 1 : 0)});
}

Value EmulatorCalls::toInt32(OpBuilder &builder, Location location,
                             int64_t number) {
  return LLVM::ConstantOp::create(
      builder, location, builder.getI32Type(),
      builder.getI32IntegerAttr(static_cast<int32_t>(number)));
}

Value EmulatorCalls::toPointer(OpBuilder &builder, Location location,
                               Value address) {
  return LLVM::AddrSpaceCastOp::create(
      builder, location, LLVM::LLVMPointerType::get(module.getContext()),
      address);
}
